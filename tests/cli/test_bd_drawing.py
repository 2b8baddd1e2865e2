"""Lists and trees as other programs draw them."""

import re
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.beads.drawing import dot, mermaid
from ledger.beads.rows import Bead
from tests.cli.beads import TypedBeads

TITLES = st.text(min_size=1, max_size=20)


@pytest.fixture
def beads(tmp_path):
    """Three beads in a row, and one that is only related."""
    with closing(TypedBeads(tmp_path)) as found:
        found.json("create", 'say "hi" \\ there', "--id", "gt-one")
        found.json("create", "two", "--id", "gt-two", "--deps", "gt-one")
        found.json("create", "end", "--id", "gt-end", "--deps", "gt-two")
        found.json("create", "four", "--id", "gt-fou", "--deps", "related:gt-one", "-t", "bug")
        yield found


def test_a_list_is_drawn_with_the_links_between_its_beads(beads):
    """As pairs, and for Graphviz; a link that leads out of the list is not drawn."""
    assert beads.type("list", "--format", "digraph").text == "gt-end gt-two\ngt-two gt-one\n"
    assert beads.type("list", "--format", "digraph", "--id", "gt-one,gt-end").text == ""
    text = beads.type("list", "--format", "dot", "--type", "task,bug").text
    assert text.startswith("digraph dependencies {\n")
    assert '  "gt-one" [label="gt-one\\n[task P2]\\nsay \\"hi\\" \\\\ there\\n(open)"' in text
    assert '  "gt-two" -> "gt-one" [label="blocks", style=solid];\n' in text
    assert '  "gt-fou" -> "gt-one" [label="related", style=dashed];\n' in text
    assert beads.refused("list", "--format", "svg")["code"] == "usage"


def test_a_tree_is_drawn_the_same_way_from_both_ends(beads):
    """Arrows go from what depends to what it needs."""
    for words in (("gt-end",), ("gt-one", "--reverse"), ("gt-two", "--direction", "both")):
        text = beads.type("dep", "tree", *words, "--format", "mermaid", "--status", "open").text
        assert text.startswith("flowchart TD\n")
        assert "  b_gt_2d_end --> b_gt_2d_two\n" in text
        assert "  b_gt_2d_two --> b_gt_2d_one\n" in text
        assert '  b_gt_2d_one["gt-one: say #34;hi#34; #92; there"]\n' in text
    assert beads.refused("dep", "tree", "gt-one", "--format", "dot")["code"] == "usage"


@given(titles=st.lists(TITLES, min_size=1, max_size=4))
def test_no_title_is_taken_for_a_part_of_the_drawing(titles):
    """Whatever it holds: a line stays one, and what is quoted ends where it should."""
    beads = [Bead(id=f"gt-{at}", title=title) for at, title in enumerate(titles)]
    lines = dot(beads, ())
    assert len(lines) == len(beads) + 6
    whole = re.compile(r'  "gt-\d" \[label="([^"\\]|\\.)*", style="[^"]*", fillcolor="\w+"\];')
    assert all(whole.fullmatch(line) for line in lines[4:-2])
    assert not any(len(line.splitlines()) > 1 for line in lines)
    chart = mermaid(beads, ())
    assert all(re.fullmatch(r'  b_[a-z0-9_]+\["[^"\[\]]*"\]', line) for line in chart[1:-1])
