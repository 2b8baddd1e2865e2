"""The merge queue: work is asked to be merged, looked at, tried again, rejected.

Asking is one change beside the caller's own, so that work is handed in and queued in one step. A
request is known by its branch and commit: asking twice makes one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from ledger.beads import ids
from ledger.beads.rows import TERMINAL, Bead
from ledger.merging.queue import Line, score
from ledger.private.store import Change
from ledger.workspace.rows import Rig
from ledger.workspace.talk import Convoy
from ledger.workspace.work import (
    BLOCKED_REQUEST,
    DIRECT,
    MERGED,
    NO_TARGET,
    OPEN_REQUESTS,
    READY,
    REJECTED,
    REVIEW,
    SUPERSEDED,
    TRYING,
    GateRun,
    MergeRequest,
)
from town.hooks.errors import BeingMergedError
from town.hooks.handing import Wanted
from town.hooks.unqueuing import Unqueuing
from town.refinery.errors import (
    BlockedByTaskError,
    EndedError,
    NoRequestError,
    RejectedError,
)

SUBMITTED_EVENT: Final = "mr.submitted"
LETTERS: Final = 5
FOUND_MAX: Final = 8
RUNS_MAX: Final = 20
HOLDING: Final = ("open", "outside", "children")  # how a bead keeps another one's work waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Work that is to be merged."""

    rig: str
    branch: str
    sha: str
    target: str
    bead: str = ""
    assignment: str = ""
    worker: str = ""
    priority: int = 2
    convoy: str = ""
    verified_base: str = ""
    again: bool = False  # also where this very commit was rejected
    at_once: bool = False  # it waits for no others to be tried with


class Queue(Unqueuing):
    """The merge queues of a town, for one caller."""

    # --- asking

    def request(self, wanted: Wanted) -> tuple[MergeRequest, Change]:
        """The request that a worker's assignment leads to. Only within a turn."""
        work = wanted.work
        return self.asked(
            Asked(
                rig=work.rig,
                branch=work.branch,
                sha=wanted.sha,
                target=work.base,
                bead=work.bead,
                assignment=work.id,
                worker=work.agent,
                priority=wanted.priority,
                convoy=work.convoy,
                verified_base=wanted.verified_base,
                again=True,  # a worker that hands in again says that it is right
                at_once=work.merge == DIRECT,
            )
        )

    def submit(self, asked: Asked) -> MergeRequest:
        """The request, in the queue. Raises MergeError."""
        return self.act("gt mq submit", lambda: self.asked(asked))

    def asked(self, asked: Asked) -> tuple[MergeRequest, Change]:
        """The request, and the change that puts it into the queue. Only within a turn."""
        solved = self._solved(asked)
        if solved is not None:
            return solved
        there = self.store.find(MergeRequest, rig=asked.rig, branch=asked.branch)
        same = [one for one in there if one.sha == asked.sha and one.target == asked.target]
        for one in same:
            if one.state in (*OPEN_REQUESTS, MERGED):
                return one, Change()
            if one.state == REJECTED and not asked.again:
                raise RejectedError(one.id, one.sha, one.reason)
        older = list({one.id: one for one in (*there, *self._of_bead(asked))}.values())
        made = self._made(asked, older)
        told = self.event(
            SUBMITTED_EVENT, made.id, bead=made.bead, branch=made.branch, sha=made.sha,
            target=made.target, rig=made.rig, worker=made.worker, assignment=made.assignment,
        )  # fmt: skip
        change = Change(puts=(made,), events=(told,), seen=(self.missing(MergeRequest, made.id),))
        return made, self._replaced(older, made) + change

    def _of_bead(self, asked: Asked) -> Sequence[MergeRequest]:
        return self.store.find(MergeRequest, bead=asked.bead) if asked.bead else ()

    def _solved(self, asked: Asked) -> tuple[MergeRequest, Change] | None:
        """The request whose conflict this work resolves, in the queue again; None for no such."""
        if not asked.bead:
            return None
        blocked = self.store.find(MergeRequest, rig=asked.rig, state=BLOCKED_REQUEST)
        for one in blocked:
            if one.blocked_by == asked.bead:
                return self.resolved(one, sha=asked.sha, branch=asked.branch)
        tried = self.store.find(MergeRequest, rig=asked.rig, state=(READY, TRYING, REVIEW, MERGED))
        found = (one for one in tried if one.task == asked.bead and one.sha == asked.sha)
        same = next(found, None)
        return None if same is None else (same, Change())

    def resolved(
        self, old: MergeRequest, *, sha: str, branch: str = ""
    ) -> tuple[MergeRequest, Change]:
        """The request with its conflict resolved, in the queue again. Only within a turn."""
        now = self.ports.now()
        new = replace(
            old,
            state=READY,
            sha=sha,
            branch=branch or old.branch,
            blocked_by="",
            task=old.blocked_by,
            conflict_base="",
            failure="",
            reason="",
            verified_base="",
            retries=old.retries + 1,
            updated_at=now,
        )
        told = self.event("mr.resolved", new.id, task=new.task, sha=sha, rig=new.rig)
        return new, Change(puts=(new,), events=(told,), seen=(self.seen(old),))

    def _made(self, asked: Asked, older: Sequence[MergeRequest]) -> MergeRequest:
        now = self.ports.now()
        rig = self.store.get(Rig, asked.rig)
        convoy = self.store.get(Convoy, asked.convoy) if asked.convoy else None
        prefix = rig.prefix if rig is not None else asked.rig.lower()
        rejected = [one.retries + 1 for one in older if one.state == REJECTED]
        others = [one.retries for one in older if one.state != REJECTED]
        return MergeRequest(
            id=ids.new_id(f"{prefix}-mr", self.ports.new_secret, self._taken, letters=LETTERS),
            rig=asked.rig,
            bead=asked.bead,
            assignment=asked.assignment,
            worker=asked.worker or self.ports.caller.actor,
            branch=asked.branch,
            sha=asked.sha,
            target=asked.target,
            priority=asked.priority,
            retries=max((*rejected, *others), default=0),
            convoy=asked.convoy,
            convoy_at=convoy.created_at if convoy is not None else 0,
            verified_base=asked.verified_base,
            at_once=asked.at_once,
            submitted_at=now,
            updated_at=now,
        )

    def _taken(self, name: str) -> bool:
        return self.store.get(MergeRequest, name) is not None

    def _replaced(self, there: Sequence[MergeRequest], by: MergeRequest) -> Change:
        """Open requests for the same branch or bead are over: this commit came after theirs."""
        change = Change()
        for old in there:
            if old.state not in OPEN_REQUESTS or old.target != by.target:
                continue
            change += self.superseded(old, f"replaced by {by.id}")
        return change

    # --- looking

    def found(self, said: str) -> MergeRequest:
        """The request of this id, the newest of this branch, or the only one whose id begins so.

        Only within a turn. Raises NoRequestError.
        """
        exact = self.store.get(MergeRequest, said)
        branch = self.store.find(MergeRequest, branch=said) if said and exact is None else ()
        newest = max(branch, key=lambda one: (one.submitted_at, one.id), default=exact)
        if newest is not None:
            return newest
        keys = self.store.keys(MergeRequest, said, at_most=FOUND_MAX) if said else ()
        names = [str(key[0]) for key in keys]
        found = self.store.get(MergeRequest, names[0]) if len(names) == 1 else None
        if found is None:
            raise NoRequestError(said, names)
        return found

    def line(self, said: str) -> Line:
        """One request, and what keeps it. Raises NoRequestError."""
        return self.look(lambda: self._line(self.found(said)))

    def lines(self, rig: str) -> list[Line]:
        """Every request of a rig that is neither merged nor over. Only within a turn."""
        found = self.store.find(MergeRequest, rig=rig, state=OPEN_REQUESTS)
        blocked = [one for one in found if one.state == BLOCKED_REQUEST]
        first = blocked[0] if blocked else None
        return [self._line(one, first) for one in found]

    def listed(self, rig: str) -> list[Line]:
        """The same, in a turn of its own."""
        return self.look(lambda: self.lines(rig))

    def every(self, rig: str) -> list[Line]:
        """The same, and those that are merged, rejected or replaced: each once."""

        def work() -> list[Line]:
            states = (MERGED, REJECTED, SUPERSEDED)
            ended = self.store.find(MergeRequest, rig=rig, state=states)
            return self.lines(rig) + [Line(request=one) for one in ended]

        return self.look(work)

    def _line(self, request: MergeRequest, first: MergeRequest | None = None) -> Line:
        waits = ""
        if request.state == READY and request.failure == NO_TARGET:
            waits = request.reason
        elif first is not None and request.conflict_base and request.state == READY:
            waits = f"waiting on {first.blocked_by}, the conflict of {first.id}: one at a time"
        return Line(
            request=request,
            score=score(request, now=self.ports.now()),
            needs=self._needs(request),
            waits=waits,
        )

    def _needs(self, request: MergeRequest) -> tuple[str, ...]:
        if not request.bead or request.state not in OPEN_REQUESTS:
            return ()
        found = self.near().blockers(request.bead)
        return tuple(blocker.id for blocker in found if blocker.how in HOLDING)

    def runs_of(self, request: MergeRequest) -> list[GateRun]:
        """What the gates found of trees with the request, the newest first."""

        def work() -> list[GateRun]:
            runs = self.store.find(GateRun, rig=request.rig)
            mine = [run for run in runs if request.id in run.requests]
            return sorted(mine, key=lambda run: run.at, reverse=True)[:RUNS_MAX]

        return self.look(work)

    # --- deciding

    def retry(self, said: str, *, at_once: bool = False) -> MergeRequest:
        """The request is in the queue again. Raises EndedError, BlockedByTaskError."""

        def work() -> tuple[MergeRequest, Change]:
            old = self.found(said)
            if old.state in (MERGED, SUPERSEDED):
                raise EndedError(old.id, old.state)
            if old.state == BLOCKED_REQUEST and not self._done(old.blocked_by):
                raise BlockedByTaskError(old.id, old.blocked_by)
            if old.tip:
                raise BeingMergedError(old.id)
            same = old.at_once or not at_once
            if old.state in (READY, TRYING) and same and old.failure != NO_TARGET:
                return old, Change()
            state = TRYING if old.state == TRYING else READY
            retries = old.retries + (1 if old.state == REJECTED else 0)
            new = replace(
                old, state=state, at_once=at_once, retries=retries, failure="", reason="",
                conflict_base="", updated_at=self.ports.now(),
            )  # fmt: skip
            told = self.event("mr.retried", new.id, at_once=at_once, rig=new.rig)
            return new, Change(puts=(new,), events=(told,), seen=(self.seen(old),))

        return self.act("gt mq retry", work)

    def _done(self, bead: str) -> bool:
        found = self.store.get(Bead, bead) if bead else None
        return found is None or found.status in TERMINAL

    def reject(self, said: str, reason: str) -> MergeRequest:
        """The request is over; its bead stays open. Raises EndedError, BeingMergedError."""

        def work() -> tuple[MergeRequest, Change]:
            old = self.found(said)
            if old.state not in OPEN_REQUESTS:
                raise EndedError(old.id, old.state)
            if old.tip:
                raise BeingMergedError(old.id)
            return self._given_back(old, reason)

        return self.act("gt mq reject", work)

    def _given_back(self, old: MergeRequest, reason: str) -> tuple[MergeRequest, Change]:
        from town.refinery.giving_back import BY_HAND, GivingBack, Rejection  # noqa: PLC0415

        back = GivingBack(self.store, self.ports)
        return back.rejected(old, Rejection(failure=BY_HAND, reason=reason))
