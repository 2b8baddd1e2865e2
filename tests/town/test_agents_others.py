"""Scenario 46: a town ends what is its own, and nothing of another town or of the person."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.living import alive
from tests.town.prompt import Prompt
from tests.town.towns import repository
from town.workspace.files import write_json

pytestmark = pytest.mark.slow
PROVIDERS = [
    "process",
    pytest.param("tmux", marks=pytest.mark.skipif(not shutil.which("tmux"), reason="no tmux")),
]


def town_at(folder: Path, provider: str) -> Prompt:
    """A town of its own, whose agents are a program called `claude`."""
    prompt = Prompt(folder)
    prompt.env["PATH"] = f"{folder.parent / 'bin'}:{os.environ['PATH']}"
    root = prompt.at / "gt"
    assert prompt.gt("install", str(root)).code == 0
    prompt.at = root
    write_json(root / "settings" / "config.json", {"session": {"provider": provider}})
    return prompt


@pytest.fixture
def claude(tmp_path) -> Path:
    """A program called `claude` in a folder that comes first on PATH."""
    program = tmp_path / "bin" / "claude"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec sleep 120\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_not_the_towns_is_left_running(tmp_path, claude, provider):
    """Stopping, mending and `gt down` of one town: the other's mayor and the person's go on."""
    one, two = (town_at(tmp_path / name, provider) for name in ("one", "two"))
    pids = [prompt.json("gt", "mayor", "start")["data"]["session"]["pid"] for prompt in (one, two)]
    mine = tmux(tmp_path)
    with subprocess.Popen([str(claude)], start_new_session=True) as persons:
        try:
            assert one.gt("agents", "fix").code == 0
            assert one.gt("mayor", "stop").code == 0
            first = one.json("gt", "mayor", "start")["data"]["session"]["pid"]
            down = one.line("gt", "down")
            assert (down["exit"], down["data"]["left"]) == (0, [])
            assert not alive(pids[0])
            assert not alive(first)
            assert alive(pids[1])
            assert two.json("gt", "mayor", "status")["data"]["session"]["runs"]
            assert persons.poll() is None
            if mine:
                subprocess.run([*mine, "has-session", "-t", "hq-mayor"], check=True)
        finally:
            persons.kill()
            two.gt("mayor", "stop")
            if mine:
                subprocess.run([*mine, "kill-server"], check=False)


def tmux(folder: Path) -> list[str]:
    """The person's own tmux, in which a session has the name of one of ours."""
    if not shutil.which("tmux"):
        return []
    words = ["tmux", "-S", str(folder / "mine"), "-f", "/dev/null"]
    subprocess.run([*words, "new-session", "-d", "-s", "hq-mayor", "sleep 120"], check=True)
    return words


def test_an_agent_in_ones_own_place_is_begun_and_ended(tmp_path, claude):
    """`gt crew start|restart|stop`, by name and from the place itself; the clone stays as it is."""
    prompt = town_at(tmp_path / "here", "process")
    assert prompt.gt("rig", "add", "api", str(repository(tmp_path)), "--prefix", "ap").code == 0
    assert prompt.gt("crew", "add", "ann", "--rig", "api").code == 0
    root = prompt.at
    first = prompt.json("gt", "crew", "start", "ann")["data"]["session"]
    assert (first["agent"], first["name"]) == ("api/crew/ann", "ap-crew-ann")
    assert first["cwd"] == str(root / "api" / "crew" / "ann")
    assert (root / "api" / "crew" / ".claude" / "settings.json").is_file()
    assert prompt.git("status", "--porcelain", at=root / "api" / "crew" / "ann") == ""
    prompt.at = root / "api" / "crew" / "ann"
    again = prompt.json("gt", "crew", "restart")["data"]["session"]
    assert again["agent"] == "api/crew/ann"
    assert prompt.refused("crew", "at", "ann") == (1, "session.failed")
    assert prompt.gt("crew", "stop").text == "✓ api/crew/ann  stopped\n"
    prompt.at = root
    assert prompt.refused("crew", "start", "bob")[0] == 3
    assert not alive(again["pid"])
