"""Every verb typed twice: the second time nothing is said, nothing is sent, and the exit is 0."""

import pytest

from tests.market.boards import Board
from tests.market.test_words import STAMP

URL = "https://example.org/pull/7"


def claimed(b):
    item = b.post()
    return b.ash, lambda m: m.claim(item)


def given_back(b):
    item = b.held()
    return b.ash, lambda m: m.unclaim(item)


def request_taken_back(b):
    item = b.post(assign="choose")
    b.ash.market.claim(item)
    return b.ash, lambda m: m.unclaim(item)


def handed_in(b):
    item = b.held()
    return b.ash, lambda m: m.done(item, [URL], "done")


def accepted(b):
    item = b.handed_in()
    return b.rust, lambda m: m.accept(item, STAMP)


def rejected(b):
    item = b.handed_in()
    return b.rust, lambda m: m.reject(item, "fails")


def closed(b):
    item = b.handed_in()
    return b.rust, lambda m: m.close(item, "duplicate")


def withdrawn(b):
    item = b.post()
    return b.rust, lambda m: m.withdraw(item, "not needed")


def taken_back(b):
    item = b.held()
    return b.rust, lambda m: m.takeback(item, "no progress")


def granted(b):
    item = b.post(assign="choose")
    b.ash.market.claim(item)
    b.rust.market.sync()
    return b.rust, lambda m: m.grant(item, to="ash")


def updated(b):
    item = b.post()
    return b.rust, lambda m: m.update(item, {"check": "make all", "tags": ["a", "b"]})


def joined(b):
    token = b.rust.market.invite().data["invite"]
    return b.ash, lambda m: m.join(token)


def left(b):
    name = b.ash.town.current
    return b.ash, lambda m: m.leave(name)


def created(b):
    return b.ash, lambda m: m.create("ash/own")


def admitted(b):
    return b.rust, lambda m: m.admit("ash", handle="ash-flats")


def suspended(b):
    return b.rust, lambda m: m.admit("ash", suspend=True)


def ruled(b):
    return b.rust, lambda m: m.policy({"assign": "choose", "lease_s": "7200"})


def stamp_revoked(b):
    given = b.rust.market.stamp_give("ash", STAMP, {"type": "review"}).data["id"]
    return b.rust, lambda m: m.stamp_revoke(given, "copied")


def initialised(b):
    return b.ash, lambda m: m.init("ash")


@pytest.mark.parametrize(
    "case",
    [
        *(claimed, given_back, request_taken_back, handed_in, accepted, rejected, closed),
        *(withdrawn, taken_back, granted, updated, joined, left, created, admitted, suspended),
        *(ruled, stamp_revoked, initialised),
    ],
    ids=lambda case: case.__name__,
)
def test_a_verb_typed_twice_changes_nothing_the_second_time(case):
    """A script that lost its answer may simply ask again (users 10)."""
    board = Board()
    town, use = case(board)
    first = use(town.market)
    assert first.exit == 0, first.words
    said = [journal.store.count() for journal in town.town.ledgers.values()]
    again = use(town.market)
    assert again.exit == 0, again.words
    assert [journal.store.count() for journal in town.town.ledgers.values()] == said
    assert again.data.get("state") == first.data.get("state")


def test_a_note_of_the_holder_is_a_sign_of_work():
    """records 5.7: work that is shown keeps the item; nothing renews it by itself."""
    board = Board()
    item = board.held()
    for _ in range(3):
        board.world.pass_time(20 * 3_600_000_000)
        board.heard()
        noted = board.ash.market.note(item, "parser done", tag="progress")
        assert noted.words[0].endswith("your time on it runs anew.")
    assert board.rust.market.show(item).data["holder"] == "ash"
    soon = board.ash.market.note(item, "and its test", tag="progress")
    assert soon.words[0].endswith("progress on " + soon.data["short"])
    board.bolt.market.sync()
    board.bolt.market.note(item, "may I help?")
    board.world.pass_time(25 * 3_600_000_000)
    board.heard()
    board.world.pass_time(3_600_000_000)
    assert board.rust.market.show(item).data["status"] == "open"


def test_an_item_that_comes_first_is_kept_by_its_whole_id():
    """A start of an id is unique today and not tomorrow; the record holds all of it."""
    board = Board()
    first = board.post()
    then = board.rust.market.post({"title": "after it", "needs": [first[:8]]})
    assert then.data["needs"] == [first]
