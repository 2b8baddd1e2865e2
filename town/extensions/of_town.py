"""The town's own adapters: its sessions, its beads, a rig's branches."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.beads.rows import Bead
from town.beads.finding import Finding
from town.sessions.port import Sessions
from town.workspace.git import Git

LOCAL: Final = "refs/heads/"
REMOTE: Final = "refs/remotes/origin/"


@dataclass(frozen=True, slots=True)
class TownSessions:
    """The sessions that run, as their provider names them."""

    sessions: Sessions

    def list_sessions(self) -> Sequence[str]:
        """The names, each once."""
        return [one.name for one in self.sessions.running()]


@dataclass(frozen=True, slots=True)
class TownIssues:
    """The beads of the town's database; a reader and a shower of issues."""

    beads: Finding

    def show(self, identifier: str) -> Bead:
        """The bead. Raises BeadError where there is none."""
        return self.beads.look(lambda: self.beads.resolve(identifier))


@dataclass(frozen=True, slots=True)
class RigBranches:
    """The branches of a rig's repository, and those that it last heard of."""

    git: Git
    repository: Path

    def branch_exists(self, name: str) -> bool:
        """Whether the repository here has it."""
        return self._there(f"{LOCAL}{name}")

    def remote_branch_exists(self, name: str) -> bool:
        """Whether the repository that it came from has it, as far as was last heard."""
        return self._there(f"{REMOTE}{name}")

    def _there(self, ref: str) -> bool:
        return self.git.tells("show-ref", "--verify", "--quiet", ref, at=self.repository)
