"""What is ready is asked of outlines where they say enough: the answer is that of whole beads."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.beads import choosing, standing
from ledger.beads.choosing import BY_WORDS, OF_WORDS, ORDERS, TESTS, Filter
from ledger.beads.rows import Bead, Link, Outline
from ledger.beads.waiting import Graph
from ledger.dolt.private import DoltPrivate, open_private_doltlite
from ledger.private.store import Change, Dropped
from tests.beads.desks import NOW
from tests.beads.worlds import LINKS, WORLDS, desk
from tests.few import FEW
from town.beads.desk import Draft

FILTERS = st.sampled_from(
    [
        Filter(),
        Filter(labels=("api",)),
        Filter(types=("bug",), unassigned=True),
        Filter(priority_max=1, not_labels=("ui",)),
        Filter(pinned=False, templates=True, ephemeral=True, bookkeeping=True),
        Filter(words="race"),
        Filter(metadata={"team": "core"}),
    ]
)


@pytest.fixture
def store(tmp_path) -> Iterator[DoltPrivate]:
    """An empty database of a single command, which keeps nothing in memory."""
    with closing(open_private_doltlite(tmp_path / "town.db", town="rust")) as found:
        yield found


@FEW
@given(
    world=WORLDS, links=LINKS, wanted=FILTERS,
    how=st.tuples(st.sampled_from(standing.SORTS), st.integers(1, 4)),
)  # fmt: skip
def test_the_first_ready_beads_are_those_of_the_whole_list(store, world, links, wanted, how):
    """Whole beads with all of their words, in the same order, and as many in all."""
    sort, at_most = how
    old = [
        Dropped(kind=type(row), key=row.key) for kind in (Bead, Link) for row in store.find(kind)
    ]
    store.apply(Change(puts=(*world.values(), *links), drops=tuple(old)))
    found = desk(store).ready_lines(wanted, sort=sort, at_most=at_most)
    ready = standing.ready(world.values(), Graph.of(links, world.get), wanted, now=NOW)
    page = choosing.page(ready, standing.readiest(sort, now=NOW), at_most=at_most)
    assert [line.bead for line in found.lines] == page.beads
    assert found.total == page.total
    for line in found.lines:
        assert list(line.links) == [
            link for link in store.find(Link) if link.issue_id == line.bead.id
        ]


@FEW
@given(
    world=WORLDS, wanted=FILTERS, order=st.sampled_from([*ORDERS]),
    how=st.tuples(st.booleans(), st.booleans(), st.integers(0, 4)),
)  # fmt: skip
def test_a_list_is_that_of_whole_beads(store, world, wanted, order, how):
    """In each order, forwards and backwards, with closed beads and without."""
    backwards, everything, at_most = how
    old = [Dropped(kind=Bead, key=row.key) for row in store.find(Bead)]
    store.apply(Change(puts=tuple(world.values()), drops=tuple(old)))
    found = desk(store).lines(
        wanted, order=order, backwards=backwards, everything=everything, at_most=at_most
    )
    meant = [b for b in world.values() if wanted.takes(b) and (everything or b.status != "closed")]
    whole = sorted(meant, key=ORDERS[order], reverse=backwards)
    assert [line.bead for line in found.lines] == whole[: at_most or None]
    assert found.total == len(whole)


def test_an_outline_has_what_each_order_of_it_asks_for():
    """Only orders of words need a whole bead."""
    for name, key in ORDERS.items():
        if name not in BY_WORDS:
            key(Outline(id="gt-one"))


def test_a_filter_asks_an_outline_only_for_what_it_has():
    """Every question that is not of words can be put to an outline."""
    outline = Outline(id="gt-one")
    for name in TESTS.keys() - set(OF_WORDS):
        said: Any = {"created": (0, 1), "updated": (0, 1), "due": (0, 1), "defer": (0, 1)}.get(
            name, 1 if name.startswith(("priority_", "overdue")) else ("gt-one",)
        )
        said = {"label_pattern": "a*", "assignee": "ann"}.get(name, said)
        wanted = Filter(**{name: said})
        assert wanted.by_outline
        wanted.test()(outline)


class Overtaken(DoltPrivate):
    """A node that others overtake once, right behind a look at outlines."""

    behind: Any = None

    def find(self, kind: type[Any], /, **where: Any) -> Sequence[Any]:
        """The rows as they were before the others wrote."""
        found = super().find(kind, **where)
        if kind is Outline and self.behind is not None:
            behind, self.behind = self.behind, None
            behind()
        return found


@pytest.mark.parametrize(
    "what",
    [
        lambda other: other.claim("gt-one"),
        lambda other: other.close("gt-one"),
        lambda other: other.delete(["gt-one"]),
        lambda other: other.link([("gt-one", "gt-two", "blocks")]),
    ],
    ids=["claimed", "closed", "deleted", "blocked"],
)
def test_whoever_takes_what_is_next_takes_what_still_is(store, what):
    """Another node was first between the look at all and the look at one: the next one is taken."""
    slow = Overtaken(store.database)
    for name in ("one", "two"):
        fields = {"priority": 1 if name == "one" else 2}
        desk(store).create(Draft(title=name, id=f"gt-{name}", fields=fields))
    slow.behind = lambda: what(desk(store, actor="bob"))
    taken = desk(slow, actor="ann").claim_ready(Filter())
    assert slow.behind is None
    assert [line.bead.id for line in taken.lines] == ["gt-two"]
    assert store.get(Bead, "gt-two").assignee == "ann"
    assert (store.get(Bead, "gt-one") or Bead(id="x")).assignee in ("", "bob")
