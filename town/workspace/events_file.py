"""`.events.jsonl`: what happened in the town, an object a line, for programs that follow a file.

The database is what counts; this shows it to others. A cursor says how far the file goes, and the
last line says so too, so that a process which died between the two repeats nothing. Nothing that
goes wrong with the file fails a command; `gt doctor` finds it.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from ledger.private.rows import Cursor, Event
from ledger.private.store import EVENTS_MAX, Change, PrivateStore
from town.workspace.older import MIB, Keep, Kept, parts, put_by

SOURCE: Final = "gt"
TAIL_BYTES: Final = 1 << 16
TAIL_GROWS: Final = 16  # a line may be longer than that
AUDIT: Final = frozenset(("bead.updated", "bead.labelled", "bead.commented", "settings.changed"))
MODE: Final = 0o600
BOUND_FROM: Final = MIB  # a smaller file is never too large


def facts_of(event: Event) -> dict[str, Any]:
    """The event as the file has it (the predecessor's fields, and its number)."""
    at = datetime.fromtimestamp(event.at / 1_000_000, UTC)
    return {
        "ts": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "source": SOURCE,
        "type": event.kind,
        "actor": event.actor,
        "payload": {"subject": event.subject, **event.payload},
        "visibility": "audit" if event.kind in AUDIT else "both",
        "seq": event.seq,
    }


def last_seq(store: PrivateStore) -> int:
    """The number of the newest event; 0 for none. It asks a few times, however many there are."""
    low, high = 0, 1
    while store.events(high - 1, at_most=1):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if store.events(middle - 1, at_most=1) else (low, middle)
    return low


class EventsFile:
    """One town's file of events. Every method runs in the database's thread."""

    def __init__(self, path: Path, store: PrivateStore, keep: Keep = Kept) -> None:
        self.path = path
        self.store = store
        self.keep = keep
        # A file in another place is another reader, also where a server has the rows of both.
        place = sha256(os.fsencode(str(path))).hexdigest()[:16]
        self.cursor = f"events.jsonl:{place}"
        self.done = self.cursor_seq()
        self._settled = self.done
        self._left = (0, -1)  # which file, and how long, when we had written it

    def cursor_seq(self) -> int:
        """How far the file goes, as the database knows it."""
        found = self.store.get(Cursor, self.cursor)
        return found.seq if found is not None else 0

    def follow(self) -> bool:
        """Whether every event stands in the file once; False where the file cannot be written."""
        if not self.store.events(self.done, at_most=1):
            return True
        try:
            with _appending(self.path) as file:
                if _place(file) != self._left:  # somebody else wrote there, or it is the first time
                    self.done = max(self.done, _repaired(file) or _put_by_seq(self.path))
                while events := self.store.events(self.done, at_most=EVENTS_MAX):
                    self._append(file, events)
                self._left = _place(file)
                self._bound(file)
        except OSError:
            return False
        return True

    def _append(self, file: int, events: Sequence[Event]) -> None:
        lines = [json.dumps(facts_of(event), ensure_ascii=False) + "\n" for event in events]
        left = "".join(lines).encode("utf-8", "replace")
        while left:
            left = left[os.write(file, left) :]
        self.done = events[-1].seq

    def _bound(self, file: int) -> None:
        """A file that has become too large is put by; the next event begins a new one."""
        size = os.fstat(file).st_size
        if size < BOUND_FROM:
            return
        kept = self.keep()
        if size >= kept.bytes_max:
            put_by(self.path, kept)

    def settle(self) -> None:
        """The database knows how far the file goes."""
        if self.done > self._settled:
            self.store.apply(Change(puts=(Cursor(name=self.cursor, seq=self.done),)))
            self._settled = self.done


@contextmanager
def _appending(path: Path) -> Iterator[int]:
    while True:
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, MODE)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_at(file, path):
                yield file
                return
        finally:
            os.close(file)


def _is_at(file: int, path: Path) -> bool:
    """Whether the file still lies there: somebody may have put it by while we waited for it."""
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))  # noqa: PTH116
    except FileNotFoundError:
        return False


def _place(file: int) -> tuple[int, int]:
    facts = os.fstat(file)
    return facts.st_ino, facts.st_size


def _repaired(file: int) -> int:
    """The number of the file's last event; half a line of a writer that died is gone."""
    seq, half = _end(file)
    if half:
        os.ftruncate(file, os.fstat(file).st_size - half)
    return seq


def _put_by_seq(path: Path) -> int:
    """The number of the last event that stands in an older part of the file; 0 for none."""
    return next((seq for one in parts(path) if (seq := file_seq(one))), 0)


def _end(file: int) -> tuple[int, int]:
    """The number of the file's last event, 0 for none, and how long half a line after it is."""
    size = os.fstat(file).st_size
    window = TAIL_BYTES
    while True:
        start = max(0, size - window)
        whole, newline, half = os.pread(file, size - start, start).rpartition(b"\n")
        lines = whole.split(b"\n")
        if start:
            lines[0] = b""  # the end of one that began before
        seq = next((seq for line in reversed(lines) if (seq := _seq(line))), 0)
        if seq or not start:
            return seq, len(half) if newline or not start else 0
        window *= TAIL_GROWS


def _seq(line: bytes) -> int:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return 0
    seq = found.get("seq") if isinstance(found, dict) else None
    return seq if isinstance(seq, int) and not isinstance(seq, bool) else 0


def file_seq(path: Path) -> int:
    """The number of the last event in the file; 0 for none. Raises OSError."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        return _end(file)[0]
    finally:
        os.close(file)
