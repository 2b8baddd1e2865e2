"""Ingest: lines through the one door into an embedded ledger, beside verification alone.

Prints for one core and for two processes the ratio to what PyNaCl verifies in the same run, the
rate of each quarter, and bytes a record. Each way has a process of its own.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from town.node.boot import calm_collector, load_engine

load_engine()
calm_collector()

from nacl.signing import VerifyKey  # noqa: E402  # the engine comes first

from bench.people import lines_file  # noqa: E402
from bench.result import folder, row  # noqa: E402
from ledger.checks import Ticket, read  # noqa: E402
from ledger.dolt import open_doltlite  # noqa: E402
from ledger.journal import Journal  # noqa: E402
from ledger.store import Store  # noqa: E402
from stamps.identity import public_key_of  # noqa: E402
from stamps.record import RECORD_DOMAIN, parse_line  # noqa: E402
from town.node.checking import Checking  # noqa: E402
from town.node.keeping import BulkPlan  # noqa: E402

BATCH = 1_000
AHEAD = 8  # batches that the second process may have before it
SAMPLE = 3_000


@dataclass(slots=True)
class Spent:
    """Seconds of work: by the clock on the wall, and of this process's processor."""

    wall: list[float] = field(default_factory=list)
    cpu: float = 0.0


def alone(path: Path) -> tuple[float, float]:
    """Seconds a record (wall, processor) that PyNaCl needs, the least of three passes."""
    with path.open("rb") as file:
        envelopes = [parse_line(line) for line in islice(file, SAMPLE)]
    asked = [
        (
            VerifyKey(public_key_of(e.record.device)),
            RECORD_DOMAIN + e.record.raw,
            e.signature,
        )
        for e in envelopes
    ]
    wall = cpu = 1e9
    for _ in range(3):
        start, before = time.perf_counter(), time.process_time()
        for key, message, signature in asked:
            key.verify(message, signature)
        wall = min(wall, time.perf_counter() - start)
        cpu = min(cpu, time.process_time() - before)
    return wall / len(asked), cpu / len(asked)


def batches(path: Path, checking: Checking | None) -> Iterator[tuple[list[bytes], Ticket | None]]:
    """The lines by batches, each put before the second process some batches early."""
    ahead: deque[tuple[list[bytes], Ticket | None]] = deque()
    with path.open("rb") as file:
        while lines := list(islice(file, BATCH)):
            ahead.append((lines, checking.put(lines) if checking is not None else None))
            if len(ahead) > AHEAD or checking is None:
                yield ahead.popleft()
    yield from ahead


def genesis_of(path: Path) -> str:
    """The id of the wasteland in a file of lines."""
    with path.open("rb") as file:
        kinds = ((e.record.kind, str(e.record.id)) for e in map(parse_line, file))
        return next(record_id for kind, record_id in kinds if kind == "wasteland.create")


def ingest(source: Path, count: int, store: Store, checking: Checking | None) -> Spent:
    """Everything went through the door, in bulk as a join does it."""
    journal = Journal.open(store, wasteland=genesis_of(source))
    plan, spent, done, at = BulkPlan(), Spent(), 0, 0
    begun, cpu = time.perf_counter(), time.process_time()
    for lines, ticket in batches(source, checking):
        verdicts = ticket.verdicts() if ticket is not None else [None] * len(lines)
        batch = [read(line, found) for line, found in zip(lines, verdicts, strict=True)]
        outcomes = journal.record(batch, now=batch[-1].record.at, bulk=True, holds=verdicts)
        done += sum(outcome.entry is not None for outcome in outcomes)
        at += len(lines)
        plan.keep(journal)
        if at * 4 >= count * (len(spent.wall) + 1):
            if at >= count:
                journal.flush()
            now = time.perf_counter()
            spent.wall.append(now - begun)
            begun = now
    spent.cpu = time.process_time() - cpu
    store.checkpoint("end")
    if done != count:
        raise RuntimeError(f"{count - done} of our own records were refused")
    return spent


def run(count: int, processes: int) -> None:
    """One way, in this process."""
    source = lines_file(folder(), count, towns=min(1_000, max(10, count // 20)))
    before = alone(source)
    checking = Checking() if processes > 1 else None
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "ledger.db"
        store = open_doltlite(path, town="bench")
        spent = ingest(source, count, store, checking)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        if checking is not None:
            checking.close()
        peak = path.stat().st_size
        store.collect()
        after = path.stat().st_size
        store.close()
    wall, cpu = map(min, zip(before, alone(source), strict=True))
    report(count, spent, wall=wall, cpu=cpu)
    sizes = f"{peak / count:,.0f} before gc, {after / count:,.0f} after"
    row(f"bytes a record on disk, {count:,}", "≤ 6,000 before gc, ≤ 2,000 after", sizes,
        met=peak <= 6_000 * count and after <= 2_000 * count)  # fmt: skip
    beside = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    print(f"  most memory {memory} MiB", f"and {beside} beside" if checking else "")


def report(count: int, spent: Spent, *, wall: float, cpu: float) -> None:
    """The ratios and the rates; `wall` and `cpu` are of verification alone."""
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    beside = child.ru_utime + child.ru_stime
    total = sum(spent.wall) / count
    ratio = cpu / (max(spent.cpu, beside) / count)
    rates = ", ".join(f"{count / 4 / one:,.0f}" for one in spent.wall)
    name = "two processes" if beside else "one core"
    least = 0.45 if beside else 0.30
    row(f"ingest of {count:,} beside PyNaCl alone, {name}", f"≥ {least:.2f}",
        f"{wall / total:.2f}; by the busier one's processor time {ratio:.2f}",
        met=ratio >= least)  # fmt: skip
    slope = spent.wall[0] / spent.wall[-1]
    row(f"last quarter against the first, {count:,}, {name}", "≥ 0.5", f"{slope:.2f}",
        met=slope >= 0.5)  # fmt: skip
    print(f"  verification alone {wall * 1e6:.0f} us; ingest {total * 1e6:.0f} us a record")
    print(f"  records/s by quarter {rates}")


def main() -> None:
    """One way, or both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=0, choices=(0, 1, 2))
    asked = parser.parse_args()
    if asked.processes:
        run(asked.records, asked.processes)
        return
    for processes in ("1", "2"):
        argv = ["--records", str(asked.records), "--processes", processes]
        subprocess.run([sys.executable, "-m", "bench.ingest", *argv], check=True)


if __name__ == "__main__":
    main()
