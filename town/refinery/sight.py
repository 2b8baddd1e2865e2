"""What a refinery sees before it does anything: what was begun, what is due, whether it rests.

It only looks, so that a refinery with nothing to do writes nothing.
"""

from collections.abc import Collection
from typing import Final

from ledger.beads.rows import TERMINAL, Bead
from ledger.merging.queue import Batch, batch, is_due, rests
from ledger.private.store import PrivateStore
from ledger.workspace.work import (
    BLOCKED_REQUEST,
    NO_TARGET,
    READY,
    REVIEW,
    TRYING,
    MergeRequest,
    RefineryState,
    SpentBranch,
)
from stamps.clock import SECOND_US
from town.beads.ports import BeadPorts
from town.refinery.cycle import Cycle
from town.refinery.errors import PUSH
from town.refinery.queue import Queue
from town.workspace.settings import MergeQueue, milliseconds

US_PER_MS: Final = 1_000
LOOK_US: Final = 600 * SECOND_US
REVIEW_LOOK_US: Final = 60 * SECOND_US


class Sight(Queue):
    """Looks at the queue of one rig; with `at_once` it sees nothing to wait for."""

    def __init__(
        self, store: PrivateStore, ports: BeadPorts, rig: str, *, at_once: bool = False
    ) -> None:
        super().__init__(store, ports)
        self.rig = rig
        self.at_once = at_once

    def state(self) -> RefineryState:
        """How the refinery stands."""
        found = self.look(lambda: self.store.get(RefineryState, self.rig))
        return found or RefineryState(rig=self.rig)

    def rests(self, state: RefineryState) -> bool:
        """Whether something was broken a short while ago, and nobody is in a hurry."""
        if self.at_once or not rests(state, now=self.ports.now()):
            return False
        lines = self.listed(self.rig)
        return not any(line.request.at_once and line.ready and not line.needs for line in lines)

    def resting(self, state: RefineryState) -> Cycle:
        """What a cycle comes to that rests."""
        return Cycle(rig=self.rig, due=state.rests_until, broken=state.broken, reason=state.reason)

    def trying(self) -> list[MergeRequest]:
        """Requests that somebody is trying, or was when it died."""
        return self.look(lambda: list(self.store.find(MergeRequest, rig=self.rig, state=TRYING)))

    def freed(self) -> list[MergeRequest]:
        """Requests that waited for a conflict's task which is over."""

        def work() -> list[MergeRequest]:
            found = self.store.find(MergeRequest, rig=self.rig, state=BLOCKED_REQUEST)
            return [one for one in found if self._over(one.blocked_by)]

        return self.look(work)

    def _over(self, bead: str) -> bool:
        found = self.store.get(Bead, bead) if bead else None
        return found is None or found.status in TERMINAL

    def begun(self) -> bool:
        """Whether something was begun that is to be finished."""
        spent = self.look(lambda: self.store.find(SpentBranch, rig=self.rig))
        return bool(spent or self.trying() or self.freed() or self._lost() or self._review_due())

    def reviewed(self) -> list[MergeRequest]:
        """Requests that wait for a person who merges them."""
        return self.look(lambda: list(self.store.find(MergeRequest, rig=self.rig, state=REVIEW)))

    def _review_due(self) -> bool:
        """Whether it is time to look what a person did."""
        if not self.reviewed():
            return False
        return self.at_once or self.state().cycled_at <= self.ports.now() - REVIEW_LOOK_US

    def _lost(self) -> bool:
        """Whether a request's target was looked for in vain, long ago."""
        return any(self.long_ago(line.request) for line in self.listed(self.rig))

    def long_ago(self, request: MergeRequest) -> bool:
        """Whether it waits for its target, and nobody has looked for that for a while."""
        if request.state != READY or request.failure != NO_TARGET:
            return False
        return request.updated_at <= self.ports.now() - LOOK_US

    def batch(self, settings: MergeQueue, *, without: Collection[str] = ()) -> Batch:
        """Those that are tried next; none that is for a target of `without`.

        After the remote refused a push they are two at least: of one alone nobody knows whether
        it is that one, or everybody, whom the remote refuses.
        """
        lines = [line for line in self.listed(self.rig) if line.request.target not in without]
        least = 2 if self.state().broken == PUSH else 1
        size = max(settings.batch.max_batch_size, least)
        return batch(lines, size=size, wait_us=_wait_us(settings))

    def due(self, found: Batch, settings: MergeQueue) -> bool:
        """Whether they are tried now."""
        if self.at_once:
            return bool(found.lines)
        return is_due(found, now=self.ports.now(), wait_us=_wait_us(settings))


def _wait_us(settings: MergeQueue) -> int:
    """How long the oldest of a batch waits for others."""
    return milliseconds(settings.batch.batch_wait_time) * US_PER_MS
