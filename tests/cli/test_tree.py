import json
import shlex
from pathlib import Path

import pytest
import typer

from cli.about import EXIT_CODES
from cli.app import ALIASES, PLACES, SECTIONS, command_tree, run
from cli.context import Call
from tests.cli.paper import Paper

# What issue and README promise; a command that is missing here is missing for a script.
PROMISED = {
    *("init", "up", "down", "status", "show", "post", "update", "browse", "claim", "unclaim"),
    *("renew", "done", "grant", "accept", "reject", "close", "withdraw", "delete", "note"),
    *("bids", "wait", "me", "profile", "leaderboard", "stamp", "sync", "peer", "invite", "join"),
    *("leave", "list", "create", "admit", "policy", "account", "device", "key", "verify"),
    *("doctor", "log", "diff", "export", "import", "config", "demo", "version", "completion"),
}
UNDER = {
    "stamp": {"give", "revoke", "list"},
    "peer": {"add", "remove", "list", "ping"},
    "device": {"add", "list", "revoke", "join"},
    "key": {"backup", "restore", "rotate"},
    "config": {"get", "set", "list", "unset"},
}


ALIAS_WORDS = {("stamps",): ("stamp", "list")}  # an alias shows the examples of what it stands for


def no_town(call):
    raise AssertionError("help opens no ledger")


def invoke(*argv, town=no_town, stdin=b""):
    paper = Paper(stdin)
    call = Call(
        argv=argv, cwd=Path("/"), env={}, terminal=paper, tty=(False, False, False), town=town,
        columns=100, home="/nowhere",
    )  # fmt: skip
    return run(call), paper


def walk(command, path=()):
    """Every command of the tree with the words that name it."""
    root = typer.Context(command_tree(), obj=None)
    names = command.list_commands(root) if hasattr(command, "list_commands") else ()
    if not names:
        yield path, command
    for name in names:
        yield from walk(command.get_command(root, name), (*path, name))


ALL = dict(walk(command_tree()))


def test_every_promised_command_is_there():
    """The names that scripts rely on, and those under them."""
    top = {path[0] for path in ALL}
    assert top >= PROMISED
    for name, under in UNDER.items():
        assert {path[1] for path in ALL if path[0] == name} == under


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_a_command_explains_itself_with_examples_that_parse(path):
    """`--help` has a sentence, every option has one, and each example is a line of this command."""
    code, paper = invoke(*path, "--help")
    text = paper.text
    assert code == 0
    assert "Examples:" in text
    shown = text[text.index("Examples:") :].split("\n")[1:]
    lines = [line.strip() for line in shown if line.strip()]
    assert lines
    name = " ".join(path)
    alias = {"delete": "withdraw", "charsheet": "profile", "stamps": "stamp list"}
    assert all(f"wl {name}" in line or f"wl {alias.get(name)}" in line for line in lines)
    command = ALL[path]
    assert all(getattr(param, "help", None) for param in command.params)


def options_of(path):
    command = ALL[path]
    context = typer.Context(command, obj=None)
    return {word for param in command.get_params(context) for word in param.opts}


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_an_example_uses_only_options_that_exist(path):
    """What help shows can be typed."""
    lines = ALL[path].callback.examples
    known = options_of(path)
    for line in lines:
        words = shlex.split(line.split(" | jq")[0].split(" > ")[0], comments=False)
        start = words.index("wl") + 1 + len(ALIAS_WORDS.get(path, path))
        own = words[start:]
        for stopper in ("&&", "<", "|"):
            own = own[: own.index(stopper)] if stopper in own else own
        assert {word for word in own if word[0] == "-" and len(word) > 1} <= known


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_has_the_shared_options(path):
    """--json, --home, -q, -v and --yes mean the same everywhere."""
    assert {"--json", "--home", "-q", "-v", "--yes", "--help"} <= options_of(path)


def test_help_names_what_is_missing_on_purpose():
    """`wl --help` ends with it, and lists no alias and nothing that does not exist."""
    code, paper = invoke("--help")
    assert code == 0
    assert paper.text.rstrip().endswith("not here on purpose: infer, hosted mode")
    assert not {"delete", "charsheet", "stamps"} & set(paper.text.split())
    assert not [line for line in paper.text.splitlines()[1:] if line.endswith("...")], "cut short"


def test_the_sections_of_help_hold_every_command_once():
    """No command is hidden by being in no section."""
    listed = [name for names in SECTIONS.values() for name in names]
    there = [name for names in PLACES.values() for name in names]
    assert sorted(listed) == sorted(there)
    assert not set(ALIASES) & set(listed)


def test_the_exit_codes_can_be_looked_up():
    """`wl help exits` lists 0 to 9 and 130, in words and as JSON."""
    code, paper = invoke("help", "exits", "--json")
    assert code == 0
    assert set(json.loads(paper.text)["data"]) == {str(code) for code, _ in EXIT_CODES}
    assert [code for code, _ in EXIT_CODES] == [*range(10), 130]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_command(shell):
    """The script holds each command's name and asks nothing of a node."""
    code, paper = invoke("completion", shell)
    assert code == 0
    assert all(name in paper.text for name in PROMISED if name not in ALIASES)


@pytest.mark.parametrize(
    "argv",
    [
        ("nothing",),
        ("claim",),
        ("post",),
        ("accept", "w-1", "--quality", "9"),
        ("up", "--port", "x"),
    ],
)
def test_a_line_that_is_no_command_is_exit_2_and_json_where_asked(argv):
    """A usage error has code `usage`, in words on stderr and as an envelope on stdout."""
    code, paper = invoke(*argv)
    assert code == 2
    assert paper.text == ""
    assert paper.talk.startswith("error   usage")
    code, paper = invoke(*argv, "--json")
    assert code == 2
    assert json.loads(paper.text)["error"]["code"] == "usage"
    assert paper.talk == ""
