"""H51, H53, H58, H62: what strangers write must not work on whoever reads or stores it."""

import sqlite3

import pytest

from cli.escape import escape
from ledger.dolt import open_doltlite
from ledger.journal import Journal
from ledger.verify import verify
from tests.ledger.people import POST, STAMP, Board

SQL = "'; DROP TABLE wanted; -- \" \\ ` $1 %s ? :x"


@pytest.fixture
def ledger(tmp_path):
    """A board in a file."""
    store = open_doltlite(tmp_path / "ledger.db", town="rust")
    yield Board(store), tmp_path / "ledger.db"
    store.close()


def test_h51_sql_in_every_field_is_text(ledger):
    """Quotes, comments and placeholders travel unharmed; the tables stand."""
    board, _ = ledger
    ann = board.person("ann")
    texts = {"title": SQL, "description": SQL, "project": SQL[:40], "tags": [SQL[:60], "%s"]}
    body = POST | texts | {"under": board.journal.policy_id()}
    ann.say("wanted.post", body=body)
    [row] = board.rows("wanted")
    assert (row["title"], row["project"], row["tags"]) == (SQL, SQL[:40], [SQL[:60], "%s"])
    assert verify(board.journal).holds


def test_h53_rows_edited_without_records_are_named(ledger):
    """Somebody with SQL access changed a row: verify says which cell, and a rebuild mends it."""
    board, path = ledger
    ann = board.person("ann")
    ann.post()
    wasteland = board.wasteland
    board.journal.flush()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("UPDATE wanted SET status = 'completed'")
    other.close()
    [difference] = verify(board.journal).differences
    assert (difference.table, difference.field) == ("wanted", "status")
    board.journal.store.clear_projections()
    assert verify(Journal.open(board.journal.store, wasteland=wasteland)).holds


def test_h58_a_stamp_on_oneself_has_no_row(ledger):
    """The yearbook rule (records 5.6): the item is done, nobody is praised."""
    board, _ = ledger
    ann = board.person("ann")
    item = ann.post()
    ann.grant(item, ann.bid(item))
    handed = ann.submit(item)
    ann.decide("work.accept", item, submission=handed.record.id, stamp=STAMP)
    ann.say("stamp.give", about=ann.account, body={
        "subject": ann.account, "context": {"type": "review"}, "stamp": STAMP})  # fmt: skip
    assert board.status(item) == "completed"
    assert board.rows("stamps") == []


@pytest.mark.parametrize(
    "text", ["\x1b[2J\x1b]0;owned\x07", "a\rb", "\u202egnp.exe", "\x9b31m", "\u2066x"], ids=ascii
)
def test_h62_terminal_codes_in_a_title_are_shown_and_not_obeyed(text):
    """Whatever got into a row of others stays text on a terminal."""
    shown = escape(text)
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in shown)
    assert not any(c in shown for c in "\u202e\u2066")
