"""Laws of the defined set: order, batches, rebuilds, and two ledgers that exchange it."""

import random

import pytest

from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.set_journal import JournalReplica
from ledger.tables import DERIVED
from stamps.record import Entry, Envelope, to_line
from tests.ledger.test_against_model import NOW, history
from tests.ledger.translate import Translation
from tests.seeds import seeds

PASSES_MAX = 40


def opened(made: Translation, store: MemoryStore | None = None) -> Journal:
    """A ledger of the history's wasteland."""
    return Journal.open(store or MemoryStore(), wasteland=made.wasteland)


def fed(journal: Journal, entries: list[Entry], *, bulk: bool = False) -> None:
    """The entries were offered until nothing more of them was taken."""
    todo = [Envelope(entry.record, entry.signature) for entry in entries]
    for _ in range(PASSES_MAX):
        outcomes = journal.record(todo, now=NOW, bulk=bulk)
        if not any(outcome.entry for outcome in outcomes):
            return
        todo = [e for e, o in zip(todo, outcomes, strict=True) if not o.entry and o.code != "held"]


def shown(journal: Journal) -> tuple[bytes, dict[str, list]]:
    """The root, and every derived row."""
    root = JournalReplica(journal).frontier().root
    return root, {table.name: list(journal.store.rows(table.name)) for table in DERIVED}


def exchanged(one: Journal, other: Journal) -> bool:
    """Whether two ledgers came to one root by handing each other their sets and answers."""
    sides = JournalReplica(one), JournalReplica(other)
    for _ in range(10):
        if sides[0].frontier().root == sides[1].frontier().root:
            return True
        for giver, taker in (sides, sides[::-1]):
            lines = [to_line(entry) for entry in giver.everything()]
            answers = taker.receive(lines, now=NOW).answers
            giver.receive([to_line(entry) for entry in answers], now=NOW)
    return sides[0].frontier().root == sides[1].frontier().root


@pytest.mark.parametrize("seed", seeds(60, fast=4))
def test_order_and_batching_change_neither_root_nor_row(seed):
    """One by one, in bulk, shuffled or repeated: the same records show the same rows."""
    made = history(seed, join=("open", "invite")[seed % 2])
    entries = list(made.ours.values())
    expected = opened(made)
    fed(expected, entries)
    shuffled = entries + entries[:20]
    random.Random(seed).shuffle(shuffled)
    bulky = opened(made)
    fed(bulky, shuffled, bulk=True)
    bulky.flush()
    assert shown(bulky) == shown(expected)


@pytest.mark.parametrize("seed", seeds(60, fast=4))
def test_a_rebuild_shows_what_was_shown(seed):
    """Projections made anew from the journal alone equal those made record by record."""
    made = history(seed, join=("open", "invite")[seed % 2])
    journal = opened(made)
    fed(journal, list(made.ours.values()))
    before = shown(journal)
    journal.store.clear_projections()
    assert shown(Journal.open(journal.store, wasteland=made.wasteland)) == before


@pytest.mark.parametrize("seed", seeds(60, fast=4))
def test_a_crash_between_journal_and_projection_loses_nothing(seed):
    """A ledger reopened with records that no projection covers shows them all."""
    made = history(seed)
    store = MemoryStore()
    journal = opened(made, store)
    fed(journal, list(made.ours.values()), bulk=True)
    reopened = opened(made, store.reopened())
    journal.flush()
    assert shown(reopened) == shown(journal)


@pytest.mark.parametrize("seed", seeds(60, fast=4))
def test_partial_holdings_converge_by_exchanging_their_sets(seed):
    """Three ledgers with different parts of a hostile history end with one root, one board."""
    made = history(seed, join=("open", "invite")[seed % 2])
    chance = random.Random(seed + 7)
    founding = [e for e in made.ours.values() if e.record.id == made.wasteland]
    registrar = founding[0].record.account
    founding = [made.ours[registrar], *founding]
    journals = []
    for _ in range(3):
        part = [e for e in made.ours.values() if chance.random() < chance.choice([0.5, 0.8, 0.95])]
        chance.shuffle(part)
        journal = opened(made)
        fed(journal, founding + part)
        journals.append(journal)
    one, two, three = journals
    for _ in range(6):
        met = [exchanged(one, two), exchanged(two, three), exchanged(one, three)]
        if all(met) and len({shown(j)[0] for j in journals}) == 1:
            break
    assert len({shown(journal)[0] for journal in journals}) == 1
    assert shown(one) == shown(two) == shown(three)
