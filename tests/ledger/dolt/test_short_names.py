"""What an index names shortly may be two things, by somebody's labour: each is found for itself.

Names here are cut so short that nearly all are shared; what a store gives is what memory gives.
"""

import pytest

from ledger.dolt import open_doltlite, records
from ledger.memory import MemoryStore
from ledger.store import Projection
from stamps.identity import DeviceKey
from stamps.record import ChainKey, Entry, sign

WASTELAND, AUTHOR = "a" * 64, "b" * 64
AT = 1_790_000_000_000_000
ONE, OTHER = (DeviceKey.from_seed(bytes([n]) * 32) for n in (1, 2))
ITEMS = ("5" * 64, "5" * 63 + "6")


def note(key: DeviceKey, seq: int, about: str, *, at: int = AT) -> Entry:
    """A note on an item; stores do not ask what came before it."""
    return sign(
        key=key, scope=WASTELAND, author=AUTHOR, seq=seq, prev="c" * 64 if seq else "", at=at,
        kind="note.add", about=about, body={"tag": "note", "text": f"{seq} {about}"},
    )  # fmt: skip


def chain(key: DeviceKey) -> ChainKey:
    """Where the notes of a device stand."""
    return ChainKey(WASTELAND, AUTHOR, str(key.device))


@pytest.fixture
def stores(tmp_path, monkeypatch):
    """One in memory, and one whose indexes name records by their time alone."""
    monkeypatch.setattr(records, "REF_CHARS", records.AT_CHARS)
    monkeypatch.setattr(records, "PREFIX_CHARS", 1)
    store = open_doltlite(tmp_path / "ledger.db", town="rust")
    yield MemoryStore(), store
    store.close()


def keep(stores, *entries: Entry) -> None:
    """The records are held and indexed, in one write."""
    for store in stores:
        store.write(entries, Projection(entries=entries))


def same(stores, asked) -> list[str]:
    """What both stores answer, by id."""
    first, second = ([one.record.id for one in asked(store)] for store in stores)
    assert first == second
    return second


def test_what_comes_later_under_a_name_that_was_read_is_found(stores):
    """Else whoever sees a record first could make another of its name, and hide it."""
    first, later = note(ONE, 0, ITEMS[0]), note(OTHER, 0, ITEMS[0])
    keep(stores, first)
    assert same(stores, lambda store: store.about(ITEMS[0])) == [first.record.id]
    keep(stores, later)
    for store in stores:
        assert store.entry(later.record.id) == later
        assert {e.record.id for e in store.about(ITEMS[0])} == {first.record.id, later.record.id}
    assert same(stores, lambda store: store.slots(chain(OTHER), 0, 9)) == [later.record.id]


def test_two_records_of_a_chain_with_one_name_stand_where_they_say(stores):
    """Each once, and in its own place: a record that came twice would look like a fork."""
    five, nine = note(ONE, 5, ITEMS[0]), note(ONE, 9, ITEMS[0])
    keep(stores, five, nine)
    both = [five.record.id, nine.record.id]
    assert same(stores, lambda store: store.slots(chain(ONE), 0, 99)) == both
    assert same(stores, lambda store: store.slots(chain(ONE), 5, 5)) == both[:1]
    assert same(stores, lambda store: store.slots(chain(ONE), 6, 9)) == both[1:]


def test_two_items_with_one_name_have_each_what_is_said_of_it(stores):
    """Also where both are asked for in one question, as a fold of many does."""
    notes = [note(key, seq, item, at=AT + n) for n, (key, seq, item) in enumerate([
        (ONE, 0, ITEMS[0]), (ONE, 1, ITEMS[1]), (OTHER, 0, ITEMS[1]), (OTHER, 1, ITEMS[0]),
    ])]  # fmt: skip
    keep(stores, *notes)
    expected = {item: same(stores, lambda store, i=item: store.about(i)) for item in ITEMS}
    assert [len(ids) for ids in expected.values()] == [2, 2]
    stores[1].look_ahead(ITEMS)
    assert {item: same(stores, lambda store, i=item: store.about(i)) for item in ITEMS} == expected


def test_where_records_of_one_name_stand_is_told_of_each(stores):
    """Read where the name says too little: as many places as records, each its own."""
    log = sign(
        key=ONE, scope="account", author="", seq=0, prev="", at=AT, kind="rig.register",
        body={"handle": "ann", "type": "human", "rotation": [OTHER.device], "device": ONE.device},
    )  # fmt: skip
    keep(stores, log, note(ONE, 5, ITEMS[0]), note(ONE, 9, ITEMS[1]), note(OTHER, 0, ITEMS[0]))
    keep(stores, note(OTHER, 1, ITEMS[0], at=AT + 1))
    first, second = (list(store.places()) for store in stores)
    assert first == second
    assert [(key.device, seq) for key, seq, _ in second[-1:]] == [(OTHER.device, 1)]
    assert len(second) == 4
