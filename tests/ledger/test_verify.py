"""Proof of a ledger: every kind of damage is found and named, and a whole ledger has none."""

import sqlite3

import pytest

from ledger.dolt import open_doltlite
from ledger.journal import Journal
from ledger.verify import verify
from stamps.record import Envelope, public_id
from tests.ledger.people import Board
from tests.ledger.test_against_model import history
from tests.ledger.test_sets import fed, opened
from tests.seeds import seeds


@pytest.mark.parametrize("seed", seeds(40, fast=4))
def test_a_ledger_of_any_history_holds(seed):
    """Forks, cuts, revokes and refused decisions leave no difference."""
    made = history(seed, join=("open", "invite")[seed % 2])
    journal = opened(made)
    fed(journal, list(made.ours.values()))
    verdict = verify(journal)
    assert verdict.differences == ()
    assert verdict.records == verdict.signatures == len(list(journal.store.entries()))
    assert verdict.aside <= verdict.records


@pytest.fixture
def ledger(tmp_path):
    """A finished item in a file, and the file's path."""
    path = tmp_path / "ledger.db"
    board = Board(open_doltlite(path, town="rust"))
    ann, bob = board.person("ann"), board.person("bob")
    board.admit(ann)
    board.admit(bob)
    item = ann.post()
    ann.grant(item, bob.bid(item))
    handed = bob.submit(item)
    stamp = {"dims": {"quality": 5}}
    ann.decide("work.accept", item, submission=handed.record.id, stamp=stamp)
    board.journal.flush()
    wasteland = board.wasteland
    board.journal.store.close()
    return path, wasteland, item.record


def damaged(path, sql: str, *parameters) -> None:
    """Somebody wrote to the file by hand."""
    connection = sqlite3.connect(path, isolation_level=None)
    assert connection.execute(sql, parameters).rowcount > 0
    connection.close()


def found(path, wasteland) -> list[tuple[str, str, str]]:
    """(table, key, field) of every difference."""
    store = open_doltlite(path, town="rust")
    try:
        verdict = verify(Journal.open(store, wasteland=wasteland))
        return [(d.table, d.key, d.field) for d in verdict.differences]
    finally:
        store.close()


def test_an_untouched_file_holds(ledger):
    """No difference where nobody wrote by hand."""
    path, wasteland, _ = ledger
    assert found(path, wasteland) == []


def test_an_edited_row_is_named_with_its_field(ledger):
    """A changed cell is found by table, key and column."""
    path, wasteland, post = ledger
    public = public_id("w", post.id)
    damaged(path, "UPDATE wanted SET claimed_by = 'mallory' WHERE id = ?", public)
    assert found(path, wasteland) == [("wanted", public, "claimed_by")]


def test_a_row_that_no_record_says_is_named(ledger):
    """A planted stamp is found."""
    path, wasteland, _ = ledger
    damaged(
        path,
        "INSERT INTO stamps (id, author, subject, valence) VALUES ('s-x', 'ann', 'eve', '{}')",
    )
    assert found(path, wasteland) == [("stamps", "s-x", "")]


def test_a_missing_row_is_named(ledger):
    """A deleted completion is found."""
    path, wasteland, _ = ledger
    damaged(path, "DELETE FROM completions")
    [(table, _, field)] = found(path, wasteland)
    assert (table, field) == ("completions", "")


def test_a_changed_signature_is_named(ledger):
    """A record whose signature does not hold is found, and what it decided falls."""
    path, wasteland, post = ledger
    key = f"{post.at:014x}{post.id}"
    damaged(path, "UPDATE wl_records SET sig = ? WHERE k = ?", "A" * 86, key)
    differences = found(path, wasteland)
    assert ("wl_records", post.id, "sig") in differences
    assert any(table == "wanted" for table, _, _ in differences)


def test_a_removed_record_is_noticed(ledger):
    """A record taken out of the file shows in the root and in the rows."""
    path, wasteland, post = ledger
    key = f"{post.at:014x}{post.id}"
    damaged(path, "DELETE FROM wl_records WHERE k = ?", key)
    store = open_doltlite(path, town="rust")
    journal = Journal.open(store, wasteland=wasteland)
    tables = {difference.table for difference in verify(journal).differences}
    store.close()
    assert {"root", "wanted"} <= tables


def test_bytes_that_are_no_record_are_named(ledger):
    """A record overwritten with noise is named, and all others are still looked at."""
    path, wasteland, post = ledger
    key = f"{post.at:014x}{post.id}"
    damaged(path, "UPDATE wl_records SET raw = '{}' WHERE k = ?", key)
    differences = found(path, wasteland)
    assert [d for d in differences if d[0] == "wl_records"] == [("wl_records", post.id, "raw")]


def test_a_difference_says_itself_in_one_line(ledger):
    """Table, key, field and why, for a person at night."""
    path, wasteland, post = ledger
    damaged(path, "UPDATE wanted SET priority = 0")
    store = open_doltlite(path, town="rust")
    [difference] = verify(Journal.open(store, wasteland=wasteland)).differences
    store.close()
    public = public_id("w", post.id)
    assert str(difference) == f"wanted {public} priority: it is not what the records say"
    assert difference.plain()["untrusted"] == {"kept": 0, "said": 1}
    assert isinstance(Envelope, type)
