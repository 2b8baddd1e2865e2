"""The right to work in a rig's refinery: one process at a time, and nobody waits for a dead one.

A lease ends by itself; whoever holds it says now and then that it goes on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from msgspec.structs import replace

from ledger.private.store import Change, Dropped, PrivateStore
from ledger.workspace.work import Lease
from stamps.clock import SECOND_US
from town.beads.acting import Acting
from town.beads.ports import BeadPorts
from town.refinery.errors import BusyRefineryError, LeaseLostError
from town.rigs.ports import Makers

LASTS_US: Final = 120 * SECOND_US
RENEW_US: Final = 20 * SECOND_US
SEPARATOR: Final = " "


def resource_of(rig: str) -> str:
    """What the lease of a rig's refinery is called."""
    return f"refinery:{rig}"


class Held(Acting):
    """A lease that this process holds."""

    def __init__(
        self, store: PrivateStore, ports: BeadPorts, lease: Lease, rig: str, *, taken_over: bool
    ) -> None:
        super().__init__(store, ports)
        self.lease = lease
        self.rig = rig
        self.taken_over = taken_over  # whether whoever had it before died with it

    def check(self) -> None:
        """Raises LeaseLostError where somebody else has it by now. Only within a turn."""
        found = self.store.get(Lease, self.lease.resource)
        if found is None or found.holder != self.lease.holder:
            raise LeaseLostError(self.rig)

    def beat(self) -> None:
        """The lease goes on, written where it was long ago. Raises LeaseLostError."""
        if self.lease.expires_at - self.ports.now() > LASTS_US - RENEW_US:
            return

        def work() -> tuple[Lease, Change]:
            self.check()
            old = self.store.get(Lease, self.lease.resource)
            new = replace(self.lease, expires_at=self.ports.now() + LASTS_US)
            seen = (self.seen(old),) if old is not None else ()
            return new, Change(puts=(new,), seen=seen)

        self.lease = self.act("refinery", work)


class Leases(Acting):
    """Takes leases of refineries, for one process."""

    def __init__(self, store: PrivateStore, ports: BeadPorts, makers: Makers) -> None:
        super().__init__(store, ports)
        self.makers = makers

    def holder(self, rig: str) -> Lease | None:
        """The lease, if a living process holds it. Only within a turn."""
        found = self.store.get(Lease, resource_of(rig))
        return found if found is not None and self._lives(found) else None

    def _lives(self, lease: Lease) -> bool:
        if lease.expires_at <= self.ports.now():
            return False
        token, _, maker = lease.holder.partition(SEPARATOR)
        return self.makers.lives(maker, token, begun_at=lease.expires_at - LASTS_US)

    @contextmanager
    def held(self, rig: str) -> Iterator[Held]:
        """The refinery is this process's until the block ends. Raises BusyRefineryError."""
        token = self.ports.new_secret().hex()[:16]
        holder = f"{token}{SEPARATOR}{self.makers.begin(token)}"
        try:
            held = self._take(rig, holder)
            try:
                yield held
            finally:
                self._give_back(held)
        finally:
            self.makers.end(token)

    def _take(self, rig: str, holder: str) -> Held:
        def work() -> tuple[tuple[Lease, bool], Change]:
            old = self.store.get(Lease, resource_of(rig))
            if old is not None and self._lives(old):
                raise BusyRefineryError(rig)
            new = Lease(
                resource=resource_of(rig), holder=holder, expires_at=self.ports.now() + LASTS_US
            )
            rests = self.missing(Lease, new.resource) if old is None else self.seen(old)
            return (new, old is not None), Change(puts=(new,), seen=(rests,))

        lease, taken_over = self.act("refinery", work)
        return Held(self.store, self.ports, lease, rig, taken_over=taken_over)

    def _give_back(self, held: Held) -> None:
        def work() -> tuple[None, Change]:
            found = self.store.get(Lease, held.lease.resource)
            if found is None or found.holder != held.lease.holder:
                return None, Change()
            drop = Dropped(kind=Lease, key=found.key)
            return None, Change(drops=(drop,), seen=(self.seen(found),))

        self.act("refinery", work)
