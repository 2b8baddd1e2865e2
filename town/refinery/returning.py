"""What of a batch is not merged, each in one step: culprits, conflicts, those that wait on."""

from collections.abc import Callable
from functools import partial
from typing import Final

from ledger.merging.judging import TIMED_OUT, first_bad
from ledger.private.store import Change, PrivateStore
from ledger.workspace.work import TRYING, GateRun, MergeRequest
from town.beads.ports import BeadPorts
from town.refinery.cycle import Cycle
from town.refinery.errors import PUSH
from town.refinery.giving_back import Clash, GivingBack, Rejection
from town.refinery.scratch import (
    CLASH,
    CONFLICT,
    MISSING,
    NOTHING,
    NOTHING_NEW,
    UNUSABLE,
    Unstacked,
)
from town.refinery.trying import Tried
from town.workspace.settings import MergeQueue

BUILD: Final = "build"
TESTS: Final = "tests"
WAITS: Final = {
    CLASH: "it conflicts with others of its batch, and is tried behind them",
    NOTHING_NEW: "others of its batch have all of it",
}
Step = Callable[[MergeRequest], tuple[MergeRequest, Change]]


class Returning:
    """Gives back what is not merged, for one rig."""

    def __init__(self, store: PrivateStore, ports: BeadPorts, settings: MergeQueue) -> None:
        self.back = GivingBack(store, ports)
        self.settings = settings

    def give_back(self, tried: Tried, cycle: Cycle) -> None:
        """Everybody who is not merged knows why. Each is a step of its own."""
        for one in tried.verdict.culprits:
            if self._step(one, partial(self._blamed, run=tried.blamed[one])):
                cycle.failed.append(one)
        for one in tried.verdict.apart:
            self._apart(one, tried, cycle)
        for one in tried.verdict.skipped:
            if self._step(one, lambda old: self.back.skipped(old, "what it needs is not merged")):
                cycle.skipped.append(one)

    def _step(self, request: str, step: Step) -> bool:
        """Whether the request was still being tried, and the step was made."""

        def work() -> tuple[bool, Change]:
            old = self.back.store.get(MergeRequest, request)
            if old is None or old.state != TRYING:
                return False, Change()
            return True, step(old)[1]

        return self.back.act("refinery", work)

    def _blamed(self, old: MergeRequest, run: GateRun) -> tuple[MergeRequest, Change]:
        name, facts = first_bad(run.gates)
        failure = BUILD if name == BUILD else TESTS
        took = " took too long" if facts.get("status") == TIMED_OUT else f": {facts.get('why')}"
        why = Rejection(
            failure=failure, reason=f"gate {name}{took}", gate=f"{name}: {facts.get('cmd')}",
            output=str(facts.get("tail", "")), at=run.base, run=run.id, to_worker=True,
            retries_max=self.settings.max_retry_count,
        )  # fmt: skip
        return self.back.rejected(old, why)

    def _apart(self, one: str, tried: Tried, cycle: Cycle) -> None:
        found = tried.unstacked[one]
        if found.why == CONFLICT:
            clash = Clash(at=tried.base, files=found.files, reason=_short(found))
            if self._step(one, lambda old: self.back.conflicted(old, clash)):
                cycle.conflicts.append(one)
        elif found.why in (MISSING, UNUSABLE):
            why = self._of_git(found, tried.base)
            if self._step(one, lambda old: self.back.rejected(old, why)):
                cycle.failed.append(one)
        elif found.why != NOTHING and self._step(
            one, lambda old: self.back.skipped(old, WAITS[found.why])
        ):
            cycle.skipped.append(one)

    def _of_git(self, found: Unstacked, base: str) -> Rejection:
        """Why work was not merged of which there is no commit, or none that git can use."""
        if found.why == MISSING:
            return Rejection(failure=MISSING, reason=found.said, at=base, alarms=True)
        return Rejection(
            failure=UNUSABLE, reason="git cannot merge it", output=found.said, at=base,
            to_worker=True, retries_max=self.settings.max_retry_count,
        )  # fmt: skip

    def refused(self, request: str, said: str, base: str) -> bool:
        """Whether the request is given back: the remote takes others, and not this one."""
        why = Rejection(
            failure=PUSH, reason="the remote refuses it", output=said, at=base, to_worker=True,
            retries_max=self.settings.max_retry_count,
        )  # fmt: skip
        return self._step(request, lambda old: self.back.rejected(old, why))


def _short(found: Unstacked) -> str:
    return f"conflict in {', '.join(found.files)}" if found.files else found.said
