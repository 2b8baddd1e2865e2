"""The embedded Dolt store against the store in memory: the same rows, pages and roots."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.dolt import open_dolt_server, open_doltlite
from ledger.journal import Journal
from ledger.member_set import member
from ledger.memory_board import STATUS_ORDER
from ledger.set_journal import JournalReplica
from ledger.store import BoardQuery, Observed, Store
from ledger.tables import DERIVED, Row
from stamps.record import Envelope
from tests.ledger.people import POST, SECOND, Board, Person
from tests.ledger.test_against_model import history
from tests.ledger.test_sets import fed, opened, shown

pytestmark = pytest.mark.slow  # `make check` waits for none of these

WORDS = ["race", "refresh", "token", "über", "guide", "tests", "a", "ab", "abc"]


@pytest.mark.parametrize("seed", range(20))
def test_hostile_histories_show_the_same_rows_on_both_backends(seed, tmp_path):
    """records 7.6: same set, same rows, in bulk and one by one, forks and cuts included."""
    made = history(seed, join=("open", "invite")[seed % 2])
    entries = list(made.ours.values())
    random.Random(seed).shuffle(entries)
    plain = opened(made)
    fed(plain, entries)
    store = open_doltlite(tmp_path / "ledger.db", town="rust")
    kept = opened(made, store)
    fed(kept, entries, bulk=bool(seed % 3))
    kept.flush()
    assert shown(kept) == shown(plain)
    reopened = Journal.open(store, wasteland=made.wasteland)
    assert shown(reopened) == shown(plain)
    assert named(reopened) == named(plain) == looked_at(plain)
    assert [s.id for s in store.subjects("item")] == [s.id for s in plain.store.subjects("item")]
    assert sorted(store.awaited()) == sorted(plain.store.awaited())
    assert sorted(store.pins()) == sorted(plain.store.pins())
    assert store.find(BoardQuery()) == plain.store.find(BoardQuery())
    assert store.counts() == {k: n for k, n in plain.store.counts().items() if n}
    store.close()


@pytest.mark.parametrize("seed", range(6))
def test_a_rebuild_of_the_file_shows_what_was_shown(seed, tmp_path):
    """Rows and indexes made anew from wl_records alone equal those made record by record."""
    made = history(seed)
    store = open_doltlite(tmp_path / "ledger.db", town="rust")
    journal = opened(made, store)
    fed(journal, list(made.ours.values()))
    before = shown(journal)
    subjects = {s.id: s for s in store.subjects("item")}
    store.clear_projections()
    assert shown(Journal.open(store, wasteland=made.wasteland)) == before
    assert {s.id: s for s in store.subjects("item")} == subjects
    store.close()


def posted(board: Board, people: list[Person], chance: random.Random) -> None:
    """One item of some status, by one of the people."""
    poster, worker = chance.sample(people, 2)
    fields = {
        "title": " ".join(chance.choices(WORDS, k=3)),
        "project": chance.choice(["gate", "site", ""]),
        "type": chance.choice(["bug", "docs"]),
        "priority": chance.randrange(5),
        "effort": chance.choice(["small", "large"]),
        "tags": chance.sample(["go", "auth", "ui"], chance.randrange(3)),
        "under": board.journal.policy_id(),
    }
    item = poster.say("wanted.post", body=POST | fields)
    end = chance.randrange(5)
    if end >= 1:
        poster.grant(item, worker.bid(item))
    handed = worker.submit(item) if end >= 2 else item
    if end == 3:
        poster.decide("work.close", item, submission=handed.record.id)
    if end == 4:
        poster.decide("wanted.withdraw", item)


def unsigned(chance: random.Random, number: int) -> Observed:
    """A row that nobody signed."""
    values = {
        "id": f"w-{number:04x}",
        "title": chance.choice(WORDS),
        "status": chance.choice([*STATUS_ORDER, "validated"]),
        "priority": chance.choice([None, 0, 4]),
        "created_at": chance.choice([None, "2020-01-01 00:00:00"]),
    }
    row = Row("wanted", values["id"], values)
    return Observed(row=row, source="hq", commit="c1", seen_at=number)


def named(journal: Journal) -> list[tuple[int, str]]:
    """What layer 2 runs over."""
    return list(JournalReplica(journal).members())


def looked_at(journal: Journal) -> list[tuple[int, str]]:
    """The same, from the records themselves."""
    everything = (entry.record for entry in JournalReplica(journal).everything())
    return sorted({member(record) for record in everything})


def boards(tmp_path) -> tuple[Store, Store]:
    """One history of posts of every status, in both stores, with unsigned rows beneath."""
    chance = random.Random(7)
    board = Board()
    people = [board.person(name) for name in ("ann", "bob", "cat")]
    for person in people[:2]:
        board.admit(person)
    for _ in range(60):
        posted(board, people, chance)
    rows = [unsigned(chance, number) for number in range(20)]
    board.journal.store.observe(rows)
    store = open_doltlite(tmp_path / "ledger.db", town="rust")
    journal = Journal.open(store, wasteland=board.wasteland)
    envelopes = [Envelope(e.record, e.signature) for e in board.journal.store.entries()]
    for _ in range(5):
        journal.record(envelopes, now=board.now + SECOND, bulk=True)
    journal.flush()
    store.observe(rows)
    return board.journal.store, store


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The same board in both stores."""
    memory, store = boards(tmp_path_factory.mktemp("board"))
    yield memory, store
    store.close()


def maybe(values):
    """One of these, or no filter."""
    return st.none() | st.sampled_from(values)


QUERIES = st.builds(
    BoardQuery,
    status=st.lists(st.sampled_from([*STATUS_ORDER, "validated"]), max_size=3).map(tuple),
    project=maybe(["gate", "site", "", "none"]),
    type=maybe(["bug", "docs"]),
    priority=maybe([0, 1, 2, 4]),
    effort=maybe(["small", "large", "epic"]),
    tag=maybe(["go", "auth", "no"]),
    poster=maybe(["ann", "bob"]),
    claimer=maybe(["ann", "bob"]),
    text=maybe(["race", "a", "ab tok", "ÜBER", "zzz", "re gui"]),
    signed=maybe([True, False]),
    sort=st.sampled_from(["priority", "newest", "oldest", "updated"]),
    limit=st.integers(1, 30),
)


@settings(max_examples=300, deadline=None)
@given(query=QUERIES)
def test_the_index_finds_what_looking_at_every_item_finds(both, query):
    """Every page of every query, cursors included, is the one of the plain search."""
    memory, store = both
    for _ in range(200):
        expected = memory.find(query)
        assert store.find(query) == expected
        if expected.cursor is None:
            return
        query = BoardQuery(**{**_fields(query), "cursor": expected.cursor})


def _fields(query: BoardQuery) -> dict:
    return {name: getattr(query, name) for name in query.__dataclass_fields__}


def test_rows_of_the_common_tables_are_the_same(both):
    """Values, types and order of every derived table."""
    memory, store = both
    for table in DERIVED:
        assert list(store.rows(table.name)) == list(memory.rows(table.name))


@pytest.mark.dolt
@pytest.mark.parametrize("seed", range(3))
def test_hostile_histories_show_the_same_rows_in_a_dolt_server(seed, dolt):
    """records 7.6 on the third backend: same set, same rows, reopened as well."""
    made = history(seed, join=("open", "invite")[seed % 2])
    entries = list(made.ours.values())
    plain = opened(made)
    fed(plain, entries)
    store = open_dolt_server(dolt.url(f"hostile{seed}"), town="rust")
    kept = opened(made, store)
    fed(kept, entries, bulk=True)
    kept.flush()
    assert shown(kept) == shown(plain)
    assert shown(Journal.open(store, wasteland=made.wasteland)) == shown(plain)
    assert named(kept) == named(plain) == looked_at(plain)
    assert store.find(BoardQuery()) == plain.store.find(BoardQuery())
    store.close()
