"""Lines of a long answer on their way in: what they lead to is said at once, they are taken later.

So the peer looks out the next answer, and a worker looks at signatures, while the ledger takes the
one before. Pure but for the ports. What it says ahead is a hint and proves nothing: whatever is
refused later is missing from the frontier that is said in the end.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from federation.outline import Mark, Outline, Part, chain_name, digest_of
from ledger.checks import Checks, Ticket
from ledger.replica import Received, Replica
from stamps.record import ChainKey, record_id

LAG: Final = 1  # answers that wait for their turn while the next one is asked for


class _Place(msgspec.Struct, gc=False):
    """Where a line says that its record stands."""

    scope: str
    author: str
    device: str
    seq: int


_place = msgspec.json.Decoder(_Place)


class Intake:
    """The answers of one exchange that are here and not taken yet."""

    def __init__(self, replica: Replica, checks: Checks | None) -> None:
        self.replica = replica
        self.checks = checks
        self.lacked: int | None = None  # by us, when the exchange began
        self.late: dict[bytes, None] = {}  # to say back for answers that were taken later
        self.answered: set[bytes] = set()
        self._owed: deque[tuple[Sequence[bytes], Ticket | None]] = deque()
        self._outline: Outline | None = None

    @property
    def owes(self) -> bool:
        """Whether more waits than may."""
        return len(self._owed) > LAG

    @property
    def streams(self) -> bool:
        """Whether an answer was only the first of several."""
        return self._outline is not None

    def offer(self, lines: Sequence[bytes], now: Outline) -> Outline:
        """The lines wait; the frontier as it will be, if all that waits is taken."""
        if self._outline is None:
            self.replica.hold_still(still=True)
        self._owed.append((lines, self.checks.put(lines) if self.checks is not None else None))
        self._outline = led_to(self._outline or now, lines, self.replica.wasteland)
        return self._outline

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
        self._owed.clear()
        if self._outline is not None:
            self._outline = None
            self.replica.hold_still(still=False)


def led_to(outline: Outline, lines: Sequence[bytes], wasteland: str) -> Outline:
    """The outline with the heads that these lines would make."""
    chains, logs = dict(outline.parts[Part.CHAINS]), dict(outline.parts[Part.LOGS])
    for line in lines:
        raw = line[:-1].partition(b" ")[2]
        try:
            at = _place.decode(raw)
        except msgspec.DecodeError:
            continue
        own = record_id(raw)
        if at.scope == "account":
            marks, name = logs, _bytes(at.author or own)
        elif at.scope in (wasteland, "identity"):
            marks, name = chains, chain_name(ChainKey(at.scope, at.author, at.device))
        else:
            continue
        before = marks.get(name)
        if at.seq == (before.seq + 1 if before is not None else 0):
            marks[name] = Mark(at.seq, bytes.fromhex(own))
    parts = (chains, logs, *outline.parts[Part.FORKS :])
    digests = tuple(digest_of(part, marks) for part, marks in zip(Part, parts, strict=True))
    return replace(outline, parts=parts, digests=digests)


def _bytes(account: str) -> bytes:
    try:
        return bytes.fromhex(account)
    except ValueError:
        return b""  # its record will be refused; a name that nobody bears
