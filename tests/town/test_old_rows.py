"""Rows of what is over go, the oldest first; whatever something still names stays."""

from dataclasses import replace as with_other
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ledger.beads.rows import Bead
from ledger.private.memory import MemoryPrivate
from ledger.private.rows import Event
from ledger.private.store import Change
from ledger.workspace.invariants import Held, gates_passed
from ledger.workspace.work import (
    MERGED,
    READY,
    REJECTED,
    SUBMITTED,
    Assignment,
    GateRun,
    MergeRequest,
    Session,
)
from tests.few import FEW
from tests.town.talkers import Talkers
from tests.town.towns import town_in
from town.growth.rows import LOOKED, OldRows
from town.growth.rules import Named, long_ago, run_goes
from town.workspace.desk import Asked
from town.workspace.files import write_json
from town.workspace.layout import Workspace

DAY_US = 24 * 3_600_000_000


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(0, 10))
def test_what_goes_is_the_oldest_and_never_the_last(moments, before):
    """All of it is too old, nothing younger stood before it, and nothing else at the front is."""
    events = [Event(seq=seq, at=at) for seq, at in enumerate(moments, 1)]
    gone = long_ago(events, before=before)
    assert list(gone) == events[: len(gone)]
    assert all(event.at < before for event in gone)
    left = events[len(gone) :]
    assert bool(left) == bool(events)
    assert len(left) <= 1 or left[0].at >= before


def test_a_town_forgets_what_is_older_than_it_wants(tmp_path):
    """By its setting; what came since is in gt log, under the numbers that it had."""
    with town_in(tmp_path) as town:
        works = town.works()
        told = [event.seq for event in works.store.events(0)]
        rows = OldRows(works.store, later(works, days=80))
        assert rows.prune_events(town.workspace) == 0
        write_json(town.workspace.settings, {"keep": {"events_for": "30d"}})
        assert rows.prune_events(town.workspace) == len(told) - 1
        assert [event.seq for event in works.store.events(0)] == told[-1:]
        works.store.apply(Change(events=(Event(kind="later", at=works.now()),)))
        log = works.town.log(Asked(at_most=10))
        assert [event.seq for event in log] == [told[-1], told[-1] + 1]


def later(works, *, days: int):
    """The ports of somebody for whom it is so many days later."""
    return with_other(works.ports, now=lambda: works.now() + days * DAY_US)


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    """A workspace with nothing in it."""
    found = Workspace(tmp_path)
    found.settings.parent.mkdir()
    return found


@pytest.fixture
def talk() -> Talkers:
    """A town's rows in memory, and its clock."""
    return Talkers()


def rows_of(talk: Talkers) -> OldRows:
    """The old rows, as the town's own services see them."""
    return OldRows(talk.store, talk.ports("deacon"))


def test_more_than_one_step_takes_is_gone_after_the_next(talk, workspace):
    """A step is short, however much there is."""
    talk.store.apply(Change(events=tuple(Event(kind="x", at=1) for _ in range(1_200))))
    rows = rows_of(talk)
    assert [rows.prune_events(workspace) for _ in range(4)] == [500, 500, 199, 0]


OLD = 100  # days: more than anything is kept by itself


def session(talk: Talkers, name: str, *, days: int = OLD, **more: object) -> Session:
    """A session that ended so many days ago."""
    ended = talk.now - days * DAY_US
    return replace(Session(id=name, agent="mayor", started_at=1, ended_at=ended), **more)


def test_sessions_of_long_ago_go_unless_something_names_them(talk, workspace):
    """Those that run, are young, have a transcript, or belong to what is not over stay."""
    kept = workspace.root / "ses-kept.log"
    kept.write_text("said")
    bead, closed = talk.bead("ap-1", status="in_progress"), talk.bead("ap-2", status="closed")
    talk.put(
        Assignment(id="as-1", bead=closed.id, state=SUBMITTED),
        Assignment(id="as-2", bead=closed.id, state=MERGED),
        MergeRequest(id="mr-1", assignment="as-2", state=READY),
        session(talk, "of-nothing"),
        session(talk, "of-closed", bead=closed.id, assignment="as-9"),
        session(talk, "no-file", transcript=str(Path(kept).with_name("gone.log"))),
        session(talk, "young", days=80),
        session(talk, "runs", ended_at=0),
        session(talk, "said", transcript=str(kept)),
        session(talk, "of-open", bead=bead.id),
        session(talk, "handed-in", bead=closed.id, assignment="as-1"),
        session(talk, "in-queue", bead=closed.id, assignment="as-2"),
    )
    rows = rows_of(talk)
    assert rows.due(workspace) == {"sessions": 3}
    assert rows.prune_sessions(workspace) == 3
    left = {row.id for row in talk.store.find(Session)}
    assert left == {"young", "runs", "said", "of-open", "handed-in", "in-queue"}
    write_json(workspace.settings, {"keep": {"sessions_for": "30d"}})
    assert rows.prune_sessions(workspace) == 1
    talk.put(replace(bead, status="closed"))
    kept.unlink()
    assert rows.prune(workspace) == 2
    assert {row.id for row in talk.store.find(Session)} == {"runs", "handed-in", "in-queue"}


def test_gate_runs_of_long_ago_go_unless_they_say_why_something_was_merged(talk, workspace):
    """What was found of work that is open stays, too."""
    bead, old = talk.bead("ap-1"), talk.now - OLD * DAY_US
    talk.put(
        MergeRequest(id="mr-1", state=MERGED, merge_commit="aa"),
        MergeRequest(id="mr-2", state=MERGED, merge_commit="bb"),
        MergeRequest(id="mr-3", state=READY),
        MergeRequest(id="mr-4", state=REJECTED, bead=bead.id),
        MergeRequest(id="mr-5", state=REJECTED, bead="ap-gone"),
        GateRun(id="merged", sha="bb", requests=("mr-1", "mr-2"), passed=True, at=old),
        GateRun(id="waits", sha="cc", requests=("mr-3",), at=old),
        GateRun(id="open", sha="dd", requests=("mr-4",), at=old),
        GateRun(id="half", sha="aa", requests=("mr-1",), at=old),
        GateRun(id="other", sha="ee", requests=("mr-1", "mr-2"), passed=True, at=old),
        GateRun(id="rejected", sha="ff", requests=("mr-5",), at=old),
        GateRun(id="landed", sha="gg", passed=True, at=old),
        GateRun(id="young", sha="aa", requests=("mr-1",), at=talk.now - 80 * DAY_US),
    )
    rows = rows_of(talk)
    assert rows.due(workspace) == {"gate runs": 4}
    assert rows.prune(workspace) == 4
    assert {run.id for run in talk.store.find(GateRun)} == {"merged", "waits", "open", "young"}
    assert list(gates_passed(Held.of(talk.store))) == []
    write_json(workspace.settings, {"keep": {"gate_runs_for": "30d"}})
    assert rows.prune_runs(workspace) == 1


SHAS = st.sampled_from("abc")
REQUESTS = st.dictionaries(
    st.sampled_from(["mr-1", "mr-2", "mr-3"]),
    st.tuples(st.sampled_from([MERGED, READY, REJECTED]), SHAS),
)
RUNS = st.lists(st.tuples(SHAS, st.lists(st.sampled_from(["mr-1", "mr-2", "mr-3"])), st.booleans()))


@FEW
@given(requests=REQUESTS, runs=RUNS)
def test_nothing_is_merged_without_a_run_that_passed_because_old_runs_went(requests, runs):
    """The rule that the doctor looks at holds of as many requests afterwards as before."""
    known = {
        name: MergeRequest(id=name, state=state, merge_commit=sha)
        for name, (state, sha) in requests.items()
    }
    found = [
        GateRun(id=str(number), sha=sha, requests=tuple(about), passed=passed)
        for number, (sha, about, passed) in enumerate(runs)
    ]
    named = Named(beads=frozenset(), works=frozenset(), requests=known)
    left = [run for run in found if not run_goes(run, before=1, named=named)]

    def broken(runs: list[GateRun]) -> list[str]:
        return [one.subject for one in gates_passed(Held(requests=known, gate_runs=tuple(runs)))]

    assert broken(left) == broken(found)


def test_where_nothing_was_due_nobody_looks_for_an_hour(talk, workspace):
    """A node asks after each change; while there is more to do the next step is the next time."""
    rows = rows_of(talk)
    talk.put(*(session(talk, f"s{number:04}") for number in range(700)))
    assert [rows.cycle(workspace) for _ in range(3)] == [500, 200, 0]
    talk.put(session(talk, "one"))
    assert rows.cycle(workspace) == 0
    talk.now += LOOKED.lasts_us
    assert rows.cycle(workspace) == 1
    assert talk.store.find(Bead) == []


def test_a_bead_that_is_opened_meanwhile_keeps_its_sessions(workspace):
    """What is asked of the disk comes first; what the rows say is looked at with the change."""

    class Reopening(MemoryPrivate):
        """A town in which a bead is opened after the first look."""

        def __init__(self) -> None:
            super().__init__()
            self.looks = 0

        def find(self, kind, /, **where):
            found = super().find(kind, **where)
            if kind is Session:
                self.looks += 1
                self.apply(Change(puts=(Bead(id="ap-1", status="open"),)))
            return found

    late = Talkers(Reopening())
    late.put(Bead(id="ap-1", status="closed"), session(late, "s1", bead="ap-1"))
    assert rows_of(late).prune_sessions(workspace) == 0
    assert late.store.looks == 2
    assert [row.id for row in late.store.find(Session)] == ["s1"]
