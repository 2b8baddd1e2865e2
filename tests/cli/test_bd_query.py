"""`bd query`: beads by a question in one line."""

from contextlib import closing, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.beads.query import DEPTH_MAX, NAMES, BadQueryError, read_query
from tests.beads.desks import NOW, Clock
from tests.beads.worlds import BEADS, DAY
from tests.cli.beads import TypedBeads
from town.node import clock


@pytest.fixture
def beads(tmp_path, monkeypatch):
    """Six beads, one of them closed, on a day that does not end meanwhile."""
    monkeypatch.setattr(clock, "now", Clock())
    with closing(TypedBeads(tmp_path)) as found:
        for name, words in (
            ("bug", ("-t", "bug", "-p", "0", "-l", "api,urgent", "-a", "bob")),
            ("fea", ("-t", "feature", "-p", "1", "-l", "api", "-d", "About LOGIN")),
            ("tas", ("-p", "3", "--notes", "later")),
            ("kid", ("--parent", "gt-fea", "--id", "gt-kid")),
            ("old", ("-l", "urgent")),
        ):
            found.json("create", f"The {name}", "--id", f"gt-{name}", *words)
        found.json("create", "w", "--id", "gt-www", "--ephemeral")
        found.json("close", "gt-old")
        yield found


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("status=open AND priority>1", "kid tas"),
        ("status=open and (priority<=0 or label=urgent)", "bug"),
        ("NOT status=closed AND NOT assignee=none", "bug"),
        ("label=api AND NOT label=urgent", "fea kid"),
        ("label=urgent", "bug"),
        ("status=closed", "old"),
        ("status!=open", "old"),
        ("closed>1d", "old"),
        ("type=bug OR type=feature", "bug fea"),
        ("description=login", "fea"),
        ("description=none AND notes!=none", "tas"),
        ('title="the kid"', "kid"),
        ("id=gt-?a*", "tas"),
        ("parent=gt-fea", "kid"),
        ("parent=none AND label=none", "tas"),
        ("created>7d AND created<tomorrow AND priority!=2", "bug fea tas"),
        ("created=today AND priority=P3", "tas"),
        ("updated<7d", ""),
        ("started>30d", ""),
        ("due!=today", ""),
        ("ephemeral=true", "www"),
        ("pinned=true", ""),
        ("not not type=bug", "bug"),
    ],
)
def test_a_question_means_the_beads_that_it_says(beads, question, expected):
    """Closed ones only where it names a status or a day of closing; wisps where it says so."""
    found = [bead["id"].removeprefix("gt-") for bead in beads.json("query", question)]
    assert sorted(found) == expected.split()


def test_all_of_them_in_any_order_and_no_more_than_asked_for(beads):
    """`--all`, `--sort`, `--reverse`, `--limit`, and how many are left."""
    asked = ("query", "priority>=0", "--all", "--sort", "id", "--reverse", "-n", "2")
    assert [bead["id"] for bead in beads.json(*asked)] == ["gt-tas", "gt-old"]
    assert b"3 more of 5" in beads.type(*asked).talked


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("", "a field is missing"),
        ("status", "'status' is compared with nothing"),
        ("status=", "'status' is compared with nothing"),
        ("colour=red", "'colour' is no field"),
        ("status=opne", "'opne' is none of open"),
        ("type=bugg", "'bugg' is none of"),
        ("priority=high", "not 'high', at character 10"),
        ("status>open", "is compared by = and !="),
        ("updated>soon", "'soon' is no moment"),
        ("pinned=maybe", "is true or false"),
        ("status=open priority=1", "'priority' is left over, at character 13"),
        ("(status=open", "a bracket is not closed"),
        ("status=open)", "')' is left over"),
        ("status=open AND", "a field is missing"),
        ("status = (open)", "a value is missing"),
        ('title="open', "'\"' cannot stand here"),
        ("not " * (DEPTH_MAX + 2) + "type=bug", "nested more than"),
        ("(" * (DEPTH_MAX + 2), "nested more than"),
        ("x" * 5_000, "longer than"),
    ],
)
def test_a_question_that_cannot_be_understood_is_refused(beads, question, says):
    """With what is wrong and where; nothing is guessed."""
    refused = beads.refused("query", question)
    assert (refused["code"], refused["exit"]) == ("bead.query", 2)
    assert says in refused["message"]


def means(text, bead):
    """Whether the question means the bead."""
    return read_query(text, now=NOW, parent=lambda _: "", known={}).test(bead)


PLAIN = ("priority<2", "label=api", "assignee=none", "title=fix", "created>1d", "type=bug")


@given(bead=BEADS, one=st.sampled_from(PLAIN), other=st.sampled_from(PLAIN))
def test_and_or_and_not_are_those_of_logic(bead, one, other):
    """For any two questions and any bead."""
    first, second = means(one, bead), means(other, bead)
    assert means(f"{one} AND {other}", bead) == (first and second)
    assert means(f"{one} OR {other}", bead) == (first or second)
    assert means(f"NOT ({one} OR NOT {other})", bead) == (not (first or not second))
    assert means(f"{one} OR {one} AND {other}", bead) == (first or (first and second))
    assert means("created>2d", bead) == (bead.created_at > NOW - 2 * DAY)


WORDS = st.sampled_from(["(", ")", "AND", "or", "NOT", "=", ">", '"', "x y", *NAMES, "1", "open"])


@given(st.lists(WORDS, max_size=12), st.sampled_from(["", " "]))
def test_any_words_are_a_question_or_refused(words, between):
    """Nothing else comes of them."""
    with suppress(BadQueryError):
        read_query(between.join(words), now=NOW, parent=lambda _: "", known={})
