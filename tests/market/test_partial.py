"""Which item is meant among loose records, and whose words are shown (records 2.2)."""

import pytest

from stamps.record import public_id
from tests.ledger.people import Board, Person
from tests.ledger.test_loose import Unheard, notes, offered, shelved
from town.market.errors import AmbiguousError
from town.market.partial import known_in_part, loose_about

START = 6  # of `w-` and four digits
MANY = 900


@pytest.fixture
def board():
    """A board with a registrar."""
    return Board()


def test_a_start_that_several_share_is_refused_with_all_of_them(board):
    """As among items that are here; a longer start names the one."""
    ann = board.person("ann")
    _, *posts = notes(ann, MANY)
    shelved(board.journal, *posts)
    starts: dict[str, list[str]] = {}
    for post in posts:
        public = public_id("w", post.record.id)
        starts.setdefault(public[:START], []).append(public)
    shared = next(ids for ids in starts.values() if len(ids) > 1)
    with pytest.raises(AmbiguousError) as refused:
        known_in_part(board.journal, shared[0][:START])
    assert sorted(refused.value.candidates) == sorted(shared)
    partial = known_in_part(board.journal, shared[0])
    assert partial is not None
    assert partial.id == shared[0]


def test_what_another_key_signed_is_shown_only_until_the_log_says_so(board):
    """Nobody's word stands under the name of an account whose log does not name the key."""
    zed = Person(Unheard(board), "zed")
    mallory = board.person("mallory")
    item = board.person("ann").post()
    forged = zed.say("note.add", about=item.record.id, key=mallory.key,
                     body={"tag": "note", "text": "x"})  # fmt: skip
    assert shelved(board.journal, forged) == ["loose"]
    assert [r.id for r in loose_about(board.journal, item.record.id)] == [forged.record.id]
    offered(board.journal, zed.log_tip)
    assert loose_about(board.journal, item.record.id) == []


def test_what_is_here_and_what_is_no_item_is_not_known_in_part(board):
    """An item with a row is no partial one; a loose word about the wasteland makes none."""
    ann = board.person("ann")
    item = ann.post()
    _, post = notes(ann, 2)
    about = ann.say("note.add", about=board.wasteland, body={"tag": "note", "text": "x"},
                    offer=False)  # fmt: skip
    assert shelved(board.journal, post, about) == ["loose", "loose"]
    assert known_in_part(board.journal, item.record.id[:8]) is None
    assert known_in_part(board.journal, board.wasteland[:8]) is None
    assert known_in_part(board.journal, post.record.id[:3]) is None
    assert known_in_part(board.journal, post.record.id[:8].upper()) is not None
