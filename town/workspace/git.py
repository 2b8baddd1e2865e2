"""What the town asks of git: the port, and what can go wrong.

It runs nothing itself. Paths are absolute; a failure carries git's own words.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Protocol

from stamps.errors import WastelandError

# What the town does by itself is held up by no hook of the person's: neither by one that fails nor
# by one that asks. A push by a worker is the work's own, and runs them.
NO_HOOKS: Final = ("-c", "core.hooksPath=/dev/null")
_USER: Final = re.compile(r"(?<=://)[^/@\s]+@")


class GitError(WastelandError):
    """Git did not do what it was asked to; no address in its words names a user or a password."""

    code: ClassVar[str] = "git.failed"
    hint: ClassVar[str] = "Git's own words say why; mend that, then repeat the command."
    exit: ClassVar[int] = 1

    def __init__(self, argv: Sequence[str], status: int, said: str) -> None:
        told = _USER.sub("", said.strip())
        line = _USER.sub("", " ".join(argv))
        super().__init__(f"git {line}: {told or f'ended with {status}'}")
        self.status = status
        self.said = told


class NoGitError(WastelandError):
    """There is no git program."""

    code: ClassVar[str] = "git.missing"
    hint: ClassVar[str] = "Install git 2.34 or newer."
    exit: ClassVar[int] = 6


def on_branch(line: str) -> str:
    """The branch on which something was stashed, by git's line about it; empty for none."""
    branch = line.removeprefix("WIP on ").removeprefix("On ").partition(":")[0]
    return "" if branch == "(no branch)" else branch


def _files(count: int) -> str:
    return "file" if count == 1 else "files"


def _commits(count: int) -> str:
    return "commit" if count == 1 else "commits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a checkout stands: its branch, what is not committed, what is nowhere else."""

    branch: str = ""  # empty for none
    head: str = ""
    changed: tuple[str, ...] = ()
    unpushed: int = 0  # commits that no remote has
    branches: tuple[str, ...] = ()  # with such commits, where they were looked for
    stashes: int = 0

    @property
    def lost(self) -> tuple[str, ...]:
        """What removing it would lose, in words; nothing of it is a stranger's."""
        found = []
        if self.changed:
            found.append(f"{len(self.changed)} uncommitted {_files(len(self.changed))}")
        if self.unpushed:
            where = f" on {', '.join(self.branches)}" if self.branches else ""
            found.append(f"{self.unpushed} unpushed {_commits(self.unpushed)}{where}")
        if self.stashes:
            found.append(f"{self.stashes} stashed")
        return tuple(found)

    @property
    def safe(self) -> bool:
        """Whether removing it would lose nothing."""
        return not (self.changed or self.unpushed or self.stashes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """What a remote repository has: its branches, and the one that it calls its own."""

    default: str = ""  # empty where it names none
    branches: tuple[str, ...] = ()
    form: str = "sha1"  # of the names of its objects, or `sha256`


class Git(Protocol):
    """The git program. Every method raises GitError."""

    def run(
        self,
        *argv: str,
        at: Path,
        env: Mapping[str, str] | None = None,
        stdin: str = "",
        limit_s: float | None = None,
    ) -> str:
        """What `git argv` printed, run in that folder; None for the usual limit."""
        ...

    def tells(self, *argv: str, at: Path) -> bool:
        """Whether `git argv` ended well."""
        ...

    def heads(self, remote: str, *, at: Path) -> Heads:
        """The branches of a remote that the repository at that folder knows."""
        ...

    def standing(self, checkout: Path) -> Standing:
        """How a checkout stands."""
        ...

    def clone_standing(self, checkout: Path) -> Standing:
        """How a clone stands, every branch of it counted."""
        ...
