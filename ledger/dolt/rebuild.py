"""The beginning of a rebuild: every record is in the tail again, and nothing signed is shown.

What the node itself noted (documents, observations) stays, and unsigned rows are on the board. The
journal of whoever opens the store next makes the rest.
"""

import json
from collections.abc import Iterator
from typing import Final

from ledger.dolt.engine import Database, part_of
from ledger.dolt.projection import Projections
from ledger.dolt.schema import DERIVED_LOCAL, DERIVED_ROWS

BATCH_MAX: Final = 1_000


def begin_rebuild(database: Database) -> int:
    """Only the journal and what the node itself noted is left; how many batches the tail has."""
    for table in (*DERIVED_LOCAL, *DERIVED_ROWS, "local_tail"):
        database.run(f"DELETE FROM {table}")  # noqa: S608  # our own names
    number = 0
    for keys in _batches(database):
        sql = "INSERT INTO local_tail (n, batch) VALUES (?, ?)"
        database.run(sql, (number, json.dumps(keys)))
        number += 1
    _show_observed(Projections(database))
    return number


def _show_observed(projections: Projections) -> None:
    """The board has the unsigned rows, and nothing else."""
    ids = [one.row.key for one in projections.items.observed("wanted")]
    for part in part_of(ids, BATCH_MAX):
        projections.board.change((None, item) for item in projections.items.of(part).values())


def _batches(database: Database) -> Iterator[list[str]]:
    last = ""
    sql = "SELECT k FROM wl_records WHERE k > ? ORDER BY k LIMIT ?"
    while found := database.all(sql, (last, BATCH_MAX)):
        keys = [str(row[0]) for row in found]
        yield keys
        last = keys[-1]
