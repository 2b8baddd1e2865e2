"""A connection to a ledger's database, and what its failures mean.

One connection, used by one thread at a time; every transaction is asked for (`BEGIN IMMEDIATE`),
so that a reader never becomes a writer half way. An engine other than ours is refused: a store that
falls back to another one silently is the worst bug that this product can have.
"""

import re
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from ledger.store_errors import StoreDamagedError, StoreError, StoreFullError

BUSY_S = 10.0
STATEMENTS_MAX = 512
TOGETHER = 100
CACHE_KIB = 16 << 10  # the engine's own 64 MiB make a node larger and nothing faster
FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
PRIMARY = 0xFF  # the low byte of an extended result code
SPANS_AT_ONCE = 64
Row = tuple[Any, ...]
Span = tuple[str, str]
Some = TypeVar("Some")
_KEY = itemgetter(slice(0, 3))
_PLAIN_VALUES = re.compile(r"(.* VALUES )(\((?:\?, )*\?\))", re.DOTALL)


def part_of(values: Sequence[Some], size: int) -> Iterator[Sequence[Some]]:
    """The values in parts of at most so many."""
    for at in range(0, len(values), size):
        yield values[at : at + size]


class EngineError(StoreError):
    """The embedded engine is not what answers behind `sqlite3` in this interpreter."""

    code: ClassVar[str] = "store.engine"
    hint: ClassVar[str] = (
        "Use a Python that links SQLite as a library (a system or Homebrew Python, not uv's),"
        " or keep the ledger in a Dolt server; README says how."
    )
    exit: ClassVar[int] = 6


class BusyError(StoreError):
    """Another process writes this ledger."""

    code: ClassVar[str] = "store.locked"
    hint: ClassVar[str] = "Start the node (wl up): commands then share it."
    retryable: ClassVar[bool] = True


def meaning(error: BaseException | None) -> StoreError:
    """What a failure of the driver means for whoever called."""
    code = getattr(error, "sqlite_errorcode", None)
    text = str(error)
    if code is None:
        return StoreError(text)
    primary = int(code) & PRIMARY
    if primary in FULL:
        return StoreFullError(f"the disk is full or cannot be written: {text}")
    if primary in DAMAGED:
        return StoreDamagedError(text)
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return BusyError(text)
    return StoreError(text)


class Database:
    """One database, and the few ways in which the store talks to it."""

    shared = False  # whether others may write it while we do

    def __init__(self, path: Path, *, town: str) -> None:
        self.path = path
        self.town = town
        self._driver: Any = _connected(path, town)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is durable together, or not there. Raises StoreError."""
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):  # the engine may have ended the transaction by itself
            self._driver.execute("ROLLBACK")

    def run(self, sql: str, parameters: Row = ()) -> None:
        """One statement. Raises StoreError."""
        try:
            self._driver.execute(sql, parameters)
        except sqlite3.Error as error:
            raise meaning(error) from error

    def many(self, sql: str, rows: Iterable[Row]) -> None:
        """One statement for many rows, in key order: any other costs twice. Raises StoreError."""
        ordered = sorted(rows, key=_KEY)
        if ordered:
            self.ordered(sql, ordered)

    def ordered(self, sql: str, rows: Iterable[Row]) -> None:
        """One statement for many rows that are in key order already. Raises StoreError.

        Where it can, it takes a hundred of them at once, which costs half as much.
        """
        left = list(rows)
        plain = _PLAIN_VALUES.fullmatch(sql)
        try:
            if plain is not None and len(left) >= TOGETHER:
                whole = len(left) - len(left) % TOGETHER
                parts = part_of(left[:whole], TOGETHER)
                together = plain[1] + ", ".join([plain[2]] * TOGETHER)
                self._driver.executemany(together, (tuple(chain(*part)) for part in parts))
                left = left[whole:]
            self._driver.executemany(sql, left)
        except sqlite3.Error as error:
            raise meaning(error) from error

    def all(self, sql: str, parameters: Row = ()) -> Sequence[Row]:
        """All rows of a question. Raises StoreError."""
        try:
            found: Sequence[Row] = self._driver.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise meaning(error) from error
        return found

    def one(self, sql: str, parameters: Row = ()) -> Row | None:
        """The first row of a question, None without one. Raises StoreError."""
        found = self.all(sql, parameters)
        return found[0] if found else None

    # --- what the two engines say differently

    def within(self, asked: str, column: str, spans: Sequence[Span]) -> list[Row]:
        """The rows whose column lies in a span: its first, behind its last. Raises StoreError.

        `asked` ends in `WHERE` or `AND`. Spans do not overlap; rows come in any order.
        """
        found: list[Row] = []
        for part in part_of(spans, SPANS_AT_ONCE):
            found += self.all(self.spanned(asked, column, len(part)), tuple(chain(*part)))
        return found

    def spanned(self, asked: str, column: str, count: int) -> str:
        """The question of `within` for so many spans."""
        return " UNION ALL ".join([f"{asked} {column} >= ? AND {column} < ?"] * count)

    def has_table(self, name: str) -> bool:
        """Whether the table is there."""
        row = self.one("SELECT count(*) FROM sqlite_master WHERE name = ?", (name,))
        return bool(row and row[0])

    def columns(self, table: str) -> frozenset[str]:
        """The names of the table's columns."""
        found = self.all("SELECT name FROM pragma_table_info(?)", (table,))
        return frozenset(str(row[0]) for row in found)

    def create(self, name: str, columns: str) -> None:
        """The table is there."""
        self.run(f"CREATE TABLE IF NOT EXISTS {name} ({columns}) WITHOUT ROWID")

    def json_cell(self, column: str) -> str:
        """What to select for a column of JSON, to get its text."""
        return f"`{column}`"

    def at(self, table: str, reference: str) -> str:
        """What to select from for a table as a commit (a hash) had it."""
        return f"dolt_at_{table}('{reference}')"

    def between(self, table: str, first: str, last: str) -> str:
        """What to select from for the rows that differ between two commits (hashes)."""
        return f"dolt_diff_{table}('{first}', '{last}')"

    def keep_before(self, version: int) -> Path | None:
        """A copy of everything from before a migration; the town's lock keeps others away."""
        copy = self.path.with_name(
            f"{self.path.stem}.before-schema-{version + 1}{self.path.suffix}"
        )
        shutil.copy2(self.path, copy)
        return copy

    def call(self, procedure: str, *arguments: str) -> Any:
        """What a Dolt procedure answers."""
        marks = ", ".join("?" for _ in arguments)
        row = self.one(f"SELECT {procedure}({marks})", arguments)
        return row[0] if row is not None else None

    def close(self) -> None:
        """No connection is left."""
        self._driver.close()


def _connected(path: Path, town: str) -> sqlite3.Connection:
    """A connection in which every transaction is asked for. Raises StoreError."""
    try:
        connection = sqlite3.connect(
            path,
            timeout=BUSY_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=STATEMENTS_MAX,
        )
    except sqlite3.Error as error:
        raise meaning(error) from error
    try:
        _assert_ours(connection, path)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.execute("SELECT dolt_config('user.name', ?)", (town or "town",))
    except sqlite3.Error as error:
        connection.close()
        raise meaning(error) from error
    except StoreError:
        connection.close()
        raise
    return connection


def _assert_ours(connection: Any, path: Path) -> None:
    """The engine is the embedded Dolt, and the file is its own. Raises EngineError."""
    try:
        found = connection.execute("SELECT doltlite_engine()").fetchone()[0]
    except sqlite3.OperationalError as error:
        raise EngineError("the embedded engine did not load in this process") from error
    except sqlite3.DatabaseError as error:
        raise StoreDamagedError(f"{path.name}: {error}") from error
    if found != "prolly":
        raise EngineError(f"{path.name} was made by another engine ({found})")
    if connection.execute("SELECT active_branch()").fetchone()[0] != "main":
        raise EngineError(f"{path.name} is not on its main branch")
