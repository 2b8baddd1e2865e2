"""What can be wrong with a bead, or with what somebody wants to do to it."""

from collections.abc import Sequence
from typing import ClassVar

from stamps.errors import WastelandError


class BeadError(WastelandError):
    """Something about a bead was refused; nothing of it was done."""

    code: ClassVar[str] = "bead.refused"
    hint: ClassVar[str] = "`bd show ID` says how the bead stands."
    exit: ClassVar[int] = 1


class BadFieldError(BeadError):
    """A field has a value that it cannot have."""

    code: ClassVar[str] = "bead.field"
    hint: ClassVar[str] = "Give the field another value."
    exit: ClassVar[int] = 2

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field


class NoBeadError(BeadError):
    """No bead has this id, and none begins with it."""

    code: ClassVar[str] = "id.none"
    hint: ClassVar[str] = "`bd list --all` lists every bead, `bd search WORDS` finds some."
    exit: ClassVar[int] = 3

    def __init__(self, said: str) -> None:
        super().__init__(f"no issue found matching {said!r}")
        self.said = said


class ManyBeadsError(BeadError):
    """More than one bead begins with this."""

    code: ClassVar[str] = "id.ambiguous"
    hint: ClassVar[str] = "Write more of the id."
    exit: ClassVar[int] = 3

    def __init__(self, said: str, found: Sequence[str]) -> None:
        super().__init__(f"{said!r} could be {', '.join(found)}")
        self.said = said
        self.found = tuple(found)


class ClaimedError(BeadError):
    """The bead is somebody else's."""

    code: ClassVar[str] = "bead.claimed"
    hint: ClassVar[str] = "Take another one: bd ready"
    exit: ClassVar[int] = 5

    def __init__(self, bead: str, by: str) -> None:
        super().__init__(f"{bead}: issue already claimed by {by}")
        self.bead, self.by = bead, by


class NotOpenError(BeadError):
    """The bead is closed, or waits for a later day, so nobody can take it."""

    code: ClassVar[str] = "bead.not_open"
    hint: ClassVar[str] = "`bd reopen ID` opens it again."
    exit: ClassVar[int] = 5

    def __init__(self, bead: str, status: str) -> None:
        super().__init__(f"{bead} is {status}")
        self.bead, self.status = bead, status


class BlockedError(BeadError):
    """The bead waits for others that are not closed."""

    code: ClassVar[str] = "bead.blocked"
    hint: ClassVar[str] = "Close those first, or add --force."

    def __init__(self, bead: str, by: Sequence[str]) -> None:
        super().__init__(f"cannot close {bead}: blocked by open issues {', '.join(by)}")
        self.bead, self.by = bead, tuple(by)


class PinnedError(BeadError):
    """A pinned bead stays where it is."""

    code: ClassVar[str] = "bead.pinned"
    hint: ClassVar[str] = "Add --force to close it all the same."

    def __init__(self, bead: str) -> None:
        super().__init__(f"cannot close {bead}: it is pinned")
        self.bead = bead


class CycleError(BeadError):
    """The dependency would make beads wait for themselves."""

    code: ClassVar[str] = "bead.cycle"
    hint: ClassVar[str] = "`bd dep tree ID` shows who waits for whom; remove a link first."

    def __init__(self, path: Sequence[str]) -> None:
        super().__init__(f"adding dependency would create a cycle: {' -> '.join(path)}")
        self.path = tuple(path)
