"""The scripted agent: a shell script that works as any agent does, from its hook to `gt done`."""

import os
from pathlib import Path

import pytest

from tests.town.prompt import Prompt
from tests.town.running import RunningTown, running_town
from tests.town.towns import git, repository
from tests.waiting import until
from town.workspace.files import write_json

pytestmark = pytest.mark.slow
AGENT = Path(__file__).with_name("agent.sh")


@pytest.fixture
def town(tmp_path):
    """A running town with a project whose agents are the script."""
    prompt = Prompt(tmp_path)
    root = prompt.at / "gt"
    assert prompt.gt("install", str(root)).code == 0
    prompt.at = root
    assert prompt.gt("rig", "add", "api", str(repository(tmp_path)), "--prefix", "ap").code == 0
    told = {
        "default_agent": "fake",
        "agents": {"fake": {"command": str(AGENT), "args": []}},
        "session": {"provider": "process"},
    }
    write_json(root / "settings" / "config.json", told)
    queue = {"merge_queue": {"batch": {"batch_wait_time": "0s"}}}
    write_json(root / "api" / "settings" / "config.json", queue)
    prompt.env["AGENT_JOURNAL"] = str(tmp_path / "journal")
    prompt.env["PATH"] = f"{programs(tmp_path / 'bin', prompt)}:{os.environ['PATH']}"
    with running_town(prompt, root) as found:
        yield found
        prompt.spawn("gt", "down")


def programs(folder: Path, prompt: Prompt) -> Path:
    """`gt` and `bd` of this tree, as a session finds them."""
    folder.mkdir()
    for name in ("gt", "bd"):
        words = " ".join(f"'{word}'" for word in prompt.command(name)[:1])
        code = f"import cli.launcher, sys; cli.launcher.main({name!r})"
        (folder / name).write_text(f'#!/bin/sh\nexec {words} -c "{code}" "$@"\n')
        (folder / name).chmod(0o755)
    return folder


def sling(town: RunningTown, args: str) -> str:
    """A bead that was given to a worker with this script."""
    bead = town.json("bd", "create", "Write it", "--rig", "api")["id"]
    slung = town.json("gt", "sling", bead, "api", "--args", args)
    assert slung["exit"] == 0, slung
    return bead


def journal(town: RunningTown) -> list[list[str]]:
    """Who began: pid, session, bead, attempt."""
    path = Path(town.prompt.env["AGENT_JOURNAL"])
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def test_a_script_is_a_whole_agent(town, tmp_path):
    """It writes, commits and hands in; its work reaches main in its own name."""
    bead = sling(town, "write docs/a.txt hello there; commit Say hello; done")
    origin = tmp_path / "origin.git"
    until(lambda: "Say hello" in git(origin, "log", "--format=%s", "main"))
    author, email = (
        git(origin, "log", "-1", "--format=%an|%ae", "--grep=Say hello", "main").strip().split("|")
    )
    assert author.startswith("api/polecats/")
    assert email == "ada@example.org"
    assert git(origin, "show", "main:docs/a.txt") == "hello there\n"
    [[_, session, worked, attempt]] = journal(town)
    assert (worked, attempt) == (bead, "1")
    listed = town.json("gt", "seance")["data"]["sessions"]
    assert [(one["id"], one["bead"]) for one in listed] == [(session, bead)]
    said = town.run("gt", "seance", "--talk", session, "-p", "What was asked for?")[1]
    assert "> write docs/a.txt hello there; commit Say hello; done" in said


def test_a_script_that_kills_itself_once_is_begun_again_where_it_was(town, tmp_path):
    """Same worktree, same branch, the second attempt; what it had written is there."""
    bead = sling(town, "run echo x >> kept.txt; commit One; die9 1; run wc -l < kept.txt; done")
    origin = tmp_path / "origin.git"
    until(lambda: "One" in git(origin, "log", "--format=%s", "main"))
    began = journal(town)
    assert [(one[2], one[3]) for one in began] == [(bead, "1"), (bead, "2")]
    assert git(origin, "show", "main:kept.txt") == "x\nx\n"
    assert len({one[1] for one in began}) == 2
