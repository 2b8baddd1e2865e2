"""Filters, sorts and dates against models that are too simple to be wrong."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.beads.choosing import ORDERS, Filter, listed, page
from ledger.beads.dates import when
from ledger.beads.errors import BadFieldError
from ledger.beads.rows import TOWN_TYPES
from tests.beads.desks import NOW
from tests.beads.worlds import BEADS, DAY, LABELS, NAMES, PEOPLE, WORLDS

SPANS = st.none() | st.tuples(st.integers(NOW - 3 * DAY, NOW), st.integers(NOW - DAY, NOW + DAY))
SOME = st.lists(st.sampled_from(LABELS), max_size=2).map(tuple)
FILTERS = st.builds(
    Filter,
    statuses=st.sampled_from([(), ("open",), ("open", "closed")]),
    types=st.sampled_from([(), ("task", "agent"), ("bug",)]),
    not_types=st.sampled_from([(), ("task",)]),
    priorities=st.sampled_from([(), (0, 2)]),
    priority_min=st.none() | st.integers(0, 4),
    priority_max=st.none() | st.integers(0, 4),
    labels=SOME,
    labels_any=SOME,
    not_labels=SOME,
    label_pattern=st.sampled_from(["", "a*"]),
    no_labels=st.booleans(),
    assignee=st.sampled_from(PEOPLE),
    unassigned=st.booleans(),
    words=st.sampled_from(["", "RACE", "fix race"]),
    title=st.sampled_from(["", "FIX", "ÜNÏ"]),
    description=st.sampled_from(["", "race"]),
    notes=st.sampled_from(["", "Race"]),
    no_description=st.booleans(),
    ids=st.sampled_from([(), NAMES[:3]]),
    among=st.sampled_from([None, frozenset(), frozenset(NAMES[:4])]),
    outside=st.sampled_from([None, frozenset(NAMES[:2])]),
    created=SPANS,
    updated=SPANS,
    due=SPANS,
    deferred=st.booleans(),
    overdue_at=st.sampled_from([0, NOW]),
    pinned=st.sampled_from([None, True, False]),
    metadata=st.sampled_from([{}, {"team": "core"}, {"ok": "true"}, {"n": "1"}]),
    metadata_key=st.sampled_from(["", "n"]),
    bookkeeping=st.booleans(),
    gates=st.booleans(),
    templates=st.booleans(),
    ephemeral=st.booleans(),
)


def asked(bead, f):
    """What the filter asks of kind, status and priority, as a person would say it."""
    town = bead.issue_type in TOWN_TYPES and not (f.gates and bead.issue_type == "gate")

    yield bead.issue_type in f.types if f.types else f.bookkeeping or not town
    yield bead.issue_type not in f.not_types
    yield f.ephemeral or not bead.ephemeral
    yield f.templates or not bead.is_template
    yield not f.statuses or bead.status in f.statuses
    yield not f.priorities or bead.priority in f.priorities
    yield f.priority_min is None or bead.priority >= f.priority_min
    yield f.priority_max is None or bead.priority <= f.priority_max


def asked_of_the_rest(bead, f):
    """What the filter asks of labels, people, words and times."""
    words = f"{bead.id}\n{bead.title}\n{bead.description}\n{bead.notes}".casefold()
    shown = {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in bead.metadata.items()}

    def within(span, at):
        return span is None or (at > 0 and span[0] <= at < span[1])

    yield all(label in bead.labels for label in f.labels)
    yield not f.labels_any or any(label in bead.labels for label in f.labels_any)
    yield not any(label in bead.labels for label in f.not_labels)
    yield not f.label_pattern or any(fnmatchcase(one, f.label_pattern) for one in bead.labels)
    yield not (f.no_labels and bead.labels)
    yield f.assignee in ("", bead.assignee) and not (f.unassigned and bead.assignee)
    yield all(word in words for word in f.words.casefold().split())
    yield f.title.casefold() in bead.title.casefold()
    yield f.description.casefold() in bead.description.casefold()
    yield f.notes.casefold() in bead.notes.casefold()
    yield not (f.no_description and bead.description.strip())
    yield not f.ids or bead.id in f.ids
    yield f.among is None or bead.id in f.among
    yield f.outside is None or bead.id not in f.outside
    yield within(f.created, bead.created_at) and within(f.updated, bead.updated_at)
    yield within(f.due, bead.due_at)
    yield not f.deferred or bead.defer_until > 0
    yield not f.overdue_at or (0 < bead.due_at < f.overdue_at and bead.status != "closed")
    yield f.pinned is None or f.pinned == (bead.pinned or bead.status == "pinned")
    yield all(shown.get(key) == value for key, value in f.metadata.items())
    yield not f.metadata_key or f.metadata_key in bead.metadata


@given(bead=BEADS, wanted=FILTERS)
def test_a_filter_takes_what_a_person_would_take(bead, wanted):
    """Every field of it, alone and with others."""
    assert wanted.takes(bead) == all([*asked(bead, wanted), *asked_of_the_rest(bead, wanted)])


@given(bead=BEADS, name=st.sampled_from(sorted(Filter.__struct_fields__)), wanted=FILTERS)
def test_each_field_alone_is_taken_at_its_word(bead, name, wanted):
    """With thirty fields at once nearly nothing passes; so each is asked by itself too."""
    alone = Filter(**{name: getattr(wanted, name)})
    assert alone.takes(bead) == all([*asked(bead, alone), *asked_of_the_rest(bead, alone)])


@given(world=WORLDS, order=st.sampled_from(sorted(ORDERS)), most=st.integers(0, 9))
def test_a_page_is_the_beginning_of_the_whole_list(world, order, most):
    """Whatever the order is; and it says how many there are in all."""
    wanted = Filter(bookkeeping=True, ephemeral=True, templates=True)
    whole = listed(world.values(), wanted, order=order)
    found = page(world.values(), ORDERS[order], at_most=most)
    assert found.beads == whole[: most or None]
    assert found.total == len(world) == len(whole)


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("2027-01-15", 1_799_971_200_000_000),
        ("2027-01-15T10:00:00Z", 1_800_007_200_000_000),
        ("2027-01-15T10:00:00+02:00", 1_800_000_000_000_000),
        ("+6h", NOW + 6 * 3_600_000_000),
        ("-1d", NOW - DAY),
        ("2w", NOW + 14 * DAY),
        ("in 3 days", NOW + 3 * DAY),
        ("Tomorrow", 1_800_057_600_000_000),
        ("today", 1_799_971_200_000_000),
        ("next monday", 1_799_971_200_000_000 + 3 * DAY),
        ("friday", 1_799_971_200_000_000 + 7 * DAY),
        ("now", NOW),
    ],
)
def test_a_moment_is_what_people_mean(said, at):
    """NOW is Friday, 15 January 2027, 8 o'clock UTC; a day of the week is always a later one."""
    assert when(said, now=NOW) == at


@pytest.mark.parametrize(
    "said", ["", "soon", "32", "2027-13-01", "+1x", "9999999999d", "1969-01-01", "next", "+99999y"]
)
def test_no_moment_is_refused_with_examples(said):
    """What is no moment is never taken for one."""
    with pytest.raises(BadFieldError):
        when(said, now=NOW)
