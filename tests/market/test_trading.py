"""The main job between towns, told through the use cases: post, claim, hand in, judge."""

from dataclasses import replace
from typing import Any

import pytest

from ledger.actions_errors import ItemClosedError, NotYoursError, SelfStampError
from tests.market.towns import HOUR, LocalTown, World
from town.market.errors import ClockOffError, FieldError, NoTownHereError
from town.market.rehearsal import rehearsal_lines

TITLE = "Fix the token refresh race"
STAMP = {"dims": {"quality": 5, "reliability": 4}, "message": "clean fix"}


@pytest.fixture
def world() -> World:
    """A clock and a wire."""
    return World()


def joined(world: World, *handles: str, join: str = "open"):
    """Towns on one board; the first founded it."""
    first, *rest = (world.town(handle) for handle in handles)
    first.market.create("hop/commons", join=join)
    for town in rest:
        token = first.market.invite(count=len(rest)).data["invite"]
        assert town.market.join(token).exit == 0
    return first, *rest


def test_a_person_trades_with_himself_offline_and_the_ledger_proves_it(world):
    """Post, claim, done, close on one town without a peer; verify holds (stop a)."""
    rust = world.town("rust")
    posted = rust.market.post({"title": TITLE, "check": "make test"})
    claimed = rust.market.claim(posted.data["id"])
    handed = rust.market.done(posted.data["id"], ["https://example.org/pull/7"])
    closed = rust.market.close(posted.data["id"], reason="mine")
    assert (claimed.exit, claimed.words[0][:6]) == (0, "yours ")
    assert handed.data["state"] == "in review"
    assert closed.data["status"] == "completed"
    assert rust.market.verify().data["holds"]


def test_the_first_post_makes_a_board_and_says_so(world):
    """A town in no wasteland founds its own with the first post, in one line."""
    rust = world.town("rust")
    posted = rust.market.post({"title": TITLE})
    assert posted.words[0] == "made    your own board, rust/commons (join: open)"
    assert posted.data["posted_by"] == "rust"
    assert rust.market.wastelands().data["rows"][0]["registrar"]


@pytest.mark.parametrize(
    "fields",
    [
        {"title": ""},
        {"title": "x" * 1_000},
        {"title": TITLE, "colour": "red"},
        {"title": TITLE, "priority": 9},
        {"title": TITLE, "needs": ["w-0000000000"]},
        {"title": TITLE, "supersedes": "w-0000000000"},
    ],
    ids=["no title", "long title", "unknown", "priority", "needs", "supersedes"],
)
def test_a_first_post_that_is_refused_makes_no_board(world, fields):
    """The person is told what is wrong, and is in no wasteland as before."""
    rust = world.town("rust")
    with pytest.raises(FieldError):
        rust.market.post(fields)
    assert rust.market.wastelands().data["rows"] == []
    assert rust.market.post({"title": TITLE}).words[0].startswith("made    your own board")


def test_two_towns_trade_a_job_and_the_stamp_is_seen_verified(world):
    """The whole job: the worker's profile shows the poster's stamp on both sides."""
    rust, ash = joined(world, "rust", "ash")
    item = rust.market.post({"title": TITLE}).data["id"]
    assert ash.market.browse({}).data["items"][0]["untrusted"]["title"] == TITLE
    claimed = ash.market.claim(item)
    assert claimed.exit == 0
    assert claimed.data["may_start"]
    assert ash.market.done(item, ["https://example.org/pull/7"], "done").exit == 0
    assert rust.market.show(item).data["you"] == "reviewer"
    accepted = rust.market.accept(item, STAMP)
    assert accepted.data["status"] == "completed"
    for town in (rust, ash):
        [stamp] = town.market.profile("ash").data["stamps"]
        assert stamp["verified"]
        assert stamp["dims"] == STAMP["dims"]
    assert rust.market.verify().data["root"] == ash.market.verify().data["root"]


def test_the_loser_of_a_race_is_told_whose_it_is_in_one_line(world):
    """Exit 5, the holder's name and the time; nothing of the loser's changed."""
    rust, ash, bolt = joined(world, "rust", "ash", "bolt")
    item = rust.market.post({"title": TITLE}).data["id"]
    assert ash.market.claim(item).exit == 0
    bolt.market.sync()
    lost = bolt.market.claim(item)
    assert lost.exit == 5
    assert lost.error["code"] == "claim.lost"
    assert lost.error["holder"] == "ash"
    assert lost.words[0].startswith("taken   ")


def test_a_second_agent_of_the_same_town_is_told_who_holds_it(world):
    """Two agents of one town never start the same work."""
    rust, ash = joined(world, "rust", "ash")
    item = rust.market.post({"title": TITLE}).data["id"]
    assert ash.as_agent("toast").claim(item).exit == 0
    second = ash.as_agent("jam").claim(item)
    assert (second.exit, second.error["code"], second.error["holder"]) == (
        5,
        "claim.own_town",
        "toast",
    )
    assert ash.as_agent("toast").claim(item).exit == 0


def test_a_claim_without_an_answer_waits_and_is_not_a_yes(world):
    """Exit 9 while the home is away; yours once it comes back."""
    rust, ash = joined(world, "rust", "ash")
    item = rust.market.post({"title": TITLE}).data["id"]
    world.cut.add("rust")
    asked = ash.market.claim(item)
    assert (asked.exit, asked.error["code"]) == (9, "claim.waiting")
    assert not asked.data["may_start"]
    world.cut.clear()
    ash.market.sync()
    assert ash.market.wait(item).exit == 0


def test_a_request_can_be_taken_back_before_it_is_answered(world):
    """An unanswered request leaves no ghost claim."""
    rust, ash = joined(world, "rust", "ash")
    item = rust.market.post({"title": TITLE}).data["id"]
    world.cut.add("rust")
    ash.market.claim(item)
    ash.market.unclaim(item)
    world.cut.clear()
    ash.market.sync()
    assert rust.market.show(item).data["status"] == "open"


def test_a_rejection_gives_fresh_time_and_keeps_the_attempt(world):
    """Sent back with a reason, yours again; the second attempt is accepted."""
    rust, ash = joined(world, "rust", "ash")
    item = rust.market.post({"title": TITLE}).data["id"]
    ash.market.claim(item)
    ash.market.done(item, ["https://example.org/1"])
    world.pass_time(20 * HOUR)
    rust.market.reject(item, "fails on 3.12")
    back = ash.market.wait(item, until="decided")
    assert back.words[0].startswith("sent back")
    assert back.data["left_s"] > 23 * 3600
    ash.market.done(item, ["https://example.org/2"])
    assert rust.market.accept(item, STAMP).data["attempts"][0]["decision"] == "rejected"


def test_everything_that_waits_is_sent_back_and_the_same_words_send_back_the_next(world):
    """Of two hand-ins none stays behind; a reason said before is no excuse to do nothing."""
    rust, ash = joined(world, "rust", "ash")
    item = rust.market.post({"title": TITLE}).data["id"]
    ash.market.claim(item)
    ash.market.done(item, ["https://example.org/1"])
    ash.market.done(item, ["https://example.org/2"])
    told = rust.market.reject(item, "fails on 3.12")
    assert "all 2 attempts are kept" in told.words[0]
    assert rust.market.show(item).data["status"] == "claimed"
    assert ash.market.wait(item, until="decided").words[0].startswith("sent back")
    assert "nothing changed" in rust.market.reject(item, "fails on 3.12").words[0]
    ash.market.done(item, ["https://example.org/3"])
    ash.market.done(item, ["https://example.org/4"])
    rust.market.reject(item, "fails on 3.12", attempt=3)
    again = rust.market.show(item).data
    assert [one["decision"] for one in again["attempts"]] == ["rejected"] * 3 + [None]
    assert "nothing changed" in rust.market.reject(item, "fails on 3.12", attempt=3).words[0]
    assert any(line.endswith(": waits") for line in rust.market.show(item).words)
    rust.market.reject(item, "fails on 3.12")
    assert rust.market.show(item).data["status"] == "claimed"
    ash.market.done(item, ["https://example.org/5"])
    ash.market.done(item, ["https://example.org/6"])
    rust.market.accept(item, STAMP)
    told = [line for line in rust.market.show(item).words if line.startswith("hand-in")]
    assert [line.rsplit(": ", 1)[1] for line in told[4:]] == ["not judged", "accepted"]


def test_a_lease_without_a_sign_of_work_ends_and_the_worker_is_stopped(world):
    """After the lease the home ends it; the worker's next command says stop first."""
    rust, ash = joined(world, "rust", "ash")
    item = rust.market.post({"title": TITLE}).data["id"]
    ash.market.claim(item)
    world.pass_time(25 * HOUR)
    ash.market.sync()
    rust.market.sync()
    world.pass_time(HOUR)
    assert rust.market.show(item).data["status"] == "open"
    stops = ash.market.me().stop
    assert [stop.code for stop in stops] == ["claim.ended"]
    ash.market.show(item)
    assert ash.market.me().stop == ()


def test_a_renewal_keeps_the_item(world):
    """A sign of work within the lease moves its end."""
    rust, ash = joined(world, "rust", "ash")
    item = rust.market.post({"title": TITLE}).data["id"]
    ash.market.claim(item)
    world.pass_time(20 * HOUR)
    ash.market.renew(item, "2 of 3 tests green")
    world.pass_time(10 * HOUR)
    ash.market.sync()
    assert rust.market.show(item).data["holder"] == "ash"


def test_only_the_home_may_judge_and_the_refusal_names_it(world):
    """Exit 4 and a sentence; no record was made."""
    rust, ash, bolt = joined(world, "rust", "ash", "bolt")
    item = rust.market.post({"title": TITLE}).data["id"]
    ash.market.claim(item)
    ash.market.done(item, ["https://example.org/1"])
    bolt.market.sync()
    before = bolt.market.verify().data["records"]
    with pytest.raises(NotYoursError) as refused:
        bolt.market.accept(item, STAMP)
    assert refused.value.words[0].startswith("refused  only rust may accept w-")
    assert refused.value.exit == 4
    assert bolt.market.verify().data["records"] == before


def test_nobody_stamps_his_own_work(world):
    """The yearbook rule, said before anything is signed."""
    rust = world.town("rust")
    item = rust.market.post({"title": TITLE}).data["id"]
    rust.market.claim(item)
    rust.market.done(item, ["https://example.org/1"])
    with pytest.raises(SelfStampError) as refused:
        rust.market.accept(item, STAMP)
    assert "wl close" in refused.value.words[0]


def test_nothing_follows_a_completed_item(world):
    """A closed item refuses with its state."""
    rust = world.town("rust")
    item = rust.market.post({"title": TITLE}).data["id"]
    rust.market.close(item)
    with pytest.raises(ItemClosedError):
        rust.market.withdraw(item)
    assert rust.market.claim(item).exit == 5


def test_a_rehearsal_says_what_would_be_said_and_says_nothing(world):
    """--dry-run of every use case that tells others: no record, no note."""
    rust, ash = joined(world, "rust", "ash")
    item = rust.market.post({"title": TITLE}).data["id"]
    before = ash.market.verify().data["records"]
    trial = ash.market.rehearsal()
    for use, what in (
        (lambda: trial.claim(item), "claim.bid"),
        (lambda: trial.post({"title": "another"}), "wanted.post"),
        (lambda: trial.note(item, "hello"), "note.add"),
        (lambda: trial.create("own/board"), "wasteland.create"),
        (trial.invite, "an invite"),
        (trial.leave, "leave"),
    ):
        answer = trial.rehearsed(use)
        assert answer.schema == "wl.v1.rehearsal"
        assert answer.data["would"] == what
    assert ash.market.verify().data["records"] == before
    assert rust.market.show(item).data["asked_n"] == 0


def test_handing_in_twice_changes_nothing(world):
    """The same evidence again: exit 0, already handed in."""
    rust, ash = joined(world, "rust", "ash")
    item = rust.market.post({"title": TITLE}).data["id"]
    ash.market.claim(item)
    ash.market.done(item, ["https://example.org/1"])
    again = ash.market.done(item, ["https://example.org/1"])
    assert "already handed in" in again.words[0]
    told = ash.market.done(item, ["https://example.org/1"], "and the log is clean")
    assert len(told.data["attempts"]) == 2
    again = ash.market.done(item, ["https://example.org/1"])
    assert "already handed in" in again.words[0]
    assert len(again.data["attempts"]) == 2


def test_the_board_of_an_invite_only_wasteland_counts_only_whom_it_admitted(world):
    """A redeemed token admits; the newcomer may post."""
    rust, ash = joined(world, "rust", "ash", join="invite")
    item = ash.market.post({"title": TITLE}).data["id"]
    assert rust.market.show(item).data["posted_by"] == "ash"


def test_choose_gives_nothing_by_itself(world):
    """The poster picks by hand among those who asked."""
    rust, ash, bolt = joined(world, "rust", "ash", "bolt")
    item = rust.market.post({"title": TITLE, "policy": {"assign": "choose"}}).data["id"]
    bolt.market.sync()
    assert ash.market.claim(item).exit == 9
    assert bolt.market.claim(item).exit == 9
    assert [row["name"] for row in rust.market.bids(item).data["rows"]] == ["ash", "bolt"]
    assert rust.market.grant(item, to="bolt").data["holder"] == "bolt"
    ash.market.sync()
    assert ash.market.claim(item).exit == 5


def test_a_town_without_an_account_is_told_how_to_make_one(world):
    """No use case that signs works before `wl init`."""
    bare = LocalTown(world, "bare")
    with pytest.raises(NoTownHereError):
        bare.market.post({"title": TITLE})


@pytest.mark.parametrize(("ahead_s", "code"), [(1204, "clock.ahead"), (-481, "clock.behind")])
def test_a_clock_too_far_from_the_peers_signs_nothing(world, ahead_s, code):
    """records 2.6: beyond 8 minutes refuse with exit 4 and by how much; nothing was written."""
    rust, ash = joined(world, "rust", "ash")
    item = rust.market.post({"title": TITLE}).data["id"]
    before = ash.market.verify().data["records"]
    ash.peers.clock_ahead_s = ahead_s
    with pytest.raises(ClockOffError) as refused:
        ash.market.claim(item)
    assert (refused.value.code, refused.value.by_s, refused.value.exit) == (code, ahead_s, 4)
    assert ash.market.verify().data["records"] == before


def test_a_clock_that_is_minutes_off_warns_and_still_signs(world):
    """records 2.6: beyond a minute each answer says so."""
    rust, ash = joined(world, "rust", "ash")
    item = rust.market.post({"title": TITLE}).data["id"]
    ash.peers.clock_ahead_s = 61
    claimed = ash.market.claim(item)
    assert claimed.exit == 0
    assert claimed.warn == ("this machine's clock is 61 s ahead of its peers': set it right",)
    ash.peers.clock_ahead_s = 60
    assert ash.market.me().warn == ()


def test_a_home_whose_clock_is_off_decides_nothing_until_it_is_right(world):
    """records 2.6 and 5.7: what it would sign would count for nothing at its peers."""
    rust, ash = joined(world, "rust", "ash")
    item = rust.market.post({"title": TITLE}).data["id"]
    rust.peers.clock_ahead_s = 3600
    assert ash.market.claim(item).exit == 9
    rust.peers.clock_ahead_s = 0
    ash.market.sync()
    assert ash.market.wait(item).exit == 0


def test_what_was_asked_is_listed_until_it_is_answered_or_taken_back(world):
    """`wl me` of the one who asked; afterwards nothing is left of it."""
    rust, ash = joined(world, "rust", "ash")
    item = rust.market.post({"title": TITLE, "policy": {"assign": "choose"}}).data["id"]
    assert ash.market.claim(item).exit == 9
    assert [line["id"] for line in ash.market.me().data["asked"]] == [item]
    assert not any(line.startswith("open ") for line in ash.market.show(item).words)
    ash.market.unclaim(item)
    assert ash.market.me().data["asked"] == []
    ash.market.claim(item)
    rust.market.grant(item, to="ash")
    ash.market.wait(item)
    mine = ash.market.me().data
    assert mine["asked"] == []
    assert [line["id"] for line in mine["held"]] == [item]


def test_a_command_without_a_node_says_what_it_could_not_bring(world):
    """Nothing leaves by itself there: the answer warns, and says when it will."""
    rust, ash = joined(world, "rust", "ash")
    item = rust.market.post({"title": TITLE}).data["id"]
    ash.market.ports = replace(ash.market.ports, resident=False)
    ash.peers.eager = False
    world.cut.add("rust")
    noted = ash.market.note(item, "hello")
    assert noted.exit == 0
    assert noted.warn == (
        "not reached: rust; it goes out with the next wl sync, or by itself while wl up",
    )
    asked = ash.market.claim(item)
    assert asked.exit == 9
    assert asked.words[0].endswith("It leaves with the next wl sync, or by itself while wl up.")
    world.cut.clear()
    again = ash.market.note(item, "there again")
    assert again.warn == ()


def test_a_rehearsal_shows_every_word_and_no_pointer():
    """What would be signed for ever is read before: the stamp, the evidence, and no bare ids."""
    said: dict[str, Any] = {"decides": "a" * 64, "submission": "b" * 64, "stamp": STAMP}
    assert rehearsal_lines("work.accept", {"body": said})[1:] == (
        "  stamp       dims quality 5 reliability 4 message clean fix",
    )
    said = {"evidence": [{"kind": "url", "value": "https://x.example"}], "grant": "c" * 64}
    assert rehearsal_lines("work.submit", {"body": said})[1:] == (
        "  evidence    kind url value https://x.example",
    )
