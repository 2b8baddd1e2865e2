"""H16-H18, H21-H24, H26, H27, H32, H38: chains, accounts and peers that lie."""

import pytest

from federation.answerer import Answerer
from federation.remembered import Memory
from federation.session import Ask, Caller, Done
from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.set_journal import JournalReplica
from stamps.identity import DeviceKey
from stamps.record import ChainKey, Envelope, heads_key, sign, to_line
from tests.federation.exchange import Side, secrets, talk
from tests.ledger.people import SECOND, Board, Person
from tests.ledger.test_against_model import NOW


def slot(person: Person, seq: int, prev: str, text: str):
    """A record of a person's chain at any place."""
    board = person.board
    board.now += SECOND
    return sign(
        key=person.key, scope=board.wasteland, author=person.account, seq=seq, prev=prev,
        at=board.now, kind="note.add", about=board.wasteland, body={"tag": "note", "text": text},
    )  # fmt: skip


def revoke(person: Person, head: tuple[int, str]) -> None:
    """The paper key ends the person's device at this head."""
    board = person.board
    board.now += SECOND
    heads = {heads_key(board.wasteland, person.key.device): list(head)}
    entry = sign(
        key=person.paper, scope="account", author=person.account, seq=1, prev=person.account,
        at=board.now, kind="device.revoke", body={"device": person.key.device, "heads": heads},
    )  # fmt: skip
    assert board.offer(entry) == "ok"


def chain_of(person: Person) -> ChainKey:
    """The person's chain on the board."""
    return ChainKey(person.board.wasteland, person.account, person.key.device)


def test_h16_h17_what_a_revoked_key_signs_past_its_head_counts_for_nothing(board, ann):
    """What came before the named head stays; what a thief signs afterwards is void (2.3)."""
    kept = ann.post()
    revoke(ann, (0, kept.record.id))
    stolen = slot(ann, 1, kept.record.id, "I am a thief")
    assert board.offer(stolen) in ("cut", "settled")
    assert board.status(kept) == "open"
    assert board.journal.head(chain_of(ann)).counted == 1


def test_h18_two_rotations_of_one_place_end_the_same_everywhere(board, ann):
    """The better key's branch holds, whichever came first (records 3.1)."""
    rotations = []
    for name in (b"one", b"two"):
        key = DeviceKey.from_seed(name.ljust(32, b"."))
        board.now += SECOND
        rotations.append(
            sign(
                key=ann.paper,
                scope="account",
                author=ann.account,
                seq=1,
                prev=ann.account,
                at=board.now,
                kind="key.rotate",
                body={"rotation": [key.device]},
            )
        )
    for entry in rotations:
        board.offer(entry)
    other = Journal.open(MemoryStore(), wasteland=board.wasteland)
    everything = [*board.journal.store.entries()]
    for entry in sorted(everything, key=lambda e: (e.record.seq, e.record.id), reverse=True) * 4:
        other.record([Envelope(entry.record, entry.signature)], now=NOW)
    logs = [journal.log_of(ann.account) for journal in (board.journal, other)]
    heads = [log.head.id for log in logs if log is not None]
    assert len(heads) == 2
    assert heads[0] == heads[1]


def test_h21_h26_two_records_of_one_slot_told_to_two_towns_are_a_proof_in_both(board, ann):
    """Equivocation at seq 0 is found when the towns meet; the chain is cut there for both."""
    first = Side("first", board.journal)
    second = Side("second", Journal.open(MemoryStore(), wasteland=board.wasteland))
    talk(first, second)
    log = board.journal.held.log(ann.account)
    second.journal.record([Envelope(e.record, e.signature) for e in log], now=NOW)
    one, other = (slot(ann, 0, "", text) for text in ("to you", "to them"))
    for side, entry in ((first, one), (second, other)):
        side.journal.record([Envelope(entry.record, entry.signature)], now=NOW)
    report = talk(first, second).report
    assert report.equal
    for side in (first, second):
        chain = side.journal.head(chain_of(ann))
        assert chain is not None
        assert (chain.counted, chain.fork) == (0, 0)


def test_h22_a_gap_is_answered_with_our_head(board, ann):
    """A typed answer, and the sender may go on from there."""
    later = slot(ann, 5, "0" * 64, "later")
    received = JournalReplica(board.journal).receive([to_line(later)], now=NOW)
    assert dict(received.codes) == {"gap": 1}
    assert received.gaps == {chain_of(ann): 0}


def test_h23_a_record_that_follows_another_chain_is_refused(board, ann, bob):
    """`prev` must be the record before it in its own chain."""
    theirs = bob.post()
    ann.post()
    strange = slot(ann, 1, theirs.record.id, "after bob's")
    code = board.offer(strange)
    assert code not in ("ok", "pinned")
    assert board.journal.held.entry(strange.record.id) is None


def test_h24_records_that_name_what_nobody_has_are_taken_and_wait_for_nothing(board, ann):
    """`after` is a hint: a flood of unknown names fills no waiting room (attack 20)."""
    for number in range(20):
        names = tuple(sorted(f"{number * 8 + place:064x}" for place in range(8)))
        seq, prev = ann.heads.get(chain_of(ann), (-1, ""))
        board.now += SECOND
        entry = sign(
            key=ann.key, scope=board.wasteland, author=ann.account, seq=seq + 1, prev=prev,
            at=board.now, kind="note.add", about=board.wasteland, after=names,
            body={"tag": "note", "text": "x"},
        )  # fmt: skip
        ann.heads[chain_of(ann)] = (seq + 1, entry.record.id)
        assert board.offer(entry) == "ok"
    assert list(board.journal.store.awaited()) == []


def test_h27_a_long_chain_of_a_key_that_nobody_introduced_is_not_stored(board):
    """A fresh key may sign what it likes: each line is counted, none is kept."""
    key = DeviceKey.from_seed(b"fresh".ljust(32, b"."))
    lines, prev = [], ""
    for seq in range(300):
        entry = sign(
            key=key, scope=board.wasteland, author="a" * 64, seq=seq, prev=prev,
            at=board.now + seq + 1, kind="note.add", about=board.wasteland,
            body={"tag": "note", "text": "x"},
        )  # fmt: skip
        prev = entry.record.id
        lines.append(to_line(entry))
    before = board.journal.store.count()
    received = JournalReplica(board.journal).receive(lines, now=NOW)
    assert dict(received.codes) == {"unknown_device": 300}
    assert (board.journal.store.count(), len(board.journal._parked)) == (before, 0)


class _Liar:
    """A peer that claims a set and never serves a record of it."""

    def __init__(self, journal: Journal) -> None:
        self.side = Side("liar", journal)

    def answer(self, what: str, honest: bytes) -> bytes:
        if what != "records":
            return honest
        return honest[:1] + bytes(32) + b"\x00" * 4  # another root, and nothing


def test_h32_a_peer_that_never_serves_what_it_claims_ends_as_not_equal(board, ann):
    """Never called synced by claim: the exchange ends, bounded, and says so."""
    ann.post()
    ours = Journal.open(MemoryStore(), wasteland=board.wasteland)
    caller = Caller(JournalReplica(ours), Memory(), new_secret=secrets("us"))
    liar = _Liar(board.journal)
    answerer = Answerer(JournalReplica(board.journal), liar.side.memory, new_secret=secrets("l"))
    step = caller.begin(NOW)
    asks = 0
    while isinstance(step, Ask):
        asks += 1
        honest = answerer.answer(step.what, step.body, peer="us", now=NOW)
        if step.what == "frontier":
            honest = honest[: 2 + 16] + bytes(32) + honest[2 + 16 + 32 :]
        step = caller.received(liar.answer(step.what, honest), NOW)
    assert isinstance(step, Done)
    assert not step.report.equal
    assert asks < 40


def test_h38_a_peer_that_goes_back_in_time_takes_nothing_from_us(board, ann):
    """An older frontier than before only means that it lacks something."""
    ours = Side("us", board.journal)
    theirs = Side("them", Journal.open(MemoryStore(), wasteland=board.wasteland))
    talk(ours, theirs)
    ann.post()
    talk(ours, theirs)
    rolled_back = Side("them", Journal.open(MemoryStore(), wasteland=board.wasteland))
    rolled_back.memories = theirs.memories
    before = board.journal.store.count()
    report = talk(ours, rolled_back).report
    assert report.equal
    assert board.journal.store.count() == before
    assert JournalReplica(rolled_back.journal).frontier().root == report.root


@pytest.fixture
def board():
    """A board with a registrar."""
    return Board()


@pytest.fixture
def ann(board):
    """A poster."""
    return board.person("ann")


@pytest.fixture
def bob(board):
    """A worker."""
    return board.person("bob")
