"""How an exchange ends when the other side does not do its part, and what parted chains come to."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count, takewhile

import pytest

from federation.answerer import Answerer
from federation.compare import Verdict, Wish
from federation.errors import Fault, PeerError
from federation.frontier import NAME_BYTES, decode_frontier
from federation.letters import (
    CODES_MAX,
    LINES_BYTES_MAX,
    Answer,
    Parcel,
    What,
    decode_answer,
    decode_parcel,
    encode_answer,
    encode_parcel,
)
from federation.limits import MESSAGE_BYTES_MAX
from federation.remembered import Memory
from federation.session import (
    ASKS_WITHOUT_PROGRESS_MAX,
    AUDITS_MAX,
    COMPARES_MAX,
    Ask,
    Caller,
    Done,
)
from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.set_journal import JournalReplica
from stamps.record import ChainKey, Entry, Envelope
from tests.federation.exchange import Side, secrets, talk
from tests.ledger.people import HOUR, Board, Person

Lie = Callable[[What, bytes], bytes]
NO_ROOT = b"\2" * 32


@pytest.fixture
def board():
    """A board with something on it."""
    board = Board()
    board.person("ann").post()
    return board


class Pair:
    """A caller with little, and an answerer whose answers pass a lie."""

    def __init__(
        self, board: Board, lie: Lie = lambda _, said: said, *, held: Sequence[Entry] = ()
    ) -> None:
        self.now = board.now + HOUR
        self.lie = lie
        journal = Journal.open(MemoryStore(), wasteland=board.wasteland)
        journal.record([Envelope(e.record, e.signature) for e in held], now=self.now)
        self.caller = Caller(JournalReplica(journal), Memory(), new_secret=secrets("us"))
        memory = Memory()
        replica = JournalReplica(board.journal)
        self.answerer = Answerer(replica, lambda _: memory, new_secret=secrets("them"))
        self.asked: list[Ask] = []

    def runs(self, most: int = 1_000) -> Ask | Done:
        """The exchange to its end, or so many messages of it."""
        step = self.caller.begin(self.now)
        while isinstance(step, Ask) and len(self.asked) < most:
            self.asked.append(step)
            honest = self.answerer.answer(step.what, step.body, peer="us", now=self.now)
            step = self.caller.received(self.lie(step.what, honest), self.now)
        return step

    @property
    def words(self) -> list[str]:
        return [step.what for step in self.asked]


def verdict(what: Verdict) -> Lie:
    """Every frontier is answered so."""
    answer = encode_answer(Answer(verdict=what, nonce=bytes(16), root=bytes(32)))
    return lambda asked, said: answer if asked == "frontier" else said


def test_an_answer_to_nothing_is_refused(board):
    """Whoever was not asked has nothing to say."""
    with pytest.raises(PeerError) as refused:
        Pair(board).caller.received(b"", board.now)
    assert refused.value.fault is Fault.UNEXPECTED


def test_a_message_over_the_limit_is_refused_on_either_side(board):
    """2 MiB and not one byte more, before anything is read."""
    pair = Pair(board, lambda _, said: said + bytes(MESSAGE_BYTES_MAX))
    with pytest.raises(PeerError) as refused:
        pair.runs()
    assert refused.value.fault is Fault.SIZE
    with pytest.raises(PeerError) as refused:
        pair.answerer.answer("records", bytes(MESSAGE_BYTES_MAX + 1), peer="us", now=pair.now)
    assert refused.value.fault is Fault.SIZE


def test_a_peer_that_never_comes_to_a_point_is_left_after_16_rounds(board):
    """STALE for ever: a bounded number of messages, then a typed end (P6)."""
    pair = Pair(board, verdict(Verdict.STALE))
    with pytest.raises(PeerError) as ended:
        pair.runs()
    assert ended.value.fault is Fault.ROUNDS
    assert len(pair.asked) == ASKS_WITHOUT_PROGRESS_MAX


def test_a_peer_that_boasts_of_what_it_took_gains_no_time(board):
    """More accepted than was sent is no progress, and pays for no work; codes are bounded too."""
    numbers = count()

    def boasts(what: What, said: bytes) -> bytes:
        if what == "frontier":
            return encode_answer(replace(decode_answer(said), more=True))
        if what != "records":
            return said
        codes = tuple(sorted((f"code{next(numbers)}", 1) for _ in range(CODES_MAX)))
        parcel = replace(decode_parcel(said), accepted=1 << 40, refused=codes, more=True)
        return encode_parcel(parcel)

    pair = Pair(board, boasts)
    with pytest.raises(PeerError) as ended:
        pair.runs()
    assert ended.value.fault is Fault.ROUNDS
    assert len(pair.asked) < 2 * ASKS_WITHOUT_PROGRESS_MAX
    assert pair.caller.gained <= len(board.said)
    assert len(pair.caller._they_refused) <= CODES_MAX


def test_a_peer_that_takes_all_and_holds_nothing_is_sent_it_so_many_times(board):
    """Whoever says it took everything and lacks it again: not all of a day's messages for it."""

    def swallows(what: What, said: bytes) -> bytes:
        if what == "root":
            return NO_ROOT + said[len(NO_ROOT) :]
        asked = pair.asked[-1].body
        if what == "frontier":
            parts = decode_frontier(asked).parts
            wishes = tuple(tuple(map(Wish, range(len(part.listed)))) for part in parts)
            nonce = decode_answer(said).nonce
            all_of_it = Answer(verdict=Verdict.ANSWERED, nonce=nonce, root=NO_ROOT, wishes=wishes)
            return encode_answer(all_of_it)
        if what == "records":
            return encode_parcel(Parcel(root=NO_ROOT, accepted=len(decode_parcel(asked).lines)))
        return said

    pair = Pair(board, swallows, held=board.said)
    pair.runs()
    frontiers = pair.words.count("frontier")
    assert 2 < frontiers <= COMPARES_MAX
    assert len(pair.asked) < 100


def test_a_peer_that_wants_longer_names_gets_whole_ones_and_no_more(board):
    """8, 16, 32 bytes; then it is the peer that goes in circles."""
    pair = Pair(board, verdict(Verdict.LONGER))
    with pytest.raises(PeerError):
        pair.runs()
    frontiers = [ask.body for ask in pair.asked if ask.what == "frontier"]
    lengths = [decode_frontier(body).prefix_bytes for body in frontiers]
    assert lengths[:3] == [8, 16, NAME_BYTES]
    assert set(lengths[3:]) == {NAME_BYTES}


@pytest.mark.parametrize("notes", [0, 600], ids=["small", "rounds"])
def test_a_peer_that_asks_for_all_twice_is_met_by_layer_2(board, notes):
    """`full` after a full frontier leads nowhere: Negentropy finds what is missing."""
    bob = board.person("bob")
    for number in range(notes):
        body = {"tag": "note", "text": f"{number}"}
        bob.say("note.add", about=board.wasteland, body=body)
    held = board.said[: -notes // 2] if notes else ()
    pair = Pair(board, verdict(Verdict.FULL), held=held)
    step = pair.runs()
    assert isinstance(step, Done)
    assert pair.words[:4] == ["root", "frontier", "frontier", "reconcile"]
    assert (step.report.equal, step.report.layer2) == (True, True)
    rounds = list(takewhile(lambda word: word == "reconcile", pair.words[3:]))
    assert (len(rounds) > 1) == bool(notes)


def other_root(what: What, said: bytes) -> bytes:
    """A peer that says it holds something else than it does, and has nothing to compare."""
    root = b"\1" * 32
    if what == "records":
        return encode_parcel(replace(decode_parcel(said), root=root))
    if what == "frontier":
        return encode_answer(Answer(verdict=Verdict.ANSWERED, nonce=bytes(16), root=root))
    return root + said[32:] if what == "root" else said


def test_a_root_that_no_set_has_ends_unequal_after_two_audits(board):
    """A lying root is never believed and not chased for ever: an honest end with what is known."""
    pair = Pair(board, other_root)
    step = pair.runs()
    assert isinstance(step, Done)
    assert (step.report.equal, step.report.layer2) == (False, True)
    assert step.report.received > 0
    assert pair.words.count("reconcile") == AUDITS_MAX


def test_noise_in_layer_2_is_a_fault(board):
    """A typed end; what came before stays."""
    full = verdict(Verdict.FULL)
    pair = Pair(board, lambda what, said: b"noise" if what == "reconcile" else full(what, said))
    with pytest.raises(PeerError) as ended:
        pair.runs()
    assert ended.value.fault is Fault.FORM


@pytest.mark.slow
def test_a_set_larger_than_a_message_comes_in_several(board):
    """Every answer within its limit, no layer 2, and nothing is left out."""
    bob = board.person("bob")
    body = {"tag": "note", "text": "x" * 4_000}
    for _ in range(2 * LINES_BYTES_MAX // 4_000):
        bob.say("note.add", about=board.wasteland, body=body)
    pair = Pair(board)
    step = pair.runs()
    assert isinstance(step, Done)
    assert (step.report.equal, step.report.layer2) == (True, False)
    assert pair.words.count("frontier") == 1  # the rest is asked for in a few bytes
    assert pair.words.count("records") >= 2
    come, to_come = pair.caller.come
    assert come == to_come == step.report.received


# --- parted chains, both ways


def ledgers(board: Board) -> tuple[Side, Side]:
    """Two towns with the same set."""
    sides = []
    for name in ("one", "two"):
        journal = Journal.open(MemoryStore(), wasteland=board.wasteland)
        journal.record([Envelope(e.record, e.signature) for e in board.said], now=board.now + HOUR)
        sides.append(Side(name, journal))
    assert talk(*sides).report.equal
    return sides[0], sides[1]


def twins(person: Person, before: Entry | None, *texts: str) -> list[Entry]:
    """Records of one slot."""
    return [
        person.say(
            "note.add", about=person.board.wasteland, body={"tag": "note", "text": text},
            after=before, offer=False,
        )
        for text in texts
    ]  # fmt: skip


def told(side: Side, *entries: Entry) -> None:
    """The town heard these, a pair as a pair."""
    envelopes = [Envelope(entry.record, entry.signature) for entry in entries]
    if len(envelopes) == 2:
        side.journal.record_pair(*envelopes)
    else:
        side.journal.record(envelopes, now=entries[0].record.at + HOUR)


def fork_of(side: Side, person: Person) -> int | None:
    """Where the person's chain is cut in a town."""
    state = side.journal.head(ChainKey(person.board.wasteland, person.account, person.key.device))
    return state.fork if state is not None else None


@pytest.fixture
def parted():
    """A person with a chain of three that two towns hold, and forks of it at 1 and at 2."""
    board = Board()
    ann = board.person("ann")
    first = ann.post()
    second, third = ann.post(), ann.post()
    one, two = ledgers(board)
    low = [second, *twins(ann, first, "low")]
    high = [third, *twins(ann, second, "high")]
    return ann, one, two, low, high


@pytest.mark.parametrize("asks", ["who has it", "who lacks it"])
def test_the_proof_of_a_fork_goes_to_whoever_lacks_it(parted, asks):
    """Whoever asks: the pair is in both towns after one exchange, by frontiers alone."""
    ann, one, two, low, _ = parted
    told(one, *low)
    said = talk(one, two) if asks == "who has it" else talk(two, one)
    assert (said.report.equal, said.report.layer2) == (True, False)
    assert fork_of(one, ann) == fork_of(two, ann) == 1


@pytest.mark.parametrize("asks", ["who has the lower", "who has the higher"])
def test_of_two_forks_the_lower_one_holds_in_both(parted, asks):
    """The chain is cut at its lowest known fork, whoever knew it (records 2.3)."""
    ann, one, two, low, high = parted
    told(one, *low)
    told(two, *high)
    said = talk(one, two) if asks == "who has the lower" else talk(two, one)
    assert said.report.equal
    assert fork_of(one, ann) == fork_of(two, ann) == 1


@pytest.mark.parametrize("asks", ["one", "two"])
def test_account_logs_that_parted_are_whole_on_both_sides(asks):
    """Each town heard another continuation: both hold both, and one effective log."""
    board = Board()
    ann = board.person("ann")
    ann.post()
    one, two = ledgers(board)
    branches = [
        ann.log(
            "key.rotate",
            {"rotation": [ann.paper.device, key.device]},
            after=ann.log_tip,
            offer=False,
        )
        for key in (board.person("k1").key, board.person("k2").key)
    ]
    for side, entry in zip((one, two), branches, strict=True):
        told(side, entry)
    said = talk(one, two) if asks == "one" else talk(two, one)
    assert said.report.equal
    logs = [side.journal.log_of(ann.account) for side in (one, two)]
    assert len({log.head.id for log in logs if log is not None}) == 1


def test_a_caller_says_how_much_of_what_it_lacks_has_come(board):
    """Nothing at first, and at the end all that the peer said was lacking."""
    pair = Pair(board)
    assert pair.caller.come == (0, 0)
    ended = pair.runs()
    assert isinstance(ended, Done)
    assert pair.caller.come == (ended.report.received, ended.report.received)
    assert ended.report.received > 0
