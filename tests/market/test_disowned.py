"""Decisions that a fork or a revoke took away stand against whoever said them (records 5.5)."""

import pytest

from tests.ledger.people import STAMP, Board, Person
from tests.market.towns import LocalTown, World
from town.market.deciders import known_of, poster_facts
from town.market.disowned import disowned_by


class Watched:
    """A board with a poster, two workers and an always-on node, as another town sees it."""

    def __init__(self) -> None:
        self.board = Board()
        self.ann, self.bob, self.hub = (self.board.person(name) for name in ("ann", "bob", "hub"))
        for person in (self.ann, self.bob, self.hub):
            self.board.admit(person)
        self.town: LocalTown = World().town("rust")
        self.town.town.ledgers[self.board.wasteland] = self.board.journal
        self.town.town.choose(self.board.wasteland)

    def granted_at_hub(self):
        """An item whose home is the hub's device, given to Bob; the grant."""
        item = self.ann.post(home={"account": self.hub.account, "device": self.hub.key.device})
        return self.hub.grant(item, self.bob.bid(item))

    def fork(self, person: Person) -> None:
        """The person's device speaks twice at the beginning of its chain."""
        body = {"handle": person.handle}
        person.say("rig.join", about=self.board.wasteland, body=body, after=None)

    def against(self, name: str) -> int:
        """What a profile counts."""
        return int(self.town.market.profile(name).data["disowned"]["count"])

    def leaders(self) -> list[tuple[str, int, int]]:
        """The leaderboard: name, finished, taken away."""
        rows = self.town.market.leaderboard().data["rows"]
        return [(row["handle"], row["completed"], row["disowned"]) for row in rows]


@pytest.fixture
def seen() -> Watched:
    return Watched()


def test_a_fork_is_counted_against_its_account_and_against_nobody_else(seen):
    """Profile, words, poster's trust and who asked: all say it, and where to look."""
    grant = seen.granted_at_hub()
    assert seen.against("hub") == 0
    seen.fork(seen.hub)
    answer = seen.town.market.profile("hub")
    [one] = answer.data["disowned"]["decisions"]
    assert (one["kind"], one["record"]) == ("claim.grant", grant.record.id)
    assert any(line.startswith("against   1 decision taken away") for line in answer.words)
    assert [seen.against(name) for name in ("ann", "bob")] == [0, 0]
    journal = seen.board.journal
    assert known_of(journal, seen.hub.account) == "new, 1 decision taken away"
    assert poster_facts(journal, seen.hub.account)["trust"]["disowned"] == 1
    assert poster_facts(journal, seen.ann.account)["trust"]["disowned"] == 0


def test_what_was_taken_away_stands_against_what_was_finished(seen):
    """Who finished more stands first, until more of its word was taken away than its lead."""
    jobs = [(seen.bob, seen.ann)] * 2 + [(seen.hub, seen.bob)] * 3
    for worker, poster in jobs:
        item = poster.post()
        poster.grant(item, worker.bid(item))
        done = worker.submit(item)
        poster.decide("work.accept", item, submission=done.record.id, stamp=STAMP)
    assert seen.leaders() == [("hub", 3, 0), ("bob", 2, 0)]
    seen.granted_at_hub()
    seen.granted_at_hub()
    hub = seen.hub.say("note.add", about=seen.board.wasteland, body={"tag": "note", "text": "x"})
    before = seen.board.journal.held.entry(hub.record.prev)
    seen.hub.say(
        "note.add", about=seen.board.wasteland, body={"tag": "note", "text": "y"}, after=before
    )
    assert seen.leaders() == [("hub", 3, 0), ("bob", 2, 0)]  # what was said before still stands
    grants = [one for one in seen.board.said if one.record.kind == "claim.grant"][-2]
    before = seen.board.journal.held.entry(grants.record.prev)
    seen.hub.say(
        "note.add", about=seen.board.wasteland, body={"tag": "note", "text": "z"}, after=before
    )
    assert seen.leaders() == [("bob", 2, 0), ("hub", 3, 2)]


def test_a_revoke_takes_away_what_followed_its_head(seen):
    """A thief's decisions count against the account whose key was stolen; earlier ones stay."""
    first = seen.granted_at_hub()
    seen.granted_at_hub()
    assert disowned_by(seen.board.journal, seen.hub.account) == []
    seen.hub.revoke(seen.hub.key, first)
    assert seen.against("hub") == 1


def test_a_clean_revoke_takes_nothing_away(seen):
    """The head it names is the last record that the device made."""
    last = seen.granted_at_hub()
    seen.hub.revoke(seen.hub.key, last)
    assert seen.against("hub") == 0


def test_a_decision_about_somebody_elses_item_was_never_one(seen):
    """Only what an item shows as taken away is counted."""
    item = seen.ann.post()
    seen.hub.say(
        "wanted.withdraw", about=item.record.id, body={"decides": item.record.id, "reason": "x"}
    )
    seen.fork(seen.hub)
    assert seen.against("hub") == 0


def test_a_registrar_answers_for_what_it_said_about_the_board(seen):
    """An admission that a fork took away stands against whoever admitted."""
    registrar = seen.board.registrar
    zed = seen.board.person("zed")
    admission = seen.board.admit(zed)
    before = seen.board.journal.held.entry(admission.record.prev)
    body = {"tag": "note", "text": "another in its place"}
    registrar.say("note.add", about=seen.board.wasteland, body=body, after=before)
    answer = seen.town.market.profile("hop")
    [one] = answer.data["disowned"]["decisions"]
    assert (one["kind"], one["item"]) == ("rig.admit", None)
    assert any("the board  rig.admit" in line for line in answer.words)


def test_whoever_is_no_registrar_said_nothing_about_the_board(seen):
    """A policy of somebody else was never a decision."""
    body = {"decides": seen.board.wasteland, "set": {"lease_s": 3_600}}
    seen.hub.say("wasteland.policy", about=seen.board.wasteland, body=body)
    seen.fork(seen.hub)
    assert seen.against("hub") == 0
