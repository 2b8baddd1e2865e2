"""Waiting for what comes by itself: long enough for a crowded machine, at once on an idle one.

A wait is never a measurement; how fast something is, `bench/` says.
"""

import time
from collections.abc import Callable
from typing import Final, TypeVar

LONG_S: Final = 120.0
LOOK_S: Final = 0.05

Found = TypeVar("Found")


def until(
    what: Callable[[], Found | None],
    *,
    seconds: float = LONG_S,
    every: float = LOOK_S,
    why: str = "",
) -> Found:
    """What it found, once that is something; fails when it is nothing in time."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, why or "it never came"
        time.sleep(every)
    return found
