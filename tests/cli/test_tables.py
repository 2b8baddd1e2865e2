from hypothesis import given
from hypothesis import strategies as st

from cli.escape import width
from cli.tables import table_lines

ROWS = st.lists(
    st.fixed_dictionaries({"id": st.text(max_size=12), "title": st.text(max_size=300)}),
    min_size=1,
    max_size=5,
)


@given(ROWS, st.integers(min_value=40, max_value=200))
def test_a_table_has_one_line_a_row_and_fits_the_terminal(rows, room):
    """Whatever strangers wrote, a row is a line and no line is wider than the terminal."""
    lines = table_lines("wl.v1.whatever", rows, width=room)
    assert len(lines) == len(rows) + 1
    assert all(width(line) <= room for line in lines)
    assert all("\n" not in line and "\x1b" not in line for line in lines)


def test_an_empty_list_says_so_in_words():
    """A person is not left before an empty screen; `--json` has `[]`."""
    assert table_lines("wl.v1.items", {"items": []}, width=80) == ["nothing here"]


def test_columns_without_a_value_take_no_room():
    """A column that is empty in every row is not shown."""
    rows = [{"id": "a", "note": ""}, {"id": "b", "note": None}]
    assert table_lines("wl.v1.whatever", rows, width=80)[0] == "id"
