"""Laws of what the model leaves out: order, batches, rebuilds, exchange (records 7.8)."""

import random
from collections import Counter

import pytest

from federation import bundle
from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.set_journal import JournalReplica
from ledger.tables import DERIVED
from stamps.record import Entry, Envelope, to_line
from tests.ledger.crowds import Crowd
from tests.seeds import seeds

PASSES_MAX = 40
EVERY_FOURTH = seeds(60, fast=12)[::4]
SEEDS = seeds(60, fast=4)


MADE_FOR = (
    "rigs", "wanted", "completions", "stamps", "rig_links", "wl_attempts", "identity forks",
    "vanished", "on behalf", "rejected", "accepted", "closed", "revoked", "waits_for_record",
    "newer_version",
)  # fmt: skip


class Told:
    """One history, and ledgers that hear it in their own way."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.crowd = Crowd(seed, join=("open", "invite")[seed % 3 == 2])
        self.said = self.crowd.played()
        self.board = self.crowd.board

    def ledger(self) -> Journal:
        """One that has heard nothing."""
        return Journal.open(MemoryStore(), wasteland=self.board.wasteland)

    def heard(self, journal: Journal, entries: list[Entry], *, bulk: bool = False) -> Journal:
        """It was offered the entries until it took nothing more of them."""
        todo = [Envelope(entry.record, entry.signature) for entry in entries]
        for _ in range(PASSES_MAX):
            outcomes = journal.record(todo, now=self.board.now + 10**12, bulk=bulk)
            if not any(outcome.entry for outcome in outcomes):
                break
            todo = [
                e for e, o in zip(todo, outcomes, strict=True) if not o.entry and o.code != "held"
            ]
        journal.flush()
        return journal

    def exchange(self, one: Journal, other: Journal) -> bool:
        """Whether both came to one root by handing each other their sets and answers."""
        sides = JournalReplica(one), JournalReplica(other)
        now = self.board.now + 10**12
        for _ in range(10):
            if sides[0].frontier().root == sides[1].frontier().root:
                return True
            for giver, taker in (sides, sides[::-1]):
                lines = [to_line(entry) for entry in giver.everything()]
                answers = taker.receive(lines, now=now).answers
                giver.receive([to_line(entry) for entry in answers], now=now)
        return sides[0].frontier().root == sides[1].frontier().root


def shown(journal: Journal) -> tuple[bytes, dict[str, list]]:
    """The root, and every derived row."""
    root = JournalReplica(journal).frontier().root
    return root, {table.name: list(journal.store.rows(table.name)) for table in DERIVED}


@pytest.mark.parametrize("seed", SEEDS)
def test_no_order_batch_or_repetition_changes_what_is_shown(seed):
    """One by one as said, shuffled and repeated in bulk, or made anew: one root, one board."""
    told = Told(seed)
    plain = told.heard(told.ledger(), told.said)
    expected = shown(plain)
    shuffled = told.said + told.said[::3]
    told.chance.shuffle(shuffled)
    assert shown(told.heard(told.ledger(), shuffled, bulk=True)) == expected
    told.chance.shuffle(shuffled)
    single = told.ledger()
    for _ in range(3):
        for entry in shuffled:
            told.heard(single, [entry])
    assert shown(told.heard(single, shuffled)) == expected
    plain.store.clear_projections()
    assert shown(Journal.open(plain.store, wasteland=plain.wasteland)) == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_who_heard_different_parts_agrees_after_an_exchange(seed):
    """Three ledgers with parts of the history end with one root and one board."""
    told = Told(seed)
    board = told.board
    founding = [board.registrar.log_tip, board.genesis]
    ledgers = []
    for _ in range(3):
        share = told.chance.choice([0.5, 0.8, 0.95])
        part = [entry for entry in told.said if told.chance.random() < share]
        told.chance.shuffle(part)
        ledgers.append(told.heard(told.ledger(), founding + part))
    one, two, three = ledgers
    for _ in range(6):
        met = [told.exchange(one, two), told.exchange(two, three), told.exchange(one, three)]
        if all(met) and len({shown(ledger)[0] for ledger in ledgers}) == 1:
            break
    assert len({shown(ledger)[0] for ledger in ledgers}) == 1
    assert shown(one) == shown(two) == shown(three)


@pytest.mark.parametrize("seed", EVERY_FOURTH)
def test_a_bundle_carries_all_of_it(seed):
    """Written by one ledger and read by an empty one: one root, one board, and once is enough."""
    told = Told(seed)
    now = told.board.now + 10**12
    full, empty = told.heard(told.ledger(), told.said), told.ledger()
    pieces: list[bytes] = []
    bundle.write(full, pieces.append, name="hop", now=now)
    for new in (True, False):
        reader = bundle.Reader(iter(pieces))
        learned = bundle.read(reader, JournalReplica(empty), empty.store, now=now)
        assert bool(learned.accepted) is new
    assert shown(empty) == shown(full)
    again: list[bytes] = []
    bundle.write(empty, again.append, name="hop", now=now)
    assert b"".join(again) == b"".join(pieces)


@pytest.mark.slow
def test_the_histories_hold_what_they_are_made_for():
    """Forks of identity chains, links, stamps and their revokes, work on behalf: all happen."""
    seen: Counter[str] = Counter()
    for seed in range(0, 60, 2):
        told = Told(seed)
        journal = told.heard(told.ledger(), told.said)
        for table in DERIVED:
            seen[table.name] += len(list(journal.store.rows(table.name)))
        forks = JournalReplica(journal).frontier().forks
        seen["identity forks"] += sum(key.scope == "identity" for key in forks)
        for subject in journal.store.subjects("item"):
            story = journal.story(subject.id)
            seen["vanished"] += story is None
            for attempt in story.attempts if story is not None else ():
                seen["on behalf"] += attempt.on_behalf is not None
                seen[attempt.decision] += 1
            for given in story.stamps if story is not None else ():
                seen["revoked"] += bool(given.revoked)
            seen[str(story.stop) if story is not None else ""] += 1
        if all(seen[name] for name in MADE_FOR):
            break
    assert [name for name in MADE_FOR if not seen[name]] == []
