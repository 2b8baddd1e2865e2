"""What becomes of work that cannot be merged: one step gives it back to whoever did it.

A request that breaks the gates is over and its bead has a note with the gate's own words. One that
conflicts waits for a task that resolves it; a rig has one such task at a time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec.structs import replace

from ledger.beads import ids, rules
from ledger.beads.plain import mended
from ledger.beads.rows import BLOCKED, DISCOVERED_FROM, HOOKED, OPEN, TASK, TERMINAL, Bead, Link
from ledger.private.store import Change
from ledger.workspace.letters import Letter
from ledger.workspace.rows import Agent, Rig
from ledger.workspace.talk import OPEN_CONVOY, Convoy, ConvoyItem
from ledger.workspace.work import (
    ACTIVE,
    BLOCKED_REQUEST,
    CONFLICT,
    FAILED,
    IDLE,
    READY,
    REJECTED,
    SPAWNING,
    SUBMITTED,
    WORKING,
    Assignment,
    MergeRequest,
    assignment_id,
)
from town.escalation.desk import Escalations, Matter
from town.hooks.unqueuing import Unqueuing
from town.mail.posting import Posting

FAILED_EVENT: Final = "merge_failed"
SKIPPED_EVENT: Final = "merge_skipped"
BY_HAND: Final = "rejected"
SUBJECT_CHARS_MAX: Final = 200
TAIL_CHARS_MAX: Final = 4_000
TOLD_CHARS_MAX: Final = 1_000
TITLE: Final = "Resolve merge conflicts: "
TASK_ID: Final = "merge_request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Why work was not merged."""

    failure: str  # tests, build, conflict, missing, rejected
    reason: str
    gate: str = ""
    output: str = ""
    at: str = ""  # the target's commit that it was tried on
    run: str = ""  # the record of the gates
    to_worker: bool = False  # whether its worker is to begin again by itself
    alarms: bool = False  # whether a person is to be told at once, for work may be lost
    retries_max: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Work that cannot be put on its target."""

    at: str  # the target's commit
    files: tuple[str, ...] = ()
    reason: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


class GivingBack(Unqueuing):
    """Gives work back, within a turn."""

    def rejected(self, old: MergeRequest, why: Rejection) -> tuple[MergeRequest, Change]:
        """The request is over, its work given back."""
        now = self.ports.now()
        new = replace(
            old, state=REJECTED, failure=why.failure, reason=why.reason, tip="", merge_commit="",
            at_once=False, updated_at=now,
        )  # fmt: skip
        gave_up = why.to_worker and old.retries >= why.retries_max
        told = self.event(
            FAILED_EVENT, old.id, bead=old.bead, rig=old.rig, branch=old.branch, target=old.target,
            worker=old.worker, failure=why.failure, reason=why.reason, gate=why.gate,
            output=why.output[-TOLD_CHARS_MAX:], attempt=old.retries + 1, run=why.run,
            gave_up=gave_up, sha=old.sha, assignment=old.assignment,
        )  # fmt: skip
        change = Change(puts=(new,), events=(told,), seen=(self.seen(old),))
        change += self.task_done(old)
        change += self._alarm(old, why) if gave_up or why.alarms else Change()
        change += self._letter(old, note_of(old, why)) if why.failure != BY_HAND else Change()
        bead = self.store.get(Bead, old.bead) if old.bead else None
        if bead is not None and bead.status not in TERMINAL:
            change += self._bead_back(old, bead, why, gave_up=gave_up)
        return new, change

    def _letter(self, old: MergeRequest, text: str) -> Change:
        """Whoever did the work reads what became of it."""
        bead = self.store.get(Bead, old.bead) if old.bead else None
        subject = f"FIX_NEEDED: {bead.title if bead is not None else old.branch}"
        letter = Letter(to=(old.worker,), subject=subject[:SUBJECT_CHARS_MAX], body=text)
        posting = Posting(self.store, self.ports)
        return posting.told(letter, sender=self.ports.caller.actor)

    def _alarm(self, old: MergeRequest, why: Rejection) -> Change:
        """A person is told that it comes back again and again."""
        return Escalations(self.store, self.ports).raised(
            Matter(
                about=f"merge:{old.bead or old.branch}",
                subject=f"{old.bead or old.branch} was rejected: {why.reason}"
                if why.alarms
                else f"{old.bead or old.branch} was rejected {old.retries + 1} times",
                text=note_of(old, why),
                bead=old.bead,
            )
        )

    def _submitted(self, bead: str) -> list[Assignment]:
        return list(self.store.find(Assignment, bead=bead, state=SUBMITTED)) if bead else []

    def _bead_back(self, old: MergeRequest, bead: Bead, why: Rejection, *, gave_up: bool) -> Change:
        now = self.ports.now()
        notes = f"{bead.notes}\n\n{note_of(old, why)}".strip()[-rules.TEXT_CHARS_MAX :]
        before = [work for work in self._submitted(bead.id) if work.id == old.assignment]
        noted = replace(bead, notes=notes, updated_at=now)
        if not before:  # somebody's own branch, or work that was given to somebody else meanwhile
            return self.changed(bead, noted, "bead.updated")
        work = before[0]
        over = replace(work, state=FAILED, ended_at=now, outcome=f"{why.failure}: {why.reason}")
        change = Change(puts=(over,), seen=(self.seen(work),))
        agent = self.store.get(Agent, work.agent)
        if gave_up:
            moved = rules.moved(noted, BLOCKED, now=now)
            return change + self.changed(bead, moved, "bead.updated")
        if not why.to_worker or agent is None or not free(agent):
            moved = rules.moved(noted, OPEN, now=now, assignee="")
            return change + self.changed(bead, moved, "bead.updated")
        return change + self.hooked(bead, noted, agent, again_of(work, old, self._new_id(), now))

    def _new_id(self) -> str:
        return assignment_id(self.ports.new_secret())

    def hooked(self, old: Bead | None, bead: Bead, agent: Agent, work: Assignment) -> Change:
        """The bead is on the worker's hook, to be begun."""
        now = self.ports.now()
        moved = rules.moved(bead, HOOKED, now=now, assignee=agent.id)
        busy = replace(agent, state=WORKING, hook_bead=bead.id, assignment=work.id)
        told = self.event("work.given_back", bead.id, target=agent.id, assignment=work.id)
        rests = (self.seen(old),) if old is not None else (self.missing(Bead, bead.id),)
        return Change(
            puts=(moved, busy, work),
            events=(told,),
            seen=(*rests, self.seen(agent), self.missing(Assignment, work.id)),
        )

    # --- conflicts

    def conflicted(self, old: MergeRequest, clash: Clash) -> tuple[MergeRequest, Change]:
        """The request waits for a task that resolves it; or for its turn to have one."""
        now = self.ports.now()
        others = self.store.find(MergeRequest, rig=old.rig, state=BLOCKED_REQUEST)
        if others:
            new = replace(
                old, state=READY, conflict_base=clash.at, failure=CONFLICT, reason=clash.reason,
                tip="", merge_commit="", at_once=False, updated_at=now,
            )  # fmt: skip
            told = self.event(
                SKIPPED_EVENT, old.id, rig=old.rig, reason=f"{others[0].id} is resolved first"
            )
            return new, Change(
                puts=(new,), events=(told,), seen=(self.seen(old), self.seen(others[0]))
            )
        task, change = self._task(old, clash)
        new = replace(
            old, state=BLOCKED_REQUEST, blocked_by=task.id, conflict_base=clash.at,
            failure=CONFLICT, reason=clash.reason, tip="", merge_commit="", at_once=False,
            updated_at=now,
        )  # fmt: skip
        told = self.event(
            FAILED_EVENT, old.id, bead=old.bead, rig=old.rig, branch=old.branch, target=old.target,
            worker=old.worker, failure=CONFLICT, reason=clash.reason, files=list(clash.files),
            task=task.id, attempt=old.retries + 1, gave_up=False, sha=old.sha,
            assignment=old.assignment,
        )  # fmt: skip
        change += self.task_done(old) + self._letter(old, task.description)
        return new, change + Change(puts=(new,), events=(told,), seen=(self.seen(old),))

    def _task(self, old: MergeRequest, clash: Clash) -> tuple[Bead, Change]:
        """The bead of the task, and the step that makes it and gives it to who did the work."""
        now = self.ports.now()
        source = self.store.get(Bead, old.bead) if old.bead else None
        rig = self.store.get(Rig, old.rig)
        title = source.title if source is not None else old.branch
        task = Bead(
            id=ids.new_id(rig.prefix if rig is not None else self.prefix(), self.ports.new_secret,
                          lambda one: self.store.get(Bead, one) is not None),
            title=f"{TITLE}{title}"[: rules.TITLE_CHARS_MAX],
            description=task_text(old, clash),
            issue_type=TASK,
            priority=source.priority if source is not None else old.priority,
            created_at=now,
            updated_at=now,
            created_by=self.ports.caller.actor,
            owner=self.ports.caller.owner,
            metadata={
                TASK_ID: old.id, "branch": old.branch, "target": f"{old.target}@{clash.at}",
                "issue": old.bead, "retry": old.retries + 1,
            },
        )  # fmt: skip
        made = self.event("bead.created", task.id, title=task.title)
        change = Change(events=(made,)) + self._link(task, source)
        return task, change + self._given(task, old, source)

    def _link(self, task: Bead, source: Bead | None) -> Change:
        if source is None:
            return Change()
        link = Link(
            issue_id=task.id, depends_on_id=source.id, type=DISCOVERED_FROM,
            created_at=task.created_at, created_by=task.created_by,
        )  # fmt: skip
        return Change(puts=(link,), seen=(self.missing(Link, *link.key),))

    def _given(self, task: Bead, old: MergeRequest, source: Bead | None) -> Change:
        """The task is on the hook of who did the work, where that is free; else it is open.

        An open one goes along in the convoy of the work, so that the town gives it to somebody.
        """
        there = self.store.get(Assignment, old.assignment) if old.assignment else None
        agent = self.store.get(Agent, there.agent) if there is not None else None
        known = source is not None and there is not None and there.state in ACTIVE
        if known and there is not None and agent is not None and free(agent):
            again = again_of(there, old, self._new_id(), self.ports.now())
            work = replace(again, bead=task.id, attempt=1, args=task.description)
            return self.hooked(None, task, agent, work)
        opened = Change(puts=(task,), seen=(self.missing(Bead, task.id),))
        convoy = self.store.get(Convoy, old.convoy) if old.convoy else None
        if convoy is None or convoy.status != OPEN_CONVOY:
            return opened
        item = ConvoyItem(convoy=convoy.id, bead=task.id, added_at=task.created_at)
        told = self.event("convoy.added", convoy.id, beads=[task.id])
        rests = (self.seen(convoy), self.missing(ConvoyItem, *item.key))
        return opened + Change(puts=(item,), events=(told,), seen=rests)

    # --- those that could not be tried this time

    def skipped(self, old: MergeRequest, reason: str) -> tuple[MergeRequest, Change]:
        """The request stays in the queue; what kept it is told."""
        new = replace(old, state=READY, tip="", merge_commit="", updated_at=self.ports.now())
        told = self.event(SKIPPED_EVENT, old.id, rig=old.rig, reason=reason)
        return new, Change(puts=(new,), events=(told,), seen=(self.seen(old),))


def free(agent: Agent) -> bool:
    """Whether somebody can be given work."""
    return not agent.hook_bead and agent.state == IDLE


def again_of(work: Assignment, request: MergeRequest, name: str, now: int) -> Assignment:
    """The same work again, on the branch as it was handed in."""
    return replace(
        work, id=name, state=SPAWNING, attempt=work.attempt + 1, branch=request.branch,
        request="", created_at=now, started_at=0, ended_at=0, outcome="",
    )  # fmt: skip


def note_of(request: MergeRequest, why: Rejection) -> str:
    """What the bead says about a rejection."""
    lines = [
        f"MERGE REJECTION {request.id} (attempt {request.retries + 1})",
        f"Type: {why.failure}",
        f"Error: {why.reason}",
        f"Branch: {request.branch} at {request.sha}",
        f"Target: {request.target}" + (f" at {why.at}" if why.at else ""),
    ]
    if why.gate:
        lines.insert(2, f"Gate: {why.gate}")
    if why.output.strip():
        lines += ["Output:", why.output.strip()[-TAIL_CHARS_MAX:]]
    return mended("\n".join(lines))  # a gate prints what it likes


def task_text(request: MergeRequest, clash: Clash) -> str:
    """What is to be done about a conflict."""
    lines = [
        f"{request.branch} does not merge into {request.target} as it is at {clash.at}.",
        f"Merge request {request.id}, bead {request.bead or 'none'}.",
        "",
        f"On {request.branch}: git fetch origin, then git merge origin/{request.target}",
        "(or rebase), resolve, run the gates, commit, push the branch. On a branch of your own:",
        f"git merge origin/{request.branch}, then the same.",
        "Hand in with gt done; or close this task, and the branch is tried again as it then is.",
    ]
    if clash.files:
        lines += ["", "Files in conflict:", *(f"- {name}" for name in clash.files)]
    if clash.reason:
        lines += ["", clash.reason]
    return "\n".join(lines)
