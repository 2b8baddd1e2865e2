"""The trees of `gt` and `bd`: each command explains itself, with examples that can be typed."""

import shlex
from importlib import import_module
from pathlib import Path

import pytest
import typer

from cli.app import command_tree, run
from cli.context import Call
from cli.later import OPTIONS, UNDER
from cli.launcher import HERE
from cli.worded import KINDS
from tests.cli.paper import Paper

PROGRAMS = ("gt", "bd")
# What the issue and the README promise of the workspace; others hold their own.
# What a group does without a word of its own.
FALLBACKS = {
    *(("comments", "list"), ("dep", "blocking"), ("state", "get"), ("worktree", "add")),
    ("graph", "show"),
}
UNLISTED = {"tap"}  # what the hooks of runtimes call
BD_WORDS = {"show", "close", "ready"}  # which gt passes on
PROMISED = {
    "gt": {
        *("install", "upgrade", "git-init", "uninstall", "status", "log", "config", "doctor"),
        *("info", "version", "help", "rig"),
    },
    "bd": {"init", "create", "show", "list", "ready", "update", "close", "reopen"},
}


def walk(command, path):
    """Every command of the tree with the words that name it."""
    root = typer.Context(command_tree(path[0]), obj=None)
    names = command.list_commands(root) if hasattr(command, "list_commands") else ()
    if not names:
        yield path, command
    for name in names:
        yield from walk(command.get_command(root, name), (*path, name))


EVERY = {path: one for program in PROGRAMS for path, one in walk(command_tree(program), (program,))}
# What only the town itself types, and what stands for something else, needs no words.
ALL = {path: one for path, one in EVERY.items() if not one.hidden}


def invoke(program, *argv):
    """What a line of the program printed, in no town."""
    paper = Paper()
    call = Call(
        argv=argv, cwd=Path("/"), env={}, terminal=paper, tty=(False, False, False),
        town=None, columns=100, program=program,
    )  # fmt: skip
    return run(call), paper


def options_of(path):
    """The options that a command takes."""
    context = typer.Context(ALL[path], obj=None)
    return {word for param in ALL[path].get_params(context) for word in param.opts}


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_a_command_explains_itself(path):
    """`--help` has a sentence, every option has one, and examples of this very command."""
    code, paper = invoke(*path, "--help")
    assert code == 0
    shown = paper.text[paper.text.index("Examples:") :].split("\n")[1:]
    lines = [line.strip() for line in shown if line.strip()]
    assert lines
    mine = ALL[path].callback.examples  # an alias has those of what it stands for
    names = [" ".join(other) for other, one in EVERY.items() if one.callback.examples == mine]
    names += [" ".join(path[:-1])] if path[1:] in FALLBACKS else []
    assert all(any(name in line for name in names) for line in lines), lines
    mute = [param.name for param in ALL[path].params if not getattr(param, "help", None)]
    assert mute == []
    assert ALL[path].help
    assert [kind for kind in KINDS if kind in paper.text] == []
    assert not {"{", "<"} & {*paper.text.split("\n\n")[0]}, paper.text


@pytest.mark.parametrize("program", ["wl", *PROGRAMS])
def test_a_list_of_commands_cuts_no_sentence_off(program):
    """Under each word that has commands, and of the program itself, as wide as a terminal is."""
    root = command_tree(program)
    context = typer.Context(root, obj=None)
    words = [name for name in root.places if hasattr(root.get_command(context, name), "commands")]
    assert words
    for path in ((), *((name,) for name in words)):
        code, paper = invoke(program, *path, "--help")
        listed = paper.text.partition("--yes")[2]
        assert code == 0
        assert [line for line in listed.split("\n") if line.endswith("...")] == []


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_an_example_uses_only_options_that_exist(path):
    """What help shows can be typed."""
    if ALL[path].context_settings.get("ignore_unknown_options") and path[1] in BD_WORDS:
        return  # its options are those of another program
    known = options_of(path)
    for line in ALL[path].callback.examples:
        words = shlex.split(line.split(" > ")[0].split(" | ")[0])
        start = words.index(path[0]) if path[0] in words else 0
        own = words[start + len(path) :]
        for stopper in ("&&", "<", "--"):
            own = own[: own.index(stopper)] if stopper in own else own
        options = {word.split("=")[0] for word in own if word.startswith("-") and word != "-"}
        assert {word for word in options if not word[1:].isdigit()} <= known


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_has_the_shared_options(path):
    """--json, --home, -q and --yes mean the same everywhere."""
    assert {"--json", "--home", "--yes", "--help"} <= options_of(path)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_sections_of_help_hold_every_command_once(program):
    """No command is hidden by being in no section, and none is promised and missing."""
    facts = import_module(f"cli.{program}.tree").PROGRAM
    listed = [name for names in facts.sections.values() for name in names]
    commands = [name for names in facts.places.values() for name in names]
    assert sorted(listed) == sorted(set(listed))
    root = command_tree(program)
    context = typer.Context(root, obj=None)
    hidden = {name for name in commands if root.get_command(context, name).hidden} | UNLISTED
    assert sorted(listed) == sorted(set(commands) - hidden)
    assert set(commands) >= PROMISED[program]
    assert HERE[program] - {"help", "version", "up", "down"} <= set(commands)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_word_that_is_no_command_is_a_usage_error(program):
    """Exit code 2, and nothing on standard output."""
    code, paper = invoke(program, "no-such-command")
    assert (code, paper.text) == (2, "")
    assert "no-such-command" in paper.talk


ABSENT = [
    (program, name, code)
    for program in ("wl", *PROGRAMS)
    for words, code in ((command_tree(program).later, 1), (command_tree(program).elsewhere, 2))
    for name in words
]


@pytest.mark.parametrize(("program", "name", "code"), ABSENT)
def test_a_word_of_what_is_not_here_says_so_and_does_nothing(program, name, code):
    """Later, or under another name: no success, the reason, and lines that are commands here."""
    root = command_tree(program)
    assert name not in root.places
    found, paper = invoke(program, name, "list", "--anything")
    assert (found, paper.text) == (code, "")
    assert f"{program} {name}" in paper.talk
    for line in (root.later.get(name) or root.elsewhere[name]).lines:
        assert line.split()[1] in (*command_tree(line.split()[0]).places, "--help")
    assert (name in invoke(program, "--help")[1].text) or code == 2


def _is_line(words):
    return any(tuple(words[:length]) in EVERY for length in range(2, len(words) + 1))


@pytest.mark.parametrize(
    ("group", "name"), [(group, name) for group, words in UNDER.items() for name in words]
)
def test_a_word_below_a_group_that_is_not_here_says_which_line_serves(group, name):
    """As for the first word: exit code 2, nothing done, and lines that are commands here."""
    assert (*group.split(), name) not in EVERY
    _, *words = group.split()
    code, paper = invoke("gt", *words, name, "x")
    assert (code, paper.text) == (2, "")
    assert f"there is no {group} {name}" in paper.talk
    for line in UNDER[group][name].lines:
        assert _is_line(line.split()), line


@pytest.mark.parametrize(
    ("line", "name"), [(line, name) for line, words in OPTIONS.items() for name in words]
)
def test_an_option_that_could_do_nothing_here_says_so(line, name):
    """Before anything is done: exit code 2, why, and lines that are commands here."""
    path = tuple(line.split())
    assert name not in {word for param in EVERY[path].params for word in param.opts}
    for said in (name, f"{name}=x"):
        code, paper = invoke(*path, said)
        assert (code, paper.text) == (2, "")
        assert f"there is no {line} {name}" in paper.talk
    assert all(_is_line(one.split()) for one in OPTIONS[line][name].lines)


@pytest.mark.parametrize(
    ("said", "near"), [("upp", "up"), ("convoys", "convoy"), ("slign", "sling")]
)
def test_a_word_with_a_slip_is_told_what_is_near_it(said, near):
    """Whoever mistypes sees the word that was meant."""
    code, paper = invoke("gt", said)
    assert code == 2
    assert f"near it: {near}" in paper.talk
