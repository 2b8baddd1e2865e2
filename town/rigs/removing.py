"""Taking a rig out of the town: its rows, and where that is asked for its folder.

Neither while somebody works in it. Its files go only when nothing in them would be lost, or when a
person says so of what is named; whoever dies in the midst, the next command ends it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from ledger.beads import rules
from ledger.beads.rows import OPEN, TERMINAL, Bead
from ledger.private.rows import Row
from ledger.private.store import Change, Dropped
from ledger.workspace.rows import Agent, Making, Rig, Taken, Worktree
from ledger.workspace.work import (
    ACTIVE,
    MERGED,
    OPEN_REQUESTS,
    SUPERSEDED,
    WITHDRAWN,
    Assignment,
    MergeRequest,
    Session,
)
from town.rigs.desk import Rigs
from town.rigs.errors import BusyRigError
from town.rigs.unfinished import MARKS, RIG
from town.workspace.layout import RigFolder
from town.workspace.leaving import checkouts, unsaved

REMOVE: Final = "gt rig remove"
GONE: Final = "its rig was removed"
STRANGERS_MAX: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedRig:
    """A rig that the town knows no more; whether its folder is gone, and what was lost with it."""

    rig: Rig
    path: Path
    purged: bool = False
    lost: tuple[str, ...] = ()


class Removing(Rigs):
    """Takes rigs out of the town."""

    def remove(self, name: str, *, force: bool = False, purge: bool = False) -> RemovedRig:
        """The town knows the rig no more; its folder is gone under `purge`. Raises BusyRigError.

        Under `force` work in hand is taken off its hooks, and what the folder alone has is lost
        with it; never while a session runs in it.
        """
        rig = self.rig(name)
        folder = self.workspace.rig(rig.name)
        busy = self.look(lambda: self._busy(rig, force=force))
        lost = tuple(self._lost(rig, folder, purge=purge))
        if busy or (lost and not force):
            raise BusyRigError(rig.name, (*busy, *lost))
        making = self._taken_away(folder) if purge and folder.path.exists() else None
        self.act(REMOVE, lambda: (None, self._removal(rig, making, force=force)))
        self.publish()
        if making is not None:
            self.clear(making)
        lost = lost if purge else ()
        return RemovedRig(rig=rig, path=folder.path, purged=purge, lost=lost)

    # --- what forbids it

    def _busy(self, rig: Rig, *, force: bool) -> list[str]:
        """Who works in the rig, and what waits to be merged. Only within a turn."""
        found = []
        for agent in self.store.find(Agent, rig=rig.name):
            runs = self.store.find(Session, agent=agent.id, ended_at=0)
            if runs or not force:
                what = self.in_hand(replace(agent, hook_bead="", assignment="") if runs else agent)
                found += [f"{agent.id} {what}"] if what else []
        if force:
            return found
        queue = self.store.find(MergeRequest, rig=rig.name, state=OPEN_REQUESTS)
        return [*found, *(f"{one.id} of {one.worker} is not merged yet" for one in queue)]

    def _lost(self, rig: Rig, folder: RigFolder, *, purge: bool) -> Iterator[str]:
        """What lies in the folder and nowhere else; for a purge also what is not the town's."""
        merged = [
            one.sha
            for one in self.look(lambda: self.store.find(MergeRequest, rig=rig.name, state=MERGED))
            if one.sha
        ]
        root = self.workspace.root
        # What lies there is the refinery's, which cleans it before it begins.
        own = f"{folder.refinery.relative_to(root)}:"
        lines = unsaved(folder, root, self.git, merged)
        yield from (line for line in lines if not line.startswith(own))
        for number, path in enumerate(strangers(folder) if purge else ()):
            if number == STRANGERS_MAX:
                yield "and more files that are not the town's"
                return
            yield f"{path.relative_to(root)} is not the town's"

    # --- the step

    def _taken_away(self, folder: RigFolder) -> Making:
        """The row by which the folder is rubbish from now on, whose token it bears."""
        making = Making(
            path=folder.path.name,
            kind=RIG,
            token=self.ports.new_secret().hex(),
            begun_at=self.ports.now(),
        )
        (folder.path / MARKS[0]).write_text(making.token, "utf-8")
        return making

    def _removal(self, rig: Rig, making: Making | None, *, force: bool) -> Change:
        now = self.found(rig.name)
        if busy := self._busy(now, force=force):
            raise BusyRigError(now.name, busy)  # it began since we looked
        kinds: Sequence[Any] = (Agent, Worktree, Taken)
        rows: list[Row] = [now]
        for kind in kinds:
            rows += self.store.find(kind, rig=now.name)
        change = Change(
            puts=(making,) if making is not None else (),
            drops=tuple(Dropped(kind=type(row), key=row.key) for row in rows),
            events=(self.event("rig.removed", now.name, purged=making is not None),),
            seen=tuple(map(self.seen, rows)),
        )
        return sum(self._given_up(now), change)

    def _given_up(self, rig: Rig) -> Iterator[Change]:
        """Work of the rig is nobody's, and waits in no queue any more."""
        at = self.ports.now()
        for work in self.store.find(Assignment, state=ACTIVE):
            bead = self.store.get(Bead, work.bead)
            if work.rig != rig.name:
                continue
            over = replace(work, state=WITHDRAWN, ended_at=at, outcome=GONE)
            yield Change(puts=(over,), seen=(self.seen(work),))
            if bead is not None and bead.status not in TERMINAL:
                opened = rules.moved(bead, OPEN, now=at, assignee="")
                yield Change(puts=(opened,), seen=(self.seen(bead),))
        for one in self.store.find(MergeRequest, rig=rig.name, state=OPEN_REQUESTS):
            gone = replace(one, state=SUPERSEDED, reason=GONE, updated_at=at)
            yield Change(puts=(gone,), seen=(self.seen(one),))


def strangers(folder: RigFolder) -> Iterator[Path]:
    """Files in a rig's folder that neither the town nor an agent's program put there."""
    ours = {folder.repository, folder.settings.parent, folder.path / "witness", *checkouts(folder)}
    waiting = [folder.path] if folder.path.is_dir() else []
    while waiting:
        for path in sorted(waiting.pop().iterdir()):
            if path in ours or path.name.startswith((".", folder.config.name)):
                continue
            if path.is_dir() and not path.is_symlink():
                waiting.append(path)
            else:
                yield path
