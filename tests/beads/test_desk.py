"""The verbs of beads: each whole or not at all, the same on every store, fair to everybody."""

from contextlib import closing, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.beads.choosing import Filter
from ledger.beads.errors import (
    BeadError,
    BlockedError,
    ClaimedError,
    CycleError,
    DependantsError,
    LinkedError,
    NoBeadError,
    NotOpenError,
    OpenChildrenError,
    OtherPrefixError,
    SecondParentError,
    TakenIdError,
)
from ledger.beads.kept import KeptPrivate
from ledger.beads.plan import BadPlanError, read_plan
from ledger.beads.rows import Bead, Comment, Link
from ledger.beads.waiting import cycles
from ledger.dolt.private import open_private_doltlite
from ledger.private.memory import MemoryPrivate
from ledger.private.rows import Cursor, Setting
from ledger.private.store import Change
from tests.beads.desks import NOW, Clock
from tests.beads.worlds import DAY, NAMES, Secrets, desk
from tests.few import FEW
from town.beads.desk import Draft, Edit

KINDS = (Bead, Link, Comment, Setting, Cursor)
NAME = st.sampled_from(NAMES)
SOME = st.lists(NAME, min_size=1, max_size=3)
VERBS = st.one_of(
    st.tuples(st.just("make"), NAME, st.sampled_from(["task", "epic"]), st.none() | NAME),
    st.tuples(st.just("claim"), NAME, st.sampled_from(["ann", "bob"])),
    st.tuples(st.just("close"), SOME, st.booleans()),
    st.tuples(st.just("reopen"), SOME),
    st.tuples(st.just("link"), NAME, NAME, st.sampled_from(["blocks", "parent-child", "related"])),
    st.tuples(st.just("unlink"), NAME, NAME),
    st.tuples(st.just("under"), SOME, st.sampled_from(["", *NAMES])),
    st.tuples(st.just("defer"), SOME, st.sampled_from([0, NOW + DAY])),
    st.tuples(st.just("undefer"), SOME),
    st.tuples(st.just("label"), SOME, st.sampled_from(["api", " ", "ui"])),
    st.tuples(st.just("delete"), SOME, st.booleans(), st.booleans()),
    st.tuples(st.just("comment"), NAME, st.sampled_from(["hello", ""])),
    st.tuples(st.just("next"), st.sampled_from(["ann", "bob"])),
    st.tuples(st.just("same"), NAME, NAME),
)


def play(store, verb, *words):
    """What the verb answered, or the code with which it was refused."""
    actor = words[-1] if verb in ("claim", "next") else "ann"
    at = desk(store, actor=actor)
    ways: dict[str, Any] = {
        "make": lambda name, kind, parent: at.create(
            Draft(title=name, id=name, fields={"issue_type": kind}, parent=parent or "")
        ),
        "claim": lambda name, _: at.claim(name),
        "close": lambda names, force: at.close_all(dict.fromkeys(names, "done"), force=force),
        "reopen": at.reopen_all,
        "link": lambda *link: at.link([link]),
        "unlink": at.unlink,
        "under": lambda names, parent: at.edit(names, Edit(parent=parent)),
        "defer": at.defer,
        "undefer": at.undefer,
        "label": lambda names, label: at.label(names, add=(label,)),
        "delete": lambda names, force, cascade: at.delete(names, force=force, cascade=cascade),
        "comment": at.comment,
        "next": lambda _: at.claim_ready(Filter()),
        "same": lambda one, other: at.settle(one, other, kind="duplicates", reason="Duplicate of"),
    }
    try:
        return ways[verb](*words)
    except BeadError as error:
        return error.code


def held(store):
    """Every row that the store has."""
    return [list(store.events(0)), *(list(store.find(kind)) for kind in KINDS)]


@FEW
@given(verbs=st.lists(VERBS, max_size=12))
def test_every_store_comes_to_the_same_by_the_same_verbs(tmp_path_factory, verbs):
    """Memory, the file, and the file with what is kept before it; and what holds always holds."""
    folder = tmp_path_factory.mktemp("agree")
    plain = MemoryPrivate()
    with (
        closing(open_private_doltlite(folder / "a.db", town="a")) as file,
        closing(KeptPrivate(open_private_doltlite(folder / "b.db", town="b"))) as kept,
    ):
        for store in (plain, file, kept):
            desk(store)  # tells it the prefix
        for verb in verbs:
            before = held(plain)
            told = play(plain, *verb)
            assert play(file, *verb) == told
            assert play(kept, *verb) == told
            if isinstance(told, str):
                assert held(plain) == before, "a refused verb leaves no trace"
            sound(plain)
        assert held(file) == held(plain) == held(kept)


def sound(store):
    """No circle, one parent at most, nothing linked to what is deleted."""
    links = store.find(Link)
    assert not cycles(links)
    above = [link.issue_id for link in links if link.type == "parent-child"]
    assert len(above) == len(set(above))
    gone = {bead.id for bead in store.find(Bead, status="tombstone")}
    assert not gone & {end for link in links for end in link.key}


@given(actors=st.permutations(["ann", "bob", "cat", "dan"]))
def test_of_several_claims_one_wins_whatever_their_order(actors):
    """The others are told who has it, as often as they ask; the winner may ask again."""
    store = MemoryPrivate()
    desk(store).create(Draft(title="one", id="gt-one"))
    for actor in actors * 2:
        at = desk(store, actor=actor)
        if actor == actors[0]:
            assert at.claim("gt-one").assignee == actor
        else:
            with pytest.raises(ClaimedError) as refused:
                at.claim("gt-one")
            assert (refused.value.by, refused.value.exit) == (actors[0], 5)
    assert [event.kind for event in store.events(0)] == ["bead.created", "bead.claimed"]


def test_a_claim_that_lost_the_race_is_told_so():
    """Between the look and the change somebody else was first: the use case looks again."""

    class Racing(MemoryPrivate):
        def apply(self, change: Change):
            if change.seen and not self.raced:
                self.raced = True
                desk(self, actor="bob").claim("gt-one")
            return super().apply(change)

        raced = True

    store = Racing()
    desk(store).create(Draft(title="one", id="gt-one"))
    store.raced = False
    with pytest.raises(ClaimedError) as refused:
        desk(store).claim("gt-one")
    assert refused.value.by == "bob"


def test_two_links_that_close_a_circle_only_together_cannot_both_be_made():
    """Each rests on the links that it saw, so that the second looks again and is refused."""

    class Racing(MemoryPrivate):
        def apply(self, change: Change):
            links = [row for row in change.puts if isinstance(row, Link)]
            if links and not self.raced:
                self.raced = True
                desk(self, actor="bob").link([("gt-two", "gt-one", "blocks")])
            return super().apply(change)

        raced = False

    store = Racing()
    for name in ("gt-one", "gt-two"):
        desk(store).create(Draft(title=name, id=name))
    with pytest.raises(CycleError) as refused:
        desk(store).link([("gt-one", "gt-two", "blocks")])
    assert refused.value.path == ("gt-one", "gt-two", "gt-one")
    assert [link.issue_id for link in store.find(Link)] == ["gt-two"]


def test_a_bead_is_found_by_how_its_id_begins_and_by_what_is_behind_the_prefix():
    """One that fits several is refused with their names; one that fits none too."""
    at = desk()
    for name in ("gt-abc", "gt-abd", "gt-abcd"):
        at.create(Draft(title=name, id=name))
    assert [bead.id for bead in at.show(["gt-abc", "abd", "ABCD"])] == [
        "gt-abc",
        "gt-abd",
        "gt-abcd",
    ]
    for said, code in (("gt-ab", "id.ambiguous"), ("zz", "id.none"), ("", "id.none")):
        with pytest.raises(BeadError) as refused:
            at.show([said])
        assert (refused.value.code, refused.value.exit) == (code, 3)


def test_ids_are_new_short_and_under_their_parent():
    """Five letters, longer where those are taken; children are numbered on, deleted ones too."""
    at = desk()
    first = at.create(Draft(title="one"))
    assert len(first.id) == len("gt-") + 5
    again = desk(at.store)  # its chance is that of the first
    assert again.create(Draft(title="two")).id not in (first.id, "")
    children = [at.create(Draft(title=str(n), parent=first.id)).id for n in range(2)]
    assert children == [f"{first.id}.1", f"{first.id}.2"]
    at.delete([children[1]], force=True)
    assert at.create(Draft(title="3", parent=first.id)).id == f"{first.id}.3"
    with pytest.raises(TakenIdError):
        at.create(Draft(title="x", id=children[1]))
    with pytest.raises(OtherPrefixError):
        at.create(Draft(title="x", id="zz-abc"))
    assert at.create(Draft(title="x", id="zz-abc", any_prefix=True)).id == "zz-abc"
    assert Secrets()() != Secrets


def test_a_child_has_its_parents_labels_unless_it_is_told_not_to():
    """As with the predecessor."""
    at = desk()
    at.create(Draft(title="epic", id="gt-epi", fields={"labels": ("api",)}))
    made = at.create(Draft(title="a", parent="gt-epi", fields={"labels": ("ui",)}))
    alone = at.create(Draft(title="b", parent="gt-epi", inherit=False))
    assert (made.labels, alone.labels) == (("api", "ui"), ())


def test_what_is_blocked_is_closed_only_behind_its_blocker_or_by_force():
    """In one command the blocker may come first; behind it, the whole command is refused."""
    at = desk()
    for name in ("gt-one", "gt-two"):
        at.create(Draft(title=name, id=name))
    at.link([("gt-two", "gt-one", "blocks")])
    with pytest.raises(BlockedError) as refused:
        at.close_all({"gt-two": "", "gt-one": ""})
    assert refused.value.by == ("gt-one",)
    assert [bead.status for bead in at.show(["gt-one", "gt-two"])] == ["open", "open"]
    done = at.close_all({"gt-one": "first", "gt-two": "then"})
    assert [bead.close_reason for bead in done.closed] == ["first", "then"]
    at.reopen_all(["gt-one", "gt-two"])
    assert at.close("gt-two", force=True).close_reason == "Closed"


def test_closing_says_what_is_free_now_and_takes_what_is_next():
    """In the same step: nobody can take it in between."""
    at = desk()
    for name in ("gt-one", "gt-two", "gt-thr"):
        at.create(Draft(title=name, id=name))
    at.link([("gt-two", "gt-one", "blocks"), ("gt-thr", "gt-two", "blocks")])
    told = at.close_all({"gt-one": ""}, suggest=True, claim_next=True)
    assert [bead.id for bead in told.unblocked] == ["gt-two"]
    assert told.claimed is not None
    assert (told.claimed.id, told.claimed.assignee) == ("gt-two", "ann")
    assert at.close_all({"gt-thr": ""}, force=True, claim_next=True).claimed is None


def test_an_epic_is_closed_behind_its_children():
    """Unless by force."""
    at = desk()
    at.create(Draft(title="epic", id="gt-epi", fields={"issue_type": "epic"}))
    at.create(Draft(title="child", parent="gt-epi"))
    with pytest.raises(OpenChildrenError) as refused:
        at.close("gt-epi")
    assert refused.value.children == ("gt-epi.1",)
    assert at.close_all({"gt-epi.1": "", "gt-epi": ""}).closed[1].status == "closed"


def test_a_second_parent_and_a_second_kind_of_link_are_refused():
    """A bead hangs in one place; two beads are linked in one way."""
    at = desk()
    for name in ("gt-one", "gt-two", "gt-thr"):
        at.create(Draft(title=name, id=name))
    at.link([("gt-one", "gt-two", "parent-child")])
    with pytest.raises(SecondParentError):
        at.link([("gt-one", "gt-thr", "parent-child")])
    with pytest.raises(LinkedError):
        at.link([("gt-one", "gt-two", "blocks")])
    at.edit(["gt-one"], Edit(parent="gt-thr"))
    assert [link.depends_on_id for link, _ in at.ends(["gt-one"])] == ["gt-thr"]
    at.edit(["gt-one"], Edit(parent=""))
    assert at.ends(["gt-one"]) == []


def test_something_outside_holds_a_bead_up_until_the_link_is_cut():
    """Nobody here can see whether it is done, so a person says so."""
    at = desk()
    at.create(Draft(title="one", id="gt-one"))
    at.link([("gt-one", "external:beads:shipped", "blocks")])
    assert at.ready(Filter()) == []
    with pytest.raises(BlockedError):
        at.close("gt-one")
    assert at.unlink("gt-one", "external:beads:shipped")[2]
    assert [bead.id for bead in at.ready(Filter())] == ["gt-one"]


def test_what_others_depend_on_is_deleted_only_by_force_or_with_them():
    """And a deleted bead is found nowhere."""
    at = desk()
    for name in ("gt-one", "gt-two", "gt-thr"):
        at.create(Draft(title=name, id=name))
    at.link([("gt-two", "gt-one", "blocks"), ("gt-thr", "gt-two", "blocks")])
    at.comment("gt-one", "hello")
    with pytest.raises(DependantsError) as refused:
        at.delete(["gt-one"])
    assert refused.value.dependants == ("gt-two",)
    dry = at.delete(["gt-one"], cascade=True, dry=True)
    assert [bead.id for bead in dry.beads] == ["gt-one", "gt-two", "gt-thr"]
    at.delete(["gt-one"], force=True)
    assert at.store.find(Comment) == []
    assert [bead.id for bead in at.ready(Filter())] == ["gt-two"]
    with pytest.raises(NoBeadError):
        at.show(["gt-one"])
    assert at.lines(Filter(), everything=True).total == 2


def test_statuses_of_ones_own_are_listed_and_begun_as_their_category_says():
    """`active` ones can be begun, `frozen` and `done` ones are not in lists."""
    at = desk()
    at.tell("status.custom", "review:active, held:frozen,plain")
    for name, status in (("gt-rev", "review"), ("gt-hel", "held"), ("gt-pla", "plain")):
        at.create(Draft(title=name, id=name))
        at.update(name, {"status": status})
    assert [bead.id for bead in at.ready(Filter())] == ["gt-rev"]
    assert [line.bead.id for line in at.lines(Filter()).lines] == ["gt-pla", "gt-rev"]
    assert at.lines(Filter(statuses=("held",))).total == 1
    with pytest.raises(BeadError):
        at.tell("status.custom", "open:active")


def test_a_day_to_wait_for_puts_a_bead_aside_until_it_has_come():
    """By itself when the day comes, or when somebody takes it up."""
    clock = Clock()
    at = desk(clock=clock)
    at.create(Draft(title="one", id="gt-one", fields={"defer_until": NOW + DAY}))
    assert at.ready(Filter()) == []
    assert at.ready_lines(Filter(), deferred=True).total == 1
    with suppress(NotOpenError):
        at.claim("gt-one")
    at.undefer(["gt-one"])
    assert [bead.status for bead in at.ready(Filter())] == ["open"]


PLAN = """{"nodes": [
 {"key": "b", "title": "Child", "parent_key": "a", "metadata_refs": {"follows": "c"}},
 {"key": "a", "title": "Top", "type": "epic", "labels": ["wave"]},
 {"key": "c", "title": "Last", "priority": 0}],
 "edges": [{"from_key": "c", "to_key": "b"}]}"""


def test_a_plan_is_made_whole_with_parents_first():
    """Keys become ids, also inside the metadata; nobody sees half of it."""
    at = desk()
    made = at.create_plan(read_plan(PLAN))
    assert made["b"] == f"{made['a']}.1"
    child, last = at.show([made["b"], made["c"]])
    assert (child.labels, child.metadata) == (("wave",), {"follows": made["c"]})
    assert last.priority == 0
    assert {link.type for link in at.store.find(Link)} == {"blocks", "parent-child"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"nodes": []}',
        '{"nodes": [{"key": "a"}]}',
        '{"nodes": [{"key": "a", "title": ""}]}',
        '{"nodes": [{"key": "a", "title": "x"}, {"key": "a", "title": "y"}]}',
        '{"nodes": [{"key": "a", "title": "x", "parent": "b"}]}',
        '{"nodes": [{"key": "a", "title": "x", "parent_key": "b"}]}',
        '{"nodes": [{"key": "a", "title": "x", "parent_key": "a"}]}',
        '{"nodes": [{"key": "a", "title": "x"}], "edges": [{"from_key": "a"}]}',
        '{"nodes": [{"key": "a", "title": "x"}], "edges": [{"from_key": "a", "to_key": "b"}]}',
    ],
)
def test_a_plan_that_says_something_else_than_it_means_is_refused_whole(text):
    """Nothing of it is made, whatever is wrong."""
    at = desk()
    with pytest.raises(BadPlanError):
        at.create_plan(read_plan(text))
    assert at.store.find(Bead) == []


def test_a_plan_whose_edges_close_a_circle_is_refused_whole():
    """The circle is found among beads that are not there yet."""
    at = desk()
    text = PLAN.replace('"edges": [', '"edges": [{"from_key": "b", "to_key": "c"}, ')
    with pytest.raises(CycleError):
        at.create_plan(read_plan(text))
    assert at.store.find(Bead) == []
