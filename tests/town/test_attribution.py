"""Who did something is one and the same in rows, events and answers, however it was typed."""

import json
from pathlib import Path

import pytest

from tests.town.prompt import Prompt


@pytest.fixture
def rig(prompt, town) -> Path:
    """The folder of a rig with a member of its crew; the town's person has an email address."""
    prompt.at = town.parent
    prompt.repository("origin")
    prompt.at = town
    assert prompt.gt("rig", "add", "api", "../origin.git").code == 0
    assert prompt.gt("crew", "add", "max").code == 0
    return town / "api"


def events(town: Path) -> list[dict]:
    """What the town's file of events says."""
    return [json.loads(line) for line in (town / ".events.jsonl").read_text().splitlines()]


def made(prompt: Prompt, *argv: str, **more) -> dict:
    """The bead that was made."""
    found = json.loads(prompt.bd("create", "work", *argv, "--json", **more).text)
    return found[0] if isinstance(found, list) else found


POLECAT = {"GT_ROLE": "polecat", "GT_RIG": "api", "GT_POLECAT": "t"}
CALLERS = {
    "the person": ("", {}, "overseer"),
    "a member": ("api/crew/max", {}, "api/crew/max"),
    "a worker": ("api/polecats/toast/api", {}, "api/polecats/toast"),
    "a role": ("", {"GT_ROLE": "api/witness"}, "api/witness"),
    "a bare role": ("", POLECAT, "api/polecats/t"),
    "an actor": ("api/crew/max", {"BD_ACTOR": "api/polecats/t"}, "api/polecats/t"),
    "a name": ("", {"BD_ACTOR": "Ada L."}, "Ada L."),
}  # fmt: skip


@pytest.mark.parametrize("who", CALLERS)
def test_created_by_and_the_events_actor_agree(prompt, town, rig, who):
    """Scenario 51: the row, the event and `gt whoami` name the same; the person owns the work."""
    folder, env, actor = CALLERS[who]
    prompt.at = town / folder
    prompt.at.mkdir(parents=True, exist_ok=True)
    bead = made(prompt, env=env)
    assert bead["created_by"] == actor
    assert bead["owner"] == "ada@example.org"
    told = [one for one in events(town) if one["type"] == "bead.created"][-1]
    assert told["actor"] == actor
    whoami = prompt.json("gt", "whoami", env=env)["data"]
    assert (whoami["address"], whoami["owner"]) == (actor, "ada@example.org")
    assert rig.is_dir()


def test_beads_have_the_prefix_of_where_they_are_made(prompt, town, rig):
    """In a rig's folder, with GT_RIG, --rig or --prefix they are the rig's, else the town's."""
    assert made(prompt)["id"].startswith("hq-")
    assert made(prompt, env={"GT_RIG": "api"})["id"].startswith("api-")
    assert made(prompt, "--rig", "api")["id"].startswith("api-")
    assert made(prompt, "--prefix", "api")["id"].startswith("api-")
    assert prompt.bd("create", "work", "--rig", "none").code == 3
    prompt.at = rig / "crew" / "max"
    bead = made(prompt)["id"]
    assert bead.startswith("api-")
    assert made(prompt, "--prefix", "hq")["id"].startswith("hq-")
    prompt.at = town
    assert bead in prompt.bd("show", bead).text


def test_whoever_stands_in_anothers_folder_is_warned(prompt, rig):
    """On standard error, so that programs read what they expect; not when it is quiet."""
    prompt.at = rig / "crew" / "max"
    env = {"GT_ROLE": "api/crew/emma"}
    said = prompt.gt("crew", "list", "--json", env=env)
    assert json.loads(said.text)["error"] is None
    assert "GT_ROLE says api/crew/emma, but this is the folder of api/crew/max" in said.talk
    assert "GT_ROLE" in prompt.bd("list", env=env).talk
    assert "GT_ROLE" not in prompt.bd("list", "--quiet", env=env).talk
    assert "GT_ROLE" not in prompt.gt("crew", "list", env={"GT_ROLE": "api/crew/max"}).talk
    whoami = prompt.json("gt", "whoami", env=env)
    assert (whoami["data"]["address"], whoami["data"]["known"]) == ("api/crew/emma", False)
    assert whoami["warn"] == ["the town knows nobody at api/crew/emma"]


def test_outside_of_a_town_there_is_nobody_to_be(prompt):
    """Without a town `gt whoami` is refused, and beads of a project are the user's."""
    assert prompt.refused("whoami") == (3, "town.none")
    assert prompt.bd("init", "--prefix", "px").code == 0
    assert made(prompt)["created_by"] == "ada"
    assert made(prompt, env={"BD_ACTOR": "bot"})["created_by"] == "bot"
