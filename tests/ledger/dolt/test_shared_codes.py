"""Items whose ids begin alike, which is rare by chance and may be meant: none hides another.

Items here have codes and places in common as often as they can, signed and unsigned; they change,
come and go, and after each step the board is compared with looking at all of them.
"""

import random
from dataclasses import replace
from typing import Any

import pytest

from ledger.dolt import open_doltlite, search
from ledger.dolt.board import _told
from ledger.dolt.store import DoltStore
from ledger.memory import MemoryStore
from ledger.store import BoardQuery, Observed, Projection, StoreError, Subject
from ledger.tables import BY_NAME, Row
from tests.seeds import seeds

STARTS = ("00000000", "0000005e")
SORTS = ("priority", "newest", "oldest", "updated")
STEPS = 60
EMPTY = dict.fromkeys(BY_NAME["wanted"].columns)


def values(chance: random.Random, key: str) -> dict[str, Any]:
    """A row that has much in common with others."""
    return {
        **EMPTY,
        "id": key,
        "title": chance.choice(["race token", "race", "token"]),
        "type": chance.choice(["bug", "docs"]),
        "priority": chance.choice([1, 2]),
        "posted_by": "ann",
        "status": chance.choice(["open", "claimed"]),
        "created_at": chance.choice(["2026-01-01 00:00:00", "2026-01-01 00:00:01"]),
        "updated_at": chance.choice(["2026-01-02 00:00:00", "2026-01-02 00:00:01"]),
    }


def step(chance: random.Random, stores: tuple[MemoryStore, DoltStore], ids: list[str]) -> None:
    """A few items are posted, changed or withdrawn from sight, in one write; or seen elsewhere."""
    some = chance.sample(ids, chance.randint(1, 4))
    if chance.random() < 0.3:
        rows = [Row("wanted", f"w-{one[:40]}", values(chance, f"w-{one[:40]}")) for one in some]
        seen = chance.randrange(9)
        unsigned = [Observed(row=row, source="hq", commit="c", seen_at=seen) for row in rows]
        for store in stores:
            store.observe(unsigned)
        return
    subjects = []
    for one in some:
        row = Row("wanted", f"w-{one[:40]}", values(chance, f"w-{one[:40]}"))
        there = (row,) if chance.random() < 0.8 else ()
        subjects.append(Subject(id=one, kind="item", rows=there, card={}))
    for store in stores:
        store.write([], Projection(subjects=subjects))


def ids_of(chance: random.Random, count: int) -> list[str]:
    """Subjects whose public ids begin with one of two codes."""
    return [f"{chance.choice(STARTS)}{chance.getrandbits(224):056x}" for _ in range(count)]


def paged(store: MemoryStore | DoltStore, query: BoardQuery) -> list[str]:
    """The ids on all pages, in their order."""
    found: list[str] = []
    while True:
        page = store.find(query)
        found += [str(item.row["id"]) for item in page.items]
        if page.cursor is None:
            return found
        assert page.cursor != query.cursor
        query = replace(query, cursor=page.cursor)


@pytest.mark.parametrize("seed", seeds(6, fast=1))
@pytest.mark.parametrize("gathered", [0, search.GATHERED_MAX])
def test_pages_are_those_of_looking_at_every_item_after_each_change(
    tmp_path, monkeypatch, seed, gathered
):
    """Every order and a filter of each sort; and the index has the entries of what is shown."""
    monkeypatch.setattr(search, "GATHERED_MAX", gathered)
    chance = random.Random(seed)
    memory, store = MemoryStore(), open_doltlite(tmp_path / "ledger.db", town="rust")
    ids = ids_of(chance, 12)
    for _ in range(STEPS):
        step(chance, (memory, store), ids)
        query = BoardQuery(
            sort=chance.choice(SORTS),
            limit=chance.choice([1, 2, 3, 50]),
            type=chance.choice([None, "bug"]),
            text=chance.choice([None, "race", "tok ra"]),
            signed=chance.choice([None, None, True, False]),
        )
        assert paged(store, query) == paged(memory, query)
        assert store.find(replace(query, limit=50)) == memory.find(replace(query, limit=50))
        assert store.counts() == memory.counts()
    assert entries(store) == expected(store, memory)
    store.close()


def entries(store: DoltStore) -> list[str]:
    """All that stands in the index."""
    return [str(row[0]) for row in store.database.all("SELECT o FROM local_dim ORDER BY o")]


def expected(store: DoltStore, memory: MemoryStore) -> list[str]:
    """The entries of all items that are shown."""
    heads = {str(d): str(v) for d, v in store.database.all("SELECT d, v FROM local_count")}
    items = memory.find(BoardQuery(limit=1_000)).items
    return sorted({entry for item in items for entry in _told(item).entries(heads)})


def test_the_last_item_of_a_code_is_found_when_the_other_went(tmp_path):
    """Two items have all in common but the end of their ids; one is taken from sight."""
    store = open_doltlite(tmp_path / "ledger.db", town="rust")
    both = [f"{STARTS[0]}{number:056x}" for number in (1 << 200, 2 << 200)]
    there = []
    for one in both:
        row = Row("wanted", f"w-{one[:40]}", values(random.Random(1), f"w-{one[:40]}"))
        there.append(Subject(id=one, kind="item", rows=(row,), card={}))
    store.write([], Projection(subjects=there))
    store.write([], Projection(subjects=[Subject(id=both[0], kind="item", rows=(), card={})]))
    for sort in SORTS:
        page = store.find(BoardQuery(text="race token", sort=sort))
        assert [item.row["id"] for item in page.items] == [f"w-{both[1][:40]}"]
    store.close()


def two(key: str, title: str, day: int) -> Subject:
    """An item of that day, whose words are those of its title."""
    row = {**EMPTY, "id": f"w-{key[:40]}", "title": title, "priority": 2, "status": "open"}
    row["created_at"] = f"2026-01-{day:02} 00:00:00"
    return Subject(id=key, kind="item", rows=(Row("wanted", row["id"], row),), card={})


def test_a_place_of_two_items_that_have_half_each_ends_no_list(tmp_path, monkeypatch):
    """Both words stand at one place, of two items: neither fits, and what follows is found."""
    monkeypatch.setattr(search, "CHUNK", 2)
    keys = [f"{start}{number:056x}" for number in (1 << 200, 2 << 200) for start in STARTS]
    subjects = [
        two(keys[0], "race", 3),
        two(keys[2], "token", 3),
        two(keys[1], "race token", 2),
        two(keys[3], "race token", 1),
        two("1" * 64, "alone", 4),
    ]
    memory, store = MemoryStore(), open_doltlite(tmp_path / "ledger.db", town="rust")
    for each in (memory, store):
        each.write([], Projection(subjects=subjects))
    for sort in SORTS:
        query = BoardQuery(text="race token", sort=sort, limit=1)
        assert paged(store, query) == paged(memory, query)
    for priority in (-1, 2, 5):
        query = BoardQuery(priority=priority)
        assert store.find(query) == memory.find(query)
    store.close()


def test_what_was_rolled_back_leaves_no_number_behind(tmp_path, monkeypatch):
    """A write that fails half way can be made again, and finds every item."""
    chance = random.Random(3)
    memory, store = MemoryStore(), open_doltlite(tmp_path / "ledger.db", town="rust")
    ids = ids_of(chance, 8)
    subjects = [
        Subject(
            id=one,
            kind="item",
            rows=(Row("wanted", f"w-{one[:40]}", values(chance, f"w-{one[:40]}")),),
            card={},
        )
        for one in ids
    ]
    real = store.database.ordered

    def fails(sql, rows):
        if "INTO local_dim" in sql:
            raise StoreError("the disk is full")
        real(sql, rows)

    with monkeypatch.context() as full:
        full.setattr(store.database, "ordered", fails)
        with pytest.raises(StoreError):
            store.write([], Projection(subjects=subjects))
    assert store.database.all("SELECT d FROM local_count") == []
    for each in (memory, store):
        each.write([], Projection(subjects=subjects[:3]))
        each.write([], Projection(subjects=subjects))
    for sort in SORTS:
        query = BoardQuery(text="race", sort=sort)
        assert store.find(query) == memory.find(query)
    assert entries(store) == expected(store, memory)
    store.close()
