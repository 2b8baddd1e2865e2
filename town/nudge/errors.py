"""Why a nudge was not taken."""

from typing import ClassVar

from stamps.errors import WastelandError


class NudgeRefusedError(WastelandError):
    """The nudge was refused; that is recorded, with the reason."""

    code: ClassVar[str] = "nudge.refused"
    hint: ClassVar[str] = "Write a letter instead: gt mail send"
    exit: ClassVar[int] = 1

    def __init__(self, recipient: str, why: str) -> None:
        super().__init__(f"{recipient}: {why}")
        self.recipient = recipient


class MutedError(NudgeRefusedError):
    """The recipient is not to be disturbed."""

    code: ClassVar[str] = "nudge.muted"
    hint: ClassVar[str] = "Write a letter instead, or add --force."
    exit: ClassVar[int] = 4

    def __init__(self, recipient: str) -> None:
        super().__init__(recipient, "is not to be disturbed")


class FullError(NudgeRefusedError):
    """Too many nudges wait for the recipient."""

    code: ClassVar[str] = "nudge.full"
    hint: ClassVar[str] = "They are shown at its next turn's end; write a letter instead."

    def __init__(self, recipient: str, waiting: int) -> None:
        super().__init__(recipient, f"{waiting} nudges wait already")
        self.waiting = waiting


class AsleepError(NudgeRefusedError):
    """The recipient has no session that could be told at once."""

    code: ClassVar[str] = "nudge.asleep"
    hint: ClassVar[str] = "`gt agents` shows what runs; --mode queue waits for its next turn."
    exit: ClassVar[int] = 3

    def __init__(self, recipient: str, session: str) -> None:
        super().__init__(recipient, f"its session {session} does not run")
        self.session = session


class PersonError(NudgeRefusedError):
    """The person behind the town has no session."""

    code: ClassVar[str] = "nudge.person"
    exit: ClassVar[int] = 2

    def __init__(self, recipient: str) -> None:
        super().__init__(recipient, "is a person, who reads mail")
