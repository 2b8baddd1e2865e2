"""What a use case answers: facts for programs, words for people, one exit code for both.

Values only. Printing, escaping and colouring are the edges' work; strangers' text stands in
`data` under keys named `untrusted`, and in the columns that scripts know by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from stamps.errors import WastelandError

GO: Final = 0  # done: you may go on
NOT_ALLOWED: Final = 4
NOT_YOURS: Final = 5  # stop: it is somebody else's
UNREACHED: Final = 7  # the local part is done and queued
DAMAGED: Final = 8
NOT_SETTLED: Final = 9  # wait: do not start

Reaches = Literal["local", "peers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """One thing that could be done now. `cmd` is an argv, never built from strangers' text.

    `label` says to people what it is for, where the command alone does not.
    """

    do: str
    cmd: tuple[str, ...]
    needs: tuple[str, ...] = ()
    reaches: Reaches = "local"
    undo: str = ""
    label: str = ""

    def facts(self) -> dict[str, Any]:
        """The step as programs read it: argv, never a shell string."""
        return {
            "do": self.do,
            "cmd": list(self.cmd),
            "needs": list(self.needs),
            "reaches": self.reaches,
            "undo": self.undo,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """An order to stop working on an item. `code` is that of the error `wait` would give.

    `reason` is what a stranger said; `words` are ours alone, `told` are both, for people.
    """

    code: str
    item: str
    short: str
    agent: str
    words: str
    told: tuple[str, ...] = ()
    by: str = ""
    reason: str = ""

    def facts(self) -> dict[str, Any]:
        """The order as programs read it; the reason is a stranger's."""
        return {
            "code": self.code,
            "item": self.item,
            "short": self.short,
            "agent": self.agent,
            "words": self.words,
            "by": self.by,
            "untrusted": {"reason": self.reason},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The outcome of a use case that did not fail.

    `exit` is 0, 4, 5, 7, 8 or 9; `error` says in JSON why it is not 0. `heard_s` is the age in
    seconds of what the freshest peer said, None when nobody was heard; `unsent` counts records
    of ours that no peer acknowledged.
    """

    schema: str
    data: Any
    words: tuple[str, ...] = ()
    next: tuple[Next, ...] = ()
    exit: int = GO
    error: Mapping[str, Any] | None = None
    warn: tuple[str, ...] = ()
    stop: tuple[Stop, ...] = ()
    heard_s: int | None = None
    unsent: int = 0


def problem(
    code: str, why: str, *, tries: tuple[tuple[str, ...], ...] = (), **facts: Any
) -> dict[str, Any]:
    """The `error` of an answer, in the form of every error's JSON."""
    retry_after_s = facts.pop("retry_after_s", None)
    return {
        "code": code,
        "message": why,
        "why": why,
        "try": [list(argv) for argv in tries],
        "retryable": retry_after_s is not None,
        "retry_after_s": retry_after_s,
        **facts,
    }


def error_facts(error: WastelandError) -> dict[str, Any]:
    """An error as every envelope has it; its public attributes are its facts."""
    facts = {
        name: value
        for name, value in vars(error).items()
        if not name.startswith("_") and isinstance(value, str | int | bool | list | tuple)
    }
    for name in ("words", "try_", "exit", "code", "hint", "args"):
        facts.pop(name, None)
    return {
        "code": error.code,
        "message": str(error),
        "why": str(getattr(error, "why", "")) or error.hint,
        "try": [list(step) for step in getattr(error, "try_", ())],
        "retryable": bool(getattr(error, "retryable", False)),
        "retry_after_s": getattr(error, "retry_after_s", None),
        **{name: fact for name, fact in facts.items() if name not in ("retryable", "why")},
    }
