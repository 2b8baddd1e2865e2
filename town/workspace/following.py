"""The file of events as it grows, for whoever wants to see each event when it is there."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from town.workspace.events_file import file_seq
from town.workspace.older import parts


def following(path: Path, after: int) -> Iterator[list[dict[str, Any]]]:
    """At each step the events that have come to the file, behind the number `after`.

    A file that was put by or aside is read to its end, and the one that was begun anew from its
    beginning; nothing is said twice.
    """
    follower = _Follower(path, after)
    try:
        while True:
            yield follower.step()
    finally:
        follower.close()


class _Follower:
    """One who reads the file, and where they are in it."""

    def __init__(self, path: Path, after: int) -> None:
        self.path = path
        self.seen = after
        self._file: BinaryIO | None = None
        self._half = b""

    def step(self) -> list[dict[str, Any]]:
        """The events that came since."""
        found: list[dict[str, Any]] = []
        with suppress(OSError):  # it is not there, or cannot be read: the next step looks again
            found += self._rest()
            if self._is_other():
                found += self._rest()  # what came before it was put by
                self.close()
                for one in reversed(list(parts(self.path))):
                    found += self._part(one)
                self._file = self.path.open("rb")
                found += self._rest()
        return found

    def _is_other(self) -> bool:
        """Whether another file lies there than the one that is open."""
        if self._file is None:
            return True
        there = os.stat(self.path)  # noqa: PTH116
        return not os.path.samestat(os.fstat(self._file.fileno()), there)

    def _rest(self) -> list[dict[str, Any]]:
        """What the open file has more than before."""
        if self._file is None:
            return []
        if os.fstat(self._file.fileno()).st_size < self._file.tell():
            self._file.seek(0)
            self._half = b""
        *whole, self._half = (self._half + self._file.read()).split(b"\n")
        return self._new(whole)

    def _part(self, path: Path) -> list[dict[str, Any]]:
        """What an older part has that nobody saw here: it came and was put by between two steps."""
        return self._new(path.read_bytes().split(b"\n")) if file_seq(path) > self.seen else []

    def _new(self, lines: list[bytes]) -> list[dict[str, Any]]:
        found = []
        for line in lines:
            event = _event(line)
            seq = event.get("seq") if event else None
            if isinstance(seq, int) and seq > self.seen:
                self.seen = seq
                found.append(event)
        return found

    def close(self) -> None:
        """Nothing is open."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._half = b""


def _event(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("payload"), dict) else {}
