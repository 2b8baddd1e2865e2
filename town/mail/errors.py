"""What can be wrong with a letter that somebody looks for."""

from collections.abc import Sequence
from typing import ClassVar

from stamps.errors import WastelandError


class MailError(WastelandError):
    """Something about the mail was refused; nothing of it was done."""

    code: ClassVar[str] = "mail.refused"
    hint: ClassVar[str] = "`gt mail inbox` lists your letters."
    exit: ClassVar[int] = 1


class NoLetterError(MailError):
    """No letter has this id."""

    code: ClassVar[str] = "mail.none"
    exit: ClassVar[int] = 3

    def __init__(self, said: str) -> None:
        super().__init__(f"no letter is called {said!r}")
        self.said = said


class ManyLettersError(MailError):
    """More than one letter begins with this."""

    code: ClassVar[str] = "mail.ambiguous"
    hint: ClassVar[str] = "Write more of the id."
    exit: ClassVar[int] = 3

    def __init__(self, said: str, found: Sequence[str]) -> None:
        super().__init__(f"{said!r} could be {', '.join(found)}")
        self.said, self.found = said, tuple(found)


class NotYoursError(MailError):
    """The letter lies in the boxes of others; its state is theirs to change."""

    code: ClassVar[str] = "mail.not_yours"
    hint: ClassVar[str] = "`gt mail peek ID` shows it without changing anything."
    exit: ClassVar[int] = 4

    def __init__(self, letter: str, whose: Sequence[str]) -> None:
        super().__init__(f"{letter} was sent to {', '.join(whose[:5])}, not to you")
        self.letter, self.whose = letter, tuple(whose)


class GroupError(MailError):
    """A group cannot be like this, or there is none of the name."""

    code: ClassVar[str] = "mail.group"
    hint: ClassVar[str] = "`gt mail group list` shows the groups."
    exit: ClassVar[int] = 2

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"group {name!r} {why}")
        self.name = name
