"""What is kept in memory before a private database is what the database holds, after each step."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.beads.kept import KeptPrivate
from ledger.beads.rows import LIVE, Bead, Comment, Link
from ledger.private.memory import MemoryPrivate
from ledger.private.store import Change, ChangedError, Dropped, Seen
from ledger.store_errors import StoreError
from tests.beads.worlds import BEADS, LINKS, NAMES

DROPS = st.one_of(
    st.builds(lambda name: Dropped(kind=Bead, key=(name,)), st.sampled_from(NAMES)),
    st.builds(
        lambda one, two: Dropped(kind=Link, key=(one, two)),
        st.sampled_from(NAMES),
        st.sampled_from(NAMES),
    ),
)
CHANGES = st.builds(
    lambda beads, links, drops: Change(puts=(*beads, *links), drops=tuple(drops)),
    st.lists(BEADS, max_size=3),
    LINKS,
    st.lists(DROPS, max_size=2),
)
QUESTIONS: tuple[tuple[type, dict[str, object]], ...] = (
    (Bead, {}),
    (Bead, {"status": LIVE}),
    (Bead, {"status": "open"}),
    (Bead, {"status": "closed"}),
    (Bead, {"status": ("open", "closed")}),
    (Bead, {"status": "open", "assignee": "ann"}),
    (Bead, {"assignee": ("ann", "bob")}),
    (Link, {}),
    (Link, {"issue_id": NAMES[0]}),
    (Link, {"depends_on_id": NAMES[:3]}),
    (Link, {"issue_id": NAMES[:2], "type": "blocks"}),
    (Link, {"type": "related"}),
)


class Counting(MemoryPrivate):
    """Counts what it is asked for, and fails when it is told to."""

    def __init__(self):
        super().__init__()
        self.asked: Counter[type] = Counter()
        self.fails = False

    def find(self, kind, /, **where):
        self.asked[kind] += 1
        return super().find(kind, **where)

    def apply(self, change):
        told = super().apply(change)
        if self.fails:
            raise StoreError("the line broke behind the writing")
        return told


def agree(kept, plain):
    """Both answer every question alike."""
    for kind, where in QUESTIONS:
        assert list(kept.find(kind, **where)) == list(plain.find(kind, **where)), (kind, where)
    for name in NAMES:
        assert kept.get(Bead, name) == plain.get(Bead, name)
        assert kept.get(Link, name, NAMES[0]) == plain.get(Link, name, NAMES[0])
    assert kept.keys(Bead, "gt-", at_most=3) == plain.keys(Bead, "gt-", at_most=3)


@given(
    changes=st.lists(CHANGES, max_size=6),
    rows_max=st.sampled_from([0, 2, 100]),
    closed_too_max=st.sampled_from([0, 3, 100]),
)
def test_after_each_change_it_answers_as_the_store_behind_it(changes, rows_max, closed_too_max):
    """Whatever is written and dropped, and however little it may keep."""
    kept = KeptPrivate(MemoryPrivate(), rows_max=rows_max, closed_too_max=closed_too_max)
    plain = MemoryPrivate()
    for change in changes:
        assert kept.apply(change) == plain.apply(change)
        agree(kept, plain)


def test_a_second_question_is_answered_without_the_store():
    """Beads and links are read once; what was made of them is made again when they change."""
    store = Counting()
    kept = KeptPrivate(store)
    kept.apply(Change(puts=(Bead(id="gt-aaa"), Link(issue_id="gt-aaa", depends_on_id="gt-baa"))))
    made = []

    def make(reader):
        made.append(len(reader.find(Bead)))
        return made[-1]

    for _ in range(3):
        agree(kept, store)
    asked = store.asked.copy()
    assert kept.find(Bead, status=LIVE) == [Bead(id="gt-aaa")]
    assert kept.find(Link, issue_id="gt-aaa")
    assert (kept.made((Bead,), make), kept.made((Bead,), make)) == (1, 1)
    assert store.asked == asked
    kept.apply(Change(puts=(Comment(issue_id="gt-aaa", id="1"),)))
    assert kept.made((Bead,), make) == 1
    kept.apply(Change(puts=(Bead(id="gt-baa", status="closed"),)))
    assert kept.made((Bead,), make) == 2
    assert made == [1, 2]


def test_where_nobody_knows_whether_it_was_written_it_looks_again():
    """A store that wrote and then failed has the last word, not what was kept before."""
    store = Counting()
    kept = KeptPrivate(store)
    kept.apply(Change(puts=(Bead(id="gt-aaa", title="old"),)))
    assert [bead.title for bead in kept.find(Bead)] == ["old"]
    store.fails = True
    with pytest.raises(StoreError):
        kept.apply(Change(puts=(Bead(id="gt-aaa", title="new"),)))
    assert [bead.title for bead in kept.find(Bead)] == ["new"]


def test_a_refused_change_leaves_what_is_kept_as_it_was():
    """A change that rests on something else is in neither."""
    kept = KeptPrivate(MemoryPrivate())
    bead = Bead(id="gt-aaa")
    kept.apply(Change(puts=(bead,)))
    seen = Seen(kind=Bead, key=("gt-aaa",), row=Bead(id="gt-aaa", title="another"))
    with pytest.raises(ChangedError):
        kept.apply(Change(puts=(Bead(id="gt-aaa", title="x"),), seen=(seen,)))
    assert kept.find(Bead) == [bead]
