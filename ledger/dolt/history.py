"""A ledger's history: its commits, its tables as one of them had them, and what lies between two.

A commit is named by its hash, `HEAD`, `HEAD~n`, or a date: the last one not after it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ledger.commits import NoCommitError, back_from_head, is_hash, moment
from ledger.dolt.cells import cells_of, from_cells
from ledger.dolt.engine import Database
from ledger.store import Commit
from ledger.tables import BY_NAME, Table

NOBODY: Final = "wasteland.invalid"  # an address must stand there; nobody's does
CHANGES: Final = {"added": "added", "removed": "removed", "modified": "modified"}


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
        back = back_from_head(said)
        if back is not None:
            return self._only("SELECT commit_hash FROM dolt_log LIMIT 1 OFFSET ?", back, said)
        if is_hash(said):
            sql = "SELECT commit_hash FROM dolt_log WHERE commit_hash >= ? AND commit_hash < ?"
            found = self.database.all(sql, (said, said + "~"))
            if len(found) == 1:
                return str(found[0][0])
        sql = "SELECT commit_hash FROM dolt_log WHERE date <= ? LIMIT 1"
        return self._only(sql, moment(said), said)

    def _only(self, sql: str, parameter: Any, said: str) -> str:
        found = self.database.one(sql, (parameter,))
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
