"""The tables of the private database, made from the row types, and brought up to date.

A table or a column that came later is added; nothing that an older version wrote is rewritten. A
database of a newer version is refused unread.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, get_args, get_origin

import msgspec

from ledger.beads.rows import BEAD_ROWS
from ledger.dolt.engine import Database
from ledger.dolt.version import VERSION_KEY, NewerStoreError
from ledger.private.rows import OF_EVERY_STORE, SHORT_CHARS_MAX, Field, Row, Short, fields_of
from ledger.workspace.alarm import ALARM_ROWS
from ledger.workspace.link import LINK_ROWS
from ledger.workspace.rows import WORKSPACE_ROWS
from ledger.workspace.talk import TALK_ROWS
from ledger.workspace.work import WORK_ROWS

PRIVATE_SCHEMA: Final = 1
KINDS: Final[tuple[type[Row], ...]] = (
    *OF_EVERY_STORE,
    *BEAD_ROWS,
    *WORKSPACE_ROWS,
    *WORK_ROWS,
    *TALK_ROWS,
    *ALARM_ROWS,
    *LINK_ROWS,
)
IGNORED: Final = "local_%"
_META: Final = "name VARCHAR(64) NOT NULL PRIMARY KEY, value LONGTEXT NOT NULL"


Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """How a field lies in its table."""

    field: Field
    sql: str
    read: Read | None

    @property
    def name(self) -> str:
        """The field's name."""
        return self.field.name


# A list is in every row of many, and read five times as fast so.
_list: Final[Read] = msgspec.json.Decoder(tuple[str, ...]).decode
# What a field's type is called in SQL, and how its cell is read where it is not the value itself.
_CELLS: Final[Mapping[Any, tuple[str, Read | None]]] = {
    str: ("LONGTEXT", None),
    Short: (f"VARCHAR({SHORT_CHARS_MAX})", None),
    int: ("BIGINT", None),
    int | None: ("BIGINT", None),
    bool: ("TINYINT(1)", bool),
    tuple: ("LONGTEXT", _list),
    Mapping: ("LONGTEXT", json.loads),
}


@cache
def columns_of(kind: type[Row]) -> tuple[Column, ...]:
    """The columns of a row type's table, those of its key first."""
    fields = {field.name: field for field in fields_of(kind)}
    names = [*kind.table.key, *(name for name in fields if name not in kind.table.key)]
    return tuple(_column(fields[name]) for name in names)


def _column(field: Field) -> Column:
    known = field.type if field.type in _CELLS else _origin(field.type)
    sql, read = _CELLS[known]
    return Column(field, sql, read)


def _origin(type_: Any) -> Any:
    origin = get_origin(type_)
    if origin is tuple and get_args(type_) == (str, ...):
        return tuple
    return Mapping if isinstance(origin, type) and issubclass(origin, Mapping) else type_


def fit(database: Database) -> None:
    """Every table is there with every column. Raises NewerStoreError, StoreError."""
    version = _version(database)
    if version == PRIVATE_SCHEMA:
        return
    if version:
        database.keep_before(version)
    with database.transaction():
        database.create("local_meta", _META)
        for kind in KINDS:
            _fit_table(database, kind)
        if not version:
            sql = "INSERT INTO dolt_ignore (pattern, ignored) VALUES (?, 1)"
            database.run(sql, (IGNORED,))
        sql = "REPLACE INTO local_meta (name, value) VALUES (?, ?)"
        database.run(sql, (VERSION_KEY, str(PRIVATE_SCHEMA)))
    database.call("dolt_commit", "-A", "-m", f"schema {PRIVATE_SCHEMA}", "--skip-empty")


def _version(database: Database) -> int:
    if not database.has_table("local_meta"):
        return 0
    row = database.one("SELECT value FROM local_meta WHERE name = ?", (VERSION_KEY,))
    version = int(row[0]) if row is not None else 0
    if version > PRIVATE_SCHEMA:
        why = f"{database.path.name} has schema {version}, this is {PRIVATE_SCHEMA}"
        raise NewerStoreError(why)
    return version


def _fit_table(database: Database, kind: type[Row]) -> None:
    table = kind.table
    if not database.has_table(table.name):
        database.create(table.name, spelled(kind))
        for number, names in enumerate(table.indexes):
            listed = ", ".join(f"`{name}`" for name in names)
            database.run(f"CREATE INDEX {table.name}_{number} ON {table.name} ({listed})")
        return
    there = database.columns(table.name)
    for column in columns_of(kind):
        if column.name not in there:
            database.run(f"ALTER TABLE {table.name} ADD COLUMN `{column.name}` {column.sql}")


def lacking(database: Database) -> list[str]:
    """Tables, and columns of tables, that the row types have and the database does not."""
    found = []
    for kind in KINDS:
        table = kind.table.name
        if not database.has_table(table):
            found.append(table)
            continue
        there = database.columns(table)
        found += [f"{table}.{one.name}" for one in columns_of(kind) if one.name not in there]
    return found


def complete(database: Database) -> None:
    """Nothing is lacking; what is there stays as it is. Raises StoreError."""
    with database.transaction():
        for kind in KINDS:
            _fit_table(database, kind)
    database.call("dolt_commit", "-A", "-m", "complete the tables", "--skip-empty")


def spelled(kind: type[Row]) -> str:
    """The columns and the key of a table, in words that both engines take."""
    key = kind.table.key
    columns = [
        f"`{column.name}` {column.sql}{' NOT NULL' if column.name in key else ''}"
        for column in columns_of(kind)
    ]
    listed = ", ".join(f"`{name}`" for name in key)
    return f"{', '.join(columns)}, PRIMARY KEY ({listed})"


def shape() -> str:
    """Every table as it is spelled: what a schema's number stands for."""
    told = {kind.table.name: [spelled(kind), *map(list, kind.table.indexes)] for kind in KINDS}
    return msgspec.json.encode(told).decode()
