"""Tags that fill two kilobytes and more are searched as short ones are, on either backend."""

from ledger.memory import MemoryStore
from ledger.store import BoardQuery, Projection, Subject
from ledger.tables import BY_NAME, Row
from tests.ledger.dolt.backends import Opened, opened

__all__ = ["opened"]

TAGS = [f"{'x' * 60}{number:04}" for number in range(32)]  # as many and as long as there may be


def test_what_only_a_long_list_of_tags_says_is_found(opened: Opened):
    """A word longer than the index keeps is looked for in the row itself."""
    key = "5" * 64
    row = {**dict.fromkeys(BY_NAME["wanted"].columns), "id": f"w-{key[:40]}", "title": "Fix it"}
    row |= {"tags": TAGS, "status": "open", "priority": 2, "created_at": "2026-01-01 00:00:00"}
    item = Subject(id=key, kind="item", rows=(Row("wanted", row["id"], row),), card={})
    memory, store = MemoryStore(), opened()
    for each in (memory, store):
        each.write([], Projection(subjects=[item]))
    for text in ("x" * 60, f"{'x' * 60}0031", f"{'x' * 60}9"):
        query = BoardQuery(text=text)
        assert store.find(query) == memory.find(query)
    assert len(store.find(BoardQuery(text="x" * 60, tag=TAGS[31])).items) == 1
