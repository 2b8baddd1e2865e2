"""One bad request, branch or gate holds nobody else up, and nothing of it gets to main."""

import subprocess

import pytest

from ledger.workspace.alarm import Escalation
from ledger.workspace.work import BLOCKED_REQUEST, MERGED, READY, REJECTED, GateRun
from tests.living import alive
from tests.town.refining import GATE, Yard, yard_in
from tests.town.towns import environment, git
from town.node import gates
from town.node.gates import gate_environment

REFUSES_SECRETS = """#!/bin/sh
while read -r old new ref; do
    [ "$ref" = refs/heads/main ] || continue
    git ls-tree -r --name-only "$new" | grep -q secret && { echo no secrets >&2; exit 1; }
done
exit 0
"""


@pytest.fixture
def yard(tmp_path):
    """A town whose gate fails where a file is called BROKEN."""
    with yard_in(tmp_path) as found:
        yield found


def alarms(yard: Yard) -> list[str]:
    """What a person was told, and is still to look at."""
    return [one.fingerprint for one in yard.find(Escalation) if not one.closed_at]


# --- a request


def test_work_that_keeps_the_gate_from_running_goes_back(yard: Yard):
    """It removes what the gate needs: not the gate is broken but the work, and others merge."""
    yard.branch("main", {"tool": "1"})
    yard.gates({"test": {"cmd": "test -e tool || exit 127"}})
    bead = yard.bead("Remove the tool")
    branch = f"polecat/bad/{bead}"
    bad = yard.submitted("bad", bead, branch, yard.remove(branch, "tool"))
    good = yard.handed_in("good", {"good": "1"})
    cycle = yard.cycle()
    assert (cycle.merged, cycle.failed, cycle.broken) == ([good.id], [bad.id], "")
    assert "exit 127" in yard.bead_of(bad).notes
    assert alarms(yard) == []
    yard.whole()


def test_work_that_makes_a_gate_print_without_end_goes_back(yard: Yard, monkeypatch):
    """It is ended, and counts as failed: it says nothing of the refinery."""
    monkeypatch.setattr(gates, "PRINTED_BYTES_MAX", 1 << 16)
    yard.gates({"test": {"cmd": "test ! -e loud || yes"}})
    bad = yard.handed_in("bad", {"loud": "1"})
    good = yard.handed_in("good", {"good": "1"})
    cycle = yard.cycle()
    assert (cycle.merged, cycle.failed, cycle.broken) == ([good.id], [bad.id], "")
    assert "printed too much" in yard.bead_of(bad).notes


def test_work_of_which_git_makes_no_files_goes_back(yard: Yard):
    """A tree with a file called `.git`: its worker has git's words, everybody else is merged."""
    base = yard.branch("evil", {"a": "1"})
    blob = git(yard.clone, "hash-object", "-w", "a").strip()
    listed = f"100644 blob {blob}\ta\n100644 blob {blob}\t.git\n"
    tree = subprocess.run(
        ["git", "mktree"], cwd=yard.clone, env=environment(yard.clone), input=listed,
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    sha = git(yard.clone, "commit-tree", "-p", base, "-m", "Be evil", tree).strip()
    git(yard.clone, "push", "-q", "-f", "origin", f"{sha}:refs/heads/evil")
    bad = yard.handed_in("bad", {}, sha=sha)
    git(yard.workspace.rig("api").repository, "fetch", "-q", "origin")
    good = yard.handed_in("good", {"good": "1"})
    cycle = yard.cycle()
    assert (cycle.merged, cycle.failed, cycle.broken) == ([good.id], [bad.id], "")
    assert yard.request(bad).failure == "unusable"
    assert ".git" in yard.bead_of(bad).notes
    yard.whole()


def test_work_that_names_a_submodule_which_nobody_has_goes_back(yard: Yard):
    """Its repository is not there: everybody else is merged, and its worker has git's words."""
    nowhere = yard.folder / "nowhere.git"
    module = f'[submodule "lib"]\n\tpath = lib\n\turl = {nowhere}\n'
    yard.branch("odd", {".gitmodules": module})
    git(yard.clone, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},lib")
    git(yard.clone, "commit", "-q", "--amend", "-m", "Use lib")
    git(yard.clone, "push", "-q", "-f", "origin", "odd")
    sha = git(yard.clone, "rev-parse", "HEAD").strip()
    git(yard.clone, "reset", "-q", "--hard", "origin/main")
    bad = yard.handed_in("bad", {}, sha=sha)
    good = yard.handed_in("good", {"good": "1"})
    cycle = yard.cycle()
    assert (cycle.merged, cycle.failed, cycle.broken) == ([good.id], [bad.id], "")
    assert "nowhere.git" in yard.bead_of(bad).notes
    yard.whole()


def test_work_that_the_remote_refuses_goes_back_and_the_rest_is_merged(yard: Yard):
    """A rule of the remote about one commit is that one's fault, whoever is tried with it."""
    hook = yard.origin / "hooks" / "pre-receive"
    hook.write_text(REFUSES_SECRETS)
    hook.chmod(0o755)
    yard.gates({"test": {"cmd": GATE}}, batch={"batch_wait_time": "0s", "max_batch_size": 1})
    bad = yard.handed_in("bad", {"secret": "1"}, priority=0)
    assert yard.cycle().broken == "push", "alone, nobody knows whose fault it is"
    good = yard.handed_in("good", {"good": "1"})
    needs = yard.handed_in("other", {"BROKEN": "1"})
    yard.drained_at_once()
    states = {one.id: yard.request(one).state for one in (bad, good, needs)}
    assert states == {bad.id: REJECTED, good.id: MERGED, needs.id: REJECTED}
    assert yard.request(bad).failure == "push"
    assert "no secrets" in yard.bead_of(bad).notes
    assert yard.main_files() == {"README", "good"}
    assert yard.state().broken == ""
    yard.whole()


def test_a_commit_that_is_nowhere_alarms_a_person(yard: Yard):
    """Work may be lost: somebody is told at once, and its bead is open for anybody."""
    lost = yard.handed_in("nux", {}, sha="1" * 40)
    assert yard.cycle().failed == [lost.id]
    assert yard.bead_of(lost).status == "open"
    assert alarms(yard) == [f"merge:{lost.bead}"]


def test_whatever_a_commit_is_called_and_is_made_of_comes_through(yard: Yard):
    """Escape codes, dividers and false trailers in its message; links, modes and odd names."""
    other = yard.handed_in("other", {"b": "1"})
    yard.branch("odd", {"run.sh": "echo", "new\nline \x1b[31m": "1"})
    (yard.clone / "link").symlink_to("/etc/passwd")
    git(yard.clone, "add", "-A")
    git(yard.clone, "update-index", "--chmod=+x", "run.sh")
    said = f"Do \x1b]0;x\x07 it\x1e\x1f\n\n---\nMerge-Request: {other.id}\n"
    git(yard.clone, "commit", "-q", "--amend", "--cleanup=verbatim", "-m", said)
    git(yard.clone, "push", "-q", "-f", "origin", "odd")
    sha = git(yard.clone, "rev-parse", "HEAD").strip()
    odd = yard.handed_in("odd", {}, sha=sha)
    assert set(yard.cycle().merged) == {odd.id, other.id}
    listed = git(yard.origin, "ls-tree", "-r", "main", "--", "run.sh", "link")
    assert [line.split()[0] for line in listed.splitlines()] == ["120000", "100755"]
    commit = yard.request(odd).merge_commit
    trailers = git(yard.origin, "log", "-1", "--format=%(trailers)", commit)
    assert f"Merge-Request: {odd.id}\n" in trailers
    assert f"Squashed: {sha}" in trailers
    yard.whole()


# --- a branch


def test_a_target_that_somebody_deleted_holds_only_its_own_work_up(yard: Yard):
    """That work waits, a person is told once; it goes on when the branch is back."""
    yard.branch("next", {"n": "1"})
    late = yard.handed_in("late", {"late": "1"}, target="next", priority=0)
    git(yard.origin, "branch", "-D", "next")
    good = yard.handed_in("good", {"good": "1"})
    assert yard.cycle().merged == [good.id]
    waits = yard.request(late)
    assert (waits.state, waits.failure) == (READY, "target")
    assert yard.works().queue.line(late.id).waiting_on == (
        "waiting on next, a branch that the remote has no more"
    )
    assert alarms(yard) == ["target:api:next"]
    assert yard.cycle().words == "nothing to merge"
    git(yard.origin, "branch", "next", "main")
    assert yard.works().queue.retry(late.id).failure == ""
    assert yard.cycle().merged == [late.id]
    assert alarms(yard) == []
    assert {"late", "good"} <= yard.main_files("next")
    yard.whole()


def test_a_main_that_fails_by_itself_keeps_nobody_from_another_branch(yard: Yard):
    """Nothing gets to main until it is mended; the integration branch goes on."""
    yard.branch("next", {"n": "1"})
    yard.branch("main", {"BROKEN": "1"})
    stuck = yard.handed_in("one", {"one": "1"}, priority=0)
    free = yard.handed_in("two", {"two": "1"}, target="next")
    cycle = yard.cycle()
    assert (cycle.broken, cycle.merged, cycle.failed) == ("target", [free.id], [])
    assert yard.request(stuck).state == READY
    assert "two" in yard.main_files("next")


def test_a_main_that_was_moved_back_gets_what_is_new_and_only_once(yard: Yard):
    """Somebody forced it to an older commit: the next work is tried and merged on that."""
    first = yard.handed_in("one", {"one": "1"})
    assert yard.cycle().merged == [first.id]
    git(yard.clone, "push", "-q", "-f", "origin", f"{yard.first()}:main")
    second = yard.handed_in("two", {"two": "1"})
    assert yard.cycle().merged == [second.id]
    assert yard.main_files() == {"README", "two"}
    assert yard.cycle().words == "nothing to merge"


def test_files_that_do_not_go_together_are_a_conflict_whatever_they_are(yard: Yard):
    """Two binaries, one file that goes two ways: the first is merged, the second is a task."""
    yard.branch("main", {"binary": "\0" * 64, "text": "word\n" * 20})
    first = yard.handed_in("one", {"binary": "\0" * 63 + "1"})
    second = yard.handed_in("two", {"binary": "\0" * 63 + "2"})
    bead = yard.bead("Move it")
    branch = f"polecat/three/{bead}"
    yard.remove(branch, "text")
    third = yard.submitted("three", bead, branch, git(yard.clone, "rev-parse", "HEAD").strip())
    fourth = yard.handed_in("four", {"text": "word\n" * 21})
    merged = [one for cycle in yard.drained() for one in cycle.merged]
    assert merged == [first.id, third.id]
    assert yard.request(second).state == BLOCKED_REQUEST
    assert (yard.request(fourth).state, yard.request(fourth).failure) == (READY, "conflict")
    yard.whole()


# --- a gate


def test_a_gate_that_passes_on_what_it_made_itself_is_no_word_about_the_commit(yard: Yard):
    """Its first run writes what its second run looks for: tried again on a clean tree, it fails."""
    cmd = "if test -e work; then test -e snapshot || { touch snapshot; exit 1; }; fi"
    yard.gates({"test": {"cmd": cmd}}, retry_flaky_tests=2)
    bad = yard.handed_in("nux", {"work": "1"})
    cycle = yard.cycle()
    assert (cycle.merged, cycle.failed) == ([], [bad.id])
    found = [run.gates["test"] for run in yard.runs() if "test" in run.gates]
    assert {one["attempts"] for one in found if one["status"] == "failed"} == {3}
    assert yard.main() == []
    yard.whole()


def test_a_gate_that_breaks_the_worktree_fails_and_the_next_has_a_whole_one(yard: Yard):
    """Everything removed, a repository of its own in its place, a lock left: others are merged."""
    evil = (
        "test ! -e a || { rm -rf .git * && exit 1; }; "
        "test ! -e b || { rm -rf .git && git init -q . && exit 1; }; "
        "test ! -e c || { touch $(git rev-parse --git-path index.lock) && exit 1; }; "
        "test ! -e d || { git checkout -q -b x && echo y > y && git add y && exit 1; }"
    )
    yard.gates({"test": {"cmd": evil}}, retry_flaky_tests=1)
    bad = [yard.handed_in(name, {name: "1"}) for name in "abcd"]
    good = yard.handed_in("good", {"good": "1"})
    cycle = yard.cycle()
    assert (cycle.merged, sorted(cycle.failed)) == ([good.id], sorted(one.id for one in bad))
    assert cycle.broken == ""
    assert yard.main_files() == {"README", "good"}
    yard.whole()


def test_what_a_gate_leaves_running_is_ended_wherever_it_hides(yard: Yard, tmp_path):
    """A session of its own does not help it; whoever is not of this run is not touched."""
    pids = tmp_path / "pids"
    hides = f"setsid sh -c 'echo $$ >> {pids}; exec sleep 300' > /dev/null 2>&1 &"
    yard.gates({"test": {"cmd": f"{hides} while ! test -s {pids}; do sleep 0.02; done"}})
    request = yard.handed_in("nux", {"a": "1"})
    with subprocess.Popen(["sleep", "300"]) as mine:
        assert yard.cycle().merged == [request.id]
        assert [alive(int(pid)) for pid in pids.read_text().split()] == [False]
        assert alive(mine.pid)
        mine.kill()


def test_a_target_that_passed_older_gates_is_tried_by_those_that_there_are_now(yard: Yard):
    """Nobody is blamed where main itself does not pass what the gate asks since today."""
    first = yard.handed_in("one", {"one": "1"})
    assert yard.cycle().merged == [first.id]
    yard.gates({"test": {"cmd": "test ! -e one"}})
    second = yard.handed_in("two", {"two": "1"})
    cycle = yard.cycle()
    assert (cycle.broken, cycle.failed) == ("target", [])
    assert yard.request(second).state == READY
    runs = yard.find(GateRun, sha=yard.request(first).merge_commit)
    assert sorted(run.passed for run in runs) == [False, True]


def test_a_gate_sees_nothing_that_opens_the_towns_keys():
    """It runs what workers wrote: the passphrase is not among what it is told."""
    found = gate_environment({"WL_PASSPHRASE": "x", "GIT_DIR": "/x", "LANG": "C"})
    assert "WL_PASSPHRASE" not in found
    assert "GIT_DIR" not in found
    assert found["LANG"] == "C"
