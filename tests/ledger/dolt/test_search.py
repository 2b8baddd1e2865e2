"""The board's index against looking at every item, on a board made to be hard to search."""

import random
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.dolt import open_doltlite, runs, search
from ledger.memory import MemoryStore
from ledger.memory_board import STATUS_ORDER, coded, falling, span_of, turned, uncoded, words_of
from ledger.store import BoardQuery, Observed
from ledger.tables import Row
from tests.seeds import tries

WORDS = ["race", "refresh", "token", "über", "guide", "a", "ab", "abc", "re2", "x" * 50]
LONG = " ".join(f"long{number}" for number in range(450)) + " zebra"
MOMENTS = [
    *("2026-01-01 00:00:00", "2026-01-01T00:00:00Z", "2026-01-01", None, "soon", ""),
    *(f"2026-02-0{day} 10:0{day}:00" for day in range(1, 10)),
]
ROWS = 250
CUT = "p" * 320
STARTS = [f"w-{number:08x}" for number in (0, 1, 94, 2**32 - 1)]  # ids that share a code


def observed(chance: random.Random, number: int) -> Observed:
    """A row as any client may have written it: half of them of one moment."""
    signed_looking = f"w-{chance.getrandbits(160):040x}"
    if number % 4 == 1:
        signed_looking = f"{chance.choice(STARTS)}{chance.getrandbits(128):032x}"
    same = chance.random() < 0.5
    values = {
        "id": signed_looking if number % 2 else f"w-{number:04x}é",
        "title": " ".join(chance.choices(WORDS, k=3)),
        "description": LONG if number % 40 == 7 else chance.choice([None, "word " + str(number)]),
        "project": chance.choice(["gate", "site", "rare" if number == 3 else "gate", CUT, None]),
        "type": "bug" if number % 3 else "docs",
        "tags": chance.choice([None, ["go"], ["go", "auth"], ["a\x1fb"]]),
        "posted_by": "ann" if number % 3 else "bob",  # never both `docs` and ann
        "claimed_by": chance.choice([None, "bob"]),
        "effort_level": chance.choice(["small", "large"]),
        "status": chance.choice([*STATUS_ORDER[:3], "open", "validated", "lost"]),
        "priority": chance.choice([None, 0, 1, 2, 4, 7, 12, -1]),
        "created_at": MOMENTS[0] if same else chance.choice(MOMENTS),
        "updated_at": chance.choice(MOMENTS),
    }
    return Observed(row=Row("wanted", values["id"], values), source="hq", commit="c", seen_at=1)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The same rows in memory and in the embedded file."""
    chance = random.Random(11)
    rows = [observed(chance, number) for number in range(ROWS)]
    memory = MemoryStore()
    memory.observe(rows)
    store = open_doltlite(tmp_path_factory.mktemp("board") / "ledger.db", town="rust")
    store.observe(rows)
    yield memory, store
    store.close()


@pytest.fixture
def little(monkeypatch):
    """A search that may hardly look, so that every page is one of many parts."""
    for name, value in {"CHUNK": 3, "CHUNK_MAX": 7, "LOOKS_MAX": 40, "GATHERED_MAX": 9}.items():
        monkeypatch.setattr(search, name, value)
    monkeypatch.setattr(search, "PREFIX_WORDS_MAX", 4)
    monkeypatch.setattr(search, "FEW", 2)


def maybe(*values):
    """One of these, or no filter."""
    return st.none() | st.sampled_from(values)


QUERIES = st.builds(
    BoardQuery,
    status=st.lists(st.sampled_from([*STATUS_ORDER, "validated", "no"]), max_size=3).map(tuple),
    project=maybe("gate", "site", "rare", CUT, "none"),
    type=maybe("bug", "docs"),
    priority=maybe(0, 1, 2, 3, 4, 7, 9, 12, -1),
    effort=maybe("small", "large", "epic"),
    tag=maybe("go", "auth", "a\x1fb", "a b"),
    poster=maybe("ann", "bob"),
    claimer=maybe("ann", "bob"),
    text=maybe("race", "a", "re", "ab tok", "ÜBER", "zzz", "zebra", "long4", "l", "x" * 45, "..."),
    signed=st.none() | st.booleans(),
    sort=st.sampled_from(["priority", "newest", "oldest", "updated"]),
    limit=st.integers(5, 60),
)


@settings(max_examples=tries(150, fast=12), deadline=None)
@example(query=BoardQuery(text="l", sort="oldest", limit=5))  # hundreds of words begin so
@example(query=BoardQuery(text="l", limit=5))
@given(query=QUERIES)
def test_every_page_is_the_one_of_looking_at_every_item(both, query):
    """Filters of any sort, in any order, cursors included; only one that says so is shorter."""
    memory, store = both
    whole = memory.find(replace(query, limit=ROWS)).items
    seen = 0
    for _ in range(ROWS):
        page = store.find(query)
        end = seen + (len(page.items) if page.partial else query.limit)
        assert page.items == whole[seen:end]
        seen = min(end, len(whole))
        if not page.partial:
            more = seen < len(whole)
            assert page.cursor == memory.find(query).cursor
            assert (page.cursor is not None) is more
        if page.cursor is None:
            break
        query = replace(query, cursor=page.cursor)
    assert seen == len(whole)


@pytest.mark.usefixtures("little")
def test_parts_of_a_search_make_up_the_whole(both):
    """A page that stopped early says so, and its cursor leads to every item, each once."""
    memory, store = both
    stopped = 0

    @settings(max_examples=tries(100, fast=15), deadline=None)
    @example(query=BoardQuery(type="docs", poster="ann", limit=5))  # never both: it looks on and on
    @example(query=BoardQuery(type="docs", poster="ann", sort="newest", limit=5))
    @given(query=QUERIES)
    def every_part(query):
        nonlocal stopped
        expected = memory.find(replace(query, limit=ROWS)).items
        found, cursor = [], None
        while True:
            page = store.find(replace(query, cursor=cursor))
            found += page.items
            stopped += page.partial
            assert page.cursor is not None or not page.partial
            assert page.partial or page.cursor is None or len(page.items) == query.limit
            if page.cursor is None:
                break
            assert page.cursor > (cursor or "")
            cursor = page.cursor
        assert tuple(found) == expected

    every_part()
    assert stopped > tries(50, fast=5)


def test_values_that_never_meet_are_not_looked_for_for_ever(both, monkeypatch):
    """The amount of work for one page is bounded, and what was not looked at is said."""
    _, store = both
    monkeypatch.setattr(search, "CHUNK", 8)
    monkeypatch.setattr(search, "CHUNK_MAX", 8)
    monkeypatch.setattr(search, "LOOKS_MAX", 100)
    monkeypatch.setattr(runs.Forward, "leap", lambda *_: None)
    page = store.find(BoardQuery(type="docs", poster="ann"))
    assert page.items == ()
    assert page.partial
    assert page.cursor is not None


def test_values_that_never_meet_are_leapt_over(both):
    """What one value has none of is not read under another."""
    _, store = both
    page = store.find(BoardQuery(type="docs", poster="ann"))
    assert page == replace(page, items=(), cursor=None, partial=False)


@given(st.integers(0, (1 << 160) - 1), st.text(max_size=20))
def test_a_code_says_how_a_signed_id_begins_or_any_other_as_it_is(number, text):
    """Five letters, and the few ids that share them can be asked for."""
    signed = f"w-{number:040x}"
    first, last = span_of(coded(signed))
    assert first == signed[:10]
    assert first <= signed < last
    assert uncoded(coded(signed)) is None
    assert uncoded(coded(text)) == text
    assert len(coded(signed)) == 5


@given(*(st.one_of(st.from_regex(r"w-[0-9a-f]{40}", fullmatch=True), st.text()),) * 2)
def test_codes_sort_signed_ids_before_any_other(one, other):
    """Where codes differ, signed ids stand in their own order and before what is no such id."""
    if coded(one) < coded(other):
        assert uncoded(coded(one)) is None or uncoded(coded(other)) is not None
    if uncoded(coded(one)) is None and uncoded(coded(other)) is None and one < other:
        assert coded(one) <= coded(other)


@given(st.text(st.characters(max_codepoint=0x180)), st.sampled_from(["", "w"]))
@example(text="w W  re2_über x", mark="w")
@example(text="w W  re2_x", mark="w")
def test_words_are_what_letters_and_digits_make_up(text, mark):
    """Of any text alike, one letter by one; the quick way is for texts that are ASCII."""
    letters = "".join(one if one.isalnum() else " " for one in text)
    assert words_of({"title": text}, mark) == {mark + word.lower() for word in letters.split()}


@given(st.datetimes(), st.datetimes())
def test_moments_sort_both_ways(one, other):
    """Letters keep the reverse order of seconds, and turned the order itself."""
    first, second = (str(each.replace(microsecond=0)) for each in (one, other))
    if falling(first) > falling(second):
        assert first < second
        assert turned(falling(first)) < turned(falling(second))
    assert falling("nonsense") >= falling(first)
    assert falling(None) >= falling(first)
