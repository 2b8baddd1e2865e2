"""Where a ledger keeps its records, its rows and its indexes: the port.

One store is one wasteland's database. A journal write is durable when it returns, and that is
the acknowledgement; rows and indexes follow in one transaction with the journal's tail that
they cover, so that a start after a crash finds exactly what is still to be projected.
The port holds no rule: what enters it was judged by `journal.py`, what it shows was folded.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import msgspec

from ledger.chains import ChainState
from ledger.held import Held
from ledger.store_errors import StoreDamagedError as StoreDamagedError  # noqa: PLC0414  # part of the port
from ledger.store_errors import StoreError as StoreError  # noqa: PLC0414  # part of the port
from ledger.store_errors import StoreFullError as StoreFullError  # noqa: PLC0414  # part of the port
from ledger.tables import Row
from stamps.record import ChainKey, Entry

SubjectKind = Literal["item", "account", "stamp", "link", "wasteland"]


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What the fold says of one subject, replacing all it said before.

    `id` is the post, account, stamp or wasteland, or `link:<account>:<account>`. `rows` are all
    rows derived from it; `card` what lists show beside them (JSON values only). `waits` are the
    record ids, and `path:<account>:<device>` keys, whose arrival changes the answer; `pins` the
    pinned records that stand outside every counted prefix (records 2.4).
    """

    id: str
    kind: SubjectKind
    rows: tuple[Row, ...] = ()
    card: Mapping[str, Any] = msgspec.field(default_factory=dict)
    waits: tuple[str, ...] = ()
    pins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """One step of the indexes and rows; the tail ends with its entries when it is applied."""

    entries: Sequence[Entry] = ()
    chains: Sequence[ChainState] = ()
    subjects: Sequence[Subject] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One row written by somebody without a record (records 7.6), with where it was seen."""

    row: Row
    source: str  # e.g. a commons' name
    commit: str
    seen_at: int  # microseconds since 1970 UTC


TALLY_MAX = 1_000  # nobody reads further, and a count is bounded so

Sort = Literal["priority", "newest", "oldest", "updated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardQuery:
    """Which items, in what order: every given filter must hold. Names are row names."""

    status: tuple[str, ...] = ()
    project: str | None = None
    type: str | None = None
    priority: int | None = None
    effort: str | None = None
    tag: str | None = None
    poster: str | None = None
    claimer: str | None = None
    text: str | None = None
    signed: bool | None = None
    sort: Sort = "priority"
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of the board: the `wanted` row, its card, and its provenance when unsigned."""

    row: dict[str, Any]
    card: Mapping[str, Any]
    observed: Observed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Items in order; `cursor` continues after the last one, None at the end.

    A `partial` page has fewer than asked for because enough was looked at: `cursor` looks on.
    """

    items: tuple[Item, ...]
    cursor: str | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One Dolt commit of the store."""

    id: str
    message: str
    at: str  # RFC 3339 UTC


class Reader(Held, Protocol):
    """What a store answers; every method sees one consistent state."""

    def tail(self) -> Iterable[Sequence[Entry]]:
        """Journalled records that no projection covers yet, by batches in order of arrival.

        A projection may be written between two batches.
        """
        ...

    def chains(self) -> Iterable[ChainState]:
        """The state of every chain as last projected."""
        ...

    def accounts(self) -> Iterable[str]:
        """Every account of which a log record is held."""
        ...

    def entries(self, after: str = "") -> Iterator[Entry]:
        """Every journalled record in key order (`at`, id), from behind `<at hex><id>`."""
        ...

    def scan(self, after: str) -> Iterator[Entry]:
        """As `entries`, for handing on: looked at by their ids alone."""
        ...

    def count(self) -> int:
        """How many records are held."""
        ...

    def waiting(self, key: str) -> Sequence[str]:
        """Subjects whose `waits` name this key."""
        ...

    def awaited(self) -> Iterable[tuple[str, str]]:
        """(subject, record id of 64 hex) of every record that a subject's `waits` names."""
        ...

    def loose(self) -> Sequence[Entry]:
        """Records that were set aside without their chain, in order (records 2.2)."""
        ...

    def places(self) -> Iterator[tuple[ChainKey, int, str]]:
        """(chain, seq, key) of every projected record of a chain, by key; no record is read.

        A key is 14 hex digits of `at`, then the id.
        """
        ...

    def pins(self) -> Iterable[tuple[str, str]]:
        """(subject, record id) of every pin of every subject."""
        ...

    def subject_of(self, public_item_id: str) -> str | None:
        """The record id of the post behind a signed `w-…` id."""
        ...

    def look_ahead(self, subjects: Sequence[str]) -> None:
        """A fold of these comes next: their records and cards may be fetched at once."""
        ...

    def card(self, subject_id: str) -> Mapping[str, Any]:
        """The card of a subject as last projected; empty for one that is not."""
        ...

    def subject(self, subject_id: str) -> Subject | None:
        """A subject as last projected."""
        ...

    def subjects(self, kind: SubjectKind) -> Iterator[Subject]:
        """Every subject of a kind, by id."""
        ...

    def row(self, table: str, key: str) -> dict[str, Any] | None:
        """One signed row; JSON columns parsed, times as `YYYY-MM-DD HH:MM:SS`."""
        ...

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """Every signed row of a table, by key."""
        ...

    def find(self, query: BoardQuery) -> Page:
        """Items of both layers, the signed one hiding an unsigned one of the same id."""
        ...

    def ids(self, prefix: str, limit: int) -> Sequence[str]:
        """Public item ids (`w-…`) of both layers that start with the prefix, in order."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Items by status, both layers."""
        ...

    def tally(self, poster: str, status: str = "") -> Mapping[str, int]:
        """Items of a poster by status (or of the one), both layers, each up to TALLY_MAX."""
        ...

    def observed(self, table: str, key: str | None = None) -> Iterator[Observed]:
        """Unsigned rows of a table, or the one of a key."""
        ...

    def document(self, space: str, key: str) -> Any | None:
        """A local note of the node (peers, invites, cursors); never in history."""
        ...

    def documents(self, space: str) -> Mapping[str, Any]:
        """All local notes of a space, by key."""
        ...

    def commits(self, limit: int) -> Sequence[Commit]:
        """The newest Dolt commits first."""
        ...

    def as_of(self, commit: str, table: str) -> Iterator[dict[str, Any]]:
        """The rows of a table as a commit had them (a commit id, or an RFC 3339 time)."""
        ...

    def changes(self, first: str, last: str, table: str) -> Iterator[Mapping[str, Any]]:
        """Rows that differ between two commits: their `change`, the row `before` and `after`."""
        ...


class Store(Reader, Protocol):
    """A store that one writer at a time changes."""

    def write(self, entries: Sequence[Entry], projection: Projection | None) -> None:
        """The records are durable; with a projection, also indexed and shown, in one commit.

        A projection covers its entries and the given records. Writing a record that
        is already held changes nothing. Raises StoreFullError, StoreError.
        """
        ...

    def observe(self, rows: Sequence[Observed]) -> None:
        """The unsigned rows are kept; a newer observation of a key replaces an older one."""
        ...

    def shelve(self, kept: Sequence[Entry], gone: Sequence[Entry]) -> None:
        """The one are loose and durable, the others loose no more; neither is a record held."""
        ...

    def put(self, space: str, key: str, value: Any | None) -> None:
        """The local note is durable; None removes it."""
        ...

    def checkpoint(self, message: str) -> str | None:
        """Everything versioned is in a Dolt commit; its id, or None when nothing had changed."""
        ...

    def clear_projections(self) -> None:
        """Rows and indexes are empty and every record is in the tail again (for a rebuild)."""
        ...

    def collect(self) -> None:
        """Unreferenced storage is given back (Dolt gc). Call at rest."""
        ...

    def close(self) -> None:
        """No connection, lock or thread of the store is left."""
        ...
