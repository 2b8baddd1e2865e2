"""What a command costs, start-up included: through a node and without one, on small and big boards.

Both sizes in one run, each in a town whose ledger has that many items. A bare Python beside them
says how fast the machine is at that moment.
"""

import argparse
import subprocess
import sys
import time
from typing import Final

from town.node.boot import load_engine

load_engine()

from bench.result import percentile, row  # noqa: E402  # the engine comes first
from bench.towns import PROGRAM, Town, filled, posts  # noqa: E402

TURNS: Final = 25
SMALL: Final = 100
THROUGH_MS: Final = 80.0
WITHOUT_MS: Final = 500.0
FLAT: Final = 1.25  # what two sizes may differ by, the machine's noise included
BARE_MS: Final = 11.0  # a bare Python on this machine when it is idle
COMMANDS: Final = (
    ("browse", "--json"),
    ("browse", "--project", "project-7", "--json"),
    ("post", "one more", "--json"),
    ("status", "--json"),
)


class Turns:
    """What one command took, and a bare Python right before each of its turns."""

    def __init__(self, argv: tuple[str, ...], env: dict[str, str]) -> None:
        self.bare: list[float] = []
        self.spent: list[float] = []
        for _ in range(TURNS):
            self.bare.append(_turn((sys.executable, "-c", ""), env))
            self.spent.append(_turn(argv, env))

    @property
    def bares(self) -> float:
        """The median, in bare Pythons of the same minute."""
        return percentile(self.spent, 0.5) / percentile(self.bare, 0.5)

    def row(self, work: str, most: float) -> None:
        """The row is printed; a busy machine may take as many bare Pythons as an idle one."""
        half, busy = percentile(self.spent, 0.5), percentile(self.bare, 0.5) / BARE_MS
        figure = f"{half:.0f} ms median, {min(self.spent):.0f} least; {self.bares:.1f} bare Pythons"
        row(work, f"≤ {most:.0f} ms median, idle", figure, met=half <= most * max(1.0, busy))


def _turn(argv: tuple[str, ...], env: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(argv, env=env, check=True, capture_output=True)
    return (time.perf_counter() - start) * 1e3


def through(town: Town, items: int) -> float:
    """Rows of every command through the node of this town; what looking takes in bare Pythons."""
    with town.node():
        looking = 0.0
        for argv in COMMANDS:
            turns = Turns((*PROGRAM, *argv), town.environment())
            looking = looking or turns.bares
            turns.row(f"`wl {' '.join(argv[:-1])}` through a node, {items:,} items", THROUGH_MS)
    return looking


def main() -> None:
    """One run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    count = parser.parse_args().items
    medians = [through(filled(items, posts), items) for items in (SMALL, count)]
    ratio = medians[1] / medians[0]
    row(f"`wl browse` at {count:,} items against {SMALL}", "flat", f"{ratio:.2f}x",
        met=ratio <= FLAT)  # fmt: skip
    for items in (SMALL, count):
        turns = Turns((*PROGRAM, "browse", "--json"), filled(items, posts).environment())
        turns.row(f"`wl browse` without a node, {items:,} items", WITHOUT_MS)


if __name__ == "__main__":
    main()
