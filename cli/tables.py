"""Lists as tables for people: columns that fit the terminal, whatever strangers wrote in them.

Each list schema names its columns here. What a schema without columns holds is printed as
`key  value` lines.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cli.escape import cut, one_line, width

Cell = Callable[[Mapping[str, Any]], str]
GAP = "  "
CELL_MIN = 6
SHORT = 12


def _pick(*path: str) -> Cell:
    def cell(row: Mapping[str, Any]) -> str:
        value: Any = row
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        if isinstance(value, list | tuple):
            return ", ".join(str(item) for item in value)
        return "" if value is None else str(value)

    return cell


def _either(*cells: Cell) -> Cell:
    return lambda row: next((text for text in (cell(row) for cell in cells) if text), "")


def _short(name: str) -> Cell:
    """An id as people tell two of them apart."""
    plain = _pick(name)
    return lambda row: plain(row)[:SHORT]


def _mark(row: Mapping[str, Any]) -> str:
    """A mark only where nobody vouches for a row: a page of green ticks teaches nothing."""
    return "" if row.get("signed", True) else "unsigned"


def _hundredths(name: str) -> Cell:
    def cell(row: Mapping[str, Any]) -> str:
        value = row.get(name)
        return f"{value / 100:.1f}" if isinstance(value, int) else ""

    return cell


def _some(name: str) -> Cell:
    """A number, and nothing where it is none."""
    plain = _pick(name)
    return lambda row: "" if plain(row) == "0" else plain(row)


def _current(row: Mapping[str, Any]) -> str:
    return "current" if row.get("current") else ""


def _here(row: Mapping[str, Any]) -> str:
    return "" if not row.get("here") else "ours" if row.get("own") else "yes"


def _grades(row: Mapping[str, Any]) -> str:
    grades = row.get("dims")
    plain = grades.items() if isinstance(grades, Mapping) else ()
    return ", ".join(f"{name} {grade}" for name, grade in plain)


def rows_of(data: Any) -> list[Mapping[str, Any]] | None:
    """The rows of a list answer, or None when it is no list."""
    if isinstance(data, Mapping):
        data = next((data[name] for name in ("items", "rows", "entries") if name in data), None)
    if isinstance(data, list | tuple) and all(isinstance(row, Mapping) for row in data):
        return list(data)
    return None


def table_lines(schema: str, data: Any, *, width: int) -> list[str]:
    """The lines that show this data; every cell escaped."""
    rows = rows_of(data)
    if rows is None:
        return _pairs(data)
    if not rows:
        return ["nothing here"]
    columns = COLUMNS.get(schema) or {name: _pick(name) for name in rows[0]}
    cells = [[one_line(cell(row)) for cell in columns.values()] for row in rows]
    return _arranged([list(columns), *cells], room=width)


def _pairs(data: Any) -> list[str]:
    if not isinstance(data, Mapping):
        return [] if data is None else [one_line(str(data))]
    size = max((len(str(name)) for name in data), default=0)
    return [
        f"{name!s:<{size}}{GAP}{one_line(str(value))}"
        for name, value in data.items()
        if value not in (None, "", [], {}) and not isinstance(value, Mapping)
    ]


def _arranged(grid: Sequence[Sequence[str]], *, room: int) -> list[str]:
    kept = [at for at in range(len(grid[0])) if any(line[at] for line in grid[1:])]
    sizes = {at: max(width(line[at]) for line in grid) for at in kept}
    while sum(sizes.values()) + len(GAP) * (len(kept) - 1) > room:
        widest = max(sizes, key=lambda at: sizes[at])
        if sizes[widest] <= CELL_MIN:
            break
        sizes[widest] -= 1
    return [_line([cut(line[at], sizes[at]) for at in kept], list(sizes.values())) for line in grid]


def _line(cells: Sequence[str], sizes: Sequence[int]) -> str:
    padded = [cell + " " * (size - width(cell)) for cell, size in zip(cells, sizes, strict=True)]
    return GAP.join(padded).rstrip()


COLUMNS: Mapping[str, Mapping[str, Cell]] = {
    "wl.v1.items": {
        "id": _either(_pick("short"), _pick("id")),
        "state": _pick("state"),
        "p": _pick("priority"),
        "type": _pick("type"),
        "title": _either(_pick("untrusted", "title"), _pick("title")),
        "poster": _either(_pick("poster", "handle"), _pick("posted_by")),
        "asked": _pick("asked_n"),
        "project": _pick("project"),
        "mark": _mark,
    },
    "wl.v1.blobs": {
        "hash": _short("sha256"),
        "size": _pick("size"),
        "name": _pick("untrusted", "name"),
        "hand-in": _pick("attempt"),
        "here": _here,
    },
    "wl.v1.records": {
        "at": _pick("at"),
        "kind": _pick("kind"),
        "by": _pick("by"),
        "record": _short("id"),
        "effect": _pick("effect"),
    },
    "wl.v1.commits": {"at": _pick("at"), "commit": _short("commit"), "message": _pick("message")},
    "wl.v1.diff": {
        "table": _pick("table"),
        "key": _short("key"),
        "change": _pick("change"),
        "fields": _pick("fields"),
    },
    "wl.v1.leaderboard": {
        "handle": _pick("handle"),
        "done": _pick("completed"),
        "stamps": _pick("stamps"),
        "quality": _hundredths("quality_x100"),
        "against": _some("disowned"),
    },
    "wl.v1.wastelands": {
        "name": _pick("name"),
        "you": _pick("you"),
        "members": _pick("members"),
        "records": _pick("records"),
        "id": _short("id"),
        "": _current,
    },
    "wl.v1.stamps": {
        "stamp": _short("id"),
        "by": _pick("author"),
        "dims": _grades,
        "item": _short("item"),
        "at": _pick("at"),
        "why not": _pick("why_not"),
    },
}
