"""`bd batch` as it is typed: lines in, one step out."""

from contextlib import closing

import pytest

from tests.cli.beads import TypedBeads

LINES = b"""# a sweep
close gt-one "all done"
close gt-two
create bug 1 Look at "it again"
update gt-thr status=in_progress priority=P0 assignee= "title=Three of them"
dep add gt-thr gt-fou related
label add gt-thr swept api
"""


@pytest.fixture
def beads(tmp_path):
    """Four beads, of which the second waits for the first."""
    with closing(TypedBeads(tmp_path)) as found:
        for name in ("one", "two", "thr", "fou"):
            found.json("create", name, "--id", f"gt-{name}", "-a", "bob")
        found.json("dep", "add", "gt-two", "gt-one")
        yield found


def test_a_line_sees_what_the_lines_before_it_did(beads, tmp_path):
    """What waited for a bead that was closed above can be closed, all in one change."""
    told = beads.json("batch", stdin=LINES)
    made = told["results"][2].pop("target")
    assert told == {
        "operations": 6,
        "results": [
            {"line": 2, "op": "close", "target": "gt-one"},
            {"line": 3, "op": "close", "target": "gt-two"},
            {"line": 4, "op": "create"},
            {"line": 5, "op": "update", "target": "gt-thr"},
            {"line": 6, "op": "dep.add", "target": "gt-thr->gt-fou"},
            {"line": 7, "op": "label.add", "target": "gt-thr"},
        ],
        "schema_version": 1,
        "status": "ok",
    }
    one, three, new = beads.json("show", "gt-one", "gt-thr", made)
    assert (one["status"], one["close_reason"]) == ("closed", "all done")
    assert (three["title"], three["priority"], three["status"]) == (
        "Three of them", 0, "in_progress",
    )  # fmt: skip
    assert ("assignee" in three, three["labels"]) == (False, ["api", "swept"])
    assert (new["title"], new["issue_type"]) == ("Look at it again", "bug")
    (tmp_path / "steps.txt").write_text("reopen gt-one\n")
    paper = beads.type("batch", "-f", "steps.txt")
    assert paper.text == "line 1: reopen gt-one\ndone    1 steps as one\n"


@pytest.mark.parametrize(
    ("line", "code", "exit_"),
    [
        ("close gt-zzz", "id.none", 3),
        ("dep add gt-one gt-one", "bead.cycle", 1),
        ("dep add gt-fou gt-two\ndep add gt-one gt-fou", "bead.cycle", 1),
        ("update gt-one status=nonsense", "bead.field", 2),
        ("update gt-one color=red", "bead.batch", 2),
        ("create task 7 x", "bead.batch", 2),
        ("create nonsense 1 x", "bead.field", 2),
        ("show gt-one", "bead.batch", 2),
    ],
)
def test_one_line_that_cannot_be_leaves_all_undone(beads, line, code, exit_):
    """It is named by its number, and refused as its command would be."""
    error = beads.refused("batch", stdin=f"close gt-fou\n\n{line}\n".encode())
    assert (error["code"], error["exit"]) == (code, exit_)
    assert error["message"].startswith(f"line {3 + line.count(chr(10))}: ")


def test_lines_are_only_read_where_nothing_is_to_be_done(beads):
    """A dry run does nothing, and nothing is no mistake."""
    before = beads.rows()
    paper = beads.type("batch", "--dry-run", stdin=b"close gt-one\n")
    assert paper.text == "line 1: close gt-one\nread    1 steps; nothing was done\n"
    told = {"dry_run": True, "operations": 1, "schema_version": 1}
    assert beads.json("batch", "--dry-run", stdin=b"close gt-one\n") == told
    nothing = {"operations": 0, "schema_version": 1, "status": "ok"}
    assert beads.json("batch", stdin=b"# nothing\n") == nothing
    assert beads.rows() == before
