"""What a peer may make of a session: work by the clock, quotas that end it and are no quarrel."""

import pytest

from federation.answerer import Answerer
from federation.errors import Fault, PeerError
from federation.meter import CPU_S, WINDOW_S, Meter
from federation.remembered import Memory
from federation.session import Ask, Caller, Done, Report
from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.quota import Quota
from ledger.set_journal import JournalReplica
from tests.federation.exchange import secrets
from tests.ledger.people import HOUR, Board

DAILY = 5
SECOND = 1_000_000


def test_work_that_brings_nothing_ends_a_session_after_its_seconds():
    """Ten seconds of the processor, and no more."""
    meter = Meter()
    for _ in range(9):
        meter.charge(1.0, gained=0)
    with pytest.raises(PeerError) as ended:
        meter.charge(1.0, gained=0)
    assert (ended.value.code, ended.value.fault) == ("peer.message", Fault.CPU)


def test_a_long_catch_up_pays_for_itself():
    """A million new records may take what they take."""
    meter = Meter()
    for _ in range(1_000):
        meter.charge(0.5, gained=1_000)
    assert meter.left == CPU_S


def test_whoever_asked_too_much_is_answered_again_a_while_later():
    """The budget of the side that is asked comes back over a minute; debt counts."""
    meter = Meter()
    meter.refill(now=SECOND)
    meter.spend(CPU_S + 5, gained=0)
    with pytest.raises(PeerError):
        meter.refill(now=SECOND + 20 * SECOND)
    meter.refill(now=SECOND + 40 * SECOND)
    assert 0 < meter.left < CPU_S
    meter.refill(now=SECOND + 10 * WINDOW_S * SECOND)
    assert meter.left == CPU_S


@pytest.mark.parametrize("strict", ["caller", "answerer", "both"])
def test_a_quota_ends_an_exchange_without_layer_2(strict):
    """records 2.2: the count is told, sets stay unequal, and nobody audits the difference."""
    board = Board()
    ann = board.person("ann")
    other = Journal.open(MemoryStore(), wasteland=board.wasteland)
    body = {"tag": "note", "text": "x"}
    said = [ann.say("note.add", about=board.wasteland, body=body) for _ in range(12)]
    quota = Quota(records_day=DAILY)
    guarded = JournalReplica(other, quota=quota)
    open_one = JournalReplica(board.journal, quota=quota if strict == "both" else None)
    sides = (guarded, open_one) if strict == "caller" else (open_one, guarded)
    report, asked = exchanged(*sides, now=board.now + HOUR)
    assert not report.equal
    assert "reconcile" not in asked
    assert not report.layer2
    refused = report.refused if strict == "caller" else report.they_refused
    assert refused["quota"] >= len(said) - DAILY
    assert sum(other.held.entry(entry.record.id) is not None for entry in said) == DAILY


def exchanged(one: JournalReplica, two: JournalReplica, *, now: int) -> tuple[Report, list[str]]:
    """How an exchange ended, and what was asked."""
    caller = Caller(one, Memory(), new_secret=secrets("one"), peer="two")
    memory = Memory()
    answerer = Answerer(two, lambda _: memory, new_secret=secrets("two"))
    asked: list[str] = []
    step = caller.begin(now)
    while isinstance(step, Ask):
        asked.append(step.what)
        step = caller.received(answerer.answer(step.what, step.body, peer="one", now=now), now)
    assert isinstance(step, Done)
    return step.report, asked
