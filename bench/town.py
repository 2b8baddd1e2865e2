"""A town at work: giving a bead to a worker, an agent's first question, and an agent that dies.

`gt sling` and `gt prime` as processes, start-up included, cold and through a node, in a town with
10,000 beads; then agents are killed: when that is seen, and when the next session begins.
"""

import argparse
import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from bench.beads import lines
from bench.result import folder, percentile, row
from bench.workspaces import PREFIX, RIG, Workspace, met

BEADS: Final = 10_000
TURNS: Final = 7  # twice as many workers, and a few that die, are fewer than a town has
DEATHS: Final = 5
SLING_MS: Final = 1_000.0
PRIME_MS: Final = 300.0
SEEN_S: Final = 2.0
RESUMED_S: Final = 5.0
WAIT_S: Final = 60.0
LOOK_S: Final = 0.005
AGENT: Final = """#!/bin/sh
printf '%s %s\\n' "$$" "$GT_BEAD" >>"{journal}"
exec sleep 100000
"""


class Town(Workspace):
    """A town with so many beads, whose agent only says that it began."""

    def __init__(self, place: Path, count: int) -> None:
        super().__init__(place)
        self.journal = place / "journal"
        self.journal.touch()
        agent = place / "agent.sh"
        agent.write_text(AGENT.format(journal=self.journal), "utf-8")
        worker = {"command": "sh", "args": [str(agent)]}
        told = {"default_agent": "worker", "agents": {"worker": worker}}
        self.say("settings/config.json", {"session": {"provider": "process"}, **told})
        file = place / "issues.jsonl"
        file.write_text("".join(lines(count)), "utf-8")
        self.bd("import", str(file))

    def beads(self, count: int) -> list[str]:
        """So many new beads that can be begun."""
        made = (self.bd("create", "Do it", "--prefix", PREFIX, "--silent") for _ in range(count))
        return [bead.strip() for bead in made]

    def begun(self) -> dict[str, list[int]]:
        """The processes of each bead's sessions, in order."""
        found: dict[str, list[int]] = {}
        for line in self.journal.read_text("utf-8").splitlines():
            pid, bead = line.split()
            found.setdefault(bead, []).append(int(pid))
        return found

    def deaths(self) -> int:
        """How many deaths of sessions the file of events has."""
        file = self.root / ".events.jsonl"
        text = file.read_text("utf-8") if file.exists() else ""
        return sum(json.loads(one)["type"] == "session_death" for one in text.splitlines())


def until(what: Callable[[], Any]) -> float:
    """Seconds until it is so."""
    start = time.perf_counter()
    while not what():
        if time.perf_counter() - start > WAIT_S:
            raise RuntimeError("not in time")
        time.sleep(LOOK_S)
    return time.perf_counter() - start


def commands(town: Town, count: int, how: str) -> list[str]:
    """Rows of both commands; the beads that were given."""
    beads = town.beads(TURNS)
    told = town.turns([("gt", "sling", bead, RIG) for bead in beads])
    line(f"`gt sling` {how}, {count:,} beads", SLING_MS, *told)
    shown = json.loads(town.bd("show", beads[-1], "--json"))
    who = str((shown[0] if isinstance(shown, list) else shown)["assignee"])
    place = town.root / RIG / "polecats" / who.rpartition("/")[2] / RIG
    told = town.turns([("gt", "prime")] * TURNS, at=place, env={"GT_ROLE": who})
    line(f"`gt prime` {how}, {count:,} beads", PRIME_MS, *told)
    return beads


def line(work: str, most_ms: float, took_ms: float, bare_ms: float) -> None:
    """The row of a command."""
    said = f"{took_ms:.0f} ms, {took_ms / bare_ms:.1f} bare Pythons"
    row(work, f"≤ {most_ms:.0f} ms median, idle", said, met=met(took_ms, most_ms, bare_ms))


def killed(town: Town, bead: str) -> tuple[float, float]:
    """Seconds from the kill of a bead's agent until it is seen, and until the next one begins."""
    deaths, before = town.deaths(), town.begun()[bead]
    start = time.perf_counter()
    with contextlib.suppress(ProcessLookupError):
        os.kill(before[-1], signal.SIGKILL)
    until(lambda: town.deaths() > deaths)
    seen = time.perf_counter() - start
    until(lambda: len(town.begun()[bead]) > len(before))
    return seen, time.perf_counter() - start


def dying(town: Town, beads: Iterator[str]) -> None:
    """Rows of agents that are killed, each of another bead: nobody waits for a back-off."""
    found = []
    for _ in range(DEATHS):
        bead = next(beads)
        until(lambda bead=bead: bead in town.begun())  # type: ignore[misc]
        found.append(killed(town, bead))
    seen = percentile([one for one, _ in found], 0.5)
    resumed = percentile([two for _, two in found], 0.5)
    row("an agent's death is seen", f"≤ {SEEN_S:.0f} s median", f"{seen:.2f} s", met=seen <= SEEN_S)
    row("its work goes on in a new session", f"≤ {RESUMED_S:.0f} s median",
        f"{resumed:.2f} s, the start of a shell in it", met=resumed <= RESUMED_S)  # fmt: skip


def main() -> None:
    """One run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beads", type=int, default=BEADS)
    count = parser.parse_args().beads
    town = Town(folder() / f"town-at-work-{count}", count)
    commands(town, count, "cold")
    with town.node():
        beads = commands(town, count, "through a node")
        dying(town, iter(beads))


if __name__ == "__main__":
    main()
