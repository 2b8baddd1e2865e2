"""Attacks 12-19: on accounts, devices and clocks. More of them stand beside the account log."""

import pytest

from ledger.journal import Journal
from ledger.memory import MemoryStore
from stamps.clock import ClockAheadError, next_at
from stamps.record import Entry
from tests.ledger.people import HOUR, SECOND, Board, Person
from tests.ledger.test_sets import exchanged, fed, shown
from town.node.continuity import Mark


def as_heard_by_another(board: Board, entries: list[Entry]) -> Journal:
    """Another ledger that heard these."""
    other = Journal.open(MemoryStore(), wasteland=board.wasteland)
    fed(other, entries)
    return other


def test_attack_12_a_fork_at_a_low_seq_is_settled_by_a_revoke_that_names_the_head(board, ann, bob):
    """Frozen until then, not forgotten; afterwards what was earned counts again, for good."""
    item = ann.post()
    ann.grant(item, bob.bid(item))
    done = ann.accept(item, bob.submit(item))
    earned = shown(board.journal)[1]["stamps"]
    thief = ann.say("rig.join", about=board.wasteland, body={"handle": "ann"}, after=None)
    assert board.rows("stamps") == []
    assert board.journal.story(item.record.id) is None
    ann.revoke(ann.key, done)
    assert shown(board.journal)[1]["stamps"] == earned
    after = shown(board.journal)
    again = ann.say("wanted.post", body=item.record.body | {"title": "Mine"}, after=thief)
    assert board.codes[-1] == "cut"
    assert shown(board.journal) == after
    everything = [*board.said, again]
    assert shown(as_heard_by_another(board, everything[::-1])) == after


def test_attack_13_a_paper_key_used_on_two_machines_is_not_equivocating(board, ann):
    """The account log has no forks: of two records of one n the rule picks one, on every node."""
    spare = Person(board, "spare").key.device, Person(board, "second").key.device
    before = ann.log_tip
    bodies = [{"device": device, "may": ["*"]} for device in spare]
    one, two = (ann.log("device.add", body, after=before) for body in bodies)
    chosen = min(one, two, key=lambda entry: entry.record.id)
    log = board.journal.log_of(ann.account)
    assert log is not None
    assert log.head.id == chosen.record.id
    assert log.introduces(ann.key.device)
    further = ann.log("device.revoke", {"device": ann.key.device, "heads": {}}, after=chosen)
    assert board.codes[-1] == "ok"
    assert board.journal.log_of(ann.account).head.id == further.record.id


def test_attack_15_a_stolen_device_cannot_revoke_itself_to_erase_the_past(board, ann, bob):
    """Only a rotation key revokes; a retire reaches forward alone."""
    item = ann.post()
    ann.grant(item, bob.bid(item))
    body = {"device": ann.key.device, "heads": {}}
    ann.log("device.revoke", body, key=ann.key, after=ann.log_tip)
    assert board.codes[-1] == "log_void"
    ann.say("device.retire", body={})
    assert board.status(item) == "claimed"
    ann.decide("wanted.withdraw", item)
    assert board.status(item) == "claimed"


def test_attack_16_listing_somebodys_keys_takes_nothing_from_him(board, ann, bob):
    """A sybil names Ann's device and rotation key: her chains, rows and logs are what they were."""
    item = ann.post()
    before = shown(board.journal)[1]
    sybil = Person(board, "sybil", rotation=[ann.paper.device])
    sybil.log("device.add", {"device": ann.key.device, "may": ["*"]}, key=sybil.key)
    assert board.codes[-1] == "ok"
    sybil.log("device.revoke", {"device": ann.key.device, "heads": {}}, key=ann.paper)
    assert board.codes[-1] == "ok"
    assert shown(board.journal)[1] == before
    ann.grant(item, bob.bid(item))
    assert board.status(item) == "claimed"


def test_attack_18_a_restored_backup_never_continues_a_chain(tmp_path):
    """The mark outside what backups copy tells; no peer has to be asked, or could lie."""
    ledger, restored = MemoryStore(), MemoryStore()
    mark = Mark(tmp_path, ledger)
    mark.judge({})
    mark.renew({"chain": 3})
    for key, value in ledger.documents("node").items():
        restored.put("node", key, value)
    mark.advance({"chain": 4})
    mark.release()
    copy = Mark(tmp_path, restored)
    assert not copy.judge({"chain": 3}).newest
    copy.release()


def test_attack_19_nobody_is_dragged_into_the_future(board, ann):
    """What lies ahead is parked, moves no clock, and cannot be followed by an honest device."""
    ahead = board.now + 2 * HOUR
    ann.say("note.add", about=ann.account, body={"tag": "note", "text": "x"}, at=ahead)
    assert board.codes[-1] == "parked"
    assert board.journal.seen_at() < board.now
    with pytest.raises(ClockAheadError):
        next_at(now_us=board.now, last_at=ahead, seen_at=0)
    assert next_at(now_us=board.now, last_at=0, seen_at=board.now + 599 * SECOND) <= board.now


def test_attack_17_a_revoke_leaves_nothing_open_in_scopes_it_does_not_list(board, ann):
    """What a head does not name counts for nothing, wherever it was written."""
    ann.say("rig.update", scope="identity", body={"name": "Ann"})
    item = ann.post()
    assert next(r for r in board.rows("rigs") if r["handle"] == "ann")["display_name"] == "Ann"
    ann.revoke(ann.key, item)
    shown_names = {row["handle"]: row["display_name"] for row in board.rows("rigs")}
    assert shown_names["ann"] == "ann"
    assert [row["status"] for row in board.rows("wanted")] == ["open"]


def test_attack_14_two_revokes_of_one_device_have_one_answer(board, ann):
    """The last effective one holds, in whatever order they are heard."""
    one, two = ann.post(), ann.post()
    ann.revoke(ann.key, two)
    ann.revoke(ann.key, one)
    assert len(board.rows("wanted")) == 1
    other = as_heard_by_another(board, board.said[::-1])
    assert shown(other) == shown(board.journal)
    assert exchanged(other, board.journal)
