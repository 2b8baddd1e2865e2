"""The private database's port over one Dolt database: SQL made from what the row types say.

A field without a value is NULL and reads as its default, so that a column which came later needs
no rewriting. It knows no table by name but the one of events.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from ledger.dolt.engine import BusyError, Database
from ledger.dolt.private_schema import columns_of, fit
from ledger.private.rows import Event, Field, Key, Row, Some, fields_of
from ledger.private.store import (
    EVENTS_MAX,
    Change,
    ChangedError,
    Made,
    PrivateReader,
    Seen,
    Version,
)
from stamps.clock import SECOND_US

LAST_CHARACTER: Final = "\U0010ffff"
ASKED_MAX: Final = 500
_NOTHING: Final[tuple[Any, ...]] = (None, "", (), {})


def open_private_doltlite(path: Path, *, town: str) -> "DoltPrivate":
    """The private database in this file, made where there is none. Raises StoreError."""
    return _opened(Database(path, town=town))


def open_private_server(url: str, *, town: str) -> "DoltPrivate":
    """The private database in one of a Dolt server, which must be there. Raises StoreError."""
    from ledger.dolt.server import ServerDatabase  # noqa: PLC0415  # its driver only when asked for

    return _opened(ServerDatabase(url, town=town))


def _opened(database: Database) -> "DoltPrivate":
    try:
        fit(database)
    except BaseException:
        database.close()
        raise
    return DoltPrivate(database)


class DoltPrivate:
    """One private database, used by one thread at a time."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def get(self, kind: type[Some], /, *key: str | int) -> Some | None:
        """The row under the key."""
        row = self.database.one(f"{_select(kind)} WHERE {_by_key(kind)}", key)
        return _maker(kind)(row) if row is not None else None

    def find(self, kind: type[Some], /, **where: Any) -> Sequence[Some]:
        """The rows with these values, in order of their key."""
        condition, parameters = _condition(kind, where)
        order = ", ".join(f"`{name}`" for name in kind.table.key)
        found = self.database.all(f"{_select(kind)}{condition} ORDER BY {order}", parameters)
        return list(map(_maker(kind), found))

    def keys(self, kind: type[Row], start: str, *, at_most: int) -> Sequence[Key]:
        """Keys of rows whose first part begins so, in order."""
        names = ", ".join(f"`{name}`" for name in kind.table.key)
        sql = (
            f"SELECT {names} FROM {kind.table.name} WHERE `{kind.table.key[0]}` >= ?"  # noqa: S608
            f" AND `{kind.table.key[0]}` < ? ORDER BY {names} LIMIT {int(at_most)}"
        )
        return [tuple(row) for row in self.database.all(sql, (start, start + LAST_CHARACTER))]

    def events(self, after: int, *, at_most: int = EVENTS_MAX) -> Sequence[Event]:
        """What happened behind this number, in order."""
        sql = f"{_select(Event)} WHERE seq > ? ORDER BY seq LIMIT {int(at_most)}"
        return list(map(_maker(Event), self.database.all(sql, (after,))))

    def events_of(self, subject: str, *, at_most: int) -> Sequence[Event]:
        """The newest that happened to one subject, in order."""
        condition, parameters = _condition(Event, {"subject": subject})
        sql = f"{_select(Event)}{condition} ORDER BY seq DESC LIMIT {int(at_most)}"
        return list(map(_maker(Event), self.database.all(sql, parameters)))[::-1]

    def made(self, of: tuple[type[Row], ...], make: Callable[[PrivateReader], Made]) -> Made:
        """What `make` finds, each time anew."""
        del of
        return make(self)

    def apply(self, change: Change) -> Sequence[Event]:
        """Everything of the change is durable. Raises ChangedError, StoreError."""
        try:
            return self._apply(change)
        except BusyError as error:
            if not self.database.shared:
                raise
            raise ChangedError("database", ()) from error  # another node's change came first

    def _apply(self, change: Change) -> Sequence[Event]:
        with self.database.transaction():
            self._check(change.seen)
            for drop in change.drops:
                sql = f"DELETE FROM {drop.kind.table.name} WHERE {_by_key(drop.kind)}"  # noqa: S608
                self.database.run(sql, drop.key)
            told = self._numbered(change.events)
            for kind, rows in _by_kind((*change.puts, *told)):
                self.database.many(_replace(kind), (_cells(row) for row in rows))
        return told

    def _check(self, seen: Sequence[Seen]) -> None:
        """Every row is as it was seen; many of one type are asked for together. Raises."""
        by_kind: dict[type[Row], list[Seen]] = {}
        for one in seen:
            by_kind.setdefault(one.kind, []).append(one)
        for kind, several in by_kind.items():
            for start in range(0, len(several), ASKED_MAX):
                part = several[start : start + ASKED_MAX]
                there = self._under(kind, [one.key for one in part])
                for one in part:
                    if there.get(one.key) != one.row:
                        raise ChangedError(kind.table.name, one.key)

    def _under(self, kind: type[Row], keys: Sequence[Key]) -> Mapping[Key, Row]:
        """The rows under these keys."""
        if len(kind.table.key) > 1 or len(keys) == 1:
            found = [self.get(kind, *key) for key in keys]
        else:
            found = [*self.find(kind, **{kind.table.key[0]: tuple(key[0] for key in keys)})]
        return {row.key: row for row in found if row is not None}

    def _numbered(self, events: Sequence[Event]) -> Sequence[Event]:
        if not events:
            return ()
        row = self.database.one("SELECT max(seq) FROM local_event")
        last = int(row[0]) if row is not None and row[0] is not None else 0
        return [
            msgspec.structs.replace(event, seq=last + number)
            for number, event in enumerate(events, 1)
        ]

    def checkpoint(self, message: str) -> bool:
        """The versioned tables are in the history as they are; False where nothing had changed."""
        if self.database.one("SELECT 1 FROM dolt_status LIMIT 1") is None:
            return False
        self.database.call("dolt_commit", "-A", "-m", message, "--skip-empty")
        return True

    def versions(self, kind: type[Row], /, *key: str | int) -> Sequence[Version]:
        """The row as it was after each commit that changed it, the newest first."""
        found: list[Version] = []
        for commit, author, date, *cells in self.database.all(_history(kind), key):
            row = _maker(kind)(cells)
            if found and found[-1].row == row:
                found.pop()  # the older commit is the one that made it so
            found.append(Version(commit=str(commit), at=_moment(date), author=str(author), row=row))
        return found

    def collect(self) -> None:
        """Storage that nothing refers to is given back."""
        self.database.call("dolt_gc")

    def close(self) -> None:
        """Nothing of the store is open any more."""
        self.database.close()


def _moment(date: Any) -> int:
    """Microseconds since 1970 UTC of a commit's date, which both engines say in UTC."""
    when = datetime.fromisoformat(str(date)).replace(tzinfo=UTC)
    return int(when.timestamp()) * SECOND_US + when.microsecond


def _by_kind(rows: Iterable[Row]) -> Iterable[tuple[type[Row], Iterable[Row]]]:
    """The rows by their types; of two under one key the later one."""
    found: dict[type[Row], dict[Key, Row]] = {}
    for row in rows:
        found.setdefault(type(row), {})[row.key] = row
    return [(kind, kept.values()) for kind, kept in found.items()]


@cache
def _select(kind: type[Row]) -> str:
    names = ", ".join(f"`{column.name}`" for column in columns_of(kind))
    return f"SELECT {names} FROM {kind.table.name}"  # noqa: S608  # names are our own


@cache
def _history(kind: type[Row]) -> str:
    """The row at every commit; a Dolt server takes one for all where the key stands inside."""
    names = ", ".join(f"`{column.name}`" for column in columns_of(kind))
    told = f"commit_hash, committer, commit_date, {names}"
    inner = f"SELECT * FROM dolt_history_{kind.table.name}"  # noqa: S608  # names are our own
    return (
        f"SELECT {told} FROM ({inner}) AS h WHERE {_by_key(kind)}"  # noqa: S608
        " ORDER BY commit_date DESC"
    )


@cache
def _replace(kind: type[Row]) -> str:
    columns = columns_of(kind)
    names = ", ".join(f"`{column.name}`" for column in columns)
    marks = ", ".join("?" for _ in columns)
    return f"REPLACE INTO {kind.table.name} ({names}) VALUES ({marks})"  # noqa: S608


@cache
def _by_key(kind: type[Row]) -> str:
    return " AND ".join(f"`{name}` = ?" for name in kind.table.key)


def _condition(kind: type[Row], where: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
    if not where:
        return "", ()
    fields = {field.name: field for field in fields_of(kind)}
    parts: list[str] = []
    parameters: list[Any] = []
    for name, value in where.items():
        cells = [
            _cell(fields[name], one) for one in (value if isinstance(value, tuple) else (value,))
        ]
        told = [cell for cell in cells if cell is not None]
        ways = [f"`{name}` IN ({', '.join('?' for _ in told)})"] if told else []
        ways += [f"`{name}` IS NULL"] if len(told) < len(cells) else []
        parts.append(f"({' OR '.join(ways or ['1 = 0'])})")
        parameters += told
    return f" WHERE {' AND '.join(parts)}", tuple(parameters)


def _cell(field: Field, value: Any) -> Any:
    if not field.required and value == field.default and value in _NOTHING:
        return None
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, tuple | Mapping):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return value


def _cells(row: Row) -> tuple[Any, ...]:
    return tuple(_cell(column.field, getattr(row, column.name)) for column in columns_of(type(row)))


@cache
def _maker(kind: type[Some]) -> Callable[[Sequence[Any]], Some]:
    """How a row is made of its cells: a function written for the type, twice as fast as others.

    A cell that is NULL is the field's default.
    """
    known: dict[str, Any] = {"kind": kind}
    parts = []
    for at, column in enumerate(columns_of(kind)):
        known[f"default{at}"], known[f"read{at}"] = column.field.default, column.read
        value = f"cell{at}" if column.read is None else f"read{at}(cell{at})"
        told = value if column.field.required else f"default{at} if cell{at} is None else {value}"
        parts.append(f"{column.name}={told}")
    cells = "".join(f"cell{at}, " for at in range(len(parts)))
    written = f"def made(cells):\n    {cells}= cells\n    return kind({', '.join(parts)})"
    exec(written, known)  # noqa: S102  # of names that the row types give their fields
    made: Callable[[Sequence[Any]], Some] = known["made"]
    return made
