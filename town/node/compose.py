"""The composition root: an open town, every port plugged in.

The one place that knows adapters. A node and a single command open a town the same way; what
differs is who calls, and whether loops carry what is said.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import version
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from ledger.journal import Journal
from stamps.errors import WastelandError
from town.market.answer import Answer
from town.market.blob_notes import SPACE as BLOBS_SPACE
from town.market.blob_notes import every
from town.market.conduct import Conduct
from town.market.market import Market
from town.market.ports import Ports
from town.market.town import Town
from town.node import clock
from town.node.bar import bar
from town.node.blob_files import BlobFiles
from town.node.boot import calm_collector, load_engine
from town.node.changes import Changes, cancellable
from town.node.configured import config_of
from town.node.continuity import Mark
from town.node.doctor import Check, check_blobs, check_drift, check_loose
from town.node.home import Home
from town.node.keeping import Keeper, board_of, own_heads
from town.node.keys import KeyFiles
from town.node.lifecycle import NodeFacts
from town.node.log import Logger
from town.node.place import TOWN_HOME, TOWN_MARK, state_folder
from town.node.quiet import QuietPeers
from town.node.status import status_of
from town.node.writer import Writer
from town.web.bell import Bell

if TYPE_CHECKING:
    from aiohttp import web

    from town.node.peers import PeerDesk
    from town.node.private import OpenPrivate
    from town.node.town_services import TownServices

LOG = Logger("town")
AGENT: ContextVar[str] = ContextVar("AGENT", default="")
SAY: ContextVar[Callable[[str], None]] = ContextVar("SAY", default=lambda _: None)
SHOW: ContextVar[Callable[[str], None]] = ContextVar("SHOW", default=lambda _: None)
SHOWN_MIN = 2_000  # records; fewer are here before anybody has read the line
FOREGROUND_EXCHANGE_S = 10.0
WATCH_WAIT_S = 10.0


def _say(line: str) -> None:
    SAY.get()(line)


def _progress(come: int, whole: int) -> None:
    """Whoever waits sees how far a long exchange has come."""
    if whole >= SHOWN_MIN:
        SHOW.get()(bar(come, whole))


class OpenTown:
    """One town, its ledgers open, until `close`."""

    def __init__(self, home: Home, env: Mapping[str, str], *, resident: bool) -> None:
        self.home = home
        self.env = env
        self.resident = resident
        self.config = config_of(home.config, env)
        self.changes = Changes()
        self.bell = Bell()
        self.writer = Writer(after=self._after_turn)
        self.keeper = Keeper(home)
        self.files = BlobFiles(home.blobs, most=self.config.number("blobs.bytes_max"))
        self._told: dict[str, int] = {}
        self._seen: dict[str, int] = {}
        self.town = self.writer.run(self._open)
        self.desk = self._desk() if resident else None
        self.peers: PeerDesk | QuietPeers = self.desk or QuietPeers(
            town=self.town,
            config=self.config,
            writer=self.writer,
            now=clock.now,
            new_secret=clock.new_secret,
            progress=_progress,
            files=self.files,
        )
        self.market = Market(self.town, self._ports())
        self.conduct = Conduct(self.market)
        if self.desk is not None:
            self.desk.on_redeemed = self._redeemed
        self._ready = True
        if resident:
            self.writer.run(self._survey)

    _ready = False
    _private: "OpenPrivate | None" = None
    _watching: "TownServices | None" = None

    # --- opening

    def _open(self) -> Town:
        keys = KeyFiles(self.home, passphrase=self.env.get("WL_PASSPHRASE", ""))
        store = self.keeper.open_store(self.home.self_ledger)
        town = Town(
            keys=keys,
            self_ledger=Journal.open(store, wasteland="", busy=self.keeper.busy),
            open_ledger=self._open_ledger,
        )
        away = set()
        for wasteland, note in town.notes("wastelands").items():
            if note.get("left"):
                away.add(board_of(wasteland))
            else:
                town.ledgers[wasteland] = self._open_ledger(wasteland)
        self.mark = Mark(Path(state_folder(self.env)), store)
        heads = own_heads(town)
        judgement = self.mark.judge(heads, away=away)
        if judgement.newest:
            self.mark.renew(heads)
        else:
            town.sealed = judgement.why
            town.sealed_device = str(town.device.device) if town.device is not None else ""
        return town

    def _open_ledger(self, wasteland: str) -> Journal:
        store = self.keeper.open_store(self.home.ledger(wasteland))
        journal = Journal.open(store, wasteland=wasteland, busy=self.keeper.busy)
        journal.turned(("", ""))  # from here on, what the very first turn says is attended to too
        return journal

    def _desk(self) -> "PeerDesk":
        from town.node.peers import PeerDesk  # noqa: PLC0415  # HTTP: a node's, not a command's

        return PeerDesk(
            town=self.town,
            config=self.config,
            writer=self.writer,
            now=clock.now,
            new_secret=clock.new_secret,
            resident=True,
            progress=_progress,
            files=self.files,
        )

    def _ports(self) -> Ports:
        return Ports(
            now=clock.now,
            new_secret=clock.new_secret,
            run=self.writer.run,
            wait=self.changes.wait,
            peers=self.peers,
            blobs=self.files,
            who=AGENT.get,
            say=_say,
            resident=self.resident,
            away_home=self.config.text("away.home"),
            claim_wait_s=self.config.number("claim.wait_s"),
            exchange_s=FOREGROUND_EXCHANGE_S,
            attend=self._look_at,
        )

    # --- after each piece of work in the ledger's thread

    def _after_turn(self) -> None:
        """Conduct had its turn, what changed is in a commit, and everybody waiting looks again."""
        if not self._ready:
            return
        try:
            for journal in tuple(self.town.ledgers.values()):
                if not journal.streaming:  # what follows from it can wait for the rest
                    self._decide(journal)
                    self._tell(journal)
            self._keep()
            self._unseal()
            if not self.town.sealed:
                self.mark.advance(own_heads(self.town))
        except WastelandError as error:
            LOG.warning("after a turn", code=error.code, why=str(error))
        for subject, code in self.conduct.troubles:
            LOG.warning("conduct", subject=subject, code=code)
        self._ring()

    def _decide(self, journal: Journal) -> None:
        self.conduct.attend(journal)
        if not self.resident:
            self.conduct.catch_up(journal)

    def _look_at(self, journal: Journal, item: str) -> None:
        if not self.resident:  # a node has attended to it
            self.conduct.look_at(journal, item)

    def _ring(self) -> None:
        """Whoever waits for something new looks again; a look is no change."""
        versions = {w: journal.version for w, journal in self.town.ledgers.items()}
        if versions == self._seen:
            return
        self._seen = versions
        self.changes.ring()
        self.bell.ring()
        if self._watching is not None:
            self._watching.loop.wake()

    def _keep(self) -> None:
        self.keeper.keep(self.town, now=clock.now())
        if self._private is not None:
            self._private.keep()

    def _unseal(self) -> None:
        """A new key has a mark of its own (records 2.7)."""
        town = self.town
        if town.sealed and town.device and str(town.device.device) != town.sealed_device:
            town.sealed = town.sealed_device = ""
            self.mark.renew(own_heads(town))

    def _tell(self, journal: Journal) -> None:
        """Peers and listeners learn of a new root, where there are any."""
        if self.desk is None or self._told.get(journal.wasteland) == journal.version:
            return
        self._told[journal.wasteland] = journal.version
        board = self.desk.board(journal.wasteland)
        if board is not None:
            self.desk.changed(board)

    def _survey(self) -> None:
        self.files.sweep(frozenset(self.town.notes(BLOBS_SPACE)), now=clock.now())
        for journal in tuple(self.town.ledgers.values()):
            self.conduct.survey(journal)

    def _redeemed(self, wasteland: str, account: str) -> None:
        """Somebody redeemed an invite; called in the ledger's thread."""
        journal = self.town.ledgers.get(wasteland)
        if journal is not None:
            self.conduct.welcome(journal, account)

    # --- what the edges ask

    def now(self) -> int:
        """Microseconds since 1970 UTC."""
        return clock.now()

    def private(self) -> "OpenPrivate":
        """The town's private database; opened when it is first asked for."""
        return self.writer.run(self._open_private)

    def _open_private(self) -> "OpenPrivate":
        if self._private is None:
            from town.node.private import OpenPrivate  # noqa: PLC0415

            self._private = OpenPrivate(self.home, self.env, self.writer)
        return self._private

    def status(self, facts: NodeFacts | None) -> Answer:
        """The answer of `wl status`."""
        return status_of(self.market, facts, home=str(self.home.path), version=version("wasteland"))

    def rehearsed(self, use: Callable[["OpenTown"], Answer]) -> Answer:
        """What the use case would say first; nothing was said."""
        stand_in = _Rehearsal(self)
        return stand_in.market.rehearsed(lambda: use(stand_in))  # type: ignore[arg-type]

    def export_to(self, write: Callable[[bytes], object], *, item: str = "") -> int:
        """0 when the bundle was written piece by piece."""
        self.market.export_to(write, item=item)
        return 0

    def import_from(self, payload: bytes) -> Answer:
        """What the bundle in memory holds was learned."""
        return self.market.import_pieces(iter((payload,)), "-")

    def rebuild(self) -> dict[str, int]:
        """Rows and indexes of every ledger were made anew; records by wasteland."""
        return self.market.rebuilt()

    def checks(self) -> list[Check]:
        """What only an open town can see."""
        found = self.writer.run(lambda: self.keeper.checks(self.town))
        blobs = [note.blob for note in self.writer.run(lambda: list(every(self.town)))]
        lost = sum(not self.files.has(blob.sha256) for blob in blobs)
        known = check_blobs((blob.size for blob in blobs), lost=lost)
        loose = self.writer.run(lambda: [len(one.loose) for one in self.town.ledgers.values()])
        return [*found, known, *check_loose(loose), check_drift(self.peers.ahead_s())]

    def empty_loose(self) -> None:
        """No ledger of the town holds records without their chain."""
        for journal in tuple(self.town.ledgers.values()):
            self.writer.run(journal.empty_loose)

    @contextmanager
    def caller(
        self,
        env: Mapping[str, str],
        say: Callable[[str], None] | None = None,
        show: Callable[[str], None] | None = None,
    ) -> Iterator[None]:
        """Inside the block calls are made on behalf of the agent that `WL_AGENT` names.

        `say` takes a line for the person who waits, `show` one in the place of the last shown.
        """
        mark = AGENT.set(env.get("WL_AGENT", ""))
        heard = SAY.set(say or (lambda _: None))
        shown = SHOW.set(show or (lambda _: None))
        try:
            yield
        finally:
            AGENT.reset(mark)
            SAY.reset(heard)
            SHOW.reset(shown)

    # --- the node around it

    def add_routes(self, app: "web.Application", *, url: str) -> None:
        """The application answers peers, and browsers on this machine."""
        from town.web.board import Board  # noqa: PLC0415  # pages: a node's, not a command's

        self._resident().add_routes(app, url=url)
        Board(self.market, self.bell).add_to(app)

    def _resident(self) -> "PeerDesk":
        if self.desk is None:
            raise RuntimeError("only a node has routes and loops")
        return self.desk

    async def start_loops(self, url: str, *, public_url: str) -> None:
        """Peers are called and heard, what is due is attended to."""
        self.bell.start()
        await self._resident().start(url=url, public_url=public_url)
        self.keeper.start(self.town, self.writer, self.conduct.next_due)
        self._watch()

    def _watch(self) -> None:
        """Where the home is that of a workspace, its agents are watched over."""
        if (self.home.path.parent / TOWN_MARK).is_file() and self.home.path.name == TOWN_HOME:
            from town.node.town_services import TownServices  # noqa: PLC0415

            self._watching = TownServices(self.private(), self.env, self.market)
            self._watching.start()

    async def stop_loops(self) -> None:
        """No loop runs any more."""
        self.bell.stop()
        if self._watching is not None:
            from asyncio import to_thread  # noqa: PLC0415  # a node has a loop, a command none

            await to_thread(self._watching.stop, wait_s=WATCH_WAIT_S)
        await self.keeper.stop()
        await self._resident().stop()

    def close(self) -> None:
        """Every ledger is closed, and nothing of the town runs."""
        self.peers.close()
        self.writer.run(self._shut)
        self.writer.close()

    def _shut(self) -> None:
        self._ready = False
        if self._private is not None:
            self._private.close()
        self.mark.release()
        for journal in (self.town.self_ledger, *self.town.ledgers.values()):
            journal.flush()
            journal.store.close()


class _Rehearsal:
    """An open town on which nothing can be said."""

    def __init__(self, town: OpenTown) -> None:
        self.market = town.market.rehearsal()
        self.now = town.now
        self.home = town.home


def open_town(
    home: Home,
    *,
    env: Mapping[str, str],
    resident: bool = False,
    cancelled: Event | None = None,
) -> OpenTown:
    """The town of this home, its ledgers open. The caller holds the town's lock. Raises."""
    load_engine()
    calm_collector()
    home.furnish()
    town = OpenTown(home, env, resident=resident)
    if cancelled is not None:
        cancellable(cancelled).__enter__()
    return town
