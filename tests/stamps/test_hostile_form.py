"""Attacks on the canonical form: each refusal by its own reason, before anything worse happens."""

import unicodedata

import pytest
from hypothesis import example, given, reject
from hypothesis import strategies as st

from stamps import canonical
from stamps.errors import BadRecordError
from stamps.unicode14 import is_allowed
from tools import make_unicode_table

REASONS = {
    "canonical.utf8": ['{"a":1}'.encode("utf-16"), b'{"a":"\xed\xa0\x80"}', b'{"a":"\xc0\x80"}'],
    "canonical.json": [b'\xef\xbb\xbf{"a":1}', b'{"a":"\\ud800"}', b'{"a":NaN}', b"", b"{} {}"],
    "canonical.number": [b'{"a":' + b"1" * 5_000 + b"}", b'{"a":9007199254740992}'],
    "canonical.depth": [b"[" * 8_000, b'{"a":' + b"[" * 8_000 + b"]" * 8_000 + b"}"],
    "canonical.duplicate": [b'{"a":1,"a":2}', b'{"a":1,"\\u0061":2}', b'{"x":{"a":1,"a":1}}'],
    "canonical.float": [b'{"a":1.5}', b'{"a":1e2}', b'{"a":1e400}', b'{"a":-0.0}'],
    "canonical.form": [b'{"a":-0}', b'{ "a":1}', b'{"b":1,"a":1}', b'{"a":"\\/"}', b'{"a":1}\n'],
    "canonical.key": [b'{"":1}', b'{"a b":1}', '{"é":1}'.encode(), b'{"x":[{"\\n":1}]}'],
    "canonical.text": [b'{"title":"a\\nb"}', b'{"text":["a\\nb"]}', '{"a":"\u2067"}'.encode()],
    "canonical.object": [b"[]", b"1", b'"a"', b"null"],
}


@pytest.mark.parametrize("reason", REASONS)
def test_attack_35_each_trap_is_refused_for_what_it_is(reason):
    """A reader of the code learns which rule was broken; depth and digits go before the parser."""
    for raw in REASONS[reason]:
        with pytest.raises(BadRecordError) as refused:
            canonical.decode(raw)
        assert refused.value.reason == reason, raw[:40]


@pytest.mark.parametrize("text", ["[[[[[[[[[[", '"]}"[{\\', "1" * 40, '\\"{{{{{{{{{{'])
def test_brackets_and_digits_in_a_text_are_only_text(text):
    """The bounds on the bytes look at structure, not at what people write."""
    value = {"after": ["a" * 64], "body": {"description": text, "title": "x"}}
    assert canonical.decode(canonical.encode(value)) == value


@given(st.binary(max_size=200))
@example(b'{"a":"\\')
@example(b'"' + b"[" * 100)
def test_no_bytes_bring_the_reader_down(raw):
    """Whatever comes, it is an object or a BadRecordError."""
    try:
        value = canonical.decode(raw)
    except BadRecordError:
        return
    assert canonical.encode(value) == raw


texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=20).map(
    lambda text: unicodedata.normalize("NFC", text)
)
names = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts.filter(is_allowed),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(names, values, max_size=5), st.data())
def test_attack_35_a_value_has_one_spelling(value, data):
    """It reads back as it was, and one changed byte is another value or none at all."""
    try:
        raw = canonical.encode(value)
    except BadRecordError:  # nested deeper than a record may be
        reject()
    assert canonical.decode(raw) == value
    place = data.draw(st.integers(0, len(raw) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != raw[place]))
    try:
        other = canonical.decode(raw[:place] + bytes([byte]) + raw[place + 1 :])
    except BadRecordError:
        return
    assert canonical.encode(other) != raw


def test_attack_33_the_table_is_what_its_maker_writes():
    """Made from Unicode 14.0 and never by hand; another interpreter cannot remake it."""
    if unicodedata.unidata_version == make_unicode_table.VERSION:
        assert make_unicode_table.TARGET.read_text() == make_unicode_table.render()


@pytest.mark.parametrize("text", ["\U000105d2\u0307", "\U00016121\u0300", "\u1acf", "\ufdd0"])
def test_attack_33_letters_that_compose_only_in_later_versions_are_refused(text):
    """Else one title were NFC on one node and not on another."""
    assert not is_allowed(text)


def test_normal_form_is_judged_with_the_lines_in_place():
    """A mark after a newline has nothing to combine with, and taking the line away changes that."""
    assert canonical.encode({"text": "A\n\u030a"})
    with pytest.raises(BadRecordError):
        canonical.encode({"text": "A\u030a"})


def test_attack_34_keys_that_sort_two_ways_are_refused():
    """Code points and UTF-16 units order U+E000 and U+10000 differently."""
    for key in ("\ue000", "\U00010000", "ü"):
        with pytest.raises(BadRecordError, match=r"canonical\.key"):
            canonical.encode({key: 1})
