"""The town begun with its people, ended, and put away: `gt up --restore start stop shutdown`."""

import pytest

from tests.town.living import WORKER, living_town
from tests.waiting import until
from town.crew.startup import named_in

THERE = ("max", "Ann", "joe")


@pytest.mark.parametrize(
    ("said", "found", "unknown"),
    [
        ("", [], []),
        ("none", [], []),
        ("all", ["Ann", "joe", "max"], []),
        ("max and joe", ["max", "joe"], []),
        ("joe, ann; max", ["joe", "Ann", "max"], []),
        ("max, bob max", ["max"], ["bob"]),
        ("ALL", ["Ann", "joe", "max"], []),
    ],
)
def test_who_is_begun_is_what_a_person_would_mean(said, found, unknown):
    """All, none, or names in any of the ways that people list names; each once."""
    assert named_in(said, THERE) == (found, unknown)


def check_begun(town):
    """Whoever the settings name is begun and nobody else; an unknown name stops nobody."""
    sitter = {"command": "sleep", "args": ["1000"], "prompt_mode": "none"}
    agents = {"worker": WORKER, "sitter": sitter}
    crew = {"max": "sitter", "joe": "sitter"}
    told = {"agents": agents, "crew_agents": crew, "role_agents": {"mayor": "sitter"}}
    town.write("settings/config.json", told)
    town.done("crew", "add", "max", "joe", "--rig", "api")
    town.done("rig", "config", "set", "api", "crew.startup", "max and bob")
    town.prompt.counted = True
    up = town.done("up", "--port", "0", "--restore")
    town.prompt.counted = False
    (begun,) = up["data"]["begun"]
    assert [one["agent"] for one in begun["sessions"]] == ["api/crew/max"]
    assert up["warn"] == ["crew.startup of api names bob, who is not there"]
    town.done("start")
    living = {one["agent"] for one in town.done("session", "list")["data"]["sessions"]}
    assert living == {"api/crew/max", "mayor"}
    assert town.gt("start", "crew", "api/nobody")["exit"] == 3
    assert town.gt("stop")["exit"] == 2
    assert town.done("stop", "--rig", "api")["data"]["stopped"] == ["api/crew/max"]


def check_put_away(town):
    """What is merged is removed; what is in hand or lies nowhere else outlives the shutdown."""
    trees = town.prompt.at / "api" / "polecats"
    busy = town.bead("Busy", "write b.txt b; hang")
    merged = town.bead("Merged", "write a.txt a; commit A; done")
    until(lambda: town.closed(merged))
    until(lambda: list(trees.glob("*/api/b.txt")))
    (dirty,) = trees.glob("*/api/b.txt")
    would = town.done("down", "--dry-run")["data"]
    assert len(would["sessions"]) == 2
    assert town.is_up()
    assert town.gt("shutdown")["error"]["code"] == "usage.needs_yes"
    told = town.done("shutdown", "--yes")["data"]
    assert (told["left"], town.is_up(), town.left()) == ([], False, [])
    assert [town.prompt.at / path for path in told["kept"]] == [dirty.parent]
    assert len(told["removed"]) == 1
    assert list(trees.glob("*/api")) == [dirty.parent]
    assert dirty.read_text("utf-8") == "b\n"
    assert town.show(busy)["status"] == "in_progress"


@pytest.mark.slow
def test_a_town_is_begun_with_its_crew_and_put_away_without_losing_anything(tmp_path):
    """Scenario 45: up --restore, start, stop, shutdown; no process is left, dirty work is kept."""
    with living_town(tmp_path) as town:
        check_begun(town)
        check_put_away(town)
