"""What time a record may bear: a hybrid logical clock, as a pure rule (records 1.1, 2.6).

Whole seconds, with a counter in the microseconds below, so that no record tells more of its
author's habits than the second. It refuses to read any clock: the caller brings `now`.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar

from stamps.errors import WastelandError
from stamps.limits import (
    AT_AHEAD_MAX_US,
    AT_MIN_US,
    DRIFT_REFUSE_US,
    DRIFT_WARN_US,
    SIGN_AHEAD_MAX_US,
)

SECOND_US = 1_000_000


class ClockError(WastelandError):
    """Nothing may be signed at this hour."""

    def __init__(self, *, now_us: int, at: int) -> None:
        super().__init__(f"the clock says {now_us} us, the record would say {at} us")
        self.now_us = now_us
        self.at = at


class ClockAheadError(ClockError):
    """Our device has signed in the future; whatever it signs now, peers would park."""

    code: ClassVar[str] = "clock.ahead"
    hint: ClassVar[str] = "Set the clock right and wait, or add a new device key."


class ClockBehindError(ClockError):
    """The clock stands before 2020, when no record can have been made."""

    code: ClassVar[str] = "clock.behind"
    hint: ClassVar[str] = "Set the clock right."


class Drift(StrEnum):
    """How far our clock is from what peers say."""

    CLOSE = "close"
    WARN = "warn"
    REFUSE = "refuse"


def next_at(*, now_us: int, last_at: int, seen_at: int) -> int:
    """Return the `at` of our next record: after our last one, and after what it names.

    All in microseconds since 1970; 0 means none. What was seen further ahead than a record may
    name is left out. ClockAheadError when our own last record lies more than 60 s ahead.
    """
    if now_us < AT_MIN_US:
        raise ClockBehindError(now_us=now_us, at=now_us)
    if last_at > now_us + SIGN_AHEAD_MAX_US:
        raise ClockAheadError(now_us=now_us, at=last_at)
    seen = seen_at if may_name(now_us=now_us, at=seen_at) else 0
    second = now_us - now_us % SECOND_US
    at = max(second, last_at + 1, seen + 1)
    if at > now_us + SIGN_AHEAD_MAX_US:
        raise ClockAheadError(now_us=now_us, at=at)
    return at


def may_name(*, now_us: int, at: int) -> bool:
    """Say whether `after` may name a record of this time: at most 60 s ahead (records 2.6)."""
    return at <= now_us + SIGN_AHEAD_MAX_US


def is_due(*, now_us: int, at: int) -> bool:
    """Say whether a record of this time is admitted now, and not parked (records 2.1)."""
    return at <= now_us + AT_AHEAD_MAX_US


def ahead_us(*, now_us: int, peers_us: Sequence[int]) -> int | None:
    """Say how far our clock is ahead of the middle one of our peers'; None without peers."""
    return now_us - sorted(peers_us)[len(peers_us) // 2] if peers_us else None


def judge_drift(ahead: int | None) -> Drift:
    """Say what a clock so far ahead of its peers', or behind, may do (records 2.6)."""
    if ahead is None:
        return Drift.CLOSE
    if abs(ahead) > DRIFT_REFUSE_US:
        return Drift.REFUSE
    return Drift.WARN if abs(ahead) > DRIFT_WARN_US else Drift.CLOSE
