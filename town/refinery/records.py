"""What the refinery writes down: what it tries, what the gates found, what it pushes, merges.

Each method is one turn and one change. What is about to be pushed is written before the push, so
that whoever comes after a crash finds out whether it arrived, and finishes it once.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from ledger.beads import rules
from ledger.beads.rows import TERMINAL, Bead
from ledger.merging.judging import PASSED
from ledger.private.rows import Event
from ledger.private.store import Change, PrivateStore
from ledger.workspace.link import MERGED_IN
from ledger.workspace.rows import Agent
from ledger.workspace.work import (
    ACTIVE,
    IDLE,
    MERGED,
    READY,
    TRYING,
    Assignment,
    GateRun,
    MergeRequest,
    RefineryState,
    SpentBranch,
)
from stamps.clock import SECOND_US
from town.beads.finding import Finding
from town.beads.ports import BeadPorts
from town.escalation.desk import Escalations, Matter
from town.leases.right import Held

STARTED_EVENT: Final = "merge_started"
MERGED_EVENT: Final = "merged"
MERGED_ROW_EVENT: Final = "mr.merged"
FLAKY_EVENT: Final = "refinery.flaky"
BROKEN_EVENT: Final = "refinery.broken"
MENDED_EVENT: Final = "refinery.mended"
REST_US: Final = 30 * SECOND_US
REST_MAX_US: Final = 600 * SECOND_US
DOUBLINGS_MAX: Final = 10
PASSING: Final = ("git", "push")
PASSING_TIMES: Final = 3
REASON_CHARS_MAX: Final = 2_000
HISTORY: Final = "refinery"


class Records(Finding):
    """Writes for the refinery of one rig, as long as it holds the lease."""

    def __init__(self, store: PrivateStore, ports: BeadPorts, rig: str, held: Held) -> None:
        super().__init__(store, ports)
        self.alarms = Escalations(store, ports)
        self.held = held
        self.rig = rig

    def now_of(self, ids: Sequence[str]) -> list[MergeRequest]:
        """The requests as they are, those that were taken away meanwhile left out. In a turn."""
        found = [self.store.get(MergeRequest, one) for one in ids]
        return [one for one in found if one is not None and one.state == TRYING]

    # --- trying

    def started(self, requests: Sequence[MergeRequest]) -> list[MergeRequest]:
        """The requests are being tried; those that changed meanwhile are left out."""

        def work() -> tuple[list[MergeRequest], Change]:
            self.held.still()
            now, change, found = self.ports.now(), Change(), []
            for one in requests:
                old = self.store.get(MergeRequest, one.id)
                if old is None or old.state != READY or old.sha != one.sha:
                    continue
                new = replace(old, state=TRYING, at_once=False, tip="", updated_at=now)
                told = self._told(STARTED_EVENT, new)
                change += Change(puts=(new,), events=(told,), seen=(self.seen(old),))
                found.append(new)
            return found, change

        return self.act(HISTORY, work)

    def _told(self, kind: str, request: MergeRequest, **more: Any) -> Event:
        return self.event(
            kind, request.id, rig=request.rig, bead=request.bead, branch=request.branch,
            target=request.target, worker=request.worker, sha=request.sha,
            assignment=request.assignment, **more,
        )  # fmt: skip

    def gated(self, run: GateRun, *, flaky: bool) -> GateRun:
        """What the gates found of a tree is kept."""

        def work() -> tuple[GateRun, Change]:
            told = (self.event(FLAKY_EVENT, run.id, rig=run.rig, sha=run.sha,
                               requests=list(run.requests)),) if flaky else ()  # fmt: skip
            return run, Change(puts=(run,), events=told)

        return self.act(HISTORY, work)

    def passed_before(self, sha: str, commands: Mapping[str, str]) -> bool:
        """Whether these very gates passed on the commit; in a turn of its own."""

        def work() -> bool:
            runs = self.store.find(GateRun, sha=sha, passed=True)
            return any(_covers(run, commands) for run in runs if run.rig == self.rig)

        return self.look(work)

    # --- pushing

    def pushing(
        self, ids: Sequence[str], commits: Mapping[str, str], tip: str
    ) -> list[MergeRequest]:
        """Whoever looks knows which commit is being pushed; empty where one was taken away."""

        def work() -> tuple[list[MergeRequest], Change]:
            lease = self.held.still()
            now, there = self.ports.now(), self.now_of(ids)
            if len(there) != len(ids):
                return [], Change()
            new = [
                replace(old, tip=tip, merge_commit=commits[old.id], updated_at=now) for old in there
            ]
            seen = (*map(self.seen, there), self.seen(lease))
            return new, Change(puts=tuple(new), seen=seen)

        return self.act(HISTORY, work)

    def released(self, ids: Sequence[str], *, pushed: bool = False) -> None:
        """Those of them that are still being tried wait in the queue as before.

        One whose push was begun stays as it is, unless it is known not to have been `pushed`.
        """

        def work() -> tuple[None, Change]:
            change = Change()
            for old in self.now_of(ids):
                if not old.tip or pushed:
                    change += self._without_tip(old, READY)
            return None, change

        self.act(HISTORY, work)

    def unpushed(self, ids: Sequence[str]) -> None:
        """Nothing is being pushed; they are tried on."""

        def work() -> tuple[None, Change]:
            change = Change()
            for old in self.now_of(ids):
                change += self._without_tip(old, TRYING)
            return None, change

        self.act(HISTORY, work)

    def _without_tip(self, old: MergeRequest, state: str) -> Change:
        now = self.ports.now()
        new = replace(old, state=state, tip="", merge_commit="", updated_at=now)
        return Change(puts=(new,), seen=(self.seen(old),))

    def merged(self, ids: Sequence[str], *, commit: str = "", reason: str = "") -> list[str]:
        """The requests are merged, their beads closed, their workers' assignments over.

        Those that were so before are left out: it happens once.
        """

        def work() -> tuple[list[str], Change]:
            change, found = Change(), self.now_of(ids)
            for old in found:
                change += self._merged(old, commit or old.merge_commit, reason)
            return [one.id for one in found], change

        return self.act(HISTORY, work)

    def seen_merged(self, old: MergeRequest, *, commit: str, reason: str) -> tuple[bool, Change]:
        """Whether the request, as it was seen, is merged by somebody else. Only within a turn."""
        if self.store.get(MergeRequest, old.id) != old:
            return False, Change()
        return True, self._merged(old, commit, reason)

    def _merged(self, old: MergeRequest, commit: str, reason: str) -> Change:
        now = self.ports.now()
        new = replace(
            old, state=MERGED, tip="", merge_commit=commit, failure="", reason=reason,
            conflict_base="", updated_at=now,
        )  # fmt: skip
        told = {"commit": new.merge_commit, "reason": reason}
        change = Change(
            puts=(new,),
            events=(
                self._told(MERGED_EVENT, new, **told),
                self._told(MERGED_ROW_EVENT, new, **told),
            ),
            seen=(self.seen(old),),
        )
        spent = SpentBranch(rig=old.rig, branch=old.branch, sha=old.sha, target=old.target)
        change += Change(puts=(spent,))
        for name in dict.fromkeys((old.bead, old.task)):
            change += self._landed(name, new) if name else Change()
        return change

    def _landed(self, name: str, request: MergeRequest) -> Change:
        """The bead is closed, and nobody works on it any more."""
        now = self.ports.now()
        bead = self.store.get(Bead, name)
        change = Change()
        if bead is not None and bead.status not in TERMINAL:
            why = f"{MERGED_IN}{request.merge_commit}"
            closed = rules.closed(bead, now=now, reason=why, force=True)
            change = self.changed(bead, closed, "bead.closed", request=request.id)
        for work in self.store.find(Assignment, bead=name, state=ACTIVE):
            told = f"merged as {request.id}"
            over = replace(work, state=MERGED, request=request.id, ended_at=now, outcome=told)
            change += Change(puts=(over,), seen=(self.seen(work),)) + self._freed(work)
        return change

    def _freed(self, work: Assignment) -> Change:
        agent = self.store.get(Agent, work.agent)
        if agent is None or agent.assignment != work.id:
            return Change()
        free = replace(agent, state=IDLE, hook_bead="", assignment="")
        return Change(puts=(free,), seen=(self.seen(agent),))

    # --- how the refinery stands

    def said(self, words: str) -> None:
        """The cycle came to this, and nothing is broken any more."""

        def work() -> tuple[str, Change]:
            old = self.store.get(RefineryState, self.rig)
            new = RefineryState(rig=self.rig, cycled_at=self.ports.now(), said=words)
            was = old.broken if old is not None else ""
            told = (self.event(MENDED_EVENT, self.rig, was=was),) if was else ()
            return was, Change(puts=(new,), events=told)

        was = self.act(HISTORY, work)
        if was:
            self.alarms.settle(self._matter(was), reason="the refinery works again")

    def _matter(self, what: str) -> str:
        return f"refinery:{self.rig}:{what}"

    def broken(self, what: str, why: str) -> RefineryState:
        """The refinery cannot work, and rests a while; told once as long as it is the same."""

        def work() -> tuple[RefineryState, Change]:
            now, reason = self.ports.now(), why[:REASON_CHARS_MAX]
            old = self.store.get(RefineryState, self.rig) or RefineryState(rig=self.rig)
            same = old.broken == what
            times = old.times + 1 if same else 1
            rest = min(REST_US << min(times - 1, DOUBLINGS_MAX), REST_MAX_US)
            new = replace(
                old, cycled_at=now, said=f"broken: {what}", broken=what, reason=reason,
                since=old.since if same else now, times=times, rests_until=now + rest,
            )  # fmt: skip
            told = () if same else (self.event(BROKEN_EVENT, self.rig, what=what, reason=reason),)
            return new, Change(puts=(new,), events=told) + self._alarm(new)

        return self.act(HISTORY, work)

    def _alarm(self, state: RefineryState) -> Change:
        """A person is told, once a matter; of what may pass by itself only when it does not."""
        if state.broken in PASSING and state.times < PASSING_TIMES:
            return Change()
        return self.alarms.raised(
            Matter(
                about=self._matter(state.broken),
                subject=f"The refinery of {self.rig} cannot work: {state.broken}",
                text=f"{state.reason}\n\nNothing is merged until then: gt refinery status",
            )
        )


def _covers(run: GateRun, commands: Mapping[str, str]) -> bool:
    """Whether each of these gates ran and passed there; one that was changed since has not."""
    passed = {name: one.get("cmd") for name, one in run.gates.items() if one["status"] == PASSED}
    return all(passed.get(name) == cmd for name, cmd in commands.items())
