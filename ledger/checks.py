"""Lines read and their signatures looked at elsewhere, while the ledger does its own work: a port.

Whoever asks gets what `stamps.record.parse_line` and `verify` would say. It judges no more.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from stamps.record import Envelope, parse_line, reread

BULK_MIN: Final = 500  # fewer lines are not worth another process


class Ticket(Protocol):
    """Lines that are being looked at."""

    def verdicts(self) -> Sequence[bool]:
        """Whether each is a signed record, in order; waits for the last one."""
        ...

    def forget(self) -> None:
        """Nobody asks any more: what was not begun is not looked at."""
        ...


class Checks(Protocol):
    """Looks at lines."""

    def put(self, lines: Sequence[bytes]) -> Ticket:
        """The lines, each with its newline, are being looked at."""
        ...


def read(line: bytes, verdict: bool | None) -> Envelope:  # noqa: FBT001  # what the ticket said
    """The record of a line; one that was found good needs no second look. Raises BadRecordError."""
    return reread(line) if verdict else parse_line(line)
