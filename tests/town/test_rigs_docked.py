"""A docked project rests: its workers' sessions end, their work stays, and others go on."""

import json

import pytest

from tests.living import alive
from tests.town.prompt import Prompt

pytestmark = pytest.mark.slow


def agents(prompt: Prompt) -> dict[str, dict]:
    """Everybody, by address."""
    found = prompt.json("gt", "agents", "--all")["data"]["agents"]
    return {one["agent"]: one for one in found}


@pytest.fixture
def bead(prompt, town) -> str:
    """A bead on a worker's hook, in a town whose agents sleep; there is a member of the crew."""
    prompt.at = town.parent
    prompt.repository("origin")
    prompt.at = town
    worker = {"command": "sh", "args": ["-c", "sleep 600"], "prompt_mode": "none"}
    settings = {"session": {"provider": "process"}, "default_agent": "w", "agents": {"w": worker}}
    (town / "settings/config.json").write_text(json.dumps(settings))
    assert prompt.gt("rig", "add", "api", "../origin.git").code == 0
    assert prompt.gt("crew", "add", "max").code == 0
    made = prompt.bd("create", "work", "--rig", "api", "--silent").text.strip()
    assert prompt.gt("sling", made, "api").code == 0
    return made


def test_docking_ends_the_sessions_of_workers_and_counts_no_attempt(prompt, bead):
    """The worker's program is gone, its bead on its hook; a member of the crew goes on."""
    [ash] = [name for name in agents(prompt) if "/polecats/" in name]
    try:
        for who in (ash, "api/crew/max"):
            told = prompt.json("gt", "session", "start", who)
            assert told["exit"] == 0, told
        pid = agents(prompt)[ash]["session"]["pid"]
        told = prompt.json("gt", "rig", "dock", "api")
        assert (told["data"]["state"], told["data"]["stopped"]) == ("docked", [ash])
        assert not alive(pid)
        after = agents(prompt)
        assert (after[ash]["runs"], after[ash]["bead"]) == (False, bead)
        assert after["api/crew/max"]["runs"] is True
        [shown] = json.loads(prompt.bd("show", bead, "--json").text)
        assert shown.get("attempts", 0) == 0
        assert prompt.gt("rig", "dock", "api").code == 0
        assert prompt.refused("rig", "start", "api") == (1, "rig.docked")
        assert prompt.done("rig", "stop", "api")["rigs"][0]["state"] == "docked"
        assert prompt.gt("rig", "undock", "api").code == 0
    finally:
        prompt.gt("stop", "--all")


def test_a_project_is_stopped_and_started_with_its_workers(prompt, bead):
    """Parked, its workers ended; at work again; one name that is none stops no other."""
    [ash] = [name for name in agents(prompt) if "/polecats/" in name]
    try:
        assert prompt.json("gt", "session", "start", ash)["exit"] == 0
        told = prompt.json("gt", "rig", "stop", "api", "web", "--force")
        assert (told["exit"], told["error"]["code"]) == (3, "id.rig")
        assert told["data"]["rigs"] == [{"name": "api", "state": "parked", "stopped": [ash]}]
        assert agents(prompt)[ash]["runs"] is False
        begun = prompt.json("gt", "rig", "start", "api")
        assert begun["data"]["rigs"][0]["state"] == "operational"
        assert begun["next"][0]["cmd"] == ["gt", "up"]
        assert "at work already" in prompt.gt("rig", "restart", "api").text
        would = prompt.done("rig", "reset", "api", "--dry-run")
        assert (would["done"], would["beads"], would["handoffs"]) == (False, [], [])
        assert prompt.gt("rig", "reset").text == "nothing is left over in api\n"
        check_shown(prompt, ash, bead)
    finally:
        prompt.gt("stop", "--all")


def check_shown(prompt: Prompt, ash: str, bead: str) -> None:
    """Who runs, what for, and what workers are called, as the project's own lines have it."""
    assert prompt.json("gt", "session", "start", ash)["exit"] == 0
    status = prompt.done("rig", "status")
    [worker] = [one for one in status["agents"] if one["address"] == ash]
    assert (worker["runs"], worker["hook_bead"]) == (True, bead)
    assert worker["convoy"] == prompt.done("convoy", "list")["convoys"][0]["id"]
    assert f"agent   ● {ash}" in prompt.gt("rig", "status", "api").text
    assert prompt.gt("crew", "list").text.startswith("○ api/crew/max")
    assert prompt.refused("polecat", "nuke", "api", "--all") == (1, "polecat.busy")
    name = ash.rpartition("/")[2]
    pool = prompt.done("namepool", "set", "minerals")
    assert (pool["theme"], name in pool["taken"]) == ("minerals", name in pool["names"])
    own = prompt.done("namepool", "add", "amos", "quartz")
    assert (own["theme"], own["names"][-1]) == (None, "amos")
    assert prompt.refused("namepool", "add", "witness") == (2, "name.bad")
    assert prompt.refused("namepool", "set", "flowers") == (2, "usage")
    assert prompt.done("namepool", "reset")["names"] != own["names"]
    assert "minerals" in prompt.gt("namepool", "themes").text
