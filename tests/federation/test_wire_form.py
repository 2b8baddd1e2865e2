"""Numbers, counts and texts of a message: one spelling each, and a typed fault for any other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import Fault, PeerError
from federation.wire import Reader, Writer, spelled

NUMBER_MAX = 2**53 - 1


def fault_of(read, message: bytes) -> Fault:
    with pytest.raises(PeerError) as refused:
        read(Reader(message))
    return refused.value.fault


@given(st.integers(0, NUMBER_MAX), st.text(max_size=50))
def test_what_was_written_is_read(number, text):
    """A number and a text, and nothing is left."""
    writer = Writer()
    writer.number(number)
    writer.text(text)
    reader = Reader(writer.message())
    assert (reader.number(), reader.text(at_most=200), reader.remaining) == (number, text, 0)
    reader.finish()


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (b"", Fault.TRUNCATED),
        (b"\x81", Fault.TRUNCATED),
        (b"\x80\x01", Fault.VARINT),
        (b"\xff" * 8, Fault.VARINT),
        (b"\xff" * 64, Fault.VARINT),
        (b"\x90\x80\x80\x80\x80\x80\x80\x00", Fault.VARINT),
    ],
)
def test_a_number_has_one_spelling_and_an_end(message, fault):
    """Cut off, with a leading zero, over 2**53-1 and without end, in as many steps as digits."""
    assert fault_of(Reader.number, message) is fault


def test_the_largest_number_is_the_last_that_is_read_and_written():
    """The limit itself is good on both sides; our own mistake raises before it is sent."""
    assert Reader(spelled(NUMBER_MAX)).number() == NUMBER_MAX
    for wrong in (-1, NUMBER_MAX + 1):
        with pytest.raises(ValueError, match="outside"):
            spelled(wrong)


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (b"\x02\xff\xfe", Fault.FORM),
        (b"\x03abc", Fault.COUNT),
        (b"\x02a", Fault.TRUNCATED),
        (b"", Fault.TRUNCATED),
    ],
)
def test_a_text_is_whole_bounded_and_utf8(message, fault):
    """Nothing is announced that is not there, and nothing longer than the reader allows."""
    assert fault_of(lambda reader: reader.text(at_most=2), message) is fault


def test_nothing_may_follow_a_message():
    """Bytes behind the end are a fault, however few."""
    assert fault_of(Reader.finish, b"\x00") is Fault.TRAILING
