"""What the town asks of git: the port, and what can go wrong.

It runs nothing itself. Paths are absolute; a failure carries git's own words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from stamps.errors import WastelandError


class GitError(WastelandError):
    """Git did not do what it was asked to."""

    code: ClassVar[str] = "git.failed"
    hint: ClassVar[str] = "Git's own words say why; mend that, then repeat the command."
    exit: ClassVar[int] = 1

    def __init__(self, argv: Sequence[str], status: int, said: str) -> None:
        super().__init__(f"git {' '.join(argv)}: {said.strip() or f'ended with {status}'}")
        self.status = status
        self.said = said.strip()


class NoGitError(WastelandError):
    """There is no git program."""

    code: ClassVar[str] = "git.missing"
    hint: ClassVar[str] = "Install git 2.34 or newer."
    exit: ClassVar[int] = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a checkout stands: its branch, what is not committed, what is nowhere else."""

    branch: str = ""  # empty for none
    head: str = ""
    changed: tuple[str, ...] = ()
    unpushed: int = 0
    stashes: int = 0

    @property
    def safe(self) -> bool:
        """Whether removing it would lose nothing."""
        return not (self.changed or self.unpushed or self.stashes)


class Git(Protocol):
    """The git program. Every method raises GitError."""

    def run(self, *argv: str, at: Path, env: Mapping[str, str] | None = None) -> str:
        """What `git argv` printed, run in that folder."""
        ...

    def tells(self, *argv: str, at: Path) -> bool:
        """Whether `git argv` ended well."""
        ...

    def default_branch(self, url: str, *, at: Path) -> str:
        """The branch that the repository calls its own; empty where it has no commit."""
        ...

    def standing(self, checkout: Path) -> Standing:
        """How a checkout stands."""
        ...
