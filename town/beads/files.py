"""The interchange file on disk: read within limits, written whole or not at all.

It knows nothing of what stands in it. A file that another program changed meanwhile is seen.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from ledger.beads.errors import BeadError
from ledger.beads.merging import FILE_BYTES_MAX, TooLargeError

FILE_MODE: Final = 0o644


class UnreadableError(BeadError):
    """The file cannot be read or written."""

    code: ClassVar[str] = "bead.file"
    hint: ClassVar[str] = "Look at the path and its permissions."
    exit: ClassVar[int] = 3

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = str(path)


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it was read; `mark` is another one when somebody has written it since."""

    payload: bytes
    mark: tuple[int, ...]


def mark_of(path: Path) -> tuple[int, ...]:
    """What tells the file from the same one written again; empty for none."""
    try:
        facts = path.stat()
    except OSError:
        return ()
    return (facts.st_ino, facts.st_size, facts.st_mtime_ns)


def read(path: Path) -> Found:
    """The file's bytes. Raises UnreadableError, TooLargeError."""
    mark = mark_of(path)
    if mark and mark[1] > FILE_BYTES_MAX:
        raise TooLargeError(f"{path} has more than {FILE_BYTES_MAX} bytes")
    try:
        return Found(path.read_bytes(), mark)
    except OSError as error:
        raise UnreadableError(path, error.strerror or str(error)) from error


def read_if_there(path: Path) -> Found:
    """The same; no bytes where there is no file."""
    return read(path) if path.exists() else Found(b"", ())


def write(path: Path, payload: bytes, *, folder: bool = False) -> None:
    """The file has these bytes, or is as it was; its folder is made where that is asked. Raises."""
    real = path.resolve()  # a link stays one
    fresh = real.with_name(f".{real.name}.{os.getpid()}.new")
    try:
        if folder:
            real.parent.mkdir(exist_ok=True)
        with fresh.open("wb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        fresh.chmod(real.stat().st_mode & 0o777 if real.exists() else FILE_MODE)
        os.replace(fresh, real)  # noqa: PTH105  # atomic, and says so
    except OSError as error:
        raise UnreadableError(path, error.strerror or str(error)) from error
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
