"""What can be wrong with a member of a crew, or with what somebody wants to do to one."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from stamps.errors import WastelandError


class CrewError(WastelandError):
    """Something about a crew was refused; nothing of it was done."""

    code: ClassVar[str] = "crew.refused"
    hint: ClassVar[str] = "`gt crew list --all` shows every crew."
    exit: ClassVar[int] = 1


class NoMemberError(CrewError):
    """No crew has somebody of this name."""

    code: ClassVar[str] = "id.crew"
    exit: ClassVar[int] = 3

    def __init__(self, said: str, known: Sequence[str]) -> None:
        there = f"; there are {', '.join(known)}" if known else "; there is nobody yet"
        super().__init__(f"no crew has a {said!r}{there}")
        self.said = said


class ManyMembersError(CrewError):
    """Crews of several rigs have somebody of this name."""

    code: ClassVar[str] = "id.ambiguous"
    hint: ClassVar[str] = "Say which: RIG/NAME, or --rig RIG."
    exit: ClassVar[int] = 3

    def __init__(self, said: str, found: Sequence[str]) -> None:
        super().__init__(f"{said!r} could be {', '.join(found)}")
        self.said, self.found = said, list(found)


class WhichRigError(CrewError):
    """Nothing says which rig is meant."""

    code: ClassVar[str] = "rig.which"
    hint: ClassVar[str] = "Say which with --rig RIG, or run the command in its folder."
    exit: ClassVar[int] = 2

    def __init__(self, known: Sequence[str]) -> None:
        told = f"there are {', '.join(known)}" if known else "there is none yet: gt rig add"
        super().__init__(f"which rig? {told}")
        self.rigs = list(known)


class MemberThereError(CrewError):
    """The rig has somebody, or a folder, of this name."""

    code: ClassVar[str] = "crew.there"
    hint: ClassVar[str] = "Choose another name, or move the folder away."

    def __init__(self, address: str, path: Path) -> None:
        super().__init__(f"{address} is there already, in {path}")
        self.address, self.path = address, str(path)


class MemberUnderWayError(CrewError):
    """A process is making this checkout at this moment."""

    code: ClassVar[str] = "crew.adding"
    hint: ClassVar[str] = "Wait until it is done, then look: gt crew list"
    retryable: ClassVar[bool] = True

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} is being added at this moment")
        self.address = address


class WouldLoseError(CrewError):
    """The checkout has work that lies nowhere else."""

    code: ClassVar[str] = "crew.unsaved"
    hint: ClassVar[str] = "Commit and push it; with --force it is lost."

    def __init__(self, address: str, lost: Sequence[str]) -> None:
        super().__init__(f"{address} has what no other place has: {', '.join(lost)}")
        self.address, self.lost = address, list(lost)


class HasWorkError(CrewError):
    """Somebody has work in hand, or a session that runs."""

    code: ClassVar[str] = "crew.busy"
    hint: ClassVar[str] = "Take the work off its hook (gt unsling) or end its session first."

    def __init__(self, address: str, what: str) -> None:
        super().__init__(f"{address} {what}")
        self.address = address


class GoneError(CrewError):
    """The folder of the checkout is not there any more."""

    code: ClassVar[str] = "crew.gone"
    hint: ClassVar[str] = "gt crew remove forgets the member; gt crew add makes the checkout anew."

    def __init__(self, address: str, path: Path) -> None:
        super().__init__(f"the checkout of {address} is not there any more: {path}")
        self.address, self.path = address, str(path)


class NotPristineError(CrewError):
    """The checkout could not be brought up to date without touching somebody's work."""

    code: ClassVar[str] = "crew.diverged"
    hint: ClassVar[str] = "Commit or push what is there, or rebase it, then repeat the command."

    def __init__(self, address: str, why: str) -> None:
        super().__init__(f"{address} stays as it is: {why}")
        self.address = address


class GuestNameError(CrewError):
    """Guests from another rig have such names."""

    code: ClassVar[str] = "name.bad"
    hint: ClassVar[str] = "Choose a name that does not begin with that of a rig and a dash."
    exit: ClassVar[int] = 2

    def __init__(self, name: str, rig: str) -> None:
        super().__init__(f"{name!r} is what a guest from {rig} is called here")
        self.name = name


class NoVisitorError(CrewError):
    """Only members of a crew and workers go to other rigs."""

    code: ClassVar[str] = "crew.visitor"
    hint: ClassVar[str] = "Run it in your own clone: <rig>/crew/<name>."
    exit: ClassVar[int] = 2

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} is no member of a crew and no worker")
        self.address = address


class OwnRigError(CrewError):
    """Nobody visits their own rig."""

    code: ClassVar[str] = "crew.own_rig"
    exit: ClassVar[int] = 2

    def __init__(self, address: str, rig: str) -> None:
        super().__init__(f"{rig} is the rig of {address}")
        self.rig = rig


class NoVisitError(CrewError):
    """There is no clone of that rig for that visitor."""

    code: ClassVar[str] = "id.visit"
    hint: ClassVar[str] = "`gt worktree list` shows every one."
    exit: ClassVar[int] = 3

    def __init__(self, address: str, rig: str) -> None:
        super().__init__(f"{address} has no clone in {rig}")
        self.address, self.rig = address, rig
