"""`bd graph`: what hangs together, by waves."""

from contextlib import closing

import pytest
from hypothesis import example, given

from ledger.beads.layout import clusters, layout
from ledger.beads.rows import Bead, Link
from ledger.beads.waiting import cycles
from tests.beads.worlds import LINKS, NAMES
from tests.cli.beads import TypedBeads
from tests.few import FEW


@pytest.fixture
def beads(tmp_path):
    """An epic of two parts, one behind something else; and one that is alone."""
    with closing(TypedBeads(tmp_path)) as found:
        found.json("create", "Epic", "-t", "epic", "--id", "gt-epi")
        found.json("create", "first", "--parent", "gt-epi")
        found.json("create", "second", "--parent", "gt-epi", "--deps", "gt-epi.1")
        found.json("create", "before", "--id", "gt-bef", "-p", "0")
        found.json("dep", "add", "gt-epi.2", "gt-bef")
        found.json("create", "alone", "--id", "gt-alo")
        yield found


def test_what_hangs_together_is_shown_in_the_order_in_which_it_can_be_done(beads):
    """From whichever bead one asks; in words, as lines, for programs and for drawing ones."""
    text = beads.type("graph", "gt-bef").text
    assert text == (
        "gt-bef   before   4 beads, 4 links\n"
        "wave 1\n"
        "  ○ gt-bef: before [P0]\n"
        "  ○ gt-epi: (EPIC) Epic [P2]\n"
        "  ○ gt-epi.1: first [P2]\n"
        "wave 2\n"
        "  ○ gt-epi.2: second [P2]  <- gt-bef, gt-epi.1\n"
    )
    assert beads.type("graph", "gt-epi", "--compact").text.splitlines()[-1] == (
        "    ○ gt-epi.2: second [P2]  <- gt-bef, gt-epi.1"
    )
    told = beads.json("graph", "gt-epi.2")
    assert sorted(told) == ["issues", "layout", "root", "schema_version"]
    assert told["root"]["id"] == "gt-epi.2"
    assert {bead["id"] for bead in told["issues"]} == {"gt-epi", "gt-epi.1", "gt-epi.2", "gt-bef"}
    layout_ = told["layout"]
    assert layout_["Layers"] == [["gt-bef", "gt-epi", "gt-epi.1"], ["gt-epi.2"]]
    assert (layout_["MaxLayer"], layout_["RootID"]) == (1, "gt-epi.2")
    node = layout_["Nodes"]["gt-epi.2"]
    assert (node["Layer"], node["Position"], node["Issue"]["title"]) == (1, 0, "second")
    assert (node["DependsOn"], layout_["Nodes"]["gt-bef"]["DependsOn"]) == (
        ["gt-bef", "gt-epi.1"], None,
    )  # fmt: skip
    assert '  "gt-epi.2" -> "gt-bef" [label="blocks"' in beads.type("graph", "gt-epi", "--dot").text
    assert "  b_gt_2d_epi_2e_2 --> b_gt_2d_bef" in beads.type("graph", "--mermaid", "gt-epi").text


def test_everything_that_is_open_is_shown_by_what_hangs_together(beads):
    """The largest first; a drawing is one file. What is closed hangs on nothing there."""
    told = beads.json("graph", "--all")
    assert [[one["Root"]["id"], len(one["Issues"])] for one in told] == [
        ["gt-epi", 4],
        ["gt-alo", 1],
    ]
    assert {link["type"] for link in told[0]["Dependencies"]} == {"blocks", "parent-child"}
    assert sorted(told[0]["IssueMap"]) == sorted(bead["id"] for bead in told[0]["Issues"])
    assert beads.type("graph", "--all", "--dot").text.count("digraph") == 1
    beads.json("close", "gt-bef", "gt-epi.1", "gt-epi.2")
    assert [len(one["Issues"]) for one in beads.json("graph", "--all")] == [1, 1]
    for words in ((), ("gt-epi", "--all"), ("gt-epi", "--dot", "--compact"), ("--html", "gt-epi")):
        assert beads.refused("graph", *words)["code"] == "usage"
    assert beads.refused("graph", "gt-zzz")["code"] == "id.none"


def test_a_graph_with_a_circle_ends_otherwise_than_one_without(beads):
    """A script needs no eyes for that."""
    told = {"clean": True, "cycles": [], "summary": {"cycle_count": 0}, "schema_version": 1}
    assert beads.json("graph", "check") == told
    beads.json("dep", "add", "gt-bef", "gt-epi.2", "--no-cycle-check")
    paper = beads.type("graph", "check", "--json")
    assert paper.code == 1
    assert '"cycle_count": 1' in paper.text
    assert "gt-bef -> gt-epi.2 -> gt-bef" in beads.type("graph", "check").text
    assert "○ gt-bef: before [P0]  <- gt-epi.2" in beads.type("graph", "gt-bef").text


@FEW
@given(links=LINKS)
@example(
    links=[
        Link(issue_id="gt-aaa", depends_on_id="gt-caa"),
        Link(issue_id="gt-baa", depends_on_id="gt-daa"),
        Link(issue_id="gt-caa", depends_on_id="gt-baa", type="parent-child"),
    ]
)
def test_nothing_stands_before_what_it_is_behind(links):
    """Each bead is in one cluster and in one wave, whatever circles there are."""
    found = clusters([Bead(id=name, title=name) for name in NAMES], links)
    assert sorted(bead.id for one in found for bead in one.beads) == sorted(NAMES)
    ends = {(link.issue_id, link.depends_on_id) for one in found for link in one.links}
    assert ends == {(link.issue_id, link.depends_on_id) for link in links}
    looped = {bead for way in cycles(links) for bead in way}
    for one in found:
        laid = layout(one)
        at = {bead: number for number, wave in enumerate(laid.waves) for bead in wave}
        assert sorted(at) == sorted(bead.id for bead in one.beads)
        for link in () if looped else one.links:
            if link.type == "blocks":
                assert at[link.issue_id] > at[link.depends_on_id]
            elif link.type == "parent-child":
                assert at[link.issue_id] >= at[link.depends_on_id]
