"""Work that does not go together: a task for one, and everybody else goes on."""

import pytest

from ledger.beads.rows import CLOSED, HOOKED, OPEN, Bead
from ledger.workspace.rows import Agent
from ledger.workspace.work import (
    ACTIVE,
    BLOCKED_REQUEST,
    MERGED,
    READY,
    SPAWNING,
    SUBMITTED,
    Assignment,
    MergeRequest,
)
from tests.town.refining import GATE, Yard, yard_in
from tests.town.towns import git
from town.convoys.desk import NewConvoy
from town.hooks.handing import HandIn
from town.hooks.slinging import Order
from town.hooks.target import Target
from town.node.town_services import Dispatch


@pytest.fixture
def yard(tmp_path):
    """A town whose gate fails where a file is called BROKEN."""
    with yard_in(tmp_path) as found:
        yield found


def in_conflict(yard: Yard) -> tuple[MergeRequest, MergeRequest, Bead]:
    """Two requests for one line: the first is merged, the second waits for that task."""
    first = yard.handed_in("one", {"README": "one\n"})
    second = yard.handed_in("two", {"README": "two\n"})
    cycles = yard.drained()
    assert [one for cycle in cycles for one in cycle.merged] == [first.id]
    return first, second, yard.get(Bead, yard.request(second).blocked_by)


def test_of_two_that_conflict_the_second_gets_a_task(yard: Yard):
    """Scenario 15: the first is merged; the second's worker is to resolve it, and all is clean."""
    _, second, task = in_conflict(yard)
    blocked = yard.request(second)
    assert (blocked.state, blocked.failure) == (BLOCKED_REQUEST, "conflict")
    assert task.title == f"Resolve merge conflicts: {yard.bead_of(second).title}"
    assert (task.status, task.assignee) == (HOOKED, "api/polecats/two")
    assert task.metadata["merge_request"] == second.id
    agent = yard.get(Agent, "api/polecats/two")
    work = yard.get(Assignment, agent.assignment)
    assert (work.state, work.bead, work.branch) == (SPAWNING, task.id, second.branch)
    assert yard.cycle().words == "nothing to merge"
    yard.whole()


def test_a_resolved_conflict_is_merged(yard: Yard):
    """Scenario 15: handing the task in puts the request into the queue; both beads close."""
    _, second, task = in_conflict(yard)
    git(yard.clone, "fetch", "-q", "origin")
    git(yard.clone, "checkout", "-q", second.branch)
    git(yard.clone, "merge", "-q", "-X", "ours", "origin/main", "-m", "Resolve")
    git(yard.clone, "push", "-q", "origin", second.branch)
    sha = git(yard.clone, "rev-parse", "HEAD").strip()
    resolved = yard.submitted("two", task.id, second.branch, sha)
    assert resolved.id == second.id
    assert yard.cycle().merged == [second.id]
    assert git(yard.origin, "show", "main:README") == "two\n"
    assert yard.bead_of(second).status == yard.get(Bead, task.id).status == CLOSED
    assert yard.find(Assignment, agent="api/polecats/two", state=SUBMITTED) == []
    yard.whole()


def test_a_task_whose_worker_is_busy_goes_to_somebody_else(yard: Yard):
    """It goes along in the convoy of the work; whoever gets it hands in a branch of its own."""
    beads = [yard.bead("one"), yard.bead("two"), yard.bead("other")]
    convoy = yard.works().convoys.create(NewConvoy(title="x", beads=beads[:2]))
    yard.handed_in("one", {"README": "one\n"}, bead=beads[0], convoy=convoy.id)
    second = yard.handed_in("two", {"README": "two\n"}, bead=beads[1], convoy=convoy.id)
    target = Target(rig="api", agent="api/polecats/two", role="polecat", name="two")
    yard.works().hooks.sling(Order(bead=beads[2], target=target, no_convoy=True))
    yard.drained()
    task = yard.request(second).blocked_by
    assert yard.get(Bead, task).status == OPEN
    Dispatch(yard.works("deacon")).cycle()
    [work] = yard.find(Assignment, bead=task)
    place = yard.workspace.root / work.worktree
    git(place, "merge", "-q", "-X", "ours", f"origin/{second.branch}", "-m", "Resolve")
    (place / "README").write_text("both\n")
    git(place, "commit", "-q", "-a", "-m", "Both")
    yard.works(work.agent).hooks.done(HandIn(agent=work.agent))
    assert yard.cycle().merged == [second.id]
    assert git(yard.origin, "show", "main:README") == "both\n"
    assert [one.convoy.status for one in yard.works().convoys.check()] == ["closed"]
    yard.check_sound()


def test_closing_the_task_tries_the_branch_as_it_then_is(yard: Yard):
    """A person resolves it on the branch and closes the task; the request goes on."""
    first, second, task = in_conflict(yard)
    assert yard.request(first).state == MERGED
    git(yard.clone, "fetch", "-q", "origin")
    git(yard.clone, "checkout", "-q", second.branch)
    git(yard.clone, "reset", "-q", "--hard", "origin/main")
    (yard.clone / "README").write_text("both\n")
    git(yard.clone, "commit", "-q", "-a", "-m", "Both")
    git(yard.clone, "push", "-q", "-f", "origin", second.branch)
    yard.private.beads(yard.works().ports.caller).close(task.id, force=True)
    assert yard.drained()[0].merged == [second.id]
    assert git(yard.origin, "show", "main:README") == "both\n"


def test_one_conflict_is_resolved_at_a_time(yard: Yard):
    """A third one waits for the task of the second, and says so."""
    yard.handed_in("one", {"README": "one\n"})
    second = yard.handed_in("two", {"README": "two\n"})
    third = yard.handed_in("three", {"README": "three\n"})
    yard.drained()
    states = {yard.request(one).state for one in (second, third)}
    assert states == {BLOCKED_REQUEST, READY}
    waits = [line.waiting_on for line in yard.works().queue.listed("api")]
    assert any("one at a time" in one for one in waits)
    task = yard.request(second).blocked_by
    assert task
    yard.works().queue.reject(second.id, "never mind")
    yard.drained()
    assert yard.request(third).state == BLOCKED_REQUEST


@pytest.mark.parametrize("way", ["assign_back", "auto_rebase"])
def test_a_branch_on_a_merged_branch_conflicts_unless_it_is_rebased(yard: Yard, way):
    """What was squashed meanwhile is left out of it; the rest goes on top."""
    yard.gates({"test": {"cmd": GATE}}, on_conflict=way)
    below = yard.handed_in("below", {"shared": "one\n"})
    above = yard.handed_in("above", {"shared": "two\n"}, base=below.branch)
    assert yard.cycle().merged[0] == below.id
    yard.drained()
    merged = way == "auto_rebase"
    assert yard.request(above).state == (MERGED if merged else BLOCKED_REQUEST)
    assert git(yard.origin, "show", "main:shared") == ("two\n" if merged else "one\n")
    yard.whole()


def test_a_conflict_that_rebasing_does_not_solve_is_a_task(yard: Yard):
    """The worktree is clean after both attempts."""
    yard.gates({"test": {"cmd": GATE}}, on_conflict="auto_rebase")
    _, second, task = in_conflict(yard)
    assert task.metadata["merge_request"] == second.id
    yard.whole()


def test_a_request_that_is_given_up_takes_its_task_along(yard: Yard):
    """Nobody goes on resolving what nobody wants any more."""
    _, second, task = in_conflict(yard)
    yard.works().queue.reject(second.id, "not wanted")
    assert yard.get(Bead, task.id).status == CLOSED
    assert yard.get(Agent, "api/polecats/two").hook_bead == ""
    assert yard.find(Assignment, bead=task.id, state=ACTIVE) == []
    assert yard.bead_of(second).status == "open"


def test_a_rejected_request_that_is_merged_after_all_ends_the_work_on_it(yard: Yard):
    """Its worker had it again; somebody retries it, and it passes: nobody works on it any more."""
    yard.gates({"test": {"cmd": "test ! -e one"}})
    request = yard.handed_in("one", {"one": "1"})
    yard.cycle()
    agent = yard.get(Agent, "api/polecats/one")
    assert agent.hook_bead == request.bead
    yard.gates({"test": {"cmd": "true"}})
    yard.works().queue.retry(request.id, at_once=True)
    assert yard.cycle().merged == [request.id]
    assert yard.get(Assignment, agent.assignment).state == MERGED
    assert yard.get(Agent, "api/polecats/one").hook_bead == ""
    assert yard.bead_of(request).status == CLOSED
