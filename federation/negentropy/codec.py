"""The words of Negentropy protocol v1: varints, bounds, fingerprints, messages (records 2.5).

Pure. It turns bytes into ranges and ranges into bytes. It refuses every message that could be
written in a second way or that passes a limit, and it knows nothing of what either side holds.

An item is known by its *key*: timestamp (8 bytes, big endian) then id (32 bytes), so that keys
sort as the protocol sorts items. A *bound* is the beginning of a key, at least its timestamp.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from federation.negentropy.errors import Reason, ReconcileError

VERSION = b"\x61"
ID_BYTES = 32
TIMESTAMP_BYTES = 8
KEY_BYTES = TIMESTAMP_BYTES + ID_BYTES
FINGERPRINT_BYTES = 16
VARINT_BYTES_MAX = 10
BOUND_BYTES_MAX = VARINT_BYTES_MAX + 1 + ID_BYTES

MESSAGE_BYTES_MAX = 2 * 1024 * 1024
LIST_IDS_MAX = 10_000
MESSAGE_RANGES_MAX = 131_072
ROUNDS_MAX = 16

TIMESTAMP_INFINITY = 2**64 - 1
INFINITY = TIMESTAMP_INFINITY.to_bytes(TIMESTAMP_BYTES, "big")  # above every key
SUM_MODULUS = 2**256

_VARINT_MORE = 0x80
_VARINT_DIGIT = 0x7F
_VARINT_MAX = 2**64 - 1
_SKIP, _FINGERPRINT, _IDS = range(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a peer is heard: bytes and ranges a message, ids a list, answers a session."""

    message_bytes: int = MESSAGE_BYTES_MAX
    list_ids: int = LIST_IDS_MAX
    message_ranges: int = MESSAGE_RANGES_MAX
    rounds: int = ROUNDS_MAX


DEFAULT_LIMITS = Limits()


class Range(NamedTuple):
    """A stretch of a message that ends before `upper`.

    `payload` is None for a skip, 16 bytes for a fingerprint, a list of ids for an id list.
    """

    upper: bytes
    payload: bytes | list[bytes] | None


def item_key(timestamp: int, identifier: bytes) -> bytes:
    """The 40-byte key of an item; ValueError when it cannot be one."""
    if not 0 <= timestamp < TIMESTAMP_INFINITY:
        raise ValueError(f"timestamp {timestamp} is outside 0..2**64-2")
    if len(identifier) != ID_BYTES:
        raise ValueError(f"an id is {ID_BYTES} bytes, not {len(identifier)}")
    return timestamp.to_bytes(TIMESTAMP_BYTES, "big") + identifier


def key_id(key: bytes) -> bytes:
    """The 32-byte id in a key."""
    return key[TIMESTAMP_BYTES:]


def separator(keys: tuple[bytes, bytes]) -> bytes:
    """The shortest bound above the first of two ascending keys and not above the second."""
    before, after = keys
    difference = int.from_bytes(before, "big") ^ int.from_bytes(after, "big")
    shared = KEY_BYTES - (difference.bit_length() + 7) // 8
    return after[: max(TIMESTAMP_BYTES, shared + 1)]


def fingerprint(total: int, count: int) -> bytes:
    """The 16-byte fingerprint of `count` ids whose little-endian sum mod 2**256 is `total`."""
    return sha256(total.to_bytes(ID_BYTES, "little") + encode_varint(count)).digest()[
        :FINGERPRINT_BYTES
    ]


def encode_varint(value: int) -> bytes:
    """The base-128 digits of a value of 0..2**64-1, most significant first, as few as possible."""
    if value <= _VARINT_DIGIT:
        return value.to_bytes(1, "big")
    digits = [value & _VARINT_DIGIT]
    value >>= 7
    while value:
        digits.append(value & _VARINT_DIGIT | _VARINT_MORE)
        value >>= 7
    return bytes(reversed(digits))


class Reader:
    """Reads one message from its start; each step raises ReconcileError or moves on."""

    __slots__ = ("_message", "_place", "_timestamp")

    def __init__(self, message: bytes) -> None:
        self._message = message
        self._place = 0
        self._timestamp = 0

    @property
    def remaining(self) -> int:
        """Bytes not read yet."""
        return len(self._message) - self._place

    def take(self, length: int) -> bytes:
        """The next `length` bytes."""
        if length > self.remaining:
            raise ReconcileError(Reason.TRUNCATED, f"{length} bytes announced")
        start = self._place
        self._place = start + length
        return self._message[start : self._place]

    def varint(self) -> int:
        """The next varint, which must be minimal and fit 64 bits."""
        start = self._place
        value = 0
        for digit in self._message[start : start + VARINT_BYTES_MAX]:
            self._place += 1
            value = value << 7 | digit & _VARINT_DIGIT
            if digit < _VARINT_MORE:
                break
        else:
            cut = self.remaining == 0
            raise ReconcileError(Reason.TRUNCATED if cut else Reason.VARINT, "endless varint")
        if value > _VARINT_MAX or self._message[start] == _VARINT_MORE:
            raise ReconcileError(Reason.VARINT, "over 64 bits, or not as few digits as possible")
        return value

    def bound(self) -> bytes:
        """The next bound; timestamps on the wire are offsets from the bound before."""
        offset = self.varint()
        length = self.varint()
        if offset == 0:
            if length:
                raise ReconcileError(Reason.BOUND, "infinity with an id prefix")
            return INFINITY
        self._timestamp += offset - 1
        if self._timestamp >= TIMESTAMP_INFINITY:
            raise ReconcileError(Reason.BOUND, "timestamp over 64 bits, or the reserved one")
        if length > ID_BYTES:
            raise ReconcileError(Reason.BOUND, f"id prefix of {length} bytes")
        return self._timestamp.to_bytes(TIMESTAMP_BYTES, "big") + self.take(length)

    def ids(self, most: int) -> list[bytes]:
        """The next id list: at most `most` ids, each once."""
        count = self.varint()
        if count > most:
            raise ReconcileError(Reason.IDS, f"{count} ids in a list, the limit is {most}")
        joined = self.take(count * ID_BYTES)  # nothing was allocated by the announced count
        ids = [joined[at : at + ID_BYTES] for at in range(0, len(joined), ID_BYTES)]
        if len(set(ids)) != count:
            raise ReconcileError(Reason.DUPLICATE, "an id list is a set")
        return ids

    def payload(self, list_ids_max: int) -> bytes | list[bytes] | None:
        """The mode and the payload of a range."""
        mode = self.varint()
        if mode == _FINGERPRINT:
            return self.take(FINGERPRINT_BYTES)
        if mode == _IDS:
            return self.ids(list_ids_max)
        if mode != _SKIP:
            raise ReconcileError(Reason.MODE, f"mode {mode} is not 0, 1 or 2")
        return None


def decode_message(message: bytes, limits: Limits = DEFAULT_LIMITS) -> list[Range]:
    """The ranges of a whole message, read to its end before any of them is looked at.

    Raises ReconcileError for any other version, form or size than the protocol and `limits` allow.
    """
    if len(message) > limits.message_bytes:
        problem = f"{len(message)} bytes, the limit is {limits.message_bytes}"
        raise ReconcileError(Reason.MESSAGE, problem)
    reader = Reader(message)
    version = reader.take(1)
    if version != VERSION:
        raise ReconcileError(Reason.VERSION, f"version byte {version.hex()}, we speak 61")
    ranges: list[Range] = []
    below = bytes(KEY_BYTES)
    while reader.remaining:
        if len(ranges) == limits.message_ranges:
            raise ReconcileError(Reason.RANGES, f"more than {limits.message_ranges} ranges")
        upper = reader.bound()
        padded = upper.ljust(KEY_BYTES, b"\0")  # bytes left out of a prefix are zero
        if padded <= below:
            raise ReconcileError(Reason.BOUND, "a bound is not above the one before")
        below = padded
        ranges.append(Range(upper, reader.payload(limits.list_ids)))
    return ranges


class Draft:
    """One message being written, with the skip that is due once something follows it."""

    __slots__ = ("_bytes", "_ended", "_ranges", "_skip", "_timestamp")

    def __init__(self) -> None:
        self._bytes = bytearray(VERSION)
        self._ranges = 0
        self._timestamp = 0
        self._skip: bytes | None = None
        self._ended = False

    @property
    def size(self) -> int:
        """Bytes written so far, the version byte among them."""
        return len(self._bytes)

    @property
    def ranges(self) -> int:
        """Ranges written so far."""
        return self._ranges

    @property
    def ended(self) -> bool:
        """Whether the last range written reaches infinity: nothing can follow."""
        return self._ended

    def message(self) -> bytes:
        """What was written; a skip still due is left out, as the protocol implies it."""
        return bytes(self._bytes)

    def pass_over(self, upper: bytes) -> None:
        """Nothing is to be said of what lies below `upper`."""
        self._skip = upper

    def write_skip(self) -> None:
        """The skip that is due, if any, is written."""
        if self._skip is not None:
            self._head(self._skip, _SKIP)
            self._skip = None

    def write_fingerprint(self, upper: bytes, digest: bytes) -> None:
        """A fingerprint range is written."""
        self._head(upper, _FINGERPRINT)
        self._bytes += digest

    def write_ids(self, upper: bytes, ids: Sequence[bytes]) -> None:
        """An id list range is written."""
        self._head(upper, _IDS)
        self._bytes += encode_varint(len(ids))
        self._bytes += b"".join(ids)

    def cut(self, size: int, ranges: int) -> None:
        """What was written after this size is gone; only a bound at infinity may follow."""
        del self._bytes[size:]
        self._ranges = ranges
        self._ended = False

    def _head(self, upper: bytes, mode: int) -> None:
        self._ranges += 1
        if upper == INFINITY:
            self._ended = True
            self._bytes += bytes((0, 0, mode))
            return
        timestamp = int.from_bytes(upper[:TIMESTAMP_BYTES], "big")
        self._bytes += encode_varint(timestamp - self._timestamp + 1)
        self._timestamp = timestamp
        self._bytes.append(len(upper) - TIMESTAMP_BYTES)
        self._bytes += upper[TIMESTAMP_BYTES:]
        self._bytes.append(mode)


def sum_of(ids: Iterable[bytes]) -> int:
    """The sum of ids as little-endian integers, mod 2**256."""
    return sum(int.from_bytes(identifier, "little") for identifier in ids) % SUM_MODULUS


EMPTY_FINGERPRINT = fingerprint(0, 0)
