"""Rows that others wrote without a record, made fit to be kept and shown (records 7.6).

Anything may stand in a row that came by a file: a number where a list belongs, half a character, a
number that is none. Each value becomes one of its column's kind, or none at all. Pure; it never
refuses a row, because a commons with one odd row is still worth reading.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

from ledger.tables import BY_NAME, Row, Table

TAGS_MAX: Final = 64
STATUS_CHARS_MAX: Final = 32  # as wide as its column in a commons; items are counted by it
NUMBER_MAX: Final = 2**31 - 1
NUMBERS: Final = frozenset({"priority", "sandbox_required"})


def plain(row: Row) -> Row:
    """The row with every value of a kind that its column can hold."""
    table = BY_NAME.get(row.table)
    if table is None:
        return row
    values = {name: _value(table, name, said) for name, said in row.values.items()}
    return Row(row.table, row.key, values)


def _value(table: Table, name: str, said: Any) -> Any:
    if name in table.json:
        return _tags(said) if name == "tags" else _json(said)
    if isinstance(said, Mapping | list | tuple):
        return None
    if isinstance(said, float) and not math.isfinite(said):
        return None
    if table.name == "wanted":
        return _of_wanted(name, said)
    return _text(said) if isinstance(said, str) else said


def _of_wanted(name: str, said: Any) -> Any:
    """A number, where the board counts with one; elsewhere the text of it."""
    if name in NUMBERS:
        whole = isinstance(said, int) and abs(said) <= NUMBER_MAX
        return int(said) if whole else None
    if said is None or isinstance(said, bool):
        return None
    return _text(str(said))[: STATUS_CHARS_MAX if name == "status" else None]


def _text(said: str) -> str:
    """The text without halves of characters, which no database and no page can hold."""
    return said.encode("utf-8", "replace").decode("utf-8")


def _tags(said: Any) -> list[str] | None:
    if not isinstance(said, list):
        return None
    return [_text(tag) for tag in said[:TAGS_MAX] if isinstance(tag, str)]


def _json(said: Any) -> Any:
    """A value of a JSON column as it came, but for what is no JSON."""
    if isinstance(said, Mapping):
        return {_text(str(key)): _json(value) for key, value in said.items()}
    if isinstance(said, list | tuple):
        return [_json(value) for value in said]
    if isinstance(said, float) and not math.isfinite(said):
        return None
    return _text(said) if isinstance(said, str) else said
