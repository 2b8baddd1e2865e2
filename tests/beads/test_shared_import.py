"""Imports of several nodes on one Dolt server: each rests on all that it has looked at."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from typing import Any
from uuid import uuid4

import pytest

from ledger.beads.merging import read_file
from ledger.beads.rows import Link
from ledger.beads.waiting import cycles
from ledger.dolt.private import DoltPrivate, open_private_server
from ledger.private.rows import Row, Setting
from tests.beads.desks import Clock, exchange
from tests.beads.worlds import desk
from town.beads.desk import Draft
from town.beads.finding import CUSTOM_TYPES
from town.beads.syncing import Place

THREE = b'{"id": "gt-two", "title": "2", "dependencies": [{"depends_on_id": "gt-one"}]}\n'


class Overtaken(DoltPrivate):
    """A node that another one overtakes once, right behind a look at rows of one type."""

    def __init__(self, store: DoltPrivate, kind: type[Row], other: Callable[[], object]) -> None:
        super().__init__(store.database)
        self.kind, self.other = kind, [other]

    def find(self, kind: type[Any], /, **where: Any) -> Sequence[Any]:
        """The rows as they were before the other one wrote."""
        found = super().find(kind, **where)
        if kind is self.kind and not where and self.other:
            self.other.pop()()
        return found


@pytest.fixture
def stores(request):
    """One database of a server, opened by two nodes."""
    url = request.getfixturevalue("dolt").url(f"p{uuid4().hex}")
    with ExitStack() as stack:
        opened = (open_private_server(url, town="rust") for _ in range(2))
        yield [stack.enter_context(closing(store)) for store in opened]


@pytest.mark.dolt
def test_an_import_that_is_overtaken_tells_of_the_circle_that_it_closes(stores):
    """Another node's link came between its look at links and its own: it looks again."""
    mine, theirs = stores
    other = desk(theirs)
    for name in ("gt-one", "gt-two"):
        other.create(Draft(title=name, id=name))
    slow = Overtaken(mine, Link, lambda: other.link([("gt-one", "gt-two", "blocks")]))
    told = exchange(slow, Clock()).import_file(read_file(THREE), "a file")
    assert not slow.other
    assert len(cycles(mine.find(Link))) == 1
    assert set(told.cycle) == {"gt-one", "gt-two"}


@pytest.mark.dolt
def test_words_that_two_imports_bring_at_once_are_all_known(stores):
    """A setting that another node wrote meanwhile is not written over."""
    mine, theirs = stores

    def take(node: DoltPrivate, word: str) -> None:
        line = f'{{"id": "gt-{word}", "title": "t", "issue_type": "{word}"}}'.encode()
        exchange(node).import_file(read_file(line), "a file")

    slow = Overtaken(mine, Setting, lambda: take(theirs, "incident"))
    take(slow, "outage")
    known = mine.get(Setting, CUSTOM_TYPES)
    assert not slow.other
    assert known is not None
    assert set(known.value.split(",")) == {"incident", "outage"}


@pytest.mark.dolt
def test_what_another_node_writes_during_a_sync_is_in_the_next_one(stores, tmp_path):
    """The file that lacks it does not count as up to date."""
    mine, theirs = stores
    desk(theirs).create(Draft(title="first", id="gt-one"))
    place = Place(path=tmp_path / "issues.jsonl")
    late = exchange(
        Overtaken(mine, Link, lambda: desk(theirs).create(Draft(title="2", id="gt-two")))
    )
    late.sync(place)
    assert b"gt-two" not in place.path.read_bytes()
    clock = Clock(late.ports.now() + 10**15)
    assert exchange(mine, clock).sync_if_due(place) is not None
    assert b"gt-two" in place.path.read_bytes()
