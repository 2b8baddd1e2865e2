"""Where a simulated process can die: before and after each call of each of its ports, by name.

The list is the whole list: a call that is not in it fails the run, and the three hundred seeds
must have died at every one.
"""

from collections.abc import Callable
from typing import Any, Final

STORE: Final = ("write", "put")
KEYS: Final = ("load", "save_rotation")
PEERS: Final = ("push", "list", "sync", "reach", "standing", "ahead_s", "home_of", "seen_by")
PORTS: Final = ("now", "new_secret", "run", "wait")
WIRE: Final = ("ask", "answer")  # a message leaves, a message is answered

POINTS: Final = tuple(
    f"{port}.{call}:{when}"
    for port, calls in (
        ("store", STORE), ("keys", KEYS), ("peers", PEERS), ("ports", PORTS), ("wire", WIRE)
    )
    for call in calls
    for when in ("before", "after")
)  # fmt: skip


class Watched:
    """A port whose calls pass the fault before and after they are made."""

    def __init__(self, port: Any, name: str, fault: Callable[[str], None]) -> None:
        self._port = port
        self._name = name
        self._fault = fault

    def __getattr__(self, call: str) -> Any:
        inner = getattr(self._port, call)
        return watched(inner, f"{self._name}.{call}", self._fault) if callable(inner) else inner


def watched(call: Callable[..., Any], name: str, fault: Callable[[str], None]) -> Any:
    """The call, with a point before and one after it."""

    def passed(*args: Any, **named: Any) -> Any:
        fault(f"{name}:before")
        made = call(*args, **named)
        fault(f"{name}:after")
        return made

    return passed
