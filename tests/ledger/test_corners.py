"""Rules that stories seldom reach, each told by itself (records 2-7)."""

from typing import Any

import pytest

from ledger.held import MemoryHeld
from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.set_journal import JournalReplica
from stamps.record import Entry, Envelope
from tests.ledger.people import POST, STAMP, Board, Person
from tests.ledger.test_sets import fed, shown


def envelope(entry: Entry, signature: bytes | None = None) -> Envelope:
    """The record with its signature, or with a false one."""
    return Envelope(entry.record, entry.signature if signature is None else signature)


def rivals(board: Board, ann: Person) -> tuple[Entry, Entry]:
    """Two records of one slot, offered to nobody."""
    one, two = (
        ann.say("wanted.post", body=POST | {"under": "", "title": title}, after=None, offer=False)
        for title in ("one", "two")
    )
    return one, two


def test_a_pair_that_proves_nothing_is_none(board, ann, bob):
    """records 2.3: one chain, one seq, two records, both signatures good."""
    one, two = rivals(board, ann)
    other = bob.post()
    pair = board.journal.record_pair
    for first, second in ((one, one), (one, other)):
        assert str(pair(envelope(first), envelope(second)).code) == "bad_link"
    assert str(pair(envelope(one), envelope(two, bytes(64))).code) == "signature"
    assert JournalReplica(board.journal).frontier().forks == {}
    assert str(pair(envelope(one), envelope(two)).code) == "fork"
    assert str(pair(envelope(one), envelope(two)).code) == "held"
    assert len(JournalReplica(board.journal).frontier().forks) == 1


def test_a_fork_beyond_the_head_of_a_revoke_is_none(board, ann):
    """records 2.3: until the head is held the chain counts below it, and what lies past is cut."""
    ann.post()
    missing = ann.say("wanted.post", body=POST | {"under": ""}, offer=False)
    last = ann.say("wanted.post", body=POST | {"under": "", "title": "x"}, offer=False)
    rival = ann.say("wanted.post", body=POST | {"under": "", "title": "y"}, after=missing,
                    offer=False)  # fmt: skip
    other = Journal.open(MemoryStore(), wasteland=board.wasteland)
    fed(other, [*board.said[:-3], missing, last, rival])
    assert list(JournalReplica(other).frontier().forks.values()) == [2]
    revoke = ann.revoke(ann.key, missing, offer=False)
    fed(other, [revoke])
    assert JournalReplica(other).frontier().forks == {}
    assert len(shown(other)[1]["wanted"]) == 2
    late = Journal.open(MemoryStore(), wasteland=board.wasteland)
    fed(late, [e for e in board.said if e not in (missing, last, rival, revoke)])
    assert str(late.record_pair(envelope(last), envelope(rival)).code) == "fork"
    fed(late, [revoke])
    assert JournalReplica(late).frontier().forks == {}
    assert len(shown(late)[1]["wanted"]) == 1


def test_a_withdrawal_takes_back_what_somebody_holds(board, ann, bob):
    """records 5.3: at any time before completion, with its reason."""
    item = ann.post()
    ann.grant(item, bob.bid(item))
    ann.decide("wanted.withdraw", item, reason="not needed")
    [grant] = board.journal.story(item.record.id).grants
    assert (grant.ended, grant.reason) == ("withdrawn", "not needed")
    assert board.rows("wanted")[0]["claimed_by"] is None


def test_what_the_doer_needs_stands_beneath_the_description(board, ann):
    """records 7.1: a footer that a client of `wl` shows as it is."""
    told: dict[str, Any] = {"repo": "r", "done_when": ["a", "b"], "due": 1_700_000_000_000_000}
    ann.say("wanted.post", body=POST | {"under": ""} | told)
    ann.say("wanted.post", body=POST | {"under": "", "description": ""} | told)
    footer = "Repository: r\nDone when: a; b\nDue: 2023-11-14 22:13:20"
    texts = {row["description"] for row in board.rows("wanted")}
    assert texts == {footer, f"{POST['description']}\n\n--\n{footer}"}


def test_a_registrar_moves_suspends_and_names_maintainers(board, ann, bob, hub):
    """records 4.2, 4.3: one sequence; after a move the new device alone goes on with it."""
    board.policy(maintainers=[bob.account])
    board.admit(ann, suspend=True)
    assert board.journal.name(ann.account).startswith("handle~")
    pointer = board.journal.registrar_pointer()
    to = {"account": hub.account, "device": hub.key.device}
    elsewhere = {"decides": pointer, "to": to}
    board.registrar.say("home.move", about=ann.account, body=elsewhere)
    assert board.journal.registrar_pointer() == pointer
    board.registrar.say("home.move", about=board.wasteland, body=elsewhere)
    assert board.journal.registrar() == (hub.account, hub.key.device)
    board.admit(ann)
    assert board.journal.name(ann.account).startswith("handle~")
    hub.say("rig.admit", about=ann.account, body={
        "decides": board.journal.registrar_pointer(), "account": ann.account, "handle": "ann",
    })  # fmt: skip
    assert board.journal.name(ann.account) == "ann"
    assert bob.account in JournalReplica(board.journal).frontier().logs


def test_a_stamp_of_a_device_without_the_right_has_no_row(board, ann, bob):
    """records 3.2b: what an agent's key may not say changes nothing; nor does a cut one's."""
    agent = ann.device("agent", "note.add")
    body = {"subject": bob.account, "context": {"type": "review"}, "stamp": STAMP}
    ann.say("stamp.give", body=body, key=agent)
    assert board.rows("stamps") == []
    two = ann.device("two")
    ann.say("stamp.give", body=body, key=two)
    assert len(board.rows("stamps")) == 1
    ann.revoke(two)
    assert board.rows("stamps") == []


def test_an_item_under_what_is_no_policy_waits_for_ever(board, ann):
    """records 5.2: no row, no decision; it is the same on every node."""
    note = ann.say("note.add", about=ann.account, body={"tag": "note", "text": "x"})
    item = ann.say("wanted.post", body=POST | {"under": note.record.id})
    ann.say("wanted.withdraw", about=item.record.id, body={"decides": item.record.id})
    story = board.journal.story(item.record.id)
    assert (str(story.stop), story.decisions) == ("waits_for_policy", ())
    assert board.rows("wanted") == []


def test_a_reopened_ledger_still_knows_what_it_waits_for_and_what_is_pinned(board, ann, bob):
    """A restart between a grant and its bid loses neither."""
    item, other = ann.post(), ann.post()
    bids = [bob.bid(one, offer=False) for one in (item, other)]
    for one, bid in zip((item, other), bids, strict=True):
        ann.grant(one, bid)
    bob.say("note.add", about=item.record.id, body={"tag": "note", "text": "x"}, after=None)
    again = Journal.open(board.journal.store, wasteland=board.wasteland)
    outcomes = again.record([envelope(bid) for bid in bids], now=board.now)
    assert [str(outcome.code) for outcome in outcomes] == ["fork", "pinned"]
    third = Journal.open(again.store, wasteland=board.wasteland)
    assert set(JournalReplica(third).frontier().pins) >= {bid.record.id for bid in bids}
    assert shown(third) == shown(again)
    assert {row["status"] for row in third.store.rows("wanted")} == {"claimed"}


@pytest.mark.parametrize("how", ["unknown author", "unknown log"])
def test_a_log_record_without_its_log_is_a_gap(board, ann, how):
    """records 2.2: paths are sent whole, from n = 0."""
    zed = board.person("zed")
    added = {"device": ann.key.device, "may": ["*"]}
    record = zed.log("device.add", added, offer=False)
    other = Journal.open(MemoryStore(), wasteland=board.wasteland)
    if how == "unknown log":
        fed(other, [e for e in board.said if e.record.account != zed.account])
    [outcome] = other.record([envelope(record)], now=board.now)
    assert str(outcome.code) == "gap"


def test_a_record_that_is_held_twice_is_held_once(board, ann):
    """Adding it again changes nothing."""
    item = ann.post()
    held = MemoryHeld([item, item])
    held.add(item)
    assert (len(held), list(held.entries())) == (1, [item])
