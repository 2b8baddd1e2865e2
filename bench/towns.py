"""Real towns to measure: a home on disk, its node as a process, commands as people type them.

A filled home is made once and kept outside the tree: signed records of a thousand towns pass the
one door of its ledger. An interrupted one goes on where it stopped. A run works on what is kept.
"""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from bench.people import Writer
from bench.result import folder
from ledger.dolt.schema import COMMONS, LOCAL, OURS
from stamps.identity import DeviceKey
from stamps.record import Entry, Envelope
from town.market.founding import bring_self
from town.node.boot import child_environment
from town.node.compose import open_town
from town.node.home import Home
from town.node.lifecycle import town_lock

WRITERS: Final = 1_000
BATCH: Final = 1_000
SLICE: Final = 20_000  # records between two times of writing down how far it came
PROGRAM: Final = (sys.executable, "-m", "cli.launcher")


@dataclass(frozen=True, slots=True)
class Town:
    """One town in a folder of its own."""

    place: Path

    @property
    def home(self) -> Path:
        """Its home."""
        return self.place / "home"

    def environment(self) -> dict[str, str]:
        """What its commands find around them: nothing of the user's."""
        own = {"HOME": str(self.place), "WL_HOME": str(self.home), "NO_COLOR": "1",
               "WL_NODE_PORT": "0", "XDG_STATE_HOME": str(self.place / "state")}  # fmt: skip
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        return child_environment({**kept, **own})

    def run(self, *argv: str) -> subprocess.CompletedProcess[bytes]:
        """A command that ended well."""
        done = subprocess.run(
            [*PROGRAM, *argv], env=self.environment(), check=False, capture_output=True
        )
        if done.returncode:
            raise RuntimeError(f"wl {' '.join(argv)}: {done.stderr.decode()}")
        return done

    def ask(self, *argv: str) -> Any:
        """The `data` of a command's answer."""
        return json.loads(self.run(*argv, "--json").stdout)["data"]

    @contextlib.contextmanager
    def node(self, *argv: str) -> Iterator[tuple[str, int]]:
        """Its node runs until the block ends: address and process number."""
        self.run("up", "--detach", *argv)
        try:
            facts = self.ask("status")["node"]
            yield str(facts["url"]), int(facts["pid"])
        finally:
            self.run("down")


def posts(writer: Writer) -> Iterator[Entry]:
    """Items for ever, nothing but posts."""
    while True:
        yield writer.post(writer.chance.randrange(len(writer.keys)))


def mixed(writer: Writer) -> Iterator[Entry]:
    """A busy board for ever: posts, requests, grants, hand-ins, accepts."""
    yield from writer.work()


def writer_key(number: int) -> DeviceKey:
    """The key of one of the thousand towns: a member of every filled board."""
    return DeviceKey.from_seed(hashlib.sha256(f"bench {number}".encode()).digest())


def filled(count: int, kind: Callable[[Writer], Iterator[Entry]] = mixed) -> Town:
    """A town whose board has so many records (or items, of `posts`) behind its founding."""
    tables = json.dumps([COMMONS, OURS, LOCAL]).encode()
    name = f"town-{kind.__name__}-{count}-{hashlib.sha256(tables).hexdigest()[:8]}"
    place = folder() / name
    town = Town(place)
    if not (place / "done").exists():
        _fill(town, count, kind)
        (place / "done").touch()
    return town


def _fill(town: Town, count: int, kind: Callable[[Writer], Iterator[Entry]]) -> None:
    town.place.mkdir(parents=True, exist_ok=True)
    if not (town.home / "keys").exists():
        town.run("init", "--handle", "bench")
    home = Home(town.home)
    with town_lock(home, doing="bench"):
        opened = open_town(home, env=town.environment())
        try:
            opened.writer.run(lambda: _record(opened, count, kind))
        finally:
            opened.close()


def _record(opened: Any, count: int, kind: Callable[[Writer], Iterator[Entry]]) -> None:
    writer = Writer(towns=min(WRITERS, max(10, count // 20)))
    founding = list(writer.founding())
    journal = opened.town.ledgers.get(writer.wasteland)
    if journal is None:
        journal = opened.town.enter(writer.wasteland)
        opened.town.choose(writer.wasteland)
        journal.record([_plain(entry) for entry in founding], now=writer.now)
        bring_self(opened.town, journal, now=opened.now())
    work = kind(writer)
    done = int(journal.store.document("bench", "done") or 0)
    for _ in islice(work, done):  # made again, so that what follows fits behind it
        pass
    while done < count:
        batch = [_plain(entry) for entry in islice(work, min(BATCH, count - done))]
        journal.record(batch, now=writer.now, bulk=True)
        done += len(batch)
        if done % SLICE == 0:
            journal.store.checkpoint(f"after {done}")
            journal.store.put("bench", "done", done)  # what was taken twice is held once
            print(f"records: {done:,} of {count:,}", file=sys.stderr, flush=True)
    journal.flush()
    journal.store.checkpoint("built")
    journal.store.collect()


def _plain(entry: Entry) -> Envelope:
    return Envelope(entry.record, entry.signature)
