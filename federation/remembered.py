"""What is remembered between messages: a peer's nonce, frontiers both had, what is left to send.

Pure. It lives as long as its process: after a start one whole frontier is said.
"""

from collections.abc import Iterator
from typing import Final

from federation.negentropy import SortedIndex, item_key
from federation.outline import Outline, Part, outline_of
from ledger.replica import Replica

OUTLINES_MAX: Final = 2


class Memory:
    """What is remembered of one peer for one wasteland: its nonce, and frontiers both had."""

    def __init__(self) -> None:
        self.nonce = b""  # of the peer, for frontiers that we say
        self.own_nonce = b""  # ours, for frontiers that the peer says
        self.acknowledged: dict[bytes, Outline] = {}  # by root, oldest first
        self.rest: Iterator[bytes] | None = None  # lines left of our last long answer

    def save(self, outline: Outline) -> None:
        """Both sides hold exactly this."""
        self.acknowledged.pop(outline.root, None)
        self.acknowledged[outline.root] = outline
        while len(self.acknowledged) > OUTLINES_MAX:
            del self.acknowledged[next(iter(self.acknowledged))]

    @property
    def last(self) -> Outline | None:
        """The newest frontier that both had."""
        held = tuple(self.acknowledged.values())  # in one step: another thread may save one
        return held[-1] if held else None


class Outlines:
    """The outline of a replica, made anew only when its root changed."""

    def __init__(self, replica: Replica) -> None:
        self.replica = replica
        self._last: Outline | None = None
        self._index: tuple[bytes, SortedIndex] | None = None

    def now(self) -> Outline:
        """The outline of the set as it stands."""
        frontier = self.replica.frontier()
        if self._last is None or self._last.root != frontier.root:
            self._last = outline_of(frontier)
        return self._last

    @property
    def known_root(self) -> bytes:
        """The root of the outline last made; nothing is read for it."""
        return self._last.root if self._last is not None else b""

    def index(self) -> SortedIndex:
        """The set in key order, for layer 2; made once for a root."""
        root = self.now().root
        if self._index is None or self._index[0] != root:
            keys = (item_key(at, bytes.fromhex(i)) for at, i in self.replica.members())
            self._index = root, SortedIndex(keys)
        return self._index[1]

    def slot(self, part: Part, name: bytes, seq: int) -> bytes:
        """Our record's id at a seq of a chain or log; nothing where we have none."""
        if part is Part.LOGS:
            log = self.replica.account_log(name.hex())
            return bytes.fromhex(log[seq].record.id) if 0 <= seq < len(log) else b""
        found = self.replica.slot(self.now().keys[name], seq)
        return bytes.fromhex(found) if found is not None else b""
