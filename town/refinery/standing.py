"""How a rig's refinery stands, for whoever looks: at work or not, its gates, its queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.merging.queue import Line, in_order
from ledger.workspace.rows import Rig
from ledger.workspace.work import BLOCKED_REQUEST, READY, TRYING, GateRun, RefineryState
from town.leases.right import Rights
from town.refinery.gates import Gates, gates_of
from town.refinery.lease import refinery_of
from town.refinery.worker import Refinery
from town.workspace.settings import MergeQueue

RUNS_SHOWN: Final = 5
NO_GATES: Final = "no gates are configured: whatever merges cleanly is merged"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefineryView:
    """The refinery of one rig."""

    rig: Rig
    at_work: bool
    mends: bool  # whether there is an agent of the name that `fix_inline` says
    state: RefineryState
    settings: MergeQueue
    gates: Gates
    lines: tuple[Line, ...] = ()
    runs: tuple[GateRun, ...] = ()  # the newest first

    def among(self, state: str) -> list[Line]:
        """The requests in that state."""
        return [line for line in self.lines if line.request.state == state]

    @property
    def ready(self) -> list[Line]:
        """Those that could be merged now."""
        return [line for line in self.among(READY) if line.ready and not line.needs]

    @property
    def waiting(self) -> list[Line]:
        """Those that something keeps."""
        return [line for line in self.lines if line.waiting_on]

    @property
    def stands(self) -> str:
        """How it stands, in a word."""
        if not self.settings.enabled:
            return "off"
        if self.state.broken:
            return "broken"
        return "merging" if self.at_work or self.among(TRYING) else "idle"

    @property
    def warnings(self) -> Sequence[str]:
        """What a person should know."""
        found = [] if self.gates.count else [NO_GATES]
        if self.settings.fix_inline and not self.mends:
            found.append(
                f"merge_queue.fix_inline names {self.settings.fix_inline}, and no agent is called"
                " so: what fails goes back to its worker"
            )
        return found


def view_of(refinery: Refinery, rig: Rig, lines: Sequence[Line]) -> RefineryView:
    """How the refinery of that rig stands. Raises BadFileError, SettingError."""
    settings = refinery.settings(rig.name)

    def work() -> tuple[bool, RefineryState, list[GateRun]]:
        rights = Rights(refinery.store, refinery.ports, refinery.makers)
        state = refinery.store.get(RefineryState, rig.name) or RefineryState(rig=rig.name)
        runs = sorted(refinery.store.find(GateRun, rig=rig.name), key=lambda run: -run.at)
        return rights.holder(refinery_of(rig.name)) is not None, state, runs[:RUNS_SHOWN]

    at_work, state, runs = refinery.look(work)
    return RefineryView(
        rig=rig,
        at_work=at_work,
        mends=refinery.fixer is not None and refinery.fixer.knows(rig.name, settings.fix_inline),
        state=state,
        settings=settings,
        gates=gates_of(settings),
        lines=tuple(in_order(lines)),
        runs=tuple(runs),
    )


__all__ = ["BLOCKED_REQUEST", "RefineryView", "view_of"]
