"""Feeding convoys: every ready member within capacity, what is stranded, what is staged first."""

import pytest

from ledger.beads.rows import PARENT_CHILD, Link
from ledger.private.rows import Setting
from ledger.workspace.rows import PARKED, Rig
from ledger.workspace.talk import Convoy, Nudge
from ledger.workspace.work import Assignment
from tests.town.talkers import MINUTE, Talkers, boxes, convoy, reasons, status
from tests.town.towns import town_in
from town.convoys.desk import NewConvoy
from town.convoys.errors import BadConvoyError, StageError, WarnedError
from town.convoys.members import PAUSED
from town.hooks.slinging import Order
from town.hooks.target import Target
from town.workspace.files import write_json


@pytest.fixture
def talk():
    """A town's rows in memory."""
    return Talkers()


def test_every_ready_member_is_fed_within_capacity(talk):
    """The most urgent first, each once, none that anything holds up; never of a resting rig."""
    made = convoy(talk, "ap-aaaaa", "we-bbbbb", "ap-ccccc", "hq-nobod", "ap-taken")
    convoy(talk, "ap-aaaaa", "we-ddddd")
    owned = convoy(talk, "ap-owned", owned=True)
    talk.bead("ap-ccccc", priority=0)
    talk.bead("ap-taken", assignee="ada")
    talk.put(Link(issue_id="we-bbbbb", depends_on_id="ap-aaaaa"))

    def fed() -> list[str]:
        return [bead.id for _, bead in talk.convoys().ready_members(talk.now)]

    assert fed() == ["ap-ccccc", "ap-aaaaa", "we-ddddd"]
    talk.workers_max = 3
    talk.agent("api/polecats/rust", hook_bead="ap-other")
    assert fed() == ["ap-ccccc", "ap-aaaaa"]
    talk.workers_max = 1
    assert fed() == []
    assert reasons(talk, made)["ap-aaaaa"] == "no-capacity"
    talk.workers_max = -1
    talk.put(Rig(name="api", prefix="ap", state=PARKED))
    assert fed() == ["we-ddddd"]
    assert reasons(talk, made)["ap-aaaaa"] == "rig-parked"
    talk.put(Setting(name=PAUSED, value="ada"))
    assert fed() == []
    assert reasons(talk, owned) == {"ap-owned": "rig-parked"}
    talk.dispatching = False
    talk.put(Setting(name=PAUSED, value=""), Rig(name="api", prefix="ap"))
    assert reasons(talk, made)["ap-aaaaa"] == "nobody-dispatches"


def test_a_stranded_convoy_has_ready_work_or_none_at_all(talk):
    """What is under way, blocked or staged is not stranded."""
    ready, empty_one = convoy(talk, "ap-aaaaa"), convoy(talk)
    convoy(talk, "ap-bbbbb")
    talk.bead("ap-bbbbb", status="in_progress", assignee="ada")
    talk.convoys().stage(["ap-aaaaa"])
    desk = talk.convoys()
    found = {view.convoy.id: desk.ready_of(view) for view in desk.stranded()}
    assert found == {ready.id: ["ap-aaaaa"], empty_one.id: []}
    talk.now += 6 * MINUTE
    talk.convoys("deacon").cycle(talk.now)
    assert status(talk, empty_one) == "closed"
    assert boxes(talk) == {}


def test_watching_ends_as_it_began(talk):
    """Whoever watches no more is not told; a second time nobody was to be."""
    made = convoy(talk, "ap-aaaaa")
    desk = talk.convoys("api/crew/max")
    assert desk.watch("1").address == "api/crew/max"
    assert desk.watch("1", nudge=True).how == "nudge"
    assert desk.unwatch("1")
    assert not desk.unwatch("1")
    talk.beads().close("ap-aaaaa")
    desk.follow()
    assert boxes(talk) == {"overseer": 1}
    assert talk.store.find(Nudge) == []
    assert desk.tracking("ap-aaaaa") == [made.id]


# --- staged


def test_a_staged_convoy_is_not_fed_before_it_is_launched(talk):
    """Its waves are worked out; the launch lets the first one begin."""
    for name in ("ap-aaaaa", "ap-bbbbb", "ap-ccccc"):
        talk.bead(name)
    talk.put(
        Link(issue_id="ap-bbbbb", depends_on_id="ap-aaaaa"),
        Link(issue_id="ap-ccccc", depends_on_id="ap-bbbbb"),
    )
    staged = talk.convoys().stage(["ap-aaaaa", "ap-bbbbb", "ap-ccccc"], title="three")
    assert (staged.convoy.status, staged.convoy.title) == ("staged_ready", "three")
    assert staged.waves == [["ap-aaaaa"], ["ap-bbbbb"], ["ap-ccccc"]]
    assert talk.convoys().ready_members(talk.now) == []
    assert reasons(talk, staged.convoy)["ap-aaaaa"] == "staged"
    assert talk.convoys().launch([staged.convoy.id]).convoy.status == "open"
    assert [bead.id for _, bead in talk.convoys().ready_members(talk.now)] == ["ap-aaaaa"]
    with pytest.raises(BadConvoyError, match="cannot be launched"):
        talk.convoys().launch([staged.convoy.id])


def test_what_cannot_run_is_refused_with_every_fault(talk):
    """A circle and a prefix of no rig, both at once; nothing is made."""
    for name in ("ap-aaaaa", "ap-bbbbb", "hq-other"):
        talk.bead(name)
    talk.put(
        Link(issue_id="ap-bbbbb", depends_on_id="ap-aaaaa"),
        Link(issue_id="ap-aaaaa", depends_on_id="ap-bbbbb"),
    )
    with pytest.raises(StageError) as caught:
        talk.convoys().stage(["ap-aaaaa", "ap-bbbbb", "hq-other"])
    assert caught.value.faults == (
        "they wait for each other: ap-aaaaa, ap-bbbbb", "hq-other: its prefix is that of no rig",
    )  # fmt: skip
    assert talk.store.find(Convoy) == []


def test_what_is_odd_is_a_warning_and_a_launch_needs_force(talk):
    """Two rigs, one of them parked, a wave that is too wide, a blocker outside."""
    names = [f"ap-aaaa{n}" for n in range(6)]
    for name in (*names, "we-bbbbb", "ap-extra"):
        talk.bead(name)
    talk.put(
        Rig(name="web", prefix="we", state=PARKED),
        Link(issue_id="we-bbbbb", depends_on_id="ap-extra"),
    )
    staged = talk.convoys().stage([*names, "we-bbbbb"], launch=True)
    assert staged.convoy.status == "staged_warnings"
    warned = "\n".join(staged.warnings)
    for words in ("web is parked", "spans 2 rigs", "waits for ap-extra", "wave 1 has 7 beads"):
        assert words in warned
    with pytest.raises(WarnedError):
        talk.convoys().launch([staged.convoy.id])
    assert talk.convoys().launch([staged.convoy.id], force=True).convoy.status == "open"


def test_an_epic_is_staged_with_what_lies_below_it_and_launched_at_once(talk):
    """Without a convoy made before; closed children are left out."""
    talk.bead("ap-eeeee", issue_type="epic", title="Whole")
    for name in ("ap-aaaaa", "ap-bbbbb"):
        talk.bead(name)
        talk.put(Link(issue_id=name, depends_on_id="ap-eeeee", type=PARENT_CHILD))
    talk.put(Link(issue_id="ap-bbbbb", depends_on_id="ap-aaaaa"))
    launched = talk.convoys().launch(["ap-eeeee"])
    assert (launched.convoy.status, launched.convoy.title) == ("open", "Whole")
    assert launched.waves == [["ap-aaaaa"], ["ap-bbbbb"]]
    at_once = talk.convoys().stage(["ap-aaaaa"], launch=True)
    assert at_once.convoy.status == "open"


def test_a_convoy_is_staged_again_until_somebody_works_on_it(talk):
    """A new blocker changes its waves; a circle keeps it from its launch; work keeps it open."""
    for name in ("ap-aaaaa", "ap-bbbbb"):
        talk.bead(name)
    staged = talk.convoys().stage(["ap-aaaaa", "ap-bbbbb"])
    assert len(staged.waves) == 1
    talk.put(Link(issue_id="ap-bbbbb", depends_on_id="ap-aaaaa"))
    again = talk.convoys().stage([staged.convoy.id], title="again")
    assert (again.convoy.id, again.convoy.title, len(again.waves)) == (staged.convoy.id, "again", 2)
    talk.put(Link(issue_id="ap-aaaaa", depends_on_id="ap-bbbbb"))
    with pytest.raises(StageError, match="wait for each other"):
        talk.convoys().launch([staged.convoy.id])
    talk.put(Link(issue_id="ap-aaaaa", depends_on_id="ap-bbbbb", type="related"))
    talk.convoys().launch([staged.convoy.id])
    talk.put(Assignment(id="as-1", bead="ap-aaaaa", agent="api/polecats/rust", state="working"))
    with pytest.raises(BadConvoyError, match="under way"):
        talk.convoys().stage([staged.convoy.id])


def test_a_rig_has_no_more_workers_than_it_may(talk):
    """Two of three in the one rig, all in the other; the third says that all are busy."""
    made = convoy(talk, "ap-aaaaa", "ap-bbbbb", "ap-ccccc", "we-ddddd")
    talk.rig_max = {"api": 2}

    def fed() -> list[str]:
        return [bead.id for _, bead in talk.convoys().ready_members(talk.now)]

    assert fed() == ["ap-aaaaa", "ap-bbbbb", "we-ddddd"]
    talk.agent("api/polecats/rust", hook_bead="ap-other")
    assert fed() == ["ap-aaaaa", "we-ddddd"]
    talk.agent("api/polecats/nux", hook_bead="ap-more")
    assert fed() == ["we-ddddd"]
    assert reasons(talk, made) == {
        "ap-aaaaa": "no-capacity", "ap-bbbbb": "no-capacity", "ap-ccccc": "no-capacity",
        "we-ddddd": "ready",
    }  # fmt: skip


def test_feeding_by_itself_is_a_setting(tmp_path):
    """With `convoy.feed` off nothing is given out, and each bead says why; slinging goes on."""
    with town_in(tmp_path) as town:
        bead = town.bead("Mend it")
        made = town.works().convoys.create(NewConvoy(title="Later", beads=[bead]))
        given = [one.id for _, one in town.works().convoys.ready_members(0)]
        write_json(town.workspace.settings, {"convoy": {"feed": False}})
        convoys = town.works().convoys
        (member,) = convoys.show(made.id).members
        assert (given, convoys.ready_members(0)) == ([bead], [])
        assert member.reason is not None
        assert (member.reason.code, "convoy.feed" in member.reason.words) == ("paused", True)
        assert town.works().hooks.rehearse(Order(bead=bead, target=Target(rig="api"))).fresh
