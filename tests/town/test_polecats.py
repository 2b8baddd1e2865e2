"""Workers' worktrees: seen as they stand, gone only where nothing in them would be lost."""

import json
import shutil
import signal
from pathlib import Path

import pytest

from ledger.workspace.rows import Agent
from ledger.workspace.work import Assignment, MergeRequest, Session
from tests.town.prompt import Prompt
from tests.town.ruining import put
from town.polecats.desk import QUEUED, RECOVERY, SAFE

pytestmark = pytest.mark.slow
ASH = "api/polecats/ash"
REQUEST = MergeRequest(id="mr-1", rig="api", worker=ASH, state="ready")

# Dies when git has removed the worktree, and nothing says so yet.
KILL = """
import os, signal
from town.polecats.desk import Polecats
Polecats._rested = lambda self, agent, gone: os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def ash(prompt, town) -> Path:
    """The worktree of a worker with nothing in hand; its branch was pushed."""
    prompt.at = town.parent
    prompt.repository("origin")
    prompt.at = town
    assert prompt.gt("rig", "add", "api", "../origin.git").code == 0
    place, repository = town / ASH / "api", town / "api/.repo.git"
    made = ("worktree", "add", "-q", "-b", "polecat/ash/x", str(place), "origin/main")
    prompt.git(*made, at=repository)
    put(prompt, Agent(id=ASH, role="polecat", rig="api", name="ash", state="idle"))
    return place


def facts(prompt: Prompt) -> dict:
    """What is said of the worker."""
    return prompt.json("gt", "polecat", "status", "ash")["data"]


def test_a_worktree_goes_only_when_nothing_in_it_would_be_lost(prompt, ash):
    """Dirty, unpushed, stashed: it stays, and says why."""
    assert facts(prompt)["verdict"] == SAFE
    (ash / "draft").write_text("x")
    assert (facts(prompt)["verdict"], facts(prompt)["unsaved"]) == (
        RECOVERY,
        ["1 uncommitted file"],
    )
    assert prompt.refused("polecat", "remove", "ash") == (1, "polecat.unsaved")
    prompt.git("add", "draft", at=ash)
    prompt.git("stash", "-q", at=ash)
    assert facts(prompt)["unsaved"] == ["1 stashed"]
    prompt.git("stash", "pop", "-q", at=ash)
    prompt.git("commit", "-q", "-m", "draft", at=ash)
    assert prompt.json("gt", "polecat", "gc")["data"]["removed"] == []
    prompt.git("push", "-q", "origin", "polecat/ash/x", at=ash)
    assert facts(prompt)["verdict"] == SAFE


def test_a_worktree_whose_worker_is_needed_stays_and_else_is_made_anew(prompt, ash):
    """Waiting to be merged or alive it stays; gone, its branch is there, and so is the worker."""
    put(prompt, REQUEST)
    assert facts(prompt)["verdict"] == QUEUED
    assert prompt.refused("polecat", "nuke", "ash") == (1, "polecat.unsaved")
    put(prompt, MergeRequest(id="mr-1", rig="api", worker=ASH, state="superseded"))
    put(prompt, Session(id="s1", agent=ASH, name="api-ash"))
    assert prompt.refused("polecat", "remove", "ash", "--force") == (1, "polecat.busy")
    put(prompt, Session(id="s1", agent=ASH, name="api-ash", ended_at=1))
    dry = prompt.json("gt", "polecat", "gc", "--dry-run")["data"]
    assert ([one["address"] for one in dry["removed"]], dry["done"]) == ([ASH], False)
    assert ash.is_dir()
    assert prompt.gt("polecat", "gc").text == f"removed {ash}\n"
    assert not ash.parent.exists()
    assert prompt.git("rev-parse", "polecat/ash/x", at=prompt.at / "api/.repo.git")
    assert prompt.json("gt", "polecat", "list")["data"]["polecats"] == []
    [named] = prompt.json("gt", "polecat", "list", "--all")["data"]["polecats"]
    assert (named["address"], named["there"], named["state"]) == (ASH, False, "idle")
    bead = prompt.bd("create", "more", "--rig", "api", "--silent").text.strip()
    assert prompt.gt("sling", bead, "api").code == 0
    assert facts(prompt)["bead"] == bead
    assert (ash / "README").is_file()
    assert prompt.json("gt", "doctor")["data"]["failed"] == 0


def test_of_several_all_go_or_none_and_force_says_what_was_lost(prompt, ash):
    """One that must stay keeps the others; what is no worktree is never removed, even by force."""
    put(prompt, Agent(id="api/polecats/oak", role="polecat", rig="api", name="oak", state="idle"))
    (ash / "draft").write_text("x")
    assert prompt.refused("polecat", "remove", "oak", "ash") == (1, "polecat.unsaved")
    assert prompt.refused("polecat", "remove", "elm") == (3, "id.polecat")
    gone = prompt.gt("polecat", "remove", "api/ash", "--force").text
    assert gone == f"removed {ash}\nlost    {ASH}: 1 uncommitted file\n"
    ash.mkdir(parents=True)
    (ash / "mine").write_text("mine")
    assert prompt.refused("polecat", "remove", "ash", "--force") == (1, "polecat.unsaved")
    shutil.rmtree(ash)
    ash.symlink_to(prompt.at.parent / "origin.git")
    assert prompt.refused("polecat", "remove", "ash", "--force") == (1, "polecat.unsaved")
    assert (prompt.at.parent / "origin.git/HEAD").is_file()


def test_whoever_dies_while_removing_leaves_a_worker_that_can_be_helped(prompt, ash):
    """After kill -9 nobody is given its place; `gc` ends what was begun, and it works again."""
    done = prompt.spawn("gt", "polecat", "remove", "ash", prelude=KILL)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not ash.exists()
    bead = prompt.bd("create", "more", "--rig", "api", "--silent").text.strip()
    assert prompt.refused("sling", bead, "api/ash") == (1, "work.no_place")
    assert prompt.gt("polecat", "gc").code == 0
    assert prompt.gt("sling", bead, "api/ash").code == 0
    assert (ash / "README").is_file()


def test_what_a_worker_did_is_counted(prompt, ash):
    """How its works ended, and what was merged as another commit is not lost with its branch."""
    put(
        prompt,
        Assignment(id="as-1", bead="api-1", agent=ASH, rig="api", state="merged", request="mr-1"),
        Assignment(id="as-2", bead="api-2", agent=ASH, rig="api", state="failed"),
    )
    prompt.git("commit", "-q", "--allow-empty", "-m", "squashed", at=ash)
    sha = prompt.git("rev-parse", "HEAD", at=ash).strip()
    put(prompt, MergeRequest(id="mr-1", rig="api", worker=ASH, state="merged", sha=sha))
    assert facts(prompt)["history"] == {"merged": 1, "failed": 1}
    assert "1 failed, 1 merged" in prompt.gt("polecat", "status", "ash").text
    assert facts(prompt)["verdict"] == SAFE
    told = json.loads(prompt.gt("polecat", "remove", "ash", "--json").text)
    assert told["data"]["removed"][0]["unsaved"] == []
