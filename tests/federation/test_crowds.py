"""The real session on histories that the model leaves out: equal, without layer 2 (records 2.5)."""

import pytest

from tests.federation import exchange
from tests.federation.exchange import Side, talk
from tests.ledger.test_crowds import Told, shown

pytestmark = pytest.mark.slow  # `make check` waits for none of these


@pytest.mark.parametrize("seed", range(25))
def test_three_towns_that_heard_different_parts_end_with_one_board(seed, monkeypatch):
    """Logs, forks, cuts and pins travel by frontiers alone, whoever heard what first."""
    told = Told(seed)
    board = told.board
    monkeypatch.setattr(exchange, "NOW", board.now + 10**12)
    sides = []
    for name in ("rust", "ash", "elm"):
        share = told.chance.choice([0.5, 0.8, 0.95])
        part = [entry for entry in told.said if told.chance.random() < share]
        told.chance.shuffle(part)
        founding = [board.registrar.log_tip, board.genesis]
        sides.append(Side(name, told.heard(told.ledger(), founding + part)))
    one, two, three = sides
    for _ in range(6):
        reports = [talk(*pair).report for pair in ((one, two), (two, three), (one, three))]
        assert not any(report.layer2 for report in reports)
        if len({shown(side.journal)[0] for side in sides}) == 1:
            break
    assert shown(one.journal) == shown(two.journal) == shown(three.journal)
