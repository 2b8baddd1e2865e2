"""The older parts of a file that only grows: `NAME.1` is the newest of them.

Whoever puts a file by holds its lock. Each step is a rename, so that whoever dies in the midst
loses nothing but the oldest part.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOOKED_AT_MAX: Final = 1_000
MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How large a file may become, and how many older parts of it are kept."""

    bytes_max: int = 32 * MIB
    parts_max: int = 3


Keep = Callable[[], Kept]  # asked only when a file is large, as it may read a file itself


def part(path: Path, number: int) -> Path:
    """An older part of the file; 1 is the newest."""
    return path.with_name(f"{path.name}.{number}")


def parts(path: Path) -> Iterator[Path]:
    """The older parts that are there, the newest first; also where one is missing in between."""
    missing = 0
    for number in range(1, LOOKED_AT_MAX):
        one = part(path, number)
        if one.is_file():
            missing = 0
            yield one
        elif (missing := missing + 1) > 1:
            return  # whoever died while putting one by left at most one gap


def put_by(path: Path, kept: Kept) -> None:
    """The file is its own newest older part, and of those no more than may be."""
    there = list(parts(path))
    for one in there[max(kept.parts_max - 1, 0) :]:
        one.unlink(missing_ok=True)
    for number in range(min(len(there), kept.parts_max - 1), 0, -1):
        there[number - 1].rename(part(path, number + 1))
    if kept.parts_max > 0:
        path.rename(part(path, 1))
    else:
        path.unlink(missing_ok=True)
