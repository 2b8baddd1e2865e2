"""What docs/beads.md and README say of `bd` is what `bd` has."""

import re
from contextlib import closing

from cli.app import command_tree
from tests.cli.beads import TypedBeads
from tests.house.tree import ROOT

BEADS = (ROOT / "docs" / "beads.md").read_text("utf-8")


def commands():
    """Every command of the tree, with the words below it."""
    root = command_tree("bd")
    return {name: root.get_command(None, name) for name in root.list_commands(None)}


def test_every_command_stands_in_the_table_and_every_line_of_it_is_a_command():
    """Nobody reads of what is not there, and nothing is there that nobody reads of."""
    rows = [line for line in BEADS.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([a-z-]+)`", row.split("|")[1])}
    assert named == set(commands())


def test_what_is_said_not_to_be_here_is_not_here():
    """A command that comes later takes itself off that list."""
    missing = re.findall(r"`([a-z-]+)`", BEADS[BEADS.index("Not here:") :])
    assert not set(missing) & set(commands())


def test_options_in_the_table_are_options_of_their_command():
    """Each `--word` of a row belongs to a command of that row, or to one below it."""
    for row in (line for line in BEADS.splitlines() if line.startswith("| `")):
        names = re.findall(r"`([a-z-]+)`", row.split("|")[1])
        found = [commands()[name] for name in names]
        found += [sub for one in found for sub in getattr(one, "commands", {}).values()]
        known = {
            flag
            for one in found
            for param in [*one.params, *one.extra]
            for flag in (*param.opts, *param.secondary_opts)
        }
        for flag in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", row):
            assert flag in known, (names, flag)


def test_the_first_commands_work_as_they_stand_there(tmp_path):
    """Create, ready, claim, close, with the id that create printed."""
    lines = re.findall(r"^bd (?!init)(.*?)(?:\s+#.*)?$", BEADS, re.MULTILINE)[:4]
    assert [line.split()[0] for line in lines] == ["create", "ready", "update", "close"]
    with closing(TypedBeads(tmp_path)) as beads:
        bead = ""
        for line in lines:
            words = [a or b for a, b in re.findall(r'"([^"]*)"|(\S+)', line)]
            told = beads.json(*(bead if word == "gt-x7k2m" else word for word in words))
            bead = told["id"] if isinstance(told, dict) else bead
        assert beads.json("show", bead)[0]["status"] == "closed"
