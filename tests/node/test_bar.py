"""The line that says how far a long exchange has come, and who sees it."""

import pytest

from town.node import compose
from town.node.bar import CELLS, bar


@pytest.mark.parametrize(
    ("come", "full"), [(0, 0), (1, 0), (5_000, CELLS // 2), (9_999, CELLS - 1)]
)
def test_the_bar_is_as_full_as_the_work_is_done(come, full):
    """Never full before the end, always as wide, the numbers beside it."""
    line = bar(come, 10_000)
    cells, _, said = line.partition(" ")
    assert cells == "#" * full + "." * (CELLS - full)
    assert said == f"{come:,} of 10,000 records"


@pytest.mark.parametrize(("come", "whole"), [(10, 10), (11, 10), (0, 0)])
def test_what_is_done_has_no_bar(come, whole):
    """An empty line ends it, also where more came than was promised."""
    assert bar(come, whole) == ""


def test_a_short_exchange_shows_nothing():
    """Nobody reads a line that is over before it is seen."""
    shown: list[str] = []
    mark = compose.SHOW.set(shown.append)
    try:
        compose._progress(1, compose.SHOWN_MIN - 1)
        assert shown == []
        compose._progress(1, compose.SHOWN_MIN)
        compose._progress(compose.SHOWN_MIN, compose.SHOWN_MIN)
    finally:
        compose.SHOW.reset(mark)
    assert [bool(line) for line in shown] == [True, False]
