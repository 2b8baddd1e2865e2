"""The private database in memory: the reference of the port, and the home of quick tests.

It keeps nothing when the process ends.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import msgspec

from ledger.private.rows import Event, Key, Row, Some, matches
from ledger.private.store import EVENTS_MAX, Change, ChangedError, Made, PrivateReader, Version


class MemoryPrivate:
    """Rows by type and key."""

    def __init__(self) -> None:
        self._rows: dict[type[Row], dict[Key, Row]] = {}
        self._events: list[Event] = []
        self._fresh = False

    def get(self, kind: type[Some], /, *key: str | int) -> Some | None:
        """The row under the key."""
        rows: Any = self._rows.get(kind, {})
        found: Some | None = rows.get(key)
        return found

    def find(self, kind: type[Some], /, **where: Any) -> Sequence[Some]:
        """The rows with these values, in order of their key."""
        rows: Any = self._rows.get(kind, {})
        for other in () if rows else self._rows:
            if issubclass(other, kind):  # its rows are rows of this type, too
                rows = self._rows[other]
        return [rows[key] for key in sorted(rows) if matches(rows[key], where)]

    def keys(self, kind: type[Row], start: str, *, at_most: int) -> Sequence[Key]:
        """Keys of rows whose first part begins so, in order."""
        found = sorted(key for key in self._rows.get(kind, {}) if str(key[0]).startswith(start))
        return found[:at_most]

    def events(self, after: int, *, at_most: int = EVENTS_MAX) -> Sequence[Event]:
        """What happened behind this number, in order."""
        at = bisect_left(self._events, after + 1, key=lambda event: event.seq)
        return self._events[at : at + at_most]

    def events_of(self, subject: str, *, at_most: int) -> Sequence[Event]:
        """The newest that happened to one subject, in order."""
        told = (event for event in reversed(self._events) if event.subject == subject)
        return list(islice(told, at_most))[::-1]

    def made(self, of: tuple[type[Row], ...], make: Callable[[PrivateReader], Made]) -> Made:
        """What `make` finds, each time anew."""
        del of
        return make(self)

    def apply(self, change: Change) -> Sequence[Event]:
        """Everything of the change is kept. Raises ChangedError."""
        for seen in change.seen:
            if self._rows.get(seen.kind, {}).get(seen.key) != seen.row:
                raise ChangedError(seen.kind.table.name, seen.key)
        gone = {drop.key for drop in change.drops if drop.kind is Event}
        if gone:
            self._events = [event for event in self._events if event.key not in gone]
        for drop in change.drops:
            self._rows.get(drop.kind, {}).pop(drop.key, None)
            self._fresh |= drop.kind.table.versioned
        for row in change.puts:
            self._rows.setdefault(type(row), {})[row.key] = row
            self._fresh |= row.table.versioned
        last = self._events[-1].seq if self._events else 0
        told = [
            msgspec.structs.replace(event, seq=last + number)
            for number, event in enumerate(change.events, 1)
        ]
        self._events += told
        return told

    def checkpoint(self, message: str) -> bool:
        """Whether something had changed; memory has no history."""
        del message
        fresh, self._fresh = self._fresh, False
        return fresh

    def versions(self, kind: type[Row], /, *key: str | int) -> Sequence[Version]:
        """None: memory has no history."""
        del kind, key
        return ()

    def collect(self) -> None:
        """Nothing is kept that nothing refers to."""

    def close(self) -> None:
        """Nothing is open."""
