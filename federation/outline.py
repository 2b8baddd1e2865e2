"""A frontier laid out for comparing: four parts, each a sorted list with a digest (records 2.5).

Pure. A name is 32 bytes: a chain key's digest, an account, or a record id. It knows no peer and
no message.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from ledger.replica import Frontier
from stamps.record import ChainKey

PART_DOMAIN = b"wasteland/part/1\0"
DIGEST_BYTES = 16
SEQ_BYTES = 8
_NAMES_CACHED_MAX = 262_144


class Part(IntEnum):
    """The parts of a frontier, in the order in which they are sent."""

    CHAINS = 0
    LOGS = 1
    FORKS = 2
    PINS = 3


class Mark(NamedTuple):
    """Where one name stands: a seq, and the id of the record there; a fork and a pin have no id."""

    seq: int
    id: bytes = b""


Marks = Mapping[bytes, Mark]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A whole frontier by name; equal digests of a part mean an equal part."""

    root: bytes
    parts: tuple[Marks, ...]
    digests: tuple[bytes, ...]
    keys: Mapping[bytes, ChainKey]


@lru_cache(maxsize=_NAMES_CACHED_MAX)
def chain_name(key: ChainKey) -> bytes:
    """The 32-byte name of a chain."""
    return key.digest


def outline_of(frontier: Frontier) -> Outline:
    """The frontier by name; costs one pass over its heads."""
    keys = {chain_name(key): key for key in (*frontier.chains, *frontier.forks)}
    parts: tuple[Marks, ...] = (
        {chain_name(k): Mark(h.seq, bytes.fromhex(h.id)) for k, h in frontier.chains.items()},
        {bytes.fromhex(a): Mark(h.seq, bytes.fromhex(h.id)) for a, h in frontier.logs.items()},
        {chain_name(key): Mark(seq) for key, seq in frontier.forks.items()},
        {bytes.fromhex(record_id): Mark(0) for record_id in sorted(frontier.pins)},
    )
    digests = tuple(digest_of(part, marks) for part, marks in zip(Part, parts, strict=True))
    return Outline(root=frontier.root, parts=parts, digests=digests, keys=keys)


def changed(*, base: Marks, now: Marks) -> Iterable[bytes]:
    """The names whose mark is another than before, appeared and gone ones included."""
    for name, mark in now.items():
        if base.get(name) != mark:
            yield name
    for name in base:
        if name not in now:
            yield name


def digest_of(part: Part, marks: Marks) -> bytes:
    """16 bytes that stand for all of a part."""
    digest = hashlib.sha256(PART_DOMAIN + bytes([part]) + len(marks).to_bytes(SEQ_BYTES, "big"))
    for name in sorted(marks):
        mark = marks[name]
        digest.update(name + mark.seq.to_bytes(SEQ_BYTES, "big") + mark.id)
    return digest.digest()[:DIGEST_BYTES]
