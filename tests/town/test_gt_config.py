"""`gt config`, `gt rig config` and `gt rig settings`, as they are typed."""

import json

import pytest

from tests.town.prompt import Prompt
from town.workspace.settings import RigSettings, TownSettings, keys_of


@pytest.fixture
def rigged(prompt) -> Prompt:
    """Somebody in a town with the rig `api`."""
    prompt.repository("source")
    assert prompt.gt("install", "gt").code == 0
    prompt.at /= "gt"
    assert prompt.gt("rig", "add", "api", "../source.git").code == 0
    return prompt


def test_settings_are_got_set_listed_and_unset(prompt, town):
    """The value is what was typed, also -1; back to the default by `unset`."""
    assert prompt.gt("config", "get", "default_agent").text == "claude\n"
    assert prompt.gt("config", "set", "default_agent", "codex").text == "default_agent = codex\n"
    assert prompt.gt("config", "set", "scheduler.max_polecats", "-1").code == 0
    assert prompt.json("gt", "config", "get", "scheduler.max_polecats")["data"]["value"] == -1
    listed = prompt.json("gt", "config", "list")["data"]["settings"]
    assert [one["key"] for one in listed] == keys_of(TownSettings)
    layers = {one["key"]: one["layer"] for one in listed}
    assert (layers["default_agent"], layers["cli_theme"]) == ("town", "default")
    lines = [line.split() for line in prompt.gt("config", "list").text.splitlines()]
    assert ["default_agent", "town", "codex"] in lines
    said = prompt.json("gt", "config", "unset", "default_agent")["data"]
    assert (said["value"], said["changed"]) == ("claude", True)
    assert prompt.json("gt", "config", "unset", "default_agent")["data"]["changed"] is False


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["config", "get", "nope"], (2, "setting.unknown")),
        (["config", "set", "default_agnt", "x"], (2, "setting.unknown")),
        (["config", "unset", "scheduler"], (2, "setting.unknown")),
        (["config", "set", "scheduler.batch_size", "0"], (2, "setting.value")),
        (["config", "set", "cli_theme", "pink"], (2, "setting.value")),
        (["config", "set", "cli_theme"], (2, "usage")),
        (["rig", "config", "show", "nope"], (3, "id.rig")),
        (["rig", "config", "set", "nope", "agent", "x"], (3, "id.rig")),
        (["rig", "config", "set", "../mayor", "agent", "x"], (3, "id.rig")),
        (["rig", "config", "set", "api", "default_agent", "x"], (2, "setting.unknown")),
        (["rig", "config", "set", "api", "namepool.max", "none"], (2, "setting.value")),
        (["rig", "settings", "nope"], (3, "id.rig")),
    ],
)
def test_what_cannot_be_changes_no_file(rigged, argv, code):
    """Unknown keys, values that cannot be, rigs that are not there."""
    before = {path: path.read_bytes() for path in rigged.at.rglob("config.json")}
    assert rigged.refused(*argv) == code
    assert {path: path.read_bytes() for path in rigged.at.rglob("config.json")} == before


def test_an_unknown_key_is_answered_with_those_near_it(prompt, town):
    """A person reads what they may have meant; a program has it as a list."""
    said = prompt.gt("config", "set", "scheduler.max_polecat", "3")
    assert "scheduler.max_polecats" in said.talk
    error = prompt.json("gt", "config", "get", "schedular.batch_size")["error"]
    assert error["near"][0] == "scheduler.batch_size"
    far = prompt.json("gt", "config", "get", "xyzzy")["error"]
    assert (far["message"], far["near"]) == ("no setting is called 'xyzzy'", [])


def test_outside_of_a_town_it_says_how_to_make_one(prompt):
    """gt speaks of towns, bd of beads, too."""
    error = prompt.json("gt", "status")["error"]
    assert error["message"] == f"{prompt.at} is in no town"
    assert error["try"] == [["gt", "install", "~/gt"]]
    assert "bd init" in prompt.bd("list").talk


def test_a_rigs_settings_count_before_the_towns(rigged):
    """`show` says which layer counts, `--layers` what it overrules; `settings` prints the file."""
    rigged.gt("config", "set", "default_agent", "gemini")
    shown = rigged.json("gt", "rig", "config", "show", "api")["data"]["settings"]
    assert [one["key"] for one in shown] == keys_of(RigSettings)
    agent = next(one for one in shown if one["key"] == "agent")
    assert (agent["value"], agent["layer"]) == ("gemini", "town")
    assert rigged.gt("rig", "config", "set", "api", "agent", "amp").code == 0
    gate = ("merge_queue.gates.test.cmd", "make -k test")
    assert rigged.gt("rig", "config", "set", "api", *gate).code == 0
    layers = rigged.gt("rig", "config", "show", "api", "--layers").text
    lines = layers.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("agent "))
    assert lines[at].split() == ["agent", "rig", "amp"]
    assert lines[at + 1].strip() == "└─ town says gemini"
    file = rigged.json("gt", "rig", "settings", "api")["data"]["file"]
    assert file["agent"] == "amp"
    assert file["merge_queue"] == {"gates": {"test": {"cmd": "make -k test"}}}
    assert '"agent": "amp"' in rigged.gt("rig", "settings", "api").text
    assert rigged.gt("rig", "config", "unset", "api", "agent").code == 0
    assert "agent" not in rigged.json("gt", "rig", "settings", "api")["data"]["file"]
    (rigged.at / "api/settings/config.json").unlink()
    assert "by default" in rigged.gt("rig", "settings", "api").text


def test_settings_are_read_while_another_command_has_the_database(prompt, town):
    """They lie in a file: no lock of the town is taken for them."""
    from town.node.home import Home  # noqa: PLC0415
    from town.node.lifecycle import town_lock  # noqa: PLC0415

    with town_lock(Home(town / ".wasteland"), doing="something long"):
        assert prompt.gt("config", "get", "default_agent").code == 0
        assert prompt.gt("config", "set", "default_agent", "pi").code == 0
    assert json.loads((town / "settings/config.json").read_text())["default_agent"] == "pi"
