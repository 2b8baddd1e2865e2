"""What is typed and can be no bead: refused at the door, so that what is kept goes out and in."""

import errno
import json
import os
from contextlib import closing

import pytest

from cli.app import run
from cli.context import Call
from ledger.beads.plain import check_text
from ledger.workspace.work import MergeRequest
from tests.cli.beads import TypedBeads
from tests.cli.paper import Paper
from tests.cli.test_bd_exchange import Project, one
from town.node.home import BeadsFolder
from town.node.private import OpenPrivate
from town.refinery.giving_back import Rejection, note_of


@pytest.fixture
def beads(tmp_path):
    """One bead of ann's."""
    with closing(TypedBeads(tmp_path)) as found:
        found.json("create", "one", "--id", "gt-one", "-d", "kept")
        yield found


@pytest.mark.parametrize(
    ("words", "stdin"),
    [
        (("create", "x", "--stdin"), b"a\0b"),
        (("update", "gt-one", "--stdin"), b"a\0b"),
        (("comment", "gt-one", "--stdin"), b"a\0b"),
        (("create", "x", "--metadata", '{"a": NaN}'), b""),
        (("create", "x", "--metadata", '{"a": [1e999]}'), b""),
        (("create", "x", "--metadata", '{"a": "\\u0000"}'), b""),
        (("create", "x", "--metadata", '{"a": "\\ud800"}'), b""),
        (("create", "x", "--metadata", '{"a":' * 70 + "1" + "}" * 70), b""),
        (("create", "x", "--metadata", '{"a":' * 9999 + "1" + "}" * 9999), b""),
        (("create", "x", "-l", "a\nb"), b""),
        (("batch",), b"update gt-one description=a\0b\n"),
    ],
)
def test_what_could_not_be_exported_and_imported_again_is_not_kept(beads, words, stdin):
    """A NUL, half a character, a number that JSON has not, what is nested without end."""
    assert beads.refused(*words, stdin=stdin)["exit"] == 2
    paper = beads.type("export")
    assert (
        json.loads(beads.type("import", "-", "--json", stdin=bytes(paper.written)).text)[
            "unchanged"
        ]
        == 1
    )


@pytest.mark.parametrize("line", ["show X", "create X", "list -l X", "kv set a X", "search X"])
def test_a_word_that_is_no_text_is_refused_as_one(beads, line):
    """Bytes that are no UTF-8 break nothing, wherever they stand."""
    error = beads.refused(*(word.replace("X", "caf\udce9") for word in line.split()))
    assert (error["code"], error["exit"]) == ("usage", 2)


def test_a_description_that_came_empty_leaves_the_old_one(beads):
    """An empty pipe is no wish to forget; whoever wishes that says so."""
    assert beads.refused("update", "gt-one", "--stdin")["code"] == "usage"
    assert beads.refused("update", "gt-one", "-d", "-", stdin=b" \n")["code"] == "usage"
    assert beads.json("update", "gt-one", "-p", "0")[0]["description"] == "kept"
    (told,) = beads.json("update", "gt-one", "--stdin", "--allow-empty-description")
    assert "description" not in told
    beads.json("update", "gt-one", "-d", "again")
    assert "description" not in beads.json("update", "gt-one", "-d", "")[0]


def test_a_project_that_was_cloned_is_not_taken_for_an_empty_one(tmp_path):
    """Its file has beads and there is no database yet: nothing is listed, made or written."""
    project = Project(tmp_path)
    project.file.parent.mkdir()
    project.file.write_bytes(one("there", "ap-abc"))
    for made in (None, b""):
        if made is not None:
            (tmp_path / ".beads" / "beads.db").write_bytes(made)
        for words in (("list",), ("create", "x"), ("config", "set", "a", "b")):
            paper = project.type(*words, "--json")
            error = json.loads(paper.text)["error"]
            assert (paper.code, error["code"], error["try"]) == (3, "beads.none", [["bd", "init"]])
    assert project.file.read_bytes() == one("there", "ap-abc")
    assert project.type("init").code == 0
    assert "ap-abc" in project.type("list").text
    assert project.type("create", "x").text.startswith("created ○ ap-")


def test_an_init_that_was_killed_is_gone_on_with(tmp_path):
    """Wherever it fell: the database was made, and perhaps has the beads of the file."""
    project = Project(tmp_path)
    project.file.parent.mkdir()
    project.file.write_bytes(one("there", "ap-abc"))
    home = BeadsFolder(project.file.parent)
    with closing(OpenPrivate(home, project.env)):
        pass  # it was killed here
    assert project.type("init").code == 0
    assert project.type("config", "get", "issue_prefix").text == "ap\n"
    assert "ap-abc" in project.type("list").text
    assert project.type("init").code == 2


def test_what_another_program_made_comes_in_and_can_be_worked_on(tmp_path):
    """More labels than one gives here, a title of two lines: what was there is no mistake now."""
    project = Project(tmp_path)
    project.type("init", "--prefix", "gt")
    many = [f"l{number}" for number in range(150)]
    said = one("two\r\nlines", "gt-one", labels=[*many, "of\ntwo"], status="closed")
    assert project.type("import", "-", stdin=said).code == 0
    assert json.loads(project.type("export", "--all").text)["title"] == "two lines"
    assert project.type("reopen", "gt-one").code == 0
    (told,) = json.loads(project.type("update", "gt-one", "-p", "0", "--json").text)
    assert (told["priority"], told["labels"][-1], len(told["labels"])) == (0, "of two", 151)
    (told,) = json.loads(project.type("label", "remove", "gt-one", "l1", "--json").text)[:1]
    assert project.type("label", "add", "gt-one", "new").code == 2
    project.type("config", "set", "status.custom", "mine:active")
    project.type("update", "gt-one", "-s", "mine")
    project.type("config", "unset", "status.custom")
    assert project.type("update", "gt-one", "-p", "1").code == 0
    assert project.type("update", "gt-one", "-s", "mine2").code == 2


def test_what_a_gate_printed_can_be_a_beads_note():
    """A NUL in it would make the bead one that no other town takes in."""
    said = note_of(MergeRequest(id="mr-1"), Rejection(failure="tests", reason="r", output="a\0b"))
    check_text("notes", said)
    assert said.endswith("Output:\na\ufffdb")


WRITING = (
    *("create x", "update gt-one -p 1", "close gt-one", "dep add gt-one gt-two", "sync"),
    *("kv set a b", "config set a b", "ready --claim", "batch", "edit gt-one", "comment gt-one x"),
    *("delete gt-one --force", "rename-prefix zz", "import - ", "label add gt-one x", "init"),
)


def test_who_may_only_read_changes_nothing(tmp_path):
    """Not one row, not the file; and reads what there is."""
    project = Project(tmp_path)
    project.type("init", "--prefix", "gt")
    for name in ("one", "two"):
        project.type("create", name, "--id", f"gt-{name}")
    project.type("sync")
    project.type("note", "gt-two", "what the file has not")
    kept, file = project.type("export", "--all").text, project.file.read_bytes()
    os.utime(project.file, (1, 1))  # it is due
    only = {"BD_READONLY": "1", "EDITOR": "true"}
    for line in WRITING:
        stdin = b"close gt-one\n" if line == "batch" else one("new", "gt-new")
        paper = project.type(*line.split(), stdin=stdin, env=only)
        assert (paper.code, "bead.readonly" in paper.talk) == (1, True), line
    for line in ("list", "ready", "show gt-one", "history gt-one", "graph --all", "doctor"):
        assert project.type(*line.split(), env=only).talk == ""
    assert project.type("update", "gt-one", "--title", "one", env=only).code == 0
    assert project.file.read_bytes() == file
    assert project.type("export", "--all").text == kept


def test_gt_refuses_such_a_word_too(tmp_path):
    """Before it looks where it stands."""
    paper = Paper()
    call = Call(
        argv=("hook", "caf\udce9"), cwd=tmp_path, env={}, terminal=paper,
        tty=(False, False, False), town=lambda _: pytest.fail("no town"), program="gt",
    )  # fmt: skip
    assert run(call) == 2
    assert "is no text in UTF-8" in paper.talk


@pytest.mark.parametrize(
    ("number", "code", "exit_"),
    [
        (errno.EACCES, "file.denied", 6),
        (errno.EROFS, "file.denied", 6),
        (errno.ENOSPC, "file.denied", 6),
        (errno.EIO, "failed.unexpected", 1),
    ],
)
def test_a_place_that_the_machine_does_not_let_us_have_is_named(tmp_path, number, code, exit_):
    """Of a project that cannot be read or written its owner is told which file, and what to do."""

    def denied(call):
        raise OSError(number, os.strerror(number), f"{call.cwd}/.beads/run/node.lock")

    paper = Paper()
    call = Call(
        argv=("list", "--json"), cwd=tmp_path, env={}, terminal=paper, private=denied,
        tty=(False, False, False), town=lambda _: pytest.fail("no town"), program="bd",
    )  # fmt: skip
    assert run(call) == exit_
    error = json.loads(paper.text)["error"]
    assert (error["code"], "node.lock" in error["message"]) == (code, True)
