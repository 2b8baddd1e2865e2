import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from cli.escape import cut, escape, one_line, width

BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"


@given(st.text())
def test_nothing_that_steers_a_terminal_survives(text):
    """After escaping there is no control, format or surrogate character but newline and tab."""
    shown = escape(text)
    left = {letter for letter in shown if unicodedata.category(letter) in ("Cc", "Cs")}
    assert left <= {"\n", "\t"}
    assert not set(shown) & set(BIDI)


@given(st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"))))
def test_text_that_steers_nothing_is_printed_as_it_is(text):
    """Quotes, emoji and every script are shown, not spelled out."""
    assert escape(text) == text


def test_an_escape_sequence_is_shown_and_not_obeyed():
    """A title cannot clear the screen, move the cursor or turn the line around."""
    assert escape("\x1b[2Jok\u202e") == "\\x1b[2Jok\\u202e"
    assert one_line("a\nb\tc\r") == "a\\nb\\tc\\x0d"


@given(st.text(), st.integers(min_value=1, max_value=40))
def test_a_cut_text_never_takes_more_cells_than_it_may(text, cells):
    """Wide letters count twice; what was cut ends in an ellipsis."""
    shown = cut(text, cells)
    assert width(shown) <= cells
    assert shown == text or shown.endswith("…")
