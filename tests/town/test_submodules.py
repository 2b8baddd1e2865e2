"""Submodules of a project: there wherever somebody works, never emptied, off by a setting."""

from pathlib import Path

import pytest

from ledger.workspace.rows import Agent
from tests.town.prompt import Prompt
from tests.town.ruining import put

pytestmark = pytest.mark.slow
ALLOW = ("-c", "protocol.file.allow=always")


@pytest.fixture
def origin(prompt, town) -> Path:
    """A repository beside the town with the submodule `lib`, which has one itself."""
    prompt.at = town.parent
    for name in ("inner", "lib", "origin"):
        prompt.repository(name)
        if name != "inner":
            below = {"lib": "inner", "origin": "lib"}[name]
            work = prompt.at / f"{name}-work"
            prompt.git("clone", "-q", str(prompt.at / f"{name}.git"), str(work))
            prompt.git(*ALLOW, "submodule", "-q", "add", f"../{below}.git", below, at=work)
            prompt.git("commit", "-q", "-m", "within", at=work)
            prompt.git("push", "-q", "origin", "HEAD", at=work)
    prompt.at = town
    return town.parent / "origin.git"


def sling(prompt: Prompt) -> str:
    """A bead in the hands of `ash`."""
    bead = prompt.bd("create", "work", "--rig", "api", "--silent").text.strip()
    told = prompt.json("gt", "sling", bead, "api/ash")
    assert told["exit"] == 0, told
    return bead


def done(prompt: Prompt, place: Path) -> dict:
    """What `gt done` said, typed in the worktree."""
    here, prompt.at = prompt.at, place
    told = prompt.json("gt", "done", env={"GT_ROLE": "api/polecats/ash"})
    prompt.at = here
    return told


@pytest.mark.usefixtures("origin")
def test_whoever_works_has_the_submodules_and_loses_nothing_in_them(prompt, town):
    """Rig, crew and worker have them; work within is handed in when pushed, and never lost."""
    added = prompt.json("gt", "rig", "add", "api", "../origin.git")
    assert added["exit"] == 0, added
    assert prompt.gt("crew", "add", "max").code == 0
    put(prompt, Agent(id="api/polecats/ash", role="polecat", rig="api", name="ash", state="idle"))
    bead = sling(prompt)
    place = town / "api/polecats/ash/api"
    for checkout in (town / "api/refinery/rig", town / "api/crew/max", place):
        assert (checkout / "lib/inner/README").is_file(), checkout
    lib = place / "lib"
    (lib / "new").write_text("new")
    prompt.git("add", "new", at=lib)
    prompt.git("commit", "-q", "-m", "new", at=lib)
    told = done(prompt, place)
    assert told["exit"] != 0
    assert "lib" in told["error"]["message"]
    prompt.git("push", "-q", "origin", "HEAD:refs/heads/more", at=lib)
    assert done(prompt, place)["exit"] == 0
    merged = prompt.json("gt", "refinery", "run", "api")
    assert merged["exit"] == 0, merged
    assert prompt.git("ls-tree", "main", "lib", at=town.parent / "origin.git").split()[2] == (
        prompt.git("rev-parse", "HEAD", at=lib).strip()
    )
    more_work(prompt, lib, bead)


def more_work(prompt: Prompt, lib: Path, bead: str) -> None:
    """What lies in the submodule of an idle worker stays when it is given other work."""
    (lib / "draft").write_text("draft")  # of nobody's work, and then the worker is given more
    assert prompt.refused("polecat", "remove", "ash") == (1, "polecat.unsaved")
    other = sling(prompt)
    assert other != bead
    [branch] = prompt.git("branch", "--list", "rescue/*", at=lib).split()
    assert prompt.git("show", f"{branch}:draft", at=lib) == "draft"
    assert not (lib / "draft").exists()
    assert (lib / "new").is_file()  # as the branch that it began from names it


@pytest.mark.usefixtures("origin")
def test_gates_see_the_submodules_that_the_work_names(prompt, town):
    """A gate reads a file of the submodule's commit that is handed in, not of the one before."""
    assert prompt.gt("rig", "add", "api", "../origin.git").code == 0
    gate = ("rig", "config", "set", "api", "merge_queue.gates.new.cmd", "test -f lib/new")
    assert prompt.gt(*gate).code == 0
    put(prompt, Agent(id="api/polecats/ash", role="polecat", rig="api", name="ash", state="idle"))
    sling(prompt)
    place = town / "api/polecats/ash/api"
    (place / "lib/new").write_text("new")
    prompt.git("add", "new", at=place / "lib")
    prompt.git("commit", "-q", "-m", "new", at=place / "lib")
    prompt.git("push", "-q", "origin", "HEAD:refs/heads/more", at=place / "lib")
    assert done(prompt, place)["exit"] == 0
    ran = prompt.json("gt", "refinery", "run", "api")["data"]
    assert len(ran["merged"]) == 1, ran


@pytest.mark.usefixtures("origin")
def test_a_rig_without_its_submodules_stays_so(prompt, town):
    """--no-submodules is a setting of the rig: no checkout of it has them."""
    assert prompt.gt("rig", "add", "api", "../origin.git", "--no-submodules").code == 0
    assert prompt.gt("crew", "add", "max").code == 0
    assert not list((town / "api/refinery/rig/lib").iterdir())
    assert not list((town / "api/crew/max/lib").iterdir())
    shown = prompt.json("gt", "rig", "config", "show", "api")
    assert "submodules" in str(shown["data"])
    assert prompt.json("gt", "doctor")["data"]["failed"] == 0
