"""What a measurement says at its end: a row of the one table, its target beside it.

A figure is printed where it was measured; `bench.__main__` gathers the rows and knows no figure.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path

START = "| "
HEAD = ("work", "target", "figure", "met")


def folder() -> Path:
    """Where data that is made once lies: outside the tree."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    found = Path(base) / "wasteland" / "bench"
    found.mkdir(parents=True, exist_ok=True)
    return found


def row(work: str, target: str, figure: str, *, met: bool | None = None) -> None:
    """The row is printed; `met` is None where there is no target."""
    said = {True: "yes", False: "**no**", None: ""}[met]
    print(f"{START}{work} | {target} | {figure} | {said} |", flush=True)


def head() -> str:
    """The first two lines of the table."""
    return f"{START}{' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}"


def percentile(spent: Sequence[float], share: float) -> float:
    """The value that so many of them do not exceed."""
    ordered = sorted(spent)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Watch:
    """Wall time and this thread's own time of each turn, in milliseconds.

    On a machine that others use as well, the thread's own time says what the work costs.
    """

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.own: list[float] = []

    def __enter__(self) -> None:
        self._start = time.perf_counter(), time.thread_time()

    def __exit__(self, *_: object) -> None:
        self.wall.append((time.perf_counter() - self._start[0]) * 1e3)
        self.own.append((time.thread_time() - self._start[1]) * 1e3)

    def said(self) -> str:
        """Median and 95th percentile, wall and own."""
        half, most = percentile(self.wall, 0.5), percentile(self.wall, 0.95)
        own, own_most = percentile(self.own, 0.5), percentile(self.own, 0.95)
        return f"{half:.2f} / {most:.2f} ms (CPU {own:.2f} / {own_most:.2f})"
