"""Blobs between nodes: fetched from whoever has one, sent in pieces, handed to a carrier.

Nothing is believed about a blob but its hash: a fetch ends at the first byte over the named size,
and what is not the named bytes is thrown away and asked of the next.
"""

import asyncio
import base64
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar, Final, Protocol, TypeVar

from aiohttp import web

from federation.blobs import MEDIA_UNKNOWN, PIECE_BYTES, Blob, BlobError, Coming
from federation.errors import Fault, PeerError
from federation.peers import Peer
from federation.transport.client import Client, PeerDownError
from federation.transport.limits import Buckets, Places
from stamps.errors import WastelandError

AT_ONCE_MAX: Final = 8  # blobs that are being sent
AT_ONCE_EACH_MAX: Final = 4  # of them to one caller
SENT_PER_S: Final = 4 << 20  # bytes to one caller, after a burst
SENT_BURST: Final = 256 << 20
SLOWEST_PER_S: Final = 32 << 10  # a caller or a sender below it is let go
PATIENCE_S: Final = 30.0

Opened = TypeVar("Opened")


class BlobAwayError(WastelandError):
    """Nobody who could be asked has the blob. `tried` says who, and what each answered."""

    code: ClassVar[str] = "peer.no_blob"
    hint: ClassVar[str] = "Ask again when its author's node is up, or bring the file: wl blob put"
    exit: ClassVar[int] = 7
    retryable: ClassVar[bool] = True

    def __init__(self, sha256: str, tried: Iterable[str]) -> None:
        self.tried = list(tried)
        asked = "; ".join(self.tried) or "no peer can be called"
        super().__init__(f"nobody gave {sha256[:16]}: {asked}")
        self.sha256 = sha256


class Into(Protocol):
    """Where a blob is written while it comes."""

    def write(self, piece: bytes) -> None:
        """The piece is there."""
        ...

    def settle(self, sha256: str) -> None:
        """It is whole, and durable."""
        ...

    def drop(self) -> None:
        """Nothing is left of what did not settle."""
        ...


async def fetch(
    client: Client, peers: Iterable[Peer], blob: Blob, into: Callable[[], Into]
) -> Peer:
    """The peer that had the blob; its bytes are settled. Raises BlobAwayError, StoreError."""
    tried = []
    for peer in peers:
        for address in peer.addresses:
            try:
                await _fetch_one(client, peer, address, blob, into)
            except (PeerDownError, BlobError) as error:
                tried.append(f"{peer.label}: {error}")
            except WastelandError as error:
                if error.code.startswith("store."):
                    raise
                tried.append(f"{peer.label}: {error}")
                break  # it is there, and says no
            else:
                return peer
    raise BlobAwayError(blob.sha256, tried)


async def _fetch_one(
    client: Client, peer: Peer, address: str, blob: Blob, into: Callable[[], Into]
) -> None:
    coming, file = Coming(blob), await _opened(into, lambda file: file.drop())
    seconds = PATIENCE_S + blob.size / SLOWEST_PER_S
    clock = asyncio.get_running_loop().time
    begun = clock()
    pieces = client.pieces(peer, address, f"/v1/blobs/{blob.sha256}", seconds=seconds)
    try:
        async for piece in pieces:
            await asyncio.to_thread(file.write, coming.take(piece))
            if clock() - begun > PATIENCE_S + coming.size / SLOWEST_PER_S:
                raise BlobError("slow", f"{coming.size} bytes in {clock() - begun:.0f} s")
        coming.end()
        await asyncio.to_thread(file.settle, blob.sha256)
    finally:
        await pieces.aclose()  # type: ignore[attr-defined]  # it is a generator
        await asyncio.to_thread(file.drop)


async def _opened(open_: Callable[[], Opened], close: Callable[[Opened], None]) -> Opened:
    """What was opened in a thread; where nobody waits for it any more, it is closed again."""
    opening = asyncio.ensure_future(asyncio.to_thread(open_))

    def left(done: "asyncio.Future[Opened]") -> None:
        if not done.cancelled() and done.exception() is None:
            close(done.result())

    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(left)
        raise


class Sending:
    """What is being sent, within its limits."""

    def __init__(self) -> None:
        self.by_key = Buckets(per_s=SENT_PER_S, burst=SENT_BURST)
        self.places = Places(AT_ONCE_MAX, each=AT_ONCE_EACH_MAX)

    async def send(
        self,
        request: web.Request,
        path: Path,
        *,
        caller: str,
        now: int,
        headers: dict[str, str],
    ) -> web.StreamResponse:
        """The file, or the part that was asked for, was sent. Raises TooManyError."""
        size = (await asyncio.to_thread(path.stat)).st_size
        start, stop = _part(request, size)
        self.by_key.take(caller, now=now, cost=max(1.0, stop - start))
        answer = web.StreamResponse(headers={**headers, **_told(path)})
        if stop - start < size:
            answer.set_status(206)
            answer.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        answer.content_length = stop - start
        try:
            async with asyncio.timeout(PATIENCE_S + (stop - start) / SLOWEST_PER_S):
                await answer.prepare(request)
                await _write(answer, path, start, stop)
        except TimeoutError:
            if request.transport is not None:  # it reads too slowly
                request.transport.abort()
        return answer


def _part(request: web.Request, size: int) -> tuple[int, int]:
    """From where to where a file of this size was asked for. Raises PeerError."""
    try:
        start, stop, _ = request.http_range.indices(size)
    except ValueError:
        raise PeerError(Fault.FORM, "no range of bytes") from None
    if start >= stop and size:
        raise PeerError(Fault.SIZE, f"there are {size} bytes")
    return start, stop


async def _write(answer: web.StreamResponse, path: Path, start: int, stop: int) -> None:
    file = await _opened(lambda: path.open("rb"), lambda file: file.close())
    try:
        await asyncio.to_thread(file.seek, start)
        while start < stop:
            piece = await asyncio.to_thread(file.read, min(PIECE_BYTES, stop - start))
            if not piece:
                raise ConnectionResetError("the file ended early")
            await answer.write(piece)
            start += len(piece)
        await answer.write_eof()
    finally:
        file.close()


def _told(path: Path) -> dict[str, str]:
    """What a reader may rely on, and what a browser must not do with it."""
    digest = base64.b64encode(bytes.fromhex(path.name)).decode()
    return {
        "Content-Type": MEDIA_UNKNOWN,
        "Repr-Digest": f"sha-256=:{digest}:",
        "Content-Disposition": "attachment",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
