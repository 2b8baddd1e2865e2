"""The port of a town's private database: rows by key or by value, and changes that are one step.

Pure. A change says which rows it rests on; a store in which one of them is different by now takes
nothing of it. Events are written in the transaction of the change that they describe.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

from ledger.private.rows import Event, Key, Row, Some
from ledger.store_errors import StoreError

EVENTS_MAX = 1_000
Made = TypeVar("Made")


class ChangedError(StoreError):
    """What a change rests on was changed by somebody else meanwhile; nothing of it was done."""

    code: ClassVar[str] = "store.changed"
    hint: ClassVar[str] = "Somebody was first; look again, then repeat the command."
    exit: ClassVar[int] = 1
    retryable: ClassVar[bool] = True

    def __init__(self, table: str, key: Key) -> None:
        super().__init__(f"{table} {'/'.join(str(part) for part in key)} has changed meanwhile")
        self.table = table
        self.key = "/".join(str(part) for part in key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A row as it was read, or that there was none under the key."""

    kind: type[Row]
    key: Key
    row: Row | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A row that is to be no more."""

    kind: type[Row]
    key: Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A row as a commit of the history has it; `at` is in microseconds since 1970 UTC."""

    commit: str
    at: int
    author: str
    row: Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Rows to put and to drop, and what there is to tell of it, all or nothing."""

    puts: tuple[Row, ...] = ()
    drops: tuple[Dropped, ...] = ()
    events: tuple[Event, ...] = ()
    seen: tuple[Seen, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.puts or self.drops or self.events)

    def __add__(self, other: "Change") -> "Change":
        """Both as one step."""
        return Change(
            puts=self.puts + other.puts,
            drops=self.drops + other.drops,
            events=self.events + other.events,
            seen=self.seen + other.seen,
        )


def missed(events: Sequence[Event], *, after: int) -> bool:
    """Whether events behind this number are gone, by the first of those that are there."""
    return bool(events) and events[0].seq > after + 1


class PrivateReader(Protocol):
    """Looks at the private database."""

    def get(self, kind: type[Some], /, *key: str | int) -> Some | None:
        """The row under the key."""
        ...

    def find(self, kind: type[Some], /, **where: Any) -> Sequence[Some]:
        """The rows with these values, by their key; a tuple stands for any of its values.

        Of a type that others extend, rows of theirs are as good: they say more.
        """
        ...

    def keys(self, kind: type[Row], start: str, *, at_most: int) -> Sequence[Key]:
        """Keys of rows whose first part begins so, in order."""
        ...

    def events(self, after: int, *, at_most: int = EVENTS_MAX) -> Sequence[Event]:
        """What happened behind this number, in order; what is long ago may be gone."""
        ...

    def events_of(self, subject: str, *, at_most: int) -> Sequence[Event]:
        """The newest that happened to one subject, in order; no others are looked at."""
        ...

    def made(self, of: tuple[type[Row], ...], make: "Callable[[PrivateReader], Made]") -> Made:
        """What `make` finds, which looks at rows of these types and at nothing else.

        A store that is sure that none of those rows has changed gives again what it gave before;
        so nobody may change what they are given, and `make` is a function of a module.
        """
        ...


class PrivateStore(PrivateReader, Protocol):
    """The private database."""

    def apply(self, change: Change) -> Sequence[Event]:
        """The change is durable; its events, numbered. Raises ChangedError, StoreError."""
        ...

    def checkpoint(self, message: str) -> bool:
        """The versioned tables are in the history as they are; False where nothing had changed."""
        ...

    def versions(self, kind: type[Row], /, *key: str | int) -> Sequence[Version]:
        """The row under the key as it was after each commit that changed it, the newest first.

        What no commit has yet is not among them; a store without a history has none.
        """
        ...

    def collect(self) -> None:
        """Storage that nothing refers to is given back."""
        ...

    def close(self) -> None:
        """Nothing of the store is open any more."""
        ...
