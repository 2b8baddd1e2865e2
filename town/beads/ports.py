"""What a use case of the beads is given: time, chance, a turn at the database, a caller."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, as the rows will name them, and where from."""

    actor: str  # `overseer`, `<rig>/crew/<name>`, …
    owner: str = ""  # the email address of the person behind it
    session: str = ""  # of the agent's runtime
    prefix: str = ""  # of new beads, where it is not that of the rig or of the database
    rig: str = ""  # in which it stands, if the town has one of this name
    readonly: bool = False  # whether it may change nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class BeadPorts:
    """Everything that a use case may not fetch for itself."""

    now: Callable[[], int]
    new_secret: Callable[[], bytes]
    run: Callable[[Callable[[], object]], object]
    caller: Caller
    said: Callable[[str], None] = lambda _: None  # what the history will call the step
