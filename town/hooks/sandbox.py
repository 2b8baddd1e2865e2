"""A worker's worktree: made, turned to new work, and never emptied of what lies nowhere else.

Branches are refs of the rig's bare repository, which every worktree shares: what was committed
stays when a worktree turns to other work. What was not is put on a `rescue/` branch first.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.workspace.rows import Rig
from ledger.workspace.work import Assignment
from town.hooks.errors import WorktreeGoneError
from town.rigs.folder import worktree
from town.workspace import submodules
from town.workspace.git import NO_HOOKS, Git, GitError
from town.workspace.layout import RigFolder, Workspace

ORIGIN: Final = "origin"
RESCUE: Final = "rescue"
UNDERWAY: Final = ("rebase", "merge", "cherry-pick", "revert")  # what can be in the midst
DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


def branch_of(name: str, bead: str, at: int) -> str:
    """The branch of a worker's work on a bead, begun at a moment (microseconds)."""
    return f"polecat/{name}/{bead}@{stamp_of(at)}"


def stamp_of(at: int) -> str:
    """A moment in microseconds as a short word, finer than two works of one worker follow."""
    number, text = at // 1_000, ""
    while number:
        number, digit = divmod(number, len(DIGITS))
        text = DIGITS[digit] + text
    return text


@dataclass(frozen=True, slots=True)
class Author:
    """Who commits: the worker by name, the person behind the town by address."""

    name: str
    email: str

    def env(self) -> dict[str, str]:
        """The variables by which git knows."""
        return {
            "GIT_AUTHOR_NAME": self.name,
            "GIT_AUTHOR_EMAIL": self.email,
            "GIT_COMMITTER_NAME": self.name,
            "GIT_COMMITTER_EMAIL": self.email,
        }


@dataclass(frozen=True, slots=True)
class Sandboxes:
    """The worktrees of a town's workers."""

    workspace: Workspace
    git: Git

    def path_of(self, rig: str, name: str) -> Path:
        """Where a worker's worktree lies."""
        return self.workspace.rig(rig).polecats / name / rig

    def ready(self, rig: Rig, work: Assignment, author: Author) -> Path:
        """The worktree is there, on the work's branch; as it was, where that was so already."""
        folder = self.workspace.rig(rig.name)
        path = self.workspace.root / work.worktree
        if self.is_worktree(path, folder):
            if work.branch in (self._branch(path), self._rebased(path)):
                self.reborn(path, rig, work)
                submodules.complete(path, folder, self.git)
                return path
            self._rescue(path, author, work)
        elif path.exists():
            path.rename(path.with_name(f"{path.name}.lost-{work.id}"))  # not ours to remove
        try:
            self._turn(folder, path, rig, work)
        except GitError:
            if not self.is_worktree(path, folder) or self._branch(path) != work.branch:
                raise  # and else somebody made it at the same moment
        submodules.complete(path, folder, self.git)
        return path

    def is_worktree(self, path: Path, folder: RigFolder) -> bool:
        """Whether a worktree of this rig is there."""
        if not (path / ".git").is_file():
            return False
        if not self.git.tells("rev-parse", "--is-inside-work-tree", at=path):
            return False
        told = self.git.run("rev-parse", "--git-common-dir", at=path).strip()
        return (path / told).resolve() == folder.repository.resolve()

    def _branch(self, path: Path) -> str:
        return self.git.run("branch", "--show-current", at=path).strip()

    def reborn(self, path: Path, rig: Rig | None, work: Assignment) -> None:
        """The branch on which the worktree stands exists, also where somebody deleted it.

        It is at the commit that was last on it here, as the worktree's own log has it.
        """
        if self.git.tells("rev-parse", "-q", "--verify", "HEAD", at=path):
            return
        told = self.git.run("rev-parse", "--absolute-git-dir", at=path).strip()
        last = _last_commit(Path(told) / "logs" / "HEAD")
        base = work.base or (rig.default_branch if rig is not None else "")
        for start in (last, f"{ORIGIN}/{work.branch}", f"{ORIGIN}/{base}"):
            if start and self.git.tells("rev-parse", "-q", "--verify", start, at=path):
                self.git.run("update-ref", f"refs/heads/{work.branch}", start, at=path)
                return

    def _rebased(self, path: Path) -> str:
        """The branch that is being rebased there; empty for none. HEAD is on none meanwhile."""
        own = Path(self.git.run("rev-parse", "--absolute-git-dir", at=path).strip())
        for way in ("rebase-merge", "rebase-apply"):
            name = own / way / "head-name"
            if name.is_file():
                return name.read_text("utf-8", "replace").strip().removeprefix("refs/heads/")
        return ""

    def _rescue(self, path: Path, author: Author, work: Assignment) -> None:
        """Whatever lies on no branch lies on one of its own: files, and commits of a rebase.

        In submodules too. Can be repeated by whoever comes after one that was killed in it.
        """
        submodules.rescue(path, f"{RESCUE}/{work.id}", self.git, author.env())
        detached = not self._branch(path)
        self.git.run("add", "-A", at=path)  # conflicts too, as they stand in the files
        for verb in UNDERWAY:
            self.git.tells(verb, "--quit", at=path)
        if self.git.tells("diff", "--cached", "--quiet", at=path) and not detached:
            return
        name = f"{RESCUE}/{work.id}"
        if self._branch(path) != name:
            fresh = self._unused(name, path)
            self.git.run(*NO_HOOKS, "switch", "-q", "-c", fresh, at=path)
        commit_all(self.git, path, f"Rescued before {work.bead} was begun here", author)

    def _unused(self, name: str, path: Path) -> str:
        """A name that no branch has."""
        number, free = 1, name
        while self.git.tells("rev-parse", "-q", "--verify", f"refs/heads/{free}", at=path):
            number, free = number + 1, f"{name}-{number + 1}"
        return free

    def _turn(self, folder: RigFolder, path: Path, rig: Rig, work: Assignment) -> None:
        """The worktree is on the work's branch: as far as that had come, else from its base."""
        self.git.run("worktree", "prune", at=folder.repository)
        self.git.run("fetch", "-q", ORIGIN, at=folder.repository)
        base = work.base or rig.default_branch
        begun = self.git.tells("rev-parse", "-q", "--verify", work.branch, at=folder.repository)
        handed_in = f"{ORIGIN}/{work.branch}"
        again = self.git.tells("rev-parse", "-q", "--verify", handed_in, at=folder.repository)
        start = handed_in if again else f"{ORIGIN}/{base}"
        if path.exists():
            words = ("switch", "-q", work.branch) if begun else ("switch", "-q", "-c", work.branch)
            self.git.run(*NO_HOOKS, *words, *(() if begun else ("--no-track", start)), at=path)
            submodules.fetch(path, folder, self.git)
            return
        how: tuple[str, ...] = () if begun else ("--no-track", "-b", work.branch)
        start = work.branch if begun else start
        worktree(folder, path, how, self.git, start=start, folders=rig.folders)

    def unlock(self, work: Assignment) -> None:
        """No lock of git's is left of a session that was killed: only when nothing of it runs."""
        path = self.workspace.root / work.worktree
        if not self.is_worktree(path, self.workspace.rig(work.rig)):
            return
        own = Path(self.git.run("rev-parse", "--absolute-git-dir", at=path).strip())
        branch = self.workspace.rig(work.rig).repository / "refs" / "heads" / f"{work.branch}.lock"
        for lock in (own / "index.lock", own / "HEAD.lock", branch):
            lock.unlink(missing_ok=True)

    def standing(self, rig: str, path: Path) -> None:
        """Raises WorktreeGoneError where the worktree of some work is not there."""
        if not self.is_worktree(path, self.workspace.rig(rig)):
            raise WorktreeGoneError(str(path))


def _last_commit(log: Path) -> str:
    """The last commit that a log of git's names; empty for none."""
    try:
        lines = log.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    named = [sha for line in lines for sha in line.split(" ")[:2]]
    return next((sha for sha in reversed(named) if sha.strip("0")), "")


def commit_all(git: Git, path: Path, message: str, author: Author) -> bool:
    """All of the worktree that git does not ignore is committed; whether there was anything."""
    git.run("add", "-A", at=path)
    if git.tells("diff", "--cached", "--quiet", at=path):
        return False
    words = ("commit", "-q", "--no-verify", "-m", message)
    git.run(*NO_HOOKS, *words, at=path, env=author.env())
    return True
