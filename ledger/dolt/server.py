"""A ledger in a Dolt server: the same statements, spelled for it.

One connection, used by one thread at a time, as with the embedded file. Times come back as the text
that the tables hold; nothing here trusts a server's clock or its time zone.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Final

from pymysql.err import MySQLError
from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from ledger.dolt.engine import BusyError, Database, Row
from ledger.store_errors import StoreError

AGAIN: Final = frozenset({1205, 1213})  # a lock, or another writer was first
GONE: Final = frozenset({2002, 2003, 2006, 2013, 2055})
MANY: Final = 500
_NOTHING: Final = re.compile(r"INSERT INTO (.*?) ON CONFLICT \([^)]*\) DO NOTHING", re.DOTALL)
_UPDATE: Final = re.compile(r"ON CONFLICT \([^)]*\) DO UPDATE SET")
_EXCLUDED: Final = re.compile(r"excluded\.(\w+)")


class ServerGoneError(StoreError):
    """The Dolt server does not answer."""

    code: ClassVar[str] = "store.down"
    hint: ClassVar[str] = "Start the server, then repeat the command; nothing acknowledged is lost."
    retryable: ClassVar[bool] = True


@lru_cache(maxsize=512)
def spelled(sql: str) -> str:
    """A statement as the server takes it."""
    text = sql.replace("%", "%%").replace("?", "%s")
    text = text.replace("INSERT OR IGNORE INTO", "INSERT IGNORE INTO")
    text = _NOTHING.sub(r"INSERT IGNORE INTO \1", text)
    text = _UPDATE.sub("ON DUPLICATE KEY UPDATE", text)
    return _EXCLUDED.sub(r"VALUES(\1)", text)


def meaning(error: BaseException | None) -> StoreError:
    """What a failure of the server means for whoever called."""
    arguments = getattr(error, "args", ())
    code = arguments[0] if arguments and isinstance(arguments[0], int) else 0
    if code in AGAIN:
        return BusyError(str(error))
    return ServerGoneError(str(error)) if code in GONE else StoreError(str(error))


class ServerDatabase(Database):
    """One database of a server, in the words of `Database`."""

    shared = True

    def __init__(self, url: str, *, town: str) -> None:
        self.path = Path()
        self.town = town
        self._engine = create_engine(url, poolclass=StaticPool, isolation_level="AUTOCOMMIT")

        @event.listens_for(self._engine, "connect")
        def _connected(connection: Any, _: Any) -> None:
            with connection.cursor() as cursor:
                cursor.execute("SET time_zone = '+00:00'")

        try:
            self._connection = self._engine.connect()
        except DBAPIError as error:
            raise meaning(error.orig) from error
        self._driver = self._connection.connection.driver_connection

    def run(self, sql: str, parameters: Row = ()) -> None:
        """One statement. Raises StoreError."""
        text = "START TRANSACTION" if sql == "BEGIN IMMEDIATE" else sql
        self._execute(text, parameters)

    def _roll_back(self) -> None:
        self._driver.rollback()

    def _execute(self, sql: str, parameters: Row = ()) -> Sequence[Row]:
        try:
            with self._driver.cursor() as cursor:
                cursor.execute(spelled(sql), parameters)
                return [_plain(row) for row in cursor.fetchall()]
        except MySQLError as error:
            raise meaning(error) from error

    def many(self, sql: str, rows: Iterable[Row]) -> None:
        """One statement for many rows, several of them in one message. Raises StoreError."""
        self.ordered(sql, sorted(rows, key=lambda row: tuple(str(part) for part in row[:3])))

    def ordered(self, sql: str, rows: Iterable[Row]) -> None:
        """One statement for many rows in key order, several in one message. Raises StoreError."""
        several = iter(rows)
        try:
            with self._driver.cursor() as cursor:
                while part := list(islice(several, MANY)):
                    cursor.executemany(spelled(sql), part)
        except MySQLError as error:
            raise meaning(error) from error

    def all(self, sql: str, parameters: Row = ()) -> Sequence[Row]:
        """All rows of a question. Raises StoreError."""
        return self._execute(sql, parameters)

    def spanned(self, asked: str, column: str, count: int) -> str:
        """Planned as one walk, where a union is as many questions."""
        return f"{asked} ({' OR '.join([f'({column} >= ? AND {column} < ?)'] * count)})"

    def has_table(self, name: str) -> bool:
        """Whether the table is there."""
        sql = (
            "SELECT count(*) FROM information_schema.tables"
            " WHERE table_schema = database() AND table_name = ?"
        )
        row = self.one(sql, (name,))
        return bool(row and row[0])

    def columns(self, table: str) -> frozenset[str]:
        """The names of the table's columns."""
        sql = (
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = database() AND table_name = ?"
        )
        return frozenset(str(row[0]) for row in self.all(sql, (table,)))

    def create(self, name: str, columns: str) -> None:
        """The table is there; text compares byte by byte."""
        self.run(f"CREATE TABLE IF NOT EXISTS {name} ({columns}) COLLATE utf8mb4_0900_bin")

    def json_cell(self, column: str) -> str:
        """The text of a column of JSON: selected as it is, what is beyond 2 kB comes back empty."""
        return f"CAST(`{column}` AS CHAR)"

    def at(self, table: str, reference: str) -> str:
        """A table as a commit had it."""
        return f"`{table}` AS OF '{reference}'"

    def between(self, table: str, first: str, last: str) -> str:
        """The rows that differ between two commits."""
        return f"dolt_diff('{first}', '{last}', '{table}')"

    def keep_before(self, version: int) -> Path | None:
        """A tag of the history before a migration; what is not in it can be made anew."""
        tag = f"before-schema-{version + 1}"  # there already after a migration that was cut short
        if self.one("SELECT 1 FROM dolt_tags WHERE tag_name = ?", (tag,)) is None:
            self.call("dolt_tag", tag)
        return None

    def close(self) -> None:
        """No connection is left."""
        self._connection.close()
        self._engine.dispose()

    def call(self, procedure: str, *arguments: str) -> Any:
        """What a Dolt procedure answers."""
        marks = ", ".join("?" for _ in arguments)
        found = self._execute(f"CALL {procedure}({marks})", arguments)
        return found[0][0] if found else None


def _plain(row: Row) -> Row:
    return tuple(
        value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else value
        for value in row
    )
