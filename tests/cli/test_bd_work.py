"""`bd` as it is typed: what people read, what it refuses and how, and that nothing is half done."""

import json
from contextlib import closing

import pytest

from tests.cli.beads import TypedBeads


@pytest.fixture
def beads(tmp_path):
    """Beads of ann's."""
    with closing(TypedBeads(tmp_path)) as found:
        yield found


def made(beads, *names, **more):
    """Beads of these names."""
    for name in names:
        beads.json("create", name, "--id", f"gt-{name}", *more.get("words", ()))


def test_create_prints_an_id_and_nothing_else_where_that_is_asked_for(beads):
    """Scripts read it; a person reads a line."""
    assert beads.type("create", "Quiet", "--id", "gt-qui", "--silent").text == "gt-qui\n"
    told = beads.type("create", "Told", "-t", "bug", "-p", "P1", "-l", "api,ui", "-a", "bob")
    assert told.text.startswith("created ○ gt-")
    assert told.text.endswith(" [P1] [bug] @bob - Told [api, ui]\n")
    quick = beads.type("q", "Quick", "one").text.strip()
    assert beads.json("show", quick)[0]["title"] == "Quick one"


def test_a_description_comes_from_one_place(beads, tmp_path):
    """The command line, standard input or a file; two of them are refused."""
    (tmp_path / "text.md").write_text("from a file\n")
    (tmp_path / "facts.json").write_text('{"team": "core"}')
    for words, stdin in (
        (("-d", "from a word"), b""),
        (("-d", "-"), b"from standard input\n"),
        (("--stdin",), b"from standard input\n"),
        (("--body-file", "text.md"), b""),
    ):
        told = beads.json("create", "x", *words, stdin=stdin)
        assert told["description"].startswith("from ")
    facts = beads.json("create", "x", "--metadata", "@facts.json", "--design-file", "text.md")
    assert (facts["metadata"], facts["design"]) == ({"team": "core"}, "from a file")
    for words in (("-d", "a", "--stdin"), ("--body-file", "not-there"), ("--metadata", "[1]")):
        assert beads.refused("create", "x", *words)["exit"] == 2


@pytest.mark.parametrize(
    ("words", "code", "exit_"),
    [
        (("create", ""), "bead.field", 2),
        (("create", "x" * 501), "bead.field", 2),
        (("create", "x", "-t", "nonsense"), "bead.field", 2),
        (("create", "x", "-p", "high"), "usage", 2),
        (("create", "x", "-p", "5"), "usage", 2),
        (("create", "x", "--due", "soon"), "bead.field", 2),
        (("create", "x", "--parent", "gt-zzz"), "id.none", 3),
        (("create", "x", "--deps", "gt-zzz"), "id.none", 3),
        (("create", "x", "--deps", "sings:gt-one"), "bead.field", 2),
        (("create", "x", "--id", "gt-one"), "bead.exists", 1),
        (("create", "x", "--id", "zz-one"), "bead.prefix", 2),
        (("create", "x", "--id", "gt-x"), "bead.field", 2),
        (("create", "--graph", "not-there.json"), "usage", 2),
        (("show", "gt-zzz"), "id.none", 3),
        (("show",), "usage", 2),
        (("update", "gt-zzz", "--title", "x"), "id.none", 3),
        (("update", "gt-one", "--title", ""), "bead.field", 2),
        (("update", "gt-one", "--status", "nonsense"), "bead.field", 2),
        (("update", "gt-one", "--status", "tombstone"), "bead.field", 2),
        (("update", "gt-one", "gt-zzz", "-p", "0"), "id.none", 3),
        (("update", "gt-one", "--claim", "--title", ""), "bead.field", 2),
        (("update", "gt-two", "--parent", "gt-two"), "bead.cycle", 1),
        (("update", "gt-one", "--set-metadata", "x"), "usage", 2),
        (("close", "gt-two"), "bead.blocked", 1),
        (("close", "gt-one", "gt-zzz"), "id.none", 3),
        (("close", "gt-one", "-r", "a", "-r", "b"), "usage", 2),
        (("update", "gt-two", "--status", "closed"), "bead.blocked", 1),
        (("dep", "add", "gt-one", "gt-two"), "bead.cycle", 1),
        (("dep", "add", "gt-one", "gt-one"), "bead.cycle", 1),
        (("dep", "add", "gt-one"), "usage", 2),
        (("dep", "add", "gt-two", "gt-one", "--type", "related"), "bead.linked", 1),
        (("dep", "add", "gt-one", "external:x"), "bead.field", 2),
        (("dep", "gt-two", "--blocks", "gt-one"), "bead.cycle", 1),
        (("dep", "tree", "gt-one", "--direction", "sideways"), "usage", 2),
        (("label", "add", "gt-one"), "usage", 2),
        (("label", "add", "gt-one", " "), "bead.field", 2),
        (("comment", "gt-one"), "usage", 2),
        (("comment", "gt-one", " "), "bead.field", 2),
        (("delete", "gt-one"), "bead.dependants", 1),
        (("delete",), "usage", 2),
        (("list", "--sort", "beauty"), "bead.field", 2),
        (("list", "-s", "nonsense"), "bead.field", 2),
        (("list", "--created-after", "soon"), "bead.field", 2),
        (("list", "--metadata-field", "x"), "usage", 2),
        (("ready", "--sort", "beauty"), "usage", 2),
        (("count", "--by-type", "--by-label"), "usage", 2),
        (("config", "set", "status.custom", "open"), "bead.field", 2),
        (("config", "set", "issue_prefix", "Ä"), "bead.field", 2),
        (("config", "unset", "issue_prefix"), "bead.field", 2),
        (("defer", "gt-one", "--until", "never"), "bead.field", 2),
        (("frobnicate",), "usage", 2),
    ],
)
def test_what_is_refused_says_why_and_changes_nothing(beads, words, code, exit_):
    """A code, what and why, what to try; and not one row is another."""
    made(beads, "one", "two")
    beads.json("dep", "add", "gt-two", "gt-one")
    told = beads.refused(*words)
    assert (told["code"], told["exit"]) == (code, exit_)
    assert told["message"]
    assert told["why"] or told["try"]


def test_words_that_scripts_look_for_stand_in_what_is_refused(beads):
    """As the predecessor says them."""
    made(beads, "one", "two")
    beads.json("dep", "add", "gt-two", "gt-one")
    beads.json("update", "gt-one", "--claim", actor="bob")
    for words, told in (
        (("show", "gt-zzz"), 'no issue found matching "gt-zzz"'),
        (("update", "gt-one", "--claim"), "issue already claimed by bob"),
        (("dep", "add", "gt-one", "gt-two"), "adding dependency would create a cycle"),
        (("close", "gt-two"), "cannot close gt-two: blocked by open issues"),
    ):
        assert told in beads.refused(*words)["message"]


def test_a_bead_is_shown_with_everything_around_it(beads):
    """Fields, links both ways by kind, children, comments; codes of strangers are spelled out."""
    made(beads, "top", words=("-t", "epic"))
    beads.json("create", "kid", "--parent", "gt-top", "-d", "line \x1b[2J\nsecond", "--notes", "n")
    beads.json("create", "two", "--id", "gt-two", "--deps", "gt-top.1,discovered-from:gt-top")
    beads.json("comment", "gt-top.1", "be\x07gun")
    shown = beads.type("show", "gt-top.1", "gt-top").text
    for line in (
        "○ gt-top.1   kid   [P2 open]",
        "  line \\x1b[2J",
        "  second",
        "parent\n  ○ gt-top: (EPIC) top [P2]",
        "blocks\n  ○ gt-two: two [P2]",
        "children\n  ○ gt-top.1: kid [P2]\n  0 of 1 closed",
        "discovered\n  ○ gt-two: two [P2]",
        "    be\\x07gun",
    ):
        assert line in shown
    assert "BLOCKED" in beads.type("show", "two").text
    assert beads.type("view", "two", "--short").text == "○ gt-two [P2] [task] - two\n"


def test_a_title_cannot_pretend_to_be_another_line(beads):
    """What people wrote stays on its line."""
    told = beads.type("create", "x", "-a", "ann\ncreated ○ gt-fake")
    assert told.text.count("\n") == 1
    assert "\\n" in told.text


def test_a_long_list_says_how_many_more_there_are(beads):
    """On standard error, so that a program's list is whole; --limit 0 shows all."""
    for number in range(4):
        made(beads, f"nr{number}")
    for words in (("list",), ("ready",), ("search", "nr")):
        paper = beads.type(*words, "-n", "3")
        assert paper.text.count("\n") == 3
        assert paper.talk == "1 more of 4: --limit 0 shows all\n"
        assert beads.type(*words, "-n", "0").talk == ""
    paper = beads.type("list", "--limit", "2", "--json")
    assert len(json.loads(paper.text)) == 2
    assert "2 more of 4" in paper.talk


def test_a_tree_shows_children_below_their_parents(beads):
    """Where the parent is in the list; else the child stands by itself."""
    made(beads, "top", words=("-t", "epic"))
    beads.json("create", "kid", "--parent", "gt-top")
    assert beads.type("list", "--tree").text.splitlines() == [
        "○ gt-top [P2] [epic] - top",
        "  ○ gt-top.1 [P2] [task] - kid",
    ]
    assert beads.type("list", "--tree", "-t", "task").text.startswith("○ gt-top.1")
    assert beads.type("children", "gt-top").text.startswith("○ gt-top.1")


def test_ready_explains_and_takes_only_what_is_nobodys_else(beads):
    """`--claim` takes the first that is free or one's own, and says so where there is none."""
    made(beads, "one", "two", "thr")
    beads.json("dep", "add", "gt-two", "gt-one")
    beads.json("assign", "gt-thr", "bob")
    told = beads.type("ready", "--explain").text
    assert "gt-one" in told
    assert "waits for ○ gt-one: one [P2]" in told
    assert [bead["id"] for bead in beads.json("ready", "--claim")] == ["gt-one"]
    assert beads.type("ready", "--claim").text == "nothing is ready\n"
    assert [bead["id"] for bead in beads.json("ready", "--claim", actor="bob")] == ["gt-thr"]
    assert beads.json("show", "--current")[0]["id"] == "gt-one"


def test_delete_shows_first_and_does_it_by_force(beads):
    """Without --force nothing is gone; with it the links are gone too."""
    made(beads, "one", "two")
    beads.json("dep", "add", "gt-two", "gt-one")
    shown = beads.type("delete", "gt-two").text
    assert shown.startswith("would delete ○ gt-two")
    assert shown.endswith("next    bd delete gt-two --force\n")
    assert beads.json("delete", "gt-one", "--dry-run")["dry_run"]
    assert len(beads.json("list")) == 2
    assert beads.json("delete", "gt-one", "--force")["dependencies_removed"] == 1
    assert [bead["id"] for bead in beads.json("list", "--all")] == ["gt-two"]
    assert beads.json("show", "gt-two")[0]["dependency_count"] == 0


def test_links_come_from_a_file_all_or_none(beads, tmp_path):
    """One that cannot be made takes the others with it."""
    made(beads, "one", "two", "thr")
    file = tmp_path / "links.jsonl"
    file.write_text(
        '{"from": "gt-two", "to": "gt-one"}\n\n'
        '{"issue_id": "gt-thr", "depends_on_id": "gt-two", "type": "related"}\n'
    )
    assert len(beads.json("dep", "add", "--file", "links.jsonl")) == 2
    file.write_text('{"from": "gt-thr", "to": "gt-one"}\n{"from": "gt-one", "to": "gt-two"}\n')
    assert beads.refused("dep", "add", "--file", "links.jsonl")["code"] == "bead.cycle"
    file.write_text("nonsense\n")
    assert beads.refused("dep", "add", "--file", "links.jsonl")["exit"] == 2
    tree = beads.type("dep", "tree", "gt-thr").text.splitlines()
    assert tree == [
        "○ gt-thr: thr [P2]",
        "  ○ gt-two: two [P2] (related)",
        "    ○ gt-one: one [P2] (blocks)",
    ]


def test_a_plan_is_made_from_a_file(beads, tmp_path):
    """And its ids are printed by its keys."""
    plan = {
        "nodes": [{"key": "a", "title": "Top"}, {"key": "b", "title": "Sub", "parent_key": "a"}]
    }
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    tried = beads.json("create", "--graph", "plan.json", "--dry-run")
    assert (tried["node_count"], tried["parent_deps"]) == (2, 1)
    assert beads.json("list") == []
    ids = beads.json("create", "--graph", "plan.json")["ids"]
    assert beads.json("show", ids["b"])[0]["parent"] == ids["a"]
    plan["nodes"][1]["parent_key"] = "nobody"
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    assert beads.refused("create", "--graph", "plan.json")["code"] == "bead.plan"


def test_an_envelope_is_printed_where_a_script_wants_one(beads):
    """`BD_JSON_ENVELOPE=1`, around lists and objects alike."""
    told = beads.json("create", "x", BD_JSON_ENVELOPE="1")
    assert (told["schema_version"], told["data"]["title"]) == (1, "x")
    assert beads.json("list", BD_JSON_ENVELOPE="1")["data"][0]["title"] == "x"


def test_every_command_has_help_with_an_example_and_no_option_twice(beads):
    """Two options of one name would hide each other."""
    from cli.app import command_tree  # noqa: PLC0415

    root = command_tree("bd")
    left = [(name, root.get_command(None, name)) for name in root.list_commands(None)]
    while left:
        name, command = left.pop()
        below = getattr(command, "commands", None)
        if below:
            left += below.items()
            continue
        assert command.callback.examples, name
        params = command.get_params(_context(command))
        names = [param.name for param in params if param.name != "help"]
        flags = [flag for param in params for flag in param.opts if flag.startswith("-")]
        assert len(names) == len(set(names)), name
        assert len(flags) == len(set(flags)), (name, sorted(flags))
    assert "Work with beads" in beads.type("--help").text


def _context(command):
    from typer import Context  # noqa: PLC0415

    return Context(command)
