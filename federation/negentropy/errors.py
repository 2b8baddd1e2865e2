"""The one error of a reconciliation: what a peer sent cannot be gone on with.

It names the reason as a value. It never carries a peer's bytes.
"""

from enum import StrEnum
from typing import ClassVar

from stamps.errors import WastelandError


class Reason(StrEnum):
    """Why a message or a session was given up."""

    TRUNCATED = "truncated"
    VERSION = "version"
    VARINT = "varint"
    BOUND = "bound"
    MODE = "mode"
    DUPLICATE = "duplicate"
    IDS = "ids"
    RANGES = "ranges"
    MESSAGE = "message"
    ROUNDS = "rounds"


class ReconcileError(WastelandError):
    """A peer's reconciliation message breaks the protocol or passes a limit."""

    code: ClassVar[str] = "peer.reconcile"
    hint: ClassVar[str] = "Nothing was changed; try another peer, or this one later."

    def __init__(self, reason: Reason, problem: str) -> None:
        super().__init__(f"{reason}: {problem}")
        self.reason = reason
