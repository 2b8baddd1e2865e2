"""The records a ledger holds, as the pure core reads them.

A port and its plainest adapter. It answers what is held; it judges nothing: whether a record
counts is `chains.py`'s question, whether it was allowed is the fold's.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from stamps.record import ChainKey, Entry


class Held(Protocol):
    """Read access to verified records, whatever becomes of them in the fold."""

    def entry(self, record_id: str) -> Entry | None:
        """The held record of this id."""
        ...

    def about(self, subject: str) -> Sequence[Entry]:
        """All held records whose `about` is this subject, in any order."""
        ...

    def slots(self, key: ChainKey, first: int, last: int) -> Sequence[Entry]:
        """All held records of a chain with first <= seq <= last, by (seq, id)."""
        ...

    def log(self, account: str) -> Sequence[Entry]:
        """All held account-log records of an account, by (seq, id)."""
        ...

    def by_account(self, account: str) -> Sequence[str]:
        """The subjects that records of this account's chains touch, without repeats.

        A record's subject is what `subject_of` says.
        """
        ...


def subject_of(entry: Entry) -> str:
    """What a record touches: its `about`, or itself where it creates its subject.

    A stamp given by itself is a subject of its own, whomever it is about (records 6).
    """
    record = entry.record
    return record.id if record.kind == "stamp.give" else record.about or record.id


class MemoryHeld:
    """Records held in dictionaries: the tail of a journal, a test, a bundle being checked."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries: dict[str, Entry] = {}
        self._about: dict[str, list[Entry]] = {}
        self._chains: dict[ChainKey, dict[int, list[Entry]]] = {}
        self._logs: dict[str, list[Entry]] = {}
        self._touched: dict[str, dict[str, None]] = {}
        for entry in entries:
            self.add(entry)

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        """The record is held; adding it again changes nothing."""
        record = entry.record
        if record.id in self._entries:
            return
        self._entries[record.id] = entry
        if record.scope == "account":
            self._logs.setdefault(record.account, []).append(entry)
            return
        if record.about:
            self._about.setdefault(record.about, []).append(entry)
        self._chains.setdefault(record.chain, {}).setdefault(record.seq, []).append(entry)
        self._touched.setdefault(record.account, {})[subject_of(entry)] = None

    def entries(self) -> Iterable[Entry]:
        """Every held record, in the order of arrival."""
        return self._entries.values()

    def accounts(self) -> Iterable[str]:
        """Every account of which a log record is held."""
        return self._logs

    def entry(self, record_id: str) -> Entry | None:
        """The held record of this id."""
        return self._entries.get(record_id)

    def about(self, subject: str) -> Sequence[Entry]:
        """All held records about the subject."""
        return self._about.get(subject, ())

    def slots(self, key: ChainKey, first: int, last: int) -> Sequence[Entry]:
        """All held records of a chain in the seq range, by (seq, id)."""
        chain = self._chains.get(key, {})
        if last - first > len(chain):
            seqs = sorted(seq for seq in chain if first <= seq <= last)
        else:
            seqs = [seq for seq in range(first, last + 1) if seq in chain]
        return [e for seq in seqs for e in sorted(chain[seq], key=lambda e: e.record.id)]

    def log(self, account: str) -> Sequence[Entry]:
        """All held log records of an account, by (seq, id)."""
        return sorted(self._logs.get(account, ()), key=lambda e: (e.record.seq, e.record.id))

    def by_account(self, account: str) -> Sequence[str]:
        """The subjects that records of the account's chains touch."""
        return tuple(self._touched.get(account, ()))

    def clear(self) -> None:
        """Nothing is held."""
        for index in (self._entries, self._about, self._chains, self._logs, self._touched):
            index.clear()


class Overlay:
    """Two holdings read as one: a store, and the tail that it has not indexed yet."""

    def __init__(self, below: Held, tail: MemoryHeld) -> None:
        self.below = below
        self.tail = tail

    def entry(self, record_id: str) -> Entry | None:
        """The held record of this id."""
        return self.tail.entry(record_id) or self.below.entry(record_id)

    def about(self, subject: str) -> Sequence[Entry]:
        """All held records about the subject."""
        above = self.tail.about(subject)
        below = self.below.about(subject)
        return [*below, *above] if above else below

    def slots(self, key: ChainKey, first: int, last: int) -> Sequence[Entry]:
        """All held records of a chain in the seq range, by (seq, id)."""
        return _merged(self.below.slots(key, first, last), self.tail.slots(key, first, last))

    def log(self, account: str) -> Sequence[Entry]:
        """All held log records of an account, by (seq, id)."""
        return _merged(self.below.log(account), self.tail.log(account))

    def by_account(self, account: str) -> Sequence[str]:
        """The subjects that records of the account's chains touch."""
        found = dict.fromkeys(self.below.by_account(account))
        found.update(dict.fromkeys(self.tail.by_account(account)))
        return tuple(found)


def _merged(below: Sequence[Entry], above: Sequence[Entry]) -> Sequence[Entry]:
    if not above:
        return below
    if not below:
        return above
    return sorted([*below, *above], key=lambda e: (e.record.seq, e.record.id))
