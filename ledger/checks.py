"""Signatures looked at elsewhere, while the ledger does its own work: a port.

Whoever asks gets what `stamps.record.verify` would say. It judges nothing else of a record.
"""

from collections.abc import Sequence
from typing import Final, Protocol

BULK_MIN: Final = 500  # fewer lines are not worth another process


class Ticket(Protocol):
    """Lines whose signatures are being looked at."""

    def verdicts(self) -> Sequence[bool]:
        """Whether each holds, in order; waits for the last one."""
        ...


class Checks(Protocol):
    """Looks at signatures."""

    def put(self, lines: Sequence[bytes]) -> Ticket:
        """The lines, each with its newline, are being looked at."""
        ...
