"""The refinery at work: what is good is merged, what is not goes back, on real git."""

from pathlib import Path

import pytest

from ledger.beads.rows import BLOCKED, CLOSED, HOOKED
from ledger.workspace.rows import Agent
from ledger.workspace.talk import Message
from ledger.workspace.work import FAILED, MERGED, READY, REJECTED, SPAWNING, Assignment
from tests.town.refining import Yard, yard_in
from tests.town.towns import git
from town.refinery.standing import view_of
from town.workspace.files import write_json


@pytest.fixture
def yard(tmp_path):
    """A town whose gate fails where a file is called BROKEN."""
    with yard_in(tmp_path) as found:
        yield found


def test_what_passes_is_merged_with_its_own_words_and_author(yard: Yard):
    """One squashed commit by the worker, on main; then the bead closes and the branch goes."""
    request = yard.handed_in("nux", {"a": "1"}, message="Add a\n\nBecause of b.")
    assert yard.bead_of(request).status == "in_progress"
    cycle = yard.cycle()
    assert (cycle.merged, cycle.failed, cycle.due) == ([request.id], [], 0)
    (commit,) = yard.main()
    told = git(yard.origin, "log", "-1", "--format=%an|%ae|%cn|%B", commit)
    assert told.startswith("api/polecats/nux|ann@example.org|api/refinery|Add a\n\nBecause of b.\n")
    assert f"Merge-Request: {request.id}" in told
    assert f"Bead: {request.bead}" in told
    found = yard.request(request)
    assert (found.state, found.merge_commit, found.tip) == (MERGED, commit, "")
    bead = yard.bead_of(request)
    assert (bead.status, bead.close_reason) == (CLOSED, f"Merged in {commit}")
    assert yard.get(Assignment, request.assignment).state == MERGED
    assert "polecat/nux" not in git(yard.origin, "branch", "--list")
    assert [run.sha for run in yard.runs() if run.passed] == [commit]
    assert [len(yard.events(kind)) for kind in ("merge_started", "merged", "bead.closed")] == [
        1
    ] * 3
    yard.whole()
    assert yard.cycle().words == "nothing to merge"
    assert len(yard.main()) == 1


def test_a_culprit_among_five_goes_back_and_four_are_merged(yard: Yard):
    """Scenario 16: isolated within the bound, main green at each commit, its worker has it back."""
    requests = [yard.handed_in(f"w{n}", {f"f{n}": "x"}) for n in range(2)]
    bad = yard.handed_in("bad", {"BROKEN": "x", "g": "1"})
    requests += [yard.handed_in(f"w{n}", {f"f{n}": "x"}) for n in range(2, 4)]
    cycle = yard.cycle()
    assert set(cycle.merged) == {one.id for one in requests}
    assert cycle.failed == [bad.id]
    assert cycle.runs == len(yard.runs()) <= 5
    assert yard.main_files() == {"README", "f0", "f1", "f2", "f3"}
    found = yard.request(bad)
    assert (found.state, found.failure) == (REJECTED, "tests")
    bead = yard.bead_of(bad)
    assert (bead.status, bead.assignee) == (HOOKED, "api/polecats/bad")
    assert f"MERGE REJECTION {bad.id} (attempt 1)" in bead.notes
    assert yard.get(Assignment, bad.assignment).state == FAILED
    agent = yard.get(Agent, "api/polecats/bad")
    assert agent.hook_bead == bad.bead
    again = yard.get(Assignment, agent.assignment)
    assert (again.state, again.attempt, again.branch) == (SPAWNING, 2, bad.branch)
    assert bad.branch in git(yard.origin, "branch", "--list")
    assert [event.payload["failure"] for event in yard.events("merge_failed")] == ["tests"]
    yard.whole()


def test_the_gates_own_words_are_on_the_bead(yard: Yard):
    """What the gate printed, which gate it was, on what it was tried; its worker has a letter."""
    yard.gates({"look": {"cmd": "echo 42 is wrong; test ! -e BROKEN"}})
    bad = yard.handed_in("bad", {"BROKEN": "x"})
    yard.cycle()
    notes = yard.bead_of(bad).notes
    (letter,) = yard.find(Message)
    assert letter.recipients == ("api/polecats/bad",)
    assert letter.subject == f"FIX_NEEDED: {yard.bead_of(bad).title}"
    assert letter.body in notes
    assert "42 is wrong" in notes
    assert "Gate: look: echo 42 is wrong; test ! -e BROKEN" in notes
    assert f"Target: main at {yard.first()}" in notes


def test_two_that_fail_only_together(yard: Yard):
    """Scenario 17: the later one is blamed, the rest was verified together."""
    yard.gates({"test": {"cmd": "! { test -e one && test -e two; }"}})
    requests = [yard.handed_in(name, {name: "x"}) for name in ("one", "z1", "two", "z2")]
    cycle = yard.cycle()
    assert cycle.failed == [requests[2].id]
    assert yard.main_files() == {"README", "one", "z1", "z2"}
    yard.whole()


def test_three_culprits_of_five(yard: Yard):
    """Scenario 17: all three are isolated, within the bound."""
    yard.gates({"test": {"cmd": "! ls | grep -q bad"}})
    names = ("bad1", "ok1", "bad2", "ok2", "bad3")
    requests = {name: yard.handed_in(name, {name: "x"}) for name in names}
    cycle = yard.cycle()
    assert set(cycle.failed) == {requests[name].id for name in names if "bad" in name}
    assert yard.main_files() == {"README", "ok1", "ok2"}
    assert cycle.runs <= 3 * (2.33 + 2) + 1
    yard.whole()


@pytest.mark.parametrize("again", [0, 1])
def test_a_gate_that_fails_once_by_chance(yard: Yard, tmp_path, again):
    """Scenario 17: it passes with a record of that, and nobody is blamed."""
    seen = tmp_path / "seen"
    cmd = f"test -e {seen} || {{ touch {seen}; exit 1; }}"
    yard.gates({"test": {"cmd": cmd}}, retry_flaky_tests=again)
    requests = [yard.handed_in(name, {name: "x"}) for name in ("one", "two", "three")]
    cycle = yard.cycle()
    assert set(cycle.merged) == {one.id for one in requests}
    assert yard.events("merge_failed") == []
    if again:
        assert [run.gates["test"]["flaky"] for run in yard.runs()] == [True]
        assert len(yard.events("refinery.flaky")) == 1
    else:
        assert next(run.passed for run in yard.runs()) is False
    yard.whole()


def test_after_too_many_rejections_the_bead_is_blocked(yard: Yard):
    """Nobody is sent round in circles for ever."""
    yard.gates({"test": {"cmd": "test ! -e BROKEN"}}, max_retry_count=1)
    first = yard.handed_in("bad", {"BROKEN": "1"})
    yard.cycle()
    assert yard.bead_of(first).status == HOOKED
    yard.handed_in("bad", {"BROKEN": "2"}, bead=first.bead)
    yard.cycle()
    assert yard.bead_of(first).status == BLOCKED
    assert yard.events("merge_failed")[-1].payload["gave_up"] is True
    assert yard.get(Agent, "api/polecats/bad").hook_bead == ""


def test_dependants_wait_for_what_their_bead_needs(yard: Yard):
    """A request whose bead waits for an open one is not merged before that one."""
    first = yard.handed_in("one", {"one": "x"})
    second = yard.handed_in("two", {"two": "x"}, priority=0)
    third = yard.handed_in("three", {"three": "x"}, priority=0)
    other = yard.bead("Not begun")
    beads = yard.private.beads(yard.works().ports.caller)
    beads.link([(second.bead, first.bead, "blocks"), (third.bead, other, "blocks")])
    cycle = yard.cycle()
    assert cycle.merged == [first.id, second.id]
    assert yard.request(third).state == READY
    (line,) = yard.works().queue.listed("api")
    assert line.waiting_on == f"waiting on {other}"
    yard.whole()


def test_a_batch_waits_for_others_but_not_for_ever(yard: Yard):
    """Unless it is full, or somebody is in a hurry."""
    yard.gates({"test": {"cmd": "true"}}, batch={"batch_wait_time": "1h", "max_batch_size": 2})
    first = yard.handed_in("one", {"one": "x"})
    cycle = yard.cycle()
    assert (cycle.merged, yard.main()) == ([], [])
    assert cycle.due == yard.request(first).submitted_at + 3_600_000_000
    yard.works().queue.retry(first.id, at_once=True)
    assert yard.cycle().merged == [first.id]
    yard.handed_in("two", {"two": "x"})
    assert yard.cycle().merged == []
    yard.handed_in("three", {"three": "x"})
    assert len(yard.cycle().merged) == 2


def test_the_same_commit_is_asked_for_once(yard: Yard):
    """Handing in again is the same request; a newer commit of the branch replaces it."""
    first = yard.handed_in("one", {"one": "x"})
    again = yard.submitted("one", first.bead, first.branch, first.sha)
    assert again.id == first.id
    newer = yard.handed_in("one", {"one": "y"}, bead=first.bead)
    assert newer.id != first.id
    assert yard.request(first).state == "superseded"
    assert yard.cycle().merged == [newer.id]
    assert yard.submitted("one", first.bead, newer.branch, newer.sha).id == newer.id


def test_work_that_the_target_has_already(yard: Yard):
    """Merged by hand: the request is merged as it is, and the target does not move."""
    request = yard.handed_in("one", {"one": "x"})
    git(yard.clone, "checkout", "-q", "-B", "main", "origin/main")
    git(yard.clone, "merge", "-q", "--ff-only", request.branch)
    git(yard.clone, "push", "-q", "origin", "main")
    before = yard.main()
    cycle = yard.cycle()
    assert cycle.merged == [request.id]
    assert yard.main() == before
    assert yard.request(request).reason == "main has all of it already"
    assert yard.bead_of(request).status == CLOSED


def test_a_commit_that_is_nowhere_goes_back(yard: Yard):
    """Work that cannot be found is said to be missing, and holds nobody else up."""
    lost = yard.handed_in("lost", {}, sha="f" * 40)
    good = yard.handed_in("good", {"good": "x"})
    cycle = yard.cycle()
    assert (cycle.merged, cycle.failed) == ([good.id], [lost.id])
    assert yard.request(lost).failure == "missing"
    assert yard.bead_of(lost).status == "open"
    yard.whole()


def agent(yard: Yard, script: str) -> Path:
    """An agent of the town: a shell script. What it was told is in a file beside it."""
    place = yard.folder / "agent.sh"
    told = f'echo "$GT_ROLE $GT_AGENT $1" > {yard.folder}/told'
    place.write_text(f"#!/bin/sh\n{told}\n{script}\n")
    place.chmod(0o755)
    fake = {"command": str(place), "args": [], "prompt_mode": "arg"}
    write_json(yard.workspace.settings, {"agents": {"fake": fake}})
    yard.gates({"test": {"cmd": "echo no BROKEN; test ! -e BROKEN"}}, fix_inline="fake")
    return yard.folder / "told"


def test_what_an_agent_mends_is_tried_and_merged(yard: Yard):
    """In the scratch worktree, on top of what was merged, and through the gates again."""
    good = yard.handed_in("good", {"good": "x"})
    bad = yard.handed_in("bad", {"BROKEN": "x", "bad": "x"}, message="Add bad")
    told = agent(yard, "rm BROKEN; echo y > mended")
    cycle = yard.cycle()
    assert (set(cycle.merged), cycle.failed) == ({good.id, bad.id}, [])
    assert told.read_text().startswith(f"api/refinery fake Merge request {bad.id} ({bad.bead})")
    assert "no BROKEN" in told.read_text()
    assert yard.main_files() == {"README", "good", "bad", "mended"}
    log = git(yard.origin, "log", "-1", "--format=%an|%B", yard.main()[-1])
    assert log.startswith("api/polecats/bad|Add bad")
    assert "Fixed-By: fake" in log
    assert [run.why for run in yard.runs() if run.sha == yard.main()[-1]] == ["fixed"]
    assert yard.bead_of(bad).status == CLOSED
    yard.whole()


@pytest.mark.parametrize(
    "script",
    ["true", "rm BROKEN; exit 1", "echo z > other", "rm BROKEN; git add -A; echo >> BROKEN"],
)
def test_what_nobody_could_mend_goes_back(yard: Yard, script):
    """Nothing done, given up, or still failing: its worker has it again, as it was."""
    good = yard.handed_in("good", {"good": "x"})
    bad = yard.handed_in("bad", {"BROKEN": "x"})
    agent(yard, script)
    cycle = yard.cycle()
    assert (cycle.merged, cycle.failed) == ([good.id], [bad.id])
    assert yard.main_files() == {"README", "good"}
    assert yard.bead_of(bad).status == HOOKED
    yard.whole()


def test_an_agent_that_commits_by_itself_is_squashed_all_the_same(yard: Yard):
    """Whatever it did to the history, one commit is merged: what it left, by the worker."""
    yard.handed_in("bad", {"BROKEN": "x", "a": "1"})
    repository = yard.workspace.rig("api").repository
    git(repository, "branch", "precious", "main")
    commits = "git rm -q BROKEN && git commit -q -m mine && git branch keep"
    agent(yard, f"{commits} && git checkout -q precious && git reset -q --hard keep")
    assert len(yard.cycle().merged) == 1
    assert git(repository, "log", "-1", "--format=%s", "precious").strip() == "mine"
    (commit,) = yard.main()
    assert git(yard.origin, "log", "-1", "--format=%an", commit).strip() == "api/polecats/bad"
    assert yard.main_files() == {"README", "a"}
    yard.whole()


def test_an_agent_that_nobody_knows_is_warned_of(yard: Yard):
    """The setting names somebody who is not there: work goes back to its worker."""
    yard.gates({"test": {"cmd": "test ! -e BROKEN"}}, fix_inline="nobody")
    bad = yard.handed_in("bad", {"BROKEN": "x"})
    assert yard.cycle().failed == [bad.id]
    works = yard.works()
    view = view_of(works.refinery, works.rigs.rig("api"), works.queue.listed("api"))
    assert "nobody, and no agent is called so" in view.warnings[0]
