"""How much is tried at random: a little while somebody waits for `make check`, the rest after.

Histories by number, and examples that Hypothesis makes. It decides nothing else.
"""

import os

import pytest

WAITING = os.environ.get("WL_PROFILE") == "check"


def seeds(count: int, *, fast: int) -> list[object]:
    """The seeds 0 to `count`; those from `fast` on are marked slow, and coverage does not look."""
    marks = (pytest.mark.slow, pytest.mark.uncounted)
    slow = [pytest.param(seed, marks=marks) for seed in range(fast, count)]
    return [*range(fast), *slow]


def tries(count: int, *, fast: int) -> int:
    """How many examples: `count`, but `fast` in `make check`."""
    return fast if WAITING else count
