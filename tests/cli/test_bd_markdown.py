"""`bd create --file`: beads that somebody wrote down in Markdown."""

from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.beads.markdown import BadMarkdownError, read_markdown
from tests.cli.beads import TypedBeads
from tests.few import FEW

FILE = b"""# Not a bead

And not a part of one.

## Fix C# ##

What is wrong:

```
## no title
### no section
```

### Priority
P1
### Type
Bug

### Description
It crashes.

### Acceptance Criteria
- it does not

### Labels
- api
- ui, api
### Dependencies
gt-one, related:gt-two
### Background
Kept where it was.

## Second
"""


@pytest.fixture
def beads(tmp_path):
    """Two beads of ann's."""
    with closing(TypedBeads(tmp_path)) as found:
        for name in ("one", "two"):
            found.json("create", name, "--id", f"gt-{name}")
        yield found


def test_each_heading_is_a_bead_with_what_stands_below_it(beads):
    """Fields where a section has one; else its words stay in the description, and nothing is lost.

    The predecessor drops sections that it does not know, and what stands before them.
    """
    one, two = beads.json("create", "-f", "-", "-l", "wave-1", "-a", "bob", stdin=FILE)
    links = {(link["depends_on_id"], link["type"]) for link in one.pop("dependencies")}
    assert links == {("gt-one", "blocks"), ("gt-two", "related")}
    assert (one["title"], one["issue_type"], one["priority"]) == ("Fix C#", "bug", 1)
    assert one["description"] == (
        "What is wrong:\n\n```\n## no title\n### no section\n```\n\n### Background\n"
        "Kept where it was.\n\nIt crashes."
    )
    assert one["acceptance_criteria"] == "- it does not"
    assert (one["labels"], one["assignee"]) == (["api", "ui", "wave-1"], "bob")
    assert (two["title"], two["labels"], two["priority"]) == ("Second", ["wave-1"], 2)
    assert "dependencies" not in two


def test_a_rehearsal_makes_nothing(beads):
    """It says what would be made."""
    before = beads.rows()
    told = beads.type("create", "--file", "-", "--dry-run", stdin=FILE).text
    assert told.count("would create") == 2
    assert beads.rows() == before


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"no heading", "bead.markdown"),
        (b"", "bead.markdown"),
        (b"## one\n### priority\nhigh\n", "bead.markdown"),
        (b"## one\n### design\na\n### Design\nb\n", "bead.markdown"),
        (b"## one\n### type\nnonsense\n", "bead.field"),
        (b"## one\n## two\n### deps\ngt-nowhere\n", "id.none"),
        (b"## one\n## " + b"x" * 501, "bead.field"),
        (b"## one\n\xff", "usage"),
    ],
)
def test_a_file_with_one_bead_that_cannot_be_makes_none(beads, text, code):
    """And the error says where."""
    assert beads.refused("create", "-f", "-", stdin=text)["code"] == code


@pytest.mark.parametrize("words", [("title",), ("--id", "gt-x"), ("--deps", "gt-one")])
def test_what_is_one_beads_own_is_not_said_of_many(beads, words):
    """A title, an id, links."""
    assert beads.refused("create", "-f", "-", *words, stdin=FILE)["code"] == "usage"


@FEW
@given(st.lists(st.sampled_from(["## a", "### Type", "### x", "```", "~~~", "text", "", "## "])))
def test_any_lines_are_beads_or_refused(lines):
    """And no word of them is lost that is under a title and no field."""
    try:
        found = read_markdown("\n".join(lines))
    except BadMarkdownError:
        return
    assert all(bead.title for bead in found)
