"""Beads: import, export and what they take on disk; then each command, cold and through a node.

At 100, 1,000 and 10,000 beads in one run, each command a process, start-up included, and a bare
Python right before each of its turns. The beads have a link, two labels and half of them a comment.
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.result import folder, percentile, row
from bench.towns import Town

SIZES: Final = (100, 1_000, 10_000)
TURNS: Final = 11
AROUND: Final = 5
BARE_MS: Final = 11.0  # a bare Python on this machine when it is idle
IMPORT_S: Final = 3.0
DISK_BYTES: Final = 15 << 20
THROUGH_MS: Final = 80.0
COLD_MS: Final = 500.0
GIVEN_FOR: Final = 10_000  # beads for which the targets are given
BEFORE: Final = "162 s and 498 MB before"
BD: Final = (sys.executable, "-c", "from cli.launcher import bd; bd()")
PYTHON: Final = (sys.executable, "-c", "")
WORDS: Final = ("fix", "token", "race", "board", "sync", "merge", "flaky", "slow", "login", "agent")


def lines(count: int) -> Iterator[str]:
    """Beads as a project has them."""
    chance = random.Random(count)
    for number in range(count):
        bead, day = f"gt-{number:05}", 1 + number % 28
        at = f"2026-{1 + number % 12:02}-{day:02}T10:{number % 60:02}:00Z"
        facts: dict[str, object] = {
            "id": bead,
            "title": f"{number}: {' '.join(chance.choices(WORDS, k=6))}",
            "description": " ".join(chance.choices(WORDS, k=50)),
            "status": chance.choice(("open", "open", "in_progress", "closed")),
            "priority": chance.randrange(5),
            "issue_type": chance.choice(("task", "bug", "feature", "chore")),
            "created_at": at,
            "created_by": "ada",
            "updated_at": at,
            "labels": sorted(chance.sample(WORDS, 2)),
        }
        if number:
            other = f"gt-{chance.randrange(number):05}"
            kind = chance.choice(("blocks", "related", "discovered-from"))
            facts["dependencies"] = [{"issue_id": bead, "depends_on_id": other, "type": kind}]
        if number % 2:
            text = " ".join(chance.choices(WORDS, k=20))
            facts["comments"] = [{"id": f"c{number:06}", "author": "ada", "text": text}]
        yield json.dumps(facts) + "\n"


class Project:
    """A town with beads, and a bare Python before each of its commands."""

    def __init__(self, place: Path, count: int) -> None:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        self.town = Town(place)
        self.town.run("init", "--handle", "bench")
        self.file = place / "issues.jsonl"
        self.file.write_text("".join(lines(count)), "utf-8")
        self.env = self.town.environment() | {"BD_ACTOR": "ada"}

    def spent(self, argv: tuple[str, ...]) -> float:
        """Milliseconds of a process that ended well."""
        start = time.perf_counter()
        done = subprocess.run(
            argv, env=self.env, cwd=self.town.place, check=False, capture_output=True
        )
        took = (time.perf_counter() - start) * 1e3
        if done.returncode:
            raise RuntimeError(f"{' '.join(argv[-4:])}: {done.stderr.decode()}")
        return took

    def bd(self, *argv: str) -> float:
        """Milliseconds of a command; it works on the town's home."""
        return self.spent((*BD, *argv, "--home", str(self.town.home)))

    def turns(self, *argv: str) -> tuple[float, float]:
        """Medians of the command and of a bare Python right before each of its turns."""
        bare, own = [], []
        for turn in range(TURNS):
            bare.append(self.spent(PYTHON))
            own.append(self.bd(*(word.replace("NUMBER", f"{turn:05}") for word in argv)))
        return percentile(own, 0.5), percentile(bare, 0.5)

    def beside(self, *argv: str) -> tuple[float, float]:
        """A long command once, and bare Pythons right before and right after it."""
        before = [self.spent(PYTHON) for _ in range(AROUND)]
        own = self.bd(*argv)
        after = [self.spent(PYTHON) for _ in range(AROUND)]
        return own, statistics.median(before + after)

    def disk(self) -> int:
        """What the private database takes."""
        return sum(path.stat().st_size for path in self.town.home.glob("ledgers/town.db*"))


def exchange(project: Project, count: int) -> None:
    """Rows of an import, of the same once more, and of an export."""
    given = count == GIVEN_FOR
    took, bare = project.beside("import", str(project.file))
    project.bd("list")  # whoever opens it next finds it as it stays
    size = project.disk()
    row(f"`bd import` of {count:,} beads", f"≤ {IMPORT_S:.0f} s, idle" if given else "",
        f"{took / 1e3:.2f} s, {took / bare:.0f} bare Pythons{f'; {BEFORE}' if given else ''}",
        met=took <= IMPORT_S * 1e3 * max(1.0, bare / BARE_MS) if given else None)  # fmt: skip
    row(f"on disk, {count:,} beads", "≤ 15 MB" if given else "",
        f"{size / 1e6:.1f} MB, {size / count:.0f} bytes a bead",
        met=size <= DISK_BYTES if given else None)  # fmt: skip
    for work, argv in (("again", ("import", str(project.file))), ("export", ("export",))):
        took, bare = project.beside(*argv)
        row(f"`bd {argv[0]}` of {count:,} beads{', which are there' * (work == 'again')}", "",
            f"{took / 1e3:.2f} s, {took / bare:.0f} bare Pythons")  # fmt: skip


COMMANDS: Final = (
    ("create", "one more", "-t", "bug"),
    ("list", "--json"),
    ("ready", "--json"),
    ("show", "gt-00042", "--json"),
    ("update", "gt-NUMBER", "--priority", "1"),
    ("close", "gt-NUMBER", "--force"),
)


def commands(project: Project, count: int, how: str, most: float) -> None:
    """A row of each command."""
    for argv in COMMANDS:
        half, bare = project.turns(*argv)
        given = count == GIVEN_FOR
        target = f"≤ {most:.0f} ms median, idle" if given else ""
        row(f"`bd {argv[0]}` {how}, {count:,} beads", target,
            f"{half:.0f} ms, {half / bare:.1f} bare Pythons",
            met=half <= most * max(1.0, bare / BARE_MS) if given else None)  # fmt: skip


def main() -> None:
    """One run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beads", type=int, default=0, help="instead of 100, 1,000 and 10,000")
    asked = parser.parse_args().beads
    for count in (asked,) if asked else SIZES:
        project = Project(folder() / f"beads-{count}", count)
        exchange(project, count)
        commands(project, count, "cold", COLD_MS)
        with project.town.node():
            commands(project, count, "through a node", THROUGH_MS)


if __name__ == "__main__":
    main()
