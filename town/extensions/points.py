"""The points at which the town can be extended, by the names that they have had for long.

Pure protocols. EventSource, ConvoyFetcher and TmuxExecutor come with the systems they belong to.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from ledger.beads.rows import Bead

Values = Mapping[str, str | int | bool]
RowFacts = Mapping[str, Any]


@runtime_checkable
class SessionLister(Protocol):
    """Names the sessions that run."""

    def list_sessions(self) -> Sequence[str]:
        """The names, each once."""
        ...


@runtime_checkable
class IssueReader(Protocol):
    """Reads beads, to know whether a merge request is still about one that is open."""

    def show(self, identifier: str) -> Bead:
        """The bead. Raises BeadError where there is none."""
        ...


@runtime_checkable
class IssueShower(Protocol):
    """Looks up beads without all the rest of the ledger."""

    def show(self, identifier: str) -> Bead:
        """The bead. Raises BeadError where there is none."""
        ...


@runtime_checkable
class BranchChecker(Protocol):
    """Knows which branches a repository has."""

    def branch_exists(self, name: str) -> bool:
        """Whether the repository here has it."""
        ...

    def remote_branch_exists(self, name: str) -> bool:
        """Whether the repository that it came from has it, as far as was last heard."""
        ...


@runtime_checkable
class ConfigStore(Protocol):
    """Keeps a town's settings of the market."""

    def load(self, town: Path) -> Values:
        """Every setting by name."""
        ...

    def save(self, town: Path, values: Values) -> None:
        """The town has these settings, the others stay. Raises SettingError."""
        ...


@runtime_checkable
class WLCommonsStore(Protocol):
    """A board as rows: what is wanted, who has it, what was handed in, how it was judged."""

    def ensure_db(self) -> None:
        """The board is there."""
        ...

    def database_exists(self) -> bool:
        """Whether the board is there."""
        ...

    def insert_wanted(self, item: RowFacts) -> str:
        """The id of what is wanted from now on."""
        ...

    def claim_wanted(self, identifier: str, handle: str) -> None:
        """The item is that handle's. Raises WastelandError where it is another's, or none."""
        ...

    def submit_completion(
        self, completion: str, identifier: str, handle: str, evidence: str
    ) -> str:
        """The id of what was handed in; `completion` is proposed, and may be another's to give."""
        ...

    def query_wanted(self, identifier: str) -> RowFacts | None:
        """The item's row: id, title, status, claimed_by; None for none."""
        ...

    def query_wanted_full(self, identifier: str) -> RowFacts | None:
        """The item's row with every column."""
        ...

    def insert_stamp(self, stamp: RowFacts) -> str:
        """The id of a stamp for `subject` with `valence`, about `context_type` and `context_id`."""
        ...

    def query_last_stamp_for_subject(self, subject: str) -> RowFacts | None:
        """The newest stamp that a handle was given."""
        ...

    def query_stamps_for_subject(self, subject: str) -> Sequence[RowFacts]:
        """The stamps that a handle was given, the newest first."""
        ...

    def query_badges(self, handle: str) -> Sequence[RowFacts]:
        """The badges of a handle."""
        ...

    def query_all_subjects(self) -> Sequence[str]:
        """Every handle with a stamp, in order."""
        ...

    def upsert_leaderboard(self, row: RowFacts) -> RowFacts:
        """The row of a `handle` in the leaderboard, as it stands afterwards."""
        ...
