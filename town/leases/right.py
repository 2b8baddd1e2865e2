"""The right to do one thing, of one holder at a time, as a row that everybody looks at.

It ends by itself, and at once where the process that holds it is dead: nobody waits for a dead one.
What a holder does under it is its own business, and so is what somebody is told who comes too late.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from ledger.private.store import Change, Dropped, PrivateStore, Seen
from ledger.workspace.work import Lease
from stamps.errors import WastelandError
from town.beads.acting import Acting
from town.beads.ports import BeadPorts
from town.leases.ports import Makers

SEPARATOR: Final = " "
LENIENT: Final = 10  # clocks of several machines may differ by a tenth of what a right lasts
RENEWED: Final = 6  # a holder that goes on writes so once a sixth of it has passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """The right to do one thing: what it is called, and how long it lasts if nobody renews it."""

    name: str
    lasts_us: int

    def runs(self, lease: Lease, *, now: int) -> bool:
        """Whether its time is not over.

        One that ends later than any can is of a clock that was set back since: nobody waits for it.
        """
        return now < lease.expires_at <= now + self.lasts_us + self.lasts_us // LENIENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a right is held: its name in the history, and what is raised when it cannot be had."""

    what: str
    busy: Callable[[], WastelandError]  # somebody has it
    lost: Callable[[], WastelandError]  # somebody else has it by now


class Held(Acting):
    """A right that this process holds. `taken_over`: whoever had it before died with it."""

    def __init__(
        self,
        store: PrivateStore,
        ports: BeadPorts,
        right: Right,
        lease: Lease,
        *,
        terms: Terms,
        taken_over: bool,
    ) -> None:
        super().__init__(store, ports)
        self.right = right
        self.lease = lease
        self.terms = terms
        self.taken_over = taken_over

    def still(self) -> Lease:
        """The lease as it stands, for a change to rest on. Only within a turn.

        Raises what the terms say where somebody else has it by now.
        """
        found = self.store.get(Lease, self.right.name)
        if found is None or found.holder != self.lease.holder:
            raise self.terms.lost()
        return found

    def beat(self) -> None:
        """It goes on, written where that was long ago. Raises as `still`."""
        lasts = self.right.lasts_us
        if lasts - lasts // RENEWED < self.lease.expires_at - self.ports.now() <= lasts:
            return

        def work() -> tuple[Lease, Change]:
            old = self.still()
            new = replace(old, expires_at=self.ports.now() + lasts)
            return new, Change(puts=(new,), seen=(self.seen(old),))

        self.lease = self.act(self.terms.what, work)


class Rights(Acting):
    """Takes rights, for one caller. A holder that names no process lives until its time is over."""

    def __init__(self, store: PrivateStore, ports: BeadPorts, makers: Makers | None = None) -> None:
        super().__init__(store, ports)
        self.makers = makers

    # --- within a turn

    def holder(self, right: Right) -> Lease | None:
        """The lease, if whoever has it lives. Only within a turn."""
        found = self.store.get(Lease, right.name)
        return found if found is not None and self._lives(right, found) else None

    def taking(self, right: Right, holder: str) -> Change | None:
        """The step by which the holder has it; None where somebody has it. Only within a turn."""
        if self.holder(right) is not None:
            return None
        return Change(puts=(self._lease(right, holder),), seen=(self._found(right),))

    def giving_back(self, right: Right, holder: str) -> Change:
        """The step by which others may have it; none where another has it by now."""
        found = self.store.get(Lease, right.name)
        if found is None or found.holder != holder:
            return Change()
        return Change(drops=(Dropped(kind=Lease, key=found.key),), seen=(self.seen(found),))

    def _lease(self, right: Right, holder: str) -> Lease:
        until = self.ports.now() + right.lasts_us
        return Lease(resource=right.name, holder=holder, expires_at=until)

    def _found(self, right: Right) -> Seen:
        old = self.store.get(Lease, right.name)
        return self.seen(old) if old is not None else self.missing(Lease, right.name)

    def _lives(self, right: Right, lease: Lease) -> bool:
        if not right.runs(lease, now=self.ports.now()):
            return False
        token, _, maker = lease.holder.partition(SEPARATOR)
        if not maker or self.makers is None:
            return True
        return self.makers.lives(maker, token, begun_at=lease.expires_at - right.lasts_us)

    # --- turns of its own

    @contextmanager
    def alive(self, token: str) -> Iterator[str]:
        """Who holds what is taken in this block, as a lease says it; it lives as long as that."""
        if self.makers is None:
            yield token
            return
        maker = self.makers.begin(token)
        try:
            yield f"{token}{SEPARATOR}{maker}"
        finally:
            self.makers.end(token)

    @contextmanager
    def held(self, right: Right, token: str, terms: Terms) -> Iterator[Held]:
        """It is this process's until the block ends. Raises what the terms say of a busy one."""
        with self.alive(token) as holder:
            held = self._taken(right, holder, terms)
            try:
                yield held
            finally:
                self.act(terms.what, lambda: (None, self.giving_back(right, holder)))

    def _taken(self, right: Right, holder: str, terms: Terms) -> Held:
        def work() -> tuple[tuple[Lease, bool], Change]:
            if self.holder(right) is not None:
                raise terms.busy()
            rests, mine = self._found(right), self._lease(right, holder)
            return (mine, rests.row is not None), Change(puts=(mine,), seen=(rests,))

        lease, taken_over = self.act(terms.what, work)
        return Held(self.store, self.ports, right, lease, terms=terms, taken_over=taken_over)

    def turn(self, right: Right, *, now: int, what: str) -> bool:
        """Whether it is time to do this, by us and by nobody else for as long as it lasts."""

        def work() -> tuple[bool, Change]:
            rests = self._found(right)
            if isinstance(rests.row, Lease) and right.runs(rests.row, now=now):
                return False, Change()
            mine = Lease(resource=right.name, expires_at=now + right.lasts_us)
            return True, Change(puts=(mine,), seen=(rests,))

        return self.act(what, work)
