"""Adapters that are a value: for tests of what uses a point, and as the shortest examples."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

from ledger.beads.errors import NoBeadError
from ledger.beads.rows import Bead
from town.extensions.points import RowFacts, Values
from town.market.errors import NotFoundError

OPEN = "open"


class MemorySessions:
    """Sessions that are names."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def list_sessions(self) -> Sequence[str]:
        """The names, each once."""
        return self.names


class MemoryIssues:
    """Beads in memory; a reader and a shower of issues."""

    def __init__(self, *beads: Bead) -> None:
        self.beads = {bead.id: bead for bead in beads}

    def show(self, identifier: str) -> Bead:
        """The bead. Raises NoBeadError."""
        if identifier not in self.beads:
            raise NoBeadError(identifier)
        return self.beads[identifier]


class MemoryBranches:
    """Branches that are names."""

    def __init__(self, *here: str, remote: Sequence[str] = ()) -> None:
        self.here = here
        self.remote = remote

    def branch_exists(self, name: str) -> bool:
        """Whether the repository here has it."""
        return name in self.here

    def remote_branch_exists(self, name: str) -> bool:
        """Whether the repository that it came from has it."""
        return name in self.remote


class MemoryConfig:
    """Settings in memory, of as many towns as there are."""

    def __init__(self, defaults: Values) -> None:
        self.defaults = dict(defaults)
        self.towns: dict[Path, dict[str, str | int | bool]] = {}

    def load(self, town: Path) -> Values:
        """Every setting by name."""
        return {**self.defaults, **self.towns.get(town, {})}

    def save(self, town: Path, values: Values) -> None:
        """The town has these settings; the others stay."""
        unknown = sorted(set(values) - set(self.defaults))
        if unknown:
            raise NotFoundError("setting", unknown[0])
        self.towns.setdefault(town, {}).update(values)


class MemoryCommons:
    """A board in memory, for one handle."""

    def __init__(self, handle: str) -> None:
        self.handle = handle
        self.there = False
        self.wanted: dict[str, dict[str, Any]] = {}
        self.completions: dict[str, dict[str, Any]] = {}
        self.stamps: list[dict[str, Any]] = []
        self.badges: list[dict[str, Any]] = []
        self._numbers = count(1)

    def ensure_db(self) -> None:
        """The board is there."""
        self.there = True

    def database_exists(self) -> bool:
        """Whether the board is there."""
        return self.there

    def insert_wanted(self, item: RowFacts) -> str:
        """The id of what is wanted from now on."""
        identifier = f"w-{next(self._numbers)}"
        row = {**item, "id": identifier, "status": OPEN, "claimed_by": None}
        self.wanted[identifier] = row
        return identifier

    def _item(self, identifier: str, handle: str) -> dict[str, Any]:
        if identifier not in self.wanted:
            raise NotFoundError("item", identifier)
        if handle != self.handle:
            raise NotFoundError("key of a town", handle)
        return self.wanted[identifier]

    def claim_wanted(self, identifier: str, handle: str) -> None:
        """The item is that handle's."""
        self._item(identifier, handle).update(status="claimed", claimed_by=handle)

    def submit_completion(
        self, completion: str, identifier: str, handle: str, evidence: str
    ) -> str:
        """The id of what was handed in."""
        self._item(identifier, handle).update(status="in_review")
        self.completions[completion] = {"wanted_id": identifier, "evidence": evidence}
        return completion

    def query_wanted(self, identifier: str) -> RowFacts | None:
        """The item's row: id, title, status, claimed_by; None for none."""
        row = self.wanted.get(identifier)
        names = ("id", "title", "status", "claimed_by")
        return {name: row[name] for name in names} if row is not None else None

    def query_wanted_full(self, identifier: str) -> RowFacts | None:
        """The item's row with every column."""
        return self.wanted.get(identifier)

    def insert_stamp(self, stamp: RowFacts) -> str:
        """The id of a stamp."""
        identifier = f"s-{next(self._numbers)}"
        self.stamps.append({**stamp, "id": identifier, "author": self.handle})
        return identifier

    def query_last_stamp_for_subject(self, subject: str) -> RowFacts | None:
        """The newest stamp that a handle was given."""
        return next(iter(self.query_stamps_for_subject(subject)), None)

    def query_stamps_for_subject(self, subject: str) -> Sequence[RowFacts]:
        """The stamps that a handle was given, the newest first."""
        return [one for one in reversed(self.stamps) if one["subject"] == subject]

    def query_badges(self, handle: str) -> Sequence[RowFacts]:
        """The badges of a handle."""
        return [one for one in self.badges if one["rig_handle"] == handle]

    def query_all_subjects(self) -> Sequence[str]:
        """Every handle with a stamp, in order."""
        return sorted({str(one["subject"]) for one in self.stamps})

    def upsert_leaderboard(self, row: RowFacts) -> RowFacts:
        """The row of a handle in the leaderboard, counted anew."""
        mine = self.query_stamps_for_subject(str(row["handle"]))
        return {"handle": row["handle"], "completed": 0, "stamps": len(mine)}
