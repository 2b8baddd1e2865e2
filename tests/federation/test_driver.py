"""The loops between nodes, over a link that a test holds in its hand: when they call."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from federation import driver
from federation.answerer import Answerer
from federation.contents import news
from federation.driver import (
    BACK_OFF_S,
    IDLE_S,
    MEMORIES_MAX,
    Board,
    EventLine,
    PeerLoop,
    exchange,
)
from federation.errors import Fault, PeerError
from federation.letters import What
from federation.meter import CPU_S
from federation.peers import Peer
from federation.session import Report
from federation.transport.client import PeerDownError
from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.set_journal import JournalReplica
from stamps.record import Entry, to_line
from tests.federation.exchange import secrets
from tests.ledger.people import HOUR
from tests.ledger.people import Board as People
from tests.waiting import LONG_S

PEER = Peer(key="did:key:zBolt", name="bolt", addresses=("http://bolt.example",))
EQUAL = Report(equal=True, root=b"")
UNEQUAL = Report(equal=False, root=b"")
GAINED = Report(equal=True, root=b"", received=1)
TAKEN = Report(equal=True, root=b"", sent=1_000)


async def at_once(work: Callable[[], object]) -> object:
    """The ledger's thread is this one."""
    return work()


class Wire:
    """A link to another ledger in this process; it counts, fails and tells when it is told to."""

    def __init__(self, journal: Journal, now: Callable[[], int]) -> None:
        self.board = Board.of(JournalReplica(journal))
        self.now = now
        self.asked: list[What] = []
        self.failure: Exception | None = None
        self.lines: asyncio.Queue[tuple[str, tuple[bytes, ...]]] = asyncio.Queue()

    async def ask(self, _peer: Peer, _wasteland: str, what: What, body: bytes) -> bytes:
        self.asked.append(what)
        if self.failure is not None:
            raise self.failure
        answerer = Answerer(
            self.board.replica, self.board.memory, new_secret=secrets("wire"),
            outlines=self.board.outlines,
        )  # fmt: skip
        return answerer.answer(what, body, peer="us", now=self.now())

    async def events(
        self, _peer: Peer, _wasteland: str, changed: Callable[..., Awaitable[None]]
    ) -> None:
        while True:
            await changed(*await self.lines.get())


class Town:
    """Our side of a board, a loop for one peer, and what became of its turns."""

    def __init__(self) -> None:
        self.people = People()
        self.ann = self.people.person("ann")
        ours = Journal.open(MemoryStore(), wasteland=self.people.wasteland)
        self.board = Board.of(JournalReplica(ours))
        self.wire = Wire(self.people.journal, self.now)
        self.reports: list[Report | Exception] = []
        self.answer: Report | Exception | None = None
        self.loop = PeerLoop(lambda: PEER, self.board, self.run, now=self.now, pull_s=3_600)

    def now(self) -> int:
        return self.people.now + HOUR

    async def exchange(self) -> Report:
        return await exchange(
            self.wire, PEER, self.board, do=at_once, now=self.now, new_secret=secrets("us")
        )

    async def run(self, _peer: Peer, _board: Board) -> Report:
        said = self.answer if self.answer is not None else await self.exchange()
        self.reports.append(said)
        if isinstance(said, Exception):
            raise said
        return said

    async def turned(self, count: int) -> None:
        """So many turns were made."""
        async with asyncio.timeout(LONG_S):
            while len(self.reports) < count:  # noqa: ASYNC110  # it waits for no event of ours
                await asyncio.sleep(0.005)


@pytest.fixture
async def town(monkeypatch) -> AsyncIterator[Town]:
    """A town whose loop begins without spreading the load."""
    monkeypatch.setattr(driver, "CATCH_UP_S", 0.0)
    one = Town()
    yield one
    await one.loop.stop()


def held(town: Town, entry: Entry) -> bool:
    """Whether our side holds it."""
    return town.board.replica.journal.held.entry(entry.record.id) is not None


async def test_a_loop_catches_up_when_it_starts_and_calls_again_on_change(town):
    """No timer has to run out: a start and a change are reasons enough."""
    post = town.ann.post()
    town.loop.start()
    await town.turned(1)
    assert held(town, post)
    town.loop.wake()
    await town.turned(2)
    assert town.board.standing(PEER.key).failures == 0


async def test_a_peer_that_fails_is_called_ever_less_often(town):
    """The steps of backing off, up to the last one; a success forgets them."""
    town.answer = PeerDownError("bolt", "gone")
    waits = [await town.loop._turn(PEER) for _ in range(8)]
    for wait, step in zip(waits, (*BACK_OFF_S, BACK_OFF_S[-1], BACK_OFF_S[-1]), strict=True):
        assert 0.8 * step <= wait <= 1.2 * step
    town.answer = EQUAL
    assert await town.loop._turn(PEER) >= 0.8 * town.loop.pull_s
    assert town.board.standing(PEER.key).failures == 0


async def test_a_fault_that_nobody_foresaw_ends_no_loop(town):
    """It is told to whoever runs the loop and said of the peer; the next turn is made."""
    told: list[dict] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, facts: told.append(facts))
    town.answer = OSError(28, "No space left on device")
    town.loop.start()
    await town.turned(1)
    assert town.board.standing(PEER.key).error == "failed.unexpected"
    town.answer = EQUAL
    town.loop.wake()
    await town.turned(2)
    assert [str(facts["exception"]) for facts in told] == ["[Errno 28] No space left on device"]


async def test_a_line_that_breaks_in_an_unforeseen_way_is_held_again(town, monkeypatch):
    """A peer's words that nobody thought of cost one line, not all that follow."""
    monkeypatch.setattr(driver, "LINE_AGAIN_S", 0.0)
    told: list[dict] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, facts: told.append(facts))

    class Odd:
        asked = 0

        async def ask(self, *_: object) -> bytes:
            raise AssertionError

        async def events(self, *_: object) -> None:
            self.asked += 1
            raise ValueError(self.asked)

    link = Odd()
    line = EventLine(link, lambda: PEER, town.loop, do=at_once, now=town.now)
    line.start()
    async with asyncio.timeout(LONG_S):
        while link.asked < 3:  # noqa: ASYNC110  # it waits for no event of ours
            await asyncio.sleep(0.005)
    await line.stop()
    assert len(told) >= 2


async def test_the_timer_is_jittered_so_that_nodes_do_not_call_together(town):
    """Two towns with one setting do not ask in step."""
    town.answer = EQUAL
    assert len({await town.loop._turn(PEER) for _ in range(5)}) == 5


async def test_a_peer_that_cries_wolf_is_heard_ever_less_often(town):
    """News that are none cost an exchange each; after a few the word alone starts nothing."""
    town.answer = EQUAL
    for expected in (*IDLE_S, IDLE_S[-1]):
        town.loop.heard()
        await town.loop._turn(PEER)
        assert town.loop._quiet_s == expected
    town.answer = UNEQUAL
    await town.loop._turn(PEER)
    assert town.loop._quiet_s == BACK_OFF_S[-1]
    town.answer = GAINED
    await town.loop._turn(PEER)
    assert town.loop._quiet_s == 0


async def test_a_peer_that_says_it_took_all_of_ours_has_told_no_news(town):
    """Else its word alone would have us send the whole board as often as it likes."""
    town.answer = TAKEN
    for expected in IDLE_S:
        town.loop.heard()
        await town.loop._turn(PEER)
        assert town.loop._quiet_s == expected
    town.loop.wake()  # what is ours to tell waits for nothing
    assert town.loop._news.is_set()


async def test_a_peer_whose_messages_are_broken_starts_nothing_by_its_word(town):
    """One that was away may be back and is called at its word; one that lies waits."""
    town.answer = PeerDownError("bolt", "gone")
    await town.loop._turn(PEER)
    assert town.loop._quiet_s == 0
    town.answer = PeerError(Fault.FORM, "noise")
    await town.loop._turn(PEER)
    assert town.loop._quiet_s > 0


async def test_what_was_heard_too_often_is_looked_at_once_and_later(town):
    """A thousand false alarms make one turn, in their time; our own change does not wait."""
    town.answer = EQUAL
    town.loop.start()
    await town.turned(1)
    town.loop._quiet_s, town.loop._alarms = LONG_S, 4
    for _ in range(1_000):
        town.loop.heard()
    await asyncio.sleep(0.05)
    assert len(town.reports) == 1
    later = town.loop._later
    assert later
    later.cancel()
    town.loop._look()  # what the timer does
    await town.turned(2)
    town.loop._quiet_s = 60.0
    town.loop.heard()
    town.loop.wake()
    await town.turned(3)


async def test_a_peer_without_an_address_is_not_called(town):
    """It calls us: there is nothing to try and nothing to count as a failure."""
    nobody = Peer(key="did:key:zNear")
    assert await town.loop._turn(nobody) == town.loop.pull_s
    assert town.reports == []


async def test_news_on_the_line_are_taken_without_a_question(town):
    """The records come with the word, lead to the peer's root, and count as seen by both."""
    await town.exchange()
    town.wire.asked.clear()
    line = EventLine(town.wire, lambda: PEER, town.loop, do=at_once, now=town.now)
    line.start()
    before = town.wire.board.outlines.now()
    post = town.ann.post()
    now = town.wire.board.outlines.now()
    lines = news(town.wire.board.replica, before, now)
    assert lines is not None
    await town.wire.lines.put((now.root.hex(), lines))
    async with asyncio.timeout(LONG_S):
        while not held(town, post):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    assert town.wire.asked == []
    assert town.board.memory(PEER.key).last.root == now.root
    await line.stop()


@pytest.mark.parametrize("kind", ["gap", "noise", "none", "known"])
async def test_news_that_do_not_lead_to_the_peers_root_are_asked_for(town, kind):
    """Missing, broken or absent records: the word alone starts an exchange; known roots do not."""
    await town.exchange()
    first, second = town.ann.post(), town.ann.post()
    assert first is not second
    root = town.wire.board.outlines.now().root.hex()
    known = town.board.outlines.known_root.hex()
    lines = {"gap": (to_line(second),), "noise": (b"noise\n",), "none": (), "known": ()}[kind]
    line = EventLine(town.wire, lambda: PEER, town.loop, do=at_once, now=town.now)
    await line._told(known if kind == "known" else root, lines)
    assert town.loop._heard == (kind != "known")
    assert not held(town, second)


async def test_a_line_full_of_noise_is_read_for_a_bounded_time(town):
    """Ten seconds of work a minute: after that its records are not looked at."""
    await town.exchange()
    post = town.ann.post()
    root = town.wire.board.outlines.now().root.hex()
    line = EventLine(town.wire, lambda: PEER, town.loop, do=at_once, now=town.now)
    line._meter.spend(2 * CPU_S, gained=0, now=line.now())
    await line._told(root, (to_line(post),))
    assert not held(town, post)
    assert town.loop._heard


async def test_the_failure_of_an_exchange_stands_beside_the_peer(town):
    """Its code, until one succeeds."""
    town.wire.failure = PeerDownError("bolt", "gone")
    with pytest.raises(PeerDownError):
        await town.exchange()
    assert town.board.standing(PEER.key).error == "peer.down"
    town.wire.failure = None
    await town.exchange()
    assert town.board.standing(PEER.key).error == ""


def test_what_is_remembered_of_peers_is_bounded(town):
    """A stranger with a thousand devices does not fill the memory."""
    for number in range(MEMORIES_MAX + 50):
        town.board.memory(f"key{number}")
    assert len(town.board.memories) == MEMORIES_MAX
