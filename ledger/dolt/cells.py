"""Rows of the tables: their cells as SQL has them, and as the fold says them.

A row that the table's own rules refuse is not written: no record can stop a fold.
"""

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

import msgspec

from ledger.dolt.engine import Database
from ledger.dolt.engine import Row as Values
from ledger.tables import BY_NAME, Table

_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_CELLS: Final = {name: itemgetter(*table.columns) for name, table in BY_NAME.items()}
_JSON_PLACES: Final = {
    name: tuple(table.columns.index(column) for column in sorted(table.json))
    for name, table in BY_NAME.items()
}


def to_json(value: Any) -> str:
    """The text of a cell that holds a list or an object."""
    return _ENCODER.encode(value).decode()


def to_cells(table: Table, values: Mapping[str, Any]) -> Values:
    """A row's cells in the order of the columns; lists and objects as JSON."""
    try:
        cells = _CELLS[table.name](values)
    except KeyError:  # an unsigned row says what it has
        cells = tuple(values.get(name) for name in table.columns)
    places = _JSON_PLACES[table.name]
    if not places:
        return cells  # type: ignore[no-any-return]  # a tuple: every table has several columns
    spelled = list(cells)
    for place in places:
        if spelled[place] is not None:
            spelled[place] = to_json(spelled[place])
    return tuple(spelled)


def from_cells(table: Table, cells: Values) -> dict[str, Any]:
    """A row by column names; JSON columns parsed."""
    values = dict(zip(table.columns, cells, strict=True))
    for name in table.json:
        if isinstance(values[name], str):
            values[name] = msgspec.json.decode(values[name])
    return values


def _columns(table: Table) -> str:
    return ", ".join(f"`{name}`" for name in table.columns)


def cells_of(database: Database, table: Table, *, prefix: str = "") -> str:
    """What to select for every cell of a row, in the order of the columns."""
    return ", ".join(
        database.json_cell(prefix + name) if name in table.json else f"`{prefix}{name}`"
        for name in table.columns
    )


class Rows:
    """The tables of one database, shown and waiting rows alike."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.cells = {name: cells_of(database, table) for name, table in BY_NAME.items()}

    def row(self, name: str, key: str) -> dict[str, Any] | None:
        """The shown row of a key."""
        table = BY_NAME[name]
        sql = f"SELECT {self.cells[name]} FROM {name} WHERE `{table.key}` = ?"  # noqa: S608
        found = self.database.one(sql, (key,))
        return from_cells(table, found) if found is not None else None

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        """Every shown row, by key, a part at a time."""
        table = BY_NAME[name]
        sql = (
            f"SELECT {self.cells[name]} FROM {name} WHERE `{table.key}` > ?"  # noqa: S608
            f" ORDER BY `{table.key}` LIMIT 1000"
        )
        last = ""
        while found := self.database.all(sql, (last,)):
            for cells in found:
                yield from_cells(table, cells)
            last = str(found[-1][table.columns.index(table.key)])

    def some(self, name: str, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The shown rows of these keys."""
        table = BY_NAME[name]
        marks = ", ".join("?" for _ in keys)
        sql = f"SELECT {self.cells[name]} FROM {name} WHERE `{table.key}` IN ({marks})"  # noqa: S608
        found = self.database.all(sql, tuple(keys)) if keys else ()
        rows = (from_cells(table, cells) for cells in found)
        return {str(row[table.key]): row for row in rows}

    def put(self, name: str, rows: Mapping[str, dict[str, Any] | None], replaced: set[str]) -> None:
        """The rows of these keys are so; None removes one. `replaced` are keys that may have one.

        A row that the table's own rules refuse is left out: no record can stop a fold.
        """
        table = BY_NAME[name]
        marks = ", ".join("?" for _ in table.columns)
        gone = [(key,) for key in rows if key in replaced]
        come = [to_cells(table, row) for row in rows.values() if row is not None]
        delete = f"DELETE FROM {name} WHERE `{table.key}` = ?"  # noqa: S608
        insert = f"INSERT OR IGNORE INTO {name} ({_columns(table)}) VALUES ({marks})"  # noqa: S608
        self.database.many(delete, gone)
        self.database.many(insert, come)
