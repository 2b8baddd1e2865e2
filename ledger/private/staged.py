"""A private database with changes not made yet: what it would hold, and all of them as one.

Pure. Each step sees those before it, and the store behind is written by none of them. `change` is
the whole; it rests on every row that a step rested on, so that it happens as it was seen or not.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from ledger.private.rows import Event, Key, Row, Some, Table, matches
from ledger.private.store import (
    EVENTS_MAX,
    Change,
    ChangedError,
    Dropped,
    Made,
    PrivateReader,
    Seen,
    Version,
)

Ends = dict[tuple[str, str], dict[str, dict[Key, None]]]


class StagedPrivate:
    """A store, and in front of it rows that it does not have yet."""

    def __init__(self, store: PrivateReader) -> None:
        self.store = store
        self._rows: dict[str, dict[Key, Row | None]] = {}  # by table; None for a dropped one
        self._kinds: dict[str, type[Row]] = {}
        self._ends: Ends = {}  # keys by table, field and value
        self._seen: dict[tuple[str, Key], Seen] = {}
        self._events: list[Event] = []

    @property
    def change(self) -> Change:
        """All steps as one."""
        puts = [row for rows in self._rows.values() for row in rows.values() if row is not None]
        drops = [
            Dropped(kind=self._kinds[name], key=key)
            for name, rows in self._rows.items()
            for key, row in rows.items()
            if row is None
        ]
        return Change(
            puts=tuple(puts),
            drops=tuple(drops),
            events=tuple(self._events),
            seen=tuple(self._seen.values()),
        )

    # --- reading

    def get(self, kind: type[Some], /, *key: str | int) -> Some | None:
        """The row under the key, as the steps have left it."""
        mine = self._rows.get(kind.table.name, {})
        return cast("Some | None", mine[key]) if key in mine else self.store.get(kind, *key)

    def find(self, kind: type[Some], /, **where: Any) -> Sequence[Some]:
        """The rows with these values, by their key, as the steps have left them."""
        mine = self._rows.get(kind.table.name)
        there = self.store.find(kind, **where)
        if not mine:
            return there
        found: dict[Key, Any] = {row.key: row for row in there if row.key not in mine}
        for key in self._between(kind.table, mine, where):
            row = mine[key]
            if row is not None and matches(row, where):
                found[key] = row
        return [found[key] for key in sorted(found)]

    def _between(
        self, table: Table, mine: dict[Key, Row | None], where: dict[str, Any]
    ) -> Iterable[Key]:
        """The rows of ours that could be meant: by one field where one that is kept is named."""
        for name in _indexed(table):
            if name in where:
                said = where[name] if isinstance(where[name], tuple) else (where[name],)
                ends = self._ends.get((table.name, name), {})
                return [key for value in dict.fromkeys(said) for key in ends.get(value, {})]
        return mine

    def keys(self, kind: type[Row], start: str, *, at_most: int) -> Sequence[Key]:
        """Keys of rows whose first part begins so, in order."""
        mine = self._rows.get(kind.table.name, {})
        gone = sum(row is None for row in mine.values())
        there = self.store.keys(kind, start, at_most=at_most + gone)
        found = {key for key in there if key not in mine}
        found |= {key for key, row in mine.items() if row and str(key[0]).startswith(start)}
        return sorted(found)[:at_most]

    def events(self, after: int, *, at_most: int = EVENTS_MAX) -> Sequence[Event]:
        """What happened behind this number; what the steps tell has no number yet."""
        return self.store.events(after, at_most=at_most)

    def events_of(self, subject: str, *, at_most: int) -> Sequence[Event]:
        """The newest that happened to one subject, in order; nothing that the steps tell."""
        return self.store.events_of(subject, at_most=at_most)

    def made(self, of: tuple[type[Row], ...], make: Callable[[PrivateReader], Made]) -> Made:
        """What `make` finds; anew where a step has touched such rows."""
        touched = any(kind.table.name in self._rows for kind in of)
        return make(self) if touched else self.store.made(of, make)

    # --- steps

    def apply(self, change: Change) -> Sequence[Event]:
        """The change is the next step; its events have no number yet. Raises ChangedError."""
        for one in change.seen:
            name = one.kind.table.name
            mine = self._rows.get(name, {})
            if one.key in mine and mine[one.key] != one.row:
                raise ChangedError(name, one.key)
        for one in change.seen:
            name = one.kind.table.name
            if one.key not in self._rows.get(name, {}):
                self._seen.setdefault((name, one.key), one)
        for drop in change.drops:
            self._put(drop.kind, drop.key, None)
        for row in change.puts:
            self._put(type(row), row.key, row)
        self._events += change.events
        return change.events

    def _put(self, kind: type[Row], key: Key, row: Row | None) -> None:
        table = kind.table
        self._kinds[table.name] = kind
        mine = self._rows.setdefault(table.name, {})
        before = mine.get(key)
        mine[key] = row
        for name in _indexed(table):
            ends = self._ends.setdefault((table.name, name), {})
            if before is not None:
                ends[getattr(before, name)].pop(key, None)
            if row is not None:
                ends.setdefault(getattr(row, name), {})[key] = None

    def checkpoint(self, message: str) -> bool:
        """Nothing here is in any history."""
        del message
        return False

    def versions(self, kind: type[Row], /, *key: str | int) -> Sequence[Version]:
        """None: what is not made yet has no history."""
        del kind, key
        return ()

    def collect(self) -> None:
        """Nothing here is stored."""

    def close(self) -> None:
        """Nothing here is open; the store behind is not ours to close."""


def _indexed(table: Table) -> tuple[str, ...]:
    """The fields by which rows of the table are looked for."""
    return tuple(dict.fromkeys((table.key[0], *(names[0] for names in table.indexes))))
