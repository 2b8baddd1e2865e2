"""Which beads a folder means: those of the repository around it, as git knows it."""

from pathlib import Path

import pytest

from tests.town.towns import git
from town.node.place import home_of

LOCAL = ("-c", "protocol.file.allow=always")


def meant(folder: Path) -> str:
    """The beads that `bd` means there."""
    return home_of("bd", ("list",), cwd=str(folder), env={})


@pytest.fixture
def place(tmp_path):
    """A repository with a submodule, and a bare one; both have linked worktrees."""
    for name in ("lib", "app"):
        (tmp_path / name).mkdir()
        git(tmp_path / name, "init", "-q", "-b", "main")
        git(tmp_path / name, "commit", "-q", "--allow-empty", "-m", "first")
    app = tmp_path / "app"
    git(app, *LOCAL, "submodule", "--quiet", "add", str(tmp_path / "lib"), "sub")
    git(app, "commit", "-q", "-m", "a part")
    git(app, "worktree", "add", "-q", str(tmp_path / "far" / "linked"))
    git(tmp_path / "far" / "linked", *LOCAL, "submodule", "--quiet", "update", "--init")
    bare = tmp_path / "bare"
    git(tmp_path, "clone", "-q", "--bare", str(app), str(bare / ".repo"))
    git(bare / ".repo", "worktree", "add", "-q", str(bare / "main"), "main")
    for folder in (app, bare):
        (folder / ".beads").mkdir()
    (app / "deep" / "er").mkdir(parents=True)
    return tmp_path


def test_a_folder_means_the_beads_of_its_repository(place):
    """From below, from a linked worktree, and from one of a bare repository beside it."""
    ours = str((place / "app" / ".beads").resolve())
    assert meant(place / "app" / "deep" / "er") == ours
    assert meant(place / "far" / "linked") == ours
    assert meant(place / "bare" / "main") == str((place / "bare" / ".beads").resolve())


def test_a_submodule_is_a_project_of_its_own(place):
    """In the repository's own tree and in a linked one alike; nor are beads of nobody found."""
    for folder in (place / "app" / "sub", place / "far" / "linked" / "sub", place / "lib", place):
        assert meant(folder) == ""
