"""Taking away the worktrees of a convoy that its owner landed, but for what lies nowhere else.

What is not committed, or lies on no ref that stays, keeps its worktree; so does a worker that has
work again.
"""

from collections.abc import Sequence
from typing import Final

from ledger.private.store import Change, Dropped
from ledger.workspace.rows import POLECAT, Agent, Worktree
from ledger.workspace.work import MERGED, MergeRequest
from town.beads.acting import Acting
from town.workspace.git import Git, GitError
from town.workspace.layout import Workspace
from town.workspace.leaving import standing_of

WORKTREE: Final = "worktree"


class Trees(Acting):
    """The worktrees of workers, for one caller."""

    def tidy(
        self, paths: Sequence[str], workspace: Workspace, git: Git
    ) -> tuple[list[str], list[str]]:
        """The worktrees that are gone, and those that were kept."""
        gone: list[str] = []
        merged = self.look(self._merged)
        for path in paths:
            free = self.look(lambda p=path: self._free(p))  # type: ignore[misc]
            if free and _removed(path, workspace, git, merged):
                self.act("gt convoy land", lambda p=path: (None, self._forgotten(p)))  # type: ignore[misc]
                gone.append(path)
        return gone, [path for path in paths if path not in gone]

    def of_workers(self, workspace: Workspace) -> list[str]:
        """The worktrees of workers that are there, in order."""
        workers = self.look(lambda: list(self.store.find(Agent, role=POLECAT)))
        paths = [f"{one.rig}/polecats/{one.name}/{one.rig}" for one in workers]
        return sorted(path for path in paths if (workspace.root / path).exists())

    def _free(self, path: str) -> bool:
        """Whether the worktree is of a worker that has nothing on its hook."""
        agent = self.store.get(Agent, worker_of(path))
        return agent is not None and not agent.hook_bead

    def _merged(self) -> list[str]:
        """What was merged as one commit: its own commits lie on no remote, and are not lost."""
        found = self.store.find(MergeRequest, state=MERGED)
        return list(dict.fromkeys(one.sha for one in found if one.sha))

    def _forgotten(self, path: str) -> Change:
        told = self.event("worktree.removed", path, agent=worker_of(path))
        drop = Dropped(kind=Worktree, key=(path,))
        return Change(drops=(drop,), events=(told,))


def _removed(path: str, workspace: Workspace, git: Git, merged: Sequence[str]) -> bool:
    place = workspace.root / path
    if not place.exists():
        return True
    repository = workspace.rig(path.split("/", 1)[0]).repository
    try:
        if not standing_of(place, git, merged).safe:
            return False
        git.run(WORKTREE, "remove", str(place), at=repository)
    except GitError:
        return False
    return True


def worker_of(path: str) -> str:
    """The worker whose worktree lies there: `<rig>/polecats/<name>/<rig>`."""
    return "/".join(path.split("/")[:3])
