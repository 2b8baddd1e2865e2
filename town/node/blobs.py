"""Blobs between this node and others: answered, fetched, and handed to whoever can be called.

A carrier and the home of an item take what a record names, as far as they have room; the rest is
fetched by whoever wants it. Nobody is told of a blob but by the record that brought it here.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Protocol

from federation.blobs import Blob, BlobLimitError, BlobQuotaError
from federation.limits import MESSAGE_BYTES_MAX
from federation.peers import Peer, PeerBook
from federation.transport.blobs import fetch
from federation.transport.client import Client, PeerRefusedError
from ledger.journal import Journal
from stamps.clock import SECOND_US
from stamps.errors import WastelandError
from town.market import blob_notes
from town.market.blob_notes import BlobNote
from town.market.town import Town
from town.market.vouched import vouched_for
from town.node.blob_files import BlobFiles
from town.node.config import Config
from town.node.log import Logger
from town.node.writer import Writer

LOG = Logger("blobs")
SHARES: Final = 16  # of the room for others, one account has one
VOUCHED_US: Final = 60 * SECOND_US
ROOM_BYTES_MIN: Final = 64 << 10  # that a blob takes: notes and files cost something too
NOT_FOUND: Final = 404


def room_of(blob: Blob) -> int:
    """How much of the room for others a blob takes."""
    return max(blob.size, ROOM_BYTES_MIN)


class Gate(Protocol):
    """Says who may see a wasteland."""

    def may(self, caller: str, wasteland: str) -> object | None:
        """None where the caller may not; call it in the ledger's thread."""
        ...


class Behind(Protocol):
    """The node that these are the blobs of."""

    town: Town
    book: PeerBook
    writer: Writer
    client: Client
    config: Config
    public_url: str
    now: Callable[[], int]

    @property
    def hosting(self) -> Gate:
        """Who says who may."""
        ...


class BlobExchange:
    """The blobs of one node, as peers meet them."""

    def __init__(self, desk: Behind, files: BlobFiles) -> None:
        self.desk = desk
        self.files = files
        self._refused: set[tuple[str, str]] = set()  # holder and hash, until the next start
        self._room: tuple[int, Counter[str]] | None = None
        self._vouched_for: dict[str, bool] = {}
        self._vouched_at = 0
        self._coming = Counter[str]()  # room, by account, of what is being written
        self._settled: dict[tuple[str, str], int] = {}  # when a pair had nothing left to do
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._cards: set[str] = set()  # peers whose card was looked at since the start

    # --- answering

    async def path_of(self, caller: str, sha256: str) -> Path | None:
        """The file of a blob, where the caller may see a record that brought it here."""

        def told() -> bool:
            town, note = self.desk.town, blob_notes.get(self.desk.town, sha256)
            return note is not None and any(
                wasteland in town.ledgers
                and self.desk.hosting.may(caller, wasteland) is not None
                and blob_notes.named_by(town.ledgers[wasteland], record, sha256) is not None
                for wasteland, record in note.records
            )

        if not await self.desk.writer.do(told):
            return None
        return await asyncio.to_thread(self.files.find, sha256)

    async def take(
        self, caller: str, wasteland: str, record: str, sha256: str, body: bytes
    ) -> bool:
        """The blob that a held record names is here. False where the caller may not. Raises."""
        note = await self.desk.writer.do(lambda: self._wanted(caller, wasteland, record, sha256))
        if note is None:
            return False
        try:
            await asyncio.to_thread(self.files.take, note.blob, body)
            await self.desk.writer.do(lambda: self._keep(note))
        finally:
            await self.desk.writer.do(lambda: self._come(note))
        return True

    def _wanted(self, caller: str, wasteland: str, record: str, sha256: str) -> BlobNote | None:
        """What would be noted of the blob, for which room is kept. Raises."""
        desk = self.desk
        journal = desk.town.ledgers.get(wasteland)
        if journal is None or desk.hosting.may(caller, wasteland) is None:
            return None
        blob = blob_notes.named_by(journal, record, sha256)
        ours = _posted_by(journal, record, desk.town.account)
        if blob is None or not (desk.public_url or ours):
            return None
        most = self.desk.config.number("blobs.handed_bytes")
        if blob.size > most:
            raise BlobLimitError(most)
        entry = journal.held.entry(record)
        account = entry.record.account if entry is not None else ""
        note = BlobNote(blob=blob, records=((wasteland, record),), by=(account,), at=desk.now())
        self._check_room(note, account)
        self._coming[account] += room_of(blob)
        return note

    def _check_room(self, note: BlobNote, account: str) -> None:
        """There is room, or the record brought the blob before. Raises BlobQuotaError.

        Whether another record brought it makes no difference: a refusal would tell who has what.
        Those whom nobody here vouched for have half of it together, however many they are.
        """
        before = blob_notes.get(self.desk.town, note.blob.sha256)
        if before is not None and set(note.records) <= set(before.records):
            return
        room, size = self.desk.config.number("blobs.room_bytes"), room_of(note.blob)
        taken = self._held() + self._coming
        if taken.total() + size > room:
            raise BlobQuotaError(room)
        if taken[account] + size > room // SHARES:
            raise BlobQuotaError(room // SHARES)
        if taken.total() + size <= room // 2 or self._vouched(account):
            return
        unknown = sum(size for one, size in taken.items() if not self._vouched(one))
        if unknown + size > room // 2:
            raise BlobQuotaError(room // 2)

    def _vouched(self, account: str) -> bool:
        """Whether ours, a registrar, a maintainer, or stamped by one of these; as of a minute ago.

        On an open board everybody is admitted, and the admitted can stamp each other.
        """
        now = self.desk.now()
        if not 0 <= now - self._vouched_at < VOUCHED_US:
            self._vouched_for, self._vouched_at = {}, now
        if account not in self._vouched_for:
            ledgers = self.desk.town.ledgers.values()
            own = self.desk.town.account
            known = any(vouched_for(journal, account, own=own) for journal in ledgers)
            self._vouched_for[account] = known
        return self._vouched_for[account]

    def _held(self) -> Counter[str]:
        """How much room what was handed over takes, by account; counted anew when a blob went."""
        town = self.desk.town
        if self._room is None or self._room[0] != town.blob_drops:
            held = Counter[str]()
            for note in blob_notes.every(town):
                for account in note.by:
                    held[account] += room_of(note.blob)
            self._room = (town.blob_drops, held)
        return self._room[1]

    def _keep(self, note: BlobNote) -> None:
        before = blob_notes.get(self.desk.town, note.blob.sha256)
        for account in note.by:  # each pays: else what it costs would tell that it was here
            if before is None or account not in before.by:
                self._held()[account] += room_of(note.blob)
        blob_notes.link(self.desk.town, note)

    def _come(self, note: BlobNote) -> None:
        """The blob is noted, or it was another: no room is kept for it any more."""
        self._coming -= Counter(dict.fromkeys(note.by, room_of(note.blob)))

    # --- asking

    async def fetch(self, wasteland: str, blob: Blob, *, worker: str) -> Peer:
        """The peer that had it; the blob is here. Raises BlobAwayError and others."""
        if blob.size > self.files.most:
            raise BlobLimitError(self.files.most)
        peers = await self.desk.writer.do(lambda: self._ordered(wasteland, worker))
        return await fetch(self.desk.client, peers, blob, self.files.incoming)

    def _ordered(self, wasteland: str, worker: str) -> list[Peer]:
        """Whom to ask: the author's node, then carriers, then the others."""
        known = [peer for peer in self.desk.book.of(wasteland) if peer.addresses]
        return sorted(known, key=lambda peer: (peer.account != worker, not peer.carries))

    # --- handing over

    async def after(self, key: str, wasteland: str, *, soon: bool) -> None:
        """After an exchange the peer gets those of our blobs that it takes: now, or `soon`.

        A large blob on a slow line holds up no record.
        """
        pair = (key, wasteland)
        if pair in self._tasks or self._settled.get(pair) == self.desk.town.blob_changes:
            return
        task = asyncio.create_task(self._hand_over(key, wasteland))
        self._tasks[pair] = task
        task.add_done_callback(lambda _: self._tasks.pop(pair, None))
        if not soon:
            await task

    async def stop(self) -> None:
        """Nothing is being handed over."""
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _hand_over(self, key: str, wasteland: str) -> None:
        peer, before = self.desk.book.get(key), self.desk.town.blob_changes
        if peer is None or not peer.addresses:
            return
        done = True
        try:
            await self._look(peer)
            for note, record in await self.desk.writer.do(lambda: self._due(key, wasteland)):
                done = await self._hand(peer, wasteland, note, record) and done
        except WastelandError as error:
            LOG.info("hand over", peer=peer.label, code=error.code)
            return
        if done:
            self._settled[key, wasteland] = before

    async def _look(self, peer: Peer) -> None:
        """Whether the peer carries is known as its card says it now."""
        if peer.key in self._cards:
            return
        card = await self.desk.client.card(peer.addresses[0], allow_private=peer.allow_private)
        self._cards.add(peer.key)
        if card.key == peer.key and card.carries and not peer.carries:
            await self.desk.writer.do(lambda: self.desk.book.put(replace(peer, carries=True)))

    def _due(self, key: str, wasteland: str) -> Sequence[tuple[BlobNote, str]]:
        """Our blobs that the peer should have and has not, each with the record that names it."""
        peer, journal = self.desk.book.get(key), self.desk.town.ledgers.get(wasteland)
        if peer is None or journal is None:
            return ()
        due, one = [], blob_notes.holder(wasteland, key)
        for note in blob_notes.every(self.desk.town):
            known = one in note.holders or (one, note.blob.sha256) in self._refused
            many = len(note.holders) >= blob_notes.HOLDERS_MAX  # one that fell out had it again
            if not note.own or known or many or note.blob.size >= MESSAGE_BYTES_MAX:
                continue
            records = [record for where, record in note.records if where == wasteland]
            if not peer.carries:
                records = [said for said in records if _posted_by(journal, said, peer.account)]
            due += [(note, record) for record in records[:1]]
        return due

    async def _hand(self, peer: Peer, wasteland: str, note: BlobNote, record: str) -> bool:
        """Whether there is nothing more to do about it."""
        sha256, one = note.blob.sha256, blob_notes.holder(wasteland, peer.key)
        found = await asyncio.to_thread(self.files.find, sha256)
        if found is None:
            return True
        try:
            payload = await asyncio.to_thread(found.read_bytes)
        except OSError as error:
            LOG.warning("hand over", sha256=sha256[:16], why=str(error))
            return False  # dropped meanwhile, or a disk that does not read: looked for again
        path = f"/v1/w/{wasteland}/blobs/{record}/{sha256}"
        try:
            await self.desk.client.call(peer, "POST", path, payload)
        except PeerRefusedError as refused:
            LOG.info("refused", peer=peer.label, sha256=sha256[:16], code=refused.theirs)
            if refused.status == NOT_FOUND:
                return False  # it may hold the record next time
            self._refused.add((one, sha256))
            return True
        await self.desk.writer.do(lambda: blob_notes.holds(self.desk.town, sha256, one))
        return True


def _posted_by(journal: Journal, record: str, account: str) -> bool:
    """Whether the record is about an item that the account posted."""
    entry = journal.held.entry(record)
    post: Any = journal.held.entry(entry.record.about) if entry is not None else None
    return bool(account) and post is not None and post.record.account == account
