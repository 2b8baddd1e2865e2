"""What happened long ago goes, the oldest first; the newest stays, and gt log shows the rest."""

from dataclasses import replace as with_other

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ledger.private.memory import MemoryPrivate
from ledger.private.rows import Event
from ledger.private.store import Change
from tests.town.towns import town_in
from town.workspace.desk import Asked
from town.workspace.files import write_json
from town.workspace.past import Past, long_ago

DAY_US = 24 * 3_600_000_000


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(0, 10))
def test_what_goes_is_the_oldest_and_never_the_last(moments, before):
    """All of it is too old, nothing younger stood before it, and nothing else at the front is."""
    events = [Event(seq=seq, at=at) for seq, at in enumerate(moments, 1)]
    gone = long_ago(events, before=before)
    assert list(gone) == events[: len(gone)]
    assert all(event.at < before for event in gone)
    left = events[len(gone) :]
    assert bool(left) == bool(events)
    assert len(left) <= 1 or left[0].at >= before


def test_a_town_forgets_what_is_older_than_it_wants(tmp_path):
    """By its setting; what came since is in gt log, under the numbers that it had."""
    with town_in(tmp_path) as town:
        works = town.works()
        told = [event.seq for event in works.store.events(0)]
        past = Past(works.store, later(works, days=80))
        assert past.prune(town.workspace) == 0
        write_json(town.workspace.settings, {"keep": {"events_for": "30d"}})
        assert past.prune(town.workspace) == len(told) - 1
        assert [event.seq for event in works.store.events(0)] == told[-1:]
        works.store.apply(Change(events=(Event(kind="later", at=works.now()),)))
        log = works.town.log(Asked(at_most=10))
        assert [event.seq for event in log] == [told[-1], told[-1] + 1]


def later(works, *, days: int):
    """The ports of somebody for whom it is so many days later."""
    return with_other(works.ports, now=lambda: works.now() + days * DAY_US)


def test_more_than_one_step_takes_is_gone_after_the_next(tmp_path):
    """A step is short, however much there is."""
    with town_in(tmp_path) as town:
        works = town.works()
        store = MemoryPrivate()
        store.apply(Change(events=tuple(replace(Event(kind="x"), at=1) for _ in range(1_200))))
        past = Past(store, works.ports)
        assert [past.prune(town.workspace) for _ in range(4)] == [500, 500, 199, 0]
