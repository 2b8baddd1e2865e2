"""A long stream is taken one answer late: it comes to the same set, and to nothing forged."""

import secrets

import pytest

from bench.people import entries
from federation.answerer import Answerer
from federation.remembered import Memory
from federation.session import Ask, Caller, Report
from ledger.checks import Ticket
from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.set_journal import JournalReplica
from stamps.record import Envelope, to_line
from town.node.checking import Checking

pytestmark = pytest.mark.slow  # `make check` waits for none of these

COUNT = 6_000
LATER = 1_800_000_000_000_000


@pytest.fixture(scope="module")
def made():
    """Records of many towns, in an order that is admitted."""
    return list(entries(COUNT, towns=30))


def ledger(made, *, full: bool) -> JournalReplica:
    """A ledger of the wasteland: with everything, or with its genesis alone."""
    genesis = next(e for e in made if e.record.kind == "wasteland.create")
    journal = Journal.open(MemoryStore(), wasteland=str(genesis.record.id))
    some = (
        made
        if full
        else [e for e in made if e.record.id in (genesis.record.id, genesis.record.author)]
    )
    journal.record([Envelope(e.record, e.signature) for e in some], now=LATER, bulk=True)
    journal.flush()
    return JournalReplica(journal)


def joined(
    host: JournalReplica,
    guest: JournalReplica,
    checks=None,
    *,
    spoil=lambda body: body,
    before=lambda _: None,
    asked=None,
) -> Report:
    """The exchange, to its end, as the driver runs it; both ends are as before a question."""
    memory = Memory()
    answerer = Answerer(host, lambda _: memory, new_secret=lambda: secrets.token_bytes(16))
    caller = Caller(guest, Memory(), new_secret=lambda: secrets.token_bytes(16), checks=checks)
    step = caller.begin(LATER)
    while isinstance(step, Ask):
        before(memory)
        if asked is not None:
            asked.append(step)
        answer = spoil(answerer.answer(step.what, step.body, peer="guest", now=LATER))
        if caller.intake.owes:
            assert guest.journal.streaming
            caller.work(LATER)
        step = caller.received(answer, LATER)
    caller.intake.end()
    return step.report


@pytest.mark.parametrize("lag", [0, 1, 5])
def test_a_cold_join_brings_everything_however_many_answers_wait(made, monkeypatch, lag):
    """The last word is equal roots of what is stored; nothing streams any more."""
    monkeypatch.setattr("federation.intake.LAG", lag)
    host, guest = ledger(made, full=True), ledger(made, full=False)
    checks = Checking()
    try:
        report = joined(host, guest, checks)
    finally:
        checks.close()
    assert report.equal
    assert report.received == COUNT - 2
    assert guest.journal.store.count() == COUNT
    assert not guest.journal.streaming
    assert list(guest.journal.store.rows("wanted")) == list(host.journal.store.rows("wanted"))
    assert report.asks < 12


def test_what_is_forged_on_the_way_is_not_taken_and_asked_for_again(made):
    """What was said ahead was a hint: the frontier in the end says what is held."""
    host, guest = ledger(made, full=True), ledger(made, full=False)
    line = to_line(made[COUNT // 4])
    spoilt = line[:40] + (b"A" if line[40:41] != b"A" else b"B") + line[41:]
    once: list[int] = []

    def spoil(body: bytes) -> bytes:
        if once or line not in body:
            return body
        once.append(1)
        return body.replace(line, spoilt)

    report = joined(host, guest, spoil=spoil)
    assert once
    assert report.refused.get("signature") == 1
    assert report.equal


def test_a_peer_that_forgets_what_was_left_is_told_the_frontier_again(made):
    """Whether it was started anew or an answer was lost: nothing is left out."""
    host, guest = ledger(made, full=True), ledger(made, full=False)
    said = []

    def forget(memory: Memory) -> None:
        said.append(memory.rest is not None)
        if len(said) == 3:
            memory.rest = None

    assert joined(host, guest, before=forget).equal
    assert said[2]  # there was something to forget
    assert guest.journal.store.count() == COUNT


def test_a_frontier_is_said_once_for_a_long_answer(made):
    """What follows of it is asked for in a few bytes."""
    host, guest = ledger(made, full=True), ledger(made, full=False)
    asked: list[Ask] = []
    assert joined(host, guest, asked=asked).equal
    frontiers = [ask for ask in asked if ask.what == "frontier"]
    rests = [ask for ask in asked if ask.what == "records"]
    assert len(frontiers) <= 2  # the last one says what has come
    assert len(rests) >= 2
    assert all(len(ask.body) < 64 for ask in rests)


class Slow:
    """A worker that says of every signature what it is told to."""

    def __init__(self, *, holds: bool) -> None:
        self.holds = holds
        self.given = 0
        self.forgotten: list[Ticket] = []

    def put(self, lines) -> Ticket:
        """The lines are looked at when asked."""
        holds = [self.holds] * len(lines)

        class Said:
            def verdicts(self):
                return holds

            def forget(self):
                forgotten.append(self)

        forgotten = self.forgotten
        self.given += 1
        return Said()


def test_a_stream_that_breaks_off_lets_its_lines_go(made):
    """Else a peer that breaks off again and again would fill the worker's memory."""
    host, guest = ledger(made, full=True), ledger(made, full=False)
    memory, checks = Memory(), Slow(holds=True)
    answerer = Answerer(host, lambda _: memory, new_secret=lambda: secrets.token_bytes(16))
    caller = Caller(guest, Memory(), new_secret=lambda: secrets.token_bytes(16), checks=checks)
    step = caller.begin(LATER)
    while not checks.given:
        assert isinstance(step, Ask)
        answer = answerer.answer(step.what, step.body, peer="guest", now=LATER)
        step = caller.received(answer, LATER)
    caller.intake.end()
    assert len(checks.forgotten) == checks.given == 1
    assert not guest.journal.streaming


def test_a_worker_that_finds_nothing_good_lets_nothing_in(made):
    """Its word is what decides about the signatures of what it was given."""
    host, guest = ledger(made, full=True), ledger(made, full=False)
    before = guest.journal.store.count()
    guest_lines = [to_line(entry) for entry in made[:700]]
    received = guest.receive(guest_lines, now=LATER, ticket=Slow(holds=False).put(guest_lines))
    assert received.accepted == 0
    assert guest.journal.store.count() == before
    assert host.journal.store.count() == COUNT
