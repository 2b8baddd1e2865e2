"""The folder of blobs in a town's home: a file each, named by the hash of what is in it.

A file appears whole or not at all, and is read only after its bytes were found to be the ones its
name says. It knows no record, and no name that a stranger gave.
"""

import errno
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final

from federation.blobs import PIECE_BYTES, Blob, BlobLimitError, Coming
from federation.limits import BLOB_BYTES_MAX
from ledger.store import StoreError, StoreFullError
from stamps.clock import SECOND_US
from stamps.kinds import is_id

FOLDER_MODE: Final = 0o700
PART: Final = ".part-"
DAMAGED: Final = ".damaged"
GOOD_S: Final = 600.0  # how long a file that was looked at and did not change is taken as good
GOOD_MAX: Final = 1_000
UNNAMED_S: Final = 30 * 86_400
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def _problem(error: OSError) -> StoreError:
    why = f"blobs: {error.strerror or error}"
    return StoreFullError(why) if error.errno in FULL else StoreError(why)


def _file_in(folder: Path, sha256: str) -> Path:
    return folder / sha256[:2] / sha256


class Incoming:
    """A file that is being written; it counts only once it is whole."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            number, name = tempfile.mkstemp(prefix=PART, dir=folder)
        except OSError as error:
            raise _problem(error) from error
        self._folder = folder
        self._path = Path(name)
        self._file: BinaryIO = os.fdopen(number, "wb")

    def write(self, piece: bytes) -> None:
        """The piece is in the file. Raises StoreFullError, StoreError."""
        try:
            self._file.write(piece)
        except OSError as error:
            raise _problem(error) from error

    def settle(self, sha256: str) -> None:
        """The file is durable under its hash. Raises StoreFullError, StoreError."""
        target = _file_in(self._folder, sha256)
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            target.parent.mkdir(mode=FOLDER_MODE, exist_ok=True)
            self._path.replace(target)
            for folder in (target.parent, self._folder):
                _sync_folder(folder)
        except OSError as error:
            raise _problem(error) from error

    def drop(self) -> None:
        """Nothing is left of what did not settle."""
        try:
            self._file.close()
        except OSError:
            pass  # what could not be written goes with the file
        finally:
            self._path.unlink(missing_ok=True)


class BlobFiles:
    """The blobs of one town. `most` is how large one may be, in bytes."""

    def __init__(self, folder: Path, *, most: int = BLOB_BYTES_MAX) -> None:
        self.folder = folder
        self.most = most
        self._good: dict[str, tuple[tuple[int, int, int], float]] = {}

    def keep(self, source: BinaryIO) -> tuple[str, int]:
        """The hash and size of what the source held; it is here. Raises."""
        incoming = self.incoming()
        try:
            sha256, size = self._read(source, incoming.write)
            incoming.settle(sha256)
        finally:
            incoming.drop()
        return sha256, size

    def measure(self, source: BinaryIO) -> tuple[str, int]:
        """The same, and nothing is kept."""
        return self._read(source, lambda _: None)

    def _read(self, source: BinaryIO, write: Callable[[bytes], None]) -> tuple[str, int]:
        """The hash and size of what the source held; every piece was written."""
        hashed, size = hashlib.sha256(), 0
        while piece := source.read(PIECE_BYTES):
            size += len(piece)
            if size > self.most:
                raise BlobLimitError(self.most)
            hashed.update(piece)
            write(piece)
        return hashed.hexdigest(), size

    def incoming(self) -> Incoming:
        """A file for a blob that comes piece by piece."""
        return Incoming(self.folder)

    def take(self, blob: Blob, payload: bytes) -> None:
        """The blob is here. Raises BlobError for other bytes, StoreError."""
        coming = Coming(blob)
        coming.take(payload)
        coming.end()
        incoming = self.incoming()
        try:
            incoming.write(payload)
            incoming.settle(blob.sha256)
        finally:
            incoming.drop()

    def has(self, sha256: str) -> bool:
        """Whether there is a file of the blob; nobody looked at its bytes."""
        return _file_in(self.folder, sha256).is_file()

    def find(self, sha256: str) -> Path | None:
        """The file of a blob, its bytes looked at; one that was damaged is put aside."""
        if not is_id(sha256):
            return None
        path = _file_in(self.folder, sha256)
        try:
            with path.open("rb") as file:
                facts = os.fstat(file.fileno())
                seen = (facts.st_ino, facts.st_size, facts.st_mtime_ns)
                if self._was_good(sha256, seen):
                    return path
                if _hash_of(file) == sha256:
                    self._note_good(sha256, seen)
                    return path
            path.replace(path.with_name(sha256 + DAMAGED))
        except OSError:
            return None
        return None

    def _was_good(self, sha256: str, seen: tuple[int, int, int]) -> bool:
        """Whether the same file was good a while ago.

        Else whoever asks for parts of a large one makes us read all of it each time.
        """
        before = self._good.get(sha256)
        return before is not None and before[0] == seen and time.monotonic() - before[1] < GOOD_S

    def _note_good(self, sha256: str, seen: tuple[int, int, int]) -> None:
        self._good.pop(sha256, None)
        if len(self._good) >= GOOD_MAX:
            self._good.clear()
        self._good[sha256] = (seen, time.monotonic())

    def drop(self, sha256: str) -> None:
        """The blob is not here."""
        if is_id(sha256):
            _file_in(self.folder, sha256).unlink(missing_ok=True)

    def all(self) -> Iterator[str]:
        """The hash of every file that is here."""
        for path in sorted(self.folder.glob("??/*")):
            if is_id(path.name):
                yield path.name

    def sweep(self, known: frozenset[str], *, now: int) -> int:
        """What a process that died left is gone, and after a month what is damaged or unnamed.

        `now` in microseconds; how many files. A month, because notes may come from a backup that is
        older than a file whose only copy this is.
        """
        gone = list(self.folder.glob(f"{PART}*"))
        old = now / SECOND_US - UNNAMED_S
        unnamed = (_file_in(self.folder, one) for one in self.all() if one not in known)
        damaged = self.folder.glob(f"??/*{DAMAGED}")
        gone += [path for path in (*unnamed, *damaged) if path.stat().st_mtime < old]
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)


def _hash_of(file: BufferedReader) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
