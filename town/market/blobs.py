"""Use cases about blobs: the bytes that a hand-in names by their hash (records 1.4).

A name and a media type in a record are a stranger's words: a file is never written where they
point, nor over one that is there.
"""

import mimetypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from federation.blobs import (
    MEDIA,
    MEDIA_UNKNOWN,
    PIECE_BYTES,
    Blob,
    BlobError,
    Coming,
    file_name,
    named,
)
from ledger.story import Story
from stamps.limits import PREFIX_CHARS_MIN
from stamps.record import public_id
from town.market import blob_notes
from town.market.answer import Answer
from town.market.blob_notes import BlobNote
from town.market.errors import AmbiguousError, FileProblemError, NotFoundError
from town.market.find import Found
from town.market.items import ItemDesk
from town.market.words import bytes_text, normal_text, one_line

NAME_CHARS_MAX = 255


@dataclass(frozen=True, slots=True)
class Source:
    """A file on this machine that becomes a blob."""

    name: str
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class Named:
    """A blob, and the record of an item that names it."""

    blob: Blob
    record: str
    worker: str
    n: int


def named_in(story: Story) -> Iterator[Named]:
    """Every blob that was handed in for an item, by hand-in."""
    for attempt in story.attempts:
        for piece in attempt.evidence:
            blob = named(piece)
            if blob is not None:
                yield Named(blob, attempt.id, attempt.worker, attempt.n)


def media_of(name: str) -> str:
    """The media type that a file's name suggests."""
    media = mimetypes.guess_type(name, strict=False)[0] or MEDIA_UNKNOWN
    return media if MEDIA.fullmatch(media) else MEDIA_UNKNOWN


class BlobDesk(ItemDesk):
    """Keeps blobs, finds them, and gives them out."""

    # --- ours

    def keep_blobs(self, sources: Sequence[Source]) -> list[Blob]:
        """The files are here by their hashes; in a rehearsal only measured. Raises."""
        keep = self.ports.blobs.measure if self.rehearsing else self.ports.blobs.keep
        return [self._kept(source, keep) for source in sources]

    def _kept(self, source: Source, keep: Callable[[BinaryIO], tuple[str, int]]) -> Blob:
        name = one_line(normal_text(source.name))[:NAME_CHARS_MAX] or "blob"
        try:
            with source.open() as file:
                sha256, size = keep(file)
        except OSError as error:
            raise FileProblemError(source.name, error.strerror or str(error)) from error
        return Blob(sha256=sha256, size=size, name=name, media=media_of(name))

    def link_blobs(self, found: Found, record: str, blobs: Sequence[Blob]) -> None:
        """Our record names them: its wasteland's members may have them. In the ledger's thread."""
        where = ((found.journal.wasteland, record),)
        for blob in () if self.rehearsing else blobs:
            note = BlobNote(blob=blob, records=where, own=True, at=self.now())
            blob_notes.link(self.town, note)

    # --- what there is

    def blob_list(self, item: str = "") -> Answer:
        """The blobs that an item names, or that are here, each with whether it is here."""
        found = self.run(lambda: self.found(item)) if item else None

        def rows() -> list[dict[str, Any]]:
            notes = {note.blob.sha256: note for note in self._notes()}
            if found is None:
                return [_row(note.blob, note) for note in notes.values()]
            story = self.again(found).signed
            return [_row(one.blob, notes.get(one.blob.sha256), one.n) for one in named_in(story)]

        data = {"rows": self.run(rows)}
        words = () if data["rows"] else (f"blobs   {'none named' if item else 'none here'}",)
        return self.answer("wl.v1.blobs", data, words)

    def _notes(self) -> Iterator[BlobNote]:
        """The notes of blobs whose file is here."""
        has = self.ports.blobs.has
        return (note for note in blob_notes.every(self.town) if has(note.blob.sha256))

    # --- getting one

    def blob_get(self, item: str, sha256: str = "", *, to: Path) -> Answer:
        """A blob that the item names is in a file, fetched from a peer where it was not here.

        `to` is the file, or a folder in which it gets a harmless name. Raises.
        """
        blob, source, peer = self._blob(item, sha256)
        target = to / file_name(blob) if to.is_dir() else to
        try:
            with target.open("xb") as file:
                try:
                    _copy(source, blob, file.write)
                except BaseException:
                    target.unlink()
                    raise
        except FileExistsError as error:
            raise FileProblemError(str(target), "is there already; name another: --to") from error
        except OSError as error:
            raise FileProblemError(str(target), error.strerror or str(error)) from error
        came = f" from {peer}" if peer else ""
        words = (
            f"saved   {target.name}, {bytes_text(blob.size)}{came}; its hash is the one named",
            "        it is a stranger's file: look before you run or open it",
        )
        row = _row(blob, None)
        place: dict[str, Any] = {"file": str(target)}
        if target is not to:  # the name is a stranger's, though a harmless one
            place = {"folder": str(to), "untrusted": {**row["untrusted"], "file": target.name}}
        data = {**row, "here": True, "from": peer or None, **place}
        return self.answer("wl.v1.blob", data, words)

    def blob_to(self, write: Callable[[bytes], object], item: str, sha256: str = "") -> Blob:
        """The bytes of a blob that the item names were written piece by piece. Raises."""
        blob, source, _ = self._blob(item, sha256)
        _copy(source, blob, write)
        return blob

    def _blob(self, item: str, sha256: str) -> tuple[Blob, Path, str]:
        """The blob, its file, and the peer it came from now; empty where it was here."""
        found = self.run(lambda: self.found(item))
        one = self._one_named(found, sha256)
        self.about_to("blob get", {"sha256": one.blob.sha256, "size": one.blob.size})
        path, peer = self.ports.blobs.find(one.blob.sha256), ""
        if path is None:
            self.ports.say(f"fetching  {bytes_text(one.blob.size)} …")
            peer = self.ports.peers.fetch_blob(found.journal.wasteland, one.blob, worker=one.worker)
            path = self.ports.blobs.find(one.blob.sha256)
        if path is None:
            raise NotFoundError("blob", one.blob.sha256)
        self.run(lambda: self._linked(found, one))
        return one.blob, path, peer

    def _linked(self, found: Found, one: Named) -> None:
        where = ((found.journal.wasteland, one.record),)
        blob_notes.link(self.town, BlobNote(blob=one.blob, records=where, at=self.now()))

    def _one_named(self, found: Found, sha256: str) -> Named:
        """The blob meant; without a hash the only one. Raises NotFoundError, AmbiguousError."""
        story = self.run(lambda: self.again(found).signed)
        start = sha256.strip().lower()
        if start and len(start) < PREFIX_CHARS_MIN:
            raise NotFoundError("blob", sha256)
        fit = {o.blob.sha256: o for o in named_in(story) if o.blob.sha256.startswith(start)}
        if not fit:
            raise NotFoundError("blob", sha256 or public_id("w", story.post.id)[:8])
        if len(fit) > 1:
            raise AmbiguousError("blob", sha256 or "without its hash", tuple(fit))
        return next(iter(fit.values()))

    # --- by hand

    def blob_put(self, item: str, source: Source) -> Answer:
        """A file that came by hand is here, if the item names it. Raises BlobError."""
        found = self.run(lambda: self.found(item))
        [blob] = self.keep_blobs([source])
        story = self.run(lambda: self.again(found).signed)
        one = next((o for o in named_in(story) if o.blob.sha256 == blob.sha256), None)
        if one is None or one.blob.size != blob.size:
            raise BlobError("digest", f"{source.name} is no blob that this item names")
        self.about_to("blob put", {"sha256": blob.sha256})
        self.run(lambda: self._linked(found, one))
        words = (f"kept    {source.name}, {bytes_text(blob.size)}; its hash is the one named",)
        return self.answer("wl.v1.blob", {**_row(one.blob, None), "here": True}, words)

    def blob_drop(self, sha256: str) -> Answer:
        """A blob is not here any more; records that name it stay as they are."""

        def work() -> BlobNote:
            start = sha256.strip().lower()
            fit = [n for n in blob_notes.every(self.town) if n.blob.sha256.startswith(start)]
            if not fit or len(start) < PREFIX_CHARS_MIN:
                raise NotFoundError("blob", sha256)
            if len(fit) > 1:
                raise AmbiguousError("blob", sha256, tuple(note.blob.sha256 for note in fit))
            self.about_to("blob drop", {"sha256": fit[0].blob.sha256})
            blob_notes.forget(self.town, fit[0].blob.sha256)
            return fit[0]

        note = self.run(work)
        self.ports.blobs.drop(note.blob.sha256)
        only = not note.holders and note.own
        words = (f"dropped {note.blob.sha256[:16]}, {bytes_text(note.blob.size)}",)
        warn = ("no other machine is known to have it",) if only else ()
        data = {**_row(note.blob, note), "here": False}
        return self.answer("wl.v1.blob", data, words, warn=warn)


def _copy(path: Path, blob: Blob, write: Callable[[bytes], object]) -> None:
    """Every byte was written, and they were the blob's. Raises BlobError."""
    coming = Coming(blob)
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            write(coming.take(piece))
    coming.end()


def _row(blob: Blob, note: BlobNote | None, n: int = 0) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "sha256": blob.sha256,
        "size": blob.size,
        "media": blob.media,
        "here": note is not None,
        "own": note is not None and note.own,
        "holders_n": len({one.rpartition("/")[2] for one in note.holders}) if note else None,
        "untrusted": {"name": blob.name},
    }
    return {**facts, "attempt": n} if n else facts
