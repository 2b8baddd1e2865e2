"""The port of the private database, promise by promise, on each backend."""

from contextlib import closing
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ledger.beads.rows import Bead, Comment, Link, Outline
from ledger.dolt.private import open_private_doltlite
from ledger.dolt.private_schema import PRIVATE_SCHEMA, shape
from ledger.dolt.version import NewerStoreError
from ledger.private.memory import MemoryPrivate
from ledger.private.rows import Cursor, Event, Setting
from ledger.private.store import Change, ChangedError, Dropped, Seen, missed
from tests.beads.stores import BACKENDS, empty
from tests.few import FEW

# What each number of the schema stands for; a changed table needs a new number.
SHAPES = {1: "87019c14a0ee9e586502f5f85e76cdecafdcad9b4e98d24057b4f70b37cbf256"}

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=80)
BEADS = st.builds(
    Bead,
    id=st.from_regex(r"[a-z]{2}-[a-z0-9]{5}", fullmatch=True),
    title=TEXT,
    description=TEXT,
    status=st.sampled_from(["open", "closed", "hooked"]),
    priority=st.integers(0, 4),
    assignee=TEXT,
    estimated_minutes=st.none() | st.integers(0, 1 << 40),
    labels=st.lists(TEXT, max_size=3).map(tuple),
    metadata=st.dictionaries(TEXT, st.integers() | TEXT | st.booleans(), max_size=3),
    ephemeral=st.booleans(),
    created_at=st.integers(0, 1 << 53),
)


@pytest.fixture(params=BACKENDS)
def store(request, tmp_path):
    """An empty store of each backend."""
    with closing(empty(request, tmp_path)) as found:
        yield found


@FEW
@given(beads=st.lists(BEADS, max_size=6))
def test_what_is_put_is_found_as_it_was(store, beads):
    """Every kind of cell comes back equal, whatever text is in it; of one key the last row wins."""
    store.apply(Change(puts=tuple(beads)))
    last = {bead.id: bead for bead in beads}
    for key, bead in last.items():
        assert store.get(Bead, key) == bead
        assert bead in store.find(Bead, id=key)
        assert bead in store.find(Bead, assignee=bead.assignee, priority=(bead.priority,))
        assert bead in store.find(Bead, estimated_minutes=bead.estimated_minutes)
        assert bead in store.find(Bead, ephemeral=bead.ephemeral, labels=(bead.labels,))


def test_rows_are_found_by_value_and_in_order(store):
    """A tuple stands for any of its values, an empty one for none; the order is that of the key."""
    rows = tuple(Bead(id=f"gt-{n}aa", status=s) for n, s in (("c", "open"), ("a", "closed")))
    store.apply(Change(puts=(*rows, Bead(id="gt-baa", status="hooked"))))
    assert [bead.id for bead in store.find(Bead)] == ["gt-aaa", "gt-baa", "gt-caa"]
    assert [bead.id for bead in store.find(Bead, status=("open", "hooked"))] == ["gt-baa", "gt-caa"]
    assert store.find(Bead, status=()) == []
    assert store.get(Bead, "gt-zzz") is None
    assert list(store.keys(Bead, "gt-b", at_most=5)) == [("gt-baa",)]
    assert list(store.keys(Bead, "gt-", at_most=2)) == [("gt-aaa",), ("gt-baa",)]
    assert list(store.keys(Bead, "gt-%", at_most=2)) == []


def test_of_a_type_that_others_extend_rows_say_at_least_as_much(store):
    """An outline of a bead is found by value like the bead, after each change of it."""
    beads = [Bead(id=f"gt-{n}", title=n, priority=1, labels=("api",)) for n in ("aaa", "bbb")]
    store.apply(Change(puts=tuple(beads)))
    changed = replace(beads[0], status="closed")
    store.apply(Change(puts=(changed,)))
    for bead, where in ((changed, {"status": "closed"}), (beads[1], {"status": ("open",)})):
        (found,) = store.find(Outline, **where)
        assert {one: getattr(found, one) for one in Outline.__struct_fields__} == {
            one: getattr(bead, one) for one in Outline.__struct_fields__
        }
    store.apply(Change(drops=(Dropped(kind=Bead, key=("gt-bbb",)),)))
    assert [one.id for one in store.find(Outline)] == ["gt-aaa"]


def test_rows_of_two_keys_are_each_others_neighbours(store):
    """A link and a comment have a key of two fields; dropping one leaves the other."""
    links = (
        Link(issue_id="a-bcd", depends_on_id="a-bce"),
        Link(issue_id="a-bcd", depends_on_id="x"),
    )
    store.apply(Change(puts=(*links, Comment(issue_id="a-bcd", id="1", text="o\nk"))))
    store.apply(Change(drops=(Dropped(kind=Link, key=("a-bcd", "x")),)))
    assert store.find(Link, issue_id="a-bcd") == [links[0]]
    assert store.get(Comment, "a-bcd", "1").text == "o\nk"
    store.apply(Change(drops=(Dropped(kind=Link, key=("not", "there")),)))


def test_a_change_that_rests_on_something_else_does_nothing(store):
    """Neither rows nor events nor drops of it are there: it is one step or none."""
    bead = Bead(id="gt-aaa", title="one")
    store.apply(Change(puts=(bead,), events=(Event(kind="made"),)))
    other = replace(bead, title="two")
    told = Event(kind="changed")
    for seen in (
        Seen(kind=Bead, key=bead.key, row=None),
        Seen(kind=Bead, key=bead.key, row=other),
        Seen(kind=Bead, key=("gt-bbb",), row=bead),
    ):
        drops = (Dropped(kind=Bead, key=bead.key),)
        with pytest.raises(ChangedError) as caught:
            store.apply(Change(puts=(Cursor(name="x"),), drops=drops, events=(told,), seen=(seen,)))
        assert caught.value.retryable
    assert store.get(Bead, "gt-aaa") == bead
    assert store.get(Cursor, "x") is None
    assert [event.kind for event in store.events(0)] == ["made"]
    store.apply(Change(puts=(other,), seen=(Seen(kind=Bead, key=bead.key, row=bead),)))
    assert store.get(Bead, "gt-aaa") == other


def test_events_are_numbered_and_read_from_anywhere(store):
    """Numbers go on without a gap, whatever a change brings; a reader goes on where it was."""
    first = store.apply(Change(events=(Event(kind="a", payload={"x": [1, "ü"]}), Event(kind="b"))))
    assert [(event.seq, event.kind) for event in first] == [(1, "a"), (2, "b")]
    store.apply(Change(puts=(Cursor(name="feed", seq=1),), events=(Event(kind="c"),)))
    assert [event.kind for event in store.events(1)] == ["b", "c"]
    assert [event.kind for event in store.events(0, at_most=2)] == ["a", "b"]
    assert store.events(0)[0].payload == {"x": [1, "ü"]}
    assert list(store.events(3)) == []


def test_events_of_long_ago_can_go_and_the_numbers_go_on(store):
    """Whoever comes to a gap is told so by the first number behind it."""
    store.apply(Change(events=tuple(Event(kind=name) for name in "abcd")))
    store.apply(Change(drops=(Dropped(kind=Event, key=(1,)), Dropped(kind=Event, key=(2,)))))
    assert [event.kind for event in store.events(0)] == ["c", "d"]
    assert [event.seq for event in store.apply(Change(events=(Event(kind="e"),)))] == [5]
    assert missed(store.events(1), after=1)
    assert not missed(store.events(2), after=2)
    assert not missed(store.events(5), after=5)


def test_the_newest_events_of_one_subject_are_found(store):
    """In order, no more than were asked for, and of nobody else; also of none and of nobody."""
    said = [("a", "gt-1"), ("b", "gt-2"), ("c", "gt-1"), ("d", ""), ("e", "gt-1"), ("f", "GT-1")]
    store.apply(Change(events=tuple(Event(kind=kind, subject=name) for kind, name in said)))

    def kinds(name: str, most: int) -> list[str]:
        return [event.kind for event in store.events_of(name, at_most=most)]

    assert [kinds("gt-1", most) for most in (0, 1, 2, 9)] == [
        [],
        ["e"],
        ["c", "e"],
        ["a", "c", "e"],
    ]
    assert (kinds("gt-2", 3), kinds("", 3), kinds("gt-3", 3)) == (["b"], ["d"], [])
    store.apply(Change(drops=(Dropped(kind=Event, key=(3,)),), events=(Event(subject="gt-1"),)))
    assert [event.seq for event in store.events_of("gt-1", at_most=9)] == [1, 5, 7]


def test_a_checkpoint_is_taken_only_of_what_has_changed(store):
    """Versioned tables make history; what is this machine's alone does not."""
    assert not store.checkpoint("nothing")
    store.apply(Change(puts=(Setting(name="prefix", value="gt"),)))
    assert store.checkpoint("settings")
    assert not store.checkpoint("again")
    store.apply(Change(puts=(Cursor(name="x", seq=1),), events=(Event(kind="chatter"),)))
    assert not store.checkpoint("chatter alone")
    store.collect()
    assert store.get(Setting, "prefix").value == "gt"


def test_a_row_has_a_version_for_each_commit_that_changed_it(store):
    """The newest first; not those that changed other rows, and not what no commit has."""
    rows = [Bead(id="gt-aaa", title=name, labels=("ü",)) for name in ("one", "two", "three")]
    for number, row in enumerate(rows[:2]):
        store.apply(Change(puts=(row, Bead(id="gt-bbb", title=f"other {number}"))))
        store.checkpoint(f"commit {number}")
        store.apply(Change(puts=(Bead(id="gt-bbb", title=f"other again {number}"),)))
        store.checkpoint("another row")
    store.apply(Change(puts=(rows[2],)))
    versions = store.versions(Bead, "gt-aaa")
    if isinstance(store, MemoryPrivate):
        assert list(versions) == []
        return
    assert [version.row for version in versions] == [rows[1], rows[0]]
    assert len({version.commit for version in versions}) == 2
    assert all(len(version.commit) >= 32 and version.author for version in versions)
    assert versions[0].at >= versions[1].at > 1_500_000_000_000_000
    assert len(store.versions(Bead, "gt-bbb")) == 4
    assert list(store.versions(Bead, "gt-zzz")) == []


def test_a_file_keeps_everything_and_a_newer_one_is_refused(tmp_path):
    """Opening it again finds what was acknowledged; of a newer version nothing is touched."""
    path = tmp_path / "town.db"
    with closing(open_private_doltlite(path, town="rust")) as store:
        store.apply(Change(puts=(Bead(id="gt-aaa", title="kept"),), events=(Event(kind="made"),)))
    with closing(open_private_doltlite(path, town="rust")) as store:
        assert store.find(Bead) == [Bead(id="gt-aaa", title="kept")]
        assert [event.seq for event in store.events(0)] == [1]
        newer = str(PRIVATE_SCHEMA + 1)
        store.database.run("UPDATE local_meta SET value = ? WHERE name = 'schema'", (newer,))
    with pytest.raises(NewerStoreError):
        open_private_doltlite(path, town="rust")


def test_a_column_that_came_later_is_added_and_reads_as_its_default(tmp_path):
    """An older file gets what is missing, keeps a copy, and loses nothing."""
    path = tmp_path / "town.db"
    with closing(open_private_doltlite(path, town="rust")) as store:
        store.apply(Change(puts=(Bead(id="gt-aaa", title="old", attempts=3),)))
        store.database.run("ALTER TABLE beads DROP COLUMN attempts")
        store.database.run("DROP TABLE comments")
        store.database.run("UPDATE local_meta SET value = '-1' WHERE name = 'schema'")
    with closing(open_private_doltlite(path, town="rust")) as store:
        assert store.get(Bead, "gt-aaa") == Bead(id="gt-aaa", title="old")
        store.apply(Change(puts=(Comment(issue_id="gt-aaa", id="1", text="new"),)))
        assert store.find(Comment, issue_id="gt-aaa")[0].text == "new"
    assert len(list(tmp_path.glob("town.before-schema-*.db"))) == 1


def test_a_changed_table_has_a_new_schema_number():
    """Whoever changes a row type raises PRIVATE_SCHEMA and writes here what it stands for."""
    assert SHAPES[PRIVATE_SCHEMA] == sha256(shape().encode()).hexdigest()


def test_a_change_that_rests_on_many_rows_sees_each_of_them(store):
    """They are asked for together, however many they are; one that is another by now stops all."""
    beads = tuple(Bead(id=f"gt-{number:05}", title="t") for number in range(1_100))
    store.apply(Change(puts=beads))
    seen = [Seen(kind=Bead, key=bead.key, row=bead) for bead in beads]
    gone = Seen(kind=Bead, key=("gt-zzzzz",), row=None)
    store.apply(Change(puts=(Cursor(name="x", seq=1),), seen=(*seen, gone)))
    other = replace(beads[777], title="other")
    store.apply(Change(puts=(other,)))
    for changed in (seen, [*seen[:600], replace_seen(seen[3], None)]):
        with pytest.raises(ChangedError):
            store.apply(Change(puts=(Cursor(name="x", seq=2),), seen=tuple(changed)))
    assert store.get(Cursor, "x") == Cursor(name="x", seq=1)


def replace_seen(seen, row):
    """The same place, with another row that was seen there."""
    return Seen(kind=seen.kind, key=seen.key, row=row)
