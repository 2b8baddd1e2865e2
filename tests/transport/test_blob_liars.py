"""What a peer gets that answers for a blob with anything but its bytes."""

import asyncio
import contextlib
import gzip
import hashlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest
from aiohttp import web

from federation.blobs import Blob
from federation.peers import Peer
from federation.transport import blobs
from federation.transport.blobs import BlobAwayError, fetch
from ledger.store import StoreFullError
from tests.transport.nodes import stranger
from tests.waiting import LONG_S
from town.node.blob_files import BlobFiles

pytestmark = pytest.mark.slow  # real sockets
LOG = b"one line of a log\n" * 5_000


@contextlib.asynccontextmanager
async def liar(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[Peer]:
    """Somebody at an address who answers for every blob."""
    app = web.Application()
    app.router.add_get("/v1/blobs/{sha256}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    key = str(stranger(b"liar".ljust(32, b".")).key().device)
    try:
        yield Peer(key=key, addresses=(f"http://127.0.0.1:{port}",), allow_private=True)
    finally:
        await runner.cleanup()


async def endless(request: web.Request) -> web.StreamResponse:
    """A body without an end."""
    answer = web.StreamResponse()
    await answer.prepare(request)
    while True:
        await answer.write(b"x" * 65_536)


async def cut(request: web.Request) -> web.StreamResponse:
    """A body that ends early, without saying so."""
    return web.Response(body=LOG[:1000])


async def torn(request: web.Request) -> web.StreamResponse:
    """A connection that ends in the middle."""
    answer = web.StreamResponse()
    answer.content_length = len(LOG)
    await answer.prepare(request)
    await answer.write(LOG[:1000])
    assert request.transport is not None
    request.transport.abort()
    return answer


async def changed(request: web.Request) -> web.StreamResponse:
    """As many bytes, and not the ones."""
    return web.Response(body=LOG[:-1] + b"!")


async def zipped(request: web.Request) -> web.StreamResponse:
    """A few bytes that would become many."""
    return web.Response(body=gzip.compress(LOG), headers={"Content-Encoding": "gzip"})


async def elsewhere(request: web.Request) -> web.StreamResponse:
    """Somebody else's address."""
    raise web.HTTPFound("http://127.0.0.1:9/")


@pytest.mark.parametrize("lie", [endless, cut, torn, changed, zipped, elsewhere])
async def test_no_lie_is_kept_and_the_next_peer_is_asked(tmp_path, lie):
    """No more is read than was named, nothing is left of it, and the honest one gives it."""
    blob, files = Blob(sha256=hashlib.sha256(LOG).hexdigest(), size=len(LOG)), BlobFiles(tmp_path)
    read = 0

    class Counted:
        """A file that is counted."""

        def __init__(self) -> None:
            self.file = files.incoming()
            self.settle, self.drop = self.file.settle, self.file.drop

        def write(self, piece: bytes) -> None:
            nonlocal read
            read += len(piece)
            self.file.write(piece)

    async def honest(request: web.Request) -> web.StreamResponse:
        return web.Response(body=LOG)

    async with liar(lie) as bad, liar(honest) as good:
        calls = stranger()
        try:
            with pytest.raises(BlobAwayError) as away:
                await fetch(calls, [bad], blob, Counted)
            assert len(away.value.tried) == 1
            assert read <= len(LOG)
            assert not [path for path in tmp_path.rglob("*") if path.is_file()]
            assert await fetch(calls, [bad, good], blob, Counted) == good
        finally:
            await calls.close()
    found = files.find(blob.sha256)
    assert found is not None
    assert found.read_bytes() == LOG


async def test_whoever_drips_is_left_for_the_next(tmp_path, monkeypatch):
    """What a large blob may take in all is not given to a peer that sends a byte now and then."""
    monkeypatch.setattr(blobs, "PATIENCE_S", 0.3)
    large = bytes(20 << 20)
    blob = Blob(sha256=hashlib.sha256(large).hexdigest(), size=len(large))
    files = BlobFiles(tmp_path)

    async def dripping(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        answer.content_length = len(large)
        await answer.prepare(request)
        while True:
            await answer.write(b"x")
            await asyncio.sleep(0.02)

    async def honest(request: web.Request) -> web.StreamResponse:
        monkeypatch.setattr(blobs, "PATIENCE_S", LONG_S)  # it may be slow, on a crowded machine
        return web.Response(body=large)

    async with liar(dripping) as bad, liar(honest) as good:
        calls = stranger()
        try:
            async with asyncio.timeout(LONG_S):
                assert await fetch(calls, [bad, good], blob, files.incoming) == good
        finally:
            await calls.close()


async def test_a_full_disk_ends_a_fetch_at_once(tmp_path):
    """No other peer is asked for what cannot be kept: the command says what is wrong here."""
    blob = Blob(sha256=hashlib.sha256(LOG).hexdigest(), size=len(LOG))
    asked = 0

    async def honest(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        return web.Response(body=LOG)

    class Full:
        """A file on a disk that is full."""

        def write(self, piece: bytes) -> None:
            raise StoreFullError(f"no room for {len(piece)} bytes")

        def settle(self, sha256: str) -> None:
            raise AssertionError(sha256)

        def drop(self) -> None:
            """Nothing is here."""

    async with liar(honest) as one, liar(honest) as other:
        calls = stranger()
        try:
            with pytest.raises(StoreFullError):
                await fetch(calls, [one, other], blob, Full)
        finally:
            await calls.close()
    assert asked == 1


async def test_a_peer_is_asked_at_its_next_address_when_the_first_is_dead(tmp_path):
    """As for every other question; a peer without any address is not asked at all."""
    blob, files = Blob(sha256=hashlib.sha256(LOG).hexdigest(), size=len(LOG)), BlobFiles(tmp_path)

    async def honest(request: web.Request) -> web.StreamResponse:
        return web.Response(body=LOG)

    async with liar(honest) as good:
        two = replace(good, addresses=("http://127.0.0.1:9", *good.addresses))
        calls = stranger()
        try:
            found = await fetch(calls, [replace(good, addresses=()), two], blob, files.incoming)
        finally:
            await calls.close()
    assert found == two
    assert files.find(blob.sha256) is not None


async def test_who_gives_up_while_a_file_is_opened_leaves_it_closed(tmp_path):
    """A thread goes on whoever was let go meanwhile: a sender's file, and a fetcher's part."""
    go, begun = threading.Event(), threading.Semaphore(0)
    opened = []

    def slowly(*_):
        begun.release()
        go.wait(LONG_S)
        opened.append((tmp_path / "some").open("wb"))
        return opened[-1]

    def into():
        file = slowly()
        return SimpleNamespace(drop=file.close)

    slow = SimpleNamespace(open=slowly)
    peer = Peer(key="did:key:zNear", addresses=("http://127.0.0.1:1",), allow_private=True)
    blob = Blob(sha256=hashlib.sha256(LOG).hexdigest(), size=len(LOG))
    works = [blobs._write(web.StreamResponse(), slow, 0, 1), fetch(None, [peer], blob, into)]
    tasks = [asyncio.create_task(work) for work in works]
    for _ in tasks:
        assert await asyncio.to_thread(begun.acquire, timeout=LONG_S)
    for task in tasks:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    go.set()
    async with asyncio.timeout(LONG_S):
        while [file.closed for file in opened] != [True, True]:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
