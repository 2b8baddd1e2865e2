"""The same lines through a running node: done by it, as whoever typed them, one winner a race."""

import json
import os
from pathlib import Path

import pytest

from tests.town.running import RunningTown, running_town

pytestmark = pytest.mark.slow


@pytest.fixture
def node(prompt, town):
    """A town with a node, and a repository beside it."""
    prompt.at = town.parent
    prompt.repository("origin")
    prompt.at = town
    with running_town(prompt, town) as found:
        yield found


def every_line(node: RunningTown) -> list[tuple[str, ...]]:
    """A history in which each command of rigs and crews has its place."""
    return [
        ("rig", "add", "api", "../origin.git"),
        ("rig", "add", "web", "--adopt", "../origin"),
        ("rig", "list"),
        ("rig", "status", "api"),
        ("rig", "park", "web"),
        ("rig", "unpark", "web"),
        ("rig", "dock", "web"),
        ("rig", "undock", "web"),
        ("crew", "add", "max", "emma", "--rig", "api"),
        ("crew", "list", "--rig", "api"),
        ("crew", "status", "max"),
        ("crew", "pristine", "max"),
        ("crew", "rename", "max", "zoe"),
        ("crew", "remove", "emma", "--purge"),
        ("crew", "list", "--all"),
        ("whoami",),
        ("rig", "remove", "web"),
        ("rig", "add", "web", "--adopt", str(node.root / "web")),
    ]


def test_every_line_works_through_a_node(node):
    """The node holds the town's lock, so what ends well was done by it; a cold look agrees."""
    for line in every_line(node):
        found = node.json("gt", *line)
        assert found["exit"] == 0, (line, found)
    cold = ("rig", "list"), ("crew", "list", "--all"), ("rig", "status", "api")
    warm = [node.data("gt", *line) for line in cold]
    node.down()
    assert [node.data("gt", *line) for line in cold] == warm
    assert [one["address"] for one in warm[1]["crew"]] == ["api/crew/zoe"]


def test_a_caller_is_who_it_is_where_it_stands(node):
    """Role, folder and owner are the caller's, also for two who type at the same moment."""
    assert node.json("gt", "rig", "add", "api", "../origin.git")["exit"] == 0
    assert node.json("gt", "crew", "add", "max")["exit"] == 0
    at = node.root / "api" / "crew" / "max"
    one = node.start("bd", "create", "a", "--json", at=at)
    two = node.start("bd", "create", "b", "--json", GT_ROLE="api/polecats/toast")
    made = [json.loads(process.communicate(timeout=60)[0]) for process in (one, two)]
    assert [bead["created_by"] for bead in made] == ["api/crew/max", "api/polecats/toast"]
    assert all(bead["id"].startswith("api-") for bead in made)
    whoami = node.data("gt", "whoami", at=at, GIT_AUTHOR_EMAIL="max@example.org")
    assert (whoami["address"], whoami["owner"]) == ("api/crew/max", "max@example.org")


def test_git_sees_the_callers_world_and_not_the_nodes(node, tmp_path):
    """Home, PATH, agent and proxies of whoever typed the line are what git works with."""
    home, bin_ = tmp_path / "theirs", tmp_path / "bin"
    for folder in (home, bin_):
        folder.mkdir()
    told = tmp_path / "told"
    names = ("HOME", "SSH_AUTH_SOCK", "https_proxy", "GIT_SSH_COMMAND", "SECRET_OF_MINE")
    lines = "\n".join(f'echo "{name}=${name}" >> "{told}"' for name in names)
    (bin_ / "ssh").write_text(f"#!/bin/sh\n{lines}\nexit 1\n")
    (bin_ / "ssh").chmod(0o755)
    (home / ".gitconfig").write_text('[url "ssh://git@nowhere.example/"]\n\tinsteadOf = mine:\n')
    env = {
        "HOME": str(home),
        "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}",
        "SSH_AUTH_SOCK": "the/agent",
        "https_proxy": "http://127.0.0.1:9",
        "SECRET_OF_MINE": "secret",
    }
    found = node.json("gt", "rig", "add", "api", "mine://repo.git", **env)
    assert (found["exit"], found["error"]["code"]) == (1, "git.failed")
    assert f"HOME={home}" in told.read_text()
    found = node.json("gt", "rig", "add", "api", "ssh://git@nowhere.example/repo.git", **env)
    assert (found["exit"], found["error"]["code"]) == (1, "git.failed")
    seen = dict(line.split("=", 1) for line in told.read_text().splitlines())
    assert seen == {
        "HOME": str(home),
        "SSH_AUTH_SOCK": "the/agent",
        "https_proxy": "http://127.0.0.1:9",
        "GIT_SSH_COMMAND": "",
        "SECRET_OF_MINE": "",  # what git does not need stays with the caller
    }


def test_of_two_that_want_one_place_in_a_crew_one_has_it(node):
    """Whoever comes second is told that it is being made, or is there; there is one clone."""
    assert node.json("gt", "rig", "add", "api", "../origin.git")["exit"] == 0
    for run in range(6):
        names = (f"m{run}", f"M{run}" if run % 2 else f"m{run}")
        started = [node.start("gt", "crew", "add", name, "--json") for name in names]
        found = [json.loads(process.communicate(timeout=60)[0]) for process in started]
        lost = [one["error"]["code"] for one in found if one["error"]]
        assert len(lost) == 1, found
        assert lost[0] in ("crew.there", "crew.adding")
    members = node.data("gt", "crew", "list", "--all")["crew"]
    assert len(members) == 6
    assert sorted(one["name"] for one in members) == sorted(
        path.name for path in Path(node.root / "api" / "crew").iterdir()
    )


def test_a_folder_that_was_removed_under_the_caller_is_said_to_be_gone(node):
    """A shell that stands in a folder that is no more gets an answer, not a broken program."""
    gone = node.root / "gone"
    gone.mkdir()
    prelude = f"import os; os.chdir({str(gone)!r}); os.rmdir({str(gone)!r})"
    node.prompt.env["PWD"] = str(gone)
    for _ in ("node", "cold"):
        gone.mkdir(exist_ok=True)
        done = node.prompt.spawn("gt", "rig", "list", "--json", prelude=prelude)
        assert json.loads(done.stdout)["schema"] == "gt.v1.rigs", done.stderr
        node.down()
