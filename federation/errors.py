"""What goes wrong between two nodes, as values that a program can branch on.

A peer's bad message is a `PeerError`; a peer's bad record is only counted. It refuses to carry
a peer's bytes, and nothing here says whose fault a broken line was.
"""

from enum import StrEnum
from typing import ClassVar

from stamps.errors import WastelandError


class Fault(StrEnum):
    """Why a peer's message cannot be gone on with."""

    TRUNCATED = "truncated"
    TRAILING = "trailing"
    VARINT = "varint"
    VERSION = "version"
    FORM = "form"
    ORDER = "order"
    INDEX = "index"
    SIZE = "size"
    COUNT = "count"
    ROUNDS = "rounds"
    CPU = "cpu"
    STALLED = "stalled"
    UNEXPECTED = "unexpected"
    STALE = "stale"


class PeerError(WastelandError):
    """A peer's message breaks the protocol or passes a limit; nothing of it was used."""

    code: ClassVar[str] = "peer.message"
    hint: ClassVar[str] = "Nothing was changed; try another peer, or this one later."

    def __init__(self, fault: Fault, problem: str = "") -> None:
        super().__init__(f"{fault}: {problem}" if problem else str(fault))
        self.fault = fault
