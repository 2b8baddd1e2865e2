"""Taking away the worktrees of a convoy that its owner landed, but for what lies nowhere else.

What is not committed, or lies on no ref that stays, keeps its worktree; so does a worker that has
work again.
"""

from collections.abc import Sequence
from typing import Final

from ledger.private.store import Change, Dropped
from ledger.workspace.rows import Agent, Worktree
from town.beads.acting import Acting
from town.workspace.git import Git, GitError
from town.workspace.layout import Workspace

WORKTREE: Final = "worktree"


class Trees(Acting):
    """The worktrees of workers, for one caller."""

    def tidy(
        self, paths: Sequence[str], workspace: Workspace, git: Git
    ) -> tuple[list[str], list[str]]:
        """The worktrees that are gone, and those that were kept."""
        gone: list[str] = []
        for path in paths:
            if self.look(lambda p=path: self._free(p)) and self._removed(path, workspace, git):  # type: ignore[misc]
                self.act("gt convoy land", lambda p=path: (None, self._forgotten(p)))  # type: ignore[misc]
                gone.append(path)
        return gone, [path for path in paths if path not in gone]

    def _free(self, path: str) -> bool:
        """Whether the worktree is of a worker that has nothing on its hook."""
        agent = self.store.get(Agent, worker_of(path))
        return agent is not None and not agent.hook_bead

    @staticmethod
    def _removed(path: str, workspace: Workspace, git: Git) -> bool:
        place = workspace.root / path
        if not place.exists():
            return True
        repository = workspace.rig(path.split("/", 1)[0]).repository
        try:
            if not git.standing(place).safe:
                return False
            git.run(WORKTREE, "remove", str(place), at=repository)
        except GitError:
            return False
        return True

    def _forgotten(self, path: str) -> Change:
        told = self.event("worktree.removed", path, agent=worker_of(path))
        drop = Dropped(kind=Worktree, key=(path,))
        return Change(drops=(drop,), events=(told,))


def worker_of(path: str) -> str:
    """The worker whose worktree lies there: `<rig>/polecats/<name>/<rig>`."""
    return "/".join(path.split("/")[:3])
