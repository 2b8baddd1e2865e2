"""The ledger against an executable model of the contract, on random hostile histories."""

import random

import pytest

from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.set_journal import JournalReplica
from ledger.story import Stop
from stamps.record import Envelope, public_id
from tests.ledger.translate import BASE_US, UNIT_US, Translation, translated
from tests.oracle.gen import gen
from tests.oracle.model import FIX, Node
from tests.seeds import seeds

NOW = BASE_US + 10**6 * UNIT_US


def history(seed: int, *, join: str = "open") -> Translation:
    """One random hostile history, signed."""
    world = gen(seed, FIX, invite=join == "invite")
    return translated(world.recs, world.W)


def fed(made: Translation, order: list[str]) -> tuple[Node, Journal]:
    """Both sides after the same records in the same order, refused ones offered again."""
    by_id = {record.id: record for record in made.model}
    node = Node(made.wasteland, dict(FIX))
    journal = Journal.open(MemoryStore(), wasteland=made.wasteland)
    todo = order
    for _ in range(60):
        left = []
        for record_id in todo:
            theirs = node.offer(by_id[record_id])
            entry = made.ours[record_id]
            [ours] = journal.record([Envelope(entry.record, entry.signature)], now=NOW)
            assert (theirs in ("ok", "fork", "named")) == (ours.entry is not None), (
                by_id[record_id],
                theirs,
                ours.code,
            )
            if ours.entry is None and ours.code != "held":
                left.append(record_id)
        if left == todo:
            break
        todo = left
    return node, journal


def rows_of(node: Node, journal: Journal) -> tuple[dict[str, tuple], dict[str, tuple]]:
    """Status and holder of every item, as the model and as the ledger say it."""
    view = node.v()
    theirs: dict[str, tuple] = {}
    for row in view.rows:
        item = row[0]
        if row[1] == "waiting":
            theirs[item] = ("waiting",)
        else:
            theirs[item] = (row[2], row[3], [r.id for r in view.eff[item]])
    ours: dict[str, tuple] = {}
    for subject in journal.store.subjects("item"):
        story = journal.story(subject.id)
        if story is None:
            continue
        row = journal.store.row("wanted", public_id("w", subject.id))
        if story.stop is Stop.POLICY:
            assert row is None
            ours[subject.id] = ("waiting",)
            continue
        assert row is not None
        holder = row["claimed_by"]
        if story.open_grants and story.open_grants[0].neighbour and not story.accepted:
            holder = f"for:{story.open_grants[0].neighbour}"
        elif holder is not None:
            holder = holder.replace("for~", "")
        ours[subject.id] = (row["status"], _short(holder), [d.id for d in story.decisions])
    theirs = {
        item: row if len(row) == 1 else (row[0], _short(row[1]), row[2])
        for item, row in theirs.items()
    }
    return theirs, ours


def _short(name: str | None) -> str | None:
    """The model names an account by its whole id, rows by 20 hex of it."""
    if name is None or not name.startswith("handle~"):
        return name
    return name[: len("handle~") + 20]


@pytest.mark.parametrize("join", ["open", "invite"])
@pytest.mark.parametrize("seed", seeds(150, fast=6))
def test_random_histories_end_as_the_model_ends(seed: int, join: str) -> None:
    """In any order of arrival the same records are held, in the set, effective and shown."""
    made = history(seed, join=join)
    order = [record.id for record in made.model]
    for turn in range(2):
        if turn:
            random.Random(seed).shuffle(order)
        node, journal = fed(made, order)
        replica = JournalReplica(journal)
        assert {e.record.id for e in journal.store.entries()} == set(node.held)
        theirs, ours = rows_of(node, journal)
        assert ours == theirs
        view = node.v()
        assert dict(journal.admitted()) == view.admit
        assert [r.id for r in journal.state.registry.effective] == [
            r.id for r in view.eff.get(made.wasteland, [])
        ]
        listed = {e.record.id for e in replica.everything()}
        forked = {e.record.id for k in replica.frontier().forks for e in replica.fork_pair(k)}
        assert listed - forked <= set(view.R) | forked
        assert set(view.R) <= listed
