"""How pages write times, strangers' text, addresses and filters."""

import pytest

from town.market.errors import FieldError
from town.web.filters import Filters
from town.web.words import (
    command,
    full,
    iso,
    lead,
    linked,
    reason,
    rendered,
    seen,
    shortened,
    since,
)

PLAIN = "\u05e9\u05dc\u05d5\u05dd \U0001f469\u200d\U0001f4bb"
NOW = 1_700_000_000_000_000


def test_times_are_read_as_rows_and_answers_write_them():
    """A row's plain UTC and an answer's RFC 3339 are one moment; no moment is no words."""
    assert since("2023-11-14 20:13:20", NOW) == since("2023-11-14T20:13:20Z", NOW) == "2 h ago"
    assert iso("2023-11-14 20:13:20") == "2023-11-14T20:13:20Z"
    assert full("2023-11-14T22:13:20+02:00") == "2023-11-14 20:13 UTC"
    for nothing in (None, "", "soon", "9999999"):
        assert (since(nothing, NOW), iso(nothing), full(nothing)) == ("", "", "")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("<b>&\"'", "&lt;b&gt;&amp;&#34;&#39;"),
        ("a\u202eb", 'a<span class="esc">\\u{202e}</span>b'),
        ("bell\x07", 'bell<span class="esc">\\u{0007}</span>'),
        ("\ufeff\u200b", '<span class="esc">\\u{feff}</span><span class="esc">\\u{200b}</span>'),
        ("two\nlines\t.", "two\nlines\t."),
        (PLAIN, PLAIN),
    ],
)  # fmt: skip
def test_a_strangers_text_is_harmless_and_whole(said, shown):
    """Marks that hide or turn text are spelled out; letters, joiners and lines stay."""
    assert str(seen(said)) == shown


@pytest.mark.parametrize(
    "said",
    [
        "javascript:alert(1)",
        "data:text/html,<script>",
        "//evil.invalid/x",
        "https://good.invalid@evil.invalid/",
        "https://x.invalid/\u202egnp",
        'https://x.invalid/"onclick="alert(1)',
        "https://x.invalid/ and more",
        "ftp://x.invalid/",
        "",
    ],
)
def test_only_a_plain_address_of_the_web_becomes_a_link(said):
    """Whatever else stands where an address should be is text."""
    assert "<a" not in linked(said)


def test_a_link_says_where_it_leads():
    """The address is its own text, and tells the other side nothing of this one."""
    link = linked("https://git.invalid/x/pull/7?a=1&b=2")
    assert 'href="https://git.invalid/x/pull/7?a=1&amp;b=2"' in link
    assert ">https://git.invalid/x/pull/7?a=1&amp;b=2</bdi>" in link
    assert "noreferrer" in link


@pytest.mark.parametrize(
    "said",
    [
        "<script>alert(1)</script>",
        "![x](https://evil.invalid/x.png)",
        "[x](javascript:alert(1))",
        "<https://evil.invalid>",
        "<iframe src=x>",
        "```\n<img src=x onerror=alert(1)>\n```",
        "&lt;script&gt;",
        "a\x00b",
    ],
)
def test_markdown_makes_no_element_that_acts(said):
    """No script, picture, link or frame comes of a description (H62)."""
    html = str(rendered(said))
    for element in ("<script", "<img", "<a", "<iframe", "onerror=alert(1)>"):
        assert element not in html.lower().replace("&lt;", "(").replace("(img", "(")


def test_headings_of_a_description_stand_below_the_pages_own():
    """A stranger's first heading is the third of the page."""
    assert "<h3>One</h3>" in rendered("# One")
    assert "<h3>Two</h3>" in rendered("Two\n---")


def test_commands_keys_and_state_lines_are_written_as_people_know_them():
    """Words are quoted as a shell needs them, what is to be filled in is not."""
    assert command(("wl", "note", "w-3fa9", "<text>")) == "wl note w-3fa9 <text>"
    assert command(("wl", "grant", "--to", "a b")) == "wl grant --to 'a b'"
    assert shortened("did:key:z6MkfriXyZabcdefghij") == "did:key:z6MkfriXyZab…ghij"
    assert shortened("short") == "short"
    assert lead("handed in  w-3fa9, attempt 1.") == ("handed in", "w-3fa9, attempt 1.")
    assert reason("not_home") == "its author does not decide about this"
    assert reason("some_new_code") == "some new code"
    assert lead("overdue w-3fa9 by 3 h.") == ("overdue", "w-3fa9 by 3 h.")


def test_a_chip_changes_one_filter_and_keeps_the_others():
    """On takes it off, off puts it on; the list begins anew."""
    filters = Filters.of({"type": "bug", "priority": "1", "q": " race ", "cursor": "abc", "x": "y"})
    chips = {chip.name: chip for _, group in filters.groups() for chip in group}
    assert chips["bug"].on
    assert chips["bug"].href == "/?q=race&priority=1#list"
    assert chips["docs"].href == "/?q=race&type=docs&priority=1#list"
    assert chips["done"].href.endswith("status=completed#list")
    assert filters.link(cursor="next").endswith("cursor=next#list")
    assert filters.hidden() == [("type", "bug"), ("priority", "1")]
    assert filters.query()["cursor"] == "abc"
    assert not filters.plain
    assert Filters.of({"sort": "newest"}).plain
    assert Filters.of({}).link() == "/#list"


def test_a_type_or_poster_that_has_no_chip_gets_one():
    """What filters the list can always be seen and taken off."""
    filters = Filters.of({"type": "inference", "poster": "ash"})
    on = [chip.name for _, group in filters.groups() for chip in group if chip.on]
    assert on == ["open", "inference", "by ash"]


@pytest.mark.parametrize("said", [{"priority": "5"}, {"limit": "0"}, {"limit": "\u0663"}])
def test_a_filter_that_cannot_be_is_refused(said):
    """With the limit in the words."""
    with pytest.raises(FieldError):
        Filters.of(said).query()
