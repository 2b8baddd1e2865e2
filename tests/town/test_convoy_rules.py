"""What becomes of a convoy, by rules alone: progress, landing, reasons, waves; as laws."""

from graphlib import TopologicalSorter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ledger.beads.rows import STATUSES, TOMBSTONE, TYPES, Bead
from ledger.beads.waiting import Blocker
from ledger.workspace import convoys
from ledger.workspace.convoys import Dispatch, Standing
from ledger.workspace.rows import RIG_STATES, Agent, Rig
from ledger.workspace.talk import CLOSED_CONVOY, OPEN_CONVOY, STAGES, Convoy
from ledger.workspace.work import (
    ACTIVE,
    OPEN_REQUESTS,
    REMOTE_AWAY,
    Assignment,
    Hindrance,
    MergeRequest,
    Session,
)
from tests.town.talkers import MINUTE, START

NOW = START
CONVOY = Convoy(id="hq-cv-aaaaa", title="x", created_at=NOW - 60 * MINUTE)
RUNNING = Dispatch(running=True)
RIG = Rig(name="api", prefix="ap")
RUST = "api/polecats/rust"


def bead(**fields) -> Bead:
    """An open bead."""
    return Bead(id="ap-aaaaa", **fields)


def work(**fields) -> Assignment:
    """Rust's work on it, begun an hour ago."""
    made = Assignment(
        id="as-1", bead="ap-aaaaa", agent=RUST, state="working", created_at=NOW - 60 * MINUTE,
        started_at=NOW - 59 * MINUTE,
    )  # fmt: skip
    return replace(made, **fields)


def request(**fields) -> MergeRequest:
    """Its merge request."""
    return MergeRequest(id="mr-1", bead="ap-aaaaa", rig="api", **fields)


ENDED = Session(id="s", assignment="as-1", started_at=1, ended_at=2)
LIVE = Session(id="s", assignment="as-1", started_at=1)
FIRST = Blocker("ap-first", "open")
CASES = [
    ("done", Standing(bead=bead(status="closed")), "closed"),
    ("gone", Standing(bead=bead(status=TOMBSTONE)), "deleted"),
    ("merging", Standing(bead=bead(), rig=RIG, request=request(state="trying")), "being tried"),
    ("queued", Standing(bead=bead(), rig=RIG, request=request(), ahead=3), "3 before it"),
    ("conflict", Standing(bead=bead(), request=request(state="blocked", blocked_by="ap-fix")),
     "ap-fix"),
    ("target-gone", Standing(bead=bead(), rig=RIG, request=request(
        failure="target", reason="waiting on next")), "mr-1 is waiting on next"),
    ("conflicts-before", Standing(bead=bead(), rig=RIG, request=request(
        failure="conflict", reason="conflict in a")), "another conflict is resolved first"),
    ("queue-rests", Standing(bead=bead(), rig=RIG, request=request(), rests="gate: make test"),
     "gate: make test"),
    ("queue-rests", Standing(bead=bead(), rig=RIG, request=request(state="trying"), rests="git: x"),
     "git: x"),
    ("hindered", Standing(bead=bead(status="hooked"), work=work(), hindrance=Hindrance(
        assignment="as-1", code=REMOTE_AWAY, why="no answer\nand more")), "hand in: no answer"),
    ("queue-off", Standing(bead=bead(), rig=RIG, request=request(), off="a setting"),
     "nothing is merged: a setting"),
    ("in-review", Standing(bead=bead(), rig=RIG, off="a setting", request=request(
        state="review", branch="x", target="main")), "a person merges x into main"),
    ("working", Standing(bead=bead(status="hooked"), work=work(), session=LIVE), "works on it"),
    ("starting", Standing(bead=bead(status="hooked"), work=work(
        state="spawning", created_at=NOW - MINUTE)), "about to begin"),
    ("worker-dead", Standing(bead=bead(status="hooked"), work=work(attempt=2), session=ENDED),
     "its session is gone, attempt 2"),
    ("worker-dead", Standing(bead=bead(status="hooked"), work=work(state="spawning")),
     "never begun"),
    ("worker-stuck", Standing(bead=bead(status="hooked"), work=work(state="stuck")), "stuck"),
    ("crew-away", Standing(bead=bead(status="hooked"), work=work(agent="api/crew/max")), "max"),
    ("handed-in", Standing(bead=bead(status="in_progress"), work=work(state="submitted")),
     "a person merges it"),
    ("rig-parked", Standing(bead=bead(), rig=Rig(name="api", state="parked")), "api is parked"),
    ("rig-docked", Standing(bead=bead(), rig=Rig(name="api", state="docked"), work=work()),
     "api is docked"),
    ("rig-parked", Standing(bead=bead(), rig=Rig(name="api", state="parked"), request=request()),
     "api is parked"),
    ("blocked", Standing(bead=bead(), rig=RIG, blockers=(FIRST,)), "blocked by ap-first"),
    ("given-up", Standing(bead=bead(status="blocked", attempts=3), rig=RIG), "after 3 attempts"),
    ("deferred", Standing(bead=bead(status="deferred"), rig=RIG), "later day"),
    ("deferred", Standing(bead=bead(defer_until=NOW + 1), rig=RIG), "later day"),
    ("pinned", Standing(bead=bead(pinned=True), rig=RIG), "no work"),
    ("orphaned", Standing(bead=bead(status="hooked", assignee=RUST), rig=RIG, agent=Agent(id=RUST)),
     "does not work on it"),
    ("in-hands", Standing(bead=bead(status="in_progress", assignee="ada")), "in the hands of ada"),
    ("assigned", Standing(bead=bead(assignee="ada"), rig=RIG), "assigned to ada"),
    ("set-aside", Standing(bead=bead(status="in review"), rig=RIG), "in review"),
    ("not-slung", Standing(bead=bead(issue_type="epic"), rig=RIG), "epic"),
    ("no-rig", Standing(bead=bead()), "no rig"),
    ("ready", Standing(bead=bead(), rig=RIG), "next worker"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "standing", "words"), CASES)
def test_each_way_to_stand_still_has_its_own_reason(code, standing, words):
    """The exact one, with what it waits for."""
    found = convoys.reason(standing, CONVOY, RUNNING, now=NOW)
    assert found.code == code
    assert words in found.words


def test_without_a_node_no_session_is_promised():
    """Whoever waits for one, or for another one, is told what begins it."""
    for held in (
        Standing(bead=bead(status="hooked"), work=work(state="spawning", created_at=NOW)),
        Standing(bead=bead(status="hooked"), work=work(attempt=2), session=ENDED),
    ):
        found = convoys.reason(held, CONVOY, Dispatch(running=False), now=NOW)
        assert (found.code, found.moving) == ("not-begun", False)
        assert found.words.endswith(": gt up")


def test_what_keeps_a_ready_bead_from_a_worker_is_said():
    """Nobody dispatches, dispatch is paused, no worker is free, it is staged, its owner slings."""
    ready = Standing(bead=bead(), rig=RIG)

    def code(convoy: Convoy, dispatch: Dispatch) -> str:
        return convoys.reason(ready, convoy, dispatch, now=NOW).code

    assert code(CONVOY, Dispatch(running=False)) == "nobody-dispatches"
    assert code(CONVOY, Dispatch(running=True, paused="ada")) == "paused"
    assert code(CONVOY, Dispatch(running=True, free=0)) == "no-capacity"
    assert code(CONVOY, Dispatch(running=True, free=1)) == "ready"
    assert code(Convoy(id="c", status="staged_ready"), RUNNING) == "staged"
    assert code(Convoy(id="c", owned=True), RUNNING) == "unassigned"


def test_a_rejected_merge_is_not_forgotten():
    """Whatever the bead waits for now, how often its merge was refused stands behind it."""
    again = Standing(bead=bead(), rig=RIG, rejections=2)
    found = convoys.reason(again, CONVOY, RUNNING, now=NOW)
    assert found.code == "ready"
    assert found.words.endswith("its merge was rejected 2 times")


RIGS = st.none() | st.builds(Rig, name=st.just("api"), state=st.sampled_from(RIG_STATES))
WORKS = st.none() | st.builds(
    Assignment, id=st.just("as-1"), agent=st.sampled_from([RUST, "api/crew/max", "mayor"]),
    state=st.sampled_from(ACTIVE), created_at=st.sampled_from([0, NOW]),
)  # fmt: skip
STANDINGS = st.builds(
    Standing,
    bead=st.builds(
        Bead,
        id=st.just("ap-aaaaa"),
        status=st.sampled_from([*STATUSES, TOMBSTONE, "own"]),
        issue_type=st.sampled_from([*TYPES, ""]),
        assignee=st.sampled_from(["", RUST, "ada"]),
        pinned=st.booleans(),
        defer_until=st.sampled_from([0, NOW + 1]),
    ),
    blockers=st.sampled_from([(), (FIRST,), (FIRST,) * 9]),
    deferred_above=st.booleans(),
    rig=RIGS,
    agent=st.none() | st.just(Agent(id=RUST)),
    work=WORKS,
    session=st.sampled_from([None, LIVE, ENDED]),
    request=st.none()
    | st.builds(MergeRequest, id=st.just("mr-1"), state=st.sampled_from(OPEN_REQUESTS)),
    rests=st.sampled_from(["", "gate"]),
    rejections=st.integers(0, 3),
)
CONVOYS = st.builds(
    Convoy, id=st.just("c"), owned=st.booleans(),
    status=st.sampled_from([OPEN_CONVOY, CLOSED_CONVOY, *STAGES]),
)  # fmt: skip
DISPATCHES = st.builds(
    Dispatch, running=st.booleans(), paused=st.sampled_from(["", "ada"]),
    free=st.none() | st.integers(0, 2),
)  # fmt: skip


@given(standing=STANDINGS, convoy=CONVOYS, dispatch=DISPATCHES)
def test_whatever_is_not_done_has_a_reason(standing, convoy, dispatch):
    """However its rows stand, and only a ready one is called ready."""
    found = convoys.reason(standing, convoy, dispatch, now=NOW)
    over = standing.bead.status in ("closed", TOMBSTONE)
    assert found.words
    assert (found.code in ("done", "gone")) == over
    ready = convoys.is_ready(standing, now=NOW)
    if found.code == "ready":
        assert ready
        assert (convoy.status, convoy.owned) == (OPEN_CONVOY, False)
    if ready:
        waits = {"ready", "staged", "paused", "nobody-dispatches", "no-capacity", "unassigned"}
        assert found.code in waits
    if standing.blockers and standing.work is None and standing.request is None and not over:
        assert found.code == "blocked"
        assert found.by == tuple(one.id for one in standing.blockers)


ANY_STATUS = st.sampled_from([*STATUSES, TOMBSTONE])
BEADS = st.lists(
    st.none() | st.builds(Bead, id=st.text(max_size=3), status=ANY_STATUS), max_size=20
)


@given(BEADS)
def test_progress_is_what_one_counts(beads):
    """As somebody counts who reads the statuses one by one; a deleted bead does not count."""
    closed = whole = 0
    for one in beads:
        if one is None or one.status == "tombstone":
            continue
        whole += 1
        if one.status == "closed":
            closed += 1
    assert convoys.progress(beads) == (closed, whole)
    young = Convoy(id="c", created_at=NOW)
    lands = bool(convoys.landing(young, beads, now=NOW))
    assert lands == (whole > 0 and closed == whole)


@pytest.mark.parametrize("status", [CLOSED_CONVOY, *STAGES])
def test_only_an_open_convoy_of_the_systems_own_lands(status):
    """A staged one waits for its launch, a closed one has landed, an owned one has an owner."""
    done = [bead(status="closed")]
    assert convoys.landing(CONVOY, done, now=NOW) == convoys.ALL_CLOSED
    assert not convoys.landing(Convoy(id="c", status=status), done, now=NOW)
    assert not convoys.landing(Convoy(id="c", owned=True), done, now=NOW)


def test_an_empty_convoy_is_closed_after_a_while():
    """Somebody may be about to add to it."""
    made = Convoy(id="c", created_at=NOW)
    assert not convoys.landing(made, [], now=NOW + 4 * MINUTE)
    assert convoys.landing(made, [], now=NOW + 5 * MINUTE) == convoys.EMPTY


EDGES = st.dictionaries(
    st.integers(0, 12).map(str), st.sets(st.integers(0, 12).map(str), max_size=4), max_size=12
)


@given(EDGES)
def test_waves_hold_each_bead_once_behind_all_it_needs(needs):
    """Every bead is in the first wave in which it could be, or among those in a circle."""
    found, circle = convoys.waves(needs)
    placed = {bead: number for number, wave in enumerate(found) for bead in wave}
    assert sorted([*placed, *circle]) == sorted(needs)
    for one, number in placed.items():
        before = [placed[other] for other in needs[one] if other in needs]
        assert number == max(before, default=-1) + 1
    if not circle:
        inner = {one: {o for o in others if o in needs} for one, others in needs.items()}
        assert len(list(TopologicalSorter(inner).static_order())) == len(needs)
    for one in circle:
        assert any(other in circle for other in needs[one])


def test_a_convoy_stands_still_when_nothing_left_of_it_moves():
    """One that moves is enough, and what is done does not count."""
    reasons = [convoys.reason(one, CONVOY, RUNNING, now=NOW) for _, one, _ in CASES]
    still = [one for one in reasons if not one.moving]
    assert convoys.stalled(still)
    assert not convoys.stalled(reasons)
    assert not convoys.stalled([one for one in still if one.code in ("done", "gone")])
