"""Towns of real processes that trade while their nodes and commands are killed.

What a command acknowledged (exit 0) is written down; when everything is up again, every town must
show it, all ledgers must hold the same records, and each must prove itself. It simulates nothing:
processes, sockets, files and signals are those of a user.
"""

import contextlib
import json
import os
import random
import secrets
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cli.demo_town import DemoTown, Seen
from tests.living import alive
from tests.waiting import until
from town.node.home import Home
from town.node.lifecycle import process_of, running

NAMES = ("rust-hollow", "ash-flats", "elm-ridge")
SETTLE_ROUNDS = 20
TAKEN = 5
UNSETTLED = 9
PORT_FIRST, PORT_BEHIND = 12_000, 30_000
# 0 done, 3 not heard of yet, 4 not its to decide, 5 another's, 6 killed meanwhile, 7 no peer
# reached, 9 not settled, and what a command that was killed itself says.
EXPECTED = frozenset({0, 3, 4, TAKEN, 6, 7, UNSETTLED, -signal.SIGKILL})


class Soak:
    """One seed, for so many seconds."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.chance = random.Random(seed)
        self.totals: Counter[str] = Counter()
        self.towns = [
            DemoTown(name=name, folder=folder, env=os.environ, say=lambda _: None) for name in NAMES
        ]
        self.ports = dict(zip(NAMES, free_ports(len(NAMES)), strict=True))
        self.posted: dict[str, str] = {}  # item -> who posted it
        self.holders: dict[str, str] = {}  # item -> who was told `yours`
        self.handed: dict[str, str] = {}  # item -> the evidence that was acknowledged
        self.unsure: set[str] = set()  # items whose last command was killed
        self.completed: set[str] = set()
        self.asked: list[tuple[DemoTown, str]] = []

    # --- the run

    def run(self, seconds: float) -> Counter[str]:
        """The totals. Raises AssertionError with what did not hold."""
        try:
            self.found()
            end = time.monotonic() + seconds
            while time.monotonic() < end or not (self.posted and self.totals["killed nodes"]):
                self.turn()
            self.heal()
            self.finish()
            self.go_home()
        finally:
            self.end()
        return self.totals

    def found(self) -> None:
        """Three towns on one board."""
        first = self.towns[0]
        for town in self.towns:
            town.ask("init", "--handle", town.name)
            self.start(town)
        first.ask("create", "hop/commons")
        token = first.ask("invite", "--count", "2")["invite"]
        for town in self.towns[1:]:
            town.ask("join", token, "--yes")

    def start(self, town: DemoTown) -> None:
        """The town's node is up, at the address that it always has."""
        town.ask("up", "--detach", "--port", str(self.ports[town.name]))

    def pid(self, town: DemoTown) -> int | None:
        """The process of the town's node, where one is up."""
        facts = running(Home(town.home))
        return facts.pid if facts is not None else None

    def turn(self) -> None:
        """One command of one town, perhaps with a kill in the middle of it."""
        town = self.chance.choice(self.towns)
        moves = (self.post, self.post, self.claim, self.claim, self.claim, self.done, self.judge,
                 self.unclaim, self.note, self.sync)  # fmt: skip
        self.chance.choice(moves)(town)
        other = self.chance.choice(self.towns)
        if self.pid(other) is None:
            self.start(other)
            self.totals["restarts"] += 1
        elif self.chance.random() < 0.1:
            self.kill(self.pid(other))

    def kill(self, pid: int | None) -> None:
        """A node dies at once; whoever looks afterwards finds none."""
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            until(lambda: not alive(pid))
            self.totals["killed nodes"] += 1

    def typed(self, town: DemoTown, *argv: str) -> tuple[Seen, Any]:
        """A command, now and then killed on its way, itself or the node that serves it."""
        fate = self.chance.random()
        pid = self.pid(town) if fate < 0.1 else None
        process = town.begin(*argv, "--json")
        if fate < 0.2:
            time.sleep(self.chance.random() * 0.2)
            self.kill(pid)
            if fate >= 0.1:
                process.kill()
                self.totals["killed commands"] += 1
        seen = town.finish(process)
        self.totals["commands"] += 1
        self.totals[f"exit {seen.code}"] += 1
        assert seen.code in EXPECTED, (argv, seen)
        if seen.code < 0:
            return seen, None
        assert seen.out.startswith("{"), (argv, seen)
        answer = json.loads(seen.out)
        assert (seen.code == 0) == (answer["error"] is None), (argv, seen)
        return seen, answer

    # --- moves

    def post(self, town: DemoTown) -> None:
        """Work is given."""
        seen, answer = self.typed(town, "post", f"work {self.chance.randrange(10_000)}")
        if seen.code == 0:
            self.posted[answer["data"]["id"]] = town.name

    def pick(self, fits: Callable[[str], bool]) -> str | None:
        """An item that fits, oldest first."""
        found = [item for item in self.posted if fits(item) and item not in self.completed]
        return self.chance.choice(found) if found else None

    def claim(self, town: DemoTown) -> None:
        """Work is asked for; two are never told that it is theirs."""
        item = self.pick(lambda one: self.chance.random() < 0.5 or one not in self.holders)
        if item is None:
            return
        seen, _ = self.typed(town, "claim", item, "--wait", "2")
        if seen.code == 0:
            holder = self.holders.setdefault(item, town.name)
            assert holder == town.name or item in self.unsure, (
                f"{item} was said to be {town.name}'s while it was {holder}'s"
            )
            self.totals["yours"] += 1
        self.totals["taken"] += seen.code == TAKEN
        if seen.code == UNSETTLED:
            self.asked.append((town, item))

    def done(self, town: DemoTown) -> None:
        """Work is handed in by its holder."""
        item = self.pick(lambda one: self.holders.get(one) == town.name)
        if item is None:
            return
        evidence = f"https://example.org/{self.chance.randrange(10_000)}"
        seen, _ = self.typed(town, "done", item, "--evidence", evidence)
        if seen.code == 0:
            self.handed[item] = evidence

    def judge(self, town: DemoTown) -> None:
        """The poster accepts what it has heard of."""
        item = self.pick(lambda one: self.posted[one] == town.name and one in self.handed)
        if item is None:
            return
        seen, _ = self.typed(town, "accept", item, "--quality", "4")
        if seen.code == 0:
            self.completed.add(item)
            self.totals["accepted"] += 1

    def unclaim(self, town: DemoTown) -> None:
        """Work is given back before it was handed in."""
        item = self.pick(lambda one: self.holders.get(one) == town.name and one not in self.handed)
        if item is None or self.chance.random() < 0.7:
            return
        seen, _ = self.typed(town, "unclaim", item)
        if seen.code != 0:
            self.unsure.add(item)
        self.holders.pop(item, None)

    def note(self, town: DemoTown) -> None:
        """A word on an item."""
        item = self.pick(lambda _: True)
        if item is not None:
            self.typed(town, "note", item, "How goes it?")

    def sync(self, town: DemoTown) -> None:
        """Others are asked."""
        self.typed(town, "sync")

    # --- the end

    def heal(self) -> None:
        """Everything is up, and everybody has heard everybody."""
        for town in self.towns:
            if self.pid(town) is None:
                self.start(town)
        self.settle()

    def settle(self) -> None:
        """All hold the same records. Raises AssertionError."""
        for _ in range(SETTLE_ROUNDS):
            for town in self.towns:
                town.ask("sync")
            if len({town.ask("verify")["root"] for town in self.towns}) == 1:
                return
        raise AssertionError("the sets differ after healing")

    def finish(self) -> None:
        """Nothing acknowledged is missing anywhere, and nobody waits for an answer."""
        for town, item in self.asked:
            seen = town.finish(town.begin("wait", item, "--timeout", "120s"))
            assert seen.code in (0, TAKEN), (town.name, item, seen)
        self.settle()  # what was answered only now may be on its way to a third town
        for town in self.towns:
            for item in self.posted:
                shown = town.ask("show", item)
                said = [a["untrusted"]["evidence"] for a in shown["attempts"]]
                values = [piece["value"] for evidence in said for piece in evidence]
                assert item not in self.handed or self.handed[item] in values, (town.name, shown)
                done = shown["status"] == "completed"
                assert done or item not in self.completed, (town.name, shown)
        boards = [
            [(i["id"], i["status"], i["claimed_by"]) for i in self.board(town)]
            for town in self.towns
        ]
        assert boards[0] == boards[1] == boards[2], "the boards differ after healing"
        self.totals["items"] = len(boards[0])

    def board(self, town: DemoTown) -> list[Any]:
        """All items, page after page."""
        items: list[Any] = []
        more: list[str] = []
        while True:
            page = town.ask("browse", "--status", "all", "--limit", "100", *more)
            items += page["items"]
            if not page.get("cursor"):
                return items
            more = ["--cursor", page["cursor"]]

    def go_home(self) -> None:
        """Every node ends when told to."""
        for town in self.towns:
            facts = running(Home(town.home))
            town.ask("down")
            assert facts is None or process_of(facts.pid, facts.created) is None

    def end(self) -> None:
        """Whatever happened, nothing that was started here still runs."""
        for town in self.towns:
            if (town.home / "run").is_dir():
                town.finish(town.begin("down"))


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody uses, and that the system gives to nobody while a node is down.

    Those that it gives out lie above.
    """
    ports: list[int] = []
    while len(ports) < count:
        port = PORT_FIRST + secrets.randbelow(PORT_BEHIND - PORT_FIRST)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            ports += [port] if port not in ports else []
    return ports
