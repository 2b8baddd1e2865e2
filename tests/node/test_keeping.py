"""When a ledger is committed: after a user's word, after much, in a long stream ever less often."""

import asyncio

import pytest

from ledger.journal import Journal
from ledger.memory import MemoryStore
from stamps.record import Envelope
from tests.cli.towns import TypedTown
from tests.ledger.people import HOUR, Board
from tests.market.towns import MemoryKeys
from tests.waiting import LONG_S
from town.market.town import Town
from town.node import keeping
from town.node.home import Home
from town.node.keeping import BulkPlan, Keeper
from town.node.writer import Writer


class Counting(MemoryStore):
    """A store that remembers what was asked of it, and how many records it held then."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, int]] = []

    def checkpoint(self, message: str) -> str | None:
        self.asked.append((message, self.count()))
        return super().checkpoint(message)

    def collect(self) -> None:
        self.asked.append(("gc", self.count()))
        super().collect()

    @property
    def commits_at(self) -> list[int]:
        """How many records each commit covered."""
        return [count for said, count in self.asked if said != "gc"]


@pytest.fixture(scope="module")
def stream():
    """Two hundred records of one board, in an order that admits them."""
    board = Board()
    ann = board.person("ann")
    body = {"tag": "note", "text": "x"}
    for _ in range(200):
        ann.say("note.add", about=board.wasteland, body=body)
    return board.wasteland, [Envelope(e.record, e.signature) for e in board.said], board.now


@pytest.fixture
def town(stream, tmp_path):
    """A town with that board, empty, and its keeper."""
    wasteland, envelopes, now = stream
    found = Town(
        keys=MemoryKeys(),
        self_ledger=Journal.open(MemoryStore(), wasteland=""),
        open_ledger=lambda one: Journal.open(Counting(), wasteland=one),
    )
    journal = found.enter(wasteland)
    keeper = Keeper(Home(tmp_path))
    keeper.keep(found, now=now)

    def take(count: int) -> None:
        for envelope in envelopes[journal.version : journal.version + count]:
            journal.record([envelope], now=now + HOUR)

    return found, journal, keeper, take, now


@pytest.fixture
def small(monkeypatch):
    """The numbers of a long stream, a thousandth of them."""
    monkeypatch.setattr(keeping, "BULK_RECORDS", 10)
    monkeypatch.setattr(keeping, "COMMIT_RECORDS", 5)


def test_a_long_stream_is_committed_when_it_is_four_times_as_large(town, small):
    """At 10, 40, 160: each time with what nothing refers to given back, and never in between."""
    _, journal, _, take, _ = town
    plan = BulkPlan()
    kept = []
    for number in range(1, 201):
        take(1)
        if plan.keep(journal):
            kept.append(number)
    assert kept == [10, 40, 160]
    assert journal.store.commits_at == kept
    assert [said for said, _ in journal.store.asked] == [
        "wl sync: 10 records", "gc", "wl sync: 30 records", "gc", "wl sync: 120 records", "gc",
    ]  # fmt: skip


def test_a_commit_of_a_stream_covers_what_came_until_then(town, small):
    """Rows and indexes are as far as the records; a start after it projects nothing."""
    _, journal, _, take, _ = town
    take(10)
    assert BulkPlan().keep(journal)
    assert list(journal.store.tail()) == []


def test_a_plan_that_begins_at_a_large_ledger_waits_for_as_much_again(town, small):
    """Three times what was committed before, however the stream begins."""
    _, journal, _, take, _ = town
    take(40)
    plan = BulkPlan(committed=journal.version)
    take(119)
    assert not plan.keep(journal)
    take(1)
    assert plan.keep(journal)


def test_while_a_stream_comes_the_plan_decides_and_afterwards_the_count(town, small):
    """Many more than a commit's worth wait for the plan; the end of the stream is committed."""
    found, journal, keeper, take, now = town
    journal.streaming = True
    for _ in range(9):
        take(1)
        keeper.keep(found, now=now)
    assert journal.store.commits_at == []
    take(1)
    keeper.keep(found, now=now)
    assert journal.store.commits_at == [10]
    take(29)
    keeper.keep(found, now=now)
    assert journal.store.commits_at == [10]
    journal.streaming = False
    keeper.keep(found, now=now)
    assert journal.store.commits_at == [10, 39]


def test_what_a_user_says_is_committed_at_once_also_in_a_stream(town, small):
    """A post is in history when the command ends, whatever else comes in; then the plan is new."""
    found, journal, keeper, take, now = town
    journal.streaming = True
    take(3)
    found.spoken.append((journal.wasteland, "wanted.post", "ab" * 32))
    keeper.keep(found, now=now)
    assert journal.store.asked == [("wl post: w-" + "ab" * 20, 3)]
    take(9)
    keeper.keep(found, now=now)
    assert journal.store.commits_at == [3]
    take(1)
    keeper.keep(found, now=now)
    assert journal.store.commits_at == [3, 13]


def test_a_trickle_is_committed_by_count_or_by_age(town, small):
    """Five records, or a minute."""
    found, journal, keeper, take, now = town
    take(4)
    keeper.keep(found, now=now)
    first = list(journal.store.commits_at)
    take(1)
    keeper.keep(found, now=now + keeping.COMMIT_AGE_US)
    assert journal.store.commits_at == [*first, 5]
    take(1)
    keeper.keep(found, now=now + keeping.COMMIT_AGE_US + 1)
    assert journal.store.commits_at == [*first, 5]
    keeper.keep(found, now=now + 2 * keeping.COMMIT_AGE_US)
    assert journal.store.commits_at == [*first, 5, 6]


def test_storage_is_given_back_when_a_ledger_has_grown_fourfold(tmp_path, monkeypatch):
    """Small files never; a large one when it is four times what it was after the last time."""
    rust = TypedTown(tmp_path, "rust")
    for line in (("init", "--handle", "rust"), ("post", "one"), ("post", "two")):
        assert rust.type(*line).code == 0
    town, keeper = rust.town.town, rust.town.keeper
    [journal] = town.ledgers.values()
    before = rust.json("verify")["data"]

    def collected(*, after: int | None) -> int | None:
        """What the note of the last time says once the keeper had its turn."""

        def turn() -> int | None:
            journal.store.put("node", "collected", after)
            keeper.collect(town)
            return journal.store.document("node", "collected")

        return rust.town.writer.run(turn)

    file = rust.town.home.ledger(journal.wasteland)
    size = file.stat().st_size
    assert collected(after=None) is None
    monkeypatch.setattr(keeping, "COLLECT_BYTES_MIN", 1)
    assert collected(after=size // 3) == size // 3
    assert file.stat().st_size >= size
    left = collected(after=size // 5)
    assert left is not None
    assert left < size // 2
    assert file.stat().st_size < size // 2
    assert rust.json("verify")["data"] == before
    rust.town.close()


def test_a_commit_says_what_a_user_did_and_about_what(tmp_path):
    """`wl log` names items as they are typed; a board, a row and a stamp are no items."""
    rust = TypedTown(tmp_path, "rust")
    assert rust.type("init", "--handle", "rust").code == 0
    board = rust.json("create", "hop/commons")["data"]["id"]
    item = rust.json("post", "one")["data"]["id"]
    assert rust.type("withdraw", item).code == 0
    rows = tmp_path / "wanted.json"
    rows.write_text('[{"id": "w-0123456789", "title": "theirs"}]')
    assert rust.type("import", "--rows", str(tmp_path)).code == 0
    assert rust.type("note", "w-0123456789", "seen").code == 0
    said = [one["message"] for one in rust.json("log")["data"]["rows"]]
    parts = {part for message in said for part in message.split("; ")}
    assert {f"wl join: {board[:12]}", "wl note: w-0123456789"} <= parts
    assert {f"wl post: {item}", f"wl delete: {item}"} <= parts
    rust.town.close()


async def test_a_fault_in_one_tick_stops_no_clock(town, tmp_path, monkeypatch):
    """What is due is looked at again a second later: else no claim would ever end here."""
    monkeypatch.setattr(keeping, "TICK_S", 0.01)
    asked: list[int] = []
    done = asyncio.Event()

    def next_due() -> int:
        asked.append(len(asked))
        if len(asked) == 1:
            raise OSError(28, "No space left on device")
        done.set()
        return 0

    writer = Writer(after=lambda: None)
    keeper = Keeper(Home(tmp_path))
    keeper.start(town, writer, next_due)
    async with asyncio.timeout(LONG_S):
        await done.wait()
    await keeper.stop()
    writer.close()
    assert len(asked) > 1
