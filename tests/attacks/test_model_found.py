"""Attacks M2-M14: what an executable model found. M1 and M10 stand beside the account log too."""

import pytest

from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.set_journal import JournalReplica
from ledger.story import Story
from stamps.record import Entry
from tests.ledger.people import POST, Board, Person
from tests.ledger.test_sets import exchanged, fed, shown


def ledger(board: Board, *parts: list[Entry]) -> Journal:
    """Another ledger of the board that heard these, part by part."""
    other = Journal.open(MemoryStore(), wasteland=board.wasteland)
    for part in parts:
        fed(other, part)
    return other


def told(journal: Journal, item: Entry) -> Story:
    """The story of an item in a ledger."""
    story = journal.story(item.record.id)
    assert story is not None
    return story


def one_board(one: Journal, other: Journal) -> bool:
    """Whether an exchange ends with one root and one board."""
    return exchanged(one, other) and shown(one) == shown(other)


def test_attack_m2_a_named_record_beyond_a_cut_does_not_deadlock(board, ann, bob):
    """Who heard the revoke first takes the bid once the grant that names it is held."""
    joined = bob.say("rig.join", about=board.wasteland, body={"handle": "bob"})
    item = ann.post()
    start = list(board.said)
    bid = bob.bid(item)
    grant = ann.grant(item, bid)
    revoke = bob.revoke(bob.key, joined, offer=False)
    first_bid = ledger(board, start, [bid, grant])
    first_revoke = ledger(board, start, [revoke])
    assert one_board(first_bid, first_revoke)
    assert [row["status"] for row in shown(first_revoke)[1]["wanted"]] == ["claimed"]
    fork = bob.say("note.add", about=item.record.id, after=joined, offer=False,
                   body={"tag": "note", "text": "another second record"})  # fmt: skip
    assert one_board(ledger(board, start, [fork], [bid, grant]), ledger(board, start, [bid, fork]))


def test_attack_m3_what_a_void_decision_names_is_in_the_set(board, ann):
    """Else one node finds the confirm void, the other waits, and their roots are equal."""
    mal = board.person("mal")
    joined = mal.say("rig.join", about=board.wasteland, body={"handle": "mal"})
    item = ann.post()
    start = list(board.said)
    told = mal.decide("wanted.update", item, set={"title": "Mine"})
    confirm = ann.decide("decision.confirm", item, of=told.record.id)
    withdraw = ann.say("wanted.withdraw", about=item.record.id, body={"decides": item.record.id})
    revoke = mal.revoke(mal.key, joined, offer=False)
    holds = ledger(board, start, [told, confirm, withdraw, revoke])
    lacks = ledger(board, start, [revoke, confirm, withdraw])
    assert JournalReplica(holds).frontier().root != JournalReplica(lacks).frontier().root
    assert one_board(holds, lacks)
    assert [row["status"] for row in shown(lacks)[1]["wanted"]] == ["withdrawn"]


def test_attack_m4_the_genesis_cannot_be_cut(board, ann):
    """Neither a revoke of the registrar's device nor a rival of its record hides a wasteland."""
    founder = board.registrar
    ann.say("rig.join", about=board.wasteland, body={"handle": "ann"})
    logs = [e for e in board.said if e.record.scope == "account"]
    revoke = founder.revoke(founder.key, offer=False)
    rival = founder.say(
        "wasteland.create", scope="new:" + "0" * 32, after=None, offer=False,
        body=board.genesis.record.body | {"title": "Rival"},
    )  # fmt: skip
    late = ledger(board, logs, [revoke], board.said)
    early = ledger(board, board.said[:-2], [rival], [revoke])
    assert one_board(late, early)
    assert late.genesis() is not None
    assert len(shown(late)[1]["rigs"]) >= 1


def test_attack_m5_a_later_admission_voids_no_grant(board, ann):
    """`for` is never checked against names: who gets the name later changes no decision."""
    item = ann.post()
    ann.decide("claim.grant", item, **{"for": "bo"}, term=1, lease_s=86_400)
    before = board.journal.story(item.record.id).decisions
    board.admit(board.person("bo"))
    assert board.journal.story(item.record.id).decisions == before
    assert board.status(item) == "claimed"


def test_attack_m6_who_counts_a_record_no_more_says_why(board, ann, bob):
    """The answer is the whole log of its author, though that account is in no set of ours."""
    zed = board.person("zed")
    zed.post()
    start = list(board.said)
    revoke = zed.revoke(zed.key, offer=False)
    counts, knows = ledger(board, start), ledger(board, start, [revoke])
    assert zed.account not in JournalReplica(knows).frontier().logs
    assert one_board(counts, knows)
    assert len(shown(counts)[1]["wanted"]) == 0


def test_attack_m6_a_fork_at_seq_0_brings_the_log_of_its_author(board, ann):
    """The pair is in the root, so the log is in the stream; a settled pair is answered by it."""
    zed = board.person("zed")
    start = list(board.said)
    one = zed.say("wanted.post", body=POST | {"under": ""}, after=None, offer=False)
    two = zed.say("wanted.post", body=POST | {"under": "", "priority": 4}, after=None, offer=False)
    without = [e for e in start if e.record.account != zed.account]
    assert one_board(ledger(board, start, [one, two]), ledger(board, without))
    settled = zed.revoke(zed.key, two, offer=False)
    assert one_board(ledger(board, start, [one, two]), ledger(board, start, [settled, two]))


def test_attack_m7_a_revokes_head_that_is_not_held_settles_nothing(board, ann):
    """Both branches below the named head travel until the head and its ancestors are there."""
    base = ann.say("rig.join", about=board.wasteland, body={"handle": "ann"})
    start = list(board.said)
    left = ann.say("wanted.post", body=POST | {"under": ""}, after=base, offer=False)
    right = ann.say("wanted.post", body=POST | {"under": "", "priority": 4}, after=base,
                    offer=False)  # fmt: skip
    head = ann.say("wanted.post", body=POST | {"under": "", "priority": 3}, after=right,
                   offer=False)  # fmt: skip
    revoke = ann.revoke(ann.key, head, offer=False)
    one_branch = ledger(board, start, [left, revoke])
    both = ledger(board, start, [left, right, revoke])
    assert one_board(one_branch, both)
    assert one_board(ledger(board, start, [left, right, revoke, head]), one_branch)
    assert len(shown(one_branch)[1]["wanted"]) == 2


def test_attack_m8_a_successor_waits_for_the_old_homes_last_decision(board, ann, bob):
    """What it decided on a stale view is void once the grant is held, and never was effective."""
    two = ann.device("two")
    home = {"account": ann.account, "device": ann.key.device}
    body = POST | {"under": board.journal.policy_id(), "policy": {"home": home}}
    item = ann.say("wanted.post", key=two, body=body)
    bid = bob.bid(item)
    start = list(board.said)
    grant = ann.grant(item, bid)
    revoke = ann.revoke(ann.key, grant, successor=two.device, offer=False)
    stale = ann.say("wanted.withdraw", key=two, about=item.record.id, offer=False,
                    body={"decides": item.record.id})  # fmt: skip
    other = ledger(board, start, [revoke, stale])
    assert str(told(other, item).stop) == "waits_for_head"
    assert told(other, item).decisions == ()
    fed(other, [grant])
    assert [d.kind for d in told(other, item).decisions] == ["claim.grant"]
    assert told(other, item).home.device == two.device


def test_attack_m9_a_registrar_that_forks_itself_leaves_grants_as_they_were(board, ann, bob):
    """A post pins its policy: cut since or not, its lease and its maintainers stay."""
    base = board.policy(lease_s=86_400)
    rules = board.policy(lease_s=600)
    item = ann.post()
    ann.decide("claim.grant", item, bid=bob.bid(item).record.id, term=1, lease_s=600)
    assert board.status(item) == "claimed"
    board.registrar.say("wasteland.policy", about=board.wasteland, after=base,
                        body=rules.record.body | {"set": {"lease_s": 700}})  # fmt: skip
    assert board.codes[-1] == "fork"
    assert board.journal.policy()["lease_s"] == 86_400
    assert board.status(item) == "claimed"
    assert one_board(board.journal, ledger(board, []))


def test_attack_m10_a_device_added_again_with_more_rights_gets_none(board, ann):
    """A second add is void, so a withdraw that it could not sign stays void."""
    three = ann.device("three", "wanted.post", "wanted.update")
    body = POST | {"under": board.journal.policy_id()}
    item = ann.say("wanted.post", key=three, body=body)
    about = {"about": item.record.id, "key": three}
    ann.say("wanted.withdraw", body={"decides": item.record.id}, **about)
    ann.say("wanted.update", body={"decides": item.record.id, "set": {"title": "New"}}, **about)
    ann.log("device.add", {"device": three.device, "may": ["*"]}, after=ann.log_tip)
    assert board.codes[-1] == "log_void"
    assert [d.kind for d in board.journal.story(item.record.id).decisions] == ["wanted.update"]


@pytest.mark.parametrize("who", ["poster", "home"])
def test_attack_m11_what_a_fork_takes_away_leaves_signed_proof(board, ann, bob, hub, who):
    """A poster or a home that forks itself makes its item vanish or stop: the pair travels."""
    item = ann.post_at(hub)
    hub.grant(item, bob.bid(item))
    liar = ann if who == "poster" else hub
    liar.say("rig.join", about=board.wasteland, body={"handle": liar.handle}, after=None)
    assert board.codes[-1] == "fork"
    [(chain, seq)] = JournalReplica(board.journal).frontier().forks.items()
    assert (chain.author, seq) == (liar.account, 0)
    assert [e.record.author for e in JournalReplica(board.journal).fork_pair(chain)] == [
        liar.account
    ] * 2
    story = board.journal.story(item.record.id)
    assert (story is None) if who == "poster" else (story.decisions == ())
    assert one_board(board.journal, ledger(board, []))


def test_attack_m12_a_stamp_on_work_that_does_not_count_has_no_weight(board, bob):
    """A thief of Bob's revoked key and a colluding poster: the stamp stands and says so."""
    joined = bob.say("rig.join", about=board.wasteland, body={"handle": "bob"})
    mal = board.person("mal")
    bob.revoke(bob.key, joined)
    item = mal.post()
    body = {"summary": "bad", "evidence": []}
    work = bob.say("work.submit", about=item.record.id, body=body)
    assert board.codes[-1] == "cut"
    mal.accept(item, work, dims={"quality": 1})
    assert board.offer(work) == "pinned"
    assert board.status(item) == "completed"
    [given] = board.journal.story(item.record.id).stamps
    assert (given.subject, given.weightless) == (bob.account, "uncounted")
    assert one_board(board.journal, ledger(board, []))


def test_attack_m13_who_was_ever_admitted_counts_suspended_since_or_not():
    """Under `invite` no order of admission, suspension and work changes anything."""
    board = Board(policy={"join": "invite"})
    ann, eve = board.person("ann"), board.person("eve")
    board.admit(ann)
    item = ann.post()
    board.admit(ann, suspend=True)
    ann.decide("wanted.update", item, set={"title": "After"})
    assert board.codes[-1] == "ok"
    assert board.rows("wanted")[0]["title"] == "After"
    assert one_board(board.journal, ledger(board, board.said[::-1]))
    for _ in range(2):
        eve.say("wanted.post", body=POST | {"under": ""}, after=None)
    assert board.codes[-2:] == ["not_admitted"] * 2
    forks = JournalReplica(ledger(board, board.said)).frontier().forks
    assert [key for key in forks if key.author == eve.account] == []


def test_attack_m14_a_retired_device_is_revoked_too_and_a_handle_has_one_bearer(board, ann):
    """A retire does not reach the account log (so `revoke` too); a second admit is void."""
    old = ann.device("old")
    ann.say("device.retire", body={}, key=old)
    ann.log("device.add", {"device": Person(board, "x").key.device, "may": ["*"]}, key=old)
    assert board.codes[-1] == "ok"
    ann.revoke(old)
    ann.log("device.add", {"device": Person(board, "y").key.device, "may": ["*"]}, key=old)
    assert board.codes[-1] == "log_void"
    board.admit(board.person("bo"), handle="ann")
    names = list(board.journal.admitted().values())
    assert sorted(names) == sorted(set(names))
