"""The loops between nodes: exchanges on change, on a timer, and when a held line tells of news.

One loop a peer, so that a slow one holds up nobody; failures back off and are said with their age.
It drives sessions and decides nothing about records.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol, TypeVar

from federation.errors import PeerError
from federation.letters import What
from federation.meter import SESSION, WINDOW_S, Meter
from federation.outline import Outline
from federation.peers import Peer
from federation.remembered import Memory, Outlines
from federation.session import Ask, Caller, Done, Report
from ledger.checks import Checks
from ledger.replica import Replica
from stamps.clock import SECOND_US
from stamps.errors import WastelandError

Result = TypeVar("Result")
Told = Callable[[str, tuple[bytes, ...]], Awaitable[None]]  # a root in hex, and what is new there
Progress = Callable[[int, int], None]  # records that came, and that there are to come in all
BACK_OFF_S: Final = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
LINE_AGAIN_S: Final = 5.0
UNEXPECTED: Final = "failed.unexpected"
MEMORIES_MAX: Final = 200
IDLE_S: Final = (0.0, 0.0, 0.1, 0.2, 0.5, 1.0)  # after so many false alarms in a row
CATCH_UP_S: Final = 0.2  # after a start, so that several nodes do not all call at once


class Link(Protocol):
    """Carries a session's messages to a peer."""

    async def ask(self, peer: Peer, wasteland: str, what: What, body: bytes) -> bytes:
        """The peer's answer. Raises for a peer that was not reached or refused."""
        ...

    async def events(self, peer: Peer, wasteland: str, changed: Told) -> None:
        """Each change at the peer was told, until the line broke."""
        ...


class Do(Protocol):
    """Runs work in the ledger's thread."""

    def __call__(self, work: Callable[[], Result]) -> Awaitable[Result]:
        """The work's result."""
        ...


@dataclass(slots=True)
class Standing:
    """How one peer stands for one wasteland, as last seen. Times in microseconds, 0 for never."""

    heard_at: int = 0
    asked_at: int = 0
    next_at: int = 0
    failures: int = 0
    error: str = ""
    report: Report | None = None
    rtt_us: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # one exchange at a time
    we_call: bool = False
    they_call: bool = False
    caller: Caller | None = None  # of the exchange that goes on now

    @property
    def streams(self) -> bool:
        """Whether a long answer of the peer is on its way in."""
        return self.caller is not None and self.caller.intake.streams


@dataclass(slots=True)
class Board:
    """One wasteland as the loops see it: its set, and what each peer was known to hold."""

    replica: Replica
    outlines: Outlines
    memories: dict[str, Memory] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)

    @classmethod
    def of(cls, replica: Replica) -> "Board":
        """The board of a set."""
        return cls(replica, Outlines(replica))

    def memory(self, key: str) -> Memory:
        """What is remembered of a peer; of too many the one met first is forgotten."""
        if key not in self.memories:
            while len(self.memories) >= MEMORIES_MAX:
                del self.memories[next(iter(self.memories))]
        return self.memories.setdefault(key, Memory())

    def standing(self, key: str) -> Standing:
        """How a peer stands."""
        return self.standings.setdefault(key, Standing())


async def exchange(
    link: Link,
    peer: Peer,
    board: Board,
    *,
    do: Do,
    now: Callable[[], int],
    new_secret: Callable[[], bytes],
    checks: Checks | None = None,
    progress: Progress | None = None,
) -> Report:
    """One exchange with a peer, to its end. Raises what the link or the session raises.

    What came in is taken in while the peer looks out what follows. `progress` is told how many
    records are here, and how many will be.
    """
    standing = board.standing(peer.key)
    standing.asked_at = now()
    caller = Caller(
        board.replica,
        board.memory(peer.key),
        new_secret=new_secret,
        outlines=board.outlines,
        peer=peer.key,
        checks=checks,
    )
    standing.caller = caller
    try:
        report = await _turns(caller, link, peer, standing, do=do, now=now, progress=progress)
    except WastelandError as error:
        standing.error = error.code
        raise
    finally:
        standing.caller = None
        await do(caller.intake.end)
    standing.we_call, standing.error = True, ""
    standing.report = report
    return report


async def _turns(
    caller: Caller,
    link: Link,
    peer: Peer,
    standing: Standing,
    *,
    do: Do,
    now: Callable[[], int],
    progress: Progress | None,
) -> Report:
    wasteland = caller.replica.wasteland
    meter, shown = Meter(window_s=SESSION), False

    def paid(work: Callable[[], Result]) -> Callable[[], Result]:
        def measured() -> Result:
            result = metered(work, meter, gained=lambda: caller.gained, now=now())
            if not isinstance(result, Done):  # what is over is over
                meter.check(now=now())
            return result

        return measured

    step = await do(lambda: caller.begin(now()))
    while isinstance(step, Ask):
        sent_at = now()
        asked = link.ask(peer, wasteland, step.what, step.body)
        if caller.intake.owes:
            answer, _ = await asyncio.gather(asked, do(paid(lambda: caller.work(now()))))
        else:
            answer = await asked
        if progress is not None and caller.intake.streams:
            progress(*caller.come)
            shown = True
        standing.rtt_us, standing.heard_at = now() - sent_at, now()
        step = await do(paid(partial(_received, caller, answer, now)))
    if progress is not None and shown:
        progress(caller.come[0], caller.come[0])
    return step.report


def _received(caller: Caller, answer: bytes, now: Callable[[], int]) -> Ask | Done:
    return caller.received(answer, now())


def metered(
    work: Callable[[], Result],
    meter: Meter,
    *,
    gained: Callable[[], int],
    now: int,
    caller: str = "",
) -> Result:
    """The work's result; the seconds that it took are paid for, less what it gained."""
    begun, before = time.thread_time(), gained()
    try:
        return work()
    finally:
        took = time.thread_time() - begun
        meter.spend(took, gained=gained() - before, now=now, caller=caller)


class PeerLoop:
    """Exchanges with one peer about one wasteland, until it is stopped."""

    def __init__(
        self,
        peer: Callable[[], Peer | None],
        board: Board,
        run: Callable[[Peer, Board], Awaitable[Report]],
        *,
        now: Callable[[], int],
        pull_s: float,
    ) -> None:
        self.peer = peer
        self.board = board
        self.run = run
        self.now = now
        self.pull_s = pull_s
        self._news = asyncio.Event()
        self._heard = False
        self._alarms = 0  # times that a peer told of news and had none
        self._quiet_s = 0.0  # how long its word alone starts nothing
        self._later: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """The loop runs."""
        self._task = asyncio.create_task(self._turns())

    async def stop(self) -> None:
        """The loop has ended."""
        if self._later is not None:
            self._later.cancel()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def wake(self) -> None:
        """Something changed here."""
        self._news.set()

    def heard(self) -> None:
        """The peer says that something changed there; one that cries wolf is heard less often."""
        self._heard = True
        if not self._quiet_s:
            self._news.set()
        elif self._later is None:
            self._later = asyncio.get_running_loop().call_later(self._quiet_s, self._look)

    def _look(self) -> None:
        self._later = None
        self._news.set()

    async def _turns(self) -> None:
        await asyncio.sleep(random.uniform(0, CATCH_UP_S))  # noqa: S311  # only spreads the load
        while True:
            self._news.clear()
            peer = self.peer()
            if peer is None:
                return
            wait_s = await self._turn(peer)
            standing = self.board.standing(peer.key)
            standing.next_at = self.now() + int(wait_s * SECOND_US)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._news.wait()

    async def _turn(self, peer: Peer) -> float:
        """Seconds until the next turn, news aside."""
        standing = self.board.standing(peer.key)
        heard, self._heard = self._heard, False
        if not peer.addresses:
            return self.pull_s
        try:
            report = await self.run(peer, self.board)
        except WastelandError as error:
            standing.failures += 1
            wait_s = _step(BACK_OFF_S, standing.failures)
            self._quiet_s = 0.0 if getattr(error, "retryable", False) else wait_s  # it may be back
            return wait_s * _jitter()
        except Exception as error:  # noqa: BLE001  # the outermost loop: else nobody calls again
            standing.failures, standing.error = standing.failures + 1, UNEXPECTED
            _tell(f"exchange with {peer.label}", error)
            return _step(BACK_OFF_S, standing.failures) * _jitter()
        standing.failures = 0
        self._alarms = 0 if report.received else self._alarms + heard  # what it took is its word
        self._quiet_s = _step(IDLE_S if report.equal else BACK_OFF_S, self._alarms)
        return self.pull_s * _jitter()


def _tell(what: str, error: Exception) -> None:
    """Whoever runs the loop learns of a fault that nobody foresaw."""
    loop = asyncio.get_running_loop()
    loop.call_exception_handler({"message": what, "exception": error})


def _step(steps: Sequence[float], number: int) -> float:
    """The step of a number from 1 on, the last one for all that follow; 0 for none."""
    return steps[min(number, len(steps)) - 1] if number else 0.0


def _jitter() -> float:
    return random.uniform(0.8, 1.2)  # noqa: S311  # only spreads the load


class EventLine:
    """One outbound line to a peer that tells of its changes, held again whenever it breaks."""

    def __init__(
        self,
        link: Link,
        peer: Callable[[], Peer | None],
        loop: PeerLoop,
        *,
        do: Do,
        now: Callable[[], int],
    ) -> None:
        self.link = link
        self.peer = peer
        self.loop = loop
        self.do = do
        self.now = now
        self._meter, self._gained = Meter(window_s=WINDOW_S), 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """The line is being held."""
        self._task = asyncio.create_task(self._hold())

    async def stop(self) -> None:
        """The line is let go."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _hold(self) -> None:
        while (peer := self.peer()) is not None:
            if peer.addresses:
                wasteland = self.loop.board.replica.wasteland
                try:
                    await self.link.events(peer, wasteland, self._told)
                except WastelandError:
                    pass  # the loop's own exchanges say what is wrong with the peer
                except Exception as error:  # noqa: BLE001  # the outermost loop, as above
                    _tell(f"line to {peer.label}", error)
            await asyncio.sleep(LINE_AGAIN_S * _jitter())

    async def _told(self, root: str, lines: tuple[bytes, ...]) -> None:
        """The news were taken at once where they lead to the peer's root; else it is asked."""
        if root == self.loop.board.outlines.known_root.hex():
            return
        peer = self.peer()
        if peer is None or not lines or not await self.do(lambda: self._take(peer, root, lines)):
            self.loop.heard()

    def _take(self, peer: Peer, root: str, lines: tuple[bytes, ...]) -> bool:
        """Whether we hold now what the peer holds."""
        try:
            self._meter.check(now=self.now())
        except PeerError:
            return False
        board = self.loop.board

        def work() -> Outline:
            received = board.replica.receive(lines, now=self.now(), peer=peer.key)
            self._gained += received.accepted
            return board.outlines.now()

        ours = metered(work, self._meter, gained=lambda: self._gained, now=self.now())
        standing = board.standing(peer.key)
        standing.heard_at = self.now()
        if ours.root.hex() != root:
            return False
        standing.report = Report(equal=True, root=ours.root, they_lack=0, we_lack=0)
        board.memory(peer.key).save(ours)
        return True
