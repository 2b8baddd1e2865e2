"""Rows of what is over do not grow for ever: events, sessions and gate runs of long ago go.

The newest event stays, because its number goes on. Whoever was away for longer than events are kept
sees by the next number that some are gone, and looks at everything instead. One step is short,
however much there is: the next one goes on.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from ledger.beads.rows import LIVE, Bead
from ledger.private.rows import Event, Row
from ledger.private.store import Change, Dropped
from ledger.workspace.work import (
    ACTIVE,
    OPEN_REQUESTS,
    Assignment,
    GateRun,
    MergeRequest,
    Session,
)
from stamps.clock import SECOND_US
from town.beads.acting import Acting
from town.growth.rules import Named, long_ago, run_goes, session_goes
from town.leases.right import Right, Rights
from town.workspace.layout import Workspace
from town.workspace.settings import Keeping, milliseconds
from town.workspace.settings_file import town_settings

AT_ONCE_MAX: Final = 500
STEPS_MAX: Final = 100
LOOKED: Final = Right(name="old rows", lasts_us=3_600 * SECOND_US)


class OldRows(Acting):
    """The rows of what is over, for one caller."""

    # --- each as the town's settings say. Raises BadFileError, SettingValueError.

    def cycle(self, workspace: Workspace) -> int:
        """How many are gone by one step of each; where none was due, nobody looks for an hour."""
        rights = Rights(self.store, self.ports)
        if self.look(lambda: rights.holder(LOOKED)) is not None:
            return 0
        gone = self.step(workspace)
        if not gone:
            rights.turn(LOOKED, now=self.ports.now(), what=LOOKED.name)
        return gone

    def prune(self, workspace: Workspace) -> int:
        """How many are gone, of all that were due, step by step."""
        steps = (self.step(workspace) for _ in range(STEPS_MAX))
        return sum(takewhile(bool, steps))

    def step(self, workspace: Workspace) -> int:
        """How many are gone by one step of each."""
        prunes = (self.prune_events, self.prune_sessions, self.prune_runs)
        return sum(prune(workspace) for prune in prunes)

    def due(self, workspace: Workspace) -> dict[str, int]:
        """How many of each would go now, no more than one step takes."""
        keep = _kept(workspace)
        found = {
            "events": self.look(lambda: len(self._events(keep))),
            "sessions": len(self._sessions(keep)),
            "gate runs": self.look(lambda: len(self._runs(keep))),
        }
        return {name: count for name, count in found.items() if count}

    def prune_events(self, workspace: Workspace) -> int:
        """How many events of long ago are gone."""
        keep = _kept(workspace)
        return self._gone("events kept", lambda: self._events(keep))

    def prune_sessions(self, workspace: Workspace) -> int:
        """How many rows of sessions are gone, which ended long ago and have no transcript."""
        keep = _kept(workspace)
        ids = tuple(row.id for row in self._sessions(keep))
        return self._gone("sessions kept", lambda: self._over(keep, id=ids)) if ids else 0

    def prune_runs(self, workspace: Workspace) -> int:
        """How many findings of gates are gone, of trees that nobody asks for any more."""
        keep = _kept(workspace)
        return self._gone("gate runs kept", lambda: self._runs(keep))

    def _gone(self, what: str, find: Callable[[], Sequence[Row]]) -> int:
        def work() -> tuple[int, Change]:
            rows = find()
            drops = tuple(Dropped(kind=type(row), key=row.key) for row in rows)
            return len(rows), Change(drops=drops)

        return self.act(what, work)

    # --- which; each but sessions in a turn

    def _before(self, duration: str) -> int:
        return self.ports.now() - milliseconds(duration) * 1_000

    def _events(self, keep: Keeping) -> Sequence[Event]:
        oldest = self.store.events(0, at_most=AT_ONCE_MAX + 1)
        return long_ago(oldest, before=self._before(keep.events_for))

    def _sessions(self, keep: Keeping) -> list[Session]:
        """Not in a turn: whether what it printed is kept is asked of the disk."""
        rows = (row for row in self.look(lambda: self._over(keep)) if not _is_kept(row))
        return sorted(rows, key=lambda row: (row.ended_at, row.id))[:AT_ONCE_MAX]

    def _over(self, keep: Keeping, **where: Any) -> list[Session]:
        """Those of these rows that nothing names, whether or not they have a transcript."""
        before, named = self._before(keep.sessions_for), self._named(())
        found = self.store.find(Session, **where)
        return [row for row in found if session_goes(row, before=before, named=named)]

    def _runs(self, keep: Keeping) -> list[GateRun]:
        before = self._before(keep.gate_runs_for)
        old = [run for run in self.store.find(GateRun) if run.at < before]
        if not old:
            return []
        named = self._named(one for run in old for one in run.requests)
        gone = [run for run in old if run_goes(run, before=before, named=named)]
        return sorted(gone, key=lambda run: (run.at, run.id))[:AT_ONCE_MAX]

    def _named(self, requests: Iterable[str]) -> Named:
        """What is not over, with these requests. Only within a turn."""
        ids = tuple(dict.fromkeys(requests))
        parts = (ids[at : at + AT_ONCE_MAX] for at in range(0, len(ids), AT_ONCE_MAX))
        about = [one for part in parts for one in self.store.find(MergeRequest, id=part)]
        waiting = self.store.find(MergeRequest, state=OPEN_REQUESTS)
        works = self.store.find(Assignment, state=ACTIVE)
        return Named(
            beads=frozenset(bead.id for bead in self.store.find(Bead, status=LIVE)),
            works=frozenset([*(one.id for one in works), *(one.assignment for one in waiting)]),
            requests={one.id: one for one in about},
        )


def _kept(workspace: Workspace) -> Keeping:
    return town_settings(workspace).read().keep


def _is_kept(row: Session) -> bool:
    """Whether what the session printed is there, so that it can be asked."""
    return bool(row.transcript) and Path(row.transcript).is_file()
