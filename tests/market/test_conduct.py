"""What a home's node does by itself, and what it never does (records 5.7)."""

from tests.market.boards import Board
from tests.market.towns import HOUR


def started_anew(town) -> None:
    """The town's node has just come up: it has heard nobody yet."""
    town.peers.heard.clear()
    town.attend()


def test_a_node_that_just_started_ends_nothing_before_it_has_listened():
    """A renewal that waits at a peer is heard first, and the item stays its holder's."""
    board = Board()
    item = board.held()
    board.away()
    board.world.pass_time(20 * HOUR)
    board.ash.market.renew(item, "2 of 3 tests green")
    board.world.pass_time(6 * HOUR)
    started_anew(board.rust)
    assert board.rust.market.show(item).data["status"] == "claimed"
    board.heard()
    shown = board.rust.market.show(item).data
    assert (shown["status"], shown["holder"]) == ("claimed", "ash")
    board.world.pass_time(20 * HOUR)
    board.heard()
    assert board.rust.market.show(item).data["status"] == "open"


def test_after_a_long_silence_a_node_listens_again_before_it_ends_anything():
    """Up all the time and cut off: the lease runs out here, and is not ended on that alone."""
    board = Board()
    item = board.held()
    board.away(board.ash)
    board.world.pass_time(26 * HOUR)
    assert board.rust.market.show(item).data["status"] == "claimed"
    board.heard()
    assert board.rust.market.show(item).data["status"] == "open"


def test_a_node_that_just_started_grants_nothing_before_it_has_listened():
    """Its own request waits too: another's, heard at a peer, may have come first."""
    board = Board()
    item = board.post()
    board.away(board.ash)
    started_anew(board.rust)
    asked = board.rust.market.claim(item, wait_s=0)
    assert asked.exit == 9
    assert "decides once it has heard a peer" in asked.words[1]
    board.heard()
    assert board.rust.market.claim(item).exit == 0


def test_work_that_was_handed_in_is_never_ended_by_time():
    """Time stands still while the poster reviews, however long that takes."""
    board = Board()
    item = board.handed_in()
    for _ in range(4):
        board.world.pass_time(30 * HOUR)
        board.heard()
    assert board.rust.market.show(item).data["status"] == "in_review"


def test_the_first_request_heard_is_granted_whatever_its_time_says():
    """`first` means first at the home, not by anybody's clock."""
    board = Board()
    _ = board.bolt
    item = board.post()
    board.away()
    board.ash.market.claim(item)
    board.world.pass_time(HOUR)
    board.bolt.market.claim(item)
    board.world.cut = {"ash"}
    board.bolt.market.sync()
    board.heard()
    assert board.rust.market.show(item).data["holder"] == "bolt"


def test_whoever_lost_an_item_by_a_take_back_does_not_get_it_again_by_itself():
    """Its next request waits for a person; another town's is granted."""
    board = Board()
    item = board.held()
    board.rust.market.takeback(item, "no progress")
    board.ash.market.sync()
    board.ash.market.show(item)
    assert board.ash.market.claim(item).exit == 5
    assert board.bolt.market.claim(item).exit == 0


def test_an_instruction_that_can_have_no_effect_is_confirmed_once():
    """The request it grants ran out before the home heard of it: void, and not said again."""
    board = Board()
    bolt = board.bolt
    board.heard()
    fields = {"title": "x", "home": "bolt", "policy": {"assign": "choose"}}
    item = board.rust.market.post(fields).data["id"]
    board.heard()
    board.ash.market.claim(item, wait_s=0)
    board.heard()
    board.away(bolt)
    board.world.pass_time(47 * HOUR)
    board.rust.market.grant(item, to="ash")
    board.world.pass_time(2 * HOUR)
    for _ in range(4):
        board.heard()
        board.world.pass_time(HOUR)
    [journal] = bolt.town.ledgers.values()
    kinds = [entry.record.kind for entry in journal.store.entries()]
    assert kinds.count("decision.confirm") == 1
    [story] = [journal.story(s.id) for s in journal.store.subjects("item")]
    assert story is not None
    assert (str(story.status), [void.reason for void in story.void]) == ("open", ["bid_over"])
