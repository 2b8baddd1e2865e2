"""Lines of a long answer on their way in: the next ones are asked for at once, these taken later.

So the peer looks out the next answer, and a worker looks at signatures, while the ledger takes the
one before. Pure but for the ports. Whatever is refused later is missing from the frontier that is
said in the end.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from ledger.checks import Checks, Ticket
from ledger.replica import Received, Replica

# Answers that wait for their turn while the next one is asked for: as many as a worker looks at
# while ten thousand records are projected.
LAG: Final = 5


class Intake:
    """The answers of one exchange that are here and not taken yet."""

    def __init__(self, replica: Replica, checks: Checks | None) -> None:
        self.replica = replica
        self.checks = checks
        self.lacked: int | None = None  # by us, when the exchange began
        self.late: dict[bytes, None] = {}  # to say back for answers that were taken later
        self.answered: set[bytes] = set()
        self._owed: deque[tuple[Sequence[bytes], Ticket | None]] = deque()
        self.streams = False  # whether an answer was only the first of several

    @property
    def owes(self) -> bool:
        """Whether more waits than may."""
        return len(self._owed) > LAG

    def offer(self, lines: Sequence[bytes]) -> None:
        """The lines wait, and are being looked at."""
        if not self.streams:
            self.replica.hold_still(still=True)
        self.streams = True
        self._owed.append((lines, self.checks.put(lines) if self.checks is not None else None))

    def take(self, *, now: int, peer: str) -> Received:
        """What became of the lines that waited longest."""
        lines, ticket = self._owed.popleft()
        return self.replica.receive(lines, now=now, peer=peer, ticket=ticket)

    def drain(self, take: Callable[[], None]) -> None:
        """Nothing waits any more: `take` was called for each, and the set is what it is."""
        while self._owed:
            take()
        self.end()

    def end(self) -> None:
        """What waits is forgotten: the exchange is over."""
        for _, ticket in self._owed:
            if ticket is not None:
                ticket.forget()
        self._owed.clear()
        if self.streams:
            self.streams = False
            self.replica.hold_still(still=False)
