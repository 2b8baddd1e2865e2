"""The beginning of a rebuild: rows and indexes are empty, and every record is in the tail again.

What the node itself noted (documents, observations) stays. The journal of whoever opens the store
next makes the rest.
"""

import json
from collections.abc import Iterator
from typing import Final

from ledger.dolt.engine import Database
from ledger.dolt.schema import DERIVED_LOCAL, DERIVED_ROWS

BATCH_MAX: Final = 1_000


def begin_rebuild(database: Database) -> int:
    """Only the journal and the node's own notes are left; how many batches the tail has."""
    for table in (*DERIVED_LOCAL, *DERIVED_ROWS, "local_tail"):
        database.run(f"DELETE FROM {table}")  # noqa: S608  # our own names
    number = 0
    for keys in _batches(database):
        sql = "INSERT INTO local_tail (n, batch) VALUES (?, ?)"
        database.run(sql, (number, json.dumps(keys)))
        number += 1
    return number


def _batches(database: Database) -> Iterator[list[str]]:
    last = ""
    sql = "SELECT k FROM wl_records WHERE k > ? ORDER BY k LIMIT ?"
    while found := database.all(sql, (last, BATCH_MAX)):
        keys = [str(row[0]) for row in found]
        yield keys
        last = keys[-1]
