"""The git program behind the port: one process a question, no shell, no prompt.

Nothing of the caller's own repository leaks in: the variables by which git is told where it works
are taken out of the environment. The environment is that of whoever typed the command, also where
a node runs it for them.
"""

import contextlib
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from town.workspace.git import GitError, Heads, NoGitError, Standing, on_branch

if TYPE_CHECKING:
    import psutil

# As `git rev-parse --local-env-vars` lists them, but for a caller's own settings.
PLACES: Final = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"),
    *("GIT_PREFIX", "GIT_NAMESPACE", "GIT_CEILING_DIRECTORIES", "GIT_GRAFT_FILE"),
    *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_IMPLICIT_WORK_TREE", "GIT_SHALLOW_FILE"),
    *("GIT_REPLACE_REF_BASE", "GIT_NO_REPLACE_OBJECTS", "GIT_INTERNAL_SUPER_PREFIX"),
    *("GIT_QUARANTINE_PATH", "GIT_CONFIG", "GIT_REFLOG_ACTION"),
)
CALM: Final = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C.UTF-8"}
SAID_CHARS_MAX: Final = 4_000
TIMEOUT_S: Final = 600.0
END_S: Final = 5.0
LOOK_S: Final = 0.1
OUT_OF_TIME: Final = 124
STOPPED: Final = 130
HEAD_REF: Final = "ref: refs/heads/"
HEADS: Final = "refs/heads/"
SHA256_CHARS: Final = 64
LONELY: Final = "git rev-list --count HEAD --branches --not --remotes"
STATUS: Final = ("status", "--porcelain", "-z", "--no-renames")


class GitProgram:
    """Git as it is found on the caller's PATH; it ends where nobody waits for it any more."""

    def __init__(
        self,
        env: Mapping[str, str],
        *,
        timeout_s: float = TIMEOUT_S,
        cancelled: threading.Event | None = None,
    ) -> None:
        self.env = {name: value for name, value in env.items() if name not in PLACES} | CALM
        self.timeout_s = timeout_s
        self.cancelled = cancelled or threading.Event()

    def _begun(
        self, argv: tuple[str, ...], at: Path, env: Mapping[str, str]
    ) -> "subprocess.Popen[str]":
        try:
            return subprocess.Popen(  # noqa: S603  # argv only, never a shell
                ["git", *argv],  # noqa: S607  # the caller's own
                cwd=at,
                env=self.env | dict(env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            )
        except (FileNotFoundError, NotADirectoryError) as error:
            if not at.is_dir():
                raise GitError(argv, 128, f"{at} is not there") from error
            raise NoGitError("git is not on PATH") from error

    def _done(
        self, argv: tuple[str, ...], at: Path, env: Mapping[str, str], stdin: str, limit_s: float
    ) -> tuple[int, str, str]:
        """The exit code, and what it printed on both streams."""
        process = self._begun(argv, at, env)
        end = time.monotonic() + limit_s
        said: str | None = stdin or None
        try:
            while True:
                try:
                    out, err = process.communicate(said, timeout=LOOK_S)
                except subprocess.TimeoutExpired:
                    said = None  # what is left of it goes on its way by itself
                    if self.cancelled.is_set():
                        raise GitError(argv, STOPPED, "was stopped") from None
                    if time.monotonic() > end:
                        raise GitError(argv, OUT_OF_TIME, f"took over {limit_s:.0f} s") from None
                else:
                    return process.returncode, out, err
        finally:
            _end(process)

    def run(
        self,
        *argv: str,
        at: Path,
        env: Mapping[str, str] | None = None,
        stdin: str = "",
        limit_s: float | None = None,
    ) -> str:
        """What git printed. Raises GitError, NoGitError."""
        code, out, err = self._done(argv, at, env or {}, stdin, limit_s or self.timeout_s)
        if code:
            raise GitError(argv, code, (err or out)[-SAID_CHARS_MAX:])
        return out

    def tells(self, *argv: str, at: Path) -> bool:
        """Whether git ended well. Raises NoGitError."""
        return self._done(argv, at, {}, "", self.timeout_s)[0] == 0

    def heads(self, remote: str, *, at: Path) -> Heads:
        """The branches of a remote; its own one is named only where it has a commit."""
        argv = ("ls-remote", "--symref", "--", remote, "HEAD", f"{HEADS}*")
        default, has_commit, branches, form = "", False, [], "sha1"
        for line in self.run(*argv, at=at).splitlines():
            what, _, name = line.partition("\t")
            if len(what) == SHA256_CHARS and not what.startswith("ref:"):
                form = "sha256"
            if name == "HEAD" and what.startswith(HEAD_REF):
                default = what.removeprefix(HEAD_REF)
            elif name == "HEAD":
                has_commit = True
            elif name.startswith(HEADS):
                branches.append(name.removeprefix(HEADS))
        own = default if has_commit else ""
        return Heads(default=own, branches=tuple(branches), form=form)

    def standing(self, checkout: Path) -> Standing:
        """How a checkout stands. Work on no branch of a remote counts as pushed nowhere."""
        changed = self.run(*STATUS, at=checkout).split("\0")
        branch = self.run("branch", "--show-current", at=checkout).strip()
        head = ""
        unpushed = 0
        if self.tells("rev-parse", "--verify", "-q", "HEAD", at=checkout):
            head = self.run("rev-parse", "HEAD", at=checkout).strip()
            unpushed = self._nowhere(checkout, "HEAD")
        unpushed += self._within(checkout)
        return Standing(
            branch=branch,
            head=head,
            changed=tuple(line for line in changed if line),
            unpushed=unpushed,
            stashes=self._stashes(checkout, branch),
        )

    def _stashes(self, checkout: Path, branch: str) -> int:
        """How much was put away; worktrees share that, so there only what was on this branch."""
        listed = self.run("stash", "list", "--format=%gs", at=checkout).splitlines()
        if (checkout / ".git").is_dir():
            return len(listed)
        return sum(on_branch(line) == branch for line in listed)

    def _within(self, checkout: Path) -> int:
        """How many commits of its submodules no remote of theirs has."""
        if not (checkout / ".gitmodules").is_file():
            return 0
        told = self.run("submodule", "--quiet", "foreach", "--recursive", LONELY, at=checkout)
        return sum(int(line) for line in told.split() if line.isdecimal())

    def _nowhere(self, checkout: Path, *starts: str) -> int:
        """How many commits can be reached from there and lie on no branch of a remote."""
        return int(self.run("rev-list", "--count", *starts, "--not", "--remotes", at=checkout))

    def clone_standing(self, checkout: Path) -> Standing:
        """How a clone stands: commits of every branch of it, and of its HEAD."""
        here = self.standing(checkout)
        starts = ("--branches", *(["HEAD"] if here.head else []))
        unpushed = self._nowhere(checkout, *starts) + self._within(checkout)
        if not unpushed:
            return here
        listed = self.run("for-each-ref", "--format=%(refname)", HEADS, at=checkout).split()
        held = [name for name in listed if self._nowhere(checkout, name)]
        return Standing(
            branch=here.branch,
            head=here.head,
            changed=here.changed,
            unpushed=unpushed,
            branches=tuple(name.removeprefix(HEADS) for name in held),
            stashes=here.stashes,
        )


def _end(process: "subprocess.Popen[str]") -> None:
    """The process is gone, and so is what it began; git has the time to do that itself."""
    if process.poll() is None:
        begun = _children(process.pid)
        process.terminate()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _kill(begun)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def _children(pid: int) -> "list[psutil.Process]":
    import psutil  # noqa: PLC0415  # only what is ended before its end needs it

    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def _kill(processes: "list[psutil.Process]") -> None:
    """None of them lives; another one that has its number by now is not touched."""
    import psutil  # noqa: PLC0415

    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
