"""Bodies on the wire: read with a limit and a clock, packed and unpacked in pieces (H10, H33).

A limit counts decompressed bytes; what is over it is refused before it is held.
"""

import asyncio
import zlib
from typing import Final

from aiohttp import StreamReader

from federation.errors import Fault, PeerError
from federation.limits import MESSAGE_BYTES_MAX

PACK_FROM: Final = 1_024
GZIP: Final = 31
PIECE: Final = 1 << 16
READ_S: Final = 20.0


def packed(body: bytes) -> tuple[bytes, dict[str, str]]:
    """The body as it is sent, and its headers; small ones go as they are."""
    if len(body) < PACK_FROM:
        return body, {}
    pack = zlib.compressobj(1, zlib.DEFLATED, GZIP)
    small = pack.compress(body) + pack.flush()
    if len(small) >= len(body):
        return body, {}
    return small, {"Content-Encoding": "gzip"}


def unpacked(body: bytes, encoding: str, *, most: int = MESSAGE_BYTES_MAX) -> bytes:
    """The plain bytes; PeerError for too many, or for another encoding."""
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise PeerError(Fault.FORM, f"an encoding of {encoding[:20]}")
    unpack = zlib.decompressobj(GZIP)
    try:
        plain = unpack.decompress(body, most + 1)
    except zlib.error:
        raise PeerError(Fault.FORM, "no gzip") from None
    if len(plain) > most:
        raise PeerError(Fault.SIZE, f"more than {most} bytes unpacked")
    if not unpack.eof or unpack.unused_data:
        raise PeerError(Fault.TRUNCATED, "the body does not end")
    return plain


async def read_body(content: StreamReader, *, most: int, seconds: float = READ_S) -> bytes:
    """All of a body within its limits of size and time. Raises PeerError."""
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            async for piece in content.iter_chunked(PIECE):
                size += len(piece)
                if size > most:
                    raise PeerError(Fault.SIZE, f"more than {most} bytes")
                pieces.append(piece)
    except TimeoutError:
        raise PeerError(Fault.STALLED, f"not sent within {seconds:.0f} s") from None
    return b"".join(pieces)
