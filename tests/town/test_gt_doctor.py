"""Scenario 47: whatever the doctor looks at is broken, found, mended where it can be, and whole."""

import json
import re
import shutil
import socket
import subprocess
from functools import partial
from pathlib import Path

import pytest

from ledger.beads.rows import Bead
from ledger.workspace.invariants import RULES
from ledger.workspace.work import GateRun, Lease, MergeRequest
from tests.town.breaking import BY_HAND, TO_MEND, cases
from tests.town.prompt import Prompt, files
from tests.town.ruining import MERGE, put
from town.doctor.check import Check, Finding, Patient, examine, of_lines, ok
from town.doctor.registry import CHECKS
from town.node import clock
from town.node.births import created_at
from town.node.git import GitProgram
from town.workspace.install import Overseer
from town.workspace.layout import Workspace

MINUTE = 60_000_000


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[Path, Path]:
    """The folder of a town with a rig, kept in git, and a copy of it as it was made."""
    folder = tmp_path_factory.mktemp("doctor")
    found = Prompt(folder / "here")
    found.repository("source")
    assert found.gt("install", "gt", "--git").code == 0
    found.at /= "gt"
    assert found.gt("rig", "add", "api", "../source.git").code == 0
    shutil.copytree(folder / "here", folder / "saved", symlinks=True)
    return folder / "here", folder / "saved"


@pytest.fixture
def prompt(whole) -> Prompt:
    """Somebody in that town, as it was made; worktrees know where it lies."""
    here, saved = whole
    shutil.rmtree(here)
    shutil.copytree(saved, here, symlinks=True)
    found = Prompt(here)
    found.at /= "gt"
    return found


def looked(prompt: Prompt, *argv: str) -> dict[str, dict]:
    """What each check said."""
    found = prompt.json("gt", "doctor", *argv)
    checks = {one["name"]: one for one in found["data"]["checks"]}
    failed = [one for one in checks.values() if one["status"] == "error"]
    assert found["exit"] == (1 if failed else 0)
    assert found["data"]["failed"] == len(failed)
    return checks


def bad(prompt: Prompt, *argv: str) -> list[str]:
    """The checks that found something."""
    return [name for name, one in looked(prompt, *argv).items() if one["status"] != "ok"]


def test_a_whole_town_passes_every_check_and_is_left_as_it_is(prompt):
    """Neither looking nor mending touches a town with which nothing is wrong."""
    before = files(prompt.at)
    assert bad(prompt) == []
    assert bad(prompt, "--fix") == []
    assert files(prompt.at) == before


def test_every_check_has_a_way_to_break_it_and_a_name_of_its_own():
    """A check that nothing can fail would check nothing."""
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    assert set(names) == TO_MEND.keys() | BY_HAND.keys()
    assert {check.name for check in CHECKS if check.mend is not None} == TO_MEND.keys()
    assert all(check.what and check.category for check in CHECKS)
    assert {rule.__name__.replace("_", "-") for rule in RULES} <= set(names)


@pytest.mark.parametrize(("name", "how"), cases(TO_MEND))
def test_what_is_broken_is_found_mended_and_stays_mended(prompt, name, how):
    """The check says so, `--fix` mends it, and a second `--fix` finds nothing to do."""
    TO_MEND[name][how](prompt)
    first = looked(prompt)[name]
    assert first["status"] in ("warning", "error"), first
    assert first["mends"]
    assert first["hint"]
    mended = looked(prompt, "--fix")
    assert (mended[name]["status"], mended[name]["mended"]) == ("ok", True), mended[name]
    assert bad(prompt) == []
    before = files(prompt.at)
    again = looked(prompt, "--fix")
    assert not any(one["mended"] for one in again.values())
    assert files(prompt.at) == before


@pytest.mark.parametrize(("name", "how"), cases(BY_HAND))
def test_what_only_a_person_can_mend_is_found_with_what_to_try(prompt, name, how):
    """The check says so and stays so; nothing is taken for mended, and nothing is lost."""
    BY_HAND[name][how](prompt)
    found = looked(prompt)[name]
    assert found["status"] in ("warning", "error"), found
    assert found["hint"]
    before = files(prompt.at)
    after = looked(prompt, "--fix")[name]
    assert after["status"] == found["status"]
    assert not after["mended"]
    assert {path for path in before if path not in files(prompt.at)} == set()


def test_what_could_not_be_read_lies_beside_its_place(prompt):
    """Mending a file throws nothing away: what a person had is there under another name."""
    (prompt.at / "settings/config.json").write_text('{"mine": 1')
    (prompt.at / "api/settings/config.json").write_text('{"agent": 3, "mine": [1]}')
    looked(prompt, "--fix")
    assert (prompt.at / "settings/config.json.aside-1").read_text() == '{"mine": 1'
    assert (prompt.at / "api/settings/config.json.before-fix").read_text() == (
        '{"agent": 3, "mine": [1]}'
    )
    assert '"mine"' in (prompt.at / "api/settings/config.json").read_text()


def test_committed_work_of_a_deleted_worktree_is_there_again(prompt):
    """A worktree that was deleted under its worker comes back with everything it had committed."""
    TO_MEND["rig-worktrees"]["gone"](prompt)
    looked(prompt, "--fix")
    assert (prompt.at / "api/polecats/ash/api/done").read_text() == "done"
    assert prompt.git("branch", "--show-current", at=prompt.at / "api/refinery/rig") == "main\n"


def test_a_merge_that_a_branch_lost_is_named_and_no_other(prompt):
    """Of three merges the one whose commit is not on its branch."""
    BY_HAND["merged-commits"]["elsewhere"](prompt)
    details = looked(prompt)["merged-commits"]["details"]
    assert len(details) == 1
    assert details[0].startswith("mr-1: ")


def next_of(findings: list[Finding], _: Patient) -> Finding:
    """What a look finds that finds another thing each time."""
    return findings.pop(0)


def test_what_is_wrong_between_two_looks_alone_is_not_wrong(tmp_path):
    """As of a session that ended after it was seen to run; what stays wrong is so."""
    wrong = of_lines(["x"], good="", bad="are wrong", hint="")
    told = Overseer(name="", email="", source="")
    patient = Patient(
        workspace=Workspace(tmp_path), git=GitProgram({}), now=0, person=lambda: told,
        node=tuple, opened=None,
    )  # fmt: skip
    for findings, status in (([wrong, ok("")], "ok"), ([wrong, wrong], "error")):
        left = list(findings)
        check = Check(name="x", what="x", category="x", look=partial(next_of, left))
        assert examine(check, patient, fix=False).finding.status == status
        assert left == []


@pytest.mark.parametrize(
    ("bad", "one"),
    [
        ("worktrees are wrong", "1 worktree is wrong"),
        ("settings cannot be what they are", "1 setting cannot be what it is"),
        ("break it", "1 breaks it"),
    ],
)
def test_one_finding_is_told_as_one(bad, one):
    """And two as two."""
    assert of_lines(["x"], good="", bad=bad, hint="").message == one
    assert of_lines(["x", "y"], good="", bad=bad, hint="").message == f"2 {bad}"


def test_a_merge_that_somebody_knows_to_be_lost_is_no_error(prompt):
    """Its bead says that it was merged there: named, with the bead. Opened again: that is known."""
    lost = "ab" * 20
    bead = Bead(id="api-1", status="closed", closed_at=1, close_reason=f"Merged in {lost}")
    run = GateRun(id="gr-1", rig="api", sha=lost, requests=("mr-1",), passed=True)
    put(prompt, MergeRequest(**MERGE, bead="api-1", merge_commit=lost), bead, run)
    found = looked(prompt)["merged-commits"]
    assert found["status"] == "error"
    assert "of api-1 is not on main of api" in found["details"][0]
    assert prompt.bd("reopen", "api-1").code == 0
    assert looked(prompt)["merged-commits"]["status"] == "ok"


def test_files_where_a_worktree_should_be_are_not_touched(prompt):
    """Somebody's files in the place of a worktree stay; the check goes on saying so."""
    shutil.rmtree(prompt.at / "api/refinery/rig")
    (prompt.at / "api/refinery/rig").mkdir()
    (prompt.at / "api/refinery/rig/mine").write_text("x")
    assert looked(prompt, "--fix")["rig-worktrees"]["status"] == "error"
    assert (prompt.at / "api/refinery/rig/mine").read_text() == "x"


def test_a_merge_that_is_under_way_is_not_disturbed(prompt):
    """A refinery at work may be on no branch; its worktree is neither a finding nor mended."""
    tree = prompt.at / "api/refinery/rig"
    prompt.git("checkout", "-q", "--detach", at=tree)
    with subprocess.Popen(["sleep", "100"]) as worker:
        created = created_at(worker.pid)
        maker = json.dumps([socket.gethostname(), worker.pid, created])
        until = clock.now() + 2 * MINUTE
        put(prompt, Lease(resource="refinery:api", holder=f"token {maker}", expires_at=until))
        assert looked(prompt, "--fix")["rig-worktrees"]["status"] == "ok"
        assert prompt.git("branch", "--show-current", at=tree) == ""
        worker.kill()
    assert looked(prompt)["rig-worktrees"]["status"] == "error"
    assert looked(prompt, "--fix")["rig-worktrees"]["mended"]
    assert prompt.git("branch", "--show-current", at=tree) == "main\n"


def test_uncommitted_work_keeps_its_branch(prompt):
    """A worktree on another branch with changes in it is left to whoever made them."""
    tree = prompt.at / "api/refinery/rig"
    prompt.git("checkout", "-q", "-b", "mine", at=tree)
    (tree / "README").write_text("changed")
    assert looked(prompt, "--fix")["rig-worktrees"]["status"] == "error"
    assert prompt.git("branch", "--show-current", at=tree) == "mine\n"
    assert (tree / "README").read_text() == "changed"


def test_only_one_rig_is_looked_at_where_one_is_named(prompt):
    """`--rig` leaves the others out, and refuses one that is not there."""
    prompt.gt("rig", "add", "web", "../source.git", "--prefix", "we")
    shutil.rmtree(prompt.at / "web/crew")
    assert bad(prompt) == ["rig-folders"]
    assert bad(prompt, "--rig", "api") == []
    assert bad(prompt, "--rig", "web") == ["rig-folders"]
    assert prompt.refused("doctor", "--rig", "nope") == (3, "id.rig")


def test_the_doctor_says_what_it_looks_at_and_what_to_try(prompt):
    """A line a check, a footer, then what is wrong by number, each with a hint; exit 1."""
    shutil.rmtree(prompt.at / "plugins")
    (prompt.at / "AGENTS.md").unlink()
    said = prompt.gt("doctor")
    assert said.code == 1
    assert re.search(r"^✓ town-mark +gt, version 2$", said.text, re.MULTILINE)
    assert re.search(r"^✖ town-folders +1 folder is missing$", said.text, re.MULTILINE)
    counts = f"✓ {len(CHECKS) - 2} passed  ⚠ 1 warning  ✖ 1 failed"
    assert counts in said.text
    end = said.text.partition(counts)[2]
    assert "1. ✖ town-folders: 1 folder is missing\n   plugins/\n   └─ gt doctor --fix" in end
    assert "2. ⚠ managed-files" in end
    assert "the town's folders are there" in prompt.gt("doctor", "-v").text
    shutil.rmtree(prompt.at / "mayor" / "rig", ignore_errors=True)
    (prompt.at / "plugins").mkdir()
    assert prompt.gt("doctor").code == 0  # a warning fails nothing


def test_on_a_terminal_a_check_is_named_while_it_runs(prompt):
    """The name stands there first, and what was found takes its place; a pipe sees results only."""
    prompt.tty = (True, True, True)
    said = prompt.gt("doctor").text
    assert "○ town-mark…\r\x1b[K✓ town-mark " in said
    prompt.tty = (False, False, False)
    assert "○" not in prompt.gt("doctor").text


def test_words_of_strangers_are_harmless_on_the_terminal(prompt):
    """A key of a file with control codes in it does not reach the terminal as such."""
    (prompt.at / "settings/config.json").write_text('{"\\u001b[31mred": 1}')
    said = prompt.gt("doctor")
    assert "\x1b" not in said.text
    assert "[31mred" in said.text
