"""`bd init --stealth`: beads that nobody but this machine knows of."""

import os
import subprocess
import sys

import pytest

from tests.house.tree import ROOT


def run(folder, *argv):
    """A process in the folder that is ended well, or its error."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT)}
    env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_AUTHOR_NAME": "ann", "USER": "ann"}
    return subprocess.run(argv, capture_output=True, text=True, check=False, cwd=folder, env=env)


def bd(folder, *argv):
    """A line of `bd` in the folder."""
    return run(folder, sys.executable, "-c", "from cli.launcher import bd; bd()", *argv)


@pytest.mark.parametrize("below", [".", "api"])
@pytest.mark.parametrize("worktree", [False, True])
def test_git_sees_nothing_of_beads_that_are_hidden(tmp_path, below, worktree):
    """In a repository, in a folder of it, in a worktree; what was excluded before stays so."""
    place = tmp_path / "main"
    place.mkdir()
    for words in (
        ("init", "-q"),
        ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x"),
        ("worktree", "add", "-q", "../side"),
    ):
        assert run(place, "git", *words).returncode == 0
    (place / ".git" / "info" / "exclude").write_text("*.tmp")
    folder = (tmp_path / "side" if worktree else place) / below
    folder.mkdir(exist_ok=True)
    (folder / "a.tmp").touch()
    assert bd(folder, "init", "--stealth", "--skip-hooks", "-q").returncode == 0
    assert (folder / ".beads" / "beads.db").exists()
    assert run(folder, "git", "status", "--porcelain").stdout == ""


def test_there_is_nothing_to_hide_from_without_a_repository(tmp_path):
    """It is refused, and no beads are made."""
    done = bd(tmp_path, "init", "--stealth")
    assert (done.returncode, "in no repository" in done.stderr) == (2, True)
    assert not (tmp_path / ".beads").exists()
