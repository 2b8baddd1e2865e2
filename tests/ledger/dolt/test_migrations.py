"""An older database is brought forward with a copy kept; one of a later version is left alone."""

from collections.abc import Mapping

import pytest

from ledger.dolt import migrate as steps
from ledger.dolt import open_dolt_server, open_doltlite
from ledger.dolt.engine import Database
from ledger.dolt.migrate import MIGRATIONS, Migration, migrate, version_of
from ledger.dolt.schema import SCHEMA
from ledger.dolt.store import DoltStore
from ledger.dolt.version import NewerStoreError
from ledger.journal import Journal
from ledger.store import BoardQuery, Observed
from ledger.store_errors import StoreError
from ledger.tables import Row
from ledger.verify import verify
from stamps.record import Envelope
from tests.ledger.dolt.backends import Opened, is_server, opened
from tests.ledger.people import Board
from tests.ledger.test_sets import shown

__all__ = ["opened"]

NEXT = SCHEMA + 1
NOTE = {"tag": "note", "text": "later"}


def _more(database: Database) -> None:
    """What a later version could add: a table, and a column of ours."""
    database.create("wl_more", "id VARCHAR(64) NOT NULL PRIMARY KEY, n INT")
    database.run("ALTER TABLE wl_attempts ADD COLUMN extra TEXT")
    database.run("INSERT INTO wl_more (id, n) VALUES ('x', 7)")


def _breaks(database: Database) -> None:
    """A step that fails half way."""
    database.create("wl_broken", "id VARCHAR(64) NOT NULL PRIMARY KEY")
    database.run("INSERT INTO wl_nowhere (id) VALUES ('x')")


LATER: Mapping[int, Migration] = {**MIGRATIONS, NEXT: _more}
BROKEN: Mapping[int, Migration] = {**MIGRATIONS, NEXT: _breaks}


def filled(opened: Opened) -> tuple[DoltStore, Board]:
    """A store of this version with a finished job in it."""
    store = opened()
    board = Board(store)
    ann, bob = board.person("ann"), board.person("bob")
    item = ann.post()
    ann.accept(item, bob.submit(item))
    store.checkpoint("a job")
    return store, board


def test_a_new_database_has_this_version_and_no_copy(opened: Opened):
    """Nothing lies beside it, and a second look changes nothing."""
    database = opened().database
    assert version_of(database) == SCHEMA
    assert migrate(database) is None


def test_an_older_database_is_migrated_and_what_was_before_is_kept(opened: Opened, monkeypatch):
    """Rows, records and root are what they were; the copy holds the version from before."""
    store, board = filled(opened)
    before = shown(board.journal)
    database = store.database
    copy = migrate(database, LATER)
    with monkeypatch.context() as later:
        later.setattr(steps, "SCHEMA", NEXT)
        assert version_of(database) == NEXT
    assert database.all("SELECT id, n FROM wl_more") == [("x", 7)]
    assert shown(Journal.open(store, wasteland=board.wasteland)) == before
    assert verify(Journal.open(store, wasteland=board.wasteland)).holds
    assert store.commits(1)[0].message == f"schema {NEXT}"
    if is_server(database):
        tags = {str(row[0]) for row in database.all("SELECT tag_name FROM dolt_tags")}
        assert f"before-schema-{NEXT}" in tags
        tables = database.all(f"SHOW TABLES AS OF 'before-schema-{NEXT}'")
        assert "wl_more" not in {str(row[0]) for row in tables}
        return
    assert copy is not None
    assert copy.name == f"ledger.before-schema-{NEXT}.db"
    old = open_doltlite(copy, town="rust")
    assert version_of(old.database) == SCHEMA
    assert shown(Journal.open(old, wasteland=board.wasteland)) == before
    old.close()


OLD_BOARD: Mapping[str, str] = {
    "local_dim": "o VARCHAR(600) NOT NULL PRIMARY KEY",
    "local_count": "d VARCHAR(400) NOT NULL PRIMARY KEY, n BIGINT NOT NULL",
}


def _as_version_2(database: Database) -> None:
    """The board's index as version 2 had it: values and ids written out."""
    with database.transaction():
        for name, columns in OLD_BOARD.items():
            database.run(f"DROP TABLE {name}")
            database.create(name, columns)
        database.run("INSERT INTO local_dim (o) VALUES (?)", ("tbug\x1f02aaaaaa" + "b" * 27,))
        database.run("INSERT INTO local_count (d, n) VALUES ('sopen', 9)")
        database.run("UPDATE local_meta SET value = '2' WHERE name = 'schema'")


def test_a_board_of_version_2_is_laid_out_anew(opened: Opened):
    """Signed and unsigned items are on the same pages as before, and nothing else is."""
    store, board = filled(opened)
    values = {"id": "w-old", "title": "theirs", "status": "open", "posted_by": "hop"}
    store.observe(
        [Observed(row=Row("wanted", "w-old", values), source="hq", commit="c", seen_at=1)]
    )
    queries = [BoardQuery(), BoardQuery(sort="updated"), BoardQuery(text="theirs")]
    before = [store.find(query) for query in queries], store.counts(), shown(board.journal)
    assert len(before[0][0].items) == 2
    _as_version_2(store.database)
    again = opened()
    assert version_of(again.database) == SCHEMA
    journal = Journal.open(again, wasteland=board.wasteland)
    assert ([again.find(query) for query in queries], again.counts(), shown(journal)) == before
    assert verify(journal).holds
    if not is_server(again.database):
        assert again.database.path.with_name("ledger.before-schema-3.db").exists()


def test_a_ledger_of_version_3_gets_a_place_for_loose_records(opened: Opened):
    """records 2.2: nothing else changes, and what is put there is there."""
    store, board = filled(opened)
    zoe = board.person("zoe")
    first, later = (
        zoe.say("note.add", about=board.wasteland, body=NOTE, offer=False) for _ in range(2)
    )
    before = shown(board.journal)
    with store.database.transaction():
        store.database.run("DROP TABLE local_loose")
        store.database.run("UPDATE local_meta SET value = '3' WHERE name = 'schema'")
    again = opened()
    assert version_of(again.database) == SCHEMA
    again.shelve([later], [])
    assert opened().loose() == [later]
    journal = Journal.open(again, wasteland=board.wasteland)
    assert shown(journal) == before
    journal.record([Envelope(first.record, first.signature)], now=later.record.at)
    assert (again.loose(), opened().loose()) == ([], [])
    assert journal.held.entry(later.record.id) == later
    if not is_server(again.database):
        assert again.database.path.with_name("ledger.before-schema-4.db").exists()


def test_a_newer_database_is_refused_and_left_as_it_is(opened: Opened):
    """A version that this one does not know is not written to."""
    store, _ = filled(opened)
    migrate(store.database, LATER)
    count = store.database.all("SELECT count(*) FROM wl_records")
    with pytest.raises(NewerStoreError) as refused:
        opened()
    assert refused.value.code == "store.newer"
    assert store.database.all("SELECT count(*) FROM wl_records") == count


def test_a_migration_that_was_cut_short_is_made_at_the_next_start(opened: Opened, monkeypatch):
    """What was kept of before is still what is kept: the second time it is there already."""
    store, board = filled(opened)
    before = shown(board.journal)
    with pytest.raises(StoreError):
        migrate(store.database, BROKEN)
    migrate(store.database, LATER)
    monkeypatch.setattr(steps, "SCHEMA", NEXT)
    assert version_of(store.database) == NEXT
    assert shown(Journal.open(store, wasteland=board.wasteland)) == before


def test_a_step_that_fails_leaves_the_version_from_before(tmp_path):
    """The file stays as it was, and opens; the copy lies beside it."""
    path = tmp_path / "ledger.db"
    store, board = filled(lambda: open_doltlite(path, town="rust"))
    before = shown(board.journal)
    with pytest.raises(StoreError):
        migrate(store.database, BROKEN)
    store.close()
    again = open_doltlite(path, town="rust")
    assert version_of(again.database) == SCHEMA
    assert not again.database.has_table("wl_broken")
    assert shown(Journal.open(again, wasteland=board.wasteland)) == before
    again.close()
    assert (tmp_path / f"ledger.before-schema-{NEXT}.db").exists()


@pytest.mark.dolt
def test_a_server_that_is_not_there_is_said(dolt):
    """No fallback to anything: a code, and what to do."""
    wrong = dolt.url("gone").replace(str(dolt.port), "1")
    with pytest.raises(StoreError) as refused:
        open_dolt_server(wrong, town="rust")
    assert refused.value.code == "store.down"
