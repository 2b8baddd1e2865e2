"""What programs read: one envelope, next steps that exist, strangers' text where it belongs."""

import ast
import json
import re
from collections.abc import Iterator

import pytest

from cli.app import ALIASES, PLACES
from tests.cli.boards import Board
from tests.cli.test_rehearsal import TELLING
from tests.cli.test_tree import ALL, UNDER, invoke
from tests.house.tree import ROOT
from town.market.view import FOR_THE_DOER

KEYS = {"schema", "data", "next", "error", "warn", "stop", "as_of"}
ERROR_KEYS = {"code", "message", "why", "try", "retryable", "retry_after_s"}
ITEM_KEYS = {
    *("id", "short", "wasteland", "state", "you", "may_start", "actor", "holder", "until"),
    *("left_s", "asked_n", "poster", "signed", "verified", "type", "priority", "effort", "tags"),
    *("project", "repo", "base", "check", "done_when", "deliver", "needs", "attempts"),
    *("evidence", "seen_by", "untrusted", "title", "status", "posted_by", "claimed_by"),
}
# Columns of the commons that scripts know by name, and what whoever does the work needs.
OPEN_COLUMNS = {
    *("title", "description", "evidence_url", "project", "type", "tags"),
    *FOR_THE_DOER,
}
COMMANDS = {name for names in PLACES.values() for name in names} | set(ALIASES)
MARK = "STRANGER-SAYS"


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    """ash, a stranger to rust, has filled every text with a mark."""
    found = Board(tmp_path_factory.mktemp("towns"))
    ash, rust = found.ash, found.rust
    texts = ("-d", MARK, "--check", MARK, "--done-when", MARK, "--repo", MARK, "--reward", MARK)
    posted = ash.json("post", MARK, *texts, "--tag", MARK, "--project", MARK, "--base", MARK)
    found.theirs = posted["data"]["id"]
    ash.type("note", found.posted, MARK)
    ash.type("note", found.theirs, "--ask", MARK)
    ash.type("done", found.held_by_ash, "--evidence", f"text:{MARK}", "--summary", MARK)
    (ash.folder / MARK).write_text("x")
    ash.type("done", found.theirs, "--blob", MARK, "--speculative")
    ash.type("unclaim", found.asked, "--reason", MARK)
    ash.type("stamp", "give", "rust", "--quality", "3", "-m", MARK)
    rust.learns(ash)
    yield found
    for town in (found.rust, found.ash, found.new):
        town.town.close()


def lines(market) -> list[tuple[str, ...]]:
    """Lines that look at everything, and some that fail."""
    items = (market.posted, market.asked, market.handed_in, market.held_by_ash, market.theirs)
    looks: list[tuple[str, ...]] = [
        (verb, item) for verb in ("show", "bids", "log") for item in items
    ]
    looks += [("wait", item, "--timeout", "0") for item in items]
    looks += [("wait", market.posted, "--until", "reply", "--timeout", "0")]
    return [
        *looks, ("browse",), ("browse", "--status", "all"), ("me",), ("status",), ("list",),
        ("profile",), ("profile", "ash"), ("charsheet",), ("stamps",),
        ("leaderboard",), ("stamp", "list"), ("account",),
        ("device", "list"), ("peer", "list"), ("policy",), ("verify",), ("log",), ("sync",),
        ("diff", "HEAD~1", "HEAD"), ("config", "list"), ("config", "get", "node.port"),
        ("blob", "list"), ("blob", "list", market.theirs), ("blob", "get", market.theirs),
        ("blob", "drop", "c0ffee"), ("blob", "put", market.theirs, "/nowhere"),
        ("version",), ("help",), ("help", "exits"), ("completion", "bash"), ("doctor",),
        ("show", "w-00000000"), ("show", "w"), ("accept", market.posted, "--quality", "5"),
        ("claim", market.theirs, "--wait", "0"), ("grant", market.posted), ("peer", "ping", "x"),
        ("reject", market.theirs, "--reason", "x"), ("done", market.posted), ("nothing",),
        ("post", "x" * 201), ("stamp", "give", "rust", "--quality", "5"), ("device", "list", "x"),
        ("show", "c0ffee"), ("config", "get", "nope"), ("import", "/nowhere"),
        ("import", __file__), ("join", "x"),
    ]  # fmt: skip


def walk(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every leaf of a JSON value with the keys that lead to it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, (*path, key))
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner, path)
    else:
        yield path, value


def exists(argv: list[str]) -> bool:
    """Whether an argv begins with a command of the tree."""
    name, *rest = argv[1:]
    under = UNDER.get(name)
    fits = under is None or not rest or rest[0] in {*under, ""}
    return argv[0] == "wl" and name in COMMANDS and fits


def test_every_answer_is_one_envelope_whose_next_steps_exist(market):
    """Keys, types, exit codes; an error says what, why and what to try."""
    for argv in lines(market):
        said = market.rust.json(*argv)
        code = said.pop("exit")
        assert set(said) == KEYS, argv
        assert re.fullmatch(r"wl\.v1\.[a-z]+", said["schema"]), argv
        assert set(said["as_of"]) == {"at", "heard_s", "unsent"}, argv
        for step in said["next"]:
            assert set(step) == {"do", "cmd", "needs", "reaches", "undo"}, argv
            assert exists(step["cmd"]), (argv, step)
            holes = [word for word in step["cmd"] if word.startswith("<")]
            assert len(holes) == len(step["needs"]), (argv, step)
            assert step["reaches"] in ("local", "peers")
        if said["error"] is not None:
            assert set(said["error"]) >= ERROR_KEYS, argv
            assert code != 0
            assert all(exists(step) for step in said["error"]["try"] if step[0] == "wl"), argv
        else:
            assert code in (0, 1), argv  # a doctor that found something says so by 1


def test_an_item_has_every_field_that_agents_were_promised(market):
    """users 10, for signed items and for rows that nobody signed."""
    for item in (market.posted, market.held_by_ash, market.theirs):
        data = market.rust.json("show", item)["data"]
        assert set(data) >= ITEM_KEYS
        assert set(data["poster"]) >= {"handle", "trust", "seen_s", "answers_s"}
        assert set(data["untrusted"]) >= {"title", "description", "notes"}
    shown = market.rust.json("show", market.handed_in)["data"]
    assert shown["attempts"][0]["n"] == 1
    assert shown["evidence"][0]["kind"] == "url"
    line = market.rust.json("browse")["data"]["items"][0]
    assert set(line) >= {"id", "short", "state", "you", "asked_n", "poster", "untrusted", "signed"}


def test_strangers_text_stands_only_under_untrusted(market):
    """But for the columns of the commons that scripts know by name."""
    seen = 0
    for argv in lines(market):
        for path, leaf in walk(market.rust.json(*argv)):
            if isinstance(leaf, str) and MARK.lower() in leaf.lower():
                seen += 1
                assert "untrusted" in path or path[-1] in OPEN_COLUMNS, (argv, path, leaf)
    assert seen > 20


def texts_of(tree: ast.AST) -> Iterator[str | list[str]]:
    """Every text of a module but its docstrings, and every tuple that begins with `wl`."""
    docs: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            docs |= {id(first.value)} if isinstance(first, ast.Expr) else set()
        elif isinstance(node, ast.Tuple):
            words = [one.value for one in node.elts if isinstance(one, ast.Constant)]
            if len(words) > 1 and words[0] == "wl" and all(isinstance(w, str) for w in words):
                yield [str(word) for word in words]
        elif isinstance(node, ast.Constant) and "wl " in str(node.value) and id(node) not in docs:
            yield str(node.value)


def _commands_in(text: str) -> list[list[str]]:
    found = re.finditer(r"(?<![\w./-])wl ([a-z]+)(?: ([a-z]+))?", text)
    words = [["wl", match[1], match[2] or ""] for match in found]
    return [[*w[:2], *([] if w[2] in PLAIN else [w[2]])] for w in words]


PLAIN = {"is", "and", "or", "of", "for", "with", "has", "says", "lists", "shows", "takes"}


def test_no_text_of_ours_names_a_command_that_does_not_exist():
    """Hints, next steps and words for people, in every file that could print them."""
    found, bad = 0, list[tuple[str, str]]()
    for package in ("cli", "town", "federation", "ledger", "stamps"):
        for file in sorted((ROOT / package).rglob("*.py")):
            text = file.read_text("utf-8")
            for said in texts_of(ast.parse(text)) if "wl" in text else ():
                named = [said] if isinstance(said, list) else _commands_in(said)
                found += len(named)
                bad += [(file.name, " ".join(words)) for words in named if not exists(words)]
    assert [one for one in bad if one[1] != "wl gt bd"] == []  # the names of our programs
    assert found > 100


def test_json_of_a_line_that_cannot_be_parsed_is_json():
    """Whatever stands on the line, standard output holds JSON alone."""
    helps = ((), ("--help",), ("post", "--help"), ("stamp", "--help"))
    for argv in (*helps, ("--nope",), ("post", "--priority", "x"), ("stamp",), ("peer", "nope")):
        code, paper = invoke(*argv, "--json")
        said = json.loads(paper.text)
        assert code == (0 if argv in helps else 2), argv
        assert (said["schema"] == "wl.v1.help") == (argv in helps), argv
        assert paper.talk == ""


def test_every_command_is_tried_here_or_rehearsed(market):
    """No command escapes the checks of its envelope."""
    tried = {path for path in ALL if any(line[: len(path)] == path for line in lines(market))}
    rest = set(ALL) - tried
    outside = {("up",), ("down",), ("demo",), ("init",), ("export",)}
    outside |= {("key", "backup"), ("key", "restore"), ("config", "set"), ("config", "unset")}
    assert rest - TELLING - outside <= {("peer", "remove")}
