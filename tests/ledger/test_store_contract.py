"""The port of the store, promise by promise, on each backend; no fold stands between.

`test_stores.py` has what a board asks of a store. A method that neither of them calls fails here.
"""

import ast
import itertools
from pathlib import Path
from typing import Any

import pytest

from ledger.chains import judge
from ledger.commits import NoCommitError
from ledger.store import BoardQuery, Observed, Projection, Store, Subject
from ledger.tables import BY_NAME, Row
from stamps.record import ChainKey, Entry, public_id
from tests.ledger import test_stores
from tests.ledger.people import HOUR, SECOND, Board
from tests.ledger.test_stores import store

__all__ = ["store"]


def records() -> list[Entry]:
    """A wasteland's first records: logs, genesis, a joined account, an item, a bid, a fork."""
    board = Board()
    ann, bob = board.person("ann"), board.person("bob")
    ann.say("rig.join", about=board.wasteland, body={"handle": "ann"})
    item = ann.post()
    bob.bid(item)
    bob.say("note.add", about=item.record.id, body={"tag": "note", "text": "x"}, after=None)
    ann.device("two")
    ann.say("rig.update", scope="identity", body={"name": "Ann"})
    return list(board.said)


def projected(store: Store, entries: list[Entry], *subjects: Subject) -> None:
    """The entries are kept and indexed, and the subjects shown."""
    keys = {e.record.chain for e in entries if e.record.scope != "account"}
    chains = [
        judge(key, [e.record for e in entries if e.record.chain == key], None)
        for key in sorted(keys)
    ]
    covered = [*tail_of(store), *entries]
    store.write(entries, Projection(entries=covered, chains=chains, subjects=subjects))


def wanted(key: str, **values: Any) -> Row:
    """A row of the board."""
    fields: dict[str, Any] = {
        "id": key, "title": key, "description": None, "project": None, "type": None,
        "priority": 2, "tags": None, "posted_by": "ann", "claimed_by": None, "status": "open",
        "effort_level": "medium", "evidence_url": None, "sandbox_required": 0,
        "sandbox_scope": None, "sandbox_min_tier": None, "created_at": "2021-01-01 00:00:00",
        "updated_at": "2021-01-01 00:00:00",
    }  # fmt: skip
    return Row("wanted", key, fields | values)


def tail_of(store: Store) -> list[Entry]:
    """What no projection covers yet, in order."""
    return list(itertools.chain.from_iterable(store.tail()))


def test_a_projected_record_is_found_by_all_that_it_is(store):
    """By id, subject, chain and seq, account and log; nothing is found that is not there."""
    entries = records()
    projected(store, entries)
    for entry in entries:
        record = entry.record
        assert store.entry(record.id) == entry
        if record.scope == "account":
            log = sorted((e for e in entries if e.record.scope == "account"
                          and e.record.account == record.account),
                         key=lambda e: (e.record.seq, e.record.id))  # fmt: skip
            assert list(store.log(record.account)) == log
            continue
        slot = store.slots(record.chain, record.seq, record.seq)
        there = [e for e in entries if (e.record.chain, e.record.seq) == (record.chain, record.seq)]
        assert list(slot) == sorted(there, key=lambda e: e.record.id)
        if record.about:
            assert entry in store.about(record.about)
            assert record.about in store.by_account(record.account)
        else:
            assert record.id in store.by_account(record.account)
    assert store.entry("0" * 64) is None
    nowhere = ChainKey("0" * 64, "0" * 64, "x")
    assert [*store.slots(nowhere, 0, 9), *store.about("0" * 64), *store.log("0" * 64)] == []
    assert list(store.by_account("0" * 64)) == []


def test_where_each_record_stands_is_told_without_reading_it(store):
    """Chain, seq and key of every one in a chain, two in one slot both, by key."""
    entries = records()
    projected(store, entries)
    records_ = [entry.record for entry in entries if entry.record.scope != "account"]
    expected = sorted((f"{r.at:014x}{r.id}", r.chain, r.seq) for r in records_)
    assert [(name, key, seq) for key, seq, name in store.places()] == expected


def test_a_chain_is_read_in_order_and_within_bounds(store):
    """From one seq to another, both included; of two in one slot the lower id first."""
    board = Board()
    ann = board.person("ann")
    posts = [ann.post() for _ in range(7)]
    projected(store, list(board.said))
    key = posts[0].record.chain
    assert list(store.slots(key, 2, 4)) == posts[2:5]
    assert list(store.slots(key, 5, 10**9)) == posts[5:]
    assert {state.key for state in store.chains()} >= {key}
    [state] = [one for one in store.chains() if one.key == key]
    assert (state.counted, state.head_id) == (7, posts[-1].record.id)


def test_what_is_journalled_is_held_and_waits_in_the_tail(store):
    """Written once, in the order of arrival, until a projection covers it; then found."""
    entries = records()
    store.write(entries[:3], None)
    store.write(entries[1:5], None)
    assert tail_of(store) == entries[:5]
    assert store.count() == 5
    assert store.entry(entries[0].record.id) is None
    projected(store, entries[5:])
    assert tail_of(store) == []
    assert store.count() == len(entries)
    assert store.entry(entries[0].record.id) == entries[0]
    assert set(store.accounts()) == {e.record.account for e in entries if not e.record.author}


def test_all_records_come_in_the_order_of_time_and_from_any_place(store):
    """By `at` and id; the key of one continues behind it."""
    entries = records()
    projected(store, entries)
    ordered = sorted(entries, key=lambda e: (e.record.at, e.record.id))
    assert list(store.entries()) == ordered
    third = ordered[2].record
    assert list(store.entries(f"{third.at:014x}{third.id}")) == ordered[3:]
    assert list(store.scan("")) == ordered
    assert list(store.scan(f"{third.at:014x}")) == ordered[2:]


def item(subject: str, *rows: Row, **more: Any) -> Subject:
    """An item as the fold says it: its row bears the name of its post."""
    return Subject(id=subject, kind="item", rows=(wanted(public_id("w", subject)), *rows), **more)


def rig(subject: str, handle: str, name: str) -> Subject:
    """An account with a row."""
    values = dict.fromkeys(BY_NAME["rigs"].columns) | {"handle": handle, "display_name": name}
    return Subject(id=subject, kind="account", rows=(Row("rigs", handle, values),))


def test_a_subject_is_all_that_was_last_said_of_it(store):
    """Rows, waits and pins that are no more said are gone."""
    one, two = "a" * 64, "b" * 64
    values = dict.fromkeys(BY_NAME["completions"].columns) | {"id": "c-1", "wanted_id": "w-1"}
    first = item(one, Row("completions", "c-1", values), card={"n": [1, "é"]},
                 waits=(two, "head:x"), pins=("c" * 64,))  # fmt: skip
    projected(store, [], first, Subject(id=two, kind="account", waits=("head:x",)))
    assert store.subject(one) == first
    assert store.card(one) == first.card
    assert set(store.waiting("head:x")) == {one, two}
    assert list(store.waiting(two)) == [one]
    assert list(store.awaited()) == [(one, two)]
    assert list(store.pins()) == [(one, "c" * 64)]
    assert store.subject_of(public_id("w", one)) == one
    second = item(one)
    projected(store, [], second)
    assert store.subject(one) == second
    assert [list(store.waiting("head:x")), list(store.awaited()), list(store.pins())] == [
        [two], [], [],
    ]  # fmt: skip
    assert store.row("completions", "c-1") is None
    assert [s.id for s in store.subjects("item")] == [one]
    projected(store, [], Subject(id=one, kind="item"))
    assert list(store.rows("wanted")) == []
    assert store.subject_of(public_id("w", one)) is None
    assert store.subject("d" * 64) is None
    store.look_ahead([one, two, "d" * 64])
    assert store.subject(two) == Subject(id=two, kind="account", waits=("head:x",))
    assert (store.card(two), store.card("d" * 64)) == ({}, {})


def test_of_two_subjects_with_one_key_the_lowest_is_shown(store):
    """records 7.5: the other's row waits beside it, and is shown when the first is gone."""
    low, high = "1" * 64, "2" * 64
    projected(store, [], rig(high, "ann", "high"))
    assert store.row("rigs", "ann")["display_name"] == "high"
    projected(store, [], rig(low, "ann", "low"))
    assert store.row("rigs", "ann")["display_name"] == "low"
    projected(store, [], rig(high, "ann", "higher"))
    assert store.row("rigs", "ann")["display_name"] == "low"
    assert store.subject(high) == rig(high, "ann", "higher")
    projected(store, [], Subject(id=low, kind="account"))
    assert [row["display_name"] for row in store.rows("rigs")] == ["higher"]


def test_what_is_emptied_is_in_the_tail_again_and_the_nodes_own_notes_stay(store):
    """A rebuild begins with every record; documents and unsigned rows are no projections."""
    entries = records()
    projected(store, entries, item("1" * 64))
    store.put("peers", "hop", [1])
    store.observe([Observed(row=wanted("w-old"), source="hq", commit="c", seen_at=1)])
    store.clear_projections()
    assert sorted(e.record.id for e in tail_of(store)) == sorted(e.record.id for e in entries)
    assert list(store.rows("wanted")) == list(store.subjects("item")) == []
    assert store.entry(entries[0].record.id) is None
    assert list(store.chains()) == []
    assert store.document("peers", "hop") == [1]
    assert [item.row["id"] for item in store.find(BoardQuery()).items] == ["w-old"]
    projected(store, [])
    assert store.entry(entries[0].record.id) == entries[0]


def test_what_is_set_aside_is_no_record_until_it_is_written(store):
    """records 2.2: loose ones come back byte for byte, and are found by nothing else."""
    entries = records()
    projected(store, entries[:4])
    aside = sorted(entries[4:], key=lambda e: (e.record.at, e.record.id))
    store.shelve(aside[::-1], [])
    store.shelve(aside[:1], [])
    store.clear_projections()
    assert list(store.loose()) == aside
    assert [e.signature for e in store.loose()] == [e.signature for e in aside]
    assert (store.count(), len(list(store.entries())), len(tail_of(store))) == (4, 4, 4)
    assert [store.entry(e.record.id) for e in aside] == [None] * len(aside)
    store.shelve([], aside[1:])
    store.shelve([], aside[1:])
    assert list(store.loose()) == aside[:1]
    store.write(aside[:1], None)
    store.shelve([], aside[:1])
    assert (list(store.loose()), store.count()) == ([], 5)


def test_what_is_not_there_is_none_and_no_error(store):
    """An empty store answers every question."""
    assert store.count() == 0
    assert [*store.tail(), *store.chains(), *store.accounts(), *store.entries()] == []
    assert [*store.awaited(), *store.pins(), *store.rows("rigs"), *store.observed("rigs")] == []
    assert store.find(BoardQuery()).items == ()
    assert [dict(store.counts()), dict(store.tally("ann")), store.documents("x")] == [{}, {}, {}]
    assert list(store.ids("w-", 5)) == []
    assert list(store.loose()) == []
    store.shelve([], [])
    store.write([], None)
    store.observe([])


def test_collecting_gives_back_storage_and_takes_nothing_away(store):
    """Dolt's gc at rest; everything is there afterwards, and writable."""
    board = Board(store)
    ann = board.person("ann")
    for _ in range(5):
        ann.post()
    store.checkpoint("five")
    before = [list(store.rows("wanted")), list(store.entries())]
    store.collect()
    assert [list(store.rows("wanted")), list(store.entries())] == before
    ann.post()
    assert len(list(store.rows("wanted"))) == 6
    assert [commit.message for commit in store.commits(1)] == ["five"]


def test_a_day_and_an_hour_name_the_commit_that_held_then(store):
    """As of a moment: the last commit not after it; `HEAD~n` and a commit's own name as well."""
    board = Board(store)
    ann = board.person("ann")
    ann.post()
    first = store.checkpoint("one")
    ann.post()
    store.checkpoint("two")
    newest = store.commits(1)[0]
    assert len(list(store.as_of(newest.at[:10], "wanted"))) == 2
    assert len(list(store.as_of("2999-01-01T00:00:00Z", "wanted"))) == 2
    assert len(list(store.as_of("HEAD~1", "wanted"))) == 1
    assert len(list(store.as_of(first, "wanted"))) == 1
    assert len(list(store.changes("HEAD~1", "HEAD", "wanted"))) == 1
    assert list(store.changes("HEAD", "HEAD", "wanted")) == []
    for never in ("1999-01-01", "HEAD~99", "abcdefg"):
        with pytest.raises(NoCommitError):
            list(store.as_of(never, "wanted"))


def test_a_change_says_what_was_and_what_is(store):
    """Added, modified and removed rows, by key, with every column on both sides."""
    one, two, three = "1" * 64, "2" * 64, "3" * 64
    projected(store, [], rig(one, "ann", "Ann"), rig(two, "bob", "Bob"))
    first = store.checkpoint("before")
    projected(store, [], Subject(id=one, kind="account"), rig(two, "bob", "Rob"),
              rig(three, "cat", "Cat"))  # fmt: skip
    second = store.checkpoint("after")
    found = list(store.changes(first, second, "rigs"))
    assert found == list(store.changes("HEAD~1", "HEAD", "rigs"))
    assert [(c["change"], (c["before"] or c["after"])["handle"]) for c in found] == [
        ("removed", "ann"), ("modified", "bob"), ("added", "cat"),
    ]  # fmt: skip
    assert [found[1][side]["display_name"] for side in ("before", "after")] == ["Bob", "Rob"]
    assert set(found[2]["after"]) == set(BY_NAME["rigs"].columns)
    with pytest.raises(NoCommitError) as refused:
        list(store.changes("nothing", "HEAD", "rigs"))
    assert refused.value.said == "nothing"


def test_every_method_of_the_port_is_tried_by_this_suite():
    """A new one brings its promise."""
    port = {
        name for part in Store.__mro__ for name in vars(part)
        if not name.startswith("_") and callable(vars(part)[name])
    }  # fmt: skip
    called = {
        node.attr
        for path in (Path(__file__), Path(str(test_stores.__file__)))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert port - called == set()
    assert len(port) > 25
    assert public_id("w", "a" * 64) == "w-" + "a" * 40
    assert HOUR > SECOND
