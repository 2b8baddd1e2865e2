"""A project leaves the town: never with work that lies nowhere else, and whole where it may."""

import json
import signal
from pathlib import Path

import pytest

from ledger.workspace.rows import Agent
from tests.town.prompt import Prompt
from tests.town.ruining import put

pytestmark = pytest.mark.slow

# Dies when the rows are gone, and the folder still lies there.
KILL = """
import os, signal
import town.rigs.unfinished as unfinished
unfinished.clear_folder = lambda path, token: os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def api(prompt, town) -> Path:
    """The folder of a rig whose worker `ash` has a worktree and nothing in hand."""
    prompt.at = town.parent
    prompt.repository("origin")
    prompt.at = town
    assert prompt.gt("rig", "add", "api", "../origin.git").code == 0
    place, repository = town / "api/polecats/ash/api", town / "api/.repo.git"
    made = ("worktree", "add", "-q", "-b", "polecat/ash/x", str(place), "origin/main")
    prompt.git(*made, at=repository)
    put(prompt, Agent(id="api/polecats/ash", role="polecat", rig="api", name="ash", state="idle"))
    return town / "api"


def reasons(prompt: Prompt, *argv: str) -> list[str]:
    """Why the rig is not removed."""
    told = prompt.json("gt", "rig", "remove", "api", *argv)
    assert (told["exit"], told["error"]["code"]) == (1, "rig.busy"), told
    return told["error"]["reasons"]


def test_no_work_of_a_worker_goes_unseen(prompt, api):
    """What is not committed, stashed, on a branch alone, or a person's file: each is named."""
    place = api / "polecats/ash/api"
    (place / "draft").write_text("x")
    assert reasons(prompt) == ["api/polecats/ash/api: 1 uncommitted file"]
    prompt.git("add", "draft", at=place)
    prompt.git("stash", "-q", at=place)
    assert reasons(prompt, "--purge") == ["api/polecats/ash/api: 1 stashed"]
    prompt.git("switch", "-q", "--detach", at=place)
    assert reasons(prompt, "--purge") == ["api/.repo.git: 1 stashed"]
    prompt.git("stash", "drop", "-q", at=place)
    prompt.git("switch", "-q", "polecat/ash/x", at=place)
    prompt.git("commit", "-q", "--allow-empty", "-m", "mine", at=place)
    assert reasons(prompt) == [
        "api/polecats/ash/api: 1 unpushed commit",
        "api/.repo.git: 1 commits on polecat/ash/x that no remote has",
    ]
    prompt.git("push", "-q", "origin", "polecat/ash/x", at=place)
    (api / "plugins/mine.md").write_text("x")
    (api / "crew/away").symlink_to(prompt.at.parent / "origin.git")
    assert reasons(prompt, "--purge") == [
        "api/plugins/mine.md is not the town's",
        "api/crew/away is not the town's",
    ]
    (api / "plugins/mine.md").unlink()
    (api / "crew/away").unlink()
    gone = prompt.json("gt", "rig", "remove", "api", "--purge")
    assert (gone["exit"], gone["data"]["purged"], gone["data"]["lost"]) == (0, True, [])
    assert not api.exists()
    assert prompt.json("gt", "doctor")["data"]["failed"] == 0
    assert prompt.gt("rig", "add", "api", "../origin.git").code == 0


def test_force_names_what_goes_and_follows_no_link(prompt, api, tmp_path):
    """What was lost is said; work in hand is nobody's; what a link led to is there."""
    bead = prompt.bd("create", "work", "--rig", "api", "--silent").text.strip()
    assert prompt.gt("sling", bead, "api/ash").code == 0
    assert f"api/polecats/ash works on {bead}" in reasons(prompt, "--purge")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/mine").write_text("mine")
    (api / "crew/away").symlink_to(tmp_path / "kept")
    gone = prompt.json("gt", "rig", "remove", "api", "--purge", "--force")
    assert gone["data"]["lost"] == ["api/crew/away is not the town's"]
    assert (tmp_path / "kept/mine").read_text() == "mine"
    assert not api.exists()
    [shown] = json.loads(prompt.bd("show", bead, "--json").text)
    assert (shown["status"], shown.get("assignee", "")) == ("open", "")
    assert prompt.json("gt", "doctor")["data"]["failed"] == 0


def test_whoever_dies_in_the_midst_the_next_one_ends_it(prompt, api):
    """After kill -9 the rig is no more; the next command that makes a folder clears it away."""
    done = prompt.spawn("gt", "rig", "remove", "api", "--purge", prelude=KILL)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert prompt.json("gt", "rig", "list")["data"]["rigs"] == []
    assert (api / ".repo.git").is_dir()
    assert prompt.gt("rig", "add", "api", "../origin.git").code == 0
    assert not (api / "polecats/ash").exists()
    assert prompt.json("gt", "doctor")["data"]["failed"] == 0


def test_a_worker_comes_back_with_the_folder_that_stayed(prompt, api):
    """Its worktree is its own again, with what it had not committed."""
    (api / "polecats/ash/api/draft").write_text("x")
    assert prompt.gt("rig", "remove", "api", "--force").code == 0
    assert prompt.gt("rig", "add", "api", "--adopt", "api").code == 0
    told = prompt.json("gt", "agents", "--all")["data"]["agents"]
    assert "api/polecats/ash" in [one["agent"] for one in told]
    assert (api / "polecats/ash/api/draft").read_text() == "x"
    assert prompt.json("gt", "doctor")["data"]["warnings"] == 0
