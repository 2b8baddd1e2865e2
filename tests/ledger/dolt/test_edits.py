"""Every edit of a ledger is found: each field of each row, bits of records and of signatures."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ledger.dolt.store import DoltStore
from ledger.journal import Journal
from ledger.tables import DERIVED, UNDERIVED
from ledger.verify import Difference, verify
from tests.ledger.dolt.backends import Opened, opened
from tests.ledger.people import STAMP, Board

pytestmark = pytest.mark.slow  # `make check` waits for none of these

__all__ = ["opened"]

BITS = 60
TIMES = ("created_at", "updated_at", "registered_at", "last_seen", "completed_at", "validated_at",
         "revoked_at", "submitted_at", "decided_at")  # fmt: skip


@pytest.fixture
def ledger(opened: Opened) -> tuple[DoltStore, Journal]:
    """A ledger with a row in every table that records fill."""
    store = opened()
    board = Board(store)
    ann, bob = board.person("ann"), board.person("bob")
    board.admit(ann)
    for one, other in ((ann, bob), (bob, ann)):
        one.say("rig.join", about=board.wasteland, body={"handle": one.handle})
        body = {"other": other.account, "relation": "same_owner"}
        one.say("rig.link", scope="identity", body=body)
    item = ann.post()
    ann.grant(item, bob.bid(item))
    ann.accept(item, bob.submit(item))
    held = bob.post()
    ann.submit(held)
    given = {"subject": ann.account, "context": {"type": "review"}, "stamp": STAMP}
    bob.say("stamp.give", body=given)
    assert all(list(store.rows(table.name)) for table in DERIVED)
    assert verify(board.journal).holds
    return store, board.journal


@contextmanager
def edited(store: DoltStore, sql: str, *parameters: Any) -> Iterator[None]:
    """Somebody wrote to the database by hand, until the block ends."""
    store.database.run("BEGIN IMMEDIATE")
    try:
        store.database.run(sql, parameters)
        yield
    finally:
        store.database.run("ROLLBACK")


def differences(journal: Journal) -> list[tuple[str, str, str]]:
    """(table, key, field) of all that is found."""
    return [(d.table, d.key, d.field) for d in verify(journal).differences]


def another(column: str, value: Any) -> Any:
    """A value that the column takes and that is not this one."""
    if column in TIMES:
        return "2021-02-03 04:05:06"
    if isinstance(value, bool | int):
        return value + 1
    if isinstance(value, float):
        return round(value - 0.01, 2)
    if isinstance(value, list | dict) or column in ("tags", "skill_tags", "sandbox_scope"):
        return '["another"]'
    return value[:-1] + ("y" if value[-1] == "x" else "x") if value else "x"


def test_every_field_of_every_row_is_looked_at(ledger):
    """A changed cell is named by table, key and column; a changed key is two rows."""
    store, journal = ledger
    edits = 0
    for table in DERIVED:
        for row in list(store.rows(table.name)):
            key = str(row[table.key])
            for column in table.columns:
                value = another(column, row[column])
                sql = f"UPDATE {table.name} SET `{column}` = ? WHERE `{table.key}` = ?"  # noqa: S608
                with edited(store, sql, value, key):
                    found = differences(journal)
                if column == table.key:
                    assert set(found) == {(table.name, key, ""), (table.name, value, "")}
                else:
                    assert found == [(table.name, key, column)]
                edits += 1
    assert edits > 100
    assert verify(journal).holds


@pytest.mark.parametrize("table", UNDERIVED, ids=lambda table: table.name)
def test_a_row_where_no_record_ever_writes_is_named(ledger, table):
    """Nobody earns a badge by writing it down."""
    store, journal = ledger
    values = {"confidence": 1, "created_at": "2021-01-01 00:00:00", "sheet_json": "{}"}
    cells = [values.get(column, "x") for column in table.columns]
    cells = ["2021-01-01 00:00:00" if c.endswith("_at") else v
             for c, v in zip(table.columns, cells, strict=True)]  # fmt: skip
    marks = ", ".join("?" for _ in cells)
    columns = ", ".join(f"`{column}`" for column in table.columns)
    sql = f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"  # noqa: S608
    with edited(store, sql, *cells):
        assert differences(journal) == [(table.name, "x", "")]


def test_every_removed_row_is_named(ledger):
    """Each by its key."""
    store, journal = ledger
    for table in DERIVED:
        for row in list(store.rows(table.name)):
            key = str(row[table.key])
            sql = f"DELETE FROM {table.name} WHERE `{table.key}` = ?"  # noqa: S608
            with edited(store, sql, key):
                assert differences(journal) == [(table.name, key, "")]


def flipped(text: str, chance: random.Random) -> str:
    """The text with one bit of it changed, to another printable character."""
    while True:
        at, bit = chance.randrange(len(text)), 1 << chance.randrange(7)
        changed = chr(ord(text[at]) ^ bit)
        if changed.isprintable() and changed.isascii():
            return text[:at] + changed + text[at + 1 :]


@pytest.mark.parametrize("column", ["raw", "sig", "k"])
def test_a_changed_bit_of_a_record_is_named(ledger, column):
    """Bytes, signature or key: the record is named, and what it said is missed."""
    store, journal = ledger
    chance = random.Random(column)
    rows = store.database.all("SELECT k, raw, sig FROM wl_records ORDER BY k")
    for _ in range(BITS):
        key, raw, signature = map(str, chance.choice(rows))
        value = flipped({"raw": raw, "sig": signature, "k": key}[column], chance)
        sql = f"UPDATE wl_records SET {column} = ? WHERE k = ?"  # noqa: S608
        with edited(store, sql, value, key):
            found: list[Difference] = list(verify(journal).differences)
        named = {d.key for d in found if d.table == "wl_records"}
        assert named & {key[14:], value[14:]}, (key, value)
        assert {d.field for d in found if d.table == "wl_records"} <= {"raw", "sig"}
    assert verify(journal).holds
