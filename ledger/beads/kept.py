"""A private database whose one writer we are, with the rows that most questions ask for in memory.

Pure. It keeps every link and every bead, or only live beads where there are many, exact after each
change; whatever else is asked goes to the store behind it. It must never stand before a database
that somebody else writes to.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, cast

from ledger.beads.rows import LIVE, Bead, Link, Outline
from ledger.private.rows import Event, Key, Row, Some, matches
from ledger.private.store import (
    EVENTS_MAX,
    Change,
    Made,
    PrivateReader,
    PrivateStore,
    Version,
)

ROWS_MAX: Final = 500_000
CLOSED_TOO_MAX: Final = 50_000  # so many beads are kept whole, about a kilobyte each
Rows = dict[Key, Row]
_LIVE: Final = {"status": LIVE}


class KeptPrivate:
    """A store, and beside it what it holds of beads and of links."""

    def __init__(
        self,
        store: PrivateStore,
        *,
        rows_max: int = ROWS_MAX,
        closed_too_max: int = CLOSED_TOO_MAX,
    ) -> None:
        self.store = store
        self._rows_max = rows_max
        self._closed_too_max = closed_too_max
        self._closed_too = False
        self._beads: dict[Key, Bead] | None = None
        self._live: dict[Key, Bead] = {}  # those of them that are not closed
        self._links: dict[Key, Link] | None = None
        self._ends: dict[str, dict[str, Rows]] = {}
        self._changes: dict[type[Row], int] = {}
        self._made: dict[Any, tuple[tuple[int, ...], Any]] = {}

    # --- what is kept

    def _kept_beads(self) -> dict[Key, Bead] | None:
        """Beads by key, live ones at least; None where those are too many."""
        if self._beads is None and self._rows_max:
            count = len(self.store.keys(Bead, "", at_most=self._closed_too_max + 1))
            self._closed_too = count <= self._closed_too_max
            where = {} if self._closed_too else {"status": LIVE}
            self._beads = {bead.key: bead for bead in self.store.find(Bead, **where)}
            self._live = {key: bead for key, bead in self._beads.items() if bead.status in LIVE}
            self._bound()
        return self._beads

    def _kept_links(self) -> dict[Key, Link] | None:
        """Every link by key; None where they are too many."""
        if self._links is None and self._rows_max:
            self._links = {}
            self._ends = {"issue_id": {}, "depends_on_id": {}}
            for link in self.store.find(Link):
                self._put_link(link)
            self._bound()
        return self._links

    def _bound(self) -> None:
        """Nothing grows without end: of too many rows fewer are kept, of far too many none."""
        beads, links = len(self._beads or ()), len(self._links or ())
        if max(beads, links) > self._rows_max:
            self._rows_max = 0
            self._forget()
        elif self._closed_too and beads > self._closed_too_max:
            self._forget()

    def _forget(self) -> None:
        self._beads = self._links = None
        self._live, self._ends = {}, {}
        self._made.clear()

    def _put_link(self, link: Link) -> None:
        if self._links is not None:
            self._links[link.key] = link
            for name, ends in self._ends.items():
                ends.setdefault(getattr(link, name), {})[link.key] = link

    def _drop_link(self, key: Key) -> None:
        if self._links is not None and (link := self._links.pop(key, None)) is not None:
            for name, ends in self._ends.items():
                ends[getattr(link, name)].pop(key, None)

    # --- reading

    def get(self, kind: type[Some], /, *key: str | int) -> Some | None:
        """The row under the key."""
        kept = self._rows_of(kind)
        if kept is not None and (row := kept.get(key)) is not None:
            return cast("Some", row)
        if kept is not None and (kind is Link or self._closed_too):
            return None
        return self.store.get(kind, *key)

    def _rows_of(self, kind: type[Row]) -> Mapping[Key, Row] | None:
        if kind is Bead or kind is Outline:
            return self._kept_beads()
        return self._kept_links() if kind is Link else None

    def find(self, kind: type[Some], /, **where: Any) -> Sequence[Some]:
        """The rows with these values, in order of their key."""
        of_beads = kind is Bead or kind is Outline
        kept = self._rows_of(kind)
        if kept is None or (of_beads and not self._closed_too and not _live_only(where)):
            return self.store.find(kind, **where)
        among = self._between(where) if kind is Link else kept.items()
        if of_beads and _live_only(where):
            among = self._live.items()
            where = {} if where == _LIVE else where
        found = [(key, row) for key, row in among if matches(row, where)] if where else list(among)
        found.sort(key=itemgetter(0))  # they nearly are: as they were read, then as they came
        return cast("Sequence[Some]", [row for _, row in found])

    def _between(self, where: Mapping[str, Any]) -> Iterable[tuple[Key, Row]]:
        """The links that could be meant: by one of their ends where one is named."""
        for name, ends in self._ends.items():
            if name in where:
                said = where[name] if isinstance(where[name], tuple) else (where[name],)
                return [pair for end in dict.fromkeys(said) for pair in ends.get(end, {}).items()]
        return (self._kept_links() or {}).items()

    def keys(self, kind: type[Row], start: str, *, at_most: int) -> Sequence[Key]:
        """Keys of rows whose first part begins so, in order."""
        return self.store.keys(kind, start, at_most=at_most)

    def events(self, after: int, *, at_most: int = EVENTS_MAX) -> Sequence[Event]:
        """What happened behind this number, in order."""
        return self.store.events(after, at_most=at_most)

    def events_of(self, subject: str, *, at_most: int) -> Sequence[Event]:
        """The newest that happened to one subject, in order."""
        return self.store.events_of(subject, at_most=at_most)

    def made(self, of: tuple[type[Row], ...], make: Callable[[PrivateReader], Made]) -> Made:
        """What `make` finds, made anew only where rows of these types were written since."""
        now = tuple(self._changes.get(kind, 0) for kind in of)
        found = self._made.get(make)
        if found is None or found[0] != now:
            found = (now, make(self))
            self._made[make] = found
        return cast("Made", found[1])

    # --- writing

    def apply(self, change: Change) -> Sequence[Event]:
        """Everything of the change is durable and kept. Raises ChangedError, StoreError."""
        try:
            told = self.store.apply(change)
        except BaseException:
            self._forget()  # whether it was written is not known
            raise
        for drop in change.drops:
            self._changed(drop.kind)
            if drop.kind is Bead and self._beads is not None:
                self._beads.pop(drop.key, None)
                self._live.pop(drop.key, None)
            elif drop.kind is Link:
                self._drop_link(drop.key)
        for row in change.puts:
            self._changed(type(row))
            self._keep(row)
        self._bound()
        return told

    def _changed(self, kind: type[Row]) -> None:
        self._changes[kind] = self._changes.get(kind, 0) + 1

    def _keep(self, row: Row) -> None:
        if isinstance(row, Link):
            self._put_link(row)
        elif isinstance(row, Bead) and self._beads is not None:
            live = row.status in LIVE
            _set(self._live, row, there=live)
            _set(self._beads, row, there=live or self._closed_too)

    def checkpoint(self, message: str) -> bool:
        """The versioned tables are in the history as they are; False where nothing had changed."""
        return self.store.checkpoint(message)

    def versions(self, kind: type[Row], /, *key: str | int) -> Sequence[Version]:
        """The row as it was after each commit that changed it, the newest first."""
        return self.store.versions(kind, *key)

    def collect(self) -> None:
        """Storage that nothing refers to is given back."""
        self.store.collect()

    def close(self) -> None:
        """Nothing of the store is open any more."""
        self._forget()
        self.store.close()


def _set(rows: dict[Key, Bead], row: Bead, *, there: bool) -> None:
    """The row is among them, or is not."""
    if there:
        rows[row.key] = row
    else:
        rows.pop(row.key, None)


def _live_only(where: Mapping[str, Any]) -> bool:
    """Whether only live beads are asked for."""
    said = where.get("status")
    if isinstance(said, tuple):
        return all(status in LIVE for status in said)
    return isinstance(said, str) and said in LIVE
