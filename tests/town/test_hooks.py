"""Work is given, begun and handed in: real git, a real database, one step each."""

import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from ledger.beads.errors import NoBeadError
from ledger.beads.rows import Bead
from ledger.private.store import Change
from ledger.workspace.rows import PARKED, Agent
from ledger.workspace.talk import Convoy, ConvoyItem
from ledger.workspace.work import (
    DONE,
    HELD,
    READY,
    SUBMITTED,
    WITHDRAWN,
    WORKING,
    Assignment,
    MergeRequest,
)
from tests.town.towns import TestTown, git, town_in
from town.beads.remembering import Remembering
from town.hooks.errors import (
    BusyError,
    NothingDoneError,
    NotWorkError,
    NotYoursToGiveError,
    NoWorkError,
    OtherRigError,
    RestingError,
    StaleError,
    TakenError,
    WorktreeGoneError,
)
from town.hooks.explaining import AUTONOMOUS, POST_HANDOFF, state_of
from town.hooks.handing import SAID_DEFERRED, SAID_ESCALATED, HandIn, WrongBranchError
from town.hooks.leaving import TooSoonError
from town.hooks.priming import primed
from town.hooks.slinging import Order, Slung
from town.hooks.target import Target
from town.workspace.git import GitError

API = Target(rig="api")


@pytest.fixture
def town(tmp_path):
    with town_in(tmp_path) as found:
        yield found


def rows(town: TestTown, kind, **where):
    """The rows of a type."""
    return list(town.private.run(lambda: town.private.store.find(kind, **where)))


def sling(town: TestTown, bead: str, target: Target = API, **more) -> Slung:
    """The bead is given."""
    return town.works().hooks.sling(Order(bead=bead, target=target, **more))


def worktree(town: TestTown, slung: Slung) -> Path:
    """Where its worker works."""
    return town.workspace.root / slung.work.worktree


def commit(place: Path, name: str = "F", text: str = "new\n") -> None:
    """A file is written and committed."""
    (place / name).write_text(text, "utf-8")
    git(place, "add", name)
    git(place, "commit", "-q", "-m", f"Write {name}")


def consistent(town: TestTown) -> None:
    """I1, I2: a bead has one active assignment at most, and hooks agree with what is on them."""
    held = rows(town, Assignment, state=HELD)
    assert len({work.bead for work in held}) == len(held)
    hooks = {agent.id: agent for agent in rows(town, Agent) if agent.hook_bead}
    assert {work.agent: work.bead for work in held} == {
        name: agent.hook_bead for name, agent in hooks.items()
    }
    for work in held:
        [bead] = rows(town, Bead, id=work.bead)
        assert (bead.status, bead.assignee) in {
            ("hooked", work.agent), ("in_progress", work.agent),
        }  # fmt: skip
        assert hooks[work.agent].assignment == work.id


def test_a_slung_bead_is_on_a_hook_with_a_worktree_on_its_own_branch(town):
    """One bead, one worker, one branch from the target, one convoy, and nothing untracked."""
    bead = town.bead()
    slung = sling(town, bead, args="only the parser")
    place = worktree(town, slung)
    assert git(place, "branch", "--show-current").strip() == slung.work.branch
    assert git(place, "status", "--porcelain") == ""
    assert git(place, "rev-parse", "HEAD") == git(place, "rev-parse", "origin/main")
    assert slung.bead.status == "hooked"
    [convoy] = rows(town, Convoy)
    assert (convoy.title, convoy.automatic) == ("Work: Fix it", True)
    assert rows(town, ConvoyItem)[0].bead == bead
    consistent(town)


def test_a_second_sling_of_the_same_is_nothing_and_of_another_is_refused(town):
    """Scenario 5: to the same rig as it was; to others who has it; by force it moves, once."""
    bead = town.bead()
    first = sling(town, bead)
    again = sling(town, bead)
    assert (again.fresh, again.work.id) == (False, first.work.id)
    other = Target(rig="api", agent="api/polecats/zed", role="polecat", name="zed")
    with pytest.raises(TakenError) as caught:
        sling(town, bead, other)
    assert caught.value.by == first.agent.id
    moved = sling(town, bead, other, force=True)
    assert moved.agent.id == "api/polecats/zed"
    [old] = rows(town, Assignment, id=first.work.id)
    assert old.state == WITHDRAWN
    consistent(town)


@pytest.mark.parametrize(
    ("prepare", "error"),
    [
        (lambda town, bead: move(town, bead, "closed"), NotWorkError),
        (lambda town, bead: move(town, bead, "deferred"), NotWorkError),
        (lambda town, _: town.works().rigs.move("api", PARKED), RestingError),
    ],
    ids=["closed", "deferred", "parked"],
)
def test_what_cannot_be_worked_on_is_refused_without_a_trace(town, prepare, error):
    """Scenario 5: exit code and reason; no worker, no worktree, no convoy, no assignment."""
    bead = town.bead()
    prepare(town, bead)
    with pytest.raises(error):
        sling(town, bead)
    assert rows(town, Assignment) == []
    assert rows(town, Convoy) == []
    assert [agent for agent in rows(town, Agent) if agent.role == "polecat"] == []
    assert list(town.workspace.rig("api").polecats.iterdir()) == []


def move(town: TestTown, bead: str, status: str) -> None:
    """The bead has this status."""
    [old] = rows(town, Bead, id=bead)
    new = replace(old, status=status, closed_at=1 if status == "closed" else 0)
    town.private.run(lambda: town.private.store.apply(Change(puts=(new,))))


def test_other_rigs_beads_epics_and_unknown_ones_are_refused(town):
    """Scenario 5: each says what it is, a worker gives nothing out, and nothing is done."""
    with pytest.raises(OtherRigError):
        sling(town, town.bead(prefix="hq"))
    with pytest.raises(NotWorkError):
        sling(town, town.bead(issue_type="epic"))
    with pytest.raises(NoBeadError):
        sling(town, "ap-nothere")
    worker = town.works("api/polecats/rust").hooks
    with pytest.raises(NotYoursToGiveError):
        worker.sling(Order(bead=town.bead(), target=API))
    assert rows(town, Assignment) == []


def test_many_slings_of_one_bead_at_once_give_it_to_one(town):
    """Scenario 4: eight at one moment, each to another worker: one wins, the others hear who."""
    for _ in range(5):
        bead = town.bead()
        outcomes: list[object] = []
        start = threading.Barrier(8)

        def give(number: int, bead: str = bead, outcomes: list = outcomes, start=start) -> None:
            name = f"w{number}"
            target = Target(rig="api", agent=f"api/polecats/{name}", role="polecat", name=name)
            start.wait()
            try:
                outcomes.append(sling(town, bead, target))
            except (TakenError, BusyError) as error:
                outcomes.append(error)

        threads = [threading.Thread(target=give, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        winners = [one for one in outcomes if isinstance(one, Slung)]
        assert (len(winners), len(outcomes)) == (1, 8)
        consistent(town)
        town.works().hooks.unsling(bead)


def test_a_worker_with_other_work_is_left_alone_unless_forced(town):
    """By force its old bead is open again, and what it did stays on the branch."""
    first, second = town.bead("one"), town.bead("two")
    zed = Target(rig="api", agent="api/polecats/zed", role="polecat", name="zed")
    old = sling(town, first, zed)
    commit(worktree(town, old))
    with pytest.raises(BusyError):
        sling(town, second, zed)
    (worktree(town, old) / "loose").write_text("not committed", "utf-8")
    new = sling(town, second, zed, force=True)
    assert rows(town, Bead, id=first)[0].status == "open"
    place = worktree(town, new)
    assert not (place / "F").exists()
    assert git(place, "show", f"{old.work.branch}:F") == "new\n"
    assert git(place, "show", f"rescue/{new.work.id}:loose") == "not committed"
    consistent(town)


def test_work_is_handed_in_in_one_step_and_is_not_merged_by_it(town):
    """Pushed, saved, queued; the bead stays in progress, the worker is free; twice is once."""
    slung = sling(town, town.bead(priority=1))
    place = worktree(town, slung)
    me = slung.agent.id
    hooks = town.works(me).hooks
    assert hooks.begin(me, assignment=slung.work.id).work.state == WORKING
    commit(place)
    (place / "left").write_text("forgotten", "utf-8")
    said = HandIn(agent=me, assignment=slung.work.id)
    done = hooks.done(said)
    assert (done.saved, done.request.state, done.request.priority) == (True, READY, 1)
    assert git(town.origin, "show", f"{slung.work.branch}:left") == "forgotten"
    author = git(town.origin, "log", "-1", "--format=%an %ae", slung.work.branch).strip()
    assert author == f"{me} ann@example.org"
    assert git(town.origin, "rev-parse", slung.work.branch).strip() == done.request.sha
    [bead] = rows(town, Bead, id=slung.bead.id)
    assert bead.status == "in_progress"
    assert rows(town, Assignment)[0].state == SUBMITTED
    assert hooks.hooked(me).bead is None
    again = hooks.done(said)
    assert (again.again, again.request.id) == (True, done.request.id)
    assert len(rows(town, MergeRequest)) == 1
    consistent(town)


def test_hand_ins_that_cannot_be_are_refused_and_change_nothing(town):
    """No commit, another branch, no worktree, an old assignment, nothing on the hook."""
    slung = sling(town, town.bead())
    me, place = slung.agent.id, worktree(town, slung)
    hooks = town.works(me).hooks
    with pytest.raises(NothingDoneError):
        hooks.done(HandIn(agent=me))
    with pytest.raises(StaleError):
        hooks.done(HandIn(agent=me, assignment="as-old"))
    with pytest.raises(NoWorkError):
        hooks.done(HandIn(agent="api/polecats/nobody"))
    git(place, "switch", "-q", "-c", "elsewhere")
    commit(place)
    (place / "loose").write_text("not committed", "utf-8")
    with pytest.raises(WrongBranchError):
        hooks.done(HandIn(agent=me))
    assert git(place, "log", "-1", "--format=%s").strip() == "Write F"
    assert "loose" in git(place, "status", "--porcelain")
    place.rename(place.with_name("gone"))
    with pytest.raises(WorktreeGoneError):
        hooks.done(HandIn(agent=me))
    assert rows(town, MergeRequest) == []
    assert hooks.hooked(me).bead.id == slung.bead.id
    assert git(town.origin, "branch", "--list").split() == ["*", "main"]


def test_a_stale_worker_hands_nothing_in_for_the_new_one(town):
    """Scenario 14: the name is the same, the assignment another: the old word counts nothing."""
    bead = town.bead()
    zed = Target(rig="api", agent="api/polecats/zed", role="polecat", name="zed")
    old = sling(town, bead, zed)
    town.works().hooks.unsling(bead)
    new = sling(town, bead, zed)
    commit(worktree(town, new))
    hooks = town.works("api/polecats/zed").hooks
    with pytest.raises(StaleError):
        hooks.done(HandIn(agent="api/polecats/zed", assignment=old.work.id))
    with pytest.raises(StaleError):
        hooks.begin("api/polecats/zed", assignment=old.work.id)
    assert hooks.hooked("api/polecats/zed").work.id == new.work.id


@pytest.mark.parametrize(
    ("status", "bead", "agent"),
    [(SAID_DEFERRED, "open", "idle"), (SAID_ESCALATED, "blocked", "stuck")],
)
def test_work_that_is_put_off_or_given_up_keeps_what_was_done(town, status, bead, agent):
    """Everything is on the branch, here and at the remote; the bead says why."""
    slung = sling(town, town.bead())
    me, place = slung.agent.id, worktree(town, slung)
    (place / "half").write_text("half", "utf-8")
    town.works(me).hooks.done(HandIn(agent=me, status=status, message="the API is gone"))
    [row] = rows(town, Bead, id=slung.bead.id)
    assert row.status == bead
    assert "the API is gone" in row.notes
    assert rows(town, Agent, id=me)[0].state == agent
    assert git(town.origin, "show", f"{slung.work.branch}:half") == "half"
    assert rows(town, MergeRequest) == []


def test_local_work_ends_with_a_branch_that_nobody_else_has(town):
    """`--merge local` pushes nothing, and closes the bead."""
    local = sling(town, town.bead("local"), merge="local")
    commit(worktree(town, local))
    town.works(local.agent.id).hooks.done(HandIn(agent=local.agent.id))
    assert git(town.origin, "branch", "--list").split() == ["*", "main"]
    assert {work.state for work in rows(town, Assignment)} == {DONE}
    assert {bead.status for bead in rows(town, Bead)} == {"closed"}


def test_an_idle_worker_is_used_again_and_its_branches_stay(town):
    """The second bead goes to the same worker once nothing of its first is in the queue."""
    first = sling(town, town.bead("one"), merge="local")
    commit(worktree(town, first))
    town.works(first.agent.id).hooks.done(HandIn(agent=first.agent.id))
    second = sling(town, town.bead("two"))
    assert second.agent.id == first.agent.id
    place = worktree(town, second)
    assert not (place / "F").exists()
    assert git(place, "show", f"{first.work.branch}:F") == "new\n"
    commit(place)
    town.works(second.agent.id).hooks.done(HandIn(agent=second.agent.id))
    third = sling(town, town.bead("three"))
    assert third.agent.id != first.agent.id  # its request still waits


def test_where_git_fails_nothing_is_on_the_hook(town):
    """The remote is gone: the sling says so, and the bead is open as before."""
    bead = town.bead()
    town.origin.rename(town.origin.with_name("away.git"))
    with pytest.raises(GitError):
        sling(town, bead)
    assert rows(town, Bead, id=bead)[0].status == "open"
    assert rows(town, Assignment, state=HELD) == []
    consistent(town)
    town.origin.with_name("away.git").rename(town.origin)
    assert sling(town, bead).fresh


def test_a_worktree_that_vanished_is_made_again_with_what_was_committed(town):
    """Deleted under the worker: the branch has everything that was committed."""
    slung = sling(town, town.bead())
    place = worktree(town, slung)
    commit(place)
    import shutil  # noqa: PLC0415

    shutil.rmtree(place)
    town.works().hooks.furnish(slung.work)
    assert (place / "F").read_text("utf-8") == "new\n"
    place_facts = git(place, "status", "--porcelain", "-b").splitlines()[0]
    assert slung.work.branch in place_facts


def test_prime_tells_the_work_at_the_first_call_and_begins_it(town):
    """Bead, words, branch, gates; then the bead is in progress and stays so."""
    settings = town.workspace.rig("api").settings
    settings.write_text('{"merge_queue": {"gates": {"t": {"cmd": "make ok"}}}}', "utf-8")
    slung = sling(town, town.bead(description="deep\nwork"), args="only the parser")
    works = town.works(slung.agent.id)
    asked = {"assignment": slung.work.id, "session": "s-1", "begin": True}
    lines = "\n".join(primed(works.told(slung.agent.id, **asked)))
    for words in (slung.bead.id, "only the parser", "deep\nwork", slung.work.branch, "make ok"):
        assert words in lines
    assert rows(town, Bead, id=slung.bead.id)[0].status == "in_progress"
    assert "## Remembered" not in lines
    Remembering(works.hooks.store, works.hooks.ports).keep("use -race", key="tests")
    for compact in (False, True):  # after compaction, too
        again = primed(works.told(slung.agent.id, **asked), compact=compact)
        assert again[again.index("## Remembered (1)") + 1] == "- tests: use -race"
    nobody = "\n".join(
        primed(works.told("api/polecats/other", assignment="", session="", begin=True))
    )
    assert "Nothing is on your hook" in nobody


def test_what_a_session_leaves_is_told_to_the_next_one_once(town):
    """The work stays on the hook; a second one in the same moment is refused; nothing counts."""
    slung = sling(town, town.bead())
    me = slung.agent.id
    works = town.works(me)
    asked_only = {"assignment": "", "session": "s-2", "begin": False}
    assert state_of(works.told(me, **asked_only)) == AUTONOMOUS
    works.hooks.handoff(me, "parser done, tests next", session="s-1")
    for _ in range(2):  # looking tells nobody
        assert state_of(works.told(me, **asked_only)) == POST_HANDOFF
    with pytest.raises(TooSoonError):
        works.hooks.handoff(me, "again", session="s-1")
    assert works.hooks.left_for(me, session="s-1") == ""
    asked = {"assignment": slung.work.id, "begin": True}
    told = works.told(me, session="s-2", **asked)
    assert told.handoff == "parser done, tests next"
    assert "parser done" in "\n".join(primed(told))
    assert works.told(me, session="s-2", **asked).handoff == told.handoff  # after compaction
    assert works.told(me, session="s-3", **asked).handoff == ""
    assert works.hooks.hooked(me).bead.id == slung.bead.id
    assert rows(town, Bead, id=slung.bead.id)[0].attempts == 0
