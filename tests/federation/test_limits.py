"""What a peer may make of a session: work by the clock, quotas that end it and are no quarrel."""

import pytest

from federation import letters
from federation.answerer import Answerer
from federation.driver import metered
from federation.errors import Fault, PeerError
from federation.letters import Parcel, decode_parcel, encode_parcel
from federation.meter import CPU_S, SESSION, WINDOW_S, Meter
from federation.remembered import Memory
from federation.session import Ask, Caller, Done, Report
from ledger import set_journal
from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.quota import Quota
from ledger.set_journal import JournalReplica
from stamps.record import to_line
from tests.federation.exchange import secrets
from tests.ledger.people import HOUR, Board

DAILY = 5
SECOND = 1_000_000


def test_work_that_brings_nothing_ends_a_session_after_its_seconds():
    """Ten seconds of the processor, and no more, however long the session lasts."""
    meter = Meter(window_s=SESSION)
    for at in range(9):
        meter.spend(1.0, gained=0, now=at * SECOND)
        meter.check(now=at * SECOND)
    meter.spend(1.0, gained=0, now=3_600 * SECOND)
    with pytest.raises(PeerError) as ended:
        meter.check(now=7_200 * SECOND)
    assert (ended.value.code, ended.value.fault) == ("peer.message", Fault.CPU)


def test_a_long_catch_up_pays_for_itself():
    """A million new records may take what they take."""
    meter = Meter(window_s=SESSION)
    for _ in range(1_000):
        meter.spend(0.5, gained=1_000, now=SECOND)
    assert meter.left(now=SECOND) == CPU_S


def test_whoever_asked_too_much_is_answered_again_a_while_later():
    """The budget of the side that is asked comes back over a minute; debt counts, each its own."""
    meter = Meter(window_s=WINDOW_S)
    meter.spend(CPU_S + 5, gained=0, now=SECOND, caller="bolt")
    with pytest.raises(PeerError):
        meter.check("bolt", now=SECOND + 20 * SECOND)
    meter.check("cinder", now=SECOND + 20 * SECOND)
    meter.check("bolt", now=SECOND + 40 * SECOND)
    assert 0 < meter.left("bolt", now=SECOND + 40 * SECOND) < CPU_S
    assert meter.left("bolt", now=SECOND + 600 * SECOND) == CPU_S


@pytest.mark.parametrize("gained", [0, 3])
def test_work_that_fails_is_paid_for_as_well(gained):
    """An error does not spare the peer what it cost; what was new until then counts."""
    meter, came = Meter(window_s=SESSION), 0
    meter.spend(5.0, gained=0, now=SECOND)

    def work() -> None:
        nonlocal came
        came = gained
        raise PeerError(Fault.FORM)

    with pytest.raises(PeerError):
        metered(work, meter, gained=lambda: came, now=SECOND)
    left = meter.left(now=SECOND)
    assert (left > 5.0) == bool(gained)
    assert left != 5.0


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


def test_what_waits_for_a_peer_does_not_grow_with_what_it_asks_for(monkeypatch):
    """Ids asked for again and again, each time with `more`: what is left is that of one answer."""
    monkeypatch.setattr(letters, "LINES_MAX", 5)
    board = Board()
    ann = board.person("ann")
    for _ in range(20):
        ann.post()
    wants = tuple(bytes.fromhex(entry.record.id) for entry in board.said)
    memory = Memory()
    answerer = Answerer(JournalReplica(board.journal), lambda _: memory, new_secret=secrets("them"))

    def asked(*ids: bytes) -> Parcel:
        body = encode_parcel(Parcel(root=bytes(32), wants=ids, more=True))
        return decode_parcel(answerer.answer("records", body, peer="us", now=board.now))

    for _ in range(10):
        assert asked(*wants).more
    came = 0
    while (answer := asked()).lines:
        came += len(answer.lines)
    assert came == len(wants) - letters.LINES_MAX


@pytest.mark.parametrize("most", [0, 1_000], ids=["of the set's own order", "put in order"])
def test_what_is_asked_for_by_id_comes_in_an_order_that_can_be_taken(monkeypatch, most):
    """Logs, then chains by seq, each read when its turn comes, however many were named."""
    monkeypatch.setattr(set_journal, "SORTED_MAX", most)
    board = Board()
    for name in ("ann", "bob"):
        person = board.person(name)
        for _ in range(5):
            person.post()
    ids = [str(entry.record.id) for entry in reversed(board.said)]
    came = JournalReplica(board.journal).entries([*ids, "0" * 64])
    first = next(came)
    assert first.record.scope == "account"
    entries = [first, *came]
    assert sorted(str(entry.record.id) for entry in entries) == sorted(ids)
    other = Journal.open(MemoryStore(), wasteland=board.wasteland)
    codes = JournalReplica(other).receive([to_line(e) for e in entries], now=board.now + HOUR).codes
    assert set(codes) <= {"ok", "pinned"}
    assert other.store.count() == len(ids)
