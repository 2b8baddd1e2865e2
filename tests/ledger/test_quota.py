"""How much of strangers a ledger keeps: counted, never in the way of what decisions name."""

import json

import pytest

from ledger.allowance import NAMES_MAX, Allowance
from ledger.journal import Journal
from ledger.memory import MemoryStore
from ledger.quota import DAY_S, Quota
from ledger.replica import Received
from ledger.set_journal import JournalReplica
from stamps.record import Entry, to_line
from tests.ledger.people import HOUR, STAMP, Board, Person

DAILY = 5
DAY_US = DAY_S * 1_000_000


@pytest.fixture
def board():
    """The board as its makers see it."""
    return Board()


@pytest.fixture
def ann(board):
    """A stranger."""
    return board.person("ann")


class Guarded:
    """Another town's ledger of the same board, with a quota."""

    def __init__(
        self, board: Board, *, bytes_day: int = 1 << 20, own: tuple[str, ...] = ()
    ) -> None:
        self.board = board
        self.journal = Journal.open(MemoryStore(), wasteland=board.wasteland)
        quota = Quota(records_day=DAILY, bytes_day=bytes_day)
        self.replica = JournalReplica(self.journal, quota=quota, own=lambda: own)

    def hears(self, entries: list[Entry], *, later: int = 0, peer: str = "bolt") -> Received:
        """What became of these records, brought by a peer."""
        now = self.board.now + HOUR + later
        return self.replica.receive([to_line(entry) for entry in entries], now=now, peer=peer)


def notes(person: Person, count: int) -> list[Entry]:
    """So many notes on the board."""
    body = {"tag": "note", "text": "x"}
    return [person.say("note.add", about=person.board.wasteland, body=body) for _ in range(count)]


def founding(board: Board, *people: Person) -> list[Entry]:
    """Logs and the genesis."""
    return [*board.said[:2], *(person.log_tip for person in people)]


@pytest.mark.parametrize("size", [1, 3, 12], ids=["one by one", "in parts", "at once"])
def test_a_stranger_is_kept_up_to_its_quota_whatever_the_batches(board, ann, size):
    """Five a day; the rest is counted and not looked at, and nothing else stands in its place."""
    town = Guarded(board)
    town.hears(founding(board, ann))
    before = town.journal.store.count()
    said = notes(ann, 12)
    codes = [town.hears(said[at : at + size]).codes for at in range(0, 12, size)]
    assert town.journal.store.count() == before + DAILY
    assert sum(one.get("ok", 0) for one in codes) == DAILY
    assert sum(one.get("quota", 0) for one in codes) == 12 - DAILY


def test_what_was_refused_today_is_taken_tomorrow(board, ann):
    """A quota delays and loses nothing: two days later everything is here."""
    town = Guarded(board)
    said = [*founding(board, ann), *notes(ann, 12)]
    for day in range(3):
        town.hears(said, later=day * DAY_US)
    assert {e.record.id for e in town.journal.store.entries()} == {e.record.id for e in said}


def test_an_admission_in_the_same_stream_gives_standing(board, ann):
    """Whoever is admitted is not counted, also where the admission came a line before."""
    said = founding(board, ann)
    admission = board.admit(ann)
    town = Guarded(board)
    received = town.hears([*said, admission, *notes(ann, 30)])
    assert received.over_quota == 0
    assert received.accepted == len(said) + 31


def test_a_stamp_by_somebody_admitted_gives_standing_and_one_by_a_stranger_does_not(board, ann):
    """Two strangers cannot lift each other."""
    bob = board.person("bob")
    town = Guarded(board)
    town.hears(founding(board, ann, bob))
    body = {"subject": ann.account, "context": {"type": "review"}, "stamp": STAMP}
    town.hears([bob.say("stamp.give", about=ann.account, body=body)])
    assert not town.replica.has_standing(ann.account)
    town.hears([board.registrar.say("stamp.give", about=ann.account, body=body)])
    assert town.replica.has_standing(ann.account)
    assert town.hears(notes(ann, 30)).over_quota == 0


def test_our_own_other_device_is_no_stranger(board, ann):
    """A second machine of the town brings what the town said."""
    town = Guarded(board, own=(ann.account,))
    assert town.hears([*founding(board, ann), *notes(ann, 30)]).over_quota == 0


def test_what_a_decision_names_is_kept_whatever_the_quota(board, ann):
    """A home granted a stranger's request: the item's story is whole here too (records 2.4)."""
    item = board.registrar.post()
    noise = notes(ann, 2 * DAILY)
    bid = ann.bid(item)
    grant = board.registrar.grant(item, bid)
    town = Guarded(board)
    town.hears([*founding(board, ann), item, grant])
    town.hears([*noise, bid])
    assert town.journal.held.entry(bid.record.id) is not None
    story, expected = town.journal.story(item.record.id), board.journal.story(item.record.id)
    assert story is not None
    assert expected is not None
    assert story.status == expected.status == "claimed"


def test_a_peer_that_makes_up_accounts_is_bounded_by_its_bytes(board):
    """A hundred fresh accounts fill what one peer may bring a day, and another still may."""
    strangers = [board.person(f"s{number}") for number in range(40)]
    town = Guarded(board, bytes_day=8_000)
    town.hears(founding(board))
    before = town.journal.store.count()
    for stranger in strangers:
        town.hears([stranger.log_tip])
    kept = [s for s in strangers if town.journal.log_of(s.account)]
    assert 0 < len(kept) < len(strangers)
    assert sum(len(s.log_tip.record.raw) for s in kept) <= 8_000
    assert town.journal.store.count() == before + len(kept)
    assert town.hears([strangers[-1].log_tip], peer="cinder").accepted == 1


def test_noise_in_a_strangers_name_costs_the_stranger_nothing(board, ann):
    """What is not kept is not counted: nobody uses up another's quota."""
    town = Guarded(board)
    town.hears(founding(board, ann))
    said = notes(ann, DAILY)
    forged = [b"A" * 86 + b" " + entry.record.raw + b"\n" for entry in said]
    for _ in range(10):
        received = town.replica.receive(forged, now=board.now + HOUR, peer="bolt")
        assert received.codes["signature"] == 1
        assert received.accepted == 0
    assert town.hears(said).accepted == DAILY


def test_an_allowance_comes_back_over_a_day_and_forgets_in_bounds():
    """Half a day, half of it; the table of names has an end."""
    allowance = Allowance(10, per_s=10 / DAY_S)
    allowance.spend("a", 10, now=0)
    assert allowance.left("a", now=0) == 0
    assert allowance.left("a", now=DAY_US // 2) == pytest.approx(5)
    assert allowance.left("a", now=5 * DAY_US) == 10
    for number in range(NAMES_MAX + 5):
        allowance.spend(f"n{number}", 1, now=1)
    assert len(allowance) == NAMES_MAX


def test_a_start_forgets_no_quota(board, ann):
    """What a process kept of a stranger counts for the next one too, and comes back in time."""
    town = Guarded(board)
    said = [*founding(board, ann), *notes(ann, 4 * DAILY)]
    town.hears(said)
    now = board.now + HOUR
    assert town.replica.quota is not None
    kept = json.loads(json.dumps(town.replica.quota.facts(now=now)))
    again = Quota(records_day=DAILY, bytes_day=1 << 20)
    again.restore(kept)
    town.replica.quota = again
    assert town.hears(said).accepted == 0
    assert town.hears(said, later=DAY_US).accepted == DAILY
    assert again.facts(now=now + 9 * DAY_US) == {"records": {}, "bytes": {}}
