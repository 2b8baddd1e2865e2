"""What arrives late is shown as if it had come first: single cases that random histories miss."""

import pytest

from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.story import Story
from stamps.record import Entry
from tests.ledger.people import POST, STAMP, Board, Person
from tests.ledger.test_sets import exchanged, fed, shown

LINK = {"relation": "same_owner"}


def as_if_new(board: Board) -> tuple[bytes, dict[str, list]]:
    """What the same records show when all are folded at once."""
    fresh = Journal.open(MemoryStore(), wasteland=board.wasteland)
    fed(fresh, list(board.journal.store.entries()), bulk=True)
    fresh.flush()
    return shown(fresh)


def test_a_link_is_shown_once_its_second_side_takes_part(board, ann, bob):
    """A link said before the other account acts here waits for that, and then has its row."""
    ann.post()
    ann.say("rig.link", scope="identity", body=LINK | {"other": bob.account})
    assert board.rows("rig_links") == []
    bob.post()
    assert len(board.rows("rig_links")) == 1
    assert shown(board.journal) == as_if_new(board)


def test_a_link_goes_with_the_part_that_one_side_took(board, ann, bob):
    """A revoke that takes every record of an account from the board takes its links too."""
    ann.post()
    bob.post()
    ann.say("rig.link", scope="identity", body=LINK | {"other": bob.account})
    assert len(board.rows("rig_links")) == 1
    bob.revoke(bob.key)
    assert board.rows("rig_links") == []
    assert shown(board.journal) == as_if_new(board)


def test_a_successor_decides_once_the_only_record_of_the_old_chain_is_held(board, ann):
    """records 4.2: the item waits for the head, also when nothing of that chain was known."""
    two = ann.device("two")
    joined = ann.say("rig.join", about=board.wasteland, body={"handle": "ann"}, offer=False)
    home = {"account": ann.account, "device": ann.key.device}
    body = POST | {"under": board.journal.policy_id(), "policy": {"home": home}}
    item = ann.say("wanted.post", key=two, body=body)
    ann.revoke(ann.key, joined, successor=two.device)
    body = {"decides": item.record.id}
    ann.say("wanted.withdraw", key=two, about=item.record.id, body=body)
    assert str(board.journal.story(item.record.id).stop) == "waits_for_head"
    board.offer(joined)
    assert board.rows("wanted")[0]["status"] == "withdrawn"
    assert shown(board.journal) == as_if_new(board)


@pytest.mark.parametrize("said", [False, True])
@pytest.mark.parametrize("own", [False, True])
def test_a_successor_is_home_of_what_nobody_spoke_about_too(board, ann, own, said):
    """records 4.2: the home moves by the revoke alone, whatever there is to decide."""
    two = ann.device("two")
    home = {"account": ann.account, "device": ann.key.device}
    policy = {"home": home} if own else {}
    item = ann.say(
        "wanted.post", body=POST | {"under": board.journal.policy_id(), "policy": policy}
    )
    if said:
        ann.say("note.add", key=two, about=item.record.id, body={"tag": "note", "text": "mine"})
    ann.revoke(ann.key, item, successor=two.device)
    assert told(board.journal, item).home == (ann.account, two.device)
    assert shown(board.journal) == as_if_new(board)


def told(journal: Journal, item: Entry) -> Story:
    """The story of an item in a ledger."""
    story = journal.story(item.record.id)
    assert story is not None
    return story


def strangers(board: Board, zed: Person) -> Journal:
    """Another ledger of the board that has heard nothing of one account."""
    other = Journal.open(MemoryStore(), wasteland=board.wasteland)
    fed(other, [e for e in board.said if e.record.account != zed.account])
    return other


def test_a_decision_that_names_an_account_makes_its_log_travel(board, ann):
    """records 2.4: what a judged decision names is pinned, a log record too.

    Else the item of who lacks it would wait for ever, and the roots would never be equal.
    """
    zed = board.person("zed")
    item = ann.post()
    ann.grant(item, zed.log_tip)
    other = strangers(board, zed)
    assert board.voids(item) == ["not_a_bid"]
    assert str(told(other, item).stop) == "waits_for_record"
    assert exchanged(board.journal, other)
    assert shown(board.journal) == shown(other)
    assert told(other, item).void == told(board.journal, item).void


def test_a_decision_that_names_a_later_log_record_brings_the_path_to_it(board, ann):
    """The same for a record deep in the log of somebody who wrote nothing here."""
    zed = board.person("zed")
    zed.device("one", "claim.bid")
    body = {"device": zed.device("two").device, "may": ["note.add"]}
    zed.log("device.add", body | {"device": zed.device("three").device}, key=zed.key)
    third = {"device": Person(board, "yak").key.device, "may": ["note.add"]}
    named = zed.log("device.add", third, key=zed.key)
    item = ann.post()
    ann.grant(item, named)
    other = strangers(board, zed)
    assert exchanged(board.journal, other)
    assert shown(board.journal) == shown(other)


def test_a_decision_that_names_an_identity_record_makes_it_travel(board, ann):
    """The same for a record of a chain that belongs to no board."""
    zed = board.person("zed")
    zed.say("rig.update", scope="identity", body={"name": "Zed"})
    named = zed.say("rig.update", scope="identity", body={"name": "Zed the Second"})
    item = ann.post()
    ann.grant(item, named)
    other = strangers(board, zed)
    assert exchanged(board.journal, other)
    assert shown(board.journal) == shown(other)


def test_a_neighbour_is_not_called_what_an_account_without_a_handle_is(board, ann, bob):
    """records 5.2: `for` with the row name of an account here says that it is not that one."""
    eve = board.person("eve")
    eve.post()
    name = board.journal.name(eve.account)
    item = ann.post()
    ann.decide("claim.grant", item, **{"for": name}, term=1, lease_s=86_400)
    holders = {row["claimed_by"] for row in board.rows("wanted")}
    assert holders == {None, f"for~{name}"}


def test_a_member_that_nobody_knows_makes_no_attempt_and_no_reason(board, ann, bob):
    """records 8: unknown members travel and say nothing, whatever their type."""
    item, other = ann.post(), ann.post()
    ann.grant(item, bob.bid(item))
    work = bob.submit(item)
    body = {"submission": work.record.id, "stamp": STAMP, "reason": {"not": ["a", "text"]}}
    ann.decide("work.accept", item, **body)
    ann.decide("wanted.withdraw", other, submission=work.record.id)
    [attempt] = board.rows("wl_attempts")
    assert (attempt["decision"], attempt["reason"]) == ("accepted", "")
    assert [told(board.journal, one).attempts == () for one in (item, other)] == [False, True]


def test_a_neighbours_work_is_marked_when_somebody_gets_its_name(board, ann):
    """Attack 10: also where no grant names the neighbour, and whatever comes first."""
    item = ann.post()
    ann.submit(item, on_behalf="zed")
    assert [row["worker"] for row in board.rows("wl_attempts")] == ["zed"]
    board.admit(board.person("zed"))
    assert [row["worker"] for row in board.rows("wl_attempts")] == ["for~zed"]
    assert shown(board.journal) == as_if_new(board)


def test_a_parent_is_named_once_it_takes_part(board, ann):
    """records 7.6: what somebody outside the board says of himself is no part of the set."""
    kid = board.person("kid", parent=ann.account)
    kid.post()
    ann.say("rig.link", scope="identity", body={"other": kid.account, "relation": "same_owner"})
    assert {row["parent_rig"] for row in board.rows("rigs")} == {None}
    ann.post()
    assert {row["parent_rig"] for row in board.rows("rigs")} == {None, "ann"}
    assert shown(board.journal) == as_if_new(board)
