"""Checkpoints: how far somebody is with the work on their hook, written down before anything ends.

One for each agent, of the work that it has now; the next session of that work is told it. It saves
no file and commits nothing: what is in the worktree stays there.
"""

from pathlib import Path
from typing import Final

from ledger.private.store import Change, Dropped, PrivateStore
from ledger.workspace.work import HELD, Assignment, Checkpoint
from town.beads.acting import Acting
from town.beads.ports import BeadPorts
from town.hooks.errors import NoWorkError
from town.workspace.git import Git
from town.workspace.layout import Workspace

FILES_MAX: Final = 50
NOTES_CHARS_MAX: Final = 20_000


class Checkpoints(Acting):
    """The checkpoints of a town's agents, for one caller."""

    def __init__(
        self, store: PrivateStore, ports: BeadPorts, workspace: Workspace, git: Git
    ) -> None:
        super().__init__(store, ports)
        self.workspace = workspace
        self.git = git

    def write(self, agent: str, *, step: str, notes: str, here: Path) -> Checkpoint:
        """How far the work is, as its worktree shows it now. Raises NoWorkError, GitError."""
        held = self.look(lambda: self._held(agent))
        place = self.workspace.root / held.worktree if held.worktree else here
        seen = self.git.standing(place)
        changed = tuple(line[3:] for line in seen.changed[:FILES_MAX])

        def work() -> tuple[Checkpoint, Change]:
            held = self._held(agent)
            old = self.store.get(Checkpoint, agent)
            saved = Checkpoint(
                agent=agent, assignment=held.id, bead=held.bead, branch=seen.branch,
                last_commit=seen.head, changed=changed, step=step,
                notes=notes[:NOTES_CHARS_MAX], session=self.ports.caller.session,
                at=self.ports.now(),
            )  # fmt: skip
            rests = self.seen(old) if old is not None else self.missing(Checkpoint, agent)
            told = self.event("checkpoint", held.bead, assignment=held.id, files=len(changed))
            return saved, Change(puts=(saved,), events=(told,), seen=(self.seen(held), rests))

        return self.act("gt checkpoint write", work)

    def _held(self, agent: str) -> Assignment:
        found = self.store.find(Assignment, agent=agent, state=HELD)
        if not found:
            raise NoWorkError(agent)
        return found[0]

    def read(self, agent: str) -> Checkpoint | None:
        """The last one; None for none."""
        return self.look(lambda: self.store.get(Checkpoint, agent))

    def clear(self, agent: str) -> bool:
        """Whether there was one; there is none any more."""

        def work() -> tuple[bool, Change]:
            old = self.store.get(Checkpoint, agent)
            if old is None:
                return False, Change()
            drop = Dropped(kind=Checkpoint, key=(agent,))
            return True, Change(drops=(drop,), seen=(self.seen(old),))

        return self.act("gt checkpoint clear", work)
