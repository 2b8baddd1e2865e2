"""The other nodes, as the market asks for them: the driver's loops behind a port that blocks.

In a node the loops carry what is said; a single command has a loop of its own for as long as it
needs one. Everything about records goes through the session; here is who, when, and how it went.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from aiohttp import web

from federation.blobs import Blob
from federation.driver import Board, EventLine, PeerLoop, Progress
from federation.invite import SECRET_BYTES, InviteError, Token, note_of
from federation.invite import hash_of as secret_hash
from federation.invite import read as read_token
from federation.invite import spell as spell_token
from federation.peers import Peer, PeerBook
from federation.session import Report
from federation.transport.client import Client, PeerDownError, PeerRefusedError
from federation.transport.guard import check_url
from federation.transport.server import News, Routes
from ledger.set_journal import JournalReplica
from stamps.clock import SECOND_US, ahead_us
from stamps.errors import WastelandError
from stamps.identity import DeviceKey
from town.market.errors import AmbiguousError, NotFoundError, NoTownHereError
from town.market.ports import FETCH_S, Invitation, PeerReport, Redeemed
from town.market.town import Town, wasteland_name
from town.node.blob_files import BlobFiles
from town.node.blobs import BlobExchange
from town.node.config import Config
from town.node.exchanged import Exchanges, both, unsaid
from town.node.hosting import INVITES_SPACE, Hosting
from town.node.introducing import Introductions
from town.node.knocking import join_body, knock, learn_opening, said_account, said_name
from town.node.lifecycle import NodeDownError
from town.node.quotas import Quotas
from town.node.standing import Standings, first_address
from town.node.writer import Writer

Result = TypeVar("Result")
CALL_MARGIN_S = 5.0
FOLLOW_S = 60.0  # for what waits for no peer, only for a turn on a machine that may be busy
NOT_FOUND = 404


class PeerDesk(Standings):
    """The Peers port of one open town, and its side of the routes."""

    def __init__(
        self,
        *,
        town: Town,
        config: Config,
        writer: Writer,
        now: Callable[[], int],
        new_secret: Callable[[], bytes],
        resident: bool,
        progress: Progress,
        files: BlobFiles,
    ) -> None:
        book: PeerBook = writer.run(lambda: PeerBook(town.self_ledger.store))
        super().__init__(town, book, now)
        self.config = config
        self.writer = writer
        self.new_secret = new_secret
        self.resident = resident
        self.client = Client(key=self._key, now=now, new_secret=new_secret, heard=self._heard)
        self.exchanges = Exchanges(
            self.client, do=writer.do, now=now, new_secret=new_secret, progress=progress
        )
        self.on_redeemed: Callable[[str, str], None] = lambda _wasteland, _account: None
        self.url = ""
        self.public_url = ""
        self.skews: dict[str, int] = {}
        self.introductions = Introductions(self)
        self.quotas = Quotas(
            town, records_day=lambda: config.number("sync.newcomer_records"), now=now
        )
        self.blobs = BlobExchange(self, files)
        self._loops: dict[tuple[str, str], tuple[PeerLoop, EventLine]] = {}
        self._following = asyncio.Lock()  # what is begun twice would be ended once
        self._follows = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self.hosting = Hosting(self)
        self.routes = Routes(self.hosting)

    def _key(self) -> DeviceKey:
        key = self.town.device
        if key is None:
            raise NoTownHereError
        return key

    def _heard(self, key: str, theirs: int, ours: int) -> None:
        self.skews[key] = theirs - ours

    def ahead_s(self) -> int | None:
        """How far our clock is ahead of the middle one of the peers' (records 2.6)."""
        now = self.now()
        ahead = ahead_us(now_us=now, peers_us=[now + skew for skew in list(self.skews.values())])
        return None if ahead is None else round(ahead / SECOND_US)

    def board(self, wasteland: str) -> Board | None:
        """The set of a wasteland this town is in; call it in the ledger's thread."""
        journal = self.town.ledgers.get(wasteland)
        if journal is None or wasteland not in self.town.members():
            return None
        board = self._boards.get(wasteland)
        if board is None:
            replica = JournalReplica(
                journal,
                quota=self.quotas.of(wasteland),
                own=lambda: (self.town.account,),
            )
            board = self._boards[wasteland] = Board.of(replica)
        return board

    # --- the node's loops

    def add_routes(self, app: web.Application, *, url: str) -> None:
        """The application answers peers."""
        self.url = url
        self.routes.add_to(app)

    async def start(self, *, url: str, public_url: str) -> None:
        """Every peer is called and listened to."""
        self._loop = asyncio.get_running_loop()
        self.url, self.public_url, self._follows = url, public_url, True
        await self._follow()

    async def stop(self) -> None:
        """No loop runs, no connection is left."""
        self.hosting.end_lines()
        self._follows = False
        await self._follow()
        await self.blobs.stop()
        await self.client.close()
        await self.writer.do(self._rest)

    def _rest(self) -> None:
        self.exchanges.checking.close()
        self.quotas.save()

    async def _follow(self) -> None:
        """There is a loop for each peer of each wasteland, and for nobody else."""
        async with self._following:
            wanted = await self.writer.do(self._wanted)
            for gone in [pair for pair in self._loops if pair not in wanted]:
                loop, line = self._loops[gone]
                await line.stop()
                await loop.stop()
                del self._loops[gone]
            for pair in wanted - set(self._loops):
                board = await self.writer.do(lambda w=pair[0]: self.board(w))  # type: ignore[misc]
                if board is not None:
                    self._loops[pair] = self._begin(pair, board)

    def _wanted(self) -> set[tuple[str, str]]:
        members = self.town.members() if self._follows else ()
        return {(wasteland, peer.key) for wasteland in members for peer in self.book.of(wasteland)}

    async def follow_soon(self) -> None:
        """A peer came or went: its loops follow."""
        if self.resident:
            await self._follow()

    def _begin(self, pair: tuple[str, str], board: Board) -> tuple[PeerLoop, EventLine]:
        _, key = pair
        loop = PeerLoop(
            lambda: self.book.get(key),
            board,
            self._exchange,
            now=self.now,
            pull_s=self.config.number("sync.pull_s"),
        )
        line = EventLine(
            self.client, lambda: self.book.get(key), loop, do=self.writer.do, now=self.now
        )
        loop.start()
        line.start()
        return loop, line

    async def _exchange(self, peer: Peer, board: Board) -> Report:
        try:
            report = await self.exchanges.one(peer, board)
        except PeerRefusedError as refused:
            if refused.status != NOT_FOUND or not await self.introductions.make(peer, board):
                raise
            report = await self.exchanges.one(peer, board)
        await self.blobs.after(peer.key, board.replica.wasteland, soon=self.resident)
        return report

    def changed(self, board: Board) -> None:
        """A ledger may have a new root: whoever lacks something is told. In the ledger's thread."""
        self.quotas.keep()
        if self._loop is None or not self._follows:
            return  # nobody listens yet, or any more: a command may outlast the loop
        said = self.hosting.news(board)
        self._loop.call_soon_threadsafe(self._tell, board.replica.wasteland, said)

    def _tell(self, wasteland: str, said: News) -> None:
        self.hosting.publish(wasteland, said)
        for (where, key), (loop, _) in self._loops.items():
            if where != wasteland:
                continue
            last = loop.board.memory(key).last
            if last is None or last.root.hex() != said.root:
                loop.wake()

    # --- from threads that block

    def _call(self, work: Coroutine[Any, Any, Result], *, timeout_s: float) -> Result:
        """The result of a coroutine, run in the loop; PeerDownError when it takes too long."""
        future = asyncio.run_coroutine_threadsafe(work, self._running_loop())
        try:
            return future.result(timeout_s)
        except TimeoutError:
            future.cancel()
            raise PeerDownError("the peer", f"no answer within {timeout_s:.0f} s") from None

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
            self._thread.start()
        return self._loop

    def close(self) -> None:
        """The loop of a single command has ended."""
        if self._thread is None or self._loop is None:
            return
        asyncio.run_coroutine_threadsafe(self.client.close(), self._loop).result(FOLLOW_S)
        self.writer.run(self._rest)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(FOLLOW_S)
        self._loop.close()
        self._loop = self._thread = None

    def _refollow(self) -> None:
        if self.resident and self._loop is not None:
            self._call(self._follow(), timeout_s=FOLLOW_S)

    # --- the port

    def push(self, wasteland: str) -> None:
        """Told by `changed` after the turn; nothing has to be done twice."""

    def sync(
        self, wasteland: str | None, *, only: str = "", timeout_s: float = 30.0
    ) -> Sequence[PeerReport]:
        """Each peer, or the one named, was asked for and told what either side lacks."""
        chosen = {self._one(only).key} if only else None
        pairs = [
            (one, peer)
            for one in ([wasteland] if wasteland else self.writer.run(self.town.members))
            for peer in self.book.of(one)
            if chosen is None or peer.key in chosen
        ]
        work = self._sync(pairs, timeout_s)
        return self._call(work, timeout_s=timeout_s + CALL_MARGIN_S)

    async def _sync(self, pairs: list[tuple[str, Peer]], timeout_s: float) -> list[PeerReport]:
        return list(await asyncio.gather(*(self._sync_one(w, p, timeout_s) for w, p in pairs)))

    async def _sync_one(self, wasteland: str, peer: Peer, timeout_s: float) -> PeerReport:
        board = await self.writer.do(lambda: self.board(wasteland))
        if board is None or not peer.addresses:  # without one it calls us: nothing went wrong
            return self.report(peer, board, reached=False)
        try:
            async with asyncio.timeout(timeout_s):
                report = await self._exchange(peer, board)
                if report.sent or await self._unsaid(wasteland):  # what it answered may be here
                    report = both(report, await self._exchange(peer, board))
        except (WastelandError, TimeoutError) as error:
            board.standing(peer.key).error = getattr(error, "code", "peer.down")
            return self.report(peer, board, reached=False)
        board.standing(peer.key).report = report
        return self.report(peer, board, reached=True)

    async def _unsaid(self, wasteland: str) -> bool:  # a node's loops carry it by themselves
        return not self.resident and await unsaid(self.writer.do, self.standing, wasteland)

    # --- invites

    def invite(self, wasteland: str, *, count: int, expires_s: int, via: str = "") -> Invitation:
        """A token with which `count` towns can find this node, or a carrier in its place."""
        carrier = self._one(via) if via else None
        addresses = carrier.addresses if carrier is not None else self.own_addresses()
        if not addresses:
            raise NodeDownError("nobody could redeem it: no node of this town is up")
        token = Token(
            wasteland=wasteland,
            name=wasteland_name(self.town.ledgers[wasteland]),
            key=carrier.key if carrier is not None else str(self._key().device),
            via=addresses,
            secret=self.new_secret()[:SECRET_BYTES],
            expires_at=self.now() + expires_s * SECOND_US,
        )
        note = note_of(token, count=count)
        name = secret_hash(token.secret)
        if carrier is not None:
            path = f"/v1/w/{wasteland}/invites"
            work = self.client.ask_json(carrier, "POST", path, {"hash": name, **note})
            self._call(work, timeout_s=30.0)
        else:
            self.writer.run(lambda: self.town.remember(INVITES_SPACE, name, note))
        return Invitation(token=spell_token(token), expires_at=token.expires_at)

    def own_addresses(self) -> tuple[str, ...]:
        """Where this node is called."""
        return tuple(dict.fromkeys(one for one in (self.public_url, self.url) if one))

    def redeem(self, said: str, *, handle: str, timeout_s: float = 30.0) -> Redeemed:
        """The wasteland behind the token is in a ledger of this town, its inviter a peer."""
        token = read_token(said)
        token = replace(token, via=tuple(check_url(one, allow_private=True) for one in token.via))
        own = self.own_addresses()
        body = self.writer.run(lambda: join_body(self.town, token.secret, handle, own))
        try:
            peer, answer = self._call(knock(self.client, token, body), timeout_s=timeout_s)
        except PeerRefusedError as error:
            if error.status == NOT_FOUND:
                raise InviteError("unknown", "the inviter does not know this invite") from None
            raise
        inviter = self.writer.run(
            lambda: learn_opening(self.town, token.wasteland, answer, now=self.now)
        )
        self._learn_name(peer, inviter.account, inviter.name)
        return Redeemed(wasteland=token.wasteland, inviter=inviter.account)

    def _learn_name(self, peer: Peer, account: str, name: str) -> None:
        known = replace(peer, name=name, account=account)
        self.writer.run(lambda: self.book.put(known))
        self._refollow()

    # --- the list

    def add(self, address: str, *, allow_private: bool) -> PeerReport:
        """The node at this address is a peer for every wasteland both are in."""
        private = allow_private or self.config.switch("sync.allow_private")
        url = check_url(address, allow_private=private)
        card = self._call(self.client.card(url, allow_private=private), timeout_s=30.0)
        peer = Peer(
            key=card.key,
            name=said_name(card.name),
            account=said_account(card.account),
            addresses=(url,),
            wastelands=tuple(self.writer.run(self.town.members)),
            allow_private=private,
            carries=card.carries,
        )
        self.writer.run(lambda: self.book.put(peer))
        self._refollow()
        return PeerReport(name=peer.label, key=peer.key, address=url, reached=True)

    def remove(self, name: str) -> PeerReport:
        """The peer is one no more."""
        peer = self._one(name)
        self.writer.run(lambda: self.book.remove(peer.key))
        self._refollow()
        return PeerReport(name=peer.label, key=peer.key, address=first_address(peer))

    def ping(self, name: str) -> PeerReport:
        """Whether a peer answers, and how fast."""
        peer = self._one(name)
        before = self.now()
        try:
            self._call(self.client.ask_json(peer, "GET", "/v1/ping"), timeout_s=10.0)
        except WastelandError as error:
            return PeerReport(name=peer.label, key=peer.key, error=error.code)
        took = max(1, (self.now() - before) // 1000)
        return PeerReport(
            name=peer.label,
            key=peer.key,
            address=first_address(peer),
            reached=True,
            round_trip_ms=took,
            heard_s=0,
        )

    def fetch_blob(
        self, wasteland: str, blob: Blob, *, worker: str = "", timeout_s: float = FETCH_S
    ) -> str:
        """The blob is here; the name of the peer that had it. Raises BlobAwayError."""
        work = self.blobs.fetch(wasteland, blob, worker=worker)
        return self._call(work, timeout_s=timeout_s).label

    def _one(self, name: str) -> Peer:
        found = self.book.called(name)
        if not found:
            raise NotFoundError("peer", name)
        if len(found) > 1:
            raise AmbiguousError("peer", name, tuple(peer.key for peer in found))
        return found[0]
