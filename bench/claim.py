"""A claim at a peer whose home is up: from asking until "yours", beside a bare round trip.

Two real nodes. Everything between them passes a line that holds each piece back for as long as is
asked, so that a second round trip would be seen. Commands are handed to the claiming node as its
launcher does, without the start of a Python; `bench.commands` measures that.
"""

import argparse
import asyncio
import contextlib
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from town.node.boot import load_engine

load_engine()

from bench.result import percentile, row  # noqa: E402  # the engine comes first
from bench.towns import Town  # noqa: E402
from town.node import frames  # noqa: E402
from town.node.place import socket_path  # noqa: E402

TURNS: Final = 20
EXTRA_MS: Final = 50.0
DELAYS_MS: Final = (0, 25)
COUNTED: Final = {1: "one round trip", 2: "two round trips"}
PIECE: Final = 1 << 16


class SlowLine:
    """A port that passes everything on to a node, each piece after a while."""

    def __init__(self, delay_ms: float) -> None:
        self.delay_s = delay_ms / 1e3
        self.target = ("", 0)
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._carry, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            there, back = await asyncio.open_connection(*self.target)
            await asyncio.gather(self._pass(reader, back), self._pass(there, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pieces leave in their order, each as late as the line is long."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def leave() -> None:
            while True:
                due, piece = await queue.get()
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                writer.write(piece)
                await writer.drain()

        leaving = asyncio.create_task(leave())
        try:
            while piece := await reader.read(PIECE):
                queue.put_nowait((time.monotonic() + self.delay_s, piece))
        finally:
            leaving.cancel()
            writer.close()

    def end(self) -> None:
        """Nothing is passed on any more."""
        self._loop.call_soon_threadsafe(self._loop.stop)


def handed(town: Town, *argv: str) -> tuple[int, Any]:
    """A command given to the town's node over its socket: exit code and answer."""
    import socket  # noqa: PLC0415

    env = {name: v for name, v in town.environment().items() if name.startswith(("WL_", "XDG_"))}
    facts = {"argv": [*argv, "--json"], "cwd": str(town.place), "env": env,
             "tty": [False, False, False], "columns": 0}  # fmt: skip
    out = bytearray()
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(socket_path(str(town.home)))
        reader = line.makefile("rb")
        line.sendall(frames.pack(frames.REQUEST, json.dumps(facts).encode()))
        while True:
            kind, payload = frames.read_frame(reader.read)
            if kind == frames.EXIT:
                return int(payload), json.loads(bytes(out))["data"] if out else None
            if kind == frames.OUT:
                out += payload


@contextlib.contextmanager
def street(delay_ms: float, *handles: str) -> Iterator[list[Town]]:
    """The first town has an address, a slow line, through which alone the others reach it."""
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        towns = [Town(Path(place) / handle) for handle in handles]
        host, *others = towns
        line = SlowLine(delay_ms)
        stack.callback(line.end)
        for town, handle in zip(towns, handles, strict=True):
            town.place.mkdir()
            town.run("init", "--handle", handle)
        host.run("create", "hop/commons")
        own = f"http://127.0.0.1:{line.port}"
        url, _ = stack.enter_context(host.node("--port", "0", "--public-url", own))
        parts = urlsplit(url)
        line.target = (str(parts.hostname), int(parts.port or 0))
        for town in others:
            stack.enter_context(town.node("--port", "0"))
            town.run("join", host.ask("invite")["invite"], "--yes")
        yield towns


def claims(poster: Town, worker: Town) -> tuple[list[float], list[float]]:
    """How long each round trip to the host took, and each claim; both in milliseconds."""
    items = [handed(poster, "post", f"item {n}")[1]["id"] for n in range(TURNS)]
    name = worker.ask("peer", "list")["rows"][0]["name"]
    _arrived(worker, items)
    trips, took = [], []
    for item in items:
        trips.append(float(handed(worker, "peer", "ping", name)[1]["round_trip_ms"]))
        start = time.perf_counter()
        code, _ = handed(worker, "claim", item)
        took.append((time.perf_counter() - start) * 1e3)
        if code:
            raise RuntimeError(f"claim ended with {code}")
    return trips, took


def measured(delay_ms: float, what: str, *handles: str) -> None:
    """The row of a line that is so long; the last two towns trade, by way of those before them."""
    with street(delay_ms, *handles) as (*_, poster, worker):
        trips, took = claims(poster, worker)
    trip, claim = percentile(trips, 0.5), percentile(took, 0.5)
    count = len(handles) - 1
    row(what,
        f"{COUNTED[count]} + {count * EXTRA_MS:.0f} ms",
        f"{claim:.0f} ms (least {min(took):.0f}),"
        f" a round trip {trip:.0f} (least {min(trips):.0f})",
        met=claim <= count * (trip + EXTRA_MS))  # fmt: skip


def _arrived(worker: Town, items: list[str]) -> None:
    for _ in range(200):
        if all(handed(worker, "show", item)[0] == 0 for item in items):
            return
        time.sleep(0.1)
    raise RuntimeError("the items did not arrive")


def main() -> None:
    """One run."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    for delay_ms in DELAYS_MS:
        there = f"{2 * delay_ms:.0f} ms"
        measured(
            delay_ms, f"a claim until `yours`, a line of {there} there and back", "hop", "rust"
        )
        measured(
            delay_ms,
            f"the same between two without an address, each {there} from a carrier",
            "hop", "rust", "ash",
        )  # fmt: skip


if __name__ == "__main__":
    main()
