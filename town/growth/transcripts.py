"""What sessions printed does not grow for ever: old transcripts go, the oldest first.

A session whose transcript is gone stays in the list, and says that none was kept.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from ledger.private.store import Change
from ledger.workspace.work import Session
from town.beads.acting import Acting
from town.growth.rules import Transcript, too_many
from town.workspace.layout import Workspace
from town.workspace.settings import milliseconds
from town.workspace.settings_file import town_settings

MIB: Final = 1 << 20
AT_ONCE_MAX: Final = 500
WHAT: Final = "transcripts kept"


class Transcripts(Acting):
    """The transcripts of a town, for one caller."""

    def found(self, workspace: Workspace) -> list[Transcript]:
        """Every transcript that is there."""
        folder = workspace.transcripts
        files = [path for path in folder.glob("*") if path.is_file() and not path.is_symlink()]
        if not files:
            return []
        rows = self.look(lambda: self.store.find(Session))
        known = {Path(row.transcript).name: row for row in rows if row.transcript}
        found = []
        for path in files:
            try:
                facts = path.stat()
            except FileNotFoundError:
                continue
            row = known.get(path.name)
            written = facts.st_mtime_ns // 1_000
            ended = max(row.ended_at, written) if row is not None else written
            found.append(Transcript(path=path, size=facts.st_size, row=row, ended_at=ended))
        return found

    def due(self, workspace: Workspace) -> list[Transcript]:
        """Those that go, as the town's settings say. Raises BadFileError, SettingValueError."""
        keep = town_settings(workspace).read().keep
        return too_many(
            self.found(workspace),
            now=self.ports.now(),
            age_us=milliseconds(keep.transcripts_for) * 1_000,
            bytes_max=keep.transcripts_mb * MIB,
        )

    def prune(self, workspace: Workspace) -> list[Transcript]:
        """Those that were to go are gone. Raises BadFileError, SettingValueError, OSError."""
        gone = self.due(workspace)[:AT_ONCE_MAX]
        if gone:
            ids = [one.row.id for one in gone if one.row is not None]
            self.act(WHAT, lambda: (None, self._forgotten(ids)))
        for one in gone:
            one.path.unlink(missing_ok=True)
        return gone

    def _forgotten(self, ids: Sequence[str]) -> Change:
        """The rows say that no transcript is kept; a file that stays then is of nobody's."""
        rows = [row for name in ids if (row := self.store.get(Session, name)) is not None]
        return Change(
            puts=tuple(replace(row, transcript="") for row in rows),
            seen=tuple(map(self.seen, rows)),
        )
