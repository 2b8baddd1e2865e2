"""Attacks 1-11: on claims and decisions."""

from typing import Any

import pytest

from ledger.journal import Journal
from ledger.memory import MemoryStore
from stamps.errors import BadRecordError
from stamps.record import Entry
from tests.ledger.people import HOUR, SECOND, STAMP, Board, Person
from tests.ledger.test_sets import exchanged, fed, shown


def worked(board: Board, ann: Person, bob: Person) -> tuple[Entry, Entry, Entry, Entry]:
    """A finished item: post, grant, work, and the acceptance with a bad stamp."""
    item = ann.post()
    grant = ann.grant(item, bob.bid(item))
    work = bob.submit(item)
    done = ann.accept(item, work, dims={"quality": 1})
    assert board.status(item) == "completed"
    return item, grant, work, done


def test_attack_1_a_second_grant_of_one_term_changes_nothing_whatever_its_id(board, ann, bob):
    """Two decisions of one device that name the same one before them: the first in its chain."""
    cyd = board.person("cyd")
    item = ann.post()
    first, second = bob.bid(item), cyd.bid(item)
    grant = ann.grant(item, first)
    ann.accept(item, bob.submit(item))
    before = shown(board.journal)[1]
    seen_lower = False
    for salt in range(12):
        body = {"decides": item.record.id, "bid": second.record.id, "term": 1}
        rival = ann.say("claim.grant", about=item.record.id, body=body | {"lease_s": 86_400 + salt})
        seen_lower |= rival.record.id < grant.record.id
    assert seen_lower, "salted until its id was the lower one"
    assert shown(board.journal)[1] == before


def test_attack_2_a_second_device_cannot_displace_a_finished_item(board, ann, bob):
    """Another device of the poster is no home: its grant, back-dated or not, changes nothing."""
    laptop = ann.device("laptop")
    cyd = board.person("cyd")
    item = ann.post()
    early = item.record.at + SECOND // 2
    rival = cyd.bid(item, at=early)
    ann.grant(item, bob.bid(item))
    ann.accept(item, bob.submit(item))
    before = shown(board.journal)[1]
    body = {"decides": item.record.id, "bid": rival.record.id, "term": 1, "lease_s": 86_400}
    ann.say("claim.grant", about=item.record.id, body=body, key=laptop, at=early + 1)
    assert shown(board.journal)[1] == before
    assert "not_home" in board.voids(item)


BACKDATED: dict[str, tuple[str, dict[str, Any]]] = {
    "3": ("claim.renew", {"sign": "on it"}),
    "4": ("work.submit", {"summary": "done", "evidence": []}),
}


def lapsed_then_granted(board: Board, ann: Person, bob: Person) -> tuple[Entry, Entry, Person]:
    """Bob's lease ran out and was ended; Cyd holds the item."""
    cyd = board.person("cyd")
    item = ann.post()
    grant = ann.grant(item, bob.bid(item))
    board.now += 30 * HOUR
    ann.decide("claim.end", item, grant=grant.record.id, cause="lapsed")
    ann.grant(item, cyd.bid(item), term=2)
    return item, grant, cyd


@pytest.mark.parametrize("number", BACKDATED)
def test_attack_3_4_a_late_renewal_or_submission_displaces_nobody(board, ann, bob, number):
    """With a time from before the end, and unknown to the home then: the next holder holds."""
    item, grant, cyd = lapsed_then_granted(board, ann, bob)
    kind, body = BACKDATED[number]
    early = grant.record.at + HOUR
    bob.say(kind, about=item.record.id, body=body | {"grant": grant.record.id}, at=early)
    story = board.journal.story(item.record.id)
    assert [held.holder for held in story.open_grants] == [cyd.account]
    assert board.status(item) == "claimed"
    if number == "4":
        assert [(a.late, a.decision) for a in story.attempts] == [(True, "")]


def test_attack_5_a_second_submission_from_before_replaces_nothing(board, ann, bob):
    """The accept names its submission; a back-dated one beside it changes no row of the stamp."""
    item, grant, work, _ = worked(board, ann, bob)
    body = {"summary": "better", "evidence": [], "grant": grant.record.id}
    bob.say("work.submit", about=item.record.id, body=body, at=work.record.at + 1)
    [completion] = board.rows("completions")
    assert completion["block_hash"] == work.record.id
    assert [row["valence"]["quality"] for row in board.rows("stamps")] == [1]


def test_attack_5_a_worker_who_revokes_its_own_device_keeps_its_bad_stamp(board, ann, bob):
    """What was named is judged with any path that names the device, revoked since or not."""
    worked(board, ann, bob)
    before = shown(board.journal)[1]
    bob.revoke(bob.key)
    after = shown(board.journal)[1]
    assert after["stamps"] == before["stamps"]
    assert after["completions"] == before["completions"]
    assert [row["status"] for row in after["wanted"]] == ["completed"]


def test_attack_5_a_worker_who_forks_its_own_chain_keeps_its_bad_stamp(board, ann, bob):
    """The bid and the work lie beyond the cut and stay pinned, also where both come later."""
    worked(board, ann, bob)
    stamps = shown(board.journal)[1]["stamps"]
    bob.say("rig.join", about=board.wasteland, body={"handle": "bob"}, after=None)
    assert board.codes[-1] == "fork"
    assert shown(board.journal)[1]["stamps"] == stamps
    other = Journal.open(MemoryStore(), wasteland=board.wasteland)
    assert exchanged(board.journal, other)
    assert shown(other)[1] == shown(board.journal)[1]


def test_attack_5_a_key_of_ones_own_making_is_not_somebody_elses_device(board, ann, bob):
    """Naming pins only what a path of the author's own log introduces: nobody is stamped so."""
    item = ann.post()
    fake = Person(board, "fake").key
    forged = bob.say("work.submit", about=item.record.id, key=fake, body={
        "summary": "not mine", "evidence": [],
    })  # fmt: skip
    assert board.codes[-1] == "unknown_device"
    ann.accept(item, forged)
    assert board.rows("stamps") == []
    assert str(board.journal.story(item.record.id).stop) == "waits_for_record"
    assert board.offer(forged) == "unknown_device"


@pytest.mark.parametrize(("hours", "reason"), [(23, "too_early"), (25, "")])
def test_attack_6_a_lease_is_counted_from_the_grants_own_time(board, ann, bob, hours, reason):
    """A grant dated before its bid is void, and a lease cannot be shorter than the post's."""
    item = ann.post()
    bid = bob.bid(item)
    body = {"bid": bid.record.id, "term": 1, "decides": item.record.id}
    early = {"at": item.record.at + 1}
    ann.say("claim.grant", about=item.record.id, body=body | {"lease_s": 86_400}, **early)
    ann.say("claim.grant", about=item.record.id, body=body | {"lease_s": 300})
    assert board.voids(item) == ["bid_over", "lease_too_short"]
    grant = ann.grant(item, bid)
    board.now = grant.record.at + hours * HOUR
    ann.decide("claim.end", item, grant=grant.record.id, cause="lapsed")
    assert "".join(board.voids(item)[2:]) == reason
    for lease in (1, 299, 90 * 86_400 + 1, 2**53 - 1):
        with pytest.raises(BadRecordError):
            ann.decide("claim.grant", item, bid=bid.record.id, term=2, lease_s=lease)


def test_attack_7_each_racer_has_a_state_of_its_own(board, ann, bob):
    """One's submission does not keep the other from being ended, nor a third from its grant."""
    cyd, dan = board.person("cyd"), board.person("dan")
    item = ann.post(assign="race", max=2)
    one = ann.grant(item, bob.bid(item))
    two = ann.grant(item, cyd.bid(item), term=2)
    work = bob.submit(item)
    assert board.status(item) == "in_review"
    board.now += 30 * HOUR
    ann.decide("claim.end", item, grant=two.record.id, cause="lapsed")
    ann.grant(item, dan.bid(item), term=3)
    story = board.journal.story(item.record.id)
    assert [g.holder for g in story.open_grants] == [bob.account, dan.account]
    assert board.rows("wanted")[0]["claimed_by"] == "bob"
    ann.decide("claim.end", item, grant=one.record.id, cause="taken_back", reason="too slow")
    ann.decide("work.reject", item, submission=work.record.id, reason="and wrong")
    assert board.status(item) == "claimed"
    assert board.rows("wanted")[0]["claimed_by"] == board.journal.name(dan.account)


def test_attack_8_a_policy_binds_only_the_posts_that_name_it(board, ann, bob, hub):
    """Neither a later policy nor an older one that a removed maintainer finds changes an item."""
    rules = {"maintainers": [bob.account], "may_instruct": ["wanted.withdraw"]}
    old = board.policy(**rules)
    early = ann.post_at(hub)
    board.policy(maintainers=[], may_instruct=[])
    late = ann.post_at(hub)
    for item in (early, late):
        told = bob.decide("wanted.withdraw", item)
        hub.decide("decision.confirm", item, of=told.record.id)
    assert [board.status(item) for item in (early, late)] == ["withdrawn", "open"]
    again = old.record.body | {"decides": board.wasteland, "set": rules | {"lease_s": 301}}
    board.registrar.say("wasteland.policy", about=board.wasteland, body=again)
    assert [board.status(item) for item in (early, late)] == ["withdrawn", "open"]
    assert board.journal.policy()["maintainers"] == []


def test_attack_9_a_bid_is_granted_once_and_on_the_terms_it_saw(board, ann, bob):
    """After an end the same bid gives no grant; nor does one from before an update."""
    item = ann.post()
    bid = bob.bid(item)
    grant = ann.grant(item, bid)
    ann.decide("claim.end", item, grant=grant.record.id, cause="taken_back", reason="wait")
    ann.grant(item, bid, term=2)
    later = bob.bid(item)
    ann.decide("wanted.update", item, set={"effort": "epic"})
    ann.grant(item, later, term=2)
    assert board.voids(item) == ["bid_used", "terms_changed"]
    assert board.status(item) == "open"


def test_attack_10_a_bare_name_earns_nothing_that_its_bearer_could_inherit(board, ann):
    """Work for a neighbour completes without a stamp; whoever takes the name later has none."""
    item = ann.post()
    ann.decide("claim.grant", item, **{"for": "ann"}, term=1, lease_s=86_400)
    assert board.rows("wanted")[0]["claimed_by"] == "for~ann"
    work = ann.submit(item, on_behalf="ann")
    ann.accept(item, work)
    [completion] = board.rows("completions")
    assert (completion["completed_by"], completion["stamp_id"]) == ("for~ann", None)
    assert board.status(item) == "completed"
    assert board.rows("stamps") == []
    [given] = board.journal.story(item.record.id).stamps
    assert given.void == "unsigned_subject"


def test_attack_11_an_accept_of_ones_own_work_completes_and_gives_nothing(board, ann, hub):
    """The state never depends on who belongs together; only the stamp does."""
    item = ann.post_at(hub)
    work = ann.submit(item)
    told = ann.decide("work.accept", item, submission=work.record.id, stamp=STAMP)
    hub.decide("decision.confirm", item, of=told.record.id)
    assert board.status(item) == "completed"
    assert board.rows("stamps") == []
    assert [given.void for given in board.journal.story(item.record.id).stamps] == ["yearbook"]


def test_attack_2_an_honest_second_node_in_a_partition_changes_nothing_either(board, ann, bob):
    """Two nodes of one poster grant in a partition: after it, the home's grant stands for all."""
    laptop = ann.device("laptop")
    cyd = board.person("cyd")
    item = ann.post()
    bids = bob.bid(item), cyd.bid(item)
    said = list(board.said)
    there = Journal.open(MemoryStore(), wasteland=board.wasteland)
    fed(there, said)
    home = ann.grant(item, bids[0])
    body = {"decides": item.record.id, "bid": bids[1].record.id, "term": 1, "lease_s": 86_400}
    elsewhere = ann.say("claim.grant", about=item.record.id, body=body, key=laptop, offer=False)
    fed(there, [elsewhere])
    assert exchanged(board.journal, there)
    for journal in (board.journal, there):
        story = journal.story(item.record.id)
        assert story is not None
        assert [grant.id for grant in story.grants] == [home.record.id]
