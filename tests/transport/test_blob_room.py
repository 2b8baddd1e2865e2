"""Room for files that peers hand over: so much in all, a share for each account, for all alike."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from federation.blobs import Blob
from federation.errors import Fault, PeerError
from tests.transport.nodes import Node, joined, node
from tests.transport.test_blobs import (
    LOG,
    handed_in,
    handing,
    has,
    hash_of,
    known,
    name_it,
    posted,
    source,
)
from town.market import blob_notes
from town.market.blob_notes import BlobNote
from town.node.blobs import ROOM_BYTES_MIN, SHARES

pytestmark = pytest.mark.slow  # real sockets


async def beside_a_secret(rust: Node, ash: Node) -> str:
    """An item that both know, where rust alone has a file of another one of its own."""
    item, own = await posted(rust, ash), await posted(rust, ash)
    await rust.use(lambda m: m.claim(own))
    await rust.use(lambda m: m.done(own, blobs=[source(b"secret")]))
    return item


async def test_what_is_taken_for_others_has_a_size_and_a_room(tmp_path):
    """Over the size: blob.limit. Over an account's share of the room: quota.blobs."""
    share = 2 * ROOM_BYTES_MIN  # small ones take as much as that each
    env = {"WL_BLOBS_HANDED_BYTES": "1000", "WL_BLOBS_ROOM_BYTES": str(SHARES * share)}
    async with node(tmp_path, "rust", env=env) as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        item = await posted(rust, ash)
        told = []
        for payload in (b"a" * 1_001, b"b" * 1_000, b"c" * 1_000, b"d"):
            record = await asyncio.to_thread(name_it, ash, item, payload)
            await rust.settles(partial(known, rust, record))
            told.append(await handing(rust, ash, record, hash_of(payload), payload))
        assert told == ["blob.limit", "ok", "ok", "quota.blobs"]
        [gone, _] = (await rust.use(lambda m: m.blob_list())).data["rows"]
        await rust.use(lambda m: m.blob_drop(gone["sha256"]))
        assert await handing(rust, ash, record, hash_of(b"d"), b"d") == "ok"


async def test_a_full_room_does_not_tell_what_is_here(tmp_path):
    """Whether somebody else brought the blob or nobody did, its namer gets the same answer."""
    env = {"WL_BLOBS_ROOM_BYTES": str(SHARES * ROOM_BYTES_MIN)}
    async with node(tmp_path, "rust", env=env) as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        item = await beside_a_secret(rust, ash)
        told = []
        for payload in (b"fills", b"secret", b"unknown"):
            record = await asyncio.to_thread(name_it, ash, item, payload)
            await rust.settles(partial(known, rust, record))
            body = payload if payload == b"fills" else b"?"
            told.append(await handing(rust, ash, record, hash_of(payload), body))
        assert told == ["ok", "quota.blobs", "quota.blobs"]


async def test_blobs_that_come_at_once_have_the_room_of_one_after_the_other(tmp_path):
    """Room is kept while a blob is written, and free again where other bytes came."""
    env = {"WL_BLOBS_ROOM_BYTES": str(SHARES * 2 * ROOM_BYTES_MIN)}
    async with node(tmp_path, "rust", env=env) as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        item, records = await posted(rust, ash), {}
        for payload in (b"a", b"b", b"c", b"d"):
            records[payload] = await asyncio.to_thread(name_it, ash, item, payload)
            await rust.settles(partial(known, rust, records[payload]))
        take, board = rust.town._resident().blobs.take, rust.town.town.current

        async def at_once(said: bytes) -> list[str]:
            asked = (take(ash.key, board, r, hash_of(p), said or p) for p, r in records.items())
            came = await asyncio.gather(*asked, return_exceptions=True)
            return sorted(getattr(one, "code", "ok") for one in came)

        assert await at_once(b"?") == ["blob.bad", "blob.bad", "quota.blobs", "quota.blobs"]
        assert await at_once(b"") == ["ok", "ok", "quota.blobs", "quota.blobs"]


async def test_a_blob_that_many_have_is_handed_to_no_more(tmp_path):
    """Of a few holders each is noted; of more, one that fell out would be given it for ever."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        await handed_in(rust, ash)
        await rust.settles(lambda: has(rust))
        blobs, town, board = ash.town._resident().blobs, ash.town.town, ash.town.town.current

        def due(holders: int) -> int:
            note = blob_notes.get(town, hash_of(LOG))
            assert note is not None
            others = tuple(f"{board[:16]}/{number}" for number in range(holders))
            blob_notes.put(town, replace(note, holders=others))
            return len(blobs._due(rust.key, board))

        assert await ash.town.writer.do(lambda: due(1)) == 1
        assert await ash.town.writer.do(lambda: due(blob_notes.HOLDERS_MAX)) == 0


async def test_a_card_that_did_not_come_is_asked_for_again(tmp_path, monkeypatch):
    """A peer that was away at the first look is not taken for no carrier for ever."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        desk = ash.town._resident()
        peer = desk.book.get(rust.key)
        assert peer is not None
        pair = rust.key, ash.town.town.current
        await ash.settles(lambda: pair in desk.blobs._settled and pair not in desk.blobs._tasks)
        desk.blobs._cards.clear()  # by itself it looks no more
        asked = []

        async def away(address: str, *, allow_private: bool) -> None:
            asked.append((address, allow_private))
            raise PeerError(Fault.STALLED, "away")

        with monkeypatch.context() as gone:
            gone.setattr(desk.client, "card", away)
            for _ in range(2):
                with pytest.raises(PeerError):
                    await desk.blobs._look(peer)
        assert len(asked) == 2
        await desk.blobs._look(peer)
        assert rust.key in desk.blobs._cards


async def test_a_file_that_goes_while_it_is_handed_over_is_looked_for_again(tmp_path, monkeypatch):
    """Dropped between the look and the reading: nothing breaks, and it stays due."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        await handed_in(rust, ash)
        await rust.settles(lambda: has(rust))
        desk, town = ash.town._resident(), ash.town.town
        peer, note = desk.book.get(rust.key), blob_notes.get(town, hash_of(LOG))
        assert peer is not None
        assert note is not None
        monkeypatch.setattr(desk.blobs.files, "find", lambda _: tmp_path / "gone")
        assert not await desk.blobs._hand(peer, town.current, note, note.records[0][1])


async def test_whoever_brings_what_was_here_pays_for_it_all_the_same(tmp_path):
    """Else what is left of its share would tell it that somebody had the file before."""
    share = 2 * ROOM_BYTES_MIN
    env = {"WL_BLOBS_ROOM_BYTES": str(SHARES * share)}
    async with node(tmp_path, "rust", env=env) as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        item = await beside_a_secret(rust, ash)
        told = []
        for payload in (b"secret", b"one", b"two"):
            record = await asyncio.to_thread(name_it, ash, item, payload)
            await rust.settles(partial(known, rust, record))
            told.append(await handing(rust, ash, record, hash_of(payload), payload))
        assert told == ["ok", "ok", "quota.blobs"]


async def test_a_crowd_that_nobody_vouched_for_leaves_half_of_the_room(tmp_path):
    """Accounts by the dozen fill half together; whom the board's maker stamped has room still."""
    env = {"WL_BLOBS_ROOM_BYTES": str(SHARES * ROOM_BYTES_MIN)}
    async with node(tmp_path, "rust", env=env) as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        item = await posted(rust, ash)
        town, told = rust.town.town, []
        crowd = [Blob(sha256=f"{number:064x}", size=1) for number in range(SHARES // 2)]
        for number, blob in enumerate(crowd):
            note = BlobNote(blob=blob, by=(f"{number:064x}",))
            await town_does(rust, partial(blob_notes.link, town, note))
        record = await asyncio.to_thread(name_it, ash, item, b"work")
        await rust.settles(partial(known, rust, record))
        told.append(await handing(rust, ash, record, hash_of(b"work"), b"work"))
        await rust.use(lambda m: m.accept(item, {"dims": {"quality": 4}}))
        rust.town._resident().blobs._vouched_at = 0  # a minute later
        told.append(await handing(rust, ash, record, hash_of(b"work"), b"work"))
        assert told == ["quota.blobs", "ok"]


async def town_does(rust, work) -> None:
    """The work is done in the ledger's thread, and its notes are counted from there on."""
    await rust.town.writer.do(work)
    rust.town._resident().blobs._room = None
