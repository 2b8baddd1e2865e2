"""Ingest: lines through the one door into an embedded ledger, beside verification alone.

Prints the ratio to what PyNaCl verifies in the same run, the rate of each quarter, bytes a record.
"""

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

from town.node.boot import calm_collector, load_engine

load_engine()
calm_collector()

from bench.people import lines_file  # noqa: E402  # the engine comes first
from ledger.dolt import open_doltlite  # noqa: E402
from ledger.journal import Journal  # noqa: E402
from stamps.record import parse_line, verify  # noqa: E402

BATCH = 1_000
COMMIT = 10_000
SAMPLE = 3_000


def folder() -> Path:
    """Where data that is made once lies: outside the tree."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "wasteland" / "bench"


def alone(lines: list[bytes]) -> float:
    """Seconds a record that PyNaCl needs to verify, the least of three passes."""
    envelopes = [parse_line(line) for line in lines[:SAMPLE]]
    best = 1e9
    for _ in range(3):
        start = time.perf_counter()
        for envelope in envelopes:
            if verify(envelope) is None:
                raise RuntimeError("a record of our own does not verify")
        best = min(best, time.perf_counter() - start)
    return best / len(envelopes)


def ingest(lines: list[bytes], path: Path) -> list[float]:
    """Seconds that each quarter took."""
    store = open_doltlite(path, town="bench")
    genesis = next(e for e in map(parse_line, lines) if e.record.kind == "wasteland.create")
    journal = Journal.open(store, wasteland=str(genesis.record.id))
    quarters = []
    size = -(-len(lines) // 4)
    done = 0
    for quarter in range(4):
        start = time.perf_counter()
        for at in range(quarter * size, min((quarter + 1) * size, len(lines)), BATCH):
            batch = [parse_line(line) for line in lines[at : at + BATCH]]
            outcomes = journal.record(batch, now=batch[-1].record.at, bulk=True)
            done += sum(outcome.entry is not None for outcome in outcomes)
            if at % COMMIT == 0:
                store.checkpoint(f"after {at}")
        journal.flush()
        quarters.append(time.perf_counter() - start)
    store.checkpoint("end")
    if done != len(lines):
        raise RuntimeError(f"{len(lines) - done} of our own records were refused")
    before = path.stat().st_size
    store.collect()
    after = path.stat().st_size
    store.close()
    print(f"bytes a record: {before / done:,.0f} before gc, {after / done:,.0f} after")
    return quarters


def main() -> None:
    """One run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000)
    count = parser.parse_args().records
    path = lines_file(folder(), count, towns=min(1_000, max(10, count // 20)))
    lines = path.read_bytes().splitlines(keepends=True)
    cost = alone(lines)
    with tempfile.TemporaryDirectory() as place:
        quarters = ingest(lines, Path(place) / "ledger.db")
    cost = min(cost, alone(lines))
    total = sum(quarters) / len(lines)
    rates = ", ".join(f"{len(lines) / 4 / one:,.0f}" for one in quarters)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"verification alone: {cost * 1e6:.0f} us; ingest: {total * 1e6:.0f} us a record")
    print(f"ratio {cost / total:.2f}; last quarter / first {quarters[0] / quarters[3]:.2f}")
    print(f"records/s by quarter: {rates}; most memory {memory:.0f} MiB")


if __name__ == "__main__":
    main()
