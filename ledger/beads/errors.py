"""What can be wrong with a bead, or with what somebody wants to do to it."""

from collections.abc import Sequence
from typing import ClassVar

from stamps.errors import WastelandError


class BeadError(WastelandError):
    """Something about a bead was refused; nothing of it was done."""

    code: ClassVar[str] = "bead.refused"
    hint: ClassVar[str] = "`bd show ID` says how the bead stands."
    exit: ClassVar[int] = 1


class ReadOnlyError(BeadError):
    """Whoever asks has said that nothing is to be changed."""

    code: ClassVar[str] = "bead.readonly"
    hint: ClassVar[str] = "Without --readonly, and without BD_READONLY=1, it is done."

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} would change something, and may not")


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
        super().__init__(f'no issue found matching "{said}"')
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
    hint: ClassVar[str] = "`bd reopen ID` opens it again; `bd undefer ID`, if it was put aside."
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


WAY_MAX = 20


def way_of(path: Sequence[str]) -> str:
    """A circle in words; of a long one how it begins and ends."""
    left = len(path) - WAY_MAX
    shown = path if left <= 0 else (*path[: WAY_MAX - 1], f"… {left} more …", path[-1])
    return " -> ".join(shown)


class CycleError(BeadError):
    """The dependency would make beads wait for themselves."""

    code: ClassVar[str] = "bead.cycle"
    hint: ClassVar[str] = "`bd dep tree ID` shows who waits for whom; remove a link first."

    def __init__(self, path: Sequence[str]) -> None:
        super().__init__(f"adding dependency would create a cycle: {way_of(path)}")
        self.path = tuple(path)


class TakenIdError(BeadError):
    """There is a bead, or was one, with this id."""

    code: ClassVar[str] = "bead.exists"
    hint: ClassVar[str] = "Leave --id away for a new one, or change that bead with `bd update`."

    def __init__(self, bead: str) -> None:
        super().__init__(f"{bead} exists already")
        self.bead = bead


class OtherPrefixError(BadFieldError):
    """An id was asked for that looks like another project's."""

    code: ClassVar[str] = "bead.prefix"
    hint: ClassVar[str] = "Add --force to make it all the same."

    def __init__(self, bead: str, prefix: str) -> None:
        super().__init__("id", f"prefix mismatch: ids here begin with {prefix}-, {bead!r} does not")
        self.bead, self.prefix = bead, prefix


class OpenChildrenError(BeadError):
    """An epic has children that are not closed."""

    code: ClassVar[str] = "bead.children"
    hint: ClassVar[str] = "Close the children first, or add --force."

    def __init__(self, bead: str, children: Sequence[str]) -> None:
        super().__init__(
            f"cannot close epic {bead}: {len(children)} open child issue(s): {', '.join(children)}"
        )
        self.bead, self.children = bead, tuple(children)


class DependantsError(BeadError):
    """Others depend on what was to be deleted."""

    code: ClassVar[str] = "bead.dependants"
    hint: ClassVar[str] = "Add --force to cut those links, or --cascade to delete them too."

    def __init__(self, beads: Sequence[str], dependants: Sequence[str]) -> None:
        super().__init__(f"{', '.join(dependants)} depend on {', '.join(beads)}")
        self.beads, self.dependants = tuple(beads), tuple(dependants)


class InTownError(BeadError):
    """A town's workers, convoys, branches and merge requests name its beads."""

    code: ClassVar[str] = "bead.in_town"
    hint: ClassVar[str] = "`bd update ID` changes one, `bd delete ID` deletes it."

    def __init__(self, why: str) -> None:
        super().__init__(f"beads of a town {why}: workers, convoys and merge requests name them")


class LinkedError(BeadError):
    """Two beads are linked already, in another way."""

    code: ClassVar[str] = "bead.linked"
    hint: ClassVar[str] = "Remove that link first: bd dep remove A B"

    def __init__(self, bead: str, needs: str, kind: str) -> None:
        super().__init__(f"{bead} depends on {needs} already, by {kind}")
        self.bead, self.needs, self.kind = bead, needs, kind


class SecondParentError(BeadError):
    """A bead has one parent at most."""

    code: ClassVar[str] = "bead.parent"
    hint: ClassVar[str] = "`bd update ID --parent OTHER` moves it."

    def __init__(self, bead: str, parent: str) -> None:
        super().__init__(f"{bead} is a child of {parent} already")
        self.bead, self.parent = bead, parent
