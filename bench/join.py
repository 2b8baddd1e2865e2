"""A cold join: a town joins a board of many records, from one real node to another, over HTTP.

Prints the wall time of `wl join` until the board is here, verified and folded; the most memory of
the joining node and of its second process; the processor time of both nodes.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from town.node.boot import calm_collector, child_environment, load_engine

load_engine()
calm_collector()

from bench.ingest import Alone  # noqa: E402
from bench.people import Writer, lines_file  # noqa: E402  # the engine comes first
from bench.result import folder, row  # noqa: E402
from ledger.journal import Journal  # noqa: E402
from stamps.identity import AccountId  # noqa: E402
from stamps.record import ChainKey, Entry, Envelope, sign  # noqa: E402
from town.node.compose import OpenTown, open_town  # noqa: E402
from town.node.home import Home  # noqa: E402

PROGRAM = (sys.executable, "-m", "cli.launcher")
TOWNS = 1_000
BATCH = 1_000
LOOK_S = 0.05
JOIN_S = 22.0
JOIN_MB = 300
NEW_BOARD = "bench"


def run(env: dict[str, str], *argv: str) -> dict[str, Any]:
    """What a command answers."""
    done = subprocess.run(
        [*PROGRAM, *argv, "--json"], env=env, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"wl {argv[0]}: {done.stdout}{done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer["data"] or {}


def environment(home: Path) -> dict[str, str]:
    """The environment of a town's commands."""
    return child_environment({**os.environ, "HOME": str(home.parent), "WL_HOME": str(home)})


def host_home(count: int) -> Path:
    """A town whose board has so many records, made once."""
    home = folder() / f"join-{count}" / "town"
    if home.exists():
        return home
    fresh = home.parent.with_suffix(".part")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    env = environment(fresh / "town")
    run(env, "init", "--handle", "host")
    run(env, "create", NEW_BOARD)
    fill(fresh / "town", env, count)
    fresh.rename(home.parent)
    return home


def fill(home: Path, env: dict[str, str], count: int) -> None:
    """The board has the records of many admitted towns."""
    opened = open_town(Home(home), env=env)
    try:
        journal = next(iter(opened.town.ledgers.values()))
        writer = Writer(towns=min(TOWNS, max(10, count // 50)))
        founding = list(writer.founding())[:-1]
        writer.wasteland = journal.wasteland
        opened.writer.run(lambda: taken(journal, founding, opened.now()))
        opened.writer.run(lambda: admit(opened, journal, [e.record.account for e in founding]))
        left, work = count - journal.store.count(), writer.work()
        while left > 0:
            some = [next(work) for _ in range(min(BATCH, left))]
            left -= len(some)
            opened.writer.run(lambda s=some: taken(journal, s, opened.now()))  # type: ignore[misc]
    finally:
        opened.close()


def admit(opened: OpenTown, journal: Journal, accounts: list[AccountId]) -> None:
    """The registrar admitted the accounts."""
    key, account = opened.town.device, opened.town.account
    if key is None:
        raise RuntimeError("the town has no key")
    head = journal.head(ChainKey(journal.wasteland, account, str(key.device)))
    seq, prev = (head.head_seq, head.head_id) if head is not None else (-1, "")
    at = max(opened.now(), head.head_at if head is not None else 0)
    decides, said = journal.registrar_pointer(), []
    for who, admitted in enumerate(accounts):
        at, seq = at + 1, seq + 1
        entry = sign(
            key=key, scope=journal.wasteland, author=account, seq=seq, prev=prev, at=at,
            kind="rig.admit", about=admitted,
            body={"decides": decides, "account": admitted, "handle": f"town-{who}"},
        )  # fmt: skip
        decides = prev = str(entry.record.id)
        said.append(entry)
    taken(journal, said, at)


def taken(journal: Journal, entries: list[Entry], now: int) -> None:
    """All of them were kept."""
    batch = [Envelope(entry.record, entry.signature) for entry in entries]
    codes = {str(outcome.code) for outcome in journal.record(batch, now=now, bulk=True)}
    if codes != {"ok"}:
        raise RuntimeError(f"records of our own: {codes}")


class Watch(threading.Thread):
    """Looks at the memory of a process and its children until it is told to stop."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.most = self.most_beside = 0
        self.stopped = threading.Event()

    def run(self) -> None:
        """Looks again and again."""
        while not self.stopped.wait(LOOK_S):
            beside = sum(resident(child) for child in children(self.pid))
            self.most = max(self.most, resident(self.pid) + beside)
            self.most_beside = max(self.most_beside, beside)


def resident(pid: int) -> int:
    """Bytes that a process holds, 0 for one that is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * resource.getpagesize()


def children(pid: int) -> list[int]:
    """The children of a process."""
    try:
        found = Path(f"/proc/{pid}/task").glob("*/children")
        return [int(child) for each in found for child in each.read_text().split()]
    except OSError:
        return []


def processor_s(pid: int) -> float:
    """Seconds of the processor that a process and its ended children took."""
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, parts[11:15])) / os.sysconf("SC_CLK_TCK")


def alone_on_lines() -> tuple[float, float]:
    """Seconds (wall, processor) that PyNaCl alone takes a record, here and now."""
    return Alone(lines_file(folder(), 2_000, towns=100)).look()


def join(host: dict[str, str], guest: dict[str, str]) -> None:
    """The guest joined; what it took is printed."""
    pids = [run(env, "up", "--port", "0")["node"]["pid"] for env in (host, guest)]
    token = run(host, "invite")["invite"]
    before = [processor_s(pid) for pid in pids]
    watch = Watch(pids[1])
    watch.start()
    looks = [alone_on_lines()]
    begun = time.perf_counter()
    records = run(guest, "join", token, "--yes")["records"]
    took = time.perf_counter() - begun
    looks.append(alone_on_lines())
    watch.stopped.set()
    spent = [processor_s(pid) - was for pid, was in zip(pids, before, strict=True)]
    size = sum(path.stat().st_size for path in Path(guest["WL_HOME"]).rglob("*.db"))
    most_s = JOIN_S * max(1.0, records / 100_000)
    alone = sum(wall for wall, _ in looks) / len(looks)
    row(f"cold join of {records:,} records over HTTP", f"≤ {most_s:.0f} s",
        f"{took:.1f} s; PyNaCl alone would take {alone * records:.1f} s for the signatures",
        met=took <= most_s)  # fmt: skip
    row(f"memory of a cold join of {records:,}, the second process in it", f"≤ {JOIN_MB} MB",
        f"{watch.most / 1e6:.0f} MB, {watch.most_beside / 1e6:.0f} of it the second process",
        met=watch.most <= JOIN_MB * 1e6)  # fmt: skip
    print(f"  processor: joining node {spent[1]:.1f} s with its child, host {spent[0]:.1f} s")
    print(f"  bytes a record on disk: {size / records:,.0f}")


def main() -> None:
    """One join."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000)
    host = environment(host_home(parser.parse_args().records))
    with tempfile.TemporaryDirectory() as place:
        guest = environment(Path(place) / "town")
        run(guest, "init", "--handle", "guest")
        try:
            join(host, guest)
        finally:
            for env in (guest, host):
                run(env, "down")


if __name__ == "__main__":
    main()
