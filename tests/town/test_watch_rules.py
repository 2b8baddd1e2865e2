"""What the watch decides, from values alone: nobody is disturbed, nobody is forgotten."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ledger.beads.rows import Bead
from ledger.workspace.rows import OPERATIONAL, PARKED, POLECAT, Agent, Rig
from ledger.workspace.work import REMOTE_AWAY, SPAWNING, WORKING, Assignment, Hindrance, Session
from town.watch.deciding import (
    MINUTE_US,
    SECOND_US,
    Ended,
    Freed,
    GiveUp,
    Held,
    Limits,
    Release,
    Seen,
    Start,
    Stop,
    Wake,
    backoff,
    plan,
)

LIMITS = Limits()
HOUR = 60 * MINUTE_US
NOW = 1_000 * HOUR


def held(number: int = 1, *, attempts: int = 0, ended: int = 0, **rig: str) -> Held:
    """Work on the hook of a worker."""
    agent, bead = f"api/polecats/w{number}", f"ap-bead{number}"
    return Held(
        work=Assignment(
            id=f"as-{number}", bead=bead, agent=agent, rig="api", state=WORKING,
            session_ended_at=ended,
        ),
        agent=Agent(id=agent, role=POLECAT, rig="api", hook_bead=bead, assignment=f"as-{number}"),
        bead=Bead(id=bead, title="x", status="in_progress", assignee=agent, attempts=attempts),
        rig=Rig(name="api", **{"state": OPERATIONAL, **rig}),
    )  # fmt: skip


def session(of: Held, *, alive: bool = True, started: int = NOW - HOUR, active: int = NOW) -> Seen:
    """A session of that worker on that work."""
    row = Session(
        id=f"s-{of.work.id}", agent=of.agent.id, assignment=of.work.id, bead=of.work.bead,
        started_at=started,
    )  # fmt: skip
    return Seen(row=row, alive=alive, active_at=active)


def test_work_without_a_session_gets_one_and_work_with_one_is_left_alone():
    """Slung and not begun: a session. Running: nothing at all."""
    fresh = replace(held().work, state=SPAWNING)
    one = Held(work=fresh, agent=held().agent, bead=held().bead, rig=held().rig)
    [act] = plan([one], [], now=NOW, limits=LIMITS)
    assert isinstance(act, Start)
    assert (act.attempt, act.reason) == (1, "assigned")
    assert plan([one], [session(one)], now=NOW, limits=LIMITS) == []
    assert plan([], [], now=NOW, limits=LIMITS) == []


def test_a_death_is_seen_and_the_work_goes_on_at_once_the_first_time():
    """The dead session ends as a crash; when its row says so, the next one begins."""
    one = held()
    [act] = plan([one], [session(one, alive=False)], now=NOW, limits=LIMITS)
    assert isinstance(act, Ended)
    assert act.crashed
    again = held(attempts=1, ended=NOW)
    [begun] = plan([again], [], now=NOW, limits=LIMITS)
    assert isinstance(begun, Start)
    assert (begun.attempt, begun.reason) == (2, "crash")


def test_each_further_death_waits_longer_and_the_third_is_the_last():
    """30 s after the second, then the bead is given up; one counter a bead decides."""
    twice = held(attempts=2, ended=NOW)
    assert plan([twice], [], now=NOW, limits=LIMITS) == []
    assert plan([twice], [], now=NOW + 30 * SECOND_US - 1, limits=LIMITS) == []
    [act] = plan([twice], [], now=NOW + 30 * SECOND_US, limits=LIMITS)
    assert isinstance(act, Start)
    [act] = plan([held(attempts=3, ended=NOW)], [], now=NOW + HOUR, limits=LIMITS)
    assert isinstance(act, GiveUp)
    waits = [backoff(failed, LIMITS) for failed in range(12)]
    assert waits == sorted(waits)
    assert waits[-1] == LIMITS.backoff_max_us


def test_a_session_whose_work_is_over_may_end_by_itself_first():
    """Handed in, withdrawn or given to another: it has a moment, then it is stopped."""
    one = held()
    over = replace(session(one).row, assignment="as-other")
    seen = Seen(row=over, alive=True, over_at=NOW)
    assert plan([], [seen], now=NOW + 4 * SECOND_US, limits=LIMITS) == []
    [act] = plan([], [seen], now=NOW + 5 * SECOND_US, limits=LIMITS)
    assert isinstance(act, Stop)
    [act] = plan([one], [seen], now=NOW + HOUR, limits=LIMITS)
    assert isinstance(act, Stop)
    person = Seen(row=Session(id="s", agent="api/crew/ann", started_at=1), alive=True)
    assert plan([], [person], now=NOW, limits=LIMITS) == []


def test_a_rig_that_rests_and_a_bead_that_is_closed_begin_nothing():
    """Parked: no session. Closed by somebody meanwhile: it is taken off the hook."""
    assert plan([held(state=PARKED)], [], now=NOW, limits=LIMITS) == []
    done = held()
    closed = Held(
        work=done.work, agent=done.agent, rig=done.rig, bead=Bead(id="ap-x", status="closed")
    )
    [act] = plan([closed], [], now=NOW, limits=LIMITS)
    assert isinstance(act, Release)
    assert plan([held()], [], now=NOW, limits=LIMITS, paused={"api": "estop"}) == []


@pytest.mark.parametrize(("code", "after", "crashed"), [
    (127, SECOND_US, False), (126, SECOND_US, False), (1, SECOND_US, True),
    (None, SECOND_US, True), (127, MINUTE_US, True),
])  # fmt: skip
def test_what_never_ran_is_no_crash(code, after, crashed):
    """A shell's word for a program that is not there or is none, and at once; else it counts."""
    one = held()
    row = session(one).row
    seen = Seen(row=replace(row, started_at=NOW - after), alive=False, exit=code)
    [act] = plan([one], [seen], now=NOW, limits=LIMITS)
    assert isinstance(act, Ended)
    assert (act.crashed, act.stillborn) == (crashed, not crashed)


def test_a_session_that_met_a_remote_away_is_no_attempt_and_a_later_one_is():
    """What it met as it wanted to hand in stays known until something is handed in."""
    one = held()
    met = Hindrance(assignment="as-1", code=REMOTE_AWAY, at=NOW, rests_until=NOW + MINUTE_US)
    hindered = dataclasses.replace(one, hindrance=met)
    [act] = plan([hindered], [session(one, alive=False)], now=NOW, limits=LIMITS)
    assert isinstance(act, Ended)
    assert (act.crashed, act.away) == (False, True)
    later = session(one, alive=False, started=NOW + HOUR)
    [act] = plan([hindered], [later], now=NOW + 2 * HOUR, limits=LIMITS)
    assert isinstance(act, Ended)
    assert (act.crashed, act.away) == (True, False)
    lasts = session(one, started=NOW + HOUR, active=NOW + 2 * HOUR)
    assert plan([hindered], [lasts], now=NOW + 2 * HOUR, limits=LIMITS) == []


def test_hindered_work_waits_its_rest_and_is_free_once_a_session_lasts():
    """Not before the rest is over; what is only looked for is looked for each time."""
    one = held()
    hindrance = Hindrance(assignment="as-1", about="x", at=NOW, rests_until=NOW + MINUTE_US)
    rests = dataclasses.replace(one, hindrance=hindrance)
    assert plan([rests], [], now=NOW + MINUTE_US - 1, limits=LIMITS) == []
    [act] = plan([rests], [], now=NOW + MINUTE_US, limits=LIMITS)
    assert isinstance(act, Start)
    looked = dataclasses.replace(one, hindrance=replace(hindrance, rests_until=0))
    [act] = plan([looked], [], now=NOW, limits=LIMITS)
    assert isinstance(act, Start)
    young = session(rests, started=NOW - SECOND_US)
    assert plan([rests], [young], now=NOW, limits=LIMITS) == []
    [act] = plan([rests], [session(rests, started=NOW - MINUTE_US)], now=NOW, limits=LIMITS)
    assert act == Freed(hindrance=hindrance)


def test_a_clock_that_is_set_back_keeps_nothing_waiting():
    """What lies a day ahead is no moment to wait for: not the rest, the worktree, nor the end."""
    day = 24 * HOUR
    twice = held(attempts=2, ended=NOW + day)
    fresh = replace(held().work, worktree="api/polecats/w1/api", created_at=NOW + day)
    furnished = dataclasses.replace(held(), work=fresh)
    hindrance = Hindrance(assignment="as-1", at=NOW + day, rests_until=NOW + day + MINUTE_US)
    hindered = dataclasses.replace(held(), hindrance=hindrance)
    for one in (twice, furnished, hindered):
        [act] = plan([one], [], now=NOW, limits=LIMITS)
        assert isinstance(act, Start)
    over = replace(session(held()).row, assignment="as-other")
    [act] = plan([], [Seen(row=over, alive=True, over_at=NOW + day)], now=NOW, limits=LIMITS)
    assert isinstance(act, Stop)


def test_silence_is_answered_step_by_step_and_any_sign_of_work_ends_it():
    """Nudge, then interrupt, then begin anew; a young session and a busy one are left alone."""
    one = held()
    quiet = NOW - 31 * MINUTE_US
    seen = session(one, started=quiet, active=quiet)
    [act] = plan([one], [seen], now=NOW, limits=LIMITS)
    assert isinstance(act, Wake)
    assert act.how == "nudge"
    nudged = Seen(row=replace(seen.row, nudged_at=NOW), alive=True, active_at=quiet)
    assert plan([one], [nudged], now=NOW + MINUTE_US, limits=LIMITS) == []
    [act] = plan([one], [nudged], now=NOW + 5 * MINUTE_US, limits=LIMITS)
    assert isinstance(act, Wake)
    assert act.how == "interrupt"
    later = NOW + 5 * MINUTE_US
    interrupted = Seen(row=replace(nudged.row, interrupted_at=later), alive=True, active_at=quiet)
    assert plan([one], [interrupted], now=later + MINUTE_US, limits=LIMITS) == []
    [act] = plan([one], [interrupted], now=later + 5 * MINUTE_US, limits=LIMITS)
    assert isinstance(act, Stop)
    busy = Seen(row=interrupted.row, alive=True, active_at=later + 4 * MINUTE_US)
    assert plan([one], [busy], now=later + 5 * MINUTE_US, limits=LIMITS) == []
    young = session(one, started=NOW - 4 * MINUTE_US, active=0)
    assert plan([one], [young], now=NOW, limits=Limits(silent_us=1)) == []


def one_has(sessions: list[Seen], one: Held) -> bool:
    """Whether that worker has a session, dead or alive."""
    return any(seen.row.agent == one.agent.id for seen in sessions)


FACTS = st.lists(
    st.tuples(
        st.booleans(),  # has a session
        st.booleans(),  # which is alive
        st.integers(0, 4),  # attempts
        st.integers(0, 3 * HOUR),  # since its last sign
        st.sampled_from([OPERATIONAL, PARKED]),
    ),
    max_size=6,
)


@given(FACTS)
def test_no_worker_ever_has_two_sessions_and_none_is_both_begun_and_left(facts):
    """Whatever is seen: at most one start a worker, none beside a living session that stays."""
    work, sessions = [], []
    for number, (has, alive, attempts, since, state) in enumerate(facts):
        one = held(number, attempts=attempts, state=state)
        work.append(one)
        if has:
            sessions.append(session(one, alive=alive, active=NOW - since))
    acts = plan(work, sessions, now=NOW, limits=LIMITS)
    starts = [act.held.agent.id for act in acts if isinstance(act, Start)]
    assert len(starts) == len(set(starts))
    assert not set(starts) & {seen.row.agent for seen in sessions}
    ended = [act.seen.row.id for act in acts if isinstance(act, Ended)]
    assert sorted(ended) == sorted(seen.row.id for seen in sessions if not seen.alive)
    for one, (_, _, attempts, _, state) in zip(work, facts, strict=True):
        mine = [act for act in acts if isinstance(act, Start | GiveUp) and act.held is one]
        if state == PARKED:
            assert mine == []
        elif attempts >= LIMITS.attempts_max and not one_has(sessions, one):
            assert [type(act) for act in mine] == [GiveUp]
