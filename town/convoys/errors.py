"""What can be wrong with a convoy, or with what somebody wants to do to it."""

from collections.abc import Sequence
from typing import ClassVar

from stamps.errors import WastelandError


class ConvoyError(WastelandError):
    """Something about a convoy was refused; nothing of it was done."""

    code: ClassVar[str] = "convoy.refused"
    hint: ClassVar[str] = "`gt convoy show ID` says how it stands."
    exit: ClassVar[int] = 1


class NoConvoyError(ConvoyError):
    """No convoy has this id or number."""

    code: ClassVar[str] = "convoy.none"
    hint: ClassVar[str] = "`gt convoy list` numbers the open ones, `--all` shows every one."
    exit: ClassVar[int] = 3

    def __init__(self, said: str) -> None:
        super().__init__(f"no convoy is called {said!r}")
        self.said = said


class ManyConvoysError(ConvoyError):
    """More than one convoy begins with this."""

    code: ClassVar[str] = "convoy.ambiguous"
    hint: ClassVar[str] = "Write more of the id."
    exit: ClassVar[int] = 3

    def __init__(self, said: str, found: Sequence[str]) -> None:
        super().__init__(f"{said!r} could be {', '.join(found)}")
        self.said, self.found = said, tuple(found)


class OpenItemsError(ConvoyError):
    """Some of its beads are not closed."""

    code: ClassVar[str] = "convoy.open_items"
    hint: ClassVar[str] = "Wait for them, or add --force."

    def __init__(self, convoy: str, left: Sequence[str]) -> None:
        shown = ", ".join(left[:5]) + (f" and {len(left) - 5} more" if len(left) > 5 else "")  # noqa: PLR2004
        super().__init__(f"{convoy} still follows {len(left)} open: {shown}")
        self.convoy, self.left = convoy, tuple(left)


class NotOwnedError(ConvoyError):
    """The convoy lands by itself."""

    code: ClassVar[str] = "convoy.not_owned"
    hint: ClassVar[str] = "It lands when its last bead closes; gt convoy close ends it before."

    def __init__(self, convoy: str) -> None:
        super().__init__(f"{convoy} is not owned: nobody has to land it")
        self.convoy = convoy


class BadConvoyError(ConvoyError):
    """A convoy cannot be like this."""

    code: ClassVar[str] = "convoy.bad"
    hint: ClassVar[str] = "`gt convoy create --help` says what it takes."
    exit: ClassVar[int] = 2


class StageError(ConvoyError):
    """What was to be staged cannot run: every fault is listed."""

    code: ClassVar[str] = "convoy.stage"
    hint: ClassVar[str] = "Mend the dependencies or the prefixes, then stage again."

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class WarnedError(ConvoyError):
    """A convoy was staged with warnings."""

    code: ClassVar[str] = "convoy.warned"
    hint: ClassVar[str] = "Look at them with gt convoy show, then add --force."

    def __init__(self, convoy: str) -> None:
        super().__init__(f"{convoy} was staged with warnings")
        self.convoy = convoy
