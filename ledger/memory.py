"""A ledger's store in memory: for tests, simulated towns and bundles being looked at.

It keeps the port's promises, a crash included: what a write returned from is what a reopened
store holds. It writes to no disk.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ledger.chains import ChainState
from ledger.commits import NoCommitError, back_from_head, is_hash, moment
from ledger.foreign import plain
from ledger.held import MemoryHeld
from ledger.memory_board import find_items
from ledger.record_key import record_key
from ledger.store import (
    TALLY_MAX,
    BoardQuery,
    Commit,
    Item,
    Observed,
    Page,
    Projection,
    Subject,
    SubjectKind,
)
from ledger.tables import BY_NAME
from stamps.record import ChainKey, Entry

Faults = Callable[[str], None]


def no_faults(point: str) -> None:
    """Nothing fails."""
    del point


class MemoryStore:
    """The Store port over dictionaries. `faults` is called before and after each write takes."""

    def __init__(self, faults: Faults = no_faults) -> None:
        self.faults = faults
        self._journal: dict[str, Entry] = {}
        self._tail: dict[str, Entry] = {}
        self._held = MemoryHeld()
        self._chains: dict[ChainKey, ChainState] = {}
        self._subjects: dict[str, Subject] = {}
        self._waits: dict[str, dict[str, None]] = {}
        self._owners: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
        self._observed: dict[tuple[str, str], Observed] = {}
        self._loose: dict[str, Entry] = {}
        self._documents: dict[str, dict[str, Any]] = {}
        self._commits: list[tuple[Commit, dict[str, dict[str, Any]]]] = []

    def reopened(self, faults: Faults = no_faults) -> "MemoryStore":
        """The store as a new process finds it."""
        self.faults = faults
        return self

    # --- Held

    def entry(self, record_id: str) -> Entry | None:
        """The projected record of this id."""
        return self._held.entry(record_id)

    def about(self, subject: str) -> Sequence[Entry]:
        """Projected records about the subject."""
        return self._held.about(subject)

    def slots(self, key: ChainKey, first: int, last: int) -> Sequence[Entry]:
        """Projected records of a chain in the seq range."""
        return self._held.slots(key, first, last)

    def places(self) -> Iterator[tuple[ChainKey, int, str]]:
        """(chain, seq, key) of every projected record of a chain, by key."""
        there = (e.record for e in self._held.entries() if e.record.scope != "account")
        found = [(record_key(record), record) for record in there]
        for key, record in sorted(found, key=lambda pair: pair[0]):
            yield record.chain, record.seq, key

    def log(self, account: str) -> Sequence[Entry]:
        """Projected log records of an account."""
        return self._held.log(account)

    def by_account(self, account: str) -> Sequence[str]:
        """Subjects that projected records of the account touch."""
        return self._held.by_account(account)

    # --- Reader

    def tail(self) -> Iterable[Sequence[Entry]]:
        """Journalled records that no projection covers, as one batch."""
        return (tuple(self._tail.values()),) if self._tail else ()

    def chains(self) -> Iterable[ChainState]:
        """Every chain as last projected."""
        return tuple(self._chains.values())

    def accounts(self) -> Iterable[str]:
        """Every account with a held log record."""
        return tuple(self._held.accounts())

    def entries(self, after: str = "") -> Iterator[Entry]:
        """Every journalled record by (`at`, id)."""
        keyed = sorted((record_key(e.record), e) for e in self._journal.values())
        return iter([entry for key, entry in keyed if key > after])

    def scan(self, after: str) -> Iterator[Entry]:
        """As `entries`."""
        return self.entries(after)

    def count(self) -> int:
        """How many records are held."""
        return len(self._journal)

    def waiting(self, key: str) -> Sequence[str]:
        """Subjects that wait for the key."""
        return tuple(self._waits.get(key, ()))

    def awaited(self) -> Iterable[tuple[str, str]]:
        """(subject, record id) of every record that a subject waits for."""
        waits = self._waits.items()
        return tuple((s, key) for key, there in waits if ":" not in key for s in there)

    def loose(self) -> Sequence[Entry]:
        """Records set aside, by (`at`, id)."""
        return sorted(self._loose.values(), key=lambda e: (e.record.at, e.record.id))

    def pins(self) -> Iterable[tuple[str, str]]:
        """(subject, record id) of every pin."""
        return tuple((s.id, pin) for s in self._subjects.values() for pin in s.pins)

    def subject_of(self, public_item_id: str) -> str | None:
        """The post behind a signed `w-…` id."""
        owners = self._owners.get(("wanted", public_item_id))
        return min(owners) if owners else None

    def look_ahead(self, subjects: Sequence[str]) -> None:
        """Everything is at hand."""

    def card(self, subject_id: str) -> Mapping[str, Any]:
        """The card of a subject as last projected."""
        subject = self._subjects.get(subject_id)
        return subject.card if subject is not None else {}

    def subject(self, subject_id: str) -> Subject | None:
        """A subject as last projected."""
        return self._subjects.get(subject_id)

    def subjects(self, kind: SubjectKind) -> Iterator[Subject]:
        """Every subject of a kind, by id."""
        return iter([s for _, s in sorted(self._subjects.items()) if s.kind == kind])

    def row(self, table: str, key: str) -> dict[str, Any] | None:
        """One signed row; of several owners of a key the lowest subject's (records 7.5)."""
        owners = self._owners.get((table, key))
        return _copied(owners[min(owners)]) if owners else None

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """Every signed row of a table, by key."""
        keys = sorted(key for name, key in self._owners if name == table)
        found = (self.row(table, key) for key in keys)
        return iter([row for row in found if row is not None])

    def find(self, query: BoardQuery) -> Page:
        """Items of both layers in the asked order."""
        return find_items(self._items(), query)

    def _items(self) -> Iterator[Item]:
        for row in self.rows("wanted"):
            subject = self._subjects[self.subject_of(row["id"]) or ""]
            yield Item(row=row, card=subject.card)
        for observed in self.observed("wanted"):
            if ("wanted", observed.row.key) not in self._owners:
                yield Item(row=dict(observed.row.values), card={}, observed=observed)

    def ids(self, prefix: str, limit: int) -> Sequence[str]:
        """Public item ids of both layers with the prefix."""
        found = {key for table, key in self._owners if table == "wanted"}
        found |= {key for table, key in self._observed if table == "wanted"}
        return sorted(key for key in found if key.startswith(prefix))[:limit]

    def counts(self) -> Mapping[str, int]:
        """Items by status, both layers."""
        found: dict[str, int] = {}
        for row in self._wanted():
            status = str(row.get("status"))
            found[status] = found.get(status, 0) + 1
        return found

    def _wanted(self) -> Iterator[Mapping[str, Any]]:
        """Items of both layers, as they lie here."""
        for (table, _), owners in self._owners.items():
            if table == "wanted":
                yield owners[min(owners)]
        for (table, key), observed in self._observed.items():
            if table == "wanted" and ("wanted", key) not in self._owners:
                yield observed.row.values

    def tally(self, poster: str, status: str = "") -> Mapping[str, int]:
        """Items of a poster by status (or of the one), both layers, up to the limit."""
        found: dict[str, int] = {}
        for item in self._items():
            its = str(item.row.get("status"))
            if item.row.get("posted_by") == poster and status in ("", its):
                found[its] = min(TALLY_MAX, found.get(its, 0) + 1)
        return found

    def observed(self, table: str, key: str | None = None) -> Iterator[Observed]:
        """Unsigned rows of a table, or the one of a key."""
        found = sorted((k, o) for (name, k), o in self._observed.items() if name == table)
        return iter([o for k, o in found if key is None or k == key])

    def document(self, space: str, key: str) -> Any | None:
        """A local note of the node."""
        return _copied(self._documents.get(space, {}).get(key))

    def documents(self, space: str) -> Mapping[str, Any]:
        """All local notes of a space."""
        found: Mapping[str, Any] = _copied(self._documents.get(space, {}))
        return found

    # --- Writer

    def write(self, entries: Sequence[Entry], projection: Projection | None) -> None:
        """The records are kept; with a projection, also shown, in one step."""
        self.faults("write:before")
        for entry in entries:
            if entry.record.id not in self._journal:
                self._journal[entry.record.id] = entry
                self._tail[entry.record.id] = entry
        if projection is not None:
            self._apply(entries, projection)
        self.faults("write:after")

    def _apply(self, entries: Sequence[Entry], projection: Projection) -> None:
        for entry in (*projection.entries, *entries):
            self._held.add(entry)
            self._tail.pop(entry.record.id, None)
        for chain in projection.chains:
            self._chains[chain.key] = chain
        for subject in projection.subjects:
            self._replace(subject)

    def _replace(self, subject: Subject) -> None:
        before = self._subjects.get(subject.id)
        if before is not None:
            for row in before.rows:
                owners = self._owners[row.table, row.key]
                del owners[subject.id]
                if not owners:
                    del self._owners[row.table, row.key]
            for key in before.waits:
                self._waits[key].pop(subject.id, None)
        self._subjects[subject.id] = subject
        for row in subject.rows:
            self._owners.setdefault((row.table, row.key), {})[subject.id] = row.values
        for key in subject.waits:
            self._waits.setdefault(key, {})[subject.id] = None

    def observe(self, rows: Sequence[Observed]) -> None:
        """The unsigned rows are kept, newer over older."""
        self.faults("observe:before")
        for observed in rows:
            key = observed.row.table, observed.row.key
            before = self._observed.get(key)
            if before is None or before.seen_at <= observed.seen_at:
                self._observed[key] = replace(observed, row=plain(observed.row))
        self.faults("observe:after")

    def shelve(self, kept: Sequence[Entry], gone: Sequence[Entry]) -> None:
        """The one are loose, the others are not."""
        if not kept and not gone:
            return
        self.faults("shelve:before")
        self._loose |= {str(entry.record.id): entry for entry in kept}
        for entry in gone:
            self._loose.pop(entry.record.id, None)
        self.faults("shelve:after")

    def put(self, space: str, key: str, value: Any | None) -> None:
        """The local note is kept; None removes it."""
        self.faults("put:before")
        if value is None:
            self._documents.get(space, {}).pop(key, None)
        else:
            self._documents.setdefault(space, {})[key] = _copied(value)
        self.faults("put:after")

    def clear_projections(self) -> None:
        """Rows and indexes are empty, every record is in the tail."""
        self._held.clear()
        self._chains.clear()
        self._subjects.clear()
        self._waits.clear()
        self._owners.clear()
        self._tail = dict(self._journal)

    def collect(self) -> None:
        """Nothing is unreferenced here."""

    def close(self) -> None:
        """Nothing is left to close."""

    # --- history

    def _snapshot(self) -> dict[str, dict[str, Any]]:
        tables: dict[str, dict[str, Any]] = {name: {} for name in BY_NAME}
        for table, key in self._owners:
            tables[table][key] = self.row(table, key)
        return tables

    def checkpoint(self, message: str) -> str | None:
        """A commit of the rows as they stand, None when nothing changed."""
        self.faults("checkpoint:before")
        snapshot = self._snapshot()
        if self._commits and self._commits[-1][1] == snapshot:
            return None
        number = f"{len(self._commits) + 1:040x}"
        newest = max((e.record.at for e in self._journal.values()), default=0)
        at = datetime.fromtimestamp(newest // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._commits.append((Commit(id=number, message=message, at=at), snapshot))
        self.faults("checkpoint:after")
        return number

    def commits(self, limit: int) -> Sequence[Commit]:
        """The newest commits first."""
        return [commit for commit, _ in reversed(self._commits)][:limit]

    def as_of(self, commit: str, table: str) -> Iterator[dict[str, Any]]:
        """The rows of a table at a commit, or a moment."""
        snapshot = self._named(commit)
        return iter([_copied(row) for _, row in sorted(snapshot[table].items())])

    def _named(self, said: str) -> dict[str, dict[str, Any]]:
        """What a commit held. Raises NoCommitError."""
        back = back_from_head(said)
        if back is not None:
            found = self._commits[::-1][back : back + 1]
        else:
            found = [each for each in self._commits if is_hash(said) and each[0].id == said]
        if not found and back is None:
            until = moment(said).replace(" ", "T") + "Z"
            found = [each for each in self._commits if each[0].at <= until][-1:]
        if not found:
            raise NoCommitError(said)
        return found[0][1]

    def changes(self, first: str, last: str, table: str) -> Iterator[Mapping[str, Any]]:
        """Rows that differ between two commits, or moments."""
        before, after = self._named(first)[table], self._named(last)[table]
        for key in sorted({*before, *after}):
            one, other = before.get(key), after.get(key)
            if one != other:
                said = "added" if one is None else "removed" if other is None else "modified"
                yield {"change": said, "before": one, "after": other}


def _copied(value: Any) -> Any:
    """A value of plain JSON that shares nothing with this one."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value
