"""Convoys: made whole, followed across projects, landed once, fed to capacity, never silent."""

from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.beads.errors import NoBeadError
from ledger.beads.rows import PARENT_CHILD, Bead, Link
from ledger.private.rows import Event, Setting
from ledger.private.store import Change, Dropped
from ledger.workspace.addresses import NoRecipientError
from ledger.workspace.talk import Convoy, ConvoyItem, Message, Nudge
from ledger.workspace.work import Assignment, MergeRequest, Session
from tests.beads.stores import BACKENDS, empty
from tests.ledger.conftest import dolt
from tests.town.talkers import MINUTE, Talkers, boxes, convoy, reasons, status
from tests.town.test_mail_told import Interleaved
from town.convoys.desk import NewConvoy
from town.convoys.errors import (
    BadConvoyError,
    ManyConvoysError,
    NoConvoyError,
    NotOwnedError,
    OpenItemsError,
)
from town.convoys.members import PAUSED

__all__ = ["dolt"]


@pytest.fixture(params=BACKENDS)
def town(request, tmp_path):
    """A town's rows on each backend."""
    with closing(empty(request, tmp_path)) as store:
        yield Talkers(store)


@pytest.fixture
def talk():
    """A town's rows in memory."""
    return Talkers()


def test_a_convoy_across_two_rigs_lands_with_its_last_bead_and_tells_each_once(town):
    """Scenario 22: progress is exact all the way; owner, notify and watchers have a letter each."""
    made = convoy(town, "ap-aaaaa", "we-bbbbb", "ap-ccccc", notify=["mayor/", "@witnesses"])
    town.convoys().watch(made.id, address="max")
    town.convoys().watch("1", address="ada", nudge=True)
    town.convoys().watch(made.id)  # its owner, twice told of
    for count, name in enumerate(("ap-aaaaa", "we-bbbbb", "ap-ccccc"), 1):
        assert status(town, made) == "open"
        town.beads().close(name)
        assert town.convoys().show(made.id).progress == (count, 3)
        landed = town.convoys("deacon").follow()
    assert [one.convoy.id for one in landed] == [made.id]
    assert town.convoys("deacon").follow() == town.convoys("deacon").cycle(town.now) == []
    assert boxes(town) == dict.fromkeys(
        ("overseer", "mayor", "api/witness", "web/witness", "api/crew/max"), 1
    )
    letter = town.store.find(Message)[0]
    assert letter.subject == "Convoy landed: x"
    assert "3/3 closed" in letter.body
    assert "we-bbbbb  Do we-bbbbb" in letter.body
    assert [one.recipient for one in town.store.find(Nudge)] == ["web/crew/ada"]


def test_adding_to_a_closed_convoy_opens_it_and_it_lands_again(town):
    """Scenario 22: each landing tells once; what is followed already is not added twice."""
    made = convoy(town, "ap-aaaaa")
    town.beads().close("ap-aaaaa")
    town.convoys().follow()
    town.bead("we-bbbbb")
    again, fresh = town.convoys().add(made.id, ["we-bbbbb", "ap-aaaaa", "we-bbbbb"])
    assert (again.status, fresh, again.closed_at) == ("open", ["we-bbbbb"], 0)
    assert town.convoys().add(made.id, ["we-bbbbb"])[1] == []
    town.convoys().follow()
    assert boxes(town) == {"overseer": 1}
    town.beads().close("we-bbbbb")
    town.convoys().follow()
    assert boxes(town) == {"overseer": 2}
    assert status(town, made) == "closed"


def test_a_convoy_is_made_whole_or_not_at_all(talk):
    """One unknown bead, address or word, and nothing is written."""
    talk.bead("ap-aaaaa")
    wrong = (
        (NoBeadError, NewConvoy(title="x", beads=["ap-aaaaa", "ap-zzzzz"])),
        (NoRecipientError, NewConvoy(title="x", notify=["nobody"])),
        (NoRecipientError, NewConvoy(title="x", owner="nobody")),
        (BadConvoyError, NewConvoy(title=" ")),
        (BadConvoyError, NewConvoy(title="x" * 501)),
        (BadConvoyError, NewConvoy(title="x", merge="by hand")),
        (BadConvoyError, NewConvoy(title="x", from_epic="ap-aaaaa")),
    )
    before = len(talk.store.events(0))
    for error, wanted in wrong:
        with pytest.raises(error):
            talk.convoys().create(wanted)
    assert talk.store.find(Convoy) == []
    assert talk.store.find(ConvoyItem) == []
    assert len(talk.store.events(0)) == before


def test_an_epic_gives_the_work_below_it(talk):
    """Scenario 22: however deep; epics and decisions are gone through, not followed."""
    above = {
        "ap-e.1": "ap-eeeee", "ap-e.2": "ap-eeeee", "ap-eeee2": "ap-eeeee", "ap-d": "ap-eeee2",
        "ap-deep1": "ap-d", "we-other": "ap-eeee2", "ap-shut1": "ap-eeeee",
    }  # fmt: skip
    kinds = {"ap-eeeee": "epic", "ap-eeee2": "epic", "ap-d": "decision", "ap-deep1": "bug"}
    for name in ("ap-eeeee", *above):
        talk.bead(
            name, issue_type=kinds.get(name, "task"),
            status="closed" if name == "ap-shut1" else "open",
        )  # fmt: skip
    talk.put(*(Link(issue_id=a, depends_on_id=b, type=PARENT_CHILD) for a, b in above.items()))
    talk.put(Link(issue_id="ap-eeee2", depends_on_id="ap-deep1", type=PARENT_CHILD))  # a circle
    made = talk.convoys().create(NewConvoy(title="x", from_epic="ap-eeeee"))
    followed = [one.bead for one in talk.store.find(ConvoyItem, convoy=made.id)]
    assert sorted(followed) == ["ap-deep1", "ap-e.1", "ap-e.2", "we-other"]


def test_numbers_and_beginnings_work_as_ids(talk):
    """Scenario 22: the number is the place among those that are not closed."""
    first, second = convoy(talk, "ap-aaaaa"), convoy(talk, "ap-bbbbb")
    talk.now += 1
    third = convoy(talk, "ap-ccccc")
    desk = talk.convoys()
    assert desk.show("3").convoy.id == desk.show("#3").convoy.id == third.id
    assert desk.show(second.id[:9]).convoy.id == second.id
    assert desk.show(second.id.removeprefix("hq-cv-")).convoy.id == second.id
    talk.beads().close("ap-aaaaa")
    desk.follow()
    assert status(talk, first) == "closed"
    assert desk.show("2").convoy.id == third.id
    assert desk.show(first.id).number == 0
    for wrong in ("3", "0", "zzzzz", ""):
        with pytest.raises(NoConvoyError):
            desk.show(wrong)
    with pytest.raises(ManyConvoysError):
        desk.show("hq-cv-")


def test_closing_with_open_items_is_refused_without_force(talk):
    """Scenario 22: with force it is closed and told; a second time nothing happens."""
    made = convoy(talk, "ap-aaaaa", "ap-bbbbb")
    talk.beads().close("ap-aaaaa")
    with pytest.raises(OpenItemsError, match="ap-bbbbb"):
        talk.convoys().close("1")
    assert status(talk, made) == "open"
    ended = talk.convoys().close("1", force=True, reason="not wanted", notify="mayor/")
    assert ended.fresh
    assert ended.convoy.close_reason == "not wanted"
    assert not talk.convoys().close(made.id).fresh
    assert boxes(talk) == {"overseer": 1, "mayor": 1}


def test_an_owned_convoy_waits_for_its_owner(talk):
    """It never lands by itself, whoever looks; others cannot be landed by hand."""
    mine, other = convoy(talk, "ap-aaaaa", owned=True), convoy(talk, "ap-bbbbb")
    with pytest.raises(OpenItemsError):
        talk.convoys().land(mine.id)
    talk.beads().close("ap-aaaaa")
    assert talk.convoys().cycle(talk.now) == talk.convoys().check() == []
    with pytest.raises(NotOwnedError):
        talk.convoys().land(other.id)
    assert talk.convoys().land(mine.id, dry=True).fresh
    assert status(talk, mine) == "open"
    assert talk.convoys().land(mine.id).convoy.close_reason == "Landed by owner"
    assert not talk.convoys().land(mine.id).fresh
    assert boxes(talk) == {"overseer": 1}


def test_a_check_lands_what_nobody_noticed(talk):
    """Without one event looked at; `--dry-run` only says so."""
    made = convoy(talk, "ap-aaaaa")
    talk.bead("ap-aaaaa", status="closed")  # by whoever wrote rows past every event
    assert [one.convoy.id for one in talk.convoys().check(dry=True)] == [made.id]
    assert status(talk, made) == "open"
    assert [one.convoy.id for one in talk.convoys().check("1")] == [made.id]
    assert talk.convoys().check() == []
    assert boxes(talk) == {"overseer": 1}


def test_a_bead_that_is_opened_again_keeps_the_convoy_from_landing():
    """Between the look and the change: nothing lands on what was so a moment ago."""
    talk = Talkers(Interleaved())
    made = convoy(talk, "ap-aaaaa", "ap-bbbbb")
    talk.bead("ap-aaaaa", status="closed")
    talk.bead("ap-bbbbb", status="closed")
    talk.store.between = [lambda: talk.bead("ap-bbbbb", status="open")]
    assert talk.convoys().check() == []
    assert status(talk, made) == "open"
    talk.bead("ap-bbbbb", status="closed")
    talk.bead("ap-ccccc")
    talk.store.between = [lambda: talk.convoys().add(made.id, ["ap-ccccc"])]
    assert talk.convoys().check() == []
    assert boxes(talk) == {}


def test_two_who_land_at_once_tell_once():
    """One of them does it; the other finds it done."""
    talk = Talkers(Interleaved())
    made = convoy(talk, "ap-aaaaa")
    talk.beads().close("ap-aaaaa")
    found: list = []
    talk.store.between = [lambda: found.append(talk.convoys().follow())]
    found.append(talk.convoys("mayor").follow())
    assert sorted(len(one) for one in found) == [0, 1]
    assert boxes(talk) == {"overseer": 1}
    assert status(talk, made) == "closed"


@given(data=st.data(), size=st.integers(1, 6))
def test_landing_does_not_depend_on_the_order_of_events(data, size):
    """Whatever is closed first, whoever looks when and how often: the same lands, told once."""
    talk = Talkers()
    names = [f"{prefix}-aaaa{n}" for n in range(size) for prefix in ("ap", "we")]
    made = [
        convoy(talk, *data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True)))
        for _ in range(data.draw(st.integers(1, 4)))
    ]
    members = {m.id: [i.bead for i in talk.store.find(ConvoyItem, convoy=m.id)] for m in made}
    closed = data.draw(st.lists(st.sampled_from(names), unique=True))
    for name in data.draw(st.permutations(closed)):
        if talk.store.get(Bead, name) is not None:
            talk.beads().close(name)
        look = data.draw(st.sampled_from(["follow", "cycle", "check", "nobody"]))
        desk = talk.convoys("deacon")
        if look == "cycle":
            desk.cycle(talk.now)
        elif look != "nobody":
            getattr(desk, look)()
    talk.convoys("deacon").follow()
    done = {m.id for m in made if set(members[m.id]) <= set(closed)}
    assert {m.id for m in made if status(talk, m) == "closed"} == done
    assert boxes(talk) == ({"overseer": len(done)} if done else {})
    for m in made:
        dumb = [talk.store.get(Bead, name) for name in members[m.id]]
        counted = sum(one is not None and one.status == "closed" for one in dumb)
        assert talk.convoys().show(m.id).progress == (counted, len(dumb))


def test_a_consumer_that_is_far_behind_catches_up(talk):
    """A thousand events are not gone through one by one, and what they led to is not missed."""
    made = convoy(talk, "ap-aaaaa")
    for n in range(1_200):
        talk.beads().close("ap-aaaaa") if n == 100 else talk.nudges("mayor").set_level(
            ("normal", "muted")[n % 2]
        )
    assert [one.convoy.id for one in talk.convoys().follow()] == [made.id]
    assert talk.convoys().follow() == []
    assert boxes(talk) == {"overseer": 1}


def test_what_happened_while_nobody_looked_and_is_forgotten_lands_a_convoy_all_the_same(talk):
    """Its events are gone; the gap in their numbers has each convoy looked at."""
    made = convoy(talk, "ap-aaaaa")
    talk.convoys().follow()
    talk.beads().close("ap-aaaaa")
    talk.nudges("mayor").set_level("muted")
    gone = [Dropped(kind=Event, key=event.key) for event in talk.store.events(0)][:-1]
    talk.store.apply(Change(drops=tuple(gone)))
    assert [one.convoy.id for one in talk.convoys().follow()] == [made.id]


def test_whoever_has_left_the_town_is_not_waited_for(talk):
    """A notify address that means nobody by then: the owner still hears, or the person does."""
    made = convoy(talk, "ap-aaaaa", owner="max", notify=["rust"])
    for name in ("api/crew/max", "api/polecats/rust"):
        talk.agent(name, state="nuked")
    talk.beads().close("ap-aaaaa")
    talk.convoys().follow()
    assert status(talk, made) == "closed"
    assert boxes(talk) == {"overseer": 1}


def test_a_convoy_that_stands_still_says_why_of_each_and_tells_once(talk):
    """One is blocked for good, one has a dead worker, one is paused; after a while: mail."""
    made = convoy(talk, "ap-block", "ap-dead1", "ap-pause", owner="mayor/")
    talk.bead("ap-never")
    talk.put(Link(issue_id="ap-block", depends_on_id="ap-never"), Setting(name=PAUSED, value="ada"))
    talk.bead("ap-dead1", status="hooked", assignee="api/polecats/rust")
    talk.put(
        Assignment(id="as-1", bead="ap-dead1", agent="api/polecats/rust", rig="api",
                   state="working", created_at=talk.now, started_at=talk.now, attempt=2),
        Session(id="s", agent="api/polecats/rust", assignment="as-1", started_at=talk.now,
                ended_at=talk.now + 1),
    )  # fmt: skip
    assert reasons(talk, made) == {
        "ap-block": "blocked", "ap-dead1": "worker-dead", "ap-pause": "paused",
    }  # fmt: skip
    talk.convoys("deacon").cycle(talk.now)
    assert boxes(talk) == {}
    talk.now += 16 * MINUTE
    for _ in range(3):
        talk.convoys("deacon").cycle(talk.now)
    assert boxes(talk) == {"mayor": 1}
    body = talk.store.find(Message)[0].body
    for words in ("blocked by ap-never", "its session is gone, attempt 2", "paused by ada"):
        assert words in body
    talk.put(Session(id="s2", agent="api/polecats/rust", assignment="as-1", started_at=talk.now))
    assert reasons(talk, made)["ap-dead1"] == "working"
    talk.now += 16 * MINUTE
    talk.convoys("deacon").cycle(talk.now)
    assert boxes(talk) == {"mayor": 1}
    talk.put(
        Session(id="s2", agent="api/polecats/rust", assignment="as-1", started_at=talk.now,
                ended_at=talk.now)
    )  # fmt: skip
    talk.now += 16 * MINUTE
    talk.convoys("deacon").cycle(talk.now)
    assert boxes(talk) == {"mayor": 2}


def test_a_place_in_the_merge_queue_and_its_refusals_are_said(talk):
    """How many are before it, and how often it came back."""
    made = convoy(talk, "ap-aaaaa", "ap-bbbbb")
    for n, name in enumerate(("ap-zzzz1", "ap-zzzz2", "ap-aaaaa")):
        talk.put(MergeRequest(id=f"mr-{n}", bead=name, rig="api", submitted_at=n + 1))
    talk.put(MergeRequest(id="mr-9", bead="ap-bbbbb", rig="api", state="rejected"))
    view = talk.convoys().show(made.id)
    assert [one.reason.words for one in view.members] == [
        "waits in the merge queue, 2 before it",
        "is given to the next worker; its merge was rejected once",
    ]


def test_the_mayor_is_told_where_the_town_wants_it(talk):
    """`convoy.notify_on_complete`: one letter more, and none where it is told already."""
    talk.tells_mayor = True
    convoy(talk, "ap-aaaaa")
    convoy(talk, "ap-aaaaa", notify=["mayor/"])
    talk.beads().close("ap-aaaaa")
    talk.convoys().follow()
    assert boxes(talk) == {"overseer": 2, "mayor": 2}


def test_everything_is_considered_once_a_minute(talk):
    """What happened past every event is found then, and not looked for at each round."""
    made = convoy(talk, "ap-aaaaa")
    assert talk.convoys("deacon").cycle(talk.now) == []
    talk.bead("ap-aaaaa", status="closed")
    assert talk.convoys("deacon").cycle(talk.now + 59 * MINUTE // 60) == []
    talk.now += MINUTE
    assert [one.convoy.id for one in talk.convoys("deacon").cycle(talk.now)] == [made.id]
