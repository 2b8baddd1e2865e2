"""Blobs: bytes too large for a record, which names their hash and size (records 1.4).

Pure: who names a blob, and whether bytes that come are the ones that were named. Every byte is
counted against the size that the record said before it is kept, so that no sender decides how much
is read.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from stamps.errors import WastelandError
from stamps.kinds import is_id

PIECE_BYTES: Final = 1 << 16
MEDIA: Final = re.compile(r"[a-z0-9][a-z0-9.+-]{0,62}/[a-z0-9][a-z0-9.+-]{0,62}")
MEDIA_UNKNOWN: Final = "application/octet-stream"
NAME_CHARS_MAX: Final = 100


class BlobError(WastelandError):
    """Bytes are not the blob that was named: `reason` is size, truncated, slow or digest."""

    code: ClassVar[str] = "blob.bad"
    hint: ClassVar[str] = "What came was thrown away; ask another node that has it."
    exit: ClassVar[int] = 8

    def __init__(self, reason: str, why: str) -> None:
        super().__init__(why)
        self.reason = reason


class BlobLimitError(WastelandError):
    """A blob is larger than this node keeps. `limit` is the most it may have, in bytes."""

    code: ClassVar[str] = "blob.limit"
    hint: ClassVar[str] = "Put it where a link reaches it and hand in the link: --evidence URL"
    exit: ClassVar[int] = 2

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes")
        self.limit = limit


class BlobQuotaError(WastelandError):
    """No room is left for blobs of others, or for those of this account."""

    code: ClassVar[str] = "quota.blobs"
    hint: ClassVar[str] = "wl blob list shows what takes the room; wl blob drop HASH makes some."
    exit: ClassVar[int] = 4

    def __init__(self, limit: int) -> None:
        super().__init__(f"no more than {limit} bytes are kept for others")
        self.limit = limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A blob as a record names it; name and media type are a stranger's words."""

    sha256: str
    size: int
    name: str = ""
    media: str = MEDIA_UNKNOWN


def named(piece: Mapping[str, Any]) -> Blob | None:
    """The blob that a piece of evidence names, None where it names none that could be fetched."""
    digest, size = piece.get("sha256"), piece.get("size")
    if piece.get("kind") != "blob" or not isinstance(digest, str) or not is_id(digest):
        return None
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        return None
    media = piece.get("media")
    known = isinstance(media, str) and MEDIA.fullmatch(media) is not None
    return Blob(
        sha256=digest,
        size=size,
        name=str(piece.get("value", "")),
        media=str(media) if known else MEDIA_UNKNOWN,
    )


def blobs_of(body: Mapping[str, Any]) -> Iterator[Blob]:
    """Every blob that a record's body names."""
    pieces = body.get("evidence")
    for piece in pieces if isinstance(pieces, list | tuple) else ():
        blob = named(piece) if isinstance(piece, Mapping) else None
        if blob is not None:
            yield blob


def evidence_of(blob: Blob) -> dict[str, Any]:
    """The piece of evidence that names a blob."""
    return {
        "kind": "blob",
        "value": blob.name,
        "sha256": blob.sha256,
        "size": blob.size,
        "media": blob.media,
    }


def file_name(blob: Blob) -> str:
    """A name that is safe for a file of the blob, whatever its record says it is called."""
    last = re.split(r"[/\\]", blob.name)[-1]
    plain = re.sub(r"[^A-Za-z0-9._+-]", "_", last).lstrip("._-")[:NAME_CHARS_MAX]
    return plain or f"blob-{blob.sha256[:12]}"


class Coming:
    """A blob on its way in, piece by piece."""

    def __init__(self, blob: Blob) -> None:
        self.blob = blob
        self.size = 0
        self._hash = hashlib.sha256()

    def take(self, piece: bytes) -> bytes:
        """The piece, counted. Raises BlobError as soon as more came than was named."""
        self.size += len(piece)
        if self.size > self.blob.size:
            raise BlobError("size", f"more than the {self.blob.size} bytes that were named")
        self._hash.update(piece)
        return piece

    def end(self) -> None:
        """All of it came, and it is what was named. Raises BlobError."""
        if self.size < self.blob.size:
            raise BlobError("truncated", f"{self.size} of {self.blob.size} bytes came")
        if self._hash.hexdigest() != self.blob.sha256:
            raise BlobError("digest", "the bytes have another hash than was named")
