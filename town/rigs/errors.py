"""What can be wrong with a rig, or with what somebody wants to do to it."""

from pathlib import Path
from typing import ClassVar

from stamps.errors import WastelandError


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
    """The repository has no such branch."""

    code: ClassVar[str] = "rig.branch"
    hint: ClassVar[str] = "Name one that is there with --branch."

    def __init__(self, url: str, branch: str) -> None:
        super().__init__(f"{url} has no branch {branch}")
        self.url, self.branch = url, branch


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
