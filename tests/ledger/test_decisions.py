"""Every rule of a decision, tried by a story of its own (records 4.2, 5.1, 5.3)."""

import pytest

from tests.ledger.people import SECOND, STAMP, Person


def at_hub(ann: Person, hub: Person):
    """An item of Ann's whose home is the hub's device."""
    return ann.post(home={"account": hub.account, "device": hub.key.device})


def test_a_sleeping_poster_has_its_say_through_the_home(board, ann, hub):
    """records 5.1: an instruction takes effect when the home confirms it, and not before."""
    item = at_hub(ann, hub)
    told = ann.decide("wanted.update", item, set={"title": "New terms"})
    story = board.journal.story(item.record.id)
    assert [record.id for record in story.instructions] == [told.record.id]
    assert board.rows("wanted")[0]["title"] != "New terms"
    hub.decide("decision.confirm", item, of=told.record.id)
    assert board.rows("wanted")[0]["title"] == "New terms"


def test_a_stamp_that_the_home_passed_on_is_the_posters(board, ann, bob, hub):
    """records 6: its author is who instructed, its id the confirm's."""
    item = at_hub(ann, hub)
    hub.grant(item, bob.bid(item))
    work = bob.submit(item)
    told = ann.decide("work.accept", item, submission=work.record.id, stamp=STAMP)
    done = hub.decide("decision.confirm", item, of=told.record.id)
    [stamp] = board.rows("stamps")
    assert (stamp["author"], stamp["block_hash"]) == ("ann", done.record.id)


def test_only_instructions_of_who_may_can_be_confirmed(board, ann, bob, hub):
    """records 5.1: a bid, another item's or a stranger's instruction changes nothing."""
    item, other = at_hub(ann, hub), at_hub(ann, hub)
    bid = bob.bid(item)
    elsewhere = ann.decide("wanted.withdraw", other)
    stranger = bob.decide("wanted.withdraw", item)
    for of in (bid, elsewhere, stranger):
        hub.decide("decision.confirm", item, of=of.record.id)
    reasons = [void.reason for void in board.journal.story(item.record.id).void]
    assert sorted(reasons) == ["not_allowed", "not_an_instruction", "not_home", "other_item"]
    assert board.status(item) == "open"


BAD_GRANTS: dict[str, dict] = {
    "wrong_term": {"term": 2},
    "lease_too_short": {"lease_s": 300},
    "not_a_bid": {"bid": "the post itself"},
}


@pytest.mark.parametrize("reason", BAD_GRANTS)
def test_a_grant_outside_the_rules_is_void(board, ann, bob, reason):
    """records 5.3, grant: each condition has its reason code."""
    item = ann.post()
    bid = bob.bid(item)
    body = {"bid": bid.record.id, "term": 1, "lease_s": 86_400} | BAD_GRANTS[reason]
    if reason == "not_a_bid":
        body["bid"] = item.record.id
    ann.decide("claim.grant", item, **body)
    assert [void.reason for void in board.journal.story(item.record.id).void] == [reason]


def test_a_bid_is_granted_once_and_in_its_time(board, ann, bob):
    """Attack 9: not again after it was taken back, and not after it ran out."""
    item = ann.post()
    bid = bob.bid(item)
    grant = ann.grant(item, bid)
    ann.decide("claim.end", item, grant=grant.record.id, cause="taken_back", reason="no sign")
    ann.decide("claim.end", item, grant=grant.record.id, cause="taken_back", reason="again")
    ann.grant(item, bid, term=2)
    late = bob.bid(item)
    board.now += 49 * 3600 * SECOND
    ann.grant(item, late, term=2)
    reasons = [void.reason for void in board.journal.story(item.record.id).void]
    assert reasons == ["no_such_grant", "bid_used", "bid_over"]


def test_what_was_sent_back_cannot_be_accepted_and_work_can_be_closed(board, ann, bob):
    """records 5.3: a rejected submission stays so; close completes without a stamp."""
    item = ann.post()
    ann.grant(item, bob.bid(item))
    first = bob.submit(item)
    ann.decide("work.reject", item, submission=first.record.id, reason="no")
    ann.decide("work.accept", item, submission=first.record.id, stamp=STAMP)
    second = bob.submit(item)
    ann.decide("work.close", item, submission=second.record.id, reason="good enough")
    story = board.journal.story(item.record.id)
    assert [void.reason for void in story.void] == ["rejected_before"]
    assert board.rows("wanted")[0]["claimed_by"] == "bob"
    assert board.rows("stamps") == []


def test_another_device_decides_after_a_move(board, ann, hub):
    """records 4.2: the home moves by its own word, and the old one decides no more."""
    item = ann.post()
    to = {"account": hub.account, "device": hub.key.device}
    ann.decide("home.move", item, to=to)
    ann.decide("wanted.withdraw", item)
    assert board.status(item) == "open"
    hub.decide("wanted.withdraw", item)
    assert board.status(item) == "withdrawn"
    ann.decide("wanted.update", item, set={"title": "Too late"})
    assert board.rows("wanted")[0]["title"] != "Too late"


def test_a_renewal_of_somebody_else_keeps_nothing(board, ann, bob):
    """records 5.3: a named renewal must be the holder's."""
    item = ann.post()
    grant = ann.grant(item, bob.bid(item))
    renew = ann.say("claim.renew", about=item.record.id, body={"grant": grant.record.id})
    board.now += 25 * 3600 * SECOND
    ann.decide("claim.end", item, grant=grant.record.id, cause="lapsed", renew=renew.record.id)
    assert [void.reason for void in board.journal.story(item.record.id).void] == ["not_the_holder"]


def test_a_kind_of_the_future_freezes_its_item(board, ann):
    """records 5.3, 8: older nodes stop there instead of showing other rows."""
    item = ann.post()
    ann.decide("claim.auction", item)
    ann.decide("wanted.withdraw", item)
    story = board.journal.story(item.record.id)
    assert str(story.stop) == "newer_version"
    assert board.status(item) == "open"


def test_a_decision_that_a_fork_took_away_shows_as_disowned(board, ann, bob, hub):
    """records 5.5: it is told who said it and took it back; rows and status forget it."""
    item = at_hub(ann, hub)
    grant = hub.grant(item, bob.bid(item))
    assert board.status(item) == "claimed"
    hub.say("rig.join", about=board.wasteland, body={"handle": "hub"}, after=None)
    story = board.journal.story(item.record.id)
    assert board.status(item) == "open"
    assert [(void.id, void.reason) for void in story.void] == [(grant.record.id, "disowned")]
    assert story.void[0].account == hub.account


def test_what_follows_a_retirement_is_void_and_not_disowned(board, ann, bob):
    """records 3.2: it stands in the chain; nothing was taken back."""
    item = ann.post()
    ann.say("device.retire", body={})
    ann.decide("wanted.withdraw", item)
    assert board.status(item) == "open"
    assert board.voids(item) == ["retired"]
