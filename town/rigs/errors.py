"""What can be wrong with a rig, or with what somebody wants to do to it."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Final

from stamps.errors import WastelandError

BRANCHES_SHOWN_MAX: Final = 8


class RigError(WastelandError):
    """Something about a rig was refused; nothing of it was done."""

    code: ClassVar[str] = "rig.refused"
    hint: ClassVar[str] = "`gt rig list` shows the rigs."
    exit: ClassVar[int] = 1


class NoRigError(RigError):
    """No rig is called so."""

    code: ClassVar[str] = "id.rig"
    exit: ClassVar[int] = 3

    def __init__(self, name: str, known: list[str]) -> None:
        there = f"; there are {', '.join(known)}" if known else "; there is none yet"
        super().__init__(f"no rig is called {name!r}{there}")
        self.name = name


class RigThereError(RigError):
    """A rig, or a folder, of this name is there."""

    code: ClassVar[str] = "rig.there"
    hint: ClassVar[str] = "Choose another name, or move the folder away."

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(f"{path} is there already")
        self.name = name
        self.path = str(path)
        if (path / ".repo.git").is_dir():
            self.why = f"A rig that left the town may come back: gt rig add {name} --adopt {path}"


class UnderWayError(RigError):
    """A process is adding it at this moment."""

    code: ClassVar[str] = "rig.adding"
    hint: ClassVar[str] = "Wait until it is done, then look: gt rig list"
    retryable: ClassVar[bool] = True

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is being added at this moment")
        self.name = name


class LikeNamedError(RigError):
    """Another rig has this name but for capitals; some file systems take them for one."""

    code: ClassVar[str] = "rig.there"
    hint: ClassVar[str] = "Choose another name."

    def __init__(self, name: str, other: str) -> None:
        super().__init__(f"{name!r} is the name of the rig {other!r} but for its capitals")
        self.name, self.other = name, other


class PrefixTakenError(RigError):
    """Beads of another rig begin with this prefix."""

    code: ClassVar[str] = "rig.prefix"
    hint: ClassVar[str] = "Choose another one with --prefix."

    def __init__(self, prefix: str, by: str) -> None:
        super().__init__(f"beads of {by} begin with {prefix}- already")
        self.prefix, self.by = prefix, by


class EmptyRepositoryError(RigError):
    """The repository has no commit to begin from."""

    code: ClassVar[str] = "rig.empty"
    hint: ClassVar[str] = "Push a first commit to it (an empty one is enough), then repeat."

    def __init__(self, url: str) -> None:
        super().__init__(f"{url} has no commit yet")
        self.url = url


class NoBranchError(RigError):
    """The repository has no such branch, or says of none that it is its own."""

    code: ClassVar[str] = "rig.branch"
    hint: ClassVar[str] = "Name one that is there with --branch."

    def __init__(self, url: str, branch: str, there: Sequence[str]) -> None:
        lacks = f"has no branch {branch}" if branch else "says of no branch that it is its own"
        listed = ", ".join(there[:BRANCHES_SHOWN_MAX]) + (
            ", …" if len(there) > BRANCHES_SHOWN_MAX else ""
        )
        super().__init__(f"{url} {lacks}; it has {listed}")
        self.url, self.branch, self.branches = url, branch, list(there)


class PrefixConflictError(RigError):
    """The repository's beads begin with something else than what was asked for."""

    code: ClassVar[str] = "rig.prefix"
    hint: ClassVar[str] = "Leave --prefix out: the ids that are there count."

    def __init__(self, asked: str, found: str) -> None:
        super().__init__(f"beads in the repository begin with {found}-, not {asked}-")
        self.asked, self.found = asked, found


class BadAddressError(RigError):
    """It is no address of a repository."""

    code: ClassVar[str] = "rig.address"
    hint: ClassVar[str] = "Name a git repository: an address, file:// or a path."
    exit: ClassVar[int] = 2

    def __init__(self, said: str) -> None:
        super().__init__(f"{said!r} is no address of a repository")
        self.said = said


class PoorCloneError(RigError):
    """The clone to borrow from has only a part of its history or of its files."""

    code: ClassVar[str] = "rig.poor_clone"
    hint: ClassVar[str] = "Leave --local-repo out, or complete that clone first (git fetch)."

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path} is a {why} clone: what it lacks could not be borrowed")
        self.path = path


class BusyRigError(RigError):
    """The rig has running work, or work that lies nowhere else."""

    code: ClassVar[str] = "rig.busy"
    hint: ClassVar[str] = "End what runs, push what is saved nowhere else; or repeat with --force."

    def __init__(self, name: str, reasons: Sequence[str]) -> None:
        super().__init__(f"{name} is in use: {'; '.join(reasons)}")
        self.name, self.reasons = name, list(reasons)


class NoRepositoryError(RigError):
    """There is no repository at this path."""

    code: ClassVar[str] = "rig.no_repository"
    hint: ClassVar[str] = "Name a git repository: an address, file:// or a path."
    exit: ClassVar[int] = 2

    def __init__(self, said: str) -> None:
        super().__init__(f"{said} is no git repository")
        self.said = said


class NoRemoteError(RigError):
    """The checkout has no other place where its work lies."""

    code: ClassVar[str] = "rig.no_remote"
    hint: ClassVar[str] = "Add --force to merge into that checkout's own repository."

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} has no remote called origin")
        self.path = str(path)


class DockedError(RigError):
    """The rig rests for long, and is not begun by the way."""

    code: ClassVar[str] = "rig.docked"
    hint: ClassVar[str] = "`gt rig undock RIG` lets it work again."

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is docked")
        self.name = name
