"""Pages of the board from an embedded ledger: one filter, three filters, deep pages."""

import argparse
import random
import statistics
import time
from pathlib import Path

from town.node.boot import load_engine

load_engine()

from bench.ingest import BATCH, folder  # noqa: E402  # the engine comes first
from bench.people import PROJECTS, TAGS, WORDS, lines_file  # noqa: E402
from ledger.dolt import open_doltlite  # noqa: E402
from ledger.journal import Journal  # noqa: E402
from ledger.store import BoardQuery, Store  # noqa: E402
from stamps.record import parse_line  # noqa: E402

TURNS = 60


def built(count: int) -> Path:
    """A ledger of so many records, made where it is not there yet."""
    path = folder() / f"board-{count}.db"
    if path.exists():
        return path
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    lines = lines_file(folder(), count, towns=min(1_000, max(10, count // 20)))
    store = open_doltlite(part, town="bench")
    whole = lines.read_bytes().splitlines(keepends=True)
    genesis = next(e for e in map(parse_line, whole) if e.record.kind == "wasteland.create")
    journal = Journal.open(store, wasteland=str(genesis.record.id))
    for at in range(0, len(whole), BATCH):
        batch = [parse_line(line) for line in whole[at : at + BATCH]]
        journal.record(batch, now=batch[-1].record.at, bulk=True)
    journal.flush()
    store.checkpoint("built")
    store.collect()
    store.close()
    part.rename(path)
    return path


def timed(store: Store, queries: list[BoardQuery]) -> tuple[float, float]:
    """Median and 95th percentile in milliseconds."""
    spent = []
    for query in queries:
        start = time.perf_counter()
        store.find(query)
        spent.append((time.perf_counter() - start) * 1e3)
    ordered = sorted(spent)
    return statistics.median(ordered), ordered[int(len(ordered) * 0.95)]


def main() -> None:
    """One run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000)
    count = parser.parse_args().records
    store = open_doltlite(built(count), town="bench")
    items = sum(store.counts().values())
    chance = random.Random(2)
    one = [BoardQuery(status=("open",), project=chance.choice(PROJECTS)) for _ in range(TURNS)]
    three = [
        BoardQuery(
            status=("open",),
            project=chance.choice(PROJECTS),
            tag=chance.choice(TAGS),
            text=chance.choice(WORDS),
        )
        for _ in range(TURNS)
    ]
    deep: list[BoardQuery] = []
    cursor = None
    while len(deep) < TURNS:
        page = store.find(BoardQuery(cursor=cursor, limit=200))
        cursor = page.cursor
        deep.append(BoardQuery(cursor=cursor))
        if cursor is None:
            break
    first = [BoardQuery() for _ in range(TURNS)]
    print(f"board of {items:,} items, pages of 50, ms median / p95")
    for name, queries in (("first page", first), ("one filter", one), ("three filters", three),
                          ("deep page", deep)):  # fmt: skip
        median, most = timed(store, queries)
        print(f"  {name:<14}{median:>8.2f}{most:>8.2f}")
    store.close()


if __name__ == "__main__":
    main()
