"""Rows that anybody may have written into a commons: whatever they hold, a page is made of them."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ledger.store import Observed
from ledger.tables import BY_NAME, Row
from tests.market.boards import Board as Towns
from town.web import pages
from town.web.bell import Bell
from town.web.board import Board

COLUMNS = BY_NAME["wanted"].columns
TEXTS = st.sampled_from(
    [
        "",
        "open",
        "claimed",
        "completed",
        "bug",
        "2026-01-01 00:00:00",
        "9999-12-31 23:59:59",
        "0000-00-00",
        '"><script>alert(1)</script>',
        "' onmouseover='alert(1)",
        "\u202e\u2066\x00\x1b[31m",
        "{{ 7 * 7 }}",
        "javascript:alert(1)",
        "x" * 3_000,
    ]
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**60), 2**60),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
    st.text(max_size=20),
    st.lists(TEXTS, max_size=3),
    st.dictionaries(TEXTS, TEXTS, max_size=2),
)
ROWS = st.fixed_dictionaries({name: VALUES for name in COLUMNS if name != "id"})
ACTS = re.compile(
    r"<script(?! type=\"module\")|<[^>]* on\w+=|<iframe|href=\"javascript", re.IGNORECASE
)
MARKS = re.compile("[\u202a-\u202e\u2066-\u2069\x00\x1b]")


@pytest.fixture(scope="module")
def town() -> Towns:
    """A town on a board, and nobody else's work."""
    return Towns()


@pytest.fixture(scope="module")
def board(town: Towns) -> Board:
    """Its board, whose templates are read once."""
    return Board(town.rust.market, Bell())


def page_of(board: Board, make: Any) -> str:
    """The text of a page, made as for a browser."""
    market = board.market
    page = make(market)
    shown = {"data": page.answer.data, "next": page.answer.next, **page.extra}
    return board._pages.get_template(page.template).render(
        town="rust",
        handle="rust",
        here="/",
        twin="/board.json",
        asked="",
        now=market.now(),
        **shown,
    )


@example(row=dict.fromkeys(COLUMNS, 7))
@example(row={name: ["x"] for name in COLUMNS})
@example(row={name: {"x": "y"} for name in COLUMNS})
@example(row=dict.fromkeys(COLUMNS, "\ud800 half"))
@example(row=dict.fromkeys(COLUMNS, float("nan")))
@example(row=dict.fromkeys(COLUMNS, '"><script>alert(1)</script>'))
@example(row={"tags": 7, "priority": "P0", "status": None})
@example(row={"status": "\u202e\x00<b>", "type": "\u2066", "claimed_by": "\x1b[31m"})
@given(row=ROWS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_page_is_made_of_any_row_and_nothing_in_it_acts(town, board, row):
    """The list and the item's page say what the row says; nothing of it becomes an element."""
    values = {**row, "id": "w-abcdef"}
    seen = Observed(row=Row("wanted", "w-abcdef", values), source="hq", commit="c", seen_at=1)
    journal = town.rust.town.ledgers[town.rust.town.current]
    journal.store.observe([seen])
    query = {"status": "all", "signed": "no"}
    for make in (lambda m: pages.board(m, query), lambda m: pages.item(m, "w-abcdef")):
        text = page_of(board, make)
        assert not ACTS.search(text)
        assert not MARKS.search(text)
        assert "unsigned" in text
        text.encode()
