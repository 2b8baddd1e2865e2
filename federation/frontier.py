"""The frontier on the wire: what one side says it holds, in 14 bytes a chain (records 2.5).

Prefixes and checks are cut from a hash under the nonces of both sides, so nobody can prepare
names that collide. A part that the other side already has costs its digest, a frontier that
builds on one acknowledged before says only what changed since. It compares nothing.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from federation.errors import Fault, PeerError
from federation.outline import DIGEST_BYTES, Mark, Marks, Outline, Part, changed
from federation.wire import Reader, Writer

VERSION = 1
NONCE_BYTES = 16
ROOT_BYTES = 32
NAME_BYTES = 32
PREFIX_BYTES = 8
PREFIX_LENGTHS = (PREFIX_BYTES, 16, NAME_BYTES)
CHECK_BYTES = 4
LISTED_MAX = 200_000
GROUPS = 256
GROUPED_MIN = 512  # from here on 256 counts cost less than a first byte each

_CHECKED = frozenset({Part.CHAINS, Part.LOGS})


class Mode(IntEnum):
    """How a part is said: as equal to the other's, in full, or as what changed since the base."""

    SAME = 0
    FULL = 1
    DELTA = 2


class Nonces(NamedTuple):
    """The random bytes of both sides, 16 each, new for every session."""

    asker: bytes
    answerer: bytes

    def hashed(self, name: bytes) -> bytes:
        """32 bytes that stand for a name or an id in this session only."""
        return hashlib.sha256(self.asker + self.answerer + name).digest()

    def check(self, record_id: bytes) -> bytes:
        """The 4 bytes by which a record is compared; nothing for nothing."""
        return self.hashed(record_id)[:CHECK_BYTES] if record_id else b""


class Said(NamedTuple):
    """One listed name: `seq` is None for one that is gone since the base."""

    prefix: bytes
    seq: int | None
    check: bytes = b""


class PartSaid(NamedTuple):
    """One part as it was said; `listed` by prefix, each prefix once."""

    digest: bytes
    mode: Mode
    listed: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierSaid:
    """What one side says it holds; `base` is the root of the frontier that it builds on."""

    nonces: Nonces
    root: bytes
    base: bytes | None
    prefix_bytes: int
    parts: tuple[PartSaid, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A frontier said by us, and the names behind the indexes that an answer will use."""

    said: FrontierSaid
    names: tuple[tuple[bytes, ...], ...]


def describe(
    ours: Outline,
    nonces: Nonces,
    *,
    base: Outline | None = None,
    known: Sequence[bytes] = (),
    prefix_bytes: int = PREFIX_BYTES,
) -> Spoken:
    """Our frontier, said as shortly as the other side's part digests and the base allow."""
    length = _length_without_collision(ours, base, nonces, prefix_bytes)
    parts: list[PartSaid] = []
    names: list[tuple[bytes, ...]] = []
    for part in Part:
        same = part < len(known) and known[part] == ours.digests[part]
        listed = () if same else _listing(ours.parts[part], base.parts[part] if base else None)
        by_prefix = sorted((nonces.hashed(name)[:length], name) for name in listed)
        marks = ours.parts[part]
        said = tuple(_said(prefix, marks.get(name), nonces) for prefix, name in by_prefix)
        mode = Mode.SAME if same else Mode.DELTA if base else Mode.FULL
        parts.append(PartSaid(ours.digests[part], mode, said))
        names.append(tuple(name for _, name in by_prefix))
    said_all = FrontierSaid(
        nonces=nonces,
        root=ours.root,
        base=base.root if base else None,
        prefix_bytes=length,
        parts=tuple(parts),
    )
    return Spoken(said=said_all, names=tuple(names))


def by_prefix(marks: Marks, nonces: Nonces, prefix_bytes: int) -> dict[bytes, bytes] | None:
    """Names by prefix, or None when two of them share one."""
    found = {nonces.hashed(name)[:prefix_bytes]: name for name in marks}
    return found if len(found) == len(marks) else None


def longer(prefix_bytes: int) -> int:
    """The next longer prefix there is; a whole hash at the end."""
    return next((size for size in PREFIX_LENGTHS if size > prefix_bytes), NAME_BYTES)


def encode_frontier(said: FrontierSaid) -> bytes:
    """The bytes of a frontier."""
    writer = Writer()
    writer.number(VERSION)
    writer.raw(said.nonces.asker + said.nonces.answerer + said.root)
    writer.number(said.base is not None)
    writer.raw(said.base or b"")
    writer.number(said.prefix_bytes)
    for piece in said.parts:
        writer.raw(piece.digest)
        writer.number(piece.mode)
        if piece.mode is not Mode.SAME:
            _write_listed(writer, piece.listed)
    return writer.message()


def decode_frontier(message: bytes) -> FrontierSaid:
    """The frontier of these bytes; PeerError for anything else."""
    reader = Reader(message)
    if reader.number() != VERSION:
        raise PeerError(Fault.VERSION, "of a frontier")
    nonces = Nonces(reader.raw(NONCE_BYTES), reader.raw(NONCE_BYTES))
    root = reader.raw(ROOT_BYTES)
    base = reader.raw(ROOT_BYTES) if reader.count(at_most=1, item_bytes=ROOT_BYTES) else None
    prefix_bytes = reader.number()
    if not 1 <= prefix_bytes <= NAME_BYTES:
        raise PeerError(Fault.FORM, f"prefixes of {prefix_bytes} bytes")
    parts = tuple(_read_part(reader, part, prefix_bytes) for part in Part)
    reader.finish()
    if base is None and any(part.mode is Mode.DELTA for part in parts):
        raise PeerError(Fault.FORM, "a delta without a base")
    return FrontierSaid(nonces=nonces, root=root, base=base, prefix_bytes=prefix_bytes, parts=parts)


def _length_without_collision(
    ours: Outline, base: Outline | None, nonces: Nonces, prefix_bytes: int
) -> int:
    """The shortest length, from the wished one on, at which none of our prefixes is shared."""
    length = prefix_bytes
    while length < NAME_BYTES and any(
        by_prefix(marks, nonces, length) is None
        for outline in (ours, base)
        if outline is not None
        for marks in outline.parts
    ):
        length = longer(length)
    return length


def _listing(now: Marks, base: Marks | None) -> Iterable[bytes]:
    return now if base is None else changed(base=base, now=now)


def _said(prefix: bytes, mark: Mark | None, nonces: Nonces) -> Said:
    if mark is None:
        return Said(prefix, None)
    return Said(prefix, mark.seq, nonces.check(mark.id))


def _write_listed(writer: Writer, listed: Sequence[Said]) -> None:
    writer.number(len(listed))
    grouped = len(listed) >= GROUPED_MIN
    if grouped:
        sizes = [0] * GROUPS
        for said in listed:
            sizes[said.prefix[0]] += 1
        for size in sizes:
            writer.number(size)
    for said in listed:
        writer.raw(said.prefix[grouped:])
        writer.number(0 if said.seq is None else said.seq + 1)
        writer.raw(said.check)


def _read_part(reader: Reader, part: Part, prefix_bytes: int) -> PartSaid:
    digest = reader.raw(DIGEST_BYTES)
    mode = reader.number()
    if mode not in tuple(Mode):
        raise PeerError(Fault.FORM, f"a part in mode {mode}")
    if mode == Mode.SAME:
        return PartSaid(digest, Mode.SAME)
    count = reader.count(at_most=LISTED_MAX, item_bytes=prefix_bytes)
    check_bytes = CHECK_BYTES if part in _CHECKED else 0
    listed: list[Said] = []
    before = b""
    for first in _first_bytes(reader, count):
        prefix = first + reader.raw(prefix_bytes - len(first))
        if prefix <= before:
            raise PeerError(Fault.ORDER, "prefixes do not ascend")
        seq = reader.number() - 1
        check = reader.raw(check_bytes) if seq >= 0 else b""
        listed.append(Said(prefix, seq if seq >= 0 else None, check))
        before = prefix
    return PartSaid(digest, Mode(mode), tuple(listed))


def _first_bytes(reader: Reader, count: int) -> list[bytes]:
    """The first byte of each prefix where they were said by groups, else nothing for each."""
    if count < GROUPED_MIN:
        return [b""] * count
    sizes = [reader.number() for _ in range(GROUPS)]
    if sum(sizes) != count:
        raise PeerError(Fault.COUNT, "groups and their sum differ")
    return [bytes([first]) for first, size in enumerate(sizes) for _ in range(size)]
