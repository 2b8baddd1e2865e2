"""The mark that proves a ledger is the newest this town ever had (records 2.7).

It lies in the machine's state folder, outside the town's home, where a backup of the home does
not carry it: a token rewritten at each start, and how far each own chain had come. A ledger that
does not match was restored, copied or lost its machine: its device key must never sign again.
The mark judges; what follows from its judgement is done elsewhere. A board that was left is not
open: what the machine knows of it stays in the mark, and is asked for when the board is open again.
"""

import contextlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ledger.store import StoreError, StoreFullError
from town.node.blob_files import FULL
from town.node.clock import new_secret
from town.node.lifecycle import write_whole
from town.node.lock import FileLock

SPACE = "node"
KEY = "continuity"
KEYS = "key/"  # how the name of what tells the key begins


class Notes(Protocol):
    """Where the ledger's half of the mark is kept: the store of the town's own ledger."""

    def document(self, space: str, key: str) -> object | None:
        """A local note."""
        ...

    def put(self, space: str, key: str, value: object | None) -> None:
        """The local note is durable."""
        ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether the ledger is provably the newest, and if not, why."""

    newest: bool
    why: str = ""


class Mark:
    """One town's mark on this machine, held by the one process that has its ledger open."""

    def __init__(self, folder: Path, notes: Notes) -> None:
        self.folder = folder / "marks"
        self.notes = notes
        self._lock: FileLock | None = None
        self._written: dict[str, int] = {}
        self._away: dict[str, int] = {}  # of boards that are not open, under the key they were of
        self._keys: frozenset[str] = frozenset()

    def judge(self, heads: Mapping[str, int], *, away: Collection[str] = ()) -> Judgement:
        """Whether the ledger with these own chain heads is the newest; its mark is ours then.

        `heads` maps a chain's name to its last seq; `away` has the boards that are not open, as
        these names begin. A ledger that never had a mark is new.
        """
        note = self.notes.document(SPACE, KEY)
        if not isinstance(note, Mapping):
            return Judgement(newest=True)
        name, token = str(note.get("name", "")), str(note.get("token", ""))
        if not self._take(name):
            return Judgement(newest=False, why="another copy of this town is running")
        kept = self._read(name)
        self._leave_out(kept, away)
        why = self._flaw(kept, token, heads)
        return Judgement(newest=not why, why=why)

    def _leave_out(self, kept: Mapping[str, object] | None, away: Collection[str]) -> None:
        seqs = self._seqs(kept) if kept is not None else {}
        self._away = {name: seq for name, seq in seqs.items() if name.partition("/")[0] in away}
        self._keys = frozenset(name for name in seqs if name.startswith(KEYS))

    def _flaw(self, kept: Mapping[str, object] | None, token: str, heads: Mapping[str, int]) -> str:
        if kept is None:
            return "this machine has no mark of it"
        if token not in (kept.get("token"), kept.get("before")):
            return "it is a copy from before the last start"
        behind = [
            chain
            for chain, seq in self._seqs(kept).items()
            if heads.get(chain, -1) < seq and chain not in self._away
        ]
        return "records signed here are missing from it" if behind else ""

    def renew(self, heads: Mapping[str, int]) -> None:
        """Ledger and machine carry a fresh token: every older copy of the ledger is outdated.

        A process that dies between the two is no restore: until both carry it the machine knows
        the ledger's last one as well. Nothing is signed meanwhile.
        """
        note = self.notes.document(SPACE, KEY)
        name = str(note.get("name", "")) if isinstance(note, Mapping) else ""
        before = str(note.get("token", "")) if isinstance(note, Mapping) and name else ""
        if not name or self._lock is None:
            self.release()
            name = new_secret().hex()
            self._take(name)
        token = new_secret().hex()
        self._write(name, token, heads, before=before)
        self.notes.put(SPACE, KEY, {"name": name, "token": token})
        if before:
            self._write(name, token, heads)

    def advance(self, heads: Mapping[str, int]) -> None:
        """The machine knows how far the own chains have come; called after they were durable."""
        if self._written == heads:  # a new key has fewer chains than the one before
            return
        note = self.notes.document(SPACE, KEY)
        if isinstance(note, Mapping):
            self._write(str(note["name"]), str(note["token"]), heads)

    def release(self) -> None:
        """Another process may open the ledger."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _take(self, name: str) -> bool:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(self.folder / f"{name}.lock")
        if not lock.acquire(wait_s=0):
            return False
        self._lock = lock
        return True

    def _read(self, name: str) -> dict[str, object] | None:
        with contextlib.suppress(OSError, ValueError):
            kept = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
            if isinstance(kept, dict):
                return kept
        return None

    def _seqs(self, kept: Mapping[str, object]) -> dict[str, int]:
        seqs = kept.get("heads")
        if not isinstance(seqs, Mapping):
            return {}
        return {str(chain): seq for chain, seq in seqs.items() if isinstance(seq, int)}

    def _write(self, name: str, token: str, heads: Mapping[str, int], *, before: str = "") -> None:
        """The mark is durable: a power cut that emptied it would end the key. Raises."""
        away = self._away if self._keys <= heads.keys() else {}  # another key has other chains
        whole = {**away, **heads}
        kept = {"token": token, "heads": whole, **({"before": before} if before else {})}
        try:
            write_whole(self.folder / f"{name}.json", kept, durable=True)
        except OSError as error:
            why = f"the mark of this town in {self.folder}: {error.strerror or error}"
            raise (StoreFullError(why) if error.errno in FULL else StoreError(why)) from error
        self._written = dict(heads)
