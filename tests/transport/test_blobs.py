"""Blobs between real nodes on sockets: handed in, carried, fetched, and what bad bytes get."""

import asyncio
import base64
import hashlib
import os
from collections import Counter
from collections.abc import Mapping
from io import BytesIO
from types import SimpleNamespace

import aiohttp
import pytest

from federation.blobs import Blob, evidence_of
from federation.transport import blobs
from federation.transport.blobs import (
    AT_ONCE_EACH_MAX,
    AT_ONCE_MAX,
    PATIENCE_S,
    SENT_BURST,
    SLOWEST_PER_S,
    BlobAwayError,
)
from federation.transport.client import Client, PeerRefusedError
from ledger import actions_items as say
from tests.transport.nodes import Node, as_peer, joined, node, stranger
from tests.waiting import LONG_S
from town.market.blob_notes import get
from town.market.blobs import Source
from town.market.errors import NotFoundError
from town.node.lifecycle import NodeFacts

pytestmark = pytest.mark.slow  # real sockets
LOG = b"one line of a log\n" * 5_000


def hash_of(payload: bytes) -> str:
    """The name that a blob goes by."""
    return hashlib.sha256(payload).hexdigest()


def source(payload: bytes, name: str = "trace.log") -> Source:
    """A file with these bytes."""
    return Source(name, lambda: BytesIO(payload))


async def handed_in(poster: Node, worker: Node, payload: bytes = LOG, name: str = "t.log") -> str:
    """An item of the poster's for which the worker handed in a file; its id."""
    item = str((await poster.use(lambda m: m.post({"title": "Fix it"}))).data["id"])
    await worker.settles(lambda: item in ids(worker))
    claimed = await worker.use(lambda m: m.claim(item))
    assert claimed.exit == 0
    await worker.use(lambda m: m.done(item, blobs=[source(payload, name)]))
    await poster.settles(lambda: poster.town.market.show(item).data["you"] == "reviewer")
    return item


def ids(one: Node) -> list[str]:
    """What a node's board lists."""
    return [str(line["id"]) for line in one.town.market.browse({}).data["items"]]


def handed(one: Node, item: str) -> bool:
    """Whether a node knows the item, and that something was handed in for it."""
    try:
        return bool(one.town.market.show(item).data["attempts"])
    except NotFoundError:
        return False


def has(one: Node, payload: bytes = LOG) -> bool:
    """Whether the blob is in a node's folder, with the note by whom it is asked for."""
    sha256, town = hash_of(payload), one.town
    noted = town.writer.run(lambda: town.town.note("blobs", sha256)) is not None
    return noted and town.files.find(sha256) is not None


def brought_by(one: Node) -> int:
    """By how many records the log came to a node."""
    note = one.town.writer.run(lambda: get(one.town.town, hash_of(LOG)))
    return len(note.records) if note is not None else 0


# --- the main way


async def test_a_file_that_was_handed_in_is_with_the_poster_and_is_saved_whole(tmp_path):
    """The worker's node brings it after the record; `wl blob get` saves the very bytes."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash", listens=False) as ash:
        await joined(rust, ash)
        item = await handed_in(rust, ash)
        await rust.settles(lambda: has(rust))
        answer = await rust.use(lambda m: m.blob_get(item, to=tmp_path))
        assert answer.data["from"] is None
        assert (tmp_path / "t.log").read_bytes() == LOG
        shown = (await rust.use(lambda m: m.show(item))).data["evidence"]
        assert [(one["sha256"], one["size"]) for one in shown] == [(hash_of(LOG), len(LOG))]


async def test_a_file_too_large_to_be_handed_over_is_fetched_from_its_author(tmp_path):
    """Nobody is sent megabytes it did not ask for; whoever wants them asks the author's node."""
    large = os.urandom(3 << 20)
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        address = ash.url
        await rust.use(lambda m: m.peer_add(address, allow_private=True))
        item = await handed_in(rust, ash, large)
        assert not has(rust, large)
        answer = await rust.use(lambda m: m.blob_get(item, to=tmp_path / "mine"))
        assert (answer.data["from"], answer.data["size"]) == ("ash", len(large))
        assert (tmp_path / "mine").read_bytes() == large
        assert has(rust, large)


async def test_a_carrier_brings_a_file_between_two_that_nobody_can_call(tmp_path):
    """The worker hands it to the carrier, the poster fetches it there; neither end was called."""
    hub = node(tmp_path, "hub", public_url="yes")
    deep = node(tmp_path, "deep", listens=False)
    far = node(tmp_path, "far", listens=False)
    async with hub as middle, deep as one, far as other:
        await joined(middle, one, other)
        item = await handed_in(one, other)
        await middle.settles(lambda: has(middle))
        answer = await one.use(lambda m: m.blob_get(item, to=tmp_path))
        assert answer.data["from"] == "hub"
        assert (tmp_path / "t.log").read_bytes() == LOG
        facts = NodeFacts(pid=1, created=0.0, url=one.url, public_url="", started_at=0)
        status = one.town.status(facts)
        assert [peer["name"] for peer in status.data["peers"] if peer["carries"]] == ["hub"]
        assert "(normal at home). hub carries for you." in "\n".join(status.words)
        [peer] = (await one.use(lambda m: m.peer_list())).words
        assert peer.endswith("carries for others")


async def test_a_carrier_of_two_boards_gives_a_file_to_the_members_of_both(tmp_path):
    """The same bytes were handed in on both: each board's record brought them there."""
    hub = node(tmp_path, "hub", public_url="yes")
    far = node(tmp_path, "far", listens=False)
    elm = node(tmp_path, "elm", listens=False)
    async with hub as middle, far as worker, elm as other:
        await joined(middle, worker)
        await work_on(middle, worker)
        await middle.settles(lambda: has(middle))
        await middle.use(lambda m: m.create("hop/second"))
        for one in (worker, other):
            token = (await middle.use(lambda m: m.invite())).data["invite"]
            await one.use(lambda m, said=token: m.join(said))
        second = await work_on(middle, worker)
        await other.settles(lambda: handed(other, second))
        await middle.settles(lambda: brought_by(middle) == 2)
        answer = await other.use(lambda m: m.blob_get(second, to=tmp_path / "mine"))
        assert answer.data["from"] == "hub"
        rows = (await worker.use(lambda m: m.blob_list())).data["rows"]
        assert [(row["own"], row["holders_n"]) for row in rows] == [(True, 1)]


async def work_on(poster: Node, worker: Node) -> str:
    """An item of the poster's current board, with the log handed in by the worker."""
    item = await posted(poster, worker)
    await worker.use(lambda m: m.done(item, blobs=[source(LOG)], speculative=True))
    await poster.settles(lambda: handed(poster, item))
    return item


async def test_what_nobody_has_is_said_with_who_was_asked(tmp_path):
    """Exit 7, to be tried again; nothing is left of the attempt."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash", listens=False) as ash:
        await joined(rust, ash)
        item = await handed_in(rust, ash)
        await rust.settles(lambda: has(rust))
        rust.town.files.drop(hash_of(LOG))
        with pytest.raises(BlobAwayError) as away:
            await rust.use(lambda m: m.blob_get(item, to=tmp_path))
        assert (away.value.exit, away.value.retryable) == (7, True)
        assert not (tmp_path / "t.log").exists()


# --- who may


async def asked(one: Node, calls: Client, sha256: str) -> bytes:
    """What the node answers this caller about a blob."""
    pieces = calls.pieces(as_peer(one), one.url, f"/v1/blobs/{sha256}", seconds=LONG_S)
    return b"".join([piece async for piece in pieces])


async def refusal(one: Node, calls: Client, sha256: str) -> tuple[int, str]:
    """Status and code of the node's no."""
    with pytest.raises(PeerRefusedError) as refused:
        await asked(one, calls, sha256)
    return refused.value.status, refused.value.theirs


def calls_of(one: Node) -> Client:
    """The node's own client."""
    return one.town._resident().client


def name_it(one: Node, item: str, payload: bytes) -> str:
    """The node hands in a hash whose bytes it never had; the record that says so."""

    def work() -> str:
        market = one.town.market
        found = market.found(item)
        evidence = [evidence_of(Blob(sha256=hash_of(payload), size=len(payload), name="mine"))]
        entry = say.submit(
            found.journal, market.author, found.signed, summary="", evidence=evidence,
            now=market.now(), speculative=True,
        )  # fmt: skip
        return str(market.say(found.journal, entry).record.id)

    return one.town.writer.run(work)


async def test_only_members_of_the_wasteland_that_brought_it_are_told(tmp_path):
    """A stranger, a member of another board, an unknown hash: one answer, 404 not_found.

    To name the hash in a record of one's own board opens nothing.
    """
    async with (
        node(tmp_path, "rust") as rust,
        node(tmp_path, "ash") as ash,
        node(tmp_path, "elm") as elm,
    ):
        await joined(rust, ash)
        await handed_in(rust, ash)
        await rust.settles(lambda: has(rust))
        await rust.use(lambda m: m.create("hop/other"))
        token = (await rust.use(lambda m: m.invite())).data["invite"]
        await elm.use(lambda m: m.join(token))
        bait = str((await elm.use(lambda m: m.post({"title": "Bait"}))).data["id"])
        await asyncio.to_thread(name_it, elm, bait, LOG)
        await rust.settles(lambda: handed(rust, bait))
        assert await asked(rust, calls_of(ash), hash_of(LOG)) == LOG
        nobody = stranger()
        no = [
            await refusal(rust, calls_of(elm), hash_of(LOG)),
            await refusal(rust, nobody, hash_of(LOG)),
            await refusal(rust, calls_of(ash), "0" * 64),
        ]
        await nobody.close()
        assert no == [(404, "not_found")] * 3


@pytest.mark.parametrize(
    "said", ["..%2F..%2Fkeys%2Fdevice", "A" * 64, "0" * 63, "0" * 65, "x.damaged"]
)
async def test_a_hash_is_never_a_path(pair, said):
    """Whatever is no hash is nothing here; nothing outside the folder is opened."""
    rust, ash = pair
    assert await refusal(rust, calls_of(ash), said) == (404, "not_found")


async def test_a_part_is_sent_when_a_part_is_asked_for(pair):
    """One range of bytes, with what it is of; a range past the end and two ranges are refused."""
    rust, ash = pair
    await handed_in(rust, ash)
    await rust.settles(lambda: has(rust))
    answers = [await ranged(rust, ash, said) for said in ("bytes=5-9", "bytes=-4", "bytes=0-")]
    assert [(status, body) for status, body, _ in answers] == [
        (206, LOG[5:10]), (206, LOG[-4:]), (200, LOG),
    ]  # fmt: skip
    assert answers[0][2]["Content-Range"] == f"bytes 5-9/{len(LOG)}"
    digest = base64.b64encode(hashlib.sha256(LOG).digest()).decode()
    assert {one[2]["Repr-Digest"] for one in answers} == {f"sha-256=:{digest}:"}
    bad = [await ranged(rust, ash, said) for said in ("bytes=999999-", "bytes=0-1,5-6", "rows=1")]
    assert [status for status, _, _ in bad] == [400, 400, 400]


async def ranged(one: Node, caller: Node, said: str) -> tuple[int, bytes, Mapping[str, str]]:
    """Status, body and headers for a range."""
    client = calls_of(caller)
    url = f"{one.url}/v1/blobs/{hash_of(LOG)}"
    message = client._signed(as_peer(one), "GET", url, b"", {})
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, headers={**message.headers, "Range": said}) as answer,
    ):
        return answer.status, await answer.read(), dict(answer.headers)


async def test_a_file_that_was_damaged_here_is_not_told(pair):
    """Its bytes are looked at before they leave; what is wrong is put aside and is not there."""
    rust, ash = pair
    await handed_in(rust, ash)
    await rust.settles(lambda: has(rust))
    path = rust.town.files.find(hash_of(LOG))
    assert path is not None
    path.write_bytes(LOG[:-1] + b"!")
    assert await refusal(rust, calls_of(ash), hash_of(LOG)) == (404, "not_found")
    assert not path.exists()


async def test_only_so_many_are_sent_at_once(pair, monkeypatch):
    """One more is told to wait; the node is up for everything else."""
    rust, ash = pair
    await handed_in(rust, ash)
    await rust.settles(lambda: has(rust))
    sending = rust.town._resident().routes.sending
    for taken in ({"": AT_ONCE_MAX}, {ash.key: AT_ONCE_EACH_MAX}):
        monkeypatch.setattr(sending.places, "taken", Counter(taken))
        assert await refusal(rust, calls_of(ash), hash_of(LOG)) == (429, "peer.limit")
    monkeypatch.setattr(sending.places, "taken", Counter({"": AT_ONCE_EACH_MAX}))
    monkeypatch.setattr(sending.by_key.allowance, "per_s", 1)
    assert await asked(rust, calls_of(ash), hash_of(LOG)) == LOG
    left = 2 * len(LOG) - 100
    sending.by_key.take(ash.key, now=rust.town.now(), cost=SENT_BURST - left)
    assert await refusal(rust, calls_of(ash), hash_of(LOG)) == (429, "peer.limit")


async def test_who_reads_too_slowly_is_let_go(pair, monkeypatch):
    """A reader that stands still holds a place for a bounded time, and the place is free again."""
    rust, ash = pair
    large = bytes(48 << 20)
    await handed_in(rust, ash, large)
    limits: list[tuple[float, asyncio.Timeout]] = []

    def timeout(seconds: float) -> asyncio.Timeout:
        limits.append((seconds, asyncio.timeout(None)))
        return limits[-1][1]

    monkeypatch.setattr(blobs, "asyncio", SimpleNamespace(**vars(asyncio) | {"timeout": timeout}))
    sending = ash.town._resident().routes.sending
    url = f"{ash.url}/v1/blobs/{hash_of(large)}"
    message = calls_of(rust)._signed(as_peer(ash), "GET", url, b"", {})
    async with aiohttp.ClientSession() as session:
        answer = await session.get(url, headers=message.headers)
        assert (answer.status, answer.content_length) == (200, len(large))
        [(seconds, limit)] = limits
        assert seconds == PATIENCE_S + len(large) / SLOWEST_PER_S
        limit.reschedule(asyncio.get_running_loop().time())  # the time is over
        await ash.settles(lambda: not sending.places.taken)
        with pytest.raises(aiohttp.ClientError):
            await answer.read()


# --- what a node takes


async def handing(one: Node, caller: Node, record: str, sha256: str, body: bytes) -> str:
    """The code of the answer to a blob that is handed over; ok for taken."""
    path = f"/v1/w/{one.town.town.current}/blobs/{record}/{sha256}"
    try:
        await calls_of(caller).call(as_peer(one), "POST", path, body)
    except PeerRefusedError as refused:
        return refused.theirs
    return "ok"


@pytest.mark.parametrize("payload", [LOG[:-1], LOG + b"!", LOG[:-1] + b"!", b""])
async def test_other_bytes_than_the_named_ones_are_not_kept(pair, payload):
    """Too few, too many, changed, none: blob.bad, and no file."""
    rust, ash = pair
    item = await posted(rust, ash)
    record = await asyncio.to_thread(name_it, ash, item, LOG)
    await rust.settles(lambda: handed(rust, item))
    assert await handing(rust, ash, record, hash_of(LOG), payload) == "blob.bad"
    assert not list(rust.town.home.blobs.rglob("*")) or not list(rust.town.files.all())
    assert await handing(rust, ash, record, hash_of(LOG), LOG) == "ok"
    assert has(rust)


async def test_a_node_takes_only_what_a_record_names_and_only_for_itself_or_as_a_carrier(tmp_path):
    """No such record, another hash, somebody else's item: the same 404."""
    async with (
        node(tmp_path, "rust") as rust,
        node(tmp_path, "ash") as ash,
        node(tmp_path, "elm") as elm,
    ):
        await joined(rust, ash, elm)
        item = await posted(elm, ash)
        await rust.settles(lambda: item in ids(rust))
        record = await asyncio.to_thread(name_it, ash, item, LOG)
        await rust.settles(lambda: handed(rust, item))
        assert await handing(rust, ash, record, hash_of(LOG), LOG) == "not_found"  # elm's item
        mine = await posted(rust, ash)
        record = await asyncio.to_thread(name_it, ash, mine, LOG)
        await rust.settles(lambda: handed(rust, mine))
        assert await handing(rust, ash, "0" * 64, hash_of(LOG), LOG) == "not_found"
        assert await handing(rust, ash, record, hash_of(b"x"), b"x") == "not_found"
        assert not has(rust)


def known(one: Node, record: str) -> bool:
    """Whether a node holds a record."""
    town = one.town
    journal = town.town.ledgers[town.town.current]
    return town.writer.run(lambda: journal.held.entry(record)) is not None


async def posted(poster: Node, other: Node) -> str:
    """An item that both know."""
    item = str((await poster.use(lambda m: m.post({"title": "Fix it"}))).data["id"])
    await other.settles(lambda: item in ids(other))
    return item
