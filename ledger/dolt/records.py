"""Records as rows: the journal, its tail, and the indexes by which records are found again.

A record's key is 14 hex of its `at` and its id, so that new rows stand together. Bytes are read
back as they were written: what our own journal holds was verified before it came in.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from ledger.chains import ChainState
from ledger.dolt.engine import Database, Row
from ledger.held import subject_of
from ledger.record_key import AT_CHARS, record_key
from ledger.store import StoreDamagedError
from stamps.errors import BadRecordError
from stamps.limits import ID_HEX_CHARS
from stamps.record import SIGNATURE_CHARS, ChainKey, Entry, parse, revive, vouch

CACHED_MAX: Final = 8_192
PREFIX_CHARS: Final = 16
REF_CHARS: Final = AT_CHARS + 8
ASKED_AT_ONCE: Final = 500
SCANNED_AT_ONCE: Final = 500
KEYS_AT_ONCE: Final = 20_000
STATE_FIELDS: Final = tuple(n for n in ChainState.__struct_fields__ if n != "key")


def key_of(entry: Entry) -> str:
    """The key of a record (`ledger.record_key`)."""
    return record_key(entry.record)


def short_of(subject: str) -> str:
    """What an index keeps of a subject: 16 hex digits, from an id its first."""
    if len(subject) == ID_HEX_CHARS:
        return subject[:PREFIX_CHARS]
    return hashlib.sha256(subject.encode()).hexdigest()[:PREFIX_CHARS]


def _spelled(signature: bytes) -> str:
    return base64.urlsafe_b64encode(signature).rstrip(b"=").decode("ascii")


class Records:
    """The journal of one database, and its indexes.

    An index names a record by the first 22 characters of its key. Two records may share them, by
    somebody's labour: whoever reads by such a name looks at the record itself.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._recent: dict[str, tuple[Entry, ...]] = {}
        self._load_chains()

    def _load_chains(self) -> None:
        self._chains: dict[ChainKey, int] = {}
        self._numbers: dict[str, list[int]] = {}
        for row in self.database.all("SELECT c, scope, author, device FROM local_chain"):
            self._number(ChainKey(*row[1:]), int(row[0]))

    def _number(self, key: ChainKey, number: int) -> None:
        self._chains[key] = number
        self._numbers.setdefault(key.author, []).append(number)

    # --- the journal

    def journal(self, entries: Sequence[Entry], number: int | None) -> None:
        """The records are rows; with a number, also a batch of the tail."""
        rows = _rows_of(entries)
        self.database.many("INSERT OR IGNORE INTO wl_records (k, raw, sig) VALUES (?, ?, ?)", rows)
        for key, _, _ in rows:
            self._recent.pop(key[:REF_CHARS], None)  # it was read when fewer shared the name
        if number is not None and rows:
            self.put_tail([row[0] for row in rows], number)

    def put_tail(self, keys: Sequence[str], number: int) -> None:
        """No projection covers these yet."""
        sql = "INSERT INTO local_tail (n, batch) VALUES (?, ?)"
        self.database.run(sql, (number, json.dumps(keys)))

    def tail(self) -> Iterator[tuple[int, list[str]]]:
        """Batches of keys that no projection covers, in order of arrival."""
        last = -1
        sql = "SELECT n, batch FROM local_tail WHERE n > ? ORDER BY n LIMIT 1"
        while (row := self.database.one(sql, (last,))) is not None:
            last = int(row[0])
            yield last, json.loads(row[1])

    def last_batch(self) -> int:
        """The number of the newest batch of the tail, -1 without one."""
        row = self.database.one("SELECT max(n) FROM local_tail")
        return -1 if row is None or row[0] is None else int(row[0])

    def clear_tail(self, numbers: Iterable[int]) -> None:
        """The projections cover these batches."""
        self.database.many("DELETE FROM local_tail WHERE n = ?", ((n,) for n in numbers))

    def by_key(self, key: str) -> Entry:
        """The record of a key that an index names. Raises StoreDamagedError."""
        for entry in self._by_ref(key[:REF_CHARS]):
            if entry.record.id == key[AT_CHARS:]:
                return entry
        raise StoreDamagedError(f"record {key[AT_CHARS:][:16]} is indexed and not there")

    def _by_ref(self, ref: str) -> tuple[Entry, ...]:
        found = self._recent.get(ref)
        if found is None:
            sql = "SELECT k, raw, sig FROM wl_records WHERE k >= ? AND k < ?"
            rows = self.database.all(sql, (ref, ref + "g"))
            found = tuple(_kept(str(k), str(raw), str(sig)) for k, raw, sig in rows)
            if not found:
                raise StoreDamagedError(f"record {ref[AT_CHARS:]} is indexed and not there")
            self._remember(ref, found)
        return found

    def _remember(self, ref: str, found: tuple[Entry, ...]) -> None:
        while len(self._recent) >= CACHED_MAX:
            del self._recent[next(iter(self._recent))]
        self._recent[ref] = found

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
        return (_entry(*row) for row in self._rows(after))

    def scan(self, after: str) -> Iterator[Entry]:
        """The same, by the bytes that the keys were made of."""
        return (_kept(*row) for row in self._rows(after))

    def _rows(self, after: str) -> Iterator[tuple[str, str, str]]:
        last = after
        sql = "SELECT k, raw, sig FROM wl_records WHERE k > ? ORDER BY k LIMIT ?"
        while rows := self.database.all(sql, (last, SCANNED_AT_ONCE)):
            for k, raw, sig in rows:
                yield str(k), str(raw), str(sig)
            last = str(rows[-1][0])

    def count(self) -> int:
        """How many records there are."""
        row = self.database.one("SELECT count(*) FROM wl_records")
        return int(row[0]) if row is not None else 0

    # --- aside

    def loose(self) -> list[Entry]:
        """Records without their chain, by key."""
        rows = self.database.all("SELECT k, raw, sig FROM local_loose ORDER BY k")
        return [_kept(str(k), str(raw), str(sig)) for k, raw, sig in rows]

    def shelve(self, kept: Iterable[Entry], gone: Iterable[Entry]) -> None:
        """The one are set aside, the others are not any more."""
        sql = "INSERT OR IGNORE INTO local_loose (k, raw, sig) VALUES (?, ?, ?)"
        self.database.many(sql, _rows_of(kept))
        keys = [(key_of(entry),) for entry in gone]
        self.database.many("DELETE FROM local_loose WHERE k = ?", keys)

    # --- indexes

    def index(self, entries: Iterable[Entry]) -> None:
        """The records are found by id, subject, chain, account."""
        ids: list[Row] = []
        abouts: list[Row] = []
        slots: list[Row] = []
        logs: list[Row] = []
        for entry in entries:
            record = entry.record
            at = f"{record.at:014x}"
            key = at + record.id
            ids.append((record.id[:PREFIX_CHARS], at))
            if record.scope == "account":
                logs.append((record.account, record.seq, key))
                continue
            ref = key[:REF_CHARS]
            if record.about:
                abouts.append((short_of(record.about), ref))
            slots.append((self.chain_number(record.chain), record.seq, ref))
        put = self.database.many
        put("REPLACE INTO local_id (p, a) VALUES (?, ?)", ids)
        put("REPLACE INTO local_about (s, r) VALUES (?, ?)", abouts)
        put("REPLACE INTO local_slot (c, seq, r) VALUES (?, ?, ?)", slots)
        put("REPLACE INTO local_log (account, seq, k) VALUES (?, ?, ?)", logs)

    def chain_number(self, key: ChainKey) -> int:
        """The number by which indexes name a chain; a new chain gets the next one."""
        number = self._chains.get(key)
        if number is None:
            number = len(self._chains)
            self._number(key, number)
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
        self._recent.clear()
        self._load_chains()

    # --- looking up

    def entry(self, record_id: str) -> Entry | None:
        """The indexed record of this id."""
        prefix = record_id[:PREFIX_CHARS]
        for (at,) in self.database.all("SELECT a FROM local_id WHERE p = ?", (prefix,)):
            for entry in self._by_ref(f"{at}{record_id}"[:REF_CHARS]):
                if entry.record.id == record_id:
                    return entry
        return None

    def abouts(self, subjects: Sequence[str]) -> dict[str, list[Entry]]:
        """Indexed records about each subject, by key; subjects without any are left out."""
        found: dict[str, list[Entry]] = {}
        for at in range(0, len(subjects), ASKED_AT_ONCE):
            shorts: dict[str, list[str]] = {}
            for subject in subjects[at : at + ASKED_AT_ONCE]:
                shorts.setdefault(short_of(subject), []).append(subject)
            marks = ", ".join("?" for _ in shorts)
            sql = f"SELECT s, r FROM local_about WHERE s IN ({marks}) ORDER BY s, r"  # noqa: S608
            for short, ref in self.database.all(sql, tuple(shorts)):
                for entry in self._by_ref(str(ref)):
                    if entry.record.about in shorts[str(short)]:
                        found.setdefault(entry.record.about, []).append(entry)
        return found

    def about(self, subject: str) -> list[Entry]:
        """Indexed records about a subject, by key."""
        return self.abouts((subject,)).get(subject, [])

    def slots(self, key: ChainKey, first: int, last: int) -> list[Entry]:
        """Indexed records of a chain in the seq range, by (seq, id)."""
        number = self._chains.get(key)
        if number is None:
            return []
        sql = "SELECT r FROM local_slot WHERE c = ? AND seq BETWEEN ? AND ? ORDER BY seq, r"
        refs = [str(row[0]) for row in self.database.all(sql, (number, first, last))]
        there = {e.record.id: e for ref in refs for e in self._by_ref(ref)}
        found = [
            e for e in there.values() if e.record.chain == key and first <= e.record.seq <= last
        ]
        return sorted(found, key=lambda e: (e.record.seq, e.record.id))

    def places(self) -> Iterator[tuple[ChainKey, int, str]]:
        """(chain, seq, key) of every indexed record of a chain, by key.

        Two orderings are merged, so that neither is held whole beside the other, and no record's
        bytes are read but those of two that share a name.
        """
        chains = {number: key for key, number in self._chains.items()}
        rows = self.database.all("SELECT r, c, seq FROM local_slot ORDER BY r, c, seq")
        named = groupby(self._keys(), key=lambda key: key[:REF_CHARS])
        ref, keys = "", [""]
        for name, slots in groupby(rows, key=lambda row: str(row[0])):
            while ref < name:
                ref, group = next(named)
                keys = list(group)
            if len(keys) == 1:
                yield from ((chains[int(c)], int(seq), keys[0]) for _, c, seq in slots)
                continue
            entries = (self.by_key(key) for key in keys)
            yield from (
                (e.record.chain, e.record.seq, key_of(e))
                for e in entries
                if e.record.scope != "account"
            )

    def _keys(self) -> Iterator[str]:
        last = ""
        sql = "SELECT k FROM wl_records WHERE k > ? ORDER BY k LIMIT ?"
        while rows := self.database.all(sql, (last, KEYS_AT_ONCE)):
            yield from (str(row[0]) for row in rows)
            last = str(rows[-1][0])

    def log(self, account: str) -> list[Entry]:
        """Indexed log records of an account, by (seq, id)."""
        rows = self.database.all("SELECT k FROM local_log WHERE account = ?", (account,))
        found = [self.by_key(str(row[0])) for row in rows]
        return sorted(found, key=lambda e: (e.record.seq, e.record.id))

    def by_account(self, account: str) -> list[str]:
        """Subjects that the account's records touch."""
        found: dict[str, None] = {}
        for number in self._numbers.get(account, ()):
            for (ref,) in self.database.all("SELECT r FROM local_slot WHERE c = ?", (number,)):
                entries = self._by_ref(str(ref))
                found.update((subject_of(e), None) for e in entries if e.record.account == account)
        return list(found)

    def accounts(self) -> list[str]:
        """Accounts with an indexed log record."""
        return [str(row[0]) for row in self.database.all("SELECT DISTINCT account FROM local_log")]


def _rows_of(entries: Iterable[Entry]) -> list[tuple[str, str, str]]:
    return [(key_of(e), e.record.raw.decode(), _spelled(e.signature)) for e in entries]


def _kept(key: str, raw: str, signature: str) -> Entry:
    """A record by the bytes that its key was made of."""
    entry = None
    if len(signature) == SIGNATURE_CHARS:
        spelled = base64.urlsafe_b64decode(signature + "==")
        entry = revive(raw.encode(), spelled, record_id=key[AT_CHARS:])
    if entry is None or f"{entry.record.at:014x}" != key[:AT_CHARS]:
        why = f"record {key[AT_CHARS:][:16]} is not what its key says"
        raise StoreDamagedError(why, key=key)
    return entry


def _entry(key: str, raw: str, signature: str) -> Entry:
    try:
        padded = signature + "=" * (-len(signature) % 4)
        envelope = parse(raw.encode(), signature=base64.urlsafe_b64decode(padded))
    except (BadRecordError, ValueError) as error:
        why = f"record {key[AT_CHARS:][:16]} is not readable: {error}"
        raise StoreDamagedError(why, key=key) from error
    if record_key(envelope.record) != key:
        why = f"record {key[AT_CHARS:][:16]} is not what its key says"
        raise StoreDamagedError(why, key=key)
    return vouch(envelope)


def _state_text(state: ChainState) -> str:
    return json.dumps([getattr(state, name) for name in STATE_FIELDS], separators=(",", ":"))


def _state_of(key: ChainKey, text: str) -> ChainState:
    values: dict[str, Any] = dict(zip(STATE_FIELDS, json.loads(text), strict=True))
    values["branch"] = tuple(values["branch"])
    return ChainState(key=key, **values)
