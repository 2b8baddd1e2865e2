"""Rows that others wrote without signing them, read from a folder of one branch's tables.

The folder holds `<table>.json` lists and `_log.json`, whose newest commit is the provenance, as
`dolt sql -r json` prints tables and `dolt_log`, or the lists alone. A row
becomes an observation: shown, marked, never forwarded, never a record (records 7.6).
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ledger.store import Observed
from ledger.tables import COMMONS, Row, Table
from town.market.errors import FileProblemError

FILE_BYTES_MAX = 256 << 20
ROWS_MAX = 1_000_000
CELL_CHARS_MAX = 65_536
KEY_CHARS_MAX = 512
SHOWN = tuple(table for table in COMMONS if table.name != "_meta")


def read_rows(folder: Path, *, source: str, now: int) -> list[Observed]:
    """The rows of every known table in the folder. Raises FileProblemError."""
    if not folder.is_dir():
        raise FileProblemError(str(folder), "it is no folder")
    commit, at = _provenance(folder, now)
    found = [
        Observed(row=row, source=source or _name(folder), commit=commit, seen_at=at)
        for table in SHOWN
        for row in _rows(folder, table)
    ]
    if not found and not (folder / "wanted.json").is_file():
        raise FileProblemError(str(folder), "it has no wanted.json")
    return found


def _provenance(folder: Path, now: int) -> tuple[str, int]:
    commits = _list(folder / "_log.json")
    if not commits:
        return "", now
    newest = max(commits, key=lambda commit: str(commit.get("date", "")))
    return str(newest.get("commit_hash", ""))[:64], _time(str(newest.get("date", "")), now)


def _time(text: str, now: int) -> int:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return now
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1_000_000)


def _name(folder: Path) -> str:
    meta = {str(row.get("key")): row.get("value") for row in _list(folder / "_meta.json")}
    said = meta.get("wasteland_name") or "/".join(folder.resolve().parts[-2:])
    return str(said)[:KEY_CHARS_MAX]


def _rows(folder: Path, table: Table) -> list[Row]:
    rows = _list(folder / f"{table.name}.json")
    if len(rows) > ROWS_MAX:
        raise FileProblemError(f"{table.name}.json", f"it has more than {ROWS_MAX} rows")
    return [_row(table, row) for row in rows]


def _row(table: Table, row: Mapping[str, Any]) -> Row:
    key = row.get(table.key)
    if not isinstance(key, str) or not 0 < len(key) <= KEY_CHARS_MAX:
        raise FileProblemError(f"{table.name}.json", f"a row has no {table.key}")
    values = {name: _cell(table, name, row.get(name)) for name in table.columns}
    return Row(table.name, key, values)


def _cell(table: Table, name: str, value: Any) -> Any:
    if name in table.json and isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    plain = value if isinstance(value, str | int | float | bool | list | dict) else None
    if len(plain if isinstance(plain, str) else json.dumps(plain)) > CELL_CHARS_MAX:
        raise FileProblemError(f"{table.name}.json", f"{name} is over {CELL_CHARS_MAX} characters")
    return plain


def _list(path: Path) -> list[Mapping[str, Any]]:
    if not path.is_file():
        return []
    if path.stat().st_size > FILE_BYTES_MAX:
        raise FileProblemError(str(path), f"it is over {FILE_BYTES_MAX} bytes")
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise FileProblemError(str(path), f"it is no JSON ({error})") from error
    if isinstance(value, dict) and set(value) <= {"rows"}:
        value = value.get("rows", [])  # as `dolt sql -r json` prints it; no rows are no word
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise FileProblemError(str(path), "a list of rows is needed")
    return value
