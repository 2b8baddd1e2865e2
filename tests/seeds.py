"""How much is tried at random: a little while somebody waits for `make check`, the rest after.

Histories by number, and examples that Hypothesis makes. It decides nothing else.
"""

import os

import pytest

COUNTED = 10
WAITING = os.environ.get("WL_PROFILE") == "check"


def seeds(count: int, *, fast: int) -> list[object]:
    """The seeds 0 to `count`; those from `fast` on are slow, and later ones are not counted."""
    return [*range(fast), *(pytest.param(n, marks=marks(n)) for n in range(fast, count))]


def marks(number: int) -> tuple[pytest.MarkDecorator, ...]:
    """A slow history; coverage looks at the first ones only."""
    return (pytest.mark.slow, *((pytest.mark.uncounted,) if number >= COUNTED else ()))


def tries(count: int, *, fast: int) -> int:
    """How many examples: `count`, but `fast` in `make check`."""
    return fast if WAITING else count
