"""The lines of a stream as records, and as the pairs that two neighbours of one slot are.

Pure. It judges no record; what is none is counted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import NamedTuple

from ledger.admission import Code
from ledger.checks import Ticket, read
from stamps.errors import BadRecordError
from stamps.record import Envelope


class Piece(NamedTuple):
    """One record of a stream, or two that prove a fork."""

    envelope: Envelope
    other: Envelope | None = None
    holds: bool | None = None  # whether the signature does, where a worker has looked


def pieces(lines: Iterable[bytes], codes: Counter[str], ticket: Ticket | None) -> Iterator[Piece]:
    """Parsed records; two neighbours of one slot come as the pair they are."""
    before: Piece | None = None
    verdicts = ticket.verdicts() if ticket is not None else repeat(None)
    for envelope, holds in parsed(lines, verdicts, codes):
        if before is not None and _same_slot(before.envelope, envelope):
            yield Piece(before.envelope, envelope)
            before = None
            continue
        if before is not None:
            yield before
        before = Piece(envelope, holds=holds)
    if before is not None:
        yield before


def parsed(
    lines: Iterable[bytes], verdicts: Iterable[bool | None], codes: Counter[str]
) -> Iterator[tuple[Envelope, bool | None]]:
    """Records with what is known of their signatures; what is no record is counted."""
    for line, verdict in zip(lines, verdicts, strict=False):
        try:
            yield read(line, verdict), verdict
        except BadRecordError:
            codes[str(Code.BAD)] += 1


def _same_slot(one: Envelope, other: Envelope) -> bool:
    first, second = one.record, other.record
    return (
        first.scope != "account"
        and first.seq == second.seq
        and first.id != second.id
        and first.chain == second.chain
    )
