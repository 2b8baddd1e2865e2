"""A file of an older schema is brought to the newest, and shows what it showed."""

import pytest

from ledger.dolt import open_doltlite
from ledger.dolt.engine import Database
from ledger.dolt.migrate import MIGRATIONS, NewerStoreError, migrate, version_of
from ledger.dolt.schema import SCHEMA
from ledger.journal import Journal
from tests.ledger.test_against_model import history
from tests.ledger.test_sets import fed, opened, shown

# Of the first version's indexes, those that the second spells otherwise or does without.
FIRST = {
    "local_id": "p VARCHAR(16) NOT NULL, k VARCHAR(78) NOT NULL, PRIMARY KEY (p, k)",
    "local_about": "s VARCHAR(160) NOT NULL, k VARCHAR(78) NOT NULL, PRIMARY KEY (s, k)",
    "local_slot": "c INT NOT NULL, seq BIGINT NOT NULL, k VARCHAR(78), PRIMARY KEY (c, seq, k)",
    "local_touch": "account VARCHAR(64) NOT NULL, s VARCHAR(160), PRIMARY KEY (account, s)",
    "local_kind": "kind VARCHAR(16) NOT NULL, s VARCHAR(160) NOT NULL, PRIMARY KEY (kind, s)",
}


def made_old(path) -> None:
    """The file's indexes are those of version 1, and stale."""
    database = Database(path, town="rust")
    with database.transaction():
        for name, columns in FIRST.items():
            database.run(f"DROP TABLE IF EXISTS {name}")
            database.create(name, columns)
        database.run("INSERT INTO local_kind (kind, s) VALUES ('item', 'x')")
        database.run("UPDATE local_meta SET value = '1' WHERE name = 'schema'")
    database.call("dolt_commit", "-A", "-m", "old", "--skip-empty")
    database.close()


@pytest.mark.parametrize("seed", range(4))
def test_a_file_of_the_first_version_shows_what_it_showed(seed, tmp_path):
    """Its indexes are made anew from its records; a copy from before stays beside it."""
    made = history(seed)
    path = tmp_path / "ledger.db"
    store = open_doltlite(path, town="rust")
    journal = opened(made, store)
    fed(journal, list(made.ours.values()))
    before = shown(journal)
    store.close()
    made_old(path)
    store = open_doltlite(path, town="rust")
    assert version_of(store.database) == SCHEMA
    assert not store.database.has_table("local_touch")
    assert shown(Journal.open(store, wasteland=made.wasteland)) == before
    store.close()
    assert (tmp_path / "ledger.before-schema-2.db").exists()


def test_a_file_of_a_newer_version_is_refused_unread(tmp_path):
    """It would not be understood."""
    path = tmp_path / "ledger.db"
    database = Database(path, town="rust")
    migrate(database)
    database.run("UPDATE local_meta SET value = ? WHERE name = 'schema'", (str(SCHEMA + 1),))
    with pytest.raises(NewerStoreError):
        migrate(database)
    database.close()


def test_migrations_are_numbered_without_a_gap():
    """The last one leads to the schema of this version."""
    assert list(MIGRATIONS) == list(range(1, SCHEMA + 1))
