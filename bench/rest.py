"""A node at rest: its memory and time with ten peers that hold their lines, and what a root costs.

The node is a process of its own. The peers are members of its board with keys of their own: each
passes the real authentication and holds one line of events, and asks for the root on a timer as a
peer does whose set is equal.
"""

import argparse
import asyncio
import time
from typing import Any, Final

import psutil

from town.node.boot import load_engine

load_engine()

from bench.result import percentile, row  # noqa: E402  # the engine comes first
from bench.towns import filled, mixed, writer_key  # noqa: E402
from federation.peers import Peer  # noqa: E402
from federation.transport.client import Client  # noqa: E402
from town.node import clock  # noqa: E402

PEERS: Final = 10
WATCHED_S: Final = 60.0
PULL_S: Final = 30.0
ASKED: Final = 300
CPU_SHARE: Final = 0.01
FRESH_MB: Final = 110.0
ROOT_BYTES: Final = 64
ROOT_MS: Final = 1.0


async def _ignore(_root: str, _lines: tuple[bytes, ...]) -> None:
    """A peer at rest does nothing with what it is told."""


def client(number: int) -> Client:
    """A member's client."""
    key = writer_key(number)
    return Client(key=lambda: key, now=clock.now, new_secret=clock.new_secret)


async def asks(one: Client, peer: Peer, wasteland: str) -> None:
    """The root is asked for on a timer."""
    while True:
        await asyncio.sleep(PULL_S)
        await one.ask(peer, wasteland, "root", b"")


async def watched(url: str, key: str, wasteland: str, node: psutil.Process) -> None:
    """Rows of the node with its peers' lines held."""
    peer = Peer(key=key, addresses=(url,), allow_private=True)
    clients = [client(number) for number in range(1, PEERS + 1)]
    held = [asyncio.create_task(one.events(peer, wasteland, _ignore)) for one in clients]
    timers = [asyncio.create_task(asks(one, peer, wasteland)) for one in clients]
    await asyncio.sleep(2)
    where = f"node at rest, {PEERS} peers hold lines"
    first = await _share(node)  # what was due at the start is done in it, such as a collection
    row(f"{where}: time, first minute", "", f"{100 * first:.2f} %")
    share = await _share(node)
    lines = sum(not task.done() for task in held)
    if lines < PEERS:
        raise RuntimeError(f"{PEERS - lines} lines were not held")
    memory = node.memory_info().rss / 1e6
    row(f"{where}: time, second minute", "< 1 % CPU", f"{100 * share:.2f} %", met=share < CPU_SHARE)
    row(f"{where}: memory, fresh start", "≤ 110 MB", f"{memory:.0f} MB", met=memory <= FRESH_MB)
    await rooted(clients[0], peer, wasteland, node)
    for task in [*held, *timers]:
        task.cancel()
    for one in clients:
        await one.close()


async def _share(node: psutil.Process) -> float:
    """How much of a processor the node takes in a minute from now."""
    before, begun = node.cpu_times(), time.monotonic()
    await asyncio.sleep(WATCHED_S)
    return _seconds(before, node.cpu_times()) / (time.monotonic() - begun)


async def rooted(one: Client, peer: Peer, wasteland: str, node: psutil.Process) -> None:
    """Rows of asking for the root of an equal set, over HTTP, signed and verified."""
    walls, size = [], 0
    before = node.cpu_times()
    for _ in range(ASKED):
        start = time.perf_counter()
        size = len(await one.ask(peer, wasteland, "root", b""))
        walls.append((time.perf_counter() - start) * 1e3)
    spent = _seconds(before, node.cpu_times()) * 1e3 / ASKED
    row("equal sets: body of the one answer", "≤ 64 B", f"{size} B", met=size <= ROOT_BYTES)
    row("equal sets: the node's own time, HTTP and signature in it", "≤ 1 ms",
        f"{spent:.2f} ms (answered in {percentile(walls, 0.5):.1f} ms)",
        met=spent <= ROOT_MS)  # fmt: skip


def _seconds(before: Any, after: Any) -> float:
    return float(after.user - before.user + after.system - before.system)


def main() -> None:
    """One run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    count = parser.parse_args().records
    town = filled(count, mixed)
    with town.node("--port", "0") as (url, pid):
        node = psutil.Process(pid)
        print(f"{count:,} records, node {pid}", flush=True)
        said = town.ask("status")
        wasteland, key = said["wastelands"][0]["id"], said["town"]["device"]
        asyncio.run(watched(url, key, wasteland, node))


if __name__ == "__main__":
    main()
