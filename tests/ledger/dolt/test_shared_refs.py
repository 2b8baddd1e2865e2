"""Two records that an index names alike, made on purpose: neither hides the other.

An index names a record by its `at` and 32 bits of its id, and a hundred thousand tries find two.
"""

import pytest

from ledger.dolt import open_doltlite
from ledger.dolt.records import REF_CHARS, key_of
from stamps import canonical
from stamps.record import ChainKey, Entry, record_id, sign
from tests.ledger.people import Board, Person

ID_DIGITS = REF_CHARS - 14
pytestmark = pytest.mark.slow  # `make check` waits for none of these


def fields_of(person: Person, item: str, *, at: int, text: int) -> dict:
    """A note on the item, as it would be signed."""
    chain = ChainKey(person.board.wasteland, person.account, str(person.key.device))
    head = person.board.journal.head(chain)
    return {
        "scope": chain.scope,
        "author": chain.author,
        "seq": head.counted if head is not None else 0,
        "prev": head.head_id if head is not None else "",
        "at": at,
        "kind": "note.add",
        "about": item,
        "body": {"tag": "note", "text": f"try {text}"},
    }


def id_of(person: Person, fields: dict) -> str:
    """The id that a record of these fields has."""
    whole = fields | {"v": 1, "device": str(person.key.device), "after": []}
    return str(record_id(canonical.encode(whole)))


def alike(ann: Person, bob: Person, item: str) -> tuple[Entry, Entry]:
    """One record of each, with the same `at`, whose ids begin alike."""
    at = ann.board.now + 1_000_000
    said: dict[str, int] = {}
    for text in range(1 << 18):
        said[id_of(ann, fields_of(ann, item, at=at, text=text))[:ID_DIGITS]] = text
    for text in range(1 << 20):
        begin = id_of(bob, fields_of(bob, item, at=at, text=text))[:ID_DIGITS]
        if begin in said:
            one = sign(key=ann.key, **fields_of(ann, item, at=at, text=said[begin]))
            return one, sign(key=bob.key, **fields_of(bob, item, at=at, text=text))
    raise AssertionError("none found")


def test_records_with_one_name_in_an_index_are_both_found(tmp_path):
    """By id, by what they are about, by their chains; from the file as from memory."""
    path = tmp_path / "ledger.db"
    board = Board(open_doltlite(path, town="rust"))
    ann, bob = board.person("ann"), board.person("bob")
    item = ann.post().record.id
    bob.bid(board.journal.held.entry(item))
    both = alike(ann, bob, item)
    assert len({key_of(entry)[:REF_CHARS] for entry in both}) == 1
    assert [board.offer(entry) for entry in both] == ["ok", "ok"]
    board.journal.store.close()
    store = open_doltlite(path, town="rust")
    for entry in both:
        record = entry.record
        again = store.entry(record.id)
        assert again is not None
        assert again.record.id == record.id
        found = store.slots(record.chain, record.seq, record.seq)
        assert [one.record.id for one in found] == [record.id]
    ids = [one.record.id for one in store.about(item) if one.record.kind == "note.add"]
    assert sorted(ids) == sorted(entry.record.id for entry in both)
    store.close()
