"""Records without their chain (records 2.2): verified, kept, never counted, let in by the chain."""

import random

import pytest

from ledger.journal import Journal
from ledger.loose import LOOSE_BYTES_MAX, LOOSE_RECORDS_MAX
from ledger.memory import MemoryStore
from ledger.set_journal import JournalReplica
from ledger.store import StoreError
from ledger.verify import verify
from stamps.record import Entry, Envelope, to_line, vouch
from tests.ledger.people import Board, Person
from tests.ledger.test_against_model import NOW, history
from tests.ledger.test_sets import PASSES_MAX, fed, opened, shown
from tests.seeds import seeds


def shelved(journal: Journal, *entries: Entry) -> list[str]:
    """What became of them, each by its code."""
    lines = [Envelope(entry.record, entry.signature) for entry in entries]
    return [str(outcome.code) for outcome in journal.shelve(lines, now=NOW)]


def offered(journal: Journal, *entries: Entry) -> list[str]:
    """What the door said, each by its code, one after the other as a peer says them."""
    lines = [Envelope(entry.record, entry.signature) for entry in entries]
    return [str(journal.record([line], now=NOW)[0].code) for line in lines]


def loose_in(journal: Journal) -> list[str]:
    """The ids of what is loose, as memory and store say it."""
    found = sorted(str(entry.record.id) for entry in journal.loose)
    assert found == sorted(str(entry.record.id) for entry in journal.store.loose())
    return found


@pytest.fixture
def ann(board):
    """Somebody who says things that did not come yet."""
    return board.person("ann")


def notes(ann: Person, count: int, *, text: str = "x") -> list[Entry]:
    """Posts of hers that nobody was told of."""
    body = {"title": text, "description": "", "project": "p", "type": "bug", "priority": 1,
            "effort": "small", "tags": [], "policy": {}, "under": ""}  # fmt: skip
    return [ann.say("wanted.post", body=body, offer=False) for _ in range(count)]


# --- laws


@pytest.mark.parametrize("seed", seeds(60, fast=6))
def test_loose_first_and_their_chains_later_is_all_at_once(seed):
    """Any part, in any order and any batches, set aside before the rest comes: one root, one board.

    Nothing that came in is loose afterwards, and what a start finds is the same.
    """
    made = history(seed, join=("open", "invite")[seed % 2])
    entries = list(made.ours.values())
    expected = opened(made)
    fed(expected, entries)
    chance = random.Random(seed)
    part = [e for e in entries if chance.random() < chance.choice((0.3, 0.9))]
    chance.shuffle(part)
    journal = opened(made)
    fed(journal, [made.ours[e.record.account] for e in entries if e.record.id == made.wasteland])
    fed(journal, [e for e in entries if e.record.id == made.wasteland])
    while part:
        shelved(journal, *part[:7])
        part = part[chance.randrange(1, 9) :]
    chance.shuffle(entries)
    fed(journal, entries, bulk=bool(seed % 3))
    journal.flush()
    assert shown(journal) == shown(expected)
    held = {str(e.record.id) for e in journal.store.entries()}
    assert not held & set(loose_in(journal))
    assert shown(opened(made, journal.store.reopened())) == shown(expected)


@pytest.mark.parametrize("seed", seeds(60, fast=6))
def test_what_is_loose_is_never_counted(seed):
    """With it and without it: the same root, rows, count and set; repeated, nothing more."""
    made = history(seed, join=("open", "invite")[seed % 2])
    chance = random.Random(seed)
    part = [e for e in made.ours.values() if chance.random() < 0.6]
    journal = opened(made)
    fed(journal, part)
    journal.flush()
    for _ in range(PASSES_MAX):  # what was refused is offered again, as a bundle does
        if not {"ok", "fork", "pinned"} & {*shelved(journal, *made.ours.values())}:
            break
    came = [e for e in made.ours.values() if journal.held.entry(e.record.id)]
    without = opened(made)
    fed(without, came)
    without.flush()
    assert shown(journal) == shown(without)
    assert journal.store.count() == len(came)
    sides = JournalReplica(journal), JournalReplica(without)
    assert list(sides[0].members()) == list(sides[1].members())
    assert sides[0].frontier() == sides[1].frontier()
    loose = loose_in(journal)
    assert list(sides[0].entries(loose)) == sides[0].pinned(loose) == []
    shelved(journal, *made.ours.values())
    assert loose_in(journal) == loose


# --- one by one


def test_a_record_whose_predecessor_is_missing_is_kept_and_comes_in_behind_it(board, ann):
    """records 2.2: loose until the last missing one is here, then all of the chain at once."""
    first, second, third = notes(ann, 3)
    assert offered(board.journal, third) == ["gap"]
    assert loose_in(board.journal) == []  # live sync has no waiting room
    assert shelved(board.journal, third, second) == ["loose", "loose"]
    assert board.rows("wanted") == []
    assert offered(board.journal, first) == ["ok"]
    assert len(board.rows("wanted")) == 3
    assert loose_in(board.journal) == []


def test_what_comes_in_the_wrong_order_is_sorted_out_at_once(board, ann):
    """A chain given backwards needs no second try."""
    first, second, third = notes(ann, 3)
    assert shelved(board.journal, third, second, first) == ["ok", "ok", "ok"]
    assert loose_in(board.journal) == []
    assert len(board.rows("wanted")) == 3


def test_a_record_of_an_author_nobody_here_knows_waits_for_the_log(board):
    """The key in the record signed it; whose it is, the account's log says when it comes."""
    stranger = Person(Unheard(board), "zed")
    [post] = notes(stranger, 1)
    assert shelved(board.journal, post) == ["loose"]
    assert offered(board.journal, stranger.log_tip) == ["ok"]
    assert [row["id"][2:] for row in board.rows("wanted")] == [post.record.id[:40]]
    assert loose_in(board.journal) == []


class Unheard:
    """A board that is told nothing."""

    def __init__(self, board: Board) -> None:
        self.now, self.wasteland = board.now, board.wasteland
        self.said: list[Entry] = []


def test_a_device_that_the_log_here_does_not_name_is_refused(board, ann):
    """Whoever signs in another's name with a key of his own is not shown, not even in part."""
    bob = board.person("bob")
    forged = ann.say("wanted.post", body=notes(ann, 1)[0].record.body, key=bob.key, after=None,
                     offer=False)  # fmt: skip
    assert shelved(board.journal, forged) == ["unknown_device"]
    assert loose_in(board.journal) == []


def test_a_decision_that_names_it_lets_it_in(board, ann):
    """records 2.4: what is pinned needs no predecessor, loose before or not."""
    bob = board.person("bob")
    item = ann.post()
    notes(bob, 1)
    bid = bob.bid(item, offer=False)
    assert shelved(board.journal, bid) == ["loose"]
    ann.grant(item, bid)
    board.journal.flush()
    assert loose_in(board.journal) == []
    assert board.status(item) == "claimed"


def test_two_of_one_slot_are_the_proof_of_a_fork(board, ann):
    """records 2.3: a pair is admitted as one thing, its `prev` held or not, whenever they came."""
    [before] = notes(ann, 1)
    one = ann.say("note.add", about=board.wasteland, body={"tag": "note", "text": "1"},
                  after=before, offer=False)  # fmt: skip
    other = ann.say("note.add", about=board.wasteland, body={"tag": "note", "text": "2"},
                    after=before, offer=False)  # fmt: skip
    assert shelved(board.journal, one) == ["loose"]
    assert shelved(board.journal, other) == ["fork"]
    assert loose_in(board.journal) == []
    assert board.journal.head(one.record.chain).fork == one.record.seq


def test_a_pair_that_a_peer_brings_takes_the_loose_one_along(board, ann):
    """records 2.3: what is held is not loose, whichever way it came."""
    before, one = notes(ann, 2)
    other = ann.say("rig.join", about=board.wasteland, body={"handle": "x"}, after=before,
                    offer=False)  # fmt: skip
    assert shelved(board.journal, one) == ["loose"]
    pair = (Envelope(entry.record, entry.signature) for entry in (one, other))
    assert board.journal.record_pair(*pair).code == "fork"
    assert loose_in(board.journal) == []
    assert board.journal.held.entry(one.record.id) == one


def test_a_record_of_a_taken_slot_forks_the_chain_whenever_it_came(board, ann):
    """records 2.3: of two in one slot neither `prev` need be held, loose first or not."""
    [rival] = notes(ann, 1)
    loose = ann.say("wanted.post", body=rival.record.body, after=rival, offer=False)
    first = ann.say("wanted.post", body=rival.record.body, after=None, offer=False)
    second = ann.say("wanted.post", body=rival.record.body, after=first, offer=False)
    assert shelved(board.journal, loose) == ["loose"]
    assert offered(board.journal, first, second) == ["ok", "ok"]
    assert loose_in(board.journal) == []
    assert board.journal.head(loose.record.chain).fork == 1


def test_who_is_admitted_later_brings_what_is_loose(invited):
    """records 2.4: under `join: invite` the log alone lets nobody in, and loses nothing."""
    stranger = Person(Unheard(invited), "zed")
    [post] = notes(stranger, 1)
    assert shelved(invited.journal, post) == ["loose"]
    assert offered(invited.journal, stranger.log_tip) == ["ok"]
    assert loose_in(invited.journal) == [post.record.id]
    invited.admit(stranger)
    assert loose_in(invited.journal) == []
    assert len(invited.rows("wanted")) == 1


@pytest.fixture
def invited():
    """A board that only those are on whom its registrar let in."""
    return Board(policy={"join": "invite"})


# --- hostile


def test_a_bad_signature_is_never_kept(board, ann):
    """Not for a moment, not in memory, not in the store."""
    _, second = notes(ann, 2)
    broken = Envelope(second.record, bytes(64))
    [outcome] = board.journal.shelve([broken], now=NOW)
    assert outcome.code == "signature"
    assert loose_in(board.journal) == []


def test_what_is_no_record_is_counted_and_nothing_more(board, ann):
    """records 2.1: canonical form is looked at first, as at every door."""
    _, second = notes(ann, 2)
    spaced = to_line(second).replace(b'"v":1', b'"v": 1')
    codes = JournalReplica(board.journal).shelve([spaced, b"x\n", to_line(second)], now=NOW)
    assert dict(codes) == {"record.bad": 2, "loose": 1}


def test_account_logs_and_what_has_no_wasteland_are_not_loose(board, ann):
    """records 3.1, 2.4: paths come whole; before its genesis a wasteland is unknown."""
    ann.log("device.add", {"device": board.person("x").key.device, "may": ["*"]}, offer=False)
    late = ann.log("device.add", {"device": board.person("y").key.device, "may": ["*"]},
                   offer=False)  # fmt: skip
    assert shelved(board.journal, late) == ["gap"]
    empty = Journal.open(MemoryStore(), wasteland=board.wasteland)
    _, second = notes(ann, 2)
    assert shelved(empty, second) == ["unknown_device"]
    assert [*empty.loose, *loose_in(board.journal)] == []


def test_a_long_log_does_not_have_everything_judged_at_each_of_its_records(board):
    """A bundle cannot buy the square of its size in work."""
    zed = Person(Unheard(board), "zed")
    said = notes(zed, 101)[1:]
    log = [zed.log_tip]
    for name in range(100):
        zed.device(f"d{name}")
        log.append(zed.log_tip)
    assert shelved(board.journal, *said) == ["loose"] * 100
    judged = judged_by(board.journal)
    lines = [Envelope(entry.record, entry.signature) for entry in log]
    assert {str(o.code) for o in board.journal.record(lines, now=NOW)} == {"ok"}
    assert len(judged) == len(log) + len(said)
    assert len(loose_in(board.journal)) == 100  # their first is missing still


def judged_by(journal: Journal) -> list[str]:
    """The ids of what the gate is asked about from now on."""
    gate = journal._gate
    judged: list[str] = []
    admit = gate.admit

    def counted(envelope: Envelope, **how: object):
        judged.append(envelope.record.id)
        return admit(envelope, **how)

    gate.admit = counted
    return judged


def test_their_number_is_bounded(board, ann):
    """The code says so, what is here stays, and room that was made is room."""
    first, *more = notes(ann, LOOSE_RECORDS_MAX + 3)
    codes = shelved(board.journal, *more)
    assert codes == ["loose"] * LOOSE_RECORDS_MAX + ["loose_full"] * 2
    assert len(loose_in(board.journal)) == LOOSE_RECORDS_MAX
    assert shelved(board.journal, more[0], more[-1]) == ["loose", "loose_full"]
    offered(board.journal, first)
    assert loose_in(board.journal) == []
    assert offered(board.journal, *more[-2:]) == ["ok", "ok"]
    assert (len(board.journal.loose), board.journal.loose.size) == (0, 0)


def test_their_bytes_are_bounded(board, ann):
    """Large ones fill the place before their number does."""
    _, *more = notes(ann, 2)
    large = [ann.say("note.add", about=board.wasteland, offer=False,
                     body={"tag": "note", "text": "y" * 4_000}) for _ in range(999)]  # fmt: skip
    codes = shelved(board.journal, *more, *large, *notes(ann, 200, text="z" * 190))
    assert "loose_full" in codes
    assert LOOSE_BYTES_MAX - 6_000 < board.journal.loose.size <= LOOSE_BYTES_MAX


# --- across starts


def test_they_are_there_after_a_start_and_after_a_rebuild(board, ann):
    """What is loose is no index that a rebuild makes anew."""
    first, second = notes(ann, 2)
    shelved(board.journal, second)
    board.journal.store.clear_projections()
    again = Journal.open(board.journal.store, wasteland=board.wasteland)
    assert loose_in(again) == [second.record.id]
    assert offered(again, first) == ["ok"]
    assert loose_in(Journal.open(board.journal.store, wasteland=board.wasteland)) == []


@pytest.mark.parametrize("point", ["shelve:before", "shelve:after", "write:before", "write:after"])
def test_a_store_that_fails_half_way_loses_nothing_and_keeps_nothing_twice(point):
    """At each call: what was said to be durable is, and a start puts the rest in order."""
    store = MemoryStore()
    board = Board(store)
    ann = board.person("ann")
    first, second = notes(ann, 2)
    shelved(board.journal, second)

    def fails(where: str) -> None:
        if where == point:
            raise StoreError("the disk")

    store.faults = fails
    try:
        offered(board.journal, first)
    except StoreError:
        assert point.startswith("write")
    again = Journal.open(store.reopened(), wasteland=board.wasteland)
    offered(again, first)
    assert loose_in(again) == []
    assert [len(list(again.store.rows("wanted"))), again.store.count()] == [2, 5]


def test_what_the_store_would_not_keep_is_not_loose(board, ann):
    """The memory knows no more than the disk."""
    _, second = notes(ann, 2)

    def fails(where: str) -> None:
        if where == "shelve:before":
            raise StoreError("the disk")

    board.journal.store.faults = fails
    with pytest.raises(StoreError):
        shelved(board.journal, second)
    assert loose_in(board.journal) == []


def test_verify_looks_at_them_and_counts_them_apart(board, ann):
    """Their signatures hold; they are no records of the ledger."""
    _, second = notes(ann, 2)
    shelved(board.journal, second)
    verdict = verify(board.journal)
    assert (verdict.holds, verdict.loose) == (True, 1)
    assert verdict.records == verdict.signatures == board.journal.store.count()
    kept = board.journal.store.loose()[0]
    board.journal.store.shelve([altered(kept)], [])
    [difference] = verify(board.journal).differences
    assert (difference.table, difference.field) == ("local_loose", "sig")


def altered(entry: Entry) -> Entry:
    """The record with another signature, as a changed file would have it."""
    return vouch(Envelope(entry.record, bytes(64)))
