"""Stories of the board, told record by record, and the rows they leave (records 5-7)."""

import pytest

from ledger.decide import ItemState
from ledger.dolt import open_doltlite
from ledger.journal import Journal
from ledger.story import Home
from ledger.wanted import fold_item, replayed, rules_of, untouched
from tests.ledger.people import POST, SECOND, STAMP, Board, Person


def accepted(ann: Person, bob: Person, **stamp):
    """An item that went the whole way; its post, submission and acceptance."""
    item = ann.post()
    ann.grant(item, bob.bid(item))
    work = bob.submit(item)
    done = ann.decide("work.accept", item, submission=work.record.id, stamp=STAMP | stamp)
    return item, work, done


def test_a_job_goes_from_post_to_stamp(board, ann, bob):
    """Each step has its status; the completion and the stamp at its end name each other."""
    item = ann.post()
    assert board.status(item) == "open"
    bid = bob.bid(item)
    assert board.status(item) == "open"
    ann.grant(item, bid)
    assert board.status(item) == "claimed"
    work = bob.submit(item)
    assert board.status(item) == "in_review"
    ann.decide("work.accept", item, submission=work.record.id, stamp=STAMP)
    assert board.status(item) == "completed"
    [wanted], [completion], [stamp] = (
        board.rows("wanted"),
        board.rows("completions"),
        board.rows("stamps"),
    )
    assert (wanted["posted_by"], wanted["claimed_by"]) == ("ann", "bob")
    assert wanted["evidence_url"] == "https://example.org/pull/7"
    assert completion["stamp_id"] == stamp["id"]
    assert completion["validated_by"] == stamp["author"] == "ann"
    assert stamp["subject"] == "bob"
    assert stamp["valence"] == {"quality": 5, "reliability": 4}
    assert set(board.codes) == {"ok"}


def test_the_second_to_ask_does_not_get_it(board, ann, bob):
    """records 5.3: with a grant open another is void, and the item says who holds it."""
    cyd = board.person("cyd")
    item = ann.post()
    first, second = bob.bid(item), cyd.bid(item)
    ann.grant(item, first)
    ann.grant(item, second, term=2)
    story = board.journal.story(item.record.id)
    assert [grant.holder for grant in story.open_grants] == [bob.account]
    assert [void.reason for void in story.void] == ["held"]


def test_only_the_home_decides(board, ann, bob):
    """Attack 1: what a stranger decides changes nothing, on every node alike."""
    item = ann.post()
    bob.decide("wanted.withdraw", item)
    story = board.journal.story(item.record.id)
    assert str(story.status) == "open"
    assert [void.reason for void in story.void] == ["not_home"]


def test_h57_two_grants_of_one_term(board, ann, bob):
    """The second names no effective decision before it, or the wrong term: void."""
    item = ann.post()
    one, two = bob.bid(item), board.person("cyd").bid(item)
    before = board.journal.story(item.record.id).pointer
    ann.grant(item, one)
    body = {"decides": before, "bid": two.record.id, "term": 1, "lease_s": 86_400}
    ann.say("claim.grant", about=item.record.id, body=body)
    story = board.journal.story(item.record.id)
    assert len(story.grants) == 1
    assert [void.reason for void in story.void] == ["stale"]


def test_h56_a_grant_to_a_bid_nobody_posted_waits(board, ann):
    """It can be judged only when the bid is held; nothing else is decided meanwhile."""
    item = ann.post()
    ann.decide("claim.grant", item, bid="ef" * 32, term=1, lease_s=86_400)
    story = board.journal.story(item.record.id)
    assert str(story.status) == "open"
    assert str(story.stop) == "waits_for_record"
    assert story.waits == ("ef" * 32,)


def test_attack_5_a_release_before_the_accept_takes_no_stamp_away(board, ann, bob):
    """Attack 5: the worker's records change nothing that was decided."""
    item, _, done = accepted(ann, bob, dims={"quality": 1})
    bob.say("claim.release", about=item.record.id, body={"grant": done.record.id})
    assert board.status(item) == "completed"
    assert len(board.rows("stamps")) == 1


def test_work_sent_back_leaves_no_completion_until_it_comes_again(board, ann, bob):
    """records 7.2: Go `wl` misreads any other shape; the attempts are all kept."""
    item = ann.post()
    ann.grant(item, bob.bid(item))
    first = bob.submit(item)
    ann.decide("work.reject", item, submission=first.record.id, reason="fails on 3.12")
    assert board.rows("completions") == []
    assert board.status(item) == "claimed"
    bob.submit(item)
    assert board.status(item) == "in_review"
    attempts = {row["n"]: row["decision"] for row in board.rows("wl_attempts")}
    assert attempts == {1: "rejected", 2: ""}


@pytest.mark.parametrize(
    ("hours", "reason", "status"), [(1, "too_early", "claimed"), (25, "", "open")]
)
def test_a_lease_lapses_only_when_its_time_is_over(  # noqa: PLR0917
    board, ann, bob, hours, reason, status
):
    """records 5.3: by the time of the grant, judged from the records alone."""
    item = ann.post()
    grant = ann.grant(item, bob.bid(item))
    board.now += hours * 3600 * SECOND
    ann.decide("claim.end", item, grant=grant.record.id, cause="lapsed")
    story = board.journal.story(item.record.id)
    assert str(story.status) == status
    assert "".join(void.reason for void in story.void) == reason


def test_attack_3_a_renewal_that_is_named_moves_the_lease(board, ann, bob):
    """Attack 3: only a renewal that the home names counts."""
    item = ann.post()
    grant = ann.grant(item, bob.bid(item))
    board.now += 20 * 3600 * SECOND
    renew = bob.say("claim.renew", about=item.record.id, body={"grant": grant.record.id})
    board.now += 5 * 3600 * SECOND
    ann.decide("claim.end", item, grant=grant.record.id, cause="lapsed", renew=renew.record.id)
    assert board.status(item) == "claimed"


def test_a_claim_given_back_is_open_again(board, ann, bob):
    """records 5.3: released names the holder's own release."""
    item = ann.post()
    grant = ann.grant(item, bob.bid(item))
    other = ann.say("claim.release", about=item.record.id, body={"grant": grant.record.id})
    ann.decide("claim.end", item, grant=grant.record.id, cause="released", release=other.record.id)
    assert board.status(item) == "claimed"
    release = bob.say("claim.release", about=item.record.id, body={"grant": grant.record.id})
    ann.decide(
        "claim.end", item, grant=grant.record.id, cause="released", release=release.record.id
    )
    assert board.status(item) == "open"


def test_attack_9_terms_changed_after_a_bid_void_its_grant(board, ann, bob):
    """Attack 9: nobody is held to terms it had not seen."""
    item = ann.post()
    bid = bob.bid(item)
    ann.decide("wanted.update", item, set={"title": "Twice the work"})
    ann.grant(item, bid)
    story = board.journal.story(item.record.id)
    assert [void.reason for void in story.void] == ["terms_changed"]
    assert board.rows("wanted")[0]["title"] == "Twice the work"


def test_own_work_earns_no_stamp(board, ann):
    """records 5.6: the item completes, the stamp is void."""
    accepted(ann, ann)
    assert board.rows("wanted")[0]["status"] == "completed"
    assert board.rows("stamps") == []


def test_stamps_of_one_author_form_a_chain_in_the_order_of_time(board, ann, bob):
    """records 7.3: each names the one before, also when the first is revoked later."""
    _, _, one = accepted(ann, bob)
    _, _, two = accepted(ann, bob)
    stamps = {row["block_hash"]: row["prev_stamp_hash"] for row in board.rows("stamps")}
    assert stamps == {one.record.id: None, two.record.id: one.record.id}
    ann.say("stamp.revoke", about=one.record.id, body={"reason": "wrong person"})
    stamps = {row["block_hash"]: row["prev_stamp_hash"] for row in board.rows("stamps")}
    assert stamps == {two.record.id: None}


def test_h59_a_stamp_without_work_is_an_endorsement_and_one_to_oneself_is_void(board, ann, bob):
    """A stamp given by itself says what it is; the author's own praise has no row."""
    context = {"type": "endorsement"}
    body = {"subject": bob.account, "context": context, "stamp": STAMP}
    ann.say("stamp.give", body=body)
    ann.say("stamp.give", body=body | {"subject": ann.account})
    [row] = board.rows("stamps")
    assert (row["author"], row["subject"], row["context_type"]) == ("ann", "bob", "endorsement")


def test_a_name_belongs_to_whom_the_registrar_gave_it(board, ann, bob):
    """records 4.3: a handle once admitted stays taken; rows follow a first admission."""
    cyd = board.person("cyd")
    item = cyd.post()
    assert board.rows("wanted")[0]["posted_by"] == f"handle~{cyd.account[:20]}"
    thief = Person(board, "ann2")
    body = {
        "decides": board.journal.registrar_pointer(),
        "account": thief.account,
        "handle": "ann",
    }
    board.registrar.say("rig.admit", about=thief.account, body=body)
    board.admit(cyd)
    assert board.rows("wanted")[0]["posted_by"] == "cyd"
    assert board.journal.name(thief.account).startswith("handle~")
    assert board.status(item) == "open"


def test_a_link_counts_when_both_say_it(board, ann, bob):
    """records 3.2: one side alone is pending."""
    ann.post()
    bob.post()
    link = {"relation": "same_owner"}
    ann.say("rig.link", scope="identity", body=link | {"other": bob.account})
    assert [row["status"] for row in board.rows("rig_links")] == ["pending"]
    bob.say("rig.link", scope="identity", body=link | {"other": ann.account})
    assert [row["status"] for row in board.rows("rig_links")] == ["confirmed"]


def test_attack_10_an_unsigned_neighbours_work_is_handed_in_by_the_home(board, ann):
    """Attack 10: the item completes under the neighbour's name, and no stamp comes of it."""
    item = ann.post()
    ann.decide("claim.grant", item, **{"for": "zed"}, term=1, lease_s=86_400)
    assert board.rows("wanted")[0]["claimed_by"] == "zed"
    stranger = board.person("mal")
    stranger.submit(item, on_behalf="zed")
    assert board.status(item) == "claimed"
    work = ann.submit(item, on_behalf="zed")
    assert board.status(item) == "in_review"
    ann.decide("work.accept", item, submission=work.record.id, stamp=STAMP)
    assert board.rows("wanted")[0]["claimed_by"] == "zed"
    assert board.rows("stamps") == []


def test_attack_10_m5_a_neighbours_name_that_somebody_bears_is_marked(board, ann):
    """Attack 10, M5: the grant stands, the name says that it is not the account's."""
    item = ann.post()
    ann.decide("claim.grant", item, **{"for": "zed"}, term=1, lease_s=86_400)
    zed = board.person("zed")
    board.admit(zed)
    assert board.rows("wanted")[0]["claimed_by"] == "for~zed"


def test_a_person_updates_what_is_shown_of_it(board, ann):
    """`rigs` has one row per account, without an address of any kind."""
    ann.say("rig.join", about=board.wasteland, body={"handle": "ann"})
    ann.say("rig.update", scope="identity", body={"name": "Ann of the Hollow"})
    row = next(row for row in board.rows("rigs") if row["handle"] == "ann")
    assert row["display_name"] == "Ann of the Hollow"
    assert row["owner_email"] == ""
    assert row["rig_type"] == "agent"


def test_attack_7_a_race_has_as_many_holders_as_it_says(board, ann, bob):
    """Attack 7: the first accepted hand-in wins and ends every grant."""
    cyd = board.person("cyd")
    item = ann.post(assign="race", max=2)
    for term, worker in enumerate((bob, cyd), 1):
        ann.grant(item, worker.bid(item), term=term)
    story = board.journal.story(item.record.id)
    assert len(story.open_grants) == 2
    work = cyd.submit(item)
    ann.decide("work.accept", item, submission=work.record.id, stamp=STAMP)
    story = board.journal.story(item.record.id)
    assert not story.open_grants
    assert story.accepted.worker == cyd.account


def test_a_stamp_bears_the_name_that_its_giver_gets_later(board, ann):
    """records 4.1, 7.3: an admission renames every row, also of stamps given by themselves."""
    eve = board.person("eve")
    body = {"subject": ann.account, "context": {"type": "review"}, "stamp": STAMP}
    eve.say("stamp.give", about=ann.account, body=body)
    assert [row["author"] for row in board.rows("stamps")] == [f"handle~{eve.account[:20]}"]
    board.admit(eve)
    assert [row["author"] for row in board.rows("stamps")] == ["eve"]


def test_a_question_is_open_until_somebody_else_answers_it(board, ann, bob):
    """An answer by name or the next answer closes it; the asker's own words do not."""
    item = ann.post()

    def said(who: Person, tag: str, **more: str) -> str:
        body = {"tag": tag, "text": "which of the two?", **more}
        return str(who.say("note.add", body=body, about=item.record.id).record.id)

    def waiting() -> list[str]:
        subject = board.journal.store.subject(item.record.id)
        return [account for account, _ in subject.card["questions"]]

    first = said(bob, "question")
    second = said(bob, "question")
    said(bob, "answer")
    said(ann, "note")
    assert waiting() == [bob.account, bob.account]
    said(ann, "answer", re=second)
    assert waiting() == [bob.account]
    said(ann, "note", re=first)
    assert waiting() == []


def test_only_a_holders_work_is_called_sent_back(board, ann, bob):
    """A rejected hand-in of somebody who does not hold the item says nothing about the holder."""
    item = ann.post()
    ann.grant(item, bob.bid(item))
    card = board.journal.store.subject(item.record.id).card
    assert (card["sent_back"], len(card["answered"])) == (False, 1)
    first = bob.submit(item)
    eve = board.person("eve")
    board.admit(eve)
    stray = eve.submit(item)
    ann.decide("work.reject", item, submission=stray.record.id, reason="not yours")
    assert board.journal.store.subject(item.record.id).card["sent_back"] is False
    ann.decide("work.reject", item, submission=first.record.id, reason="no test")
    assert board.journal.store.subject(item.record.id).card["sent_back"] is True


@pytest.mark.parametrize("policy", [{}, {"assign": "race", "max": 3}, {"lease_s": 600}])
def test_a_post_about_which_nothing_was_said_is_folded_as_by_a_replay(board, ann, policy):
    """The short way and the long one come to the same story."""
    body = POST | {"policy": policy, "under": board.wasteland}
    post = ann.say("wanted.post", body=body).record
    world = board.journal.state
    rules, missing, named = rules_of(world, post)
    home = Home(post.account, post.device)
    fields = {k: v for k, v in body.items() if k not in ("policy", "under")}
    state = ItemState(post, rules, fields, {post.id: 0}, {home.account})
    assert (missing, named) == (None, frozenset())
    assert replayed(world, state, home, [], ready=True) == untouched(post, rules, home)
    assert fold_item(world, post) == untouched(post, rules, home)


def test_a_long_tail_tells_after_each_part_that_it_goes_on(tmp_path, monkeypatch):
    """Whoever waits for a start that makes the indexes anew can see that it does."""
    board = Board(open_doltlite(tmp_path / "ledger.db", town="rust"))
    ann = board.person("ann")
    for _ in range(30):
        ann.post()
    monkeypatch.setattr("ledger.dolt.rebuild.BATCH_MAX", 10)
    monkeypatch.setattr("ledger.journal.TAIL_MAX", 10)
    store = board.journal.store
    store.clear_projections()
    told: list[int] = []
    again = Journal.open(store, wasteland=board.wasteland, busy=lambda: told.append(1))
    assert len(told) >= 2
    assert len(list(again.store.rows("wanted"))) == 30
    store.close()
