"""What one cycle of a refinery came to. Values only."""

from dataclasses import dataclass, field
from typing import Final

NOTHING: Final = "nothing to merge"


@dataclass(slots=True, kw_only=True)
class Cycle:
    """What one cycle of a rig's refinery came to; `due` is when there is more to do, 0: never."""

    rig: str
    merged: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    review: list[str] = field(default_factory=list)  # a person merges these
    runs: int = 0
    gates: int = 0
    due: int = 0
    broken: str = ""
    reason: str = ""

    @property
    def words(self) -> str:
        """The same in a line."""
        if self.broken:
            return f"broken: {self.broken}: {self.reason}"
        named = (
            ("merged", self.merged),
            ("failed", self.failed),
            ("in conflict", self.conflicts),
            ("skipped", self.skipped),
            ("for a person to merge", self.review),
        )
        found = [f"{len(ids)} {name}" for name, ids in named if ids]
        return ", ".join(found) or NOTHING
