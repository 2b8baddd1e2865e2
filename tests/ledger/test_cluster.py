"""Who is one owner behind several accounts, and what that takes from a stamp (records 3.4, 5.6)."""

import pytest

from ledger.cluster import CLUSTER_ACCOUNTS_MAX, one_owner
from tests.ledger.people import Board, Person


def linked(one: Person, other: Person, relation: str = "same_owner") -> None:
    """One side of a link."""
    body = {"other": other.account, "relation": relation}
    one.say("rig.link", scope="identity", body=body)


def one(board: Board, ann: Person, bob: Person) -> bool:
    """Whether both are one owner, asked from either side."""
    answers = {one_owner(board.journal.state, a.account, b.account)
               for a, b in ((ann, bob), (bob, ann))}  # fmt: skip
    assert len(answers) == 1
    return answers.pop()


def test_a_link_ties_only_when_both_say_it(board, ann, bob):
    """Nobody draws another into his cluster by his own words."""
    assert one(board, ann, ann)
    bob.device("two")
    assert not one_owner(board.journal.state, bob.account, "ab" * 32)
    linked(ann, bob)
    assert not one(board, ann, bob)
    linked(bob, ann, "employer")
    assert one(board, ann, bob)


def test_ties_are_followed_from_account_to_account(board, ann, bob):
    """Also over a third one, that stands between."""
    cat = board.person("cat")
    for pair in ((ann, cat), (cat, ann), (cat, bob)):
        linked(*pair)
    assert not one(board, ann, bob)
    linked(bob, cat)
    assert one(board, ann, bob)


def test_a_parent_ties_when_it_links_its_child(board, ann):
    """The child's genesis names it; the parent's word is a link."""
    kid = board.person("kid", parent=ann.account)
    assert not one(board, ann, kid)
    linked(ann, kid)
    assert one(board, ann, kid)


def test_a_rotation_key_ties_only_where_it_has_itself_signed(board, ann, bob):
    """Attack 16: anybody can list anybody's key; a signature of it cannot be had."""
    shared = bob.paper
    eve = board.person("eve", rotation=[shared.device])
    bob.device("two")
    assert not one(board, bob, eve)
    eve.paper = shared
    eve.device("two")
    assert one(board, bob, eve)
    linked(eve, ann)
    linked(ann, eve)
    assert one(board, ann, bob)


@pytest.mark.parametrize("tied", [True, False])
def test_a_stamp_within_a_cluster_has_its_row_and_no_weight(board, ann, bob, tied):
    """records 5.6: the item is completed in either case; the stamp says what it is."""
    if tied:
        linked(ann, bob)
        linked(bob, ann)
    item = ann.post()
    ann.accept(item, bob.submit(item))
    assert board.status(item) == "completed"
    assert len(board.rows("stamps")) == 1
    [given] = board.journal.story(item.record.id).stamps
    assert given.weightless == ("yearbook" if tied else "")


@pytest.mark.slow
def test_a_cluster_of_thousands_costs_no_more_than_its_bound(board, ann, bob):
    """Ties are followed up to a bound, whoever makes them."""
    before = ann
    for number in range(CLUSTER_ACCOUNTS_MAX + 20):
        other = board.person(f"p{number}")
        linked(before, other)
        linked(other, before)
        before = other
    assert not one_owner(board.journal.state, ann.account, before.account)
    assert not one_owner(board.journal.state, before.account, bob.account)
