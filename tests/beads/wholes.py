"""Beads with links and comments, as Hypothesis makes them up."""

from hypothesis import strategies as st
from msgspec.structs import replace

from ledger.beads.jsonl import Whole
from ledger.beads.rows import LINK_KINDS, STATUSES, TOMBSTONE, TYPES, Bead, Comment, Link

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)
WORD = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00\n", exclude_categories=("Zs", "Cc")),
    min_size=1,
    max_size=20,
)
TITLE = WORD.filter(str.strip)
IDS = st.from_regex(r"[a-z]{2}-[a-z0-9]{2,5}(\.[1-9])?", fullmatch=True)
TIMES = st.integers(1, 1 << 55)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
OBJECTS = st.dictionaries(TEXT, JSON, max_size=3)
UNKNOWN = st.sampled_from(["deleted_at", "original_type", "compaction_level", "event_kind", "zz"])

BEADS = st.builds(
    Bead,
    id=IDS,
    title=TITLE,
    description=TEXT,
    design=TEXT,
    notes=TEXT,
    spec_id=TEXT,
    status=st.sampled_from([*STATUSES, TOMBSTONE]),
    priority=st.integers(0, 4),
    issue_type=st.sampled_from(TYPES),
    assignee=TEXT,
    estimated_minutes=st.none() | st.integers(0, 1 << 40),
    created_at=TIMES,
    updated_at=TIMES,
    started_at=TIMES | st.just(0),
    closed_at=TIMES | st.just(0),
    due_at=TIMES | st.just(0),
    external_ref=TEXT,
    labels=st.sets(WORD, max_size=3).map(lambda words: tuple(sorted(words))),
    metadata=OBJECTS,
    ephemeral=st.booleans(),
    pinned=st.booleans(),
    timeout=st.integers(0, 1 << 62),
    waiters=st.lists(WORD, max_size=2).map(tuple),
    other=st.dictionaries(UNKNOWN, JSON.filter(lambda value: value is not None), max_size=2),
)


def of(bead, links, comments):
    """The bead with these, each under its id."""
    found = {link.depends_on_id: link for link in links if link.depends_on_id != bead.id}
    said = {comment.id: comment for comment in comments}
    return Whole(
        bead,
        tuple(replace(found[needs], issue_id=bead.id) for needs in sorted(found)),
        tuple(
            replace(comment, issue_id=bead.id)
            for comment in sorted(said.values(), key=lambda one: (one.created_at, one.id))
        ),
    )


LINKS = st.builds(
    Link,
    issue_id=st.just("x-x"),
    depends_on_id=IDS | st.just("external:other:gt-abc"),
    type=st.sampled_from(LINK_KINDS),
    created_at=TIMES,
    created_by=WORD,
    metadata=st.sampled_from(["", "{}", '{"gate": "any-children"}']),
)
COMMENTS = st.builds(
    Comment,
    issue_id=st.just("x-x"),
    id=st.integers(1, 99).map(str) | st.uuids().map(str),
    author=TEXT,
    text=TEXT,
    created_at=TIMES,
)
WHOLES = st.builds(of, BEADS, st.lists(LINKS, max_size=3), st.lists(COMMENTS, max_size=3))
FILES = st.lists(WHOLES, max_size=5, unique_by=lambda whole: whole.bead.id)
