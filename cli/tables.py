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
    },
}
