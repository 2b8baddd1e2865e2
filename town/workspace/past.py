"""What happened does not grow for ever either: events of long ago go, the oldest first.

The newest one stays, because its number goes on. Whoever was away for longer than events are kept
sees by the next number that some are gone, and looks at everything instead.
"""

from collections.abc import Sequence
from typing import Final

from ledger.private.rows import Event
from ledger.private.store import Change, Dropped
from town.beads.acting import Acting
from town.workspace.layout import Workspace
from town.workspace.settings import milliseconds
from town.workspace.settings_file import town_settings

AT_ONCE_MAX: Final = 500
WHAT: Final = "events kept"


def long_ago(oldest: Sequence[Event], *, before: int) -> Sequence[Event]:
    """Those of the oldest events that go: from before this moment, and never the last. Pure.

    A clock that was set back for a while hides nothing: the first that is younger ends them.
    """
    gone = 0
    while gone < len(oldest) - 1 and oldest[gone].at < before:
        gone += 1
    return oldest[:gone]


class Past(Acting):
    """The events of a town, for one caller."""

    def prune(self, workspace: Workspace) -> int:
        """How many events of long ago are gone. Raises BadFileError, SettingValueError."""
        keep = milliseconds(town_settings(workspace).read().keep.events_for) * 1_000

        def work() -> tuple[int, Change]:
            oldest = self.store.events(0, at_most=AT_ONCE_MAX + 1)
            gone = long_ago(oldest, before=self.ports.now() - keep)
            return len(gone), Change(drops=tuple(Dropped(kind=Event, key=e.key) for e in gone))

        return self.act(WHAT, work)
