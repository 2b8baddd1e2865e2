"""The Store port over one Dolt database.

It orders the writes: records and the tail's batch in one transaction, durable before it returns;
a projection in the same transaction as the end of the tail that it covers.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ledger.chains import ChainState
from ledger.dolt.engine import Database
from ledger.dolt.history import History
from ledger.dolt.migrate import migrate
from ledger.dolt.projection import Projections
from ledger.dolt.rebuild import begin_rebuild
from ledger.dolt.records import Records, key_of
from ledger.store import BoardQuery, Commit, Observed, Page, Projection, Subject, SubjectKind
from stamps.record import ChainKey, Entry


def open_doltlite(path: Path, *, town: str) -> "DoltStore":
    """The store in this file, made where there is none; `town` signs its commits' author line.

    Raises EngineError where the embedded engine is not loaded, NewerStoreError, StoreError.
    """
    database = Database(path, town=town)
    try:
        migrate(database)
    except BaseException:
        database.close()
        raise
    return DoltStore(database)


def open_dolt_server(url: str, *, town: str) -> "DoltStore":
    """The store in a database of a Dolt server (`mysql+pymysql://…/name`), which must be there.

    Raises StoreError, NewerStoreError.
    """
    from ledger.dolt.server import ServerDatabase  # noqa: PLC0415  # its driver only when asked for

    database = ServerDatabase(url, town=town)
    try:
        migrate(database)
    except BaseException:
        database.close()
        raise
    return DoltStore(database)


class DoltStore:
    """One ledger's database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.records = Records(database)
        self.projections = Projections(database)
        self.history = History(database)
        self._tail: dict[str, int] = {}  # keys that no projection covers, by batch, once read
        self._batch = self.records.last_batch()
        self._abouts: dict[str, Sequence[Entry]] = {}

    # --- Held

    def entry(self, record_id: str) -> Entry | None:
        """The projected record of this id."""
        return self.records.entry(record_id)

    def about(self, subject: str) -> Sequence[Entry]:
        """Projected records about the subject."""
        ahead = self._abouts.get(subject)
        return self.records.about(subject) if ahead is None else ahead

    def slots(self, key: ChainKey, first: int, last: int) -> Sequence[Entry]:
        """Projected records of a chain in the seq range."""
        return self.records.slots(key, first, last)

    def places(self) -> Iterator[tuple[ChainKey, int, str]]:
        """(chain, seq, key) of every projected record of a chain, by key."""
        return self.records.places()

    def log(self, account: str) -> Sequence[Entry]:
        """Projected log records of an account."""
        return self.records.log(account)

    def by_account(self, account: str) -> Sequence[str]:
        """Subjects that projected records of the account touch."""
        return self.records.by_account(account)

    # --- Reader

    def tail(self) -> Iterator[Sequence[Entry]]:
        """Journalled records that no projection covers, by batches in order of arrival."""
        for number, keys in self.records.tail():
            self._tail.update(dict.fromkeys(keys, number))
            yield [self.records.by_key(key) for key in keys]

    def look_ahead(self, subjects: Sequence[str]) -> None:
        """What a fold asks of these subjects is at hand until the next write."""
        self._abouts = dict.fromkeys(subjects, ())
        self._abouts |= self.records.abouts(subjects)
        self.projections.look_ahead(subjects)

    def chains(self) -> Iterable[ChainState]:
        """Every chain as last projected."""
        return self.records.chains()

    def accounts(self) -> Iterable[str]:
        """Every account with a held log record."""
        return self.records.accounts()

    def entries(self, after: str = "") -> Iterator[Entry]:
        """Every journalled record by (`at`, id)."""
        return self.records.stream(after)

    def scan(self, after: str) -> Iterator[Entry]:
        """As `entries`, looked at by their ids alone."""
        return self.records.scan(after)

    def count(self) -> int:
        """How many records are held."""
        return self.records.count()

    def waiting(self, key: str) -> Sequence[str]:
        """Subjects that wait for the key."""
        return self.projections.waiting(key)

    def awaited(self) -> Iterable[tuple[str, str]]:
        """(subject, record id) of every record that a subject waits for."""
        rows = self.database.all("SELECT s, r FROM local_await")
        return [(str(s), str(r)) for s, r in rows]

    def loose(self) -> Sequence[Entry]:
        """Records set aside, by (`at`, id)."""
        return self.records.loose()

    def pins(self) -> Iterable[tuple[str, str]]:
        """(subject, record id) of every pin."""
        return [(str(s), str(r)) for s, r in self.database.all("SELECT s, r FROM local_pin")]

    def subject_of(self, public_item_id: str) -> str | None:
        """The post behind a signed `w-…` id."""
        return self.projections.item_of(public_item_id)

    def subject(self, subject_id: str) -> Subject | None:
        """A subject as last projected."""
        return self.projections.subject(subject_id)

    def card(self, subject_id: str) -> Mapping[str, Any]:
        """The card of a subject as last projected."""
        return self.projections.card(subject_id)

    def subjects(self, kind: SubjectKind) -> Iterator[Subject]:
        """Every subject of a kind, by id."""
        return self.projections.subjects(kind)

    def row(self, table: str, key: str) -> dict[str, Any] | None:
        """One signed row."""
        return self.projections.rows.row(table, key)

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """Every signed row of a table, by key."""
        return self.projections.rows.rows(table)

    def find(self, query: BoardQuery) -> Page:
        """Items of both layers in the asked order."""
        return self.projections.board.find(query)

    def ids(self, prefix: str, limit: int) -> Sequence[str]:
        """Public item ids of both layers with the prefix, in order."""
        end = prefix + "\x7f"
        both = (
            "SELECT id FROM (SELECT id FROM wanted WHERE id >= ? AND id < ?"
            " ORDER BY id LIMIT ?) AS signed_ones UNION SELECT id FROM (SELECT id FROM local_seen"
            " WHERE t = 'wanted' AND id >= ? AND id < ? ORDER BY id LIMIT ?) AS seen_ones"
        )
        rows = self.database.all(both, (prefix, end, limit) * 2)
        return sorted(str(row[0]) for row in rows)[:limit]

    def counts(self) -> Mapping[str, int]:
        """Items by status, both layers."""
        return self.projections.board.counts()

    def tally(self, poster: str, status: str = "") -> Mapping[str, int]:
        """Items of a poster by status, both layers, up to the limit."""
        return self.projections.board.tally(poster, status)

    def observed(self, table: str, key: str | None = None) -> Iterator[Observed]:
        """Unsigned rows of a table, or the one of a key."""
        return self.projections.items.observed(table, key)

    def document(self, space: str, key: str) -> Any | None:
        """A local note of the node."""
        sql = "SELECT v FROM local_doc WHERE space = ? AND id = ?"
        row = self.database.one(sql, (space, key))
        return json.loads(row[0]) if row is not None else None

    def documents(self, space: str) -> Mapping[str, Any]:
        """All local notes of a space."""
        sql = "SELECT id, v FROM local_doc WHERE space = ? ORDER BY id"
        return {str(key): json.loads(v) for key, v in self.database.all(sql, (space,))}

    def commits(self, limit: int) -> Sequence[Commit]:
        """The newest commits first."""
        return self.history.commits(limit)

    def as_of(self, commit: str, table: str) -> Iterator[dict[str, Any]]:
        """The rows of a table at a commit or a date."""
        return self.history.as_of(commit, table)

    def changes(self, first: str, last: str, table: str) -> Iterator[Mapping[str, Any]]:
        """Rows that differ between two commits or dates."""
        return self.history.changes(first, last, table)

    # --- Writer

    def write(self, entries: Sequence[Entry], projection: Projection | None) -> None:
        """The records are durable; with a projection, also indexed and shown, in one commit."""
        there = self.records.held_keys([key_of(entry) for entry in entries])
        fresh = [entry for entry in entries if key_of(entry) not in there]
        if not fresh and projection is None:
            return
        self._abouts = {}
        try:
            with self.database.transaction():
                self.records.journal(fresh, self._batch + 1 if projection is None else None)
                if projection is not None:
                    self._project(fresh, projection)
        except BaseException:
            self.records.forget()
            self.projections.forget()
            raise
        if projection is None:
            self._batch += 1
            self._tail.update(dict.fromkeys(map(key_of, fresh), self._batch))
        else:
            for entry in projection.entries:
                self._tail.pop(key_of(entry), None)

    def _project(self, fresh: Sequence[Entry], projection: Projection) -> None:
        covered = {key_of(entry): entry for entry in (*projection.entries, *fresh)}
        self.records.index(covered.values())
        self.records.put_chains(projection.chains)
        self.projections.put(projection.subjects)
        done = {self._tail[key] for key in covered if key in self._tail}
        self.records.clear_tail(done)
        left = [key for key, n in self._tail.items() if n in done and key not in covered]
        if left:
            number = self._tail[left[0]]
            self.records.put_tail(left, number)
            self._tail.update(dict.fromkeys(left, number))

    def observe(self, rows: Sequence[Observed]) -> None:
        """The unsigned rows are kept, newer over older."""
        with self.database.transaction():
            self.projections.observe(rows)

    def shelve(self, kept: Sequence[Entry], gone: Sequence[Entry]) -> None:
        """The one are loose and durable, the others loose no more."""
        if kept or gone:
            with self.database.transaction():
                self.records.shelve(kept, gone)

    def put(self, space: str, key: str, value: Any | None) -> None:
        """The local note is durable; None removes it."""
        with self.database.transaction():
            if value is None:
                self.database.run("DELETE FROM local_doc WHERE space = ? AND id = ?", (space, key))
            else:
                self.database.run(
                    "INSERT INTO local_doc (space, id, v) VALUES (?, ?, ?)"
                    " ON CONFLICT (space, id) DO UPDATE SET v = excluded.v",
                    (space, key, json.dumps(value, ensure_ascii=False)),
                )

    def checkpoint(self, message: str) -> str | None:
        """Everything versioned is in a Dolt commit; its id, or None when nothing had changed."""
        return self.history.checkpoint(message)

    def clear_projections(self) -> None:
        """Rows and indexes are empty and every record is in the tail again."""
        with self.database.transaction():
            self._batch = begin_rebuild(self.database) - 1
        self.records.forget()
        self.projections.forget()
        self._abouts = {}
        self._tail = {}

    def collect(self) -> None:
        """Unreferenced storage is given back."""
        self.history.collect()

    def close(self) -> None:
        """No connection of the store is left."""
        self.database.close()
