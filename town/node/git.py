"""The git program behind the port: one process a question, no shell, no prompt.

Nothing of the caller's own repository leaks in: the variables by which git is told where it works
are taken out of the environment.
"""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from town.workspace.git import GitError, NoGitError, Standing

PLACES: Final = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"),
    *("GIT_PREFIX", "GIT_NAMESPACE", "GIT_CEILING_DIRECTORIES"),
)
CALM: Final = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C.UTF-8"}
SAID_CHARS_MAX: Final = 4_000
TIMEOUT_S: Final = 600.0
HEAD_REF: Final = "ref: refs/heads/"


class GitProgram:
    """Git as it is found on the caller's PATH."""

    def __init__(self, env: Mapping[str, str], *, timeout_s: float = TIMEOUT_S) -> None:
        self.env = {name: value for name, value in env.items() if name not in PLACES} | CALM
        self.timeout_s = timeout_s

    def _done(
        self, argv: tuple[str, ...], at: Path, env: Mapping[str, str] | None
    ) -> "subprocess.CompletedProcess[str]":
        try:
            return subprocess.run(  # noqa: S603  # argv only, never a shell
                ["git", *argv],  # noqa: S607  # the caller's own
                cwd=at,
                env=self.env | dict(env or {}),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=self.timeout_s,
            )
        except FileNotFoundError as error:
            if not at.is_dir():
                raise GitError(argv, 128, f"{at} is not there") from error
            raise NoGitError("git is not on PATH") from error
        except subprocess.TimeoutExpired as error:
            raise GitError(argv, 124, f"did not end within {self.timeout_s:.0f} s") from error

    def run(self, *argv: str, at: Path, env: Mapping[str, str] | None = None) -> str:
        """What git printed. Raises GitError, NoGitError."""
        done = self._done(argv, at, env)
        if done.returncode:
            raise GitError(argv, done.returncode, (done.stderr or done.stdout)[-SAID_CHARS_MAX:])
        return done.stdout

    def tells(self, *argv: str, at: Path) -> bool:
        """Whether git ended well. Raises NoGitError."""
        return self._done(argv, at, None).returncode == 0

    def default_branch(self, url: str, *, at: Path) -> str:
        """The branch that HEAD of a repository names; empty where it has no commit."""
        lines = self.run("ls-remote", "--symref", url, "HEAD", at=at).splitlines()
        named = [line.split("\t")[0] for line in lines if line.startswith(HEAD_REF)]
        has_commit = any(not line.startswith("ref:") for line in lines)
        return named[0].removeprefix(HEAD_REF) if named and has_commit else ""

    def standing(self, checkout: Path) -> Standing:
        """How a checkout stands. Work on no branch of a remote counts as pushed nowhere."""
        changed = self.run("status", "--porcelain", "-z", at=checkout).split("\0")
        branch = self.run("branch", "--show-current", at=checkout).strip()
        head = ""
        unpushed = 0
        if self.tells("rev-parse", "--verify", "-q", "HEAD", at=checkout):
            head = self.run("rev-parse", "HEAD", at=checkout).strip()
            count = self.run("rev-list", "--count", "HEAD", "--not", "--remotes", at=checkout)
            unpushed = int(count)
        stashes = self.run("stash", "list", at=checkout).count("\n")
        return Standing(
            branch=branch,
            head=head,
            changed=tuple(line for line in changed if line),
            unpushed=unpushed,
            stashes=stashes,
        )
