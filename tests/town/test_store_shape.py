"""The private database's tables against the row types, on each engine."""

from contextlib import closing

import pytest

from ledger.beads.rows import Bead, Comment
from ledger.dolt.private_schema import complete, lacking
from ledger.private.store import Change
from tests.beads.stores import empty
from tests.ledger.conftest import dolt

__all__ = ["dolt"]


@pytest.fixture(params=["doltlite", pytest.param("server", marks=pytest.mark.dolt)])
def store(request, tmp_path):
    """An empty store of each engine."""
    with closing(empty(request, tmp_path)) as found:
        yield found


def test_what_is_missing_is_named_and_made_and_nothing_is_lost(store):
    """A table and a column that somebody dropped; rows that were there stay as they were."""
    bead = Bead(id="hq-aaaaa", title="kept", attempts=0)
    store.apply(Change(puts=(bead,)))
    assert lacking(store.database) == []
    store.database.run("DROP TABLE comments")
    store.database.run("ALTER TABLE beads DROP COLUMN attempts")
    assert sorted(lacking(store.database)) == ["beads.attempts", "comments"]
    complete(store.database)
    complete(store.database)
    assert lacking(store.database) == []
    assert store.find(Bead) == [bead]
    store.apply(Change(puts=(Comment(issue_id="hq-aaaaa", id="1", text="new"),)))
    assert store.get(Comment, "hq-aaaaa", "1").text == "new"
