"""The canonical profile of RFC 8785 (records 1.6), against vectors and an independent encoder."""

import json
import struct
import tracemalloc
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from stamps import canonical
from stamps.errors import BadRecordError
from stamps.limits import DEPTH_MAX, INTEGER_MAX, RECORD_BYTES_MAX
from stamps.unicode14 import is_allowed

DATA = Path(__file__).parent.parent / "data" / "jcs"
REJECTS = json.loads((DATA / "rejects.json").read_text())
NUMBERS = json.loads((DATA / "numbers.json").read_text())
WITHIN_PROFILE: set[str] = set()  # each of the six has a float, a control or a free key

keys = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=64)
texts = st.text(max_size=20).filter(lambda text: canonical.is_text(text, with_lines=False))
integers = st.integers(min_value=-INTEGER_MAX, max_value=INTEGER_MAX)
values = st.recursive(
    st.none() | st.booleans() | integers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(keys, values, max_size=6)


@given(objects)
def test_bytes_equal_those_of_another_implementation(value):
    """Attack 34: within the profile the sorted dump is RFC 8785, whoever makes it."""
    try:
        raw = canonical.encode(value)
    except BadRecordError:
        return  # deeper or larger than a record may be
    assert raw == rfc8785.dumps(value)
    assert canonical.decode(raw) == value


@pytest.mark.parametrize("name", sorted(p.name[:-11] for p in DATA.glob("vectors/*.input.json")))
def test_vectors_are_encoded_alike_or_refused(name):
    """A published vector within the profile gives its bytes; one outside is refused."""
    expected = (DATA / "vectors" / f"{name}.expected.json").read_bytes()
    try:
        decoded = canonical.decode(expected)
    except BadRecordError:
        assert name not in WITHIN_PROFILE
    else:
        assert name in WITHIN_PROFILE
        assert canonical.encode(decoded) == expected


@pytest.mark.parametrize("case", REJECTS, ids=lambda case: case["hex"])
def test_what_no_processor_may_take_is_refused(case):
    """Texts outside I-JSON and RFC 8259 are typed refusals."""
    with pytest.raises(BadRecordError):
        canonical.decode(bytes.fromhex(case["hex"]))


@pytest.mark.parametrize("case", NUMBERS, ids=lambda case: case["ieee"])
def test_only_safe_integers_pass(case):
    """A number is taken only as an integer within 2^53 - 1, spelled the one way."""
    number = struct.unpack(">d", bytes.fromhex(case["ieee"]))[0]
    text = case["expected"]
    if text is None:
        return
    safe = number.is_integer() and abs(number) <= INTEGER_MAX and text.lstrip("-").isdigit()
    raw = b'{"n":' + text.encode() + b"}"
    if safe:
        assert canonical.decode(raw) == {"n": int(text)}
    else:
        with pytest.raises(BadRecordError):
            canonical.decode(raw)


MALLEABLE = {
    "attack 35: a byte order mark": b'\xef\xbb\xbf{"a":1}',
    "attack 35: UTF-16": '{"a":1}'.encode("utf-16-le"),
    "attack 35: a lone surrogate": b'{"a":"\\ud800"}',
    "attack 35: 5,000 digits": b'{"a":' + b"1" * 5_000 + b"}",
    "attack 35: 8,000 brackets": b'{"a":' + b"[" * 8_000 + b"]" * 8_000 + b"}",
    "attack 35: a key twice": b'{"a":1,"a":1}',
    "attack 35: NaN": b'{"a":NaN}',
    "attack 35: infinity": b'{"a":Infinity}',
    "attack 35: 2^53": b'{"a":9007199254740992}',
    "a float": b'{"a":1.0}',
    "an exponent": b'{"a":1e2}',
    "minus zero": b'{"a":-0}',
    "keys out of order": b'{"b":1,"a":1}',
    "a space": b'{"a": 1}',
    "a needless escape": b'{"a":"\\u0041"}',
    "an empty key": b'{"":1}',
    "a key with a space": b'{"a b":1}',
    "a key beyond ASCII": '{"ä":1}'.encode(),
    "a key of 65": b'{"' + b"k" * 65 + b'":1}',
    "not NFC": '{"a":"a\u0308"}'.encode(),
    "a control character": b'{"a":"\\u0007"}',
    "a C1 control": '{"a":"\u0085"}'.encode(),
    "DEL": b'{"a":"\x7f"}',
    "a bidi override": '{"a":"\u202e"}'.encode(),
    "an isolate": '{"a":"\u2066"}'.encode(),
    "a noncharacter": '{"a":"\ufdd0"}'.encode(),
    "attack 33: unassigned in Unicode 14": '{"a":"\U0001fa77"}'.encode(),
    "a newline in a title": b'{"title":"a\\nb"}',
    "no object": b"[1]",
    "trailing bytes": b'{"a":1}x',
    "broken UTF-8": b'{"a":"\xff"}',
    "nine levels": b'{"a":' * 9 + b"1" + b"}" * 9,
    "too large": b'{"a":"' + b"x" * RECORD_BYTES_MAX + b'"}',
    "1,001 entries": json.dumps({"a": [1] * 1001}, separators=(",", ":")).encode(),
}


@pytest.mark.parametrize("raw", MALLEABLE.values(), ids=MALLEABLE.keys())
def test_malleable_bytes_are_refused(raw):
    """Each has its typed reason, and none takes the parser down."""
    with pytest.raises(BadRecordError) as refused:
        canonical.decode(raw)
    assert refused.value.code == "record.bad"
    assert refused.value.reason


@pytest.mark.parametrize("key", ["description", "summary", "message", "reason", "text", "bio"])
def test_long_texts_may_have_lines(key):
    """Newline and tab stand in the texts that records 1.6 lists."""
    raw = canonical.encode({key: "one\n\ttwo"})
    assert canonical.decode(raw) == {key: "one\n\ttwo"}


def test_an_evidence_value_may_have_lines():
    """Also the value of a piece of evidence, and no other value."""
    value = {"evidence": [{"kind": "text", "value": "one\ntwo"}]}
    assert canonical.decode(canonical.encode(value)) == value
    with pytest.raises(BadRecordError):
        canonical.encode({"value": "one\ntwo"})


@pytest.mark.parametrize("value", [{"a": 1.5}, {"a": 2**53}, {"a": b"x"}, {1: 1}])
def test_what_has_no_canonical_form_is_not_encoded(value):
    """The encoder refuses what the decoder would."""
    with pytest.raises(BadRecordError):
        canonical.encode(value)


def test_true_is_not_one():
    """Attack 35: a boolean stays one."""
    assert canonical.decode(b'{"v":true}')["v"] is True


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("plain", True),
        ("naïve ☕ 你好", True),
        ("\ue000", True),
        ("\U0001fa77", False),
        ("\ufffe", False),
    ],
)
def test_only_characters_of_unicode_14_are_allowed(text, allowed):
    """Attack 33: the table is the repository's, not the interpreter's."""
    assert is_allowed(text) is allowed


def test_what_is_too_large_or_too_deep_is_not_encoded():
    """The bounds that hold for reading hold for writing (records 1.4)."""
    with pytest.raises(BadRecordError, match=r"canonical\.size"):
        canonical.encode({"a": "x" * RECORD_BYTES_MAX})
    value: object = []
    for _ in range(DEPTH_MAX - 1):
        value = [value]
    assert canonical.encode(value)
    with pytest.raises(BadRecordError, match=r"canonical\.depth"):
        canonical.encode([value])


def test_an_evidence_value_is_text_all_the_same():
    """Newlines are welcome there, other controls are not; and its neighbours are one line."""
    for entry in ({"value": "a\x00"}, {"kind": "a\n"}, {"value": ["a\n"]}):
        with pytest.raises(BadRecordError, match=r"canonical\.text"):
            canonical.encode({"evidence": [entry]})


@given(
    st.dictionaries(keys, values | st.integers() | st.floats(allow_nan=False), max_size=4),
    st.lists(
        st.tuples(st.integers(0, 400), st.sampled_from(b'"{}[],:0919.e-\\ \t\x7f\xc3a')), max_size=2
    ),
)
def test_a_quick_look_takes_only_what_a_close_one_takes(value, changes):
    """Bytes that look plainly canonical are canonical, and mean the same."""
    raw = bytearray(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())
    for place, byte in changes:
        raw[place % len(raw)] = byte
    said = canonical._plain(bytes(raw))
    if said is not None:
        assert said == canonical._looked_at_closely(bytes(raw))
        assert rfc8785.dumps(said) == bytes(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":' + b"9" * 17 + b"}",
        b'{"a":1.0}',
        b'{"a":[' + b",".join([b"1"] * 1001) + b"]}",
        b'{"a":"\x7f"}',
        b'{"a":"\t"}',
        b'{"a b":1}',
        b'{"b":1,"a":1}',
        b'{"a":1,"a":1}',
        b'{"a":' + b"[" * 8 + b"]" * 8 + b"}",
    ],
)
def test_a_quick_look_passes_over_what_only_looks_plain(raw):
    """Each is refused, by the close look that names the reason."""
    assert canonical._plain(raw) is None
    with pytest.raises(BadRecordError):
        canonical.decode(raw)


def test_most_records_are_seen_at_a_glance():
    """A quick look that never takes anything would help nobody."""
    assert canonical._plain(b'{"a":{"b":[1,"x",{"c":null}]},"d":true}') is not None


def test_names_that_are_refused_are_not_remembered():
    """A stranger's names may be as long as a record: a thousand of them leave nothing behind."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(1_000):
            name = f"{number:0{15_000 if number % 2 else 3_000}}"
            with pytest.raises(BadRecordError, match=r"canonical\.key"):
                canonical.decode(f'{{"{name}":1}}'.encode())
        assert tracemalloc.get_traced_memory()[0] - before < 1_000_000
    finally:
        tracemalloc.stop()
