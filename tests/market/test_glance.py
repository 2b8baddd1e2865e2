"""The first glance under a test clock: each sentence true, each need with its command."""

import pytest

from ledger.actions import compose
from tests.market.boards import Board
from tests.market.towns import HOUR, SECOND, World
from town.market.glance import heard_words
from town.market.ports import Standing

OPEN = {"status": ("open",), "limit": 25}

SENTENCES = [
    (Standing(), "alone", "No other town is known here: what you wrote is only here."),
    (Standing(peers=1), "late", "None of 1 town was heard yet."),
    (Standing(peers=3, unsent=2), "late", "None of 3 towns was heard yet. 2 changes are only on"),
    (Standing(peers=4, heard=4, heard_s=240), "late", "Nobody heard for 4 min."),
    (
        Standing(peers=4, heard=4, live=3, heard_s=2, copies=2),
        "good",
        "Heard 3 of 4 towns within a minute. Everything you wrote is on at least 2 other machines.",
    ),
    (
        Standing(peers=1, heard=1, live=1, heard_s=2, copies=1),
        "good",
        "Heard 1 of 1 town within a minute. Everything you wrote is on at least 1 other machine.",
    ),
    (
        Standing(peers=2, heard=2, live=2, heard_s=2, unsent=1),
        "late",
        "1 change is only on this machine. Heard 2 of 2 towns within a minute.",
    ),
    (Standing(peers=2, heard=2, live=1, heard_s=9), "good", "Heard 1 of 2 towns within a minute."),
]


@pytest.mark.parametrize(("standing", "tone", "words"), SENTENCES, ids=lambda each: str(each)[:60])
def test_the_sentence_says_how_far_the_town_hears_and_is_heard(standing, tone, words):
    """Peers that were heard long ago are not counted as heard; what is only here is said first."""
    said = heard_words(standing)
    assert said["tone"] == tone
    assert said["text"].startswith(words)


@pytest.fixture
def board() -> Board:
    """Rust posts, ash works."""
    return Board()


def needs(town) -> dict[str, dict]:
    """What a town needs to do, by kind."""
    return {one["kind"]: one for one in town.market.glance(OPEN).data["needs_you"]}


def test_each_need_goes_with_what_it_asked_for(board):
    """A hand-in waits for its poster until it is judged, then for whoever must work again."""
    item = board.held()
    board.ash.market.done(item, ["https://example.org/pull/7"])
    need = needs(board.rust)["review"]
    assert need["id"] == item
    assert need["cmd"][:2] == ["wl", "accept"]
    assert need["what"] == "ash handed in"
    assert "review" not in needs(board.ash)
    board.rust.market.reject(item, "no test")
    assert "review" not in needs(board.rust)
    again = needs(board.ash)["sent_back"]
    assert (again["untrusted"]["said"], again["cmd"][:2]) == ("no test", ["wl", "done"])
    board.ash.market.done(item, ["https://example.org/pull/8"])
    assert "sent_back" not in needs(board.ash)


def test_a_question_waits_for_whoever_should_know(board):
    """The worker's waits for the poster, the poster's for the worker, and an answer ends it."""
    item = board.held()
    board.ash.market.note(item, "Which store?", tag="question")
    assert needs(board.rust)["answer"]["what"] == "ash has a question"
    assert "answer" not in needs(board.ash)
    board.rust.market.note(item, "The second", tag="answer")
    assert "answer" not in needs(board.rust)
    board.rust.market.note(item, "Is it far?", tag="question")
    assert needs(board.ash)["answer"]["id"] == item


def test_an_agents_stop_order_comes_first_and_names_the_agent(board):
    """Looking at the board settles nothing; the order stays until the agent looks."""
    item = board.post()
    board.ash.as_agent("toast").claim(item)
    board.rust.market.withdraw(item, "not any more")
    board.ash.as_agent("")
    for _ in range(2):
        first = board.ash.market.glance(OPEN).data["needs_you"][0]
        assert first["kind"] == "stop"
        assert first["what"].endswith("(agent toast)")
        assert first["cmd"][:2] == ["wl", "show"]
        board.ash.market.told(item)
    assert board.ash.as_agent("toast").browse({}).stop


def test_a_town_waits_for_its_key_to_be_saved_and_its_clock_to_be_set(board):
    """What concerns the whole town stands last; a clock far off says that nothing is signed."""
    kinds = [one["kind"] for one in board.rust.market.glance(OPEN).data["needs_you"]]
    assert kinds == ["backup"]
    board.rust.peers.clock_ahead_s = 14 * 60
    clock = needs(board.rust)["clock"]
    assert clock["what"] == "this clock is 14 min ahead of the peers'; nothing can be signed"
    board.rust.peers.clock_ahead_s = -90
    assert needs(board.rust)["clock"]["what"] == "this clock is 1 min behind the peers'"


def test_yours_is_what_is_held_handed_in_and_asked_for(board):
    """Each with its agent, its last sign of work and what is left; another's work is not."""
    held, handed = board.held(), board.held()
    board.ash.market.done(handed, ["https://example.org/pull/7"])
    yours = board.ash.market.glance(OPEN).data["yours"]
    assert [line["id"] for line in yours["held"]] == [held]
    assert [line["id"] for line in yours["handed_in"]] == [handed]
    assert yours["held"][0]["left_s"] > 23 * 3_600
    assert yours["held"][0]["last_sign"]
    assert board.rust.market.glance(OPEN).data["yours"]["held"] == []


def test_a_share_of_a_race_is_yours_too(board):
    """The second of two holders, whom the commons' row does not name, sees what it holds."""
    item = board.post(assign="race", max=2)
    board.ash.market.claim(item)
    third = board.bolt
    third.market.sync()
    third.market.claim(item)
    assert [line["id"] for line in third.market.glance(OPEN).data["yours"]["held"]] == [item]
    told = third.market.told(item).data
    assert told["holders"] == ["ash", "bolt"]


def test_the_five_counts_are_of_what_the_town_posted(board):
    """Open and asked are told apart; the oldest that nobody asked for is named."""
    oldest = board.post()
    board.post()
    asked = board.post(assign="choose")
    board.ash.market.claim(asked, wait_s=0.0)
    board.held()
    done = board.held()
    board.ash.market.done(done, ["https://example.org/pull/7"])
    board.rust.market.accept(done, {"dims": {"quality": 5, "reliability": 4}})
    posted = board.rust.market.glance(OPEN).data["posted"]
    assert posted["counts"] == {"open": 2, "asked": 1, "claimed": 1, "in review": 0, "done": 1}
    assert posted["oldest_open"]["id"] == oldest
    assert [line["id"] for line in board.ash.market.glance(OPEN).data["yours"]["asked"]] == [asked]
    only = board.rust.market.glance({**OPEN, "asked": True, "poster": "me"}).data["items"]
    assert [line["id"] for line in only] == [asked]


def test_a_poster_is_known_by_what_was_finished_and_how_fast_it_answers(board):
    """Found once a minute, so that a page that is looked at often costs little."""
    board.post()

    def finish() -> None:
        done = board.held()
        board.ash.market.done(done, ["https://example.org/pull/7"])
        board.rust.market.accept(done, {"dims": {"quality": 5, "reliability": 4}})

    def poster() -> dict:
        return board.ash.market.glance(OPEN).data["items"][0]["poster"]

    finish()
    assert poster()["finished_n"] == 1
    assert 0 <= poster()["answers_s"] < 60
    finish()
    assert poster()["finished_n"] == 1
    board.world.now += 61 * SECOND
    assert poster()["finished_n"] == 2
    board.away()
    assert poster()["answers"] == "later"
    assert poster()["answers_s"] is None


def test_an_item_is_told_with_what_each_record_does(board):
    """In plain words, with the reason where a record changes nothing."""
    item = board.held()
    board.ash.market.done(item, ["https://example.org/pull/7"], summary="it works")
    board.rust.market.reject(item, "no test")
    board.rust.market.takeback(item, "no progress")
    told = board.rust.market.told(item).data
    does = [record["does"] for record in told["records"]]
    assert does == [
        "posted it",
        "asked for it",
        "gave it to ash",
        "handed in",
        "sent back hand-in 1",
        "took it back from ash",
    ]
    assert [record["untrusted"]["said"] for record in told["records"]][3:] == [
        "it works",
        "no test",
        "no progress",
    ]
    assert all(record["verified"] for record in told["records"])


def test_what_may_be_typed_follows_the_item(board):
    """For its poster: say, take back, decide; for the others: claim; nothing when it is over."""

    def cmds(town, item: str) -> list[str]:
        return [step.cmd[1] for step in town.market.told(item).next]

    item = board.post()
    assert cmds(board.rust, item) == ["note", "withdraw"]
    assert cmds(board.ash, item) == ["claim"]
    board.ash.market.claim(item)
    assert cmds(board.rust, item) == ["note", "takeback", "withdraw"]
    assert cmds(board.ash, item)[0] == "done"
    board.ash.market.done(item, ["https://example.org/pull/7"])
    assert cmds(board.rust, item) == ["accept", "reject"]
    chosen = board.post(assign="choose")
    board.ash.market.claim(chosen, wait_s=0.0)
    assert cmds(board.rust, chosen) == ["grant"]


@pytest.mark.slow
def test_a_page_of_a_large_item_leaves_out_the_middle():
    """The first record and the newest are told, and how many are not."""
    world = World()
    rust = world.town("rust")
    item = rust.market.post({"title": "x"}).data["id"]
    for number in range(220):
        rust.market.note(item, f"note {number}")
    told = rust.market.told(item).data
    assert len(told["records"]) == 200
    assert told["earlier"] == 21
    assert told["records"][0]["kind"] == "wanted.post"
    assert told["records"][-1]["untrusted"]["said"] == "note 219"


WORDS = [
    (lambda b, item: b.rust.market.update(item, {"title": "other"}), "changed the terms"),
    (lambda b, item: b.rust.market.withdraw(item, "no"), "withdrew it"),
    (lambda b, item: b.rust.market.note(item, "x", tag="dispute"), "disputes"),
    (lambda b, item: b.rust.market.note(item, "x"), "noted"),
    (lambda b, item: b.ash.as_agent("toast").claim(item), "asked for it (agent toast)"),
    (lambda b, item: b.away() or b.ash.market.claim(item), "asked for it"),
]


def lapse(board: Board) -> None:
    """Nobody showed work until long after the lease, and the home has heard its peers since."""
    board.world.pass_time(30 * HOUR)
    board.heard()
    board.world.pass_time(SECOND)


HELD_WORDS = [
    (lambda b, item: b.ash.market.renew(item, "2 of 3"), "showed a sign of work"),
    (lambda b, item: b.ash.market.note(item, "x", tag="progress"), "reported progress"),
    (lambda b, item: b.ash.market.unclaim(item), "put it back on the board: ash gave it back"),
    (lambda b, _: lapse(b), "put it back on the board: no sign of work by ash"),
    (lambda b, item: b.rust.market.withdraw(item, "no"), "withdrew it"),
]


@pytest.mark.parametrize(("act", "words"), WORDS, ids=[words for _, words in WORDS])
def test_what_is_done_to_an_open_item_is_told_in_plain_words(board, act, words):
    """No name of a record kind, and who did it."""
    item = board.post()
    act(board, item)
    does = [record["does"] for record in board.ash.market.told(item).data["records"]]
    assert does[-1] == words or does[1] == words


@pytest.mark.parametrize(("act", "words"), HELD_WORDS, ids=[words for _, words in HELD_WORDS])
def test_what_is_done_to_a_held_item_is_told_in_plain_words(board, act, words):
    """Who gave it back, who lost it and why."""
    item = board.held()
    act(board, item)
    does = [record["does"] for record in board.rust.market.told(item).data["records"]]
    assert any(said.startswith(words) for said in does[3:]), does


def test_a_record_without_the_right_is_told_with_the_reason(board):
    """It stands in the story, signed and verified, and it does not count."""
    item = board.post()
    journal = board.ash.market.board()
    story = board.ash.market.found(item).signed
    entry = compose(
        journal,
        board.ash.market.author,
        kind="wanted.withdraw",
        body={"decides": story.pointer, "reason": "mine now"},
        now=board.world.now,
        about=story.post.id,
    )
    board.ash.market.say(journal, entry)
    told = board.ash.market.told(item).data
    stray = told["records"][-1]
    assert told["item"]["state"] == "open"
    assert (stray["by"], stray["verified"], stray["counts"]) == ("ash", True, False)
    assert stray["why_not"]
    assert stray["does"] == "told rust-hollow: withdrew it"
    assert stray["untrusted"]["said"] == "mine now"
