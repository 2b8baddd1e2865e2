"""Both sides of a Negentropy v1 session, as functions of the message received.

Pure. The initiator learns what each side lacks; the responder keeps nothing between messages, so
a set that changes meanwhile can cost rounds but no correctness of what is compared. It refuses a
session that does not end within the limit of rounds, and it never answers a range by one
fingerprint of the same range: every message settles or narrows something.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import NamedTuple

from federation.negentropy.codec import (
    BOUND_BYTES_MAX,
    DEFAULT_LIMITS,
    EMPTY_FINGERPRINT,
    FINGERPRINT_BYTES,
    ID_BYTES,
    INFINITY,
    VERSION,
    Draft,
    Limits,
    Range,
    decode_message,
    fingerprint,
    separator,
)
from federation.negentropy.errors import Reason, ReconcileError
from federation.negentropy.index import RangeIndex

REFERENCE_SPLIT, REFERENCE_LEAF = 16, 32  # byte for byte what the reference programs send
SCATTER_SPLIT, SCATTER_LEAF = 8, 16  # half the bytes when differences are scattered
FRAME_BYTES_MIN = 4096
FRAME_MARGIN_BYTES = 200  # room for what closes a message, as in the reference programs
_CLOSING_RANGES = 3  # a skip, an id list, the fingerprint of the rest


class Step(NamedTuple):
    """What an answer taught the initiator; the session is over when `message` is None.

    `have` are ids that only we hold, `need` ids that only the peer says it holds. A message cut
    short by a frame limit can make an id come twice.
    """

    message: bytes | None
    have: list[bytes]
    need: list[bytes]


class _Side(ABC):
    """What both sides share: a set, how finely it is split, and how much is said at once."""

    def __init__(
        self,
        index: RangeIndex,
        *,
        split: int = REFERENCE_SPLIT,
        leaf: int = REFERENCE_LEAF,
        frame_limit: int = 0,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        if split < 2 or not 2 <= leaf <= limits.list_ids:  # noqa: PLR2004 - less cannot narrow
            raise ValueError(f"split {split} or leaf {leaf} out of bounds")
        if split + 1 + _CLOSING_RANGES > limits.message_ranges:
            raise ValueError(f"split {split} does not fit {limits.message_ranges} ranges")
        frame = min(frame_limit or limits.message_bytes, limits.message_bytes)
        if frame < _frame_bytes_min(split=split, leaf=leaf):
            raise ValueError(f"a frame of {frame} bytes may not hold one split range")
        self._index = index
        self._split = split
        self._leaf = leaf
        self._limits = limits
        self._room = frame - FRAME_MARGIN_BYTES

    def _answer(self, ranges: Iterable[Range]) -> bytes:
        """The message that answers these ranges, closed early when it is full."""
        draft = Draft()
        lower = 0
        for received in ranges:
            span = range(lower, self._index.lower_bound(received.upper))
            rest = self._take(received, span, draft)
            if rest is not None:
                self._write_rest(rest, draft)
                break
            lower = span.stop
        return draft.message()

    def _take(self, received: Range, span: range, draft: Draft) -> int | None:
        """Write what one range calls for; when full, the position where the rest begins."""
        if received.payload is None:
            draft.pass_over(received.upper)
            return None
        if isinstance(received.payload, bytes):
            return self._take_fingerprint(received.upper, received.payload, span, draft)
        return self._take_ids(received.upper, received.payload, span, draft)

    def _take_fingerprint(
        self, upper: bytes, theirs: bytes, span: range, draft: Draft
    ) -> int | None:
        if self._fingerprint(span) == theirs:
            draft.pass_over(upper)
            return None
        size, ranges = draft.size, draft.ranges
        draft.write_skip()
        self._write_split(span, upper, draft)
        if not self._is_full(draft):
            return None
        draft.cut(size, ranges)
        # The reference programs leave this range out of the closing fingerprint: it then differs
        # from the peer's in any case, unless the peer holds nothing here and would see equality.
        return span.start if theirs == EMPTY_FINGERPRINT else span.stop

    @abstractmethod
    def _take_ids(
        self, upper: bytes, theirs: list[bytes], span: range, draft: Draft
    ) -> int | None: ...

    def _write_split(self, span: range, upper: bytes, draft: Draft) -> None:
        """Write the ids of a small span, or the fingerprints of its equal parts."""
        if len(span) < self._leaf:
            draft.write_ids(upper, list(self._index.ids(span)))
            return
        parts = min(self._split, len(span))
        size, larger = divmod(len(span), parts)
        start = span.start
        for part in range(parts):
            stop = start + size + (part < larger)
            draft.write_fingerprint(
                self._bound_at(stop, span, upper), self._fingerprint(range(start, stop))
            )
            start = stop

    def _bound_at(self, position: int, span: range, upper: bytes) -> bytes:
        if position == span.stop:
            return upper
        return separator((self._index.item(position - 1), self._index.item(position)))

    def _write_rest(self, position: int, draft: Draft) -> None:
        rest = range(position, self._index.size())
        draft.write_fingerprint(INFINITY, self._fingerprint(rest))

    def _fingerprint(self, span: range) -> bytes:
        return fingerprint(self._index.total(span), len(span))

    def _is_full(self, draft: Draft) -> bool:
        ranges_room = self._limits.message_ranges - _CLOSING_RANGES
        return draft.size > self._room or draft.ranges > ranges_room


class Initiator(_Side):
    """The side that asks and learns; one object is one session."""

    _have: list[bytes]
    _need: list[bytes]
    _rounds = 0

    def initiate(self, *, shift: int = 0) -> bytes:
        """The first message.

        An audit gives a random `shift` (a position): the set is split on either side of it, so
        that sets made to collide in the usual parts are cut at other places.
        """
        draft = Draft()
        size = self._index.size()
        if 0 < shift < size:
            below, above = range(shift), range(shift, size)
            self._write_split(below, self._bound_at(shift, range(size), INFINITY), draft)
            self._write_split(above, INFINITY, draft)
        else:
            self._write_split(range(size), INFINITY, draft)
        return draft.message()

    def received(self, message: bytes) -> Step:
        """What the answer taught us, and the next message if anything is still open.

        Raises ReconcileError for a bad message, or one that comes after the limit of rounds.
        """
        if self._rounds == self._limits.rounds:
            raise ReconcileError(Reason.ROUNDS, f"not settled after {self._rounds} rounds")
        ranges = decode_message(message, self._limits)
        self._rounds += 1
        self._have, self._need = [], []
        answer = self._answer(ranges)
        return Step(None if answer == VERSION else answer, self._have, self._need)

    def _take_ids(self, upper: bytes, theirs: list[bytes], span: range, draft: Draft) -> int | None:
        lacking = dict.fromkeys(theirs)
        for ours in self._index.ids(span):
            if ours in lacking:
                del lacking[ours]
            else:
                self._have.append(ours)
        self._need.extend(lacking)
        draft.pass_over(upper)
        return None


class Responder(_Side):
    """The side that answers; it may be asked anything in any order."""

    def received(self, message: bytes) -> bytes:
        """The answer to a message; to a message of another version, the version we speak.

        Raises ReconcileError for a bad message.
        """
        if message and message[:1] != VERSION:
            return VERSION
        return self._answer(decode_message(message, self._limits))

    def _take_ids(
        self,
        upper: bytes,
        theirs: list[bytes],  # noqa: ARG002 - only the initiator learns
        span: range,
        draft: Draft,
    ) -> int | None:
        """Write our ids of the range: all, or those that fit."""
        used = draft.size
        draft.write_skip()
        start = span.start
        while True:
            fitting = (self._room - used) // ID_BYTES + 1
            stop = min(span.stop, start + fitting, start + self._limits.list_ids)
            bound = upper if stop == span.stop else self._index.item(stop)
            draft.write_ids(bound, list(self._index.ids(range(start, stop))))
            start, used = stop, draft.size
            if start == span.stop or self._is_full(draft):
                break
        return start if self._is_full(draft) and not draft.ended else None


def _frame_bytes_min(*, split: int, leaf: int) -> int:
    """A frame that holds a skip and the largest answer to one range, whatever its keys."""
    head = BOUND_BYTES_MAX + 1
    answer = max(split * (head + FINGERPRINT_BYTES), head + 3 + leaf * ID_BYTES)
    return max(FRAME_BYTES_MIN, FRAME_MARGIN_BYTES + 1 + head + answer)
