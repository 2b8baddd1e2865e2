"""`gt shutdown` told as a person means it: agents first, the crew left alone, workers only."""

import json
from pathlib import Path

import pytest

from tests.town.prompt import Prompt
from tests.waiting import LONG_S

pytestmark = pytest.mark.slow

# Told that it ends, it says what it heard, hands on, and would go on for long.
LISTENER = """#!/bin/sh
while read -r line; do
  case "$line" in *"shut down"*) echo "$line" > {heard}; gt handoff -m "the parser";; esac
done
"""


@pytest.fixture
def heard(prompt: Prompt, town: Path) -> Path:
    """Where a worker with work writes what it heard; a member of the crew has a session too."""
    prompt.at = town.parent
    prompt.repository("origin")
    prompt.at = town
    heard, script = town.parent / "heard", town.parent / "listener.sh"
    script.write_text(LISTENER.format(heard=heard))
    listener = {"command": "sh", "args": [str(script)], "prompt_mode": "none"}
    told = {"session": {"provider": "process"}, "default_agent": "w", "agents": {"w": listener}}
    (town / "settings/config.json").write_text(json.dumps(told))
    assert prompt.gt("rig", "add", "api", "../origin.git", "--prefix", "ap").code == 0
    assert prompt.gt("crew", "add", "max").code == 0
    bead = prompt.bd("create", "work", "--rig", "api", "--silent").text.strip()
    [slung] = prompt.done("sling", bead, "api")["slung"]
    for who in (slung["agent"], "api/crew/max"):
        assert prompt.json("gt", "session", "start", who)["exit"] == 0
    return heard


def running(prompt: Prompt) -> list[str]:
    """Whoever has a session that runs."""
    found = prompt.done("session", "list")["sessions"]
    return sorted(one["agent"] for one in found if one["runs"])


def test_workers_are_told_and_ended_and_the_crew_goes_on_until_it_is_meant(prompt, heard):
    """--graceful is heard and waited for; only --all ends the crew; nothing unsaved is removed."""
    [ash, crew] = sorted(running(prompt), key=lambda who: "/crew/" in who)
    try:
        assert prompt.refused("shutdown", "--nuclear") == (2, "command.elsewhere")
        assert prompt.refused("shutdown", "--all", "--polecats-only") == (2, "usage")
        assert prompt.refused("shutdown") == (2, "usage.needs_yes")
        would = prompt.gt("shutdown", "--dry-run").text
        assert f"goes on     session {name_of(prompt, crew)}" in would
        wait = ("--graceful", "--wait", str(int(LONG_S)))
        told = prompt.gt("shutdown", "--polecats-only", *wait, "--yes")
        assert told.code == 0, told.talk
        assert f"✓ ready   {ash}" in told.text
        assert "The town is being shut down" in heard.read_text("utf-8")
        env = {"GT_ROLE": ash, "GT_SESSION_ID": "next"}
        assert prompt.gt("prime", "--state", env=env).text == "post-handoff\n"
        assert running(prompt) == [crew]
        [kept] = prompt.done("shutdown", "--force")["kept"]
        assert (prompt.at / kept).is_dir()
        assert running(prompt) == [crew]
        ended = prompt.done("shutdown", "--all", "--yes")
        assert (ended["left"], ended["crew"], len(ended["sessions"])) == ([], [], 1)
    finally:
        prompt.gt("stop", "--all")


def name_of(prompt: Prompt, who: str) -> str:
    """What the session of this agent is called."""
    found = prompt.done("session", "list")["sessions"]
    return next(one["name"] for one in found if one["agent"] == who)


def test_a_member_of_the_crew_is_begun_anew_and_told_why(prompt, heard):
    """`refresh` leaves a word for the next session; `at --no-tmux` only says where the place is."""
    del heard
    before = prompt.done("session", "status", "api/crew/max")["session"]
    try:
        assert prompt.gt("crew", "at", "max", "--no-tmux").text.strip().endswith("api/crew/max")
        again = prompt.done("crew", "refresh", "max", "-m", "tests next")["session"]
        assert (again["agent"], again["topic"]) == ("api/crew/max", "handoff")
        assert again["pid"] != before["pid"]
        env = {"GT_ROLE": "api/crew/max", "GT_SESSION_ID": again["id"]}
        assert "tests next" in prompt.gt("prime", env=env).text
        assert prompt.gt("crew", "stop", "--all", "--dry-run").text == "would stop api/crew/max\n"
        assert prompt.done("crew", "stop", "--all", "--rig", "api")["stopped"] == ["api/crew/max"]
        assert prompt.refused("crew", "refresh", "max") == (3, "session.rests")
        assert prompt.refused("crew", "stop", "max", "--all") == (2, "usage")
        assert prompt.gt("crew", "restart", "--all").text == "• nobody of the crew has a session\n"
    finally:
        prompt.gt("stop", "--all")
