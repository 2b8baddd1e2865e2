"""The promises of every store: one suite over each backend, memory and embedded Dolt alike."""

import json
from contextlib import closing
from uuid import uuid4

import pytest

from ledger.dolt import open_dolt_server, open_doltlite
from ledger.memory import MemoryStore
from ledger.store import BoardQuery, Observed
from ledger.tables import COMMONS, Row
from stamps.record import Envelope, public_id, sign
from tests.ledger.people import POST, SECOND, Board

BACKENDS = ["memory", "doltlite", pytest.param("server", marks=pytest.mark.dolt)]


def empty(request, folder):
    """An empty store of the backend that is asked for."""
    if request.param == "memory":
        return MemoryStore()
    if request.param == "server":
        server = request.getfixturevalue("dolt")
        return open_dolt_server(server.url(f"t{uuid4().hex}"), town="rust")
    return open_doltlite(folder / "ledger.db", town="rust")


@pytest.fixture(params=BACKENDS)
def store(request, tmp_path):
    """An empty store of each backend."""
    store = empty(request, tmp_path)
    yield store
    store.close()


@pytest.fixture
def board(store):
    """A board of one test."""
    return furnished(store)


@pytest.fixture(scope="module", params=BACKENDS)
def read(request, tmp_path_factory):
    """A board that many tests look at, and none changes."""
    with closing(empty(request, tmp_path_factory.mktemp("read"))) as store:
        yield furnished(store)


def furnished(store) -> Board:
    """A board with four items of two posters, and one that nobody signed."""
    board = Board(store)
    ann, bob = board.person("ann"), board.person("bob")
    board.admit(ann)
    board.admit(bob)
    titles = [("Fix the race", 1, ["go"]), ("Write the guide", 3, ["docs"]), ("Über tests", 1, [])]
    for title, priority, tags in titles:
        under = board.journal.policy_id()
        fields = {"title": title, "priority": priority, "tags": tags, "under": under}
        ann.say("wanted.post", body=POST | fields)
    item = bob.post()
    bob.grant(item, ann.bid(item))
    seen = {"id": "w-old", "title": "An old wish", "status": "open", "priority": 0}
    row = Row("wanted", "w-old", seen | {"created_at": "2020-01-01 00:00:00"})
    board.journal.store.observe([Observed(row=row, source="hq", commit="c1", seen_at=1)])
    return board


def titles(board: Board, **query) -> list[str]:
    """The titles that a query finds, in order."""
    page = board.journal.store.find(BoardQuery(**query))
    return [item.row["title"] for item in page.items]


FOUND = [
    ({"text": "race", "status": ("open",)}, ["Fix the race"]),
    ({"text": "über"}, ["Über tests"]),
    ({"tag": "docs"}, ["Write the guide"]),
    ({"poster": "bob"}, ["Fix the token refresh race"]),
    ({"claimer": "ann"}, ["Fix the token refresh race"]),
    ({"status": ("claimed",)}, ["Fix the token refresh race"]),
    ({"signed": False}, ["An old wish"]),
    ({"priority": 3}, ["Write the guide"]),
    ({"project": "nothing"}, []),
    ({"sort": "oldest", "signed": True, "status": ("open",), "limit": 1}, ["Fix the race"]),
    ({"sort": "newest", "limit": 1}, ["Fix the token refresh race"]),
    ({"sort": "updated", "limit": 1}, ["Fix the token refresh race"]),
]


@pytest.mark.parametrize(("query", "expected"), FOUND, ids=lambda each: str(each)[:50])
def test_items_are_found_by_what_they_say(read, query, expected):
    """Every given filter holds; both layers are looked at."""
    assert titles(read, **query) == expected


def test_pages_hold_every_item_once(read):
    """A cursor continues behind the last item, in the order of the page before."""
    whole = titles(read)
    assert whole[0] == "An old wish"
    paged, cursor = [], None
    while True:
        page = read.journal.store.find(BoardQuery(limit=2, cursor=cursor))
        paged += [item.row["title"] for item in page.items]
        cursor = page.cursor
        if cursor is None:
            break
    assert paged == whole


ODD = [7, -1.5, True, float("nan"), 1 << 80, "\ud800 half", "x" * 5_000, ["\udfff", 7], {"a": [1]}]


@pytest.mark.parametrize("odd", ODD, ids=lambda each: repr(each)[:20])
def test_any_row_that_came_by_a_file_is_kept_and_found(store, odd):
    """Each value becomes one of its column's kind or none; the row is listed, and read back."""
    board = Board(store)
    for table in COMMONS:
        row = Row(table.name, "w-odd", dict.fromkeys(table.columns, odd) | {table.key: "w-odd"})
        board.journal.store.observe([Observed(row=row, source="hq", commit="c", seen_at=1)])
        [seen] = store.observed(table.name, "w-odd")
        json.dumps(seen.row.values, allow_nan=False).encode()
    [item] = store.find(BoardQuery(signed=False)).items
    assert item.row["id"] == "w-odd"
    assert all(isinstance(tag, str) for tag in item.row["tags"] or ())
    assert item.row["title"] is None or isinstance(item.row["title"], str)
    assert item.row["priority"] is None or isinstance(item.row["priority"], int)


def test_what_a_town_posted_is_counted_by_status(read):
    """A name that begins like another's counts nothing of it."""
    store = read.journal.store
    assert store.tally("ann") == {"open": 3}
    assert store.tally("bob") == {"claimed": 1}
    assert store.tally("an") == store.tally("ann ") == {}
    assert store.tally("ann", "open") == {"open": 3}
    assert store.tally("ann", "claimed") == {}


def test_items_are_counted_and_named_by_prefix(read):
    """Both layers count; a prefix finds the record behind a signed id."""
    store = read.journal.store
    assert store.counts() == {"open": 4, "claimed": 1}
    item = next(store.subjects("item"))
    public = public_id("w", item.id)
    assert read.journal.item_ids(public[:20]) == [item.id]
    assert read.journal.item_ids("w-old") == []
    assert store.ids("w-o", 5) == ["w-old"]


def test_a_signed_row_hides_an_unsigned_one_and_newer_hides_older(board):
    """records 7.6: the unsigned layer lies beneath, with its commit."""
    store = board.journal.store
    public = public_id("w", next(store.subjects("item")).id)
    row = Row("wanted", public, {"id": public, "title": "False", "status": "open"})
    old = Row("wanted", "w-old", {"id": "w-old", "title": "Older", "status": "open"})
    store.observe([Observed(row=row, source="hq", commit="c2", seen_at=2)])
    store.observe([Observed(row=old, source="hq", commit="c0", seen_at=0)])
    assert "False" not in titles(board)
    assert [seen.commit for seen in store.observed("wanted", "w-old")] == ["c1"]


def test_local_notes_are_kept_and_removed(board):
    """What is read can be changed without changing what is kept."""
    store = board.journal.store
    store.put("peers", "hop", {"urls": ["x"]})
    store.document("peers", "hop")["urls"].append("y")
    assert store.documents("peers") == {"hop": {"urls": ["x"]}}
    store.put("peers", "hop", None)
    assert store.document("peers", "hop") is None


def test_commits_show_what_changed_between_them(board):
    """Nothing changed makes no commit; a row that came is an added one."""
    store = board.journal.store
    first = store.checkpoint("one")
    assert store.checkpoint("again") is None
    board.registrar.post()
    second = store.checkpoint("two")
    [change] = store.changes(first, second, "wanted")
    assert (change["change"], change["before"]) == ("added", None)
    assert len(list(store.as_of(first, "wanted"))) + 1 == len(list(store.as_of(second, "wanted")))
    assert [commit.message for commit in store.commits(2)] == ["two", "one"]


def test_h28_a_record_from_the_future_is_parked_and_admitted_when_due(board):
    """records 2.1: it is in no set before its time, and not lost."""
    journal = board.journal
    person = board.person("eve")
    entry = sign(
        key=person.key,
        scope=board.wasteland,
        author=person.account,
        seq=0,
        prev="",
        at=board.now + 3600 * SECOND,
        kind="wanted.post",
        body=POST | {"under": journal.policy_id()},
    )
    [outcome] = journal.record([Envelope(entry.record, entry.signature)], now=board.now)
    assert outcome.code == "parked"
    assert journal.story(entry.record.id) is None
    assert journal.unpark(now=board.now) == []
    [outcome] = journal.unpark(now=entry.record.at)
    assert outcome.code == "ok"
    assert journal.story(entry.record.id) is not None


def test_a_large_cell_of_json_comes_back_whole(board):
    """16 KiB of evidence: now, as a commit had it, and in what changed since."""
    store = board.journal.store
    first = store.checkpoint("before")
    eve = board.person("eve")
    item = eve.post()
    pieces = [{"kind": "text", "value": '\U0001f980\n"' * 600} for _ in range(3)]
    eve.submit(item, evidence=pieces)
    second = store.checkpoint("after")
    [row] = store.rows("wl_attempts")
    assert row["evidence"] == pieces
    assert list(store.as_of(second, "wl_attempts")) == [row]
    [change] = store.changes(first, second, "wl_attempts")
    assert change["after"] == row
