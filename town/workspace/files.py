"""Files of the workspace that people and programs read: JSON in full lines, written whole.

What a person made of a file stays: its mode, that it is a link, and fields we do not know.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Final

from stamps.errors import WastelandError

_turns: Final = count()


class BadFileError(WastelandError):
    """A file of the workspace cannot be read as what it is."""

    code: ClassVar[str] = "workspace.file"
    hint: ClassVar[str] = "Mend the file, or let gt doctor --fix put it aside and write a new one."
    exit: ClassVar[int] = 2
    try_: ClassVar[tuple[tuple[str, ...], ...]] = (("gt", "doctor", "--fix"),)

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = str(path)


def write_text(path: Path, text: str) -> None:
    """The file has this text, or what it had before: never half of it."""
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{os.getpid()}.{next(_turns)}")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, fresh)
        os.replace(fresh, target)  # noqa: PTH105
    finally:
        fresh.unlink(missing_ok=True)


def left_behind(path: Path) -> bool:
    """Whether the file was being written by a process that is no more."""
    parts = path.name.split(".")
    pid = parts[-2] if len(parts) > 3 and parts[0] == "" and parts[-1].isdigit() else ""  # noqa: PLR2004
    if not pid.isdigit() or not path.is_file():
        return False
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """The file has this object, a field a line."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """The object in the file; empty where there is no file. Raises BadFileError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise BadFileError(path, str(error)) from error
    if not isinstance(found, dict):
        raise BadFileError(path, "is no object")
    return found


def put_aside(path: Path) -> Path:
    """Where the file lies now, beside its old place and under a name that was free."""
    names = (path.with_name(f"{path.name}.aside-{number}") for number in count(1))
    aside = next(name for name in names if not name.exists())
    path.rename(aside)
    return aside


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """Nobody else of ours changes files of this file's folder until the block ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
