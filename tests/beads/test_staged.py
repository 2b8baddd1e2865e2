"""Changes not made yet: what a reader in front of them sees, and that they are one step."""

from dataclasses import replace as told
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ledger.beads.batch import Order, read_batch
from ledger.beads.errors import BeadError
from ledger.beads.rows import Bead, Comment, Link, Outline
from ledger.private.memory import MemoryPrivate
from ledger.private.rows import Setting
from ledger.private.staged import StagedPrivate
from ledger.private.store import Change, ChangedError, Dropped, Seen
from tests.beads.worlds import BEADS, LABELS, LINKS, NAMES, PEOPLE, desk
from tests.few import FEW
from town.beads.batching import Batching

ROWS = st.one_of(
    BEADS,
    LINKS.filter(bool).map(lambda links: links[0]),
    st.builds(Comment, issue_id=st.sampled_from(NAMES), id=st.sampled_from("12")),
)
DROPS = ROWS.map(lambda row: Dropped(kind=type(row), key=row.key))
CHANGES = st.builds(
    Change,
    puts=st.lists(ROWS, max_size=3).map(tuple),
    drops=st.lists(DROPS, max_size=2).map(tuple),
)
QUESTIONS: tuple[tuple[Any, dict[str, Any]], ...] = (
    (Bead, {}),
    (Bead, {"id": NAMES[:3]}),
    (Bead, {"status": ("open", "closed")}),
    (Bead, {"assignee": "ann", "priority": (1, 2)}),
    (Bead, {"issue_type": "bug"}),
    (Outline, {"status": "open"}),
    (Link, {}),
    (Link, {"issue_id": NAMES[0]}),
    (Link, {"depends_on_id": NAMES[:2]}),
    (Link, {"type": "blocks"}),
    (Comment, {"issue_id": NAMES[:4]}),
    (Comment, {"id": "1"}),
    (Setting, {}),
)


def holding(rows):
    """A store with these rows."""
    store = MemoryPrivate()
    store.apply(Change(puts=tuple(rows)))
    return store


def everything(store):
    """What a reader finds there, in every way in which one can ask."""
    found = [list(store.find(kind, **where)) for kind, where in QUESTIONS]
    found += [store.get(Bead, name) for name in NAMES]
    found += [store.get(Link, one, other) for one in NAMES for other in NAMES]
    return [*found, *(list(store.keys(Bead, "gt-", at_most=most)) for most in (2, 99))]


@FEW
@given(before=st.lists(ROWS, max_size=8), changes=st.lists(CHANGES, max_size=4))
def test_in_front_of_a_store_it_looks_as_if_the_steps_were_made(before, changes):
    """Whatever is asked; the store behind is as it was, until all of them are one step there."""
    staged, made, behind = StagedPrivate(holding(before)), holding(before), holding(before)
    for change in changes:
        staged.apply(change)
        made.apply(change)
    assert everything(staged) == everything(made)
    assert everything(staged.store) == everything(behind)
    staged.store.apply(staged.change)
    assert everything(staged.store) == everything(made)


def test_the_whole_rests_on_what_its_steps_rested_on():
    """A row that was seen first as it was before is not there by then: nothing is done."""
    old = Bead(id="gt-aaa", title="old")
    new, newer = replace(old, title="new"), replace(old, title="newer")
    store = holding([old])
    staged = StagedPrivate(store)
    staged.apply(Change(puts=(new,), seen=(Seen(kind=Bead, key=old.key, row=old),)))
    with pytest.raises(ChangedError):
        staged.apply(Change(puts=(newer,), seen=(Seen(kind=Bead, key=old.key, row=old),)))
    staged.apply(Change(puts=(newer,), seen=(Seen(kind=Bead, key=old.key, row=new),)))
    assert staged.change.seen == (Seen(kind=Bead, key=old.key, row=old),)
    store.apply(Change(puts=(replace(old, title="somebody else's"),)))
    with pytest.raises(ChangedError):
        store.apply(staged.change)
    assert store.get(Bead, "gt-aaa").title == "somebody else's"
    assert not staged.checkpoint("nothing is in a history")
    staged.collect()
    staged.close()
    assert (staged.versions(Bead, "gt-aaa"), staged.events(0)) == ((), [])


# --- many steps as one

NAMED = st.sampled_from(NAMES)
STEPS = st.one_of(
    st.builds("close {} because of it".format, NAMED),
    st.builds("reopen {}".format, NAMED),
    st.builds("update {} status={}".format, NAMED, st.sampled_from(["open", "blocked", "closed"])),
    st.builds(
        "update {} priority={} assignee={}".format,
        NAMED,
        st.integers(0, 4),
        st.sampled_from(PEOPLE),
    ),
    st.builds('create task {} "a new one"'.format, st.integers(0, 4)),
    st.builds(
        "dep add {} {} {}".format, NAMED, NAMED, st.sampled_from(["", "related", "parent-child"])
    ),
    st.builds("dep remove {} {}".format, NAMED, NAMED),
    st.builds("label add {} {}".format, NAMED, st.sampled_from(LABELS)),
    st.builds("label rm {} {}".format, NAMED, st.sampled_from(LABELS)),
    st.builds("comment {} said".format, NAMED),
)


def run(store, orders):
    """The targets of the steps, or the error."""
    at = desk(store)
    try:
        return [step.target for step in Batching(at.store, at.ports).batch(orders)]
    except BeadError as error:
        return type(error)


@FEW
@given(beads=st.lists(BEADS, max_size=8), links=LINKS, steps=st.lists(STEPS, max_size=6))
def test_many_steps_are_what_they_are_one_by_one(beads, links, steps):
    """The same rows, events and targets; where one of them is refused, nothing at all is done."""
    together, apart, untouched = (holding([*beads, *links]) for _ in range(3))
    for store in (together, apart, untouched):
        desk(store)
    orders = read_batch("\n".join(steps))
    one = desk(apart)
    alone: list[str] = []
    refused = None
    for order in orders:
        try:
            done = Batching(apart, one.ports).batch([told(order, line=1)])
        except BeadError as error:
            refused = type(error)
            break
        alone += [step.target for step in done]
    assert run(together, orders) == (refused or alone)
    expected = untouched if refused else apart
    assert everything(together) == everything(expected)
    assert together.events(0) == expected.events(0)


def test_a_line_says_what_it_says():
    """Blanks part words, quotes hold them together; what is no line is told by its number."""
    text = '\ufeff# first\r\n\nclose gt-aaa  "a  \\"b\\" \\\\ c" \\d\r\n dep rm a b'
    text += '\ncreate bug P1 ü"x y"z'
    assert read_batch(text) == [
        Order(
            line=3, text='close gt-aaa  "a  \\"b\\" \\\\ c" \\d', verb="close",
            words=("gt-aaa", 'a  "b" \\ c', "\\d"),
        ),
        Order(line=4, text="dep rm a b", verb="dep.remove", words=("a", "b")),
        Order(line=5, text='create bug P1 ü"x y"z', verb="create", words=("bug", "P1", "üx yz")),
    ]  # fmt: skip
    for bad in ('close "gt-aaa', "show gt-aaa", "dep", "dep gt-a gt-b", "close", "label add gt-a"):
        with pytest.raises(BeadError, match=r"^line 2: ") as caught:
            read_batch(f"\n{bad}")
        assert (caught.value.code, caught.value.line) == ("bead.batch", 2)
