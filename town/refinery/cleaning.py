"""After a merge: branches that are merged go, and whoever has a clone sees what is new.

Best effort: nothing here can undo a merge. A branch goes only where it still ends at the commit
that was merged, so what somebody added to it stays.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ledger.private.store import Change, Dropped, PrivateStore
from ledger.workspace.rows import Rig
from ledger.workspace.work import SpentBranch
from town.beads.acting import Acting
from town.beads.ports import BeadPorts
from town.refinery.scratch import ORIGIN
from town.workspace.git import Git, GitError
from town.workspace.layout import RigFolder, Workspace

LIMIT_S: Final = 120.0


class Cleaning(Acting):
    """Puts a rig in order behind merges."""

    def __init__(
        self, store: PrivateStore, ports: BeadPorts, workspace: Workspace, git: Git
    ) -> None:
        super().__init__(store, ports)
        self.workspace = workspace
        self.git = git

    def spent(self, rig: str) -> Sequence[SpentBranch]:
        """The branches of a rig that are merged and may still be there."""
        return self.look(lambda: self.store.find(SpentBranch, rig=rig))

    def clean(self, rig: Rig, *, delete: bool) -> None:
        """Merged branches are gone where the settings say so, clones are up to date."""
        spent = self.spent(rig.name)
        if not spent:
            return
        folder = self.workspace.rig(rig.name)
        targets = {one.target for one in spent}
        for one in spent if delete else ():
            if one.branch not in (rig.default_branch, *targets):
                self._delete(folder, one)
        self._refresh(folder, rig, targets)
        drops = tuple(Dropped(kind=SpentBranch, key=one.key) for one in spent)
        seen = tuple(self.seen(one) for one in spent)
        self.act("refinery", lambda: (None, Change(drops=drops, seen=seen)))

    def _delete(self, folder: RigFolder, spent: SpentBranch) -> None:
        repository, name = folder.repository, f"refs/heads/{spent.branch}"
        if self._ends_at(repository, f"refs/remotes/{ORIGIN}/{spent.branch}", spent.sha):
            lease = f"--force-with-lease={name}:{spent.sha}"
            self.git.tells("push", "-q", "--no-verify", lease, ORIGIN, f":{name}", at=repository)
        if self._ends_at(repository, name, spent.sha) and not self._used(repository, name):
            self.git.tells("update-ref", "-d", name, spent.sha, at=repository)

    def _ends_at(self, repository: Path, name: str, sha: str) -> bool:
        try:
            return self.git.run("rev-parse", "-q", "--verify", name, at=repository).strip() == sha
        except GitError:
            return False

    def _used(self, repository: Path, name: str) -> bool:
        """Whether a worktree is on the branch."""
        listed = self.git.run("worktree", "list", "--porcelain", at=repository)
        return f"branch {name}" in listed.split("\n")

    def _refresh(self, folder: RigFolder, rig: Rig, targets: set[str]) -> None:
        """Clones without work of their own have what was merged."""
        clones = sorted(folder.crew.iterdir()) if folder.crew.is_dir() else []
        for clone in clones:
            if (clone / ".git").exists():
                self._forward(clone, targets)
        mayors = rig.default_branch in targets and (folder.mayor / ".git").exists()
        if mayors and self._clean(folder.mayor):
            new = f"{ORIGIN}/{rig.default_branch}"
            self.git.tells("checkout", "-q", "--detach", new, at=folder.mayor)

    def _clean(self, checkout: Path) -> bool:
        try:
            return not self.git.run("status", "--porcelain", at=checkout).strip()
        except GitError:
            return False

    def _forward(self, clone: Path, targets: set[str]) -> None:
        try:
            branch = self.git.run("branch", "--show-current", at=clone).strip()
            self.git.run("fetch", "-q", ORIGIN, at=clone, limit_s=LIMIT_S)
        except GitError:
            return
        if branch in targets and self._clean(clone):
            self.git.tells("merge", "-q", "--ff-only", f"{ORIGIN}/{branch}", at=clone)
