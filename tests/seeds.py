"""Numbers for histories at random: a few for every run, the rest for `make test`.

The first ones are tried while somebody waits for `make check`; it decides nothing else.
"""

import pytest


def seeds(count: int, *, fast: int) -> list[object]:
    """The seeds 0 to `count`; those from `fast` on are marked slow."""
    slow = [pytest.param(seed, marks=pytest.mark.slow) for seed in range(fast, count)]
    return [*range(fast), *slow]
