"""Records as rows: the journal, its tail, and the indexes by which records are found again.

A record's key is 14 hex of its `at` and its id, so that new rows stand together. Bytes are read
back as they were written: what our own journal holds was verified before it came in.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Any, Final

from ledger.chains import ChainState
from ledger.dolt.engine import Database, Row
from ledger.held import subject_of
from ledger.store import StoreDamagedError
from stamps.errors import BadRecordError
from stamps.record import ChainKey, Entry, parse, vouch

CACHED_MAX: Final = 8_192
PREFIX_CHARS: Final = 16
AT_CHARS: Final = 14
ASKED_AT_ONCE: Final = 500
STATE_FIELDS: Final = tuple(f.name for f in fields(ChainState) if f.name != "key")


def key_of(entry: Entry) -> str:
    """The key of a record: 14 hex digits of `at`, then its id."""
    return f"{entry.record.at:014x}{entry.record.id}"


def _spelled(signature: bytes) -> str:
    return base64.urlsafe_b64encode(signature).rstrip(b"=").decode("ascii")


class Records:
    """The journal of one database, and its indexes."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._chains: dict[ChainKey, int] = {}
        self._cached = lru_cache(maxsize=CACHED_MAX)(self._read)
        self._load_chains()

    def _load_chains(self) -> None:
        rows = self.database.all("SELECT c, scope, author, device FROM local_chain")
        self._chains = {ChainKey(*row[1:]): int(row[0]) for row in rows}

    # --- the journal

    def journal(self, entries: Sequence[Entry], number: int | None) -> None:
        """The records are rows; with a number, also a batch of the tail."""
        rows = [(key_of(e), e.record.raw.decode(), _spelled(e.signature)) for e in entries]
        self.database.many("INSERT OR IGNORE INTO wl_records (k, raw, sig) VALUES (?, ?, ?)", rows)
        if number is not None and rows:
            batch = json.dumps([row[0] for row in rows])
            self.database.run("INSERT INTO local_tail (n, batch) VALUES (?, ?)", (number, batch))

    def tail_keys(self) -> list[str]:
        """Keys of journalled records that no projection covers, in order of arrival."""
        rows = self.database.all("SELECT batch FROM local_tail ORDER BY n")
        return list(dict.fromkeys(key for row in rows for key in json.loads(row[0])))

    def last_batch(self) -> int:
        """The number of the newest batch of the tail, -1 without one."""
        row = self.database.one("SELECT max(n) FROM local_tail")
        return -1 if row is None or row[0] is None else int(row[0])

    def clear_tail(self) -> None:
        """The projections cover everything."""
        self.database.run("DELETE FROM local_tail")

    def by_key(self, key: str) -> Entry:
        """The record of a key that an index names. Raises StoreDamagedError."""
        return self._cached(key)

    def _read(self, key: str) -> Entry:
        row = self.database.one("SELECT raw, sig FROM wl_records WHERE k = ?", (key,))
        if row is None:
            raise StoreDamagedError(f"record {key[AT_CHARS:][:16]} is indexed and not there")
        return _entry(key, str(row[0]), str(row[1]))

    def held_keys(self, keys: Sequence[str]) -> set[str]:
        """Those of the keys that the journal has."""
        found: set[str] = set()
        for at in range(0, len(keys), ASKED_AT_ONCE):
            part = keys[at : at + ASKED_AT_ONCE]
            marks = ", ".join("?" for _ in part)
            sql = f"SELECT k FROM wl_records WHERE k IN ({marks})"  # noqa: S608
            found.update(str(row[0]) for row in self.database.all(sql, tuple(part)))
        return found

    def stream(self, after: str = "") -> Iterator[Entry]:
        """Every record by key, from behind one."""
        last = after
        sql = "SELECT k, raw, sig FROM wl_records WHERE k > ? ORDER BY k LIMIT 1000"
        while rows := self.database.all(sql, (last,)):
            for row in rows:
                yield _entry(str(row[0]), str(row[1]), str(row[2]))
            last = str(rows[-1][0])

    def count(self) -> int:
        """How many records there are."""
        row = self.database.one("SELECT count(*) FROM wl_records")
        return int(row[0]) if row is not None else 0

    # --- indexes

    def index(self, entries: Iterable[Entry]) -> None:
        """The records are found by id, subject, chain, account."""
        ids: list[Row] = []
        abouts: list[Row] = []
        slots: list[Row] = []
        logs: list[Row] = []
        touched: dict[Row, None] = {}
        for entry in entries:
            record, key = entry.record, key_of(entry)
            ids.append((record.id[:PREFIX_CHARS], key))
            if record.scope == "account":
                logs.append((record.account, record.seq, key))
                continue
            if record.about:
                abouts.append((record.about, key))
            slots.append((self.chain_number(record.chain), record.seq, key))
            touched[record.account, subject_of(entry)] = None
        put = self.database.many
        put("INSERT OR IGNORE INTO local_id (p, k) VALUES (?, ?)", ids)
        put("INSERT OR IGNORE INTO local_about (s, k) VALUES (?, ?)", abouts)
        put("INSERT OR IGNORE INTO local_slot (c, seq, k) VALUES (?, ?, ?)", slots)
        put("INSERT OR IGNORE INTO local_log (account, seq, k) VALUES (?, ?, ?)", logs)
        put("INSERT OR IGNORE INTO local_touch (account, s) VALUES (?, ?)", touched)

    def chain_number(self, key: ChainKey) -> int:
        """The number by which indexes name a chain; a new chain gets the next one."""
        number = self._chains.get(key)
        if number is None:
            number = len(self._chains)
            self._chains[key] = number
            sql = "INSERT INTO local_chain (c, scope, author, device) VALUES (?, ?, ?, ?)"
            self.database.run(sql, (number, *key))
        return number

    def put_chains(self, states: Iterable[ChainState]) -> None:
        """The chains stand so."""
        rows = [(_state_text(state), self.chain_number(state.key)) for state in states]
        self.database.many("UPDATE local_chain SET state = ? WHERE c = ?", rows)

    def chains(self) -> list[ChainState]:
        """Every chain as last put."""
        sql = "SELECT scope, author, device, state FROM local_chain WHERE state IS NOT NULL"
        return [
            _state_of(ChainKey(str(s), str(a), str(d)), str(text))
            for s, a, d, text in self.database.all(sql)
        ]

    def forget(self) -> None:
        """No index is left in memory: the tables were emptied, or a write was undone."""
        self._cached.cache_clear()
        self._load_chains()

    # --- looking up

    def entry(self, record_id: str) -> Entry | None:
        """The indexed record of this id."""
        prefix = record_id[:PREFIX_CHARS]
        for (key,) in self.database.all("SELECT k FROM local_id WHERE p = ?", (prefix,)):
            if key[AT_CHARS:] == record_id:
                return self.by_key(str(key))
        return None

    def about(self, subject: str) -> list[Entry]:
        """Indexed records about a subject, by key."""
        rows = self.database.all("SELECT k FROM local_about WHERE s = ? ORDER BY k", (subject,))
        return [self.by_key(str(row[0])) for row in rows]

    def slots(self, key: ChainKey, first: int, last: int) -> list[Entry]:
        """Indexed records of a chain in the seq range, by (seq, id)."""
        number = self._chains.get(key)
        if number is None:
            return []
        sql = "SELECT k FROM local_slot WHERE c = ? AND seq BETWEEN ? AND ? ORDER BY seq"
        found = [self.by_key(str(row[0])) for row in self.database.all(sql, (number, first, last))]
        return sorted(found, key=lambda e: (e.record.seq, e.record.id))

    def log(self, account: str) -> list[Entry]:
        """Indexed log records of an account, by (seq, id)."""
        rows = self.database.all("SELECT k FROM local_log WHERE account = ?", (account,))
        found = [self.by_key(str(row[0])) for row in rows]
        return sorted(found, key=lambda e: (e.record.seq, e.record.id))

    def by_account(self, account: str) -> list[str]:
        """Subjects that the account's records touch."""
        rows = self.database.all("SELECT s FROM local_touch WHERE account = ?", (account,))
        return [str(row[0]) for row in rows]

    def accounts(self) -> list[str]:
        """Accounts with an indexed log record."""
        return [str(row[0]) for row in self.database.all("SELECT DISTINCT account FROM local_log")]


def _entry(key: str, raw: str, signature: str) -> Entry:
    try:
        padded = signature + "=" * (-len(signature) % 4)
        envelope = parse(raw.encode(), signature=base64.urlsafe_b64decode(padded))
    except (BadRecordError, ValueError) as error:
        raise StoreDamagedError(f"record {key[AT_CHARS:][:16]} is not readable: {error}") from error
    if f"{envelope.record.at:014x}{envelope.record.id}" != key:
        raise StoreDamagedError(f"record {key[AT_CHARS:][:16]} is not what its key says")
    return vouch(envelope)


def _state_text(state: ChainState) -> str:
    return json.dumps([getattr(state, name) for name in STATE_FIELDS], separators=(",", ":"))


def _state_of(key: ChainKey, text: str) -> ChainState:
    values: dict[str, Any] = dict(zip(STATE_FIELDS, json.loads(text), strict=True))
    values["branch"] = tuple(values["branch"])
    return ChainState(key=key, **values)
