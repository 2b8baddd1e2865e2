"""Proof of a ledger: every signature, every chain, every row, looked at again from the bytes.

Pure but for the ledger it reads. All records are judged once more in a ledger in memory, as if they
had just arrived, and what that shows is compared with what the store shows. It mends nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.record_key import AT_CHARS
from ledger.set_journal import JournalReplica
from ledger.store import StoreDamagedError
from ledger.tables import DERIVED, UNDERIVED
from stamps.errors import BadRecordError
from stamps.limits import AT_AHEAD_MAX_US
from stamps.record import Entry, Envelope, parse
from stamps.record import verify as verify_signature

BATCH: Final = 1_000
PASSES_MAX: Final = 64
TAKEN: Final = frozenset({"ok", "fork", "pinned", "held"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not as the records say. `field` is empty for a whole row or record."""

    table: str
    key: str
    field: str = ""
    kept: Any = None
    said: Any = None
    why: str = ""

    def plain(self) -> dict[str, Any]:
        """The difference as JSON; values may be strangers' text."""
        return {
            "table": self.table,
            "key": self.key,
            "field": self.field,
            "why": self.why,
            "untrusted": {"kept": self.kept, "said": self.said},
        }

    def __str__(self) -> str:
        where = f"{self.table} {self.key}" + (f" {self.field}" if self.field else "")
        return f"{where}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was looked at, and every difference found; `root` in hex as the records give it.

    `aside` records are held beyond a cut and count for nothing, as do the `loose`, whose chain is
    not here (records 2.2).
    """

    records: int
    signatures: int
    chains: int
    rows: int
    root: str
    aside: int = 0
    loose: int = 0
    differences: tuple[Difference, ...] = field(default_factory=tuple)

    @property
    def holds(self) -> bool:
        """Whether everything is as the records say."""
        return not self.differences


def verify(journal: Journal) -> Verdict:
    """The verdict on a ledger. Raises nothing for what it finds wrong."""
    journal.flush()
    found: list[Difference] = []
    entries, damaged = _readable(journal)
    found += damaged
    good, bad = _signed(entries)
    loose, bad_loose = _signed(journal.store.loose(), table="local_loose")
    found += [*bad, *bad_loose]
    fresh, aside = _judged_again(journal, good)
    rows = 0
    for table in (*DERIVED, *UNDERIVED):
        count, differing = _compared(journal, fresh, table.name, table.key)
        rows += count
        found += differing
    said = JournalReplica(fresh).frontier().root.hex()
    found += _root(journal, said)
    return Verdict(
        records=len(entries),
        signatures=len(good),
        chains=len(fresh.state.chains),
        rows=rows,
        root=said,
        aside=aside,
        loose=len(loose),
        differences=tuple(found),
    )


def _root(journal: Journal, said: str) -> list[Difference]:
    """The root that the ledger itself would tell its peers, where it differs."""
    try:
        kept = JournalReplica(journal).frontier().root.hex()
    except StoreDamagedError as error:
        return [Difference(table="root", key=journal.wasteland, said=said, why=str(error))]
    if kept == said:
        return []
    return [Difference(table="root", key=journal.wasteland, kept=kept, said=said, why="differs")]


def _readable(journal: Journal) -> tuple[list[Entry], list[Difference]]:
    """Every record that can be read, and each that cannot."""
    entries: list[Entry] = []
    found: list[Difference] = []
    after = ""
    while True:
        try:
            entries.extend(journal.store.entries(after))
        except StoreDamagedError as error:
            key = error.key[AT_CHARS:]
            found.append(Difference(table="wl_records", key=key, field="raw", why=str(error)))
            if error.key <= after:
                return entries, found
            after = error.key
        else:
            return entries, found


def _signed(
    entries: Iterable[Entry], *, table: str = "wl_records"
) -> tuple[list[Envelope], list[Difference]]:
    """The records whose bytes and signature hold, read anew, and those that do not."""
    good, bad = [], []
    for entry in entries:
        record = entry.record
        try:
            envelope = parse(record.raw, signature=entry.signature)
        except BadRecordError as error:
            bad.append(Difference(table=table, key=record.id, why=str(error)))
            continue
        if verify_signature(envelope) is None:
            why = "signature does not hold"
            bad.append(Difference(table=table, key=record.id, field="sig", why=why))
        else:
            good.append(envelope)
    return good, bad


def _judged_again(journal: Journal, envelopes: list[Envelope]) -> tuple[Journal, int]:
    """A ledger in memory that took the records through the one door, and how many it refused.

    What came before a cut was known is kept aside and would be refused now (records 2.3); it counts
    for nothing, and a record that counts and is missing shows in the root and in the rows.
    """
    fresh = Journal.open(MemoryStore(), wasteland=journal.wasteland)
    newest = max((envelope.record.at for envelope in envelopes), default=0)
    left = sorted(envelopes, key=_arrival(journal))
    for _ in range(PASSES_MAX):
        refused = [e for part in _parts(left) for e in _offered(fresh, part, newest)]
        if len(refused) == len(left) or not refused:
            left = refused
            break
        left = refused
    left = _paired(fresh, left)
    fresh.flush()
    return fresh, len(left)


def _arrival(journal: Journal) -> Any:
    """Logs first, then the genesis, then by time: an order in which most are admitted at once."""
    wasteland = journal.wasteland

    def order(envelope: Envelope) -> tuple[int, int, int, str]:
        record = envelope.record
        stage = 0 if record.scope == "account" else 1 if record.id == wasteland else 2
        return stage, record.seq if stage == 0 else 0, record.at, record.id

    return order


def _parts(envelopes: list[Envelope]) -> Iterator[list[Envelope]]:
    for at in range(0, len(envelopes), BATCH):
        yield envelopes[at : at + BATCH]


def _offered(fresh: Journal, part: list[Envelope], now: int) -> list[Envelope]:
    outcomes = fresh.record(part, now=now + AT_AHEAD_MAX_US, bulk=True)
    return [e for e, o in zip(part, outcomes, strict=True) if str(o.code) not in TAKEN]


def _paired(fresh: Journal, left: list[Envelope]) -> list[Envelope]:
    """Records that only a pair of one slot brings in (records 2.3); what stays refused."""
    by_slot: dict[tuple[Any, int], list[Envelope]] = {}
    for envelope in left:
        record = envelope.record
        by_slot.setdefault((record.chain, record.seq), []).append(envelope)
    still: list[Envelope] = []
    for slot in by_slot.values():
        if len(slot) > 1 and str(fresh.record_pair(slot[0], slot[1]).code) in TAKEN:
            still += slot[2:]
        else:
            still += slot
    return still


def _compared(
    journal: Journal, fresh: Journal, table: str, key: str
) -> tuple[int, list[Difference]]:
    """How many rows the table has, and each that differs, field by field."""
    said = {str(row[key]): row for row in fresh.store.rows(table)}
    found: list[Difference] = []
    count = 0
    for row in journal.store.rows(table):
        count += 1
        name = str(row[key])
        expected = said.pop(name, None)
        if expected is None:
            found.append(Difference(table=table, key=name, kept=row, why="no record says this row"))
            continue
        found += _fields(table, name, row, expected)
    found += [
        Difference(table=table, key=name, said=row, why="the row is missing")
        for name, row in said.items()
    ]
    return count, found


def _fields(
    table: str, key: str, row: dict[str, Any], expected: dict[str, Any]
) -> Iterator[Difference]:
    for name, value in expected.items():
        if _plain(name, row.get(name)) != _plain(name, value):
            yield Difference(
                table=table,
                key=key,
                field=name,
                kept=row.get(name),
                said=value,
                why="it is not what the records say",
            )


def _plain(name: str, value: Any) -> Any:
    """Confidence is compared in hundredths (records 7.3)."""
    if name == "confidence" and isinstance(value, int | float):
        return round(100 * value)
    return value
