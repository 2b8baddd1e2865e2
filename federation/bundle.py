"""A bundle: a wasteland's records in one file, the transport for those without a network.

Compressed lines: a header, record lines as records 1.3 has them, a marked section of unsigned rows,
and a closing line with the hash of all before. It is read in parts and bounded everywhere, and what
it holds passes the one door like a peer's words: a broken bundle ends with an error, and the whole
records before the break are kept, as of any transport that fell silent.
"""

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ClassVar, Final

from ledger.journal import Journal
from ledger.replica import Replica
from ledger.set_journal import JournalReplica
from ledger.store import Observed, Store
from ledger.tables import BY_NAME, Row
from stamps.errors import WastelandError
from stamps.kinds import is_id
from stamps.record import LINE_BYTES_MAX, Entry, Record, to_line

FORMAT: Final = "wasteland-bundle"
VERSION: Final = 1
HEADER_BYTES_MAX: Final = 4_096
ROW_BYTES_MAX: Final = 256 << 10
ROWS_MAX: Final = 1_000_000
RECORDS_MAX: Final = 100_000_000
BATCH: Final = 1_000
PIECE: Final = 1 << 16
NAME_CHARS_MAX: Final = 255
UNSIGNED: Final = b"#unsigned\n"
END: Final = b"#end "
AGAIN_MAX: Final = 20_000  # lines kept for another try
PASSES_MAX: Final = 16
NEW: Final = ("ok", "fork", "pinned")
TAKEN: Final = frozenset({*NEW, "held"})
GZIP: Final = 31  # zlib's window bits for a gzip stream


class BundleError(WastelandError):
    """The file is no bundle, or not a whole one. `reason` says which rule it breaks."""

    code: ClassVar[str] = "bundle.bad"
    hint: ClassVar[str] = "Ask for the file again; whole records before the break were kept."
    exit: ClassVar[int] = 8

    def __init__(self, reason: str, why: str) -> None:
        super().__init__(why)
        self.reason = reason


class NoBundleError(BundleError):
    """What was given is no bundle that this version reads: nothing of it was looked at."""

    code: ClassVar[str] = "bundle.none"
    hint: ClassVar[str] = "Give a file that wl export wrote; rows of others: wl import --rows DIR"
    exit: ClassVar[int] = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a bundle says of itself; only its wasteland is ever believed, and checked."""

    wasteland: str
    name: str
    item: str
    made_at: int


@dataclass(frozen=True, slots=True)
class Written:
    """How much a bundle holds."""

    records: int
    observed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What became of a bundle: outcomes by code (see `Received`), and unsigned rows shown."""

    codes: Counter[str] = field(default_factory=Counter)
    observed: int = 0

    @property
    def accepted(self) -> int:
        """How many records were new."""
        return sum(self.codes.get(code, 0) for code in NEW)

    @property
    def loose(self) -> int:
        """How many are kept without their chain."""
        return self.codes.get("loose", 0)


# --- writing


def write(
    journal: Journal,
    put: Callable[[bytes], object],
    *,
    name: str,
    now: int,
    item: str = "",
) -> Written:
    """The bundle of a wasteland, or of one item, was given to `put` piece by piece.

    The same set gives the same bytes at the same `now` (microseconds).
    """
    out = _Out(put)
    header = {
        "format": FORMAT,
        "v": VERSION,
        "wasteland": journal.wasteland,
        "name": name,
        "item": item,
        "made_at": now,
    }
    out.line(_json(header))
    replica = JournalReplica(journal)
    records = 0
    for entry in _of_item(journal, replica, item) if item else replica.everything():
        out.line(to_line(entry))
        records += 1
    observed = [] if item else _observed(journal.store)
    if observed:
        out.line(UNSIGNED)
    for one in observed:
        out.line(_json(_row(one)))
    out.close()
    return Written(records, len(observed))


def _once(entries: Iterable[Entry]) -> Iterator[Entry]:
    seen: set[str] = set()
    for entry in entries:
        if entry.record.id not in seen:
            seen.add(entry.record.id)
            yield entry


def _of_item(journal: Journal, replica: JournalReplica, item: str) -> Iterator[Entry]:
    """The genesis, the registrar's chain, and every whole chain that speaks of the item.

    Chains are whole up to their last word about it, so that whoever reads them needs no waiting
    room (records 2.2).
    """
    state = journal.state
    speakers: dict[str, Record | None] = {item: state.record(item)}
    speakers |= {str(record.id): record for record in state.about(item)}
    story = journal.story(item)
    if story is not None:
        speakers |= {one: state.record(one) for one in story.named}
    chains: dict[Any, int] = {}
    for record in speakers.values():
        if record is not None:
            chains[record.chain] = max(chains.get(record.chain, 0), record.seq)
    frontier = replica.frontier()
    registrar = journal.registrar()
    for key, head in frontier.chains.items():
        if registrar is not None and (key.author, key.device) == registrar:
            chains[key] = head.seq
    genesis = journal.genesis()
    accounts = {key.author for key in chains} | ({genesis.account} if genesis else set())
    found: list[Entry] = []
    for account in sorted(accounts):
        found += replica.account_log(account)
    found += replica.pinned([journal.wasteland])
    for key in sorted(chains, key=lambda k: ((k.author, k.device) != registrar, k)):
        found += replica.chain(key, 0, chains[key])
    found += replica.pinned(one for one in frontier.pins if one in speakers)
    yield from _once(found)


def _observed(store: Store) -> list[Observed]:
    return [one for table in BY_NAME for one in store.observed(table)]


def _row(one: Observed) -> dict[str, Any]:
    return {
        "table": one.row.table,
        "key": one.row.key,
        "values": one.row.values,
        "source": one.source,
        "commit": one.commit,
        "seen_at": one.seen_at,
    }


def _json(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return text.encode() + b"\n"


class _Out:
    """Compresses and hashes what is written."""

    def __init__(self, put: Callable[[bytes], object]) -> None:
        self._put = put
        self._hash = hashlib.sha256()
        self._pack = zlib.compressobj(6, zlib.DEFLATED, GZIP)

    def line(self, line: bytes) -> None:
        self._hash.update(line)
        self._give(self._pack.compress(line))

    def close(self) -> None:
        self._give(self._pack.compress(END + self._hash.hexdigest().encode() + b"\n"))
        self._give(self._pack.flush())

    def _give(self, piece: bytes) -> None:
        if piece:
            self._put(piece)


# --- reading


class Reader:
    """The lines of a bundle, decompressed as they are asked for; nothing is believed yet."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._unpack = zlib.decompressobj(GZIP)
        self._rest = b""
        self._hash = hashlib.sha256()
        self._header: Header | None = None

    def header(self) -> Header:
        """The first line. Raises NoBundleError."""
        if self._header is None:
            try:
                self._header = _header(self._line(HEADER_BYTES_MAX))
            except BundleError as error:
                raise NoBundleError(error.reason, str(error)) from None
        return self._header

    def lines(self) -> Iterator[bytes]:
        """Record lines, until the rows or the end. Raises BundleError."""
        self.header()
        for _ in range(RECORDS_MAX):
            line = self._peeked(max(LINE_BYTES_MAX, HEADER_BYTES_MAX))
            if line.startswith(b"#"):
                return
            self._take(line)
            yield line

    def rows(self) -> Iterator[Observed]:
        """The unsigned rows, then the proof that the bundle is whole. Raises BundleError."""
        line = self._peeked(HEADER_BYTES_MAX)
        if line == UNSIGNED:
            self._take(line)
            for _ in range(ROWS_MAX):
                line = self._peeked(ROW_BYTES_MAX)
                if line.startswith(b"#"):
                    break
                self._take(line)
                yield _observed_of(line)
        self._end(line)

    def _end(self, line: bytes) -> None:
        if not line.startswith(END):
            raise BundleError("order", "the bundle has a section that is not known")
        if line[len(END) :].strip() != self._hash.hexdigest().encode():
            raise BundleError("hash", "the bundle is not what its last line says")
        self._rest = self._rest[len(line) :]
        if self._rest or self._more():
            raise BundleError("trailing", "something follows the end of the bundle")

    # --- bytes

    def _line(self, most: int) -> bytes:
        line = self._peeked(most)
        self._take(line)
        return line

    def _take(self, line: bytes) -> None:
        self._hash.update(line)
        self._rest = self._rest[len(line) :]

    def _peeked(self, most: int) -> bytes:
        """The next whole line, left where it is; `most` bytes at most."""
        while (at := self._rest.find(b"\n")) < 0:
            if len(self._rest) > most:
                raise BundleError("size", f"a line is longer than {most} bytes")
            if not self._more():
                raise BundleError("truncated", "the bundle ends in the middle")
        if at >= most:
            raise BundleError("size", f"a line is longer than {most} bytes")
        return self._rest[: at + 1]

    def _more(self) -> bool:
        """Whether more was decompressed; never more than a piece at a time (H10)."""
        try:
            while not self._unpack.eof:
                packed = self._unpack.unconsumed_tail or next(self._pieces, b"")
                if not packed:
                    return False
                plain = self._unpack.decompress(packed, PIECE)
                if plain:
                    self._rest += plain
                    return True
        except zlib.error as error:
            raise BundleError("compression", f"it is no bundle: {error}") from None
        if self._unpack.unused_data or next(self._pieces, b""):
            raise BundleError("trailing", "something follows the end of the bundle")
        return False


def _header(line: bytes) -> Header:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        raise BundleError("header", "the first line is no header") from None
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise BundleError("format", "the file is no bundle of ours")
    if said.get("v") != VERSION:
        raise BundleError("version", f"version {said.get('v')!r} is not known here")
    name, item, made = said.get("name"), said.get("item"), said.get("made_at")
    if not is_id(said.get("wasteland")) or not isinstance(name, str) or not isinstance(made, int):
        raise BundleError("header", "the header does not name a wasteland")
    if len(name) > NAME_CHARS_MAX or not (item == "" or is_id(item)):
        raise BundleError("header", "the header is not well formed")
    return Header(wasteland=said["wasteland"], name=name, item=str(item), made_at=made)


def _observed_of(line: bytes) -> Observed:
    try:
        said = json.loads(line)
        table, key, values = said["table"], said["key"], said["values"]
        source, commit, seen_at = said["source"], said["commit"], said["seen_at"]
    except (ValueError, RecursionError, KeyError, TypeError):
        raise BundleError("row", "an unsigned row is not well formed") from None
    texts = all(isinstance(text, str) for text in (table, key, source, commit))
    if not texts or not isinstance(values, dict) or not isinstance(seen_at, int):
        raise BundleError("row", "an unsigned row is not well formed")
    known = BY_NAME.get(table)
    if known is None or not 0 < len(key) <= NAME_CHARS_MAX:
        raise BundleError("row", f"no table of a commons is called {table[:40]!r}")
    row = Row(table, key, {name: values.get(name) for name in known.columns})
    return Observed(row=row, source=source[:512], commit=commit[:64], seen_at=seen_at)


def _batches(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    rest = iter(lines)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _offer(batch: list[bytes], replica: Replica, codes: Counter[str], *, now: int) -> bool:
    """Whether any of the batch was refused: a pinned record waits for who names it (2.4)."""
    outcome = replica.receive(batch, now=now).codes
    codes.update(outcome)
    return any(code not in TAKEN for code in outcome)


def read(reader: Reader, replica: Replica, store: Store, *, now: int) -> Learned:
    """Everything the bundle holds was offered to the ledger. Raises BundleError.

    A bundle of another wasteland is refused before its first record. What lacks its chain when
    all of it was offered is loose (records 2.2).
    """
    if reader.header().wasteland != replica.wasteland:
        raise BundleError("wasteland", "the bundle is of another wasteland")
    codes: Counter[str] = Counter()
    left: list[bytes] = []
    for batch in _batches(reader.lines()):
        outcome: Counter[str] = Counter()
        refused = _offer(batch, replica, outcome, now=now)
        if refused and len(left) < AGAIN_MAX:
            left += batch
            outcome = Counter({code: outcome[code] for code in TAKEN})
        codes += outcome
    codes += _again(left, replica, now=now)
    rows = list(reader.rows())
    if rows:
        store.observe(rows)
    return Learned(codes=codes, observed=len(rows))


def _again(left: list[bytes], replica: Replica, *, now: int) -> Counter[str]:
    """What became of lines that were not all taken: offered while that helps, then set aside."""
    codes: Counter[str] = Counter()
    for _ in range(PASSES_MAX):
        again: Counter[str] = Counter()
        for batch in _batches(left):
            _offer(batch, replica, again, now=now)
        codes += Counter({code: again[code] for code in NEW})
        if not any(again[code] for code in NEW):
            break
    for batch in _batches(left):
        codes += Counter({**replica.shelve(batch, now=now), "held": 0})
    return codes
