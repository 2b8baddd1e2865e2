"""Records whose chain is not here: verified, kept aside, and part of no set (records 2.2).

Pure. It knows what each one waits for, and is bounded in number and bytes; whether one may come in
is the door's question. What lies here is in no root, is folded into no row and is sent to nobody.
"""

from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

from ledger.admission import Code
from stamps.record import ChainKey, Entry, Envelope, Record, verify

Key = TypeVar("Key")
LOOSE_RECORDS_MAX: Final = 1_000
LOOSE_BYTES_MAX: Final = 4 << 20
# What was the answer while the chain is not here; after any other the record is loose no more.
STILL: Final = frozenset(
    {Code.GAP, Code.UNKNOWN_DEVICE, Code.UNKNOWN_SCOPE, Code.NOT_ADMITTED, Code.PARKED}
)


class Loose:
    """The loose records of one ledger, found by what they wait for."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.size = 0  # bytes of all of them
        self.gone: list[Entry] = []  # no longer loose, and the store does not know it yet
        self._entries: dict[str, Entry] = {}
        self._behind: dict[str, dict[str, Entry]] = {}
        self._slots: dict[tuple[ChainKey, int], dict[str, Entry]] = {}
        self._authors: dict[str, dict[str, Entry]] = {}
        self._stirred: set[str] = set()
        for entry in entries:
            self._add(entry)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __contains__(self, record_id: object) -> bool:
        return record_id in self._entries

    def lay(self, envelope: Envelope) -> tuple[Code, Entry | None]:
        """The record is loose if there is room and its signature holds; the entry if it is new."""
        record = envelope.record
        if record.id in self._entries:
            return Code.LOOSE, None
        full = len(self._entries) >= LOOSE_RECORDS_MAX
        if full or self.size + len(record.raw) > LOOSE_BYTES_MAX:
            return Code.LOOSE_FULL, None
        entry = verify(envelope)
        if entry is None:
            return Code.SIGNATURE, None
        self._add(entry)
        return Code.LOOSE, entry

    def take(self, record_id: str) -> None:
        """The record is loose no more."""
        entry = self._entries.pop(record_id, None)
        if entry is None:
            return
        self.size -= len(entry.record.raw)
        self.gone.append(entry)
        record = entry.record
        _dropped(self._behind, record.prev, record_id)
        _dropped(self._slots, (record.chain, record.seq), record_id)
        _dropped(self._authors, record.account, record_id)

    def due(self, record: Record) -> list[Entry]:
        """Those that the arrival of this record may let in.

        What stands behind it, and what stands in its slot: itself, or another, which is a fork. Of
        a log record it is what its account said, but that is looked at once a batch: see `stirred`.
        """
        if record.scope == "account":
            self._stirred.update({record.account} & self._authors.keys())
            return []
        behind = self._behind.get(record.id, {})
        return [*behind.values(), *self._slots.get((record.chain, record.seq), {}).values()]

    def stirred(self) -> list[Entry]:
        """What accounts said whose logs grew since the last call: a log is long, and this too."""
        accounts, self._stirred = self._stirred, set()
        return [entry for account in sorted(accounts) for entry in self.said_by(account)]

    def said_by(self, account: str) -> list[Entry]:
        """Those of an author."""
        return list(self._authors.get(account, {}).values())

    def named(self, record_ids: Iterable[str]) -> list[Entry]:
        """Those of these ids."""
        return [self._entries[one] for one in record_ids if one in self._entries]

    def beside(self, record: Record) -> Entry | None:
        """Another of the record's slot; the door says the same of any."""
        there = self._slots.get((record.chain, record.seq), {})
        return next((entry for name, entry in there.items() if name != record.id), None)

    def _add(self, entry: Entry) -> None:
        record = entry.record
        self._entries[record.id] = entry
        self.size += len(record.raw)
        self._behind.setdefault(record.prev, {})[record.id] = entry
        self._slots.setdefault((record.chain, record.seq), {})[record.id] = entry
        self._authors.setdefault(record.account, {})[record.id] = entry


def _dropped(index: dict[Key, dict[str, Entry]], key: Key, record_id: str) -> None:
    """The record stands under the key no more, and an empty place is given back."""
    del index[key][record_id]
    if not index[key]:
        del index[key]
