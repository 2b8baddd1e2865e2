"""Half a minute of real towns, worked and killed."""

import pytest

from tests.soak.play import Soak

SECONDS = 25


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_towns_that_are_killed_lose_nothing_they_acknowledged(tmp_path):
    """Nodes and commands die at any moment; every `yours`, post and hand-in is there at the end."""
    totals = Soak(tmp_path, seed=7).run(SECONDS)
    print(dict(totals))
    assert totals["items"] > 0
    assert totals["killed nodes"] > 0
