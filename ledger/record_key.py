"""The key under which a store keeps a record: it sorts by `at`, then by id.

Pure.
"""

from typing import Final

from stamps.record import Record

AT_CHARS: Final = 14  # hex digits of `at`; the id follows


def record_key(record: Record) -> str:
    """The key of a record: 14 hex digits of `at`, then its id."""
    return f"{record.at:014x}{record.id}"
