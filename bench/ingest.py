"""Ingest: lines through the one door into an embedded ledger, beside verification alone.

Prints for one core and for two processes the ratio to what PyNaCl verifies in the same run, the
rate of each stretch, and bytes a record. Each way has a process of its own.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from town.node.boot import calm_collector, give_back_memory, load_engine

load_engine()
calm_collector()
give_back_memory()

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
AHEAD = 12  # batches that the second process may have before it
STRETCH = 10  # batches by which times are told
LOOKS = {1: 10, 2: 50}  # batches between two looks at verification alone, by processes
SAMPLE = 500
MEANT_FOR = 100_000  # records that the targets are given for


@dataclass(slots=True)
class Spent:
    """Seconds of work: by the clock on the wall, and of this process's processor."""

    wall: list[float] = field(default_factory=list)  # of each stretch
    cpu: float = 0.0
    alone: list[tuple[float, float]] = field(default_factory=list)  # a record, by both


class Alone:
    """What PyNaCl needs for the same records, and nothing else of them.

    It is measured before the stream, between its parts and after it, each time while nothing else
    runs here: a shared machine is not equally fast all the time.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            envelopes = [parse_line(line) for line in islice(file, SAMPLE)]
        self.asked = [
            (
                VerifyKey(public_key_of(e.record.device)),
                RECORD_DOMAIN + e.record.raw,
                e.signature,
            )
            for e in envelopes
        ]

    def look(self) -> tuple[float, float]:
        """Seconds a record (wall, processor), the least of three passes."""
        wall = cpu = 1e9
        for _ in range(3):
            start, before = time.perf_counter(), time.process_time()
            for key, message, signature in self.asked:
                key.verify(message, signature)
            wall = min(wall, time.perf_counter() - start)
            cpu = min(cpu, time.process_time() - before)
        return wall / len(self.asked), cpu / len(self.asked)


def batches(
    lines: Sequence[list[bytes]], checking: Checking | None
) -> Iterator[tuple[list[bytes], Ticket | None]]:
    """The batches, each put before the second process some batches early."""
    ahead: deque[tuple[list[bytes], Ticket | None]] = deque()
    for batch in lines:
        ahead.append((batch, checking.put(batch) if checking is not None else None))
        if len(ahead) > AHEAD or checking is None:
            yield ahead.popleft()
    yield from ahead


def parts(path: Path, size: int) -> Iterator[list[list[bytes]]]:
    """The lines by batches, and these by parts of so many."""
    with path.open("rb") as file:
        read_on = iter(lambda: list(islice(file, BATCH)), [])
        while part := list(islice(read_on, size)):
            yield part


def genesis_of(path: Path) -> str:
    """The id of the wasteland in a file of lines."""
    with path.open("rb") as file:
        kinds = ((e.record.kind, str(e.record.id)) for e in map(parse_line, file))
        return next(record_id for kind, record_id in kinds if kind == "wasteland.create")


def ingest(source: Path, store: Store, checking: Checking | None) -> Spent:
    """Everything went through the door, in bulk as a join does it."""
    journal = Journal.open(store, wasteland=genesis_of(source))
    plan, spent, alone = BulkPlan(), Spent(), Alone(source)
    spent.alone.append(alone.look())
    for part in parts(source, LOOKS[1 if checking is None else 2]):
        begun, cpu = time.perf_counter(), time.process_time()
        for number, (lines, ticket) in enumerate(batches(part, checking), 1):
            verdicts = ticket.verdicts() if ticket is not None else [None] * len(lines)
            batch = [read(line, found) for line, found in zip(lines, verdicts, strict=True)]
            outcomes = journal.record(batch, now=batch[-1].record.at, bulk=True, holds=verdicts)
            if any(outcome.entry is None for outcome in outcomes):
                raise RuntimeError("some of our own records were refused")
            plan.keep(journal)
            if number % STRETCH == 0 or number == len(part):
                spent.wall.append(time.perf_counter() - begun)
                begun = time.perf_counter()
        spent.cpu += time.process_time() - cpu
        spent.alone.append(alone.look())
    begun, cpu = time.perf_counter(), time.process_time()
    journal.flush()
    store.checkpoint("end")
    spent.wall[-1] += time.perf_counter() - begun
    spent.cpu += time.process_time() - cpu
    return spent


def run(count: int, processes: int) -> None:
    """One way, in this process."""
    source = lines_file(folder(), count, towns=min(1_000, max(10, count // 20)))
    checking = Checking() if processes > 1 else None
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "ledger.db"
        store = open_doltlite(path, town="bench")
        spent = ingest(source, store, checking)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        if checking is not None:
            checking.close()
        peak = path.stat().st_size
        store.collect()
        after = path.stat().st_size
        store.close()
    report(count, spent)
    sizes = f"{peak / count:,.0f} before gc, {after / count:,.0f} after"
    row(f"bytes a record on disk, {count:,}", "≤ 6,000 before gc, ≤ 2,000 after", sizes,
        met=peak <= 6_000 * count and after <= 2_000 * count)  # fmt: skip
    beside = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    print(f"  most memory {memory} MiB", f"and {beside} beside" if checking else "")


def report(count: int, spent: Spent) -> None:
    """The ratios and the rates."""
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    beside = child.ru_utime + child.ru_stime
    wall, cpu = (sum(each) / len(each) for each in zip(*spent.alone, strict=True))
    total = sum(spent.wall) / count
    ratio = cpu / (max(spent.cpu, beside) / count)
    name = "two processes" if beside else "one core"
    least = 0.45 if beside else 0.30
    meant = count >= MEANT_FOR  # below it the start and the end weigh more than the records
    row(f"ingest of {count:,} beside PyNaCl alone, {name}", f"≥ {least:.2f}" if meant else "",
        f"{wall / total:.2f}; by the busier one's processor time {ratio:.2f}",
        met=wall / total >= least if meant else None)  # fmt: skip
    size = max(1, len(spent.wall) // 4)
    first, last = (sum(part) / len(part) for part in (spent.wall[:size], spent.wall[-size:]))
    if len(spent.wall) > size:
        row(f"last quarter against the first, {count:,}, {name}", "≥ 0.5", f"{first / last:.2f}",
            met=first / last >= 0.5)  # fmt: skip
    each = ", ".join(f"{one * 1e6:.0f}" for one, _ in spent.alone)
    rates = ", ".join(f"{BATCH * STRETCH / one:,.0f}" for one in spent.wall)
    print(f"  verification alone {each} us; ingest {total * 1e6:.0f} us a record")
    print(f"  records/s by ten thousand {rates}")


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
