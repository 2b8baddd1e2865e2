"""Two ledgers come to one root by what they say to each other, whatever either holds."""

import random

import pytest

from tests.federation.exchange import Side, talk
from tests.ledger.test_against_model import history
from tests.ledger.test_sets import fed, opened, shown
from tests.seeds import seeds


def sides(seed: int, *, parts: int = 2) -> list[Side]:
    """Ledgers with different parts of one hostile history."""
    made = history(seed, join=("open", "invite")[seed % 2])
    chance = random.Random(seed + 7)
    founding = [e for e in made.ours.values() if e.record.id == made.wasteland]
    founding = [made.ours[founding[0].record.account], *founding]
    found = []
    for number in range(parts):
        share = chance.choice([0.0, 0.5, 0.8, 0.95, 1.0])
        part = [e for e in made.ours.values() if chance.random() < share]
        chance.shuffle(part)
        journal = opened(made)
        fed(journal, founding + part)
        found.append(Side(f"town{number}", journal))
    return found


@pytest.mark.parametrize("seed", seeds(100, fast=10))
def test_two_partial_holdings_become_equal_in_one_exchange(seed):
    """Equal roots and rows, and a second exchange is one question and one answer."""
    one, other = sides(seed)
    said = talk(one, other)
    assert said.report.equal, (said.report, said.asks)
    assert shown(one.journal) == shown(other.journal)
    again = talk(one, other)
    assert [what for what, _, _ in again.asks] == ["root"]
    assert again.bytes <= 64


@pytest.mark.parametrize("seed", seeds(40, fast=5))
def test_three_towns_converge_in_any_order_of_meeting(seed):
    """A carries to C what B told it: every reachable member is a relay."""
    towns = sides(seed, parts=3)
    order = [(0, 1), (1, 2), (0, 2), (2, 1), (1, 0)]
    random.Random(seed).shuffle(order)
    for first, second in order * 2:
        talk(towns[first], towns[second])
    assert len({shown(town.journal)[0] for town in towns}) == 1


@pytest.mark.parametrize("cut", range(1, 5))
@pytest.mark.parametrize("seed", seeds(12, fast=2))
def test_an_exchange_cut_anywhere_is_finished_by_the_next(seed, cut):
    """A line that breaks after any message costs nothing but time."""
    one, other = sides(seed)
    talk(one, other, cut_after=cut)
    assert talk(one, other).report.equal
    assert shown(one.journal) == shown(other.journal)
