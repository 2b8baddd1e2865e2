"""What one more member costs: nothing that grows with how many there are."""

import pytest

from ledger.store import StoreError
from tests.ledger.people import Board, asked_about
from tests.ledger.test_arrival import as_if_new
from tests.ledger.test_sets import shown


def test_a_new_member_asks_nothing_about_the_others():
    """Everybody's joins are looked for once; a later member adds its own to them."""
    board = Board()
    asked = asked_about(board.journal.held)
    for number in range(12):
        person = board.person(f"p{number}")
        person.say("rig.join", about=board.wasteland, body={"handle": f"p{number}"})
        board.now += 1_000_000
    assert len(board.rows("rigs")) == 12
    assert asked.count(board.wasteland) <= 1


def test_a_second_join_does_not_move_the_first():
    """`registered_at` is when somebody first joined, whatever came later."""
    board = Board()
    ann = board.person("ann")
    ann.say("rig.join", about=board.wasteland, body={"handle": "ann"})
    first = {row["handle"]: row["registered_at"] for row in board.rows("rigs")}
    board.now += 3_600_000_000
    ann.say("rig.join", about=board.wasteland, body={"handle": "ann2"})
    assert {row["handle"]: row["registered_at"] for row in board.rows("rigs")} == first
    board.journal.reload()
    ann.say("note.add", about=board.wasteland, body={"tag": "note", "text": "here"})
    assert {row["handle"]: row["registered_at"] for row in board.rows("rigs")} == first


@pytest.mark.parametrize("about", ["nothing", "an item"])
def test_a_join_about_something_else_is_none_before_and_after_a_start(about):
    """What `about` may hold is not what it means (records 4): both ledgers show the same."""
    board = Board()
    ann = board.person("ann")
    item = ann.post()
    assert len(board.rows("rigs")) == 1  # everybody's joins were looked for
    board.now += 3_600_000_000
    said = item.record.id if about == "an item" else ""
    ann.say("rig.join", about=said, body={"handle": "ann"})
    assert shown(board.journal) == as_if_new(board)


def test_joins_that_could_not_be_read_are_read_again():
    """A store that fails once leaves nobody without a join."""
    board = Board()
    ann = board.person("ann")
    ann.say("rig.join", about=board.wasteland, body={"handle": "ann"})
    board.journal.reload()
    held = board.journal.held
    about = held.about

    def fails(subject: str):
        held.about = about
        raise StoreError(subject)

    held.about = fails
    with pytest.raises(StoreError):
        board.journal.state.joins(ann.account)
    assert [join.account for join in board.journal.state.joins(ann.account)] == [ann.account]
