"""What this node answers to other nodes: the Host behind the routes.

It says who may sync what, answers sessions from the ledger's thread, redeems invites, and tells
listeners of new roots. A stranger learns nothing from it but that nothing is here.
"""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from federation.answerer import Answerer
from federation.card import Card, signed
from federation.contents import news
from federation.driver import Board, metered
from federation.invite import InviteError, entrusted, hash_of, outlived, redeemed
from federation.letters import What
from federation.meter import WINDOW_S, Meter
from federation.outline import Outline
from federation.peers import Peer, PeerBook
from federation.transport.limits import BusyError
from federation.transport.server import LINE_END, News, body_json
from ledger.journal import Journal
from stamps.record import Entry, to_line
from town.market.conduct import REDEEMED_SPACE, redeemed_key
from town.market.town import Town
from town.node.blobs import BlobExchange
from town.node.newcomers import Newcomer, newcomer_of
from town.node.writer import Writer

INVITES_SPACE = "invites"
BUSY_S = 2  # the least that a peer waits whose long answer is on its way in
QUEUE_MAX = 16


class Behind(Protocol):
    """The open town behind the routes."""

    town: Town
    book: PeerBook
    writer: Writer
    url: str
    public_url: str
    on_redeemed: Callable[[str, str], None]
    new_secret: Callable[[], bytes]
    now: Callable[[], int]
    blobs: BlobExchange

    def board(self, wasteland: str) -> Board | None:
        """The set of a wasteland that the town is in."""
        ...

    async def follow_soon(self) -> None:
        """A peer came or went."""
        ...


def opening_entries(journal: Journal) -> list[Entry]:
    """What opens a wasteland to a newcomer: its maker's log, and its genesis."""
    genesis = journal.genesis()
    log = journal.log_of(genesis.account) if genesis is not None else None
    if genesis is None or log is None:
        return []
    held = [journal.held.entry(record.id) for record in (*log.path, genesis)]
    return [entry for entry in held if entry is not None]


class Hosting:
    """Answers for one open town."""

    def __init__(self, desk: Behind) -> None:
        self.desk = desk
        self._queues: dict[str, set[asyncio.Queue[News]]] = {}
        self._answerers: dict[str, Answerer] = {}
        self._published: dict[str, Outline] = {}  # by wasteland, what listeners were told last
        self.meter = Meter(window_s=WINDOW_S)
        self._members: dict[str, tuple[bytes, dict[str, str]]] = {}

    def now(self) -> int:
        """Microseconds since 1970 UTC."""
        return self.desk.now()

    def key(self) -> str:
        """The did:key of this node; none before there is a town."""
        device = self.desk.town.device
        return str(device.device) if device is not None else "none"

    def knows(self, key: str) -> bool:
        """Whether the node of this key is a peer."""
        return self.desk.book.get(key) is not None

    def url(self) -> str:
        """An address of this node."""
        return self.desk.url

    async def card(self) -> bytes:
        """The signed card."""
        return await self.desk.writer.do(self._card)

    def _card(self) -> bytes:
        town, desk = self.desk.town, self.desk
        device = town.device
        if device is None:
            return b"{}"
        public = desk.public_url
        card = Card(
            key=str(device.device),
            account=town.account,
            name=town.handle,
            addresses=(public,) if public else (),
            carries=bool(public),
            made_at=desk.now(),
        )
        return signed(card, device)

    # --- who may

    def may(self, caller: str, wasteland: str) -> Board | None:
        """The board that the caller may sync: a peer's, or a member's by its account's log."""
        board = self.desk.board(wasteland)
        if board is None:
            return None
        peer = self.desk.book.get(caller)
        if peer is not None and wasteland in peer.wastelands:
            return board
        account = self._devices(wasteland, board).get(caller)
        if account is None:
            return None
        name = self.desk.town.ledgers[wasteland].name(account)
        if peer is not None or not self.desk.book.full:
            met = Peer(key=caller, name=name, account=account, wastelands=(wasteland,))
            self.desk.book.put(met)
        return board

    def _devices(self, wasteland: str, board: Board) -> dict[str, str]:
        """Device to account of every member, made anew when the set changed."""
        frontier = board.replica.frontier()
        known = self._members.get(wasteland)
        if known is None or known[0] != frontier.root:
            journal = self.desk.town.ledgers[wasteland]
            known = frontier.root, _devices_of(journal, frontier.logs)
            self._members[wasteland] = known
        return known[1]

    async def wastelands(self, caller: str) -> list[str]:
        """The wastelands that the caller may sync."""

        def work() -> list[str]:
            members = self.desk.town.members()
            return [wasteland for wasteland in members if self.may(caller, wasteland)]

        return await self.desk.writer.do(work)

    # --- sessions

    async def answer(self, caller: str, wasteland: str, what: What, body: bytes) -> bytes | None:
        """The answer of the session, None where the caller may not."""

        def work() -> bytes | None:
            board = self.may(caller, wasteland)
            if board is None:
                return None
            standing = board.standing(caller)
            standing.heard_at, standing.they_call = self.now(), True
            if standing.streams:
                raise BusyError(BUSY_S)
            answerer = self._answerers.get(wasteland)
            if answerer is None or answerer.replica is not board.replica:
                answerer = Answerer(
                    board.replica,
                    board.memory,
                    new_secret=self.desk.new_secret,
                    outlines=board.outlines,
                )
                self._answerers[wasteland] = answerer
            return self._metered(answerer, what, body, caller)

        return await self.desk.writer.do(work)

    def _metered(self, answerer: Answerer, what: What, body: bytes, caller: str) -> bytes:
        """The answer, within what the caller may make this node work. Raises PeerError."""
        now = self.now()
        self.meter.check(caller, now=now)
        return metered(
            lambda: answerer.answer(what, body, peer=caller, now=self.now()),
            self.meter,
            gained=lambda: answerer.gained,
            now=now,
            caller=caller,
        )

    async def record(self, caller: str, record_id: str) -> bytes | None:
        """One record's line, where the caller may see its wasteland."""

        def work() -> bytes | None:
            for wasteland in self.desk.town.members():
                if self.may(caller, wasteland) is None:
                    continue
                entry = self.desk.town.ledgers[wasteland].held.entry(record_id)
                if entry is not None:
                    return to_line(entry)
            return None

        return await self.desk.writer.do(work)

    # --- blobs

    async def blob(self, caller: str, sha256: str) -> Path | None:
        """The file of a blob, where the caller may see a record that brought it here."""
        return await self.desk.blobs.path_of(caller, sha256)

    async def hand(
        self, caller: str, wasteland: str, record: str, sha256: str, body: bytes
    ) -> bool:
        """The blob that the record names is kept here; False where that may not be. Raises."""
        return await self.desk.blobs.take(caller, wasteland, record, sha256, body)

    # --- invites

    async def redeem(self, caller: str, wasteland: str, body: bytes, remote: str) -> bytes | None:
        """The lines that open the wasteland; the caller is a peer from now on. Raises."""
        newcomer = newcomer_of(body_json(body), caller=caller, remote=remote)
        opened = await self.desk.writer.do(lambda: self._redeem(newcomer, wasteland))
        await self.desk.follow_soon()
        return opened

    def _redeem(self, newcomer: Newcomer, wasteland: str) -> bytes | None:
        town = self.desk.town
        journal = town.ledgers.get(wasteland)
        if journal is None or wasteland not in town.members():
            return None
        if not newcomer.secret:
            return self._introduced(newcomer, journal)
        name, account = hash_of(newcomer.secret), newcomer.account
        note = town.note(INVITES_SPACE, name)
        if note is None or note.get("wasteland") != wasteland:
            return None  # nobody learns by guessing which boards are here
        note = redeemed(note, wasteland=wasteland, account=account, now=self.now())
        journal.record(newcomer.envelopes, now=self.now())
        log = journal.log_of(account)
        if log is None or not log.introduces(newcomer.caller):
            raise InviteError("account", "the account's log does not name the caller's key")
        town.remember(INVITES_SPACE, name, note)
        redemption = {"account": account, "handle": newcomer.handle, "invite": name}
        town.remember(
            REDEEMED_SPACE, redeemed_key(wasteland, account), {**redemption, "at": self.now()}
        )
        self.desk.book.put(newcomer.as_peer(wasteland, name=newcomer.handle))
        self.desk.on_redeemed(wasteland, account)
        return self._opening(journal)

    def _introduced(self, newcomer: Newcomer, journal: Journal) -> bytes | None:
        """A member's new device brought its account's log: it is a peer from now on."""
        wasteland, board = journal.wasteland, self.desk.board(journal.wasteland)
        known = self._devices(wasteland, board).values() if board is not None else ()
        if newcomer.account not in known:
            return None
        journal.record(newcomer.envelopes, now=self.now())
        if self.may(newcomer.caller, wasteland) is None:
            return None
        name = journal.name(newcomer.account)
        self.desk.book.put(newcomer.as_peer(wasteland, name=name))
        return self._opening(journal)

    def _opening(self, journal: Journal) -> bytes:
        genesis = journal.genesis()
        if genesis is None:
            raise InviteError("genesis", "this node does not hold the wasteland's genesis yet")
        entries = opening_entries(journal)
        town = self.desk.town
        facts = {
            "account": town.account,
            "name": town.handle,
            "lines": [to_line(entry).decode() for entry in entries],
        }
        return json.dumps(facts).encode()

    async def entrust(self, caller: str, wasteland: str, body: bytes) -> bool:
        """An invite of a member is kept here, to be redeemed while its maker sleeps."""
        facts = body_json(body)

        def work() -> bool:
            if self.may(caller, wasteland) is None:
                return False
            town, now = self.desk.town, self.now()
            notes = town.notes(INVITES_SPACE)
            name, note = entrusted(notes, facts, wasteland=wasteland, of=caller, now=now)
            for old in outlived(notes, of=caller, now=now) if name not in notes else ():
                town.remember(INVITES_SPACE, old, None)
            town.remember(INVITES_SPACE, name, note)
            return True

        return await self.desk.writer.do(work)

    # --- news

    def changes(self, wasteland: str) -> "asyncio.Queue[News]":
        """A queue of what becomes new in the wasteland."""
        queue: asyncio.Queue[News] = asyncio.Queue(QUEUE_MAX)
        self._queues.setdefault(wasteland, set()).add(queue)
        return queue

    def ended(self, wasteland: str, queue: "asyncio.Queue[News]") -> None:
        """Nobody listens to the queue any more."""
        queues = self._queues.get(wasteland, set())
        queues.discard(queue)
        if not queues:  # anybody may name a wasteland that is none
            self._queues.pop(wasteland, None)

    def news(self, board: Board) -> News:
        """What became new since the last call, for publishing; in the ledger's thread."""
        wasteland, ours = board.replica.wasteland, board.outlines.now()
        before = self._published.get(wasteland)
        self._published[wasteland] = ours
        lines = news(board.replica, before, ours) if before is not None else None
        return News(ours.root.hex(), lines or ())

    def publish(self, wasteland: str, news: News) -> None:
        """Every listener is told; one that does not keep up is told the newest."""
        for queue in self._queues.get(wasteland, ()):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(news)

    def end_lines(self) -> None:
        """Every listener was let go: the node is going down."""
        for wasteland in self._queues:
            self.publish(wasteland, LINE_END)


def _devices_of(journal: Journal, accounts: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for account in accounts:
        log = journal.log_of(account)
        if log is not None:
            devices = set(log.effective.may) - log.effective.revoked
            found.update(dict.fromkeys(devices, account))
    return found
