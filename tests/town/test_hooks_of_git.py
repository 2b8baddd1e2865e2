"""A person's own hooks of git hold up nothing that the town does by itself; a push runs them."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
FAILING = ("post-checkout", "pre-commit", "prepare-commit-msg", "commit-msg", "post-commit")


@pytest.fixture
def hooks(prompt, tmp_path) -> Path:
    """The folder of hooks that this person's git runs everywhere; some of them fail."""
    folder = tmp_path / "hooks"
    folder.mkdir()
    for name in FAILING:
        hook(folder, name)
    prompt.env |= {
        "GIT_CONFIG_COUNT": "3",
        "GIT_CONFIG_KEY_2": "core.hooksPath",
        "GIT_CONFIG_VALUE_2": str(folder),
    }
    return folder


def hook(folder: Path, name: str) -> None:
    """A hook that says so and fails."""
    (folder / name).write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    (folder / name).chmod(0o755)


def test_no_hook_of_a_person_keeps_work_from_being_begun_and_saved(prompt, hooks):
    """Rig, crew, worktree, what `gt done` saves: all there. A pre-push hook refuses the hand-in."""
    prompt.env.pop("GIT_CONFIG_KEY_2")
    prompt.env["GIT_CONFIG_COUNT"] = "2"
    prompt.repository("origin")
    prompt.env |= {"GIT_CONFIG_COUNT": "3", "GIT_CONFIG_KEY_2": "core.hooksPath"}
    root = prompt.at / "gt"
    prompt.done("install", str(root), "--git")
    prompt.at = root
    prompt.done("rig", "add", "api", "../origin.git")
    prompt.done("crew", "add", "max")
    bead = prompt.bd("create", "work", "--rig", "api", "--silent").text.strip()
    prompt.done("sling", bead, "api")
    [place] = (root / "api/polecats").glob("*/api")
    (place / "new").write_text("x")
    hook(hooks, "pre-push")
    prompt.at = place
    refused = prompt.json("gt", "done")
    assert (refused["exit"], refused["error"]["code"]) == (1, "git.failed")
    assert "not today" in refused["error"]["message"]
    assert prompt.git("status", "--porcelain", at=place) == ""  # saved all the same
    (hooks / "pre-push").unlink()
    prompt.done("done")
    hook(hooks, "pre-push")  # which would keep everybody from main
    prompt.at = root
    assert prompt.done("refinery", "run", "api")["merged"]
