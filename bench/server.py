"""The same ingest into a real Dolt server: rows in messages of many, one commit in ten thousand.

Prints the ratio to verification alone, bytes a record, what a page of the board costs, and the
most memory of the server. The Dolt is that of `WL_DOLT`, else what `tools/dolt/build` gives.
"""

import argparse
import os
import subprocess
import tempfile
from pathlib import Path

from town.node.boot import calm_collector, load_engine

load_engine()
calm_collector()

from bench.ingest import ingest  # noqa: E402  # the engine comes first
from bench.people import lines_file  # noqa: E402
from bench.result import Watch, folder, row  # noqa: E402
from ledger.dolt import open_dolt_server  # noqa: E402
from ledger.dolt.process import dolt_server  # noqa: E402
from ledger.store import BoardQuery, Store  # noqa: E402

PAGES = 100
RATIO = 0.15  # what the work inside the server was estimated to leave
QUERIES = (
    BoardQuery(status=("open",)),
    BoardQuery(project="project-7"),
    BoardQuery(project="project-7", type="bug", priority=1),
)


def binary() -> Path:
    """A Dolt that fits."""
    said = os.environ.get("WL_DOLT")
    if said:
        return Path(said)
    tool = Path(__file__).parent.parent / "tools" / "dolt" / "build"
    found = subprocess.run([str(tool)], check=True, capture_output=True, text=True)
    return Path(found.stdout.strip().splitlines()[-1])


def size_of(place: Path) -> int:
    """Bytes of all files below."""
    return sum(path.stat().st_size for path in place.rglob("*") if path.is_file())


def most_memory(pid: int) -> int:
    """The most MiB that a process held."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) >> 10 for line in lines if line.startswith("VmHWM"))


def pages(store: Store, count: int) -> None:
    """What one page of each query costs."""
    for query in QUERIES:
        watch = Watch()
        for _ in range(PAGES):
            with watch:
                store.find(query)
        filters = sum(
            value not in (None, ()) for value in (query.status, query.project, query.type)
        ) + (query.priority is not None)
        row(f"Dolt server: a page, {filters} filters, {count:,} records", "", watch.said())


def main() -> None:
    """One run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000)
    count = parser.parse_args().records
    source = lines_file(folder(), count, towns=min(1_000, max(10, count // 20)))
    with tempfile.TemporaryDirectory() as place, dolt_server(binary(), Path(place)) as server:
        store = open_dolt_server(server.url("bench"), town="bench")
        spent = ingest(source, store, None)
        peak = size_of(Path(place) / "data")
        pages(store, count)
        store.collect()
        store.close()
        after, memory = size_of(Path(place) / "data"), most_memory(server.pid)
    wall = sum(each for each, _ in spent.alone) / len(spent.alone)
    ratio = wall / (sum(spent.wall) / count)
    row(f"Dolt server: ingest of {count:,} beside PyNaCl alone", f"≥ {RATIO:.2f}",
        f"{ratio:.2f}; {sum(spent.wall) / count * 1e6:.0f} us a record,"
        f" {spent.cpu / count * 1e6:.0f} of them here", met=ratio >= RATIO)  # fmt: skip
    row("Dolt server: bytes a record", "",
        f"{peak / count:,.0f} before gc, {after / count:,.0f} after")  # fmt: skip
    row("Dolt server: the most memory of its process", "", f"{memory} MiB")


if __name__ == "__main__":
    main()
