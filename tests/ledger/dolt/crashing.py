"""A process that writes records and says so, for tests that kill it. Run as a module."""

import resource
import sys
from pathlib import Path

from town.node.boot import load_engine

load_engine()

from ledger.dolt import open_doltlite  # noqa: E402  # the engine comes first
from ledger.journal import Journal  # noqa: E402
from ledger.store import StoreFullError  # noqa: E402
from stamps.record import parse_line  # noqa: E402

COMMIT_EVERY = 7


def main(path: Path, lines: Path, wasteland: str, limit: int) -> None:
    """Every line is offered; what was acknowledged is printed, id by id."""
    store = open_doltlite(path, town="rust")
    journal = Journal.open(store, wasteland=wasteland)
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    for number, line in enumerate(lines.read_bytes().splitlines(keepends=True)):
        entry = parse_line(line)
        try:
            [outcome] = journal.record([entry], now=entry.record.at, bulk=bool(number % 3))
        except StoreFullError as error:
            print("full", error.code, flush=True)
            return
        if outcome.entry is not None:
            print(outcome.entry.record.id, flush=True)
        if number % COMMIT_EVERY == 0:
            store.checkpoint(f"after {number}")
    print("done", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
