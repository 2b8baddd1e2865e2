"""A ledger's history: its commits, its tables as one of them had them, and what lies between two.

A commit is named by its hash, `HEAD`, `HEAD~n`, or a date: the last one not after it.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from ledger.dolt.engine import Database
from ledger.dolt.projection import cells_of, from_cells
from ledger.store import Commit, StoreError
from ledger.tables import BY_NAME, Table

NOBODY: Final = "wasteland.invalid"  # an address must stand there; nobody's does
_HASH: Final = re.compile(r"[0-9a-v]{7,40}")
_HEAD: Final = re.compile(r"HEAD(?:~([0-9]{1,6}))?")
CHANGES: Final = {"added": "added", "removed": "removed", "modified": "modified"}


class NoCommitError(StoreError):
    """No commit is called so, or none is so old."""

    code: ClassVar[str] = "id.commit"
    hint: ClassVar[str] = "`wl log` lists the commits."
    exit: ClassVar[int] = 3

    def __init__(self, said: str) -> None:
        super().__init__(f"no commit is {said!r}")
        self.said = said


class History:
    """The commits of one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def checkpoint(self, message: str) -> str | None:
        """Everything versioned is in a commit; None when nothing had changed."""
        town = self.database.town or "town"
        author = f"{town} <{town}@{NOBODY}>"
        made = self.database.call(
            "dolt_commit", "-A", "-m", message, "--skip-empty", "--author", author
        )
        return str(made) if made else None

    def commits(self, limit: int) -> list[Commit]:
        """The newest commits first."""
        sql = "SELECT commit_hash, message, date FROM dolt_log LIMIT ?"
        return [
            Commit(id=str(commit), message=str(message), at=_instant(str(date)))
            for commit, message, date in self.database.all(sql, (limit,))
        ]

    def resolve(self, said: str) -> str:
        """The hash of a commit. Raises NoCommitError."""
        head = _HEAD.fullmatch(said)
        if head is not None:
            return self._nth(int(head[1] or 0), said)
        if _HASH.fullmatch(said):
            sql = "SELECT commit_hash FROM dolt_log WHERE commit_hash >= ? AND commit_hash < ?"
            found = self.database.all(sql, (said, said + "~"))
            if len(found) == 1:
                return str(found[0][0])
        return self._before(said)

    def _nth(self, number: int, said: str) -> str:
        sql = "SELECT commit_hash FROM dolt_log LIMIT 1 OFFSET ?"
        found = self.database.one(sql, (number,))
        if found is None:
            raise NoCommitError(said)
        return str(found[0])

    def _before(self, said: str) -> str:
        """The last commit of a day, or not after a time."""
        try:
            when = datetime.fromisoformat(said)
        except ValueError:
            raise NoCommitError(said) from None
        whole_day = len(said) <= len("2026-12-31")
        plain = (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
        text = plain.strftime("%Y-%m-%d" if whole_day else "%Y-%m-%d %H:%M:%S")
        sql = "SELECT commit_hash FROM dolt_log WHERE date <= ? LIMIT 1"
        found = self.database.one(sql, (f"{text} 23:59:59" if whole_day else text,))
        if found is None:
            raise NoCommitError(said)
        return str(found[0])

    def as_of(self, commit: str, name: str) -> Iterator[dict[str, Any]]:
        """The rows of a table as a commit had them, by key."""
        table = _table(name)
        columns = cells_of(self.database, table)
        reference = self.resolve(commit)
        if self._is_first(reference):
            return
        there = self.database.at(name, reference)
        sql = f"SELECT {columns} FROM {there} ORDER BY `{table.key}`"  # noqa: S608
        for cells in self.database.all(sql):
            yield from_cells(table, cells)

    def _is_first(self, reference: str) -> bool:
        """Whether it is the commit that a file begins with, which has no table yet."""
        count = self.database.one("SELECT count(*) FROM dolt_log")
        sql = "SELECT commit_hash FROM dolt_log LIMIT 1 OFFSET ?"
        first = self.database.one(sql, (int(count[0]) - 1 if count else 0,))
        return first is not None and str(first[0]) == reference

    def changes(self, first: str, last: str, name: str) -> Iterator[Mapping[str, Any]]:
        """Rows that differ between two commits: `change`, `before`, `after`."""
        table = _table(name)
        one, other = self.resolve(first), self.resolve(last)
        if one == other:
            return
        columns = ", ".join(
            cells_of(self.database, table, prefix=side) for side in ("from_", "to_")
        )
        sql = f"SELECT diff_type, {columns} FROM {self.database.between(name, one, other)}"  # noqa: S608
        width = len(table.columns)
        found = []
        for cells in self.database.all(sql):
            change = CHANGES[str(cells[0])]
            before = from_cells(table, cells[1 : 1 + width]) if change != "added" else None
            after = from_cells(table, cells[1 + width :]) if change != "removed" else None
            if before != after:
                found.append({"change": change, "before": before, "after": after})
        yield from sorted(found, key=lambda c: str((c["after"] or c["before"] or {})[table.key]))  # type: ignore[index]

    def collect(self) -> None:
        """Storage that nothing refers to was given back."""
        self.database.call("dolt_gc")


def _table(name: str) -> Table:
    return BY_NAME[name]


def _instant(date: str) -> str:
    return date[:19].replace(" ", "T") + "Z"
