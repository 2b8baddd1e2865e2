"""The worktree in which work is put together and tried: clean before, clean afterwards.

It belongs to the refinery alone; whoever uses it holds the rig's lease. Commits made here are on
no branch until they are pushed, and a push moves a branch only from the commit it was tried on.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ledger.workspace.work import MergeRequest
from town.refinery.errors import BrokenError, BusyRefineryError
from town.refinery.message import FORMAT, read, squashed
from town.workspace import submodules
from town.workspace.git import Git, GitError
from town.workspace.install import Overseer
from town.workspace.layout import RigFolder

ORIGIN: Final = "origin"
LOCK: Final = "refinery.lock"
COMMITS_MAX: Final = 200
QUIET: Final = (
    *("-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false", "-c", "merge.ff=true"),
    *("-c", "rerere.enabled=false", "-c", "advice.detachedHead=false", "-c", "core.editor=true"),
    *("-c", "merge.verifySignatures=false", "-c", "submodule.recurse=false"),
)
REBASER: Final = "refinery"
SAVED: Final = "Saved by gt done: what was not committed yet"

CONFLICT: Final = "conflict"  # it does not merge into the target
CLASH: Final = "clash"  # it does not merge behind others of its batch
NOTHING: Final = "nothing"  # the target has all of it
NOTHING_NEW: Final = "nothing new"  # others of its batch have all of it
MISSING: Final = "missing"  # its commit is nowhere
UNUSABLE: Final = "unusable"  # git makes no files of it, such as of one called `.git`
FROM_OUTSIDE: Final = (124, 130)  # how git ends that took too long, or was told to end


@dataclass(frozen=True, slots=True)
class Unstacked:
    """A request that could not be put on top, and why."""

    why: str
    files: tuple[str, ...] = ()
    said: str = ""


@dataclass(slots=True)
class Stack:
    """Squashed requests on a base, in order: the commit of each, and which could not be put."""

    base: str
    commits: dict[str, str] = field(default_factory=dict)
    unstacked: dict[str, Unstacked] = field(default_factory=dict)

    @property
    def tip(self) -> str:
        """The commit that has all of them."""
        return next(reversed(self.commits.values())) if self.commits else self.base


class Scratch:
    """The worktree of one rig's refinery. `env` marks every process begun for it."""

    def __init__(
        self, git: Git, folder: RigFolder, *, env: Mapping[str, str], name: str, person: Overseer
    ) -> None:
        self.git = git
        self.folder = folder
        self.path = folder.refinery
        self.mark = dict(env)
        self.email = person.email
        self.rebases = False  # whether a branch that conflicts is rebased, and tried once more
        self.env = {**env, "GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": person.mail}
        self.env["GIT_CEILING_DIRECTORIES"] = str(self.path.parent)  # never the town's own
        self._built: dict[tuple[str, ...], str] = {}
        self._base = ""
        self._lock = self.path / ".git.lock"

    def run(self, *argv: str, at: Path | None = None, stdin: str = "") -> str:
        """What git printed there, with nothing of the person's own habits. Raises GitError."""
        return self.git.run(*QUIET, *argv, at=at or self.path, env=self.env, stdin=stdin)

    def _tells(self, *argv: str, at: Path | None = None) -> bool:
        return self.git.tells(*argv, at=at or self.folder.repository)

    # --- there, and clean

    @contextmanager
    def locked(self) -> Iterator[None]:
        """No other process is in the worktree, not even one that slept while its lease ended."""
        repository = self.folder.repository
        if not repository.is_dir():
            raise BrokenError("worktree", f"{repository} is not there")
        with (repository / LOCK).open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BusyRefineryError(self.folder.path.name) from error
            yield

    @contextmanager
    def opened(self, branch: str) -> Iterator[None]:
        """The worktree is there and clean until the block ends, and clean afterwards.

        Only while it is `locked`.
        """
        self._ready()
        try:
            yield
        finally:
            self._leave(branch)

    def _ready(self) -> None:
        """The worktree is there. Raises BrokenError."""
        repository = self.folder.repository
        if not self.path.exists():
            self.run("worktree", "prune", at=repository)
            head = self.run("rev-parse", "HEAD", at=repository).strip()
            self.run("worktree", "add", "-q", "--detach", str(self.path), head, at=repository)
        told = ""
        if self._tells("rev-parse", "--is-inside-work-tree", at=self.path):
            told = self.run("rev-parse", "--git-common-dir").strip()
        if not told or (self.path / told).resolve() != repository.resolve():
            raise BrokenError("worktree", f"{self.path} is no worktree of {repository}")
        self._lock = self.path / self.run("rev-parse", "--git-path", "index.lock").strip()
        self._lock.unlink(missing_ok=True)  # of a process that is no more: the lease is ours

    def _leave(self, branch: str) -> None:
        start = f"{ORIGIN}/{branch}"
        if self._tells("rev-parse", "-q", "--verify", start):
            self.clean_at(start)
            self._tells("checkout", "-q", "-B", branch, "--no-track", start, at=self.path)

    def clean_at(self, commit: str) -> None:
        """The worktree has exactly the files of that commit, whatever a gate made of it."""
        if not self._is_ours():
            shutil.rmtree(self.path, ignore_errors=True)
            self._ready()
        self._lock.unlink(missing_ok=True)
        try:
            self._cleaned(commit)
        except GitError:
            _make_writable(self.path)
            self._cleaned(commit)

    def exactly(self, commit: str) -> None:
        """The same, and each submodule is as that commit names it. Raises GitError."""
        self.clean_at(commit)
        submodules.exactly(self.path, self.folder, self.git)

    def _cleaned(self, commit: str) -> None:
        self.run("checkout", "-q", "--force", "--detach", commit)
        self.run("clean", "-ffdxq")

    def _is_ours(self) -> bool:
        """Whether it is a worktree of the repository still."""
        mark = self.path / ".git"
        if not mark.is_file():
            return False
        place = mark.read_text("utf-8", "replace").strip().removeprefix("gitdir: ")
        return (self.path / place).resolve().is_relative_to(self.folder.repository.resolve())

    def unchanged(self) -> bool:
        """Whether every file that git does not ignore is as its commit has it."""
        try:
            return not self.run("status", "--porcelain", "--ignore-submodules=dirty")
        except GitError:
            return False  # it is no worktree any more

    # --- what is there

    def fetch(self) -> None:
        """The repository knows what the remote has. Raises GitError."""
        self.run("fetch", "-q", "--prune", ORIGIN, at=self.folder.repository)

    def head(self, branch: str) -> str:
        """The commit of a branch at the remote, as it was fetched; empty for no such branch."""
        return self.commit_of(f"refs/remotes/{ORIGIN}/{branch}")

    def commit_of(self, name: str) -> str:
        """The commit that a name stands for; empty for none."""
        repository = self.folder.repository
        if not self._tells("rev-parse", "-q", "--verify", f"{name}^{{commit}}"):
            return ""
        return self.run("rev-parse", f"{name}^{{commit}}", at=repository).strip()

    def contains(self, branch: str, commit: str) -> bool:
        """Whether the remote's branch has the commit, as it was fetched."""
        head = self.head(branch)
        return bool(head) and self._tells("merge-base", "--is-ancestor", commit, head)

    def is_before(self, one: str, other: str) -> bool:
        """Whether the one commit is part of the other's history."""
        return self._tells("merge-base", "--is-ancestor", one, other)

    def base_of(self, one: str, other: str) -> str:
        """The last commit that both come from; empty for none."""
        if not self._tells("merge-base", one, other):
            return ""
        return self.run("merge-base", one, other, at=self.folder.repository).strip()

    def merged_as(self, request: MergeRequest) -> str:
        """The commit on the target that says it has this request; empty for none."""
        wanted = f"--grep=^Merge-Request: {request.id}$"
        head = self.head(request.target)
        argv = ("log", "-1", "--format=%H", wanted, head)
        return self.run(*argv, at=self.folder.repository).strip() if head else ""

    def same_tree(self, one: str, other: str) -> bool:
        """Whether two commits have the same files."""
        return self._tells("diff", "--quiet", one, other)

    # --- stacking

    def stack(self, base: str, requests: list[MergeRequest]) -> Stack:
        """The requests squashed onto the base, in order; the worktree has what came of it."""
        if base != self._base:
            self._built, self._base = {(): base}, base
        stack = Stack(base)
        done: tuple[str, ...] = ()
        begun = False
        for request in requests:
            behind = (*done, request.id)
            if behind not in self._built:
                if not begun:
                    self.clean_at(self._built[done])
                    begun = True
                found = self._usable(request, at=self._built[done])
                if isinstance(found, Unstacked):
                    stack.unstacked[request.id] = self._alone(request, found, at=stack.tip)
                    continue
                self._built[behind] = found
            done = behind
            stack.commits[request.id] = self._built[behind]
        self.exactly(stack.tip)
        return stack

    def _usable(self, request: MergeRequest, *, at: str) -> str | Unstacked:
        """The same as `_squash`; a request with which git cannot work is set apart.

        It is the request's fault only if git fails twice with it and all is well without it.
        """
        said = ""
        for _ in range(2):
            try:
                found = self._squash(request)
                if isinstance(found, str) and self._names_others(at, found):
                    self.exactly(found)
                return found  # noqa: TRY300  # what follows is about the failure
            except GitError as error:
                if error.status <= 0 or error.status in FROM_OUTSIDE:
                    raise
                said = error.said
            self.exactly(at)
            tree = self.run("rev-parse", "HEAD^{tree}").strip()
            self.run("commit-tree", "-m", "All is well", tree)  # there is room for it
            self.run("ls-remote", "-q", ORIGIN, "HEAD", at=self.folder.repository)  # and a line
        return Unstacked(UNUSABLE, said=said)

    def _names_others(self, old: str, new: str) -> bool:
        """Whether a commit names other commits of submodules than the one before."""
        if not (self.path / submodules.MODULES).is_file():
            return False
        changed = self.run("diff", "--raw", "--no-renames", old, new)
        return "160000" in changed or f"\t{submodules.MODULES}\n" in changed

    def _squash(self, request: MergeRequest) -> str | Unstacked:
        """The commit that has all of the request on top of where the worktree is."""
        if not self.commit_of(request.sha):
            return Unstacked(MISSING, said=f"{request.sha} is not in the repository")
        head = self.run("rev-parse", "HEAD").strip()
        if not self._tells("merge-base", head, request.sha):
            return Unstacked(CONFLICT, said="it has no commit in common with the target")
        found = self._merge(request.sha, head)
        if found is not None and self.rebases and (moved := self._rebased(request.sha, head)):
            found = self._merge(moved, head)
        if found is not None:
            return found
        if self._tells("diff", "--cached", "--quiet", at=self.path):
            self.clean_at(head)
            return Unstacked(NOTHING)
        return self._commit(request, head)

    def _merge(self, sha: str, head: str) -> Unstacked | None:
        """None where the index has both; else the conflict, and the worktree is as before."""
        try:
            self.run("merge", "-q", "--squash", sha)
        except GitError as error:
            files = self.run("diff", "--name-only", "-z", "--diff-filter=U").split("\0")
            if not any(files):
                raise
            self.clean_at(head)
            return Unstacked(CONFLICT, tuple(name for name in files if name), error.said)
        return None

    def _rebased(self, sha: str, head: str) -> str:
        """The branch's commits put on top one by one, those that are there already left out.

        Empty where that conflicts too; the worktree is as before either way.
        """
        self.clean_at(sha)
        moved = ""
        if self.git.tells(*QUIET, "-c", f"user.name={REBASER}", "-c", f"user.email={REBASER}",
                          "rebase", "-q", "--no-autostash", head, at=self.path):  # fmt: skip
            moved = self.run("rev-parse", "HEAD").strip()
        else:
            self._tells("rebase", "--abort", at=self.path)
        self.clean_at(head)
        return moved

    def _commit(self, request: MergeRequest, head: str) -> str:
        limit = ("-n", str(COMMITS_MAX), "--no-merges")
        told = self.run("log", *limit, f"--format={FORMAT}", f"{head}..{request.sha}")
        commits = read(told)
        text = squashed(commits, saved=SAVED, fallback=f"Merge {request.branch}")
        trailers = [f"--trailer=Merge-Request: {request.id}", f"--trailer=Squashed: {request.sha}"]
        if request.bead:
            trailers.insert(0, f"--trailer=Bead: {request.bead}")
        message = self.run("interpret-trailers", "--no-divider", *trailers, stdin=f"{text}\n")
        email = self.email or (commits[0].email if commits else "")
        author = f"{request.worker or commits[0].author} <{email}>"
        when = (f"--date={commits[0].at}",) if commits else ()
        words = ("commit", "-q", "--no-verify", "--cleanup=whitespace", "-F", "-")
        self.run(*words, f"--author={author}", *when, stdin=message)
        return self.run("rev-parse", "HEAD").strip()

    def amended(self, tip: str, trailers: Mapping[str, str]) -> str:
        """The commit with what was changed in the worktree since; empty where nothing was."""
        self.run("checkout", "-q", "--detach")  # a branch that somebody switched to stays
        self.run("reset", "-q", "--soft", tip)
        self.run("add", "-A")
        if self._tells("diff", "--cached", "--quiet", at=self.path):
            return ""
        words = [f"--trailer={name}: {value}" for name, value in trailers.items()]
        told = self.run("log", "-1", "--format=%B", tip)
        message = self.run("interpret-trailers", *words, stdin=told)
        argv = ("commit", "-q", "--amend", "--no-verify", "--cleanup=whitespace", "-F", "-")
        self.run(*argv, stdin=message)
        commit = self.run("rev-parse", "HEAD").strip()
        self.clean_at(commit)
        return commit

    def _alone(self, request: MergeRequest, found: Unstacked, *, at: str) -> Unstacked:
        """The same, told apart: whether the target itself is in the way, or others of the batch."""
        if at == self._base or found.why in (MISSING, UNUSABLE):
            return found
        self.clean_at(self._base)
        alone = self._squash(request)
        self.clean_at(at)
        if isinstance(alone, Unstacked):
            return alone
        other = {CONFLICT: CLASH, NOTHING: NOTHING_NEW}
        return Unstacked(other[found.why], found.files, found.said)

    # --- pushing

    def push(
        self, commit: str, *, branch: str, was: str, env: Mapping[str, str] | None = None
    ) -> None:
        """The remote's branch is at the commit, and was at `was`, or nowhere. Raises GitError."""
        if was and not self.is_before(was, commit):
            raise BrokenError("push", f"{commit} does not come after {was}")
        lease = f"--force-with-lease=refs/heads/{branch}:{was}"
        self.git.run(
            "push", "-q", "--no-verify", lease, ORIGIN, f"{commit}:refs/heads/{branch}",
            at=self.folder.repository, env={**self.env, **(env or {})},
        )  # fmt: skip


def _make_writable(place: Path) -> None:
    """What is in folders that a gate made read-only can be removed."""
    for folder, _, _ in os.walk(place):
        Path(folder).chmod(0o755)
