"""How a use case acts: it looks, makes one change, and looks again if somebody was first.

Everything happens in a turn of the database's thread. A use case keeps nothing between turns.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from ledger.beads.errors import ReadOnlyError
from ledger.private.rows import Event, Row, Setting, Some
from ledger.private.store import Change, ChangedError, PrivateStore, Seen
from town.beads.ports import BeadPorts

TRIES: Final = 30  # of several who write at once one goes on each time
Result = TypeVar("Result")


class Acting:
    """Reads and changes one private database for one caller."""

    def __init__(self, store: PrivateStore, ports: BeadPorts) -> None:
        self.store = store
        self.ports = ports

    def look(self, work: Callable[[], Result]) -> Result:
        """What the work finds, in one turn."""
        return cast("Result", self.ports.run(work))

    def act(self, what: str, work: Callable[[], tuple[Result, Change]]) -> Result:
        """The work's result once its change is durable; `what` is its name in the history.

        Raises ChangedError where somebody else was first each time, and ReadOnlyError.
        """

        def turn() -> Result:
            for last in range(TRIES, 0, -1):
                try:
                    result, change = work()
                    if change:
                        self.check_writes(what)
                        self.store.apply(change)
                        self.ports.said(what)
                except ChangedError:
                    if last == 1:
                        raise
                else:
                    return result
            raise AssertionError("unreachable")

        return cast("Result", self.ports.run(turn))

    def check_writes(self, what: str) -> None:
        """The caller may change something. Raises ReadOnlyError."""
        if self.ports.caller.readonly:
            raise ReadOnlyError(what)

    def event(self, kind: str, subject: str, **payload: Any) -> Event:
        """Something the caller did, now."""
        return Event(
            at=self.ports.now(),
            kind=kind,
            actor=self.ports.caller.actor,
            subject=subject,
            payload=payload,
        )

    def seen(self, row: Some) -> Seen:
        """The row, as a change rests on it."""
        return Seen(kind=type(row), key=row.key, row=row)

    def missing(self, kind: type[Row], *key: str | int) -> Seen:
        """That there is no such row, as a change rests on it."""
        return Seen(kind=kind, key=key, row=None)

    def setting(self, name: str) -> str:
        """What the database was told; empty for nothing. Only within a turn."""
        row = self.store.get(Setting, name)
        return row.value if row is not None else ""
