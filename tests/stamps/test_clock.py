"""The time a record is given, and how a clock stands to those of peers (records 2.6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamps.clock import (
    ClockAheadError,
    ClockBehindError,
    Drift,
    ahead_us,
    is_due,
    judge_drift,
    may_name,
    next_at,
)

NOW = 1_700_000_000_123_456
SECOND = 1_000_000
MINUTE = 60 * SECOND


@given(
    last=st.integers(min_value=0, max_value=NOW + 30 * SECOND),
    seen=st.integers(min_value=0, max_value=NOW + 30 * SECOND),
)
def test_the_next_time_is_after_the_last_and_after_what_was_seen(last, seen):
    """It exceeds both, and stays within what peers admit."""
    at = next_at(now_us=NOW, last_at=last, seen_at=seen)
    assert at > last
    assert at > seen
    assert is_due(now_us=NOW, at=at)


def test_attack_44_times_are_whole_seconds_with_a_counter():
    """Attack 44: microseconds would tell when somebody works; the lower digits only count."""
    first = next_at(now_us=NOW, last_at=0, seen_at=0)
    assert first % SECOND == 0
    assert next_at(now_us=NOW, last_at=first, seen_at=0) == first + 1


def test_attack_19_a_chain_from_the_future_is_not_continued():
    """Attack 19: beyond 60 s the device signs no more until time has caught up."""
    with pytest.raises(ClockAheadError) as refused:
        next_at(now_us=NOW, last_at=NOW + MINUTE + 1, seen_at=0)
    assert refused.value.code == "clock.ahead"
    with pytest.raises(ClockAheadError):
        next_at(now_us=NOW, last_at=NOW + MINUTE, seen_at=0)


def test_attack_19_what_is_far_ahead_does_not_drag_our_clock():
    """Attack 19: a record nearly ten minutes ahead is not named, so it moves nobody."""
    far = NOW + 9 * MINUTE
    assert not may_name(now_us=NOW, at=far)
    assert next_at(now_us=NOW, last_at=0, seen_at=far) < NOW + SECOND


def test_a_clock_before_2020_is_refused():
    """No record can have been made then."""
    with pytest.raises(ClockBehindError):
        next_at(now_us=SECOND, last_at=0, seen_at=0)


def test_h28_a_record_ten_years_ahead_is_not_due():
    """It is parked, not admitted."""
    assert not is_due(now_us=NOW, at=NOW + 10 * 365 * 24 * 60 * MINUTE)


@pytest.mark.parametrize(
    ("peers", "ahead", "expected"),
    [
        ([], None, Drift.CLOSE),
        ([NOW, NOW + 10 * MINUTE, NOW], 0, Drift.CLOSE),
        ([NOW + 2 * MINUTE], -2 * MINUTE, Drift.WARN),
        ([NOW - 9 * MINUTE, NOW - 9 * MINUTE, NOW], 9 * MINUTE, Drift.REFUSE),
    ],
)
def test_the_middle_peer_says_how_far_off_we_are(peers, ahead, expected):
    """One lying peer moves nothing."""
    assert ahead_us(now_us=NOW, peers_us=peers) == ahead
    assert judge_drift(ahead) is expected
