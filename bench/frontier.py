"""Two sessions exchange frontiers and records until their roots are equal; messages are counted.

The sessions, messages and records that differ are real, signed ones. What is simulated is what
both sides hold already: of 1,000 chains of 999 records each the heads alone. A line is taken when
its signature is good and it continues its chain; it is not folded.
"""

import argparse
import hashlib
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import thread_time
from typing import Final

from bench.people import START
from bench.result import row
from bench.towns import writer_key
from federation.answerer import Answerer
from federation.letters import decode_answer, decode_parcel
from federation.remembered import Memory
from federation.session import Ask, Caller, Report
from ledger.checks import Ticket
from ledger.member_set import root_of
from ledger.replica import Frontier, Head, Received
from stamps.record import ChainKey, Entry, parse_line, sign, verify

WASTELAND: Final = "5" * 64
LENGTH: Final = 999


def common_id(key: ChainKey, seq: int) -> str:
    """The id of a record that both sides hold."""
    return hashlib.sha256(f"{key.device} {seq}".encode()).hexdigest()


class Heads:
    """A replica that knows heads, and the records that came after them."""

    wasteland = WASTELAND

    def __init__(self, keys: Sequence[ChainKey]) -> None:
        self.heads = {key: Head(LENGTH - 1, common_id(key, LENGTH - 1)) for key in keys}
        self.fresh: dict[ChainKey, list[Entry]] = {key: [] for key in keys}
        self._frontier: Frontier | None = None

    def registrar(self) -> None:
        """There is none here."""

    def frontier(self) -> Frontier:
        """The set in short."""
        if self._frontier is None:
            self._frontier = Frontier(
                wasteland=WASTELAND,
                chains=dict(self.heads),
                logs={},
                forks={},
                pins=frozenset(),
                root=root_of(WASTELAND, self.heads, {}, {}, ()),
            )
        return self._frontier

    def slot(self, key: ChainKey, seq: int) -> str | None:
        """The id at a place of a chain."""
        if seq < LENGTH:
            return common_id(key, seq)
        fresh = self.fresh[key]
        return str(fresh[seq - LENGTH].record.id) if seq - LENGTH < len(fresh) else None

    def chain(self, key: ChainKey, first: int, last: int) -> Sequence[Entry]:
        """Records after the common ones."""
        if first < LENGTH:
            raise RuntimeError("asked for what both sides hold")
        return self.fresh[key][first - LENGTH : last - LENGTH + 1]

    def by_time(self, stretches: Mapping[ChainKey, tuple[int, int]]) -> Iterator[Entry]:
        """The records of these stretches by `at`."""
        found = [e for key, stretch in stretches.items() for e in self.chain(key, *stretch)]
        return iter(sorted(found, key=lambda entry: entry.record.at))

    def hold_still(self, *, still: bool) -> None:
        """The frontier is made anew after each record anyway."""

    def account_log(self, account: str) -> Sequence[Entry]:
        """No account is told of."""
        del account
        return ()

    def fork_pair(self, key: ChainKey) -> Sequence[Entry]:
        """No chain is forked."""
        del key
        return ()

    def pinned(self, ids: Iterable[str]) -> Sequence[Entry]:
        """Nothing is pinned."""
        del ids
        return ()

    def entries(self, ids: Iterable[str]) -> Sequence[Entry]:
        """Nothing is asked for by its id: frontiers suffice here."""
        del ids
        return ()

    def members(self) -> Iterable[tuple[int, str]]:
        """Layer 2 is `bench.negentropy`'s."""
        raise RuntimeError("frontiers did not suffice")

    def receive(
        self, lines: Sequence[bytes], *, now: int, peer: str = "", ticket: Ticket | None = None
    ) -> Received:
        """Each line that continues its chain is held."""
        del now, peer, ticket
        taken = 0
        for line in lines:
            envelope = parse_line(line)
            record = envelope.record
            head = self.heads[record.chain]
            entry = verify(envelope)
            if entry is not None and record.seq == head.seq + 1 and record.prev == head.id:
                self.hold(entry)
                taken += 1
        return Received(codes={"ok": taken, "gap": len(lines) - taken})

    def hold(self, entry: Entry) -> None:
        """The record is the head of its chain."""
        record = entry.record
        self.fresh[record.chain].append(entry)
        self.heads[record.chain] = Head(record.seq, str(record.id))
        self._frontier = None


@dataclass(slots=True)
class Side:
    """One node: what it holds, what it remembers of the other, its time."""

    replica: Heads
    memory: Memory = field(default_factory=Memory)
    spent: float = 0.0


@dataclass(slots=True)
class Counted:
    """What crossed in one exchange."""

    asks: int = 0
    finding: int = 0  # asks for roots and frontiers until one was answered with what is lacking
    found: int = 0  # bytes of those, beside the lines of records
    beside: int = 0  # bytes of all, beside the lines of records
    records: int = 0
    lines: int = 0
    answered: bool = False


def said(chance: random.Random, numbers: Sequence[int], side: Side, amount: int) -> None:
    """The side wrote so many records, in any of these chains."""
    for _ in range(amount):
        number = chance.choice(numbers)
        key = _keys()[number]
        head = side.replica.heads[key]
        side.replica.hold(
            sign(key=writer_key(number), scope=WASTELAND, author=key.author, seq=head.seq + 1,
                 prev=head.id, at=START + head.seq, kind="note.add", about="a" * 64,
                 body={"text": "x" * 200, "tag": "progress"})
        )  # fmt: skip


_KEYS: list[ChainKey] = []


def _keys() -> list[ChainKey]:
    if not _KEYS:
        _KEYS.extend(
            ChainKey(WASTELAND, f"{number:064x}", str(writer_key(number).device))
            for number in range(1_000)
        )
    return _KEYS


def exchanged(caller_side: Side, answerer_side: Side) -> tuple[Report, Counted]:
    """One exchange to its end."""
    caller = Caller(caller_side.replica, caller_side.memory, new_secret=_secret)
    answerer = Answerer(answerer_side.replica, lambda _: answerer_side.memory, new_secret=_secret)
    counted = Counted()
    mark = thread_time()
    step = caller.begin(START)
    caller_side.spent += thread_time() - mark
    while isinstance(step, Ask):
        mark = thread_time()
        answer = answerer.answer(step.what, step.body, peer="caller", now=START)
        answerer_side.spent += thread_time() - mark
        _count(counted, step, answer)
        mark = thread_time()
        step = caller.received(answer, START)
        caller_side.spent += thread_time() - mark
    return step.report, counted


def _count(counted: Counted, ask: Ask, answer: bytes) -> None:
    lines: list[bytes] = []
    if ask.what == "frontier":
        lines += decode_answer(answer).lines
    if ask.what == "records":
        lines += [*decode_parcel(ask.body).lines, *decode_parcel(answer).lines]
    counted.asks += 1
    beside = len(ask.body) + len(answer) - sum(map(len, lines))
    counted.beside += beside
    if ask.what in ("root", "frontier") and not counted.answered:
        counted.finding += 1
        counted.found += beside
        counted.answered = ask.what == "frontier"
    counted.records += len(lines)
    counted.lines += sum(map(len, lines))


_CHANCE = random.Random(9)


def _secret() -> bytes:
    return _CHANCE.randbytes(16)


def case(differences: int, chains: int, *, acknowledged: bool, most: int) -> None:
    """Both sides wrote half of the differences, then met."""
    chance = random.Random(differences)
    here, there = Side(Heads(_keys())), Side(Heads(_keys()))
    numbers = range(chains)
    said(chance, numbers[: chains // 2], here, 1)
    exchanged(here, there)  # from here on both know the other's nonce and an equal frontier
    if not acknowledged:
        here.memory.acknowledged.clear()
        there.memory.acknowledged.clear()
    here.spent = there.spent = 0.0
    said(chance, numbers[: chains // 2], here, differences // 2)
    said(chance, numbers[chains // 2 :], there, differences - differences // 2)
    report, counted = exchanged(here, there)
    if not report.equal or counted.records < differences:
        raise RuntimeError(f"not equal after {counted}")
    how = "acknowledged before" if acknowledged else "said whole"
    found = counted.found or counted.beside
    figure = (
        f"found in {counted.finding or counted.asks} and {found:,} B;"
        f" with {counted.lines / 1e6:.2f} MB of records {counted.asks} messages each way,"
        f" {counted.beside:,} B beside them;"
        f" CPU {here.spent:.2f} and {there.spent:.2f} s, verified"
    )
    row(f"{differences:,} differences of 1M in {chains:,} chains, frontier {how}",
        f"≤ 2 round trips, ≤ {most / 1e3:.1f} kB", figure,
        met=counted.finding <= 2 and found <= most)  # fmt: skip


def main() -> None:
    """The cases of the targets."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    case(100, 100, acknowledged=True, most=3_200)
    case(10_000, 1_000, acknowledged=False, most=20_000)
    case(10_000, 1_000, acknowledged=True, most=20_000)


if __name__ == "__main__":
    main()
