"""A journal as peers read and feed it: the Replica of `replica.py`.

It answers from R(W) only, refuses with a code and never raises for what a peer sent.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ledger.admission import STORED, Code
from ledger.journal import Journal
from ledger.member_set import frontier_of
from ledger.replica import Frontier, Received
from stamps.errors import BadRecordError
from stamps.record import ChainKey, Entry, Envelope, parse_line

_ANSWERED = frozenset({Code.CUT, Code.SETTLED, Code.UNKNOWN_DEVICE, Code.HELD})


class _Piece(NamedTuple):
    """One record of a stream, or two that prove a fork."""

    envelope: Envelope
    other: Envelope | None = None


class JournalReplica:
    """One wasteland's set over its journal."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._frontier: Frontier | None = None
        self._seen = -1

    @property
    def wasteland(self) -> str:
        """The id of the wasteland."""
        return self.journal.wasteland

    def registrar(self) -> tuple[str, str] | None:
        """(account, device) of the registrar."""
        return self.journal.registrar()

    def frontier(self) -> Frontier:
        """The set in short; made anew only after a record was taken."""
        if self._frontier is None or self._seen != self.journal.version:
            self.journal.flush()
            self._frontier = frontier_of(self.journal.state, self.journal.index.pins())
            self._seen = self.journal.version
        return self._frontier

    def slot(self, key: ChainKey, seq: int) -> str | None:
        """The id of the counted record at this seq."""
        record = self.journal.state.slot(key, seq)
        return record.id if record is not None else None

    def chain(self, key: ChainKey, first: int, last: int) -> Sequence[Entry]:
        """The counted records of a chain in the seq range."""
        state = self.journal.head(key)
        if state is None:
            return ()
        held = self.journal.held.slots(key, first, min(last, state.head_seq))
        return [entry for entry in held if state.counts(entry.record)]

    def account_log(self, account: str) -> Sequence[Entry]:
        """The effective log of an account, from n = 0."""
        log = self.journal.log_of(account)
        return self._entries(record.id for record in log.path) if log is not None else ()

    def fork_pair(self, key: ChainKey) -> Sequence[Entry]:
        """Two records of the chain's lowest unsettled fork."""
        state = self.journal.head(key)
        if state is None or state.fork is None:
            return ()
        return list(self.journal.held.slots(key, state.fork, state.fork))[:2]

    def pinned(self, ids: Iterable[str]) -> Sequence[Entry]:
        """Pinned records, the log paths of their devices first."""
        found: dict[str, Entry] = {}
        pinned = [e for e in self._entries(ids) if e.record.scope != "account"]
        for entry in pinned:
            log = self.journal.log_of(entry.record.account)
            paths = log.paths_introducing(entry.record.device) if log is not None else ()
            for path in paths:
                found.update((e.record.id, e) for e in self._entries(r.id for r in path))
        return [*found.values(), *pinned]

    def entries(self, ids: Iterable[str]) -> Sequence[Entry]:
        """Held records, logs first, then by chain and seq."""
        found = self._entries(ids)
        return sorted(found, key=lambda e: (_stage(e), e.record.chain, e.record.seq))

    def _entries(self, ids: Iterable[str]) -> list[Entry]:
        held = (self.journal.held.entry(record_id) for record_id in ids)
        return [entry for entry in held if entry is not None]

    def everything(self) -> Iterator[Entry]:
        """Every record of R(W): logs, identity chains, the registrar's, the rest, the pinned."""
        frontier = self.frontier()
        for account in sorted(frontier.logs):
            yield from self.account_log(account)
        for key in sorted(frontier.chains, key=lambda k: (k.scope != "identity", k)):
            if key.scope == "identity":
                yield from self.chain(key, 0, frontier.chains[key].seq)
        yield from self.pinned(frontier.pins)
        for key in sorted(frontier.chains, key=self._rank):
            if key.scope != "identity":
                yield from self.chain(key, 0, frontier.chains[key].seq)
        for key in sorted(frontier.forks):
            yield from self.fork_pair(key)

    def _rank(self, key: ChainKey) -> tuple[bool, ChainKey]:
        registrar = self.journal.registrar()
        first = registrar is not None and (key.author, key.device) == registrar
        return (not first, key)

    def members(self) -> Iterable[tuple[int, str]]:
        """(`at` // 1_000_000, id) of every record of R(W), in order."""
        found = {(e.record.at // 1_000_000, str(e.record.id)) for e in self.everything()}
        return sorted(found)

    # --- receiving

    def receive(self, lines: Sequence[bytes], *, now: int) -> Received:
        """The lines passed the one door, in order; refusals are counted, never raised."""
        codes: Counter[str] = Counter()
        answers: dict[str, Entry] = {}
        gaps: dict[ChainKey, int] = {}
        run: list[Envelope] = []
        for piece in _pieces(lines, codes):
            if piece.other is None:
                run.append(piece.envelope)
                continue
            self._receive_run(run, now, codes, answers, gaps)
            run = []
            self._receive_pair(piece.envelope, piece.other, codes, answers)
        self._receive_run(run, now, codes, answers, gaps)
        return Received(codes=dict(codes), answers=tuple(answers.values()), gaps=gaps)

    def _receive_run(
        self,
        run: Sequence[Envelope],
        now: int,
        codes: Counter[str],
        answers: dict[str, Entry],
        gaps: dict[ChainKey, int],
    ) -> None:
        if not run:
            return
        bulk = len(run) > 1
        for envelope, outcome in zip(
            run, self.journal.record(run, now=now, bulk=bulk), strict=True
        ):
            codes[str(outcome.code)] += 1
            if outcome.code == Code.GAP and envelope.record.scope != "account":
                state = self.journal.head(envelope.record.chain)
                gaps[envelope.record.chain] = state.counted if state is not None else 0
            elif outcome.code in _ANSWERED:
                self._answer(envelope, outcome.code, answers)

    def _receive_pair(
        self, one: Envelope, other: Envelope, codes: Counter[str], answers: dict[str, Entry]
    ) -> None:
        outcome = self.journal.record_pair(one, other)
        codes[str(outcome.code)] += 1
        if outcome.code not in STORED:
            self._answer(one, outcome.code, answers)

    def _answer(self, envelope: Envelope, code: str, answers: dict[str, Entry]) -> None:
        """records 2.5: the log of an author whose record we do not count, and its fork."""
        record = envelope.record
        if record.scope == "account":
            return
        state = self.journal.head(record.chain)
        if code == Code.HELD and state is not None and state.counts(record):
            return
        for entry in self.account_log(record.account):
            answers[entry.record.id] = entry
        for entry in self.fork_pair(record.chain):
            answers[entry.record.id] = entry


def _stage(entry: Entry) -> int:
    return {"account": 0, "identity": 1}.get(entry.record.scope, 2)


def _pieces(lines: Iterable[bytes], codes: Counter[str]) -> Iterator[_Piece]:
    """Parsed records; two neighbours of one slot come as the pair they are."""
    before: Envelope | None = None
    for line in lines:
        try:
            envelope = parse_line(line)
        except BadRecordError:
            codes[str(Code.BAD)] += 1
            continue
        if before is not None and _same_slot(before, envelope):
            yield _Piece(before, envelope)
            before = None
            continue
        if before is not None:
            yield _Piece(before)
        before = envelope
    if before is not None:
        yield _Piece(before)


def _same_slot(one: Envelope, other: Envelope) -> bool:
    first, second = one.record, other.record
    return (
        first.scope != "account"
        and first.seq == second.seq
        and first.id != second.id
        and first.chain == second.chain
    )
