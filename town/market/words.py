"""How times, names and ids are written for people. Pure, and in UTC: two towns read one clock."""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from weakref import WeakKeyDictionary

from ledger.journal import Journal
from stamps.clock import SECOND_US
from stamps.limits import PREFIX_CHARS_MIN

MINUTE_S = 60
HOUR_S = 3_600
DAY_S = 86_400
WEEK_S = 7 * DAY_S
HEX_BITS = 4
KILO = 1_000
CROWDED = 8  # free places behind each id that is shown
_LENGTHS: WeakKeyDictionary[Journal, tuple[int, int]] = WeakKeyDictionary()


def instant(at: int) -> str:
    """RFC 3339 in UTC, whole seconds."""
    return datetime.fromtimestamp(at / SECOND_US, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def span(seconds: float) -> str:
    """A length of time in its largest fitting unit: `4 min`, `23 h`, `2 days`."""
    whole = max(0, int(seconds))
    if whole < MINUTE_S:
        return f"{whole} s"
    if whole < HOUR_S:
        return f"{whole // MINUTE_S} min"
    if whole <= 2 * DAY_S:
        return f"{whole // HOUR_S} h"
    return f"{whole // DAY_S} days"


def bytes_text(size: int) -> str:
    """A number of bytes in its largest fitting unit: `812 B`, `12 kB`, `3.4 MB`."""
    if size < KILO:
        return f"{size} B"
    if size < KILO * KILO:
        return f"{round(size / KILO)} kB"
    return f"{size / KILO / KILO:.1f} MB"


def ago(at: int, now: int) -> str:
    """How long ago a moment was."""
    return f"{span((now - at) / SECOND_US)} ago"


def moment(at: int, now: int) -> str:
    """A moment near now: `Tue 10:02 UTC`; further away with its date."""
    when = datetime.fromtimestamp(at / SECOND_US, UTC)
    near = abs(at - now) < (WEEK_S - DAY_S) * SECOND_US
    return when.strftime("%a %H:%M UTC" if near else "%Y-%m-%d %H:%M UTC")


def until(at: int, now: int) -> str:
    """The end of a lease: `Tue 10:02 UTC (24 h)`."""
    left = round((at - now) / SECOND_US / MINUTE_S) * MINUTE_S
    return f"{moment(at, now)} ({span(left)})" if left > 0 else moment(at, now)


def seconds_left(at: int, now: int) -> int:
    """Whole seconds until a moment, negative afterwards."""
    return (at - now) // SECOND_US


def short_id(journal: Journal, public: str) -> str:
    """The shortest start of a public id that is unique here, at least 4 hex (records 1.5)."""
    head, _, digits = public.partition("-")
    length = _start_length(journal)
    while length < len(digits):
        found = journal.store.ids(f"{head}-{digits[:length]}", 2)
        if len(found) < 2:  # noqa: PLR2004  # itself, or not projected yet
            break
        length += 1
    return f"{head}-{digits[:length]}"


def _start_length(journal: Journal) -> int:
    """Where looking for a unique start begins: short boards have short ids."""
    version, length = _LENGTHS.get(journal, (-1, 0))
    if version != journal.version:
        items = sum(journal.store.counts().values())
        length = max(PREFIX_CHARS_MIN, -(-(items * CROWDED).bit_length() // HEX_BITS))
        _LENGTHS[journal] = (journal.version, length)
    return length


def counted(count: int, what: str) -> str:
    """`1 other`, `2 others`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = names or ("",)
    return f"{', '.join(most)} and {last}" if most else last


def one_line(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(text.split())


def normal_text(text: str) -> str:
    """The text as a record carries it: NFC, lines ended by a newline alone (records 1.6)."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
