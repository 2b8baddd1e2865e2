"""The interchange file in the working tree: what is newer there comes in, then it is written whole.

So the file and the database never lose what the other one has. Unchanged beads give unchanged
lines, and an unchanged file is not written. A file that cannot be read is left as it is.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.beads.errors import BeadError
from ledger.beads.merging import read_file
from ledger.private.rows import Cursor
from ledger.private.store import Change, missed
from stamps.clock import SECOND_US
from town.beads import files
from town.beads.exchange import Exchange, Exported, Imported, Wanted

FILE_NAME: Final = "issues.jsonl"
AUTO: Final = "export.auto"
AUTO_AGE_US: Final = 60 * SECOND_US
TRIES: Final = 3
CHATTER: Final = ("nudge.", "mail.", "session.", "notify.")  # no bead is another one by these
YES: Final = ("true", "yes", "on", "1")


class BusyFileError(BeadError):
    """Somebody else writes the file all the time."""

    code = "bead.file_busy"
    hint = "Another program writes the file; repeat the command when it is done."
    exit = 1

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} changed each time while it was being written")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the file lies, and whose beads belong into it: those of the caller's rig, or all."""

    path: Path
    rig: bool = False
    town: bool = False  # a town keeps its beads to itself unless it is told otherwise


@dataclass(frozen=True, slots=True)
class Synced:
    """What came in, what goes out, and whether the file had to be written."""

    imported: Imported
    exported: Exported
    given: tuple[str, ...]  # beads that the file had not, or an older one of
    written: bool


class Syncing(Exchange):
    """Keeps a file and the database the same."""

    def sync(self, place: Place, *, dry_run: bool = False) -> Synced:
        """Both have the same beads. Raises BeadError; then both are as they were."""
        return self.look(lambda: self._synced(place, dry_run=dry_run))

    def _synced(self, place: Place, *, dry_run: bool) -> Synced:
        for _ in range(TRIES):
            found = files.read_if_there(place.path)
            said = read_file(found.payload)
            named = frozenset(said.beads)
            prefix = self.prefix() if place.rig else ""
            told = self.import_file(said, place.path.name, dry_run=dry_run)
            last, _ = self._news(place)  # what happens from here on may not be in the file
            wanted = Wanted(
                deleted=True, memories=bool(said.memories), always=named,
                prefix=prefix, others=self.prefixes(),
            )  # fmt: skip
            exported = self.exported(wanted)
            given = tuple(sorted({*told.older, *exported.beads} - (named - set(told.older))))
            fresh = exported.payload != found.payload
            synced = Synced(told, exported, given, fresh)
            if dry_run:
                return synced
            self.check_writes("bd sync")
            if files.mark_of(place.path) != found.mark:
                continue  # somebody was faster: look again
            if fresh:
                files.write(place.path, exported.payload, folder=True)
            self.store.apply(Change(puts=(Cursor(name=_cursor(place), seq=last),)))
            return synced
        raise BusyFileError(place.path)

    def sync_if_due(self, place: Place) -> Synced | None:
        """The same after a write, where the project wants it and a minute has passed."""
        return self.look(lambda: self._synced(place, dry_run=False) if self._due(place) else None)

    def _due(self, place: Place) -> bool:
        asked = self.setting(AUTO).lower()
        written = files.mark_of(place.path)
        if asked not in YES and (asked or place.town or not written):
            return False
        if written and self.ports.now() - written[2] // 1_000 < AUTO_AGE_US:
            return False
        return self._news(place)[1]

    def _news(self, place: Place) -> tuple[int, bool]:
        """The number of the last event, and whether a bead changed since the file was written."""
        cursor = self.store.get(Cursor, _cursor(place))
        last, fresh = cursor.seq if cursor is not None else 0, False
        while events := self.store.events(last):
            fresh = fresh or missed(events, after=last)
            last = events[-1].seq
            fresh = fresh or any(not event.kind.startswith(CHATTER) for event in events)
        return last, fresh


def _cursor(place: Place) -> str:
    return f"{FILE_NAME} {hashlib.sha256(str(place.path).encode()).hexdigest()[:16]}"
