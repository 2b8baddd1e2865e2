"""The refinery: what it does beside gates and git, and how often gates run to find culprits.

A real town with a real remote; 1, 10 and 100 requests wait, each with a bead that is to be closed,
and cycles run until all are merged. Time in git and in gates is counted where they are called.
"""

import argparse
import random
import threading
import time
from collections.abc import Mapping
from math import log2
from pathlib import Path
from typing import Final

from town.node.boot import load_engine

load_engine()

from bench.result import folder, percentile, row  # noqa: E402  # the engine comes first
from bench.workspaces import PREFIX, RIG, Workspace  # noqa: E402
from ledger.merging.isolating import Isolation, Outcome  # noqa: E402
from ledger.private.store import Change  # noqa: E402
from ledger.workspace.rows import Agent  # noqa: E402
from ledger.workspace.work import IDLE, SUBMITTED, Assignment, MergeRequest  # noqa: E402
from town.beads.making import Draft  # noqa: E402
from town.beads.ports import Caller  # noqa: E402
from town.node.gates import ShellCommands, gate_environment  # noqa: E402
from town.node.git import GitProgram  # noqa: E402
from town.node.home import Home  # noqa: E402
from town.node.private import OpenPrivate  # noqa: E402
from town.node.works import Works  # noqa: E402
from town.refinery.ports import Command, Ended  # noqa: E402
from town.refinery.queue import Asked  # noqa: E402
from town.refinery.worker import Refinery  # noqa: E402
from town.workspace.layout import Workspace as Layout  # noqa: E402

SIZES: Final = (1, 10, 100)
BESIDE_MS: Final = 300.0
BATCHES: Final = (5, 20, 60)
DRAWS: Final = 300
SETTINGS: Final = {
    "merge_queue": {"gates": {"test": {"cmd": "true"}}, "batch": {"batch_wait_time": "0s"}}
}


class CountedGit(GitProgram):
    """Git, and how long it was waited for."""

    spent_s = 0.0
    calls = 0

    def _done(
        self, argv: tuple[str, ...], at: Path, env: Mapping[str, str], stdin: str, limit_s: float
    ) -> tuple[int, str, str]:
        start = time.perf_counter()
        try:
            return super()._done(argv, at, env, stdin, limit_s)
        finally:
            self.spent_s += time.perf_counter() - start
            self.calls += 1


class CountedGates(ShellCommands):
    """Gates, and how long they were waited for."""

    spent_s = 0.0

    def run(self, command: Command, stop: threading.Event) -> Ended:
        """How the command ended."""
        start = time.perf_counter()
        try:
            return super().run(command, stop)
        finally:
            self.spent_s += time.perf_counter() - start


class Queue:
    """A town whose queue has so many requests."""

    def __init__(self, place: Path, count: int) -> None:
        self.town = Workspace(place)
        self.town.say(f"{RIG}/settings/config.json", SETTINGS)
        self.layout = Layout(self.town.root)
        self.private = OpenPrivate(Home(self.layout.home), {})
        self.works: Works = self.private.works(self.layout, Caller(actor="bench"), self.town.env)
        self.git = CountedGit(self.town.env)
        self.gates = CountedGates()
        self._branches(count)
        for number, sha in enumerate(self._heads(count)):
            self._hand_in(number, sha)

    def _branches(self, count: int) -> None:
        """Branches with a file each, made in one go."""
        base = self.town.git(self.town.origin, "rev-parse", "main").strip()
        lines = [
            f"commit refs/heads/topic/{number}\ncommitter Ada <ada@example.org> 1700000000 +0000\n"
            f"data <<END\nAdd {number}\nEND\nfrom {base}\n"
            f"M 100644 inline file{number}\ndata <<END\n{number}\nEND\n\n"
            for number in range(count)
        ]
        self.town.git(self.town.origin, "fast-import", "--quiet", stdin="".join(lines))

    def _heads(self, count: int) -> list[str]:
        names = (f"refs/heads/topic/{number}" for number in range(count))
        return self.town.git(self.town.origin, "rev-parse", *names).split()

    def _hand_in(self, number: int, sha: str) -> None:
        """A bead, the work on it, and its request, as `gt done` leaves them."""
        draft = Draft(title=f"Add {number}", prefix=PREFIX, fields={"status": "in_progress"})
        bead = self.private.beads(Caller(actor="bench")).create(draft).id
        worker = f"{RIG}/polecats/w{number}"
        queue = self.works.queue
        asked = Asked(
            rig=RIG, branch=f"topic/{number}", sha=sha, target="main", bead=bead,
            assignment=f"as-{number}", worker=worker,
        )  # fmt: skip

        def turn() -> tuple[MergeRequest, Change]:
            request, change = queue.asked(asked)
            work = Assignment(
                id=asked.assignment, bead=bead, agent=worker, rig=RIG, state=SUBMITTED,
                branch=asked.branch, base="main", request=request.id,
            )  # fmt: skip
            agent = Agent(id=worker, role="polecat", rig=RIG, name=f"w{number}", state=IDLE)
            return request, change + Change(puts=(work, agent))

        queue.act("bench", turn)

    def drained(self) -> tuple[float, int]:
        """Seconds until all are merged, and how many are."""
        works, merged = self.works, 0
        refinery = Refinery(
            works.store, works.ports, self.layout, self.git, commands=self.gates,
            makers=works.makers, env=gate_environment(self.town.env),
        )  # fmt: skip
        start = time.perf_counter()
        while True:
            cycle = refinery.cycle(RIG)
            merged += len(cycle.merged)
            if cycle.broken or cycle.failed or cycle.conflicts:
                raise RuntimeError(cycle.words)
            if not cycle.due:
                return time.perf_counter() - start, merged


def beside(sizes: tuple[int, ...]) -> None:
    """Rows of what the refinery itself takes, a request."""
    first = 0.0
    for count in sizes:
        queue = Queue(folder() / f"refinery-{count}", count)
        try:
            took, merged = queue.drained()
        finally:
            queue.private.close()
        if merged != count:
            raise RuntimeError(f"{merged} of {count} are merged")
        own = (took - queue.git.spent_s - queue.gates.spent_s) * 1e3 / count
        first = first or own
        row(f"refinery beside gates and git, queue of {count:,}", f"≤ {BESIDE_MS:.0f} ms a request",
            f"{own:.0f} ms, {own / first:.2f}x that of one; beside it git:"
            f" {queue.git.spent_s * 1e3 / count:.0f} ms in {queue.git.calls / count:.1f} calls",
            met=own <= BESIDE_MS)  # fmt: skip


def culprits() -> None:
    """A row of how often gates run to find k culprits among n, beside the bound."""
    chance, shares = random.Random(1), []
    for count in BATCHES:
        ids = tuple(f"mr-{number}" for number in range(count))
        for _ in range(DRAWS):
            bad = frozenset(chance.sample(ids, chance.randrange(count + 1)))
            shares.append(_runs(ids, bad) / (len(bad) * (log2(count) + 2) + 1))
    row(f"gate runs to find k culprits among {', '.join(map(str, BATCHES))}", "≤ k(log2 n + 2) + 1",
        f"{max(shares):.2f} of it at most, {percentile(shares, 0.5):.2f} in the middle",
        met=max(shares) <= 1)  # fmt: skip


def _runs(ids: tuple[str, ...], bad: frozenset[str]) -> int:
    running = Isolation(ids).run()
    wish, runs = next(running), 0
    while True:
        runs += 1
        try:
            wish = running.send(Outcome.FAILED if bad & {*wish.ids} else Outcome.PASSED)
        except StopIteration as end:
            if set(end.value.culprits) != bad:
                raise RuntimeError(f"{end.value.culprits} instead of {bad}") from end
            return runs


def main() -> None:
    """One run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=0, help="instead of 1, 10 and 100")
    asked = parser.parse_args().requests
    culprits()
    beside((asked,) if asked else SIZES)


if __name__ == "__main__":
    main()
