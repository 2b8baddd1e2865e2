"""A frontier in every wrong form: one typed fault, whatever the bytes are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import Fault, PeerError
from federation.frontier import (
    GROUPED_MIN,
    GROUPS,
    FrontierSaid,
    Mode,
    Nonces,
    PartSaid,
    Said,
    decode_frontier,
    encode_frontier,
)
from federation.outline import DIGEST_BYTES, Part
from federation.wire import Writer

NONCES = Nonces(bytes(16), b"\x01" * 16)
SAME = PartSaid(bytes(DIGEST_BYTES), Mode.SAME)


def said(chains: PartSaid, *, base: bytes | None = None, prefix_bytes: int = 8) -> FrontierSaid:
    """A frontier whose chains are said so, and all else as equal."""
    parts = tuple(chains if part is Part.CHAINS else SAME for part in Part)
    return FrontierSaid(
        nonces=NONCES, root=bytes(32), base=base, prefix_bytes=prefix_bytes, parts=parts
    )


def listed(*prefixes: int) -> PartSaid:
    """Chains with these prefixes, in this order."""
    marks = tuple(Said(one.to_bytes(8, "big"), one, b"abcd") for one in prefixes)
    return PartSaid(bytes(DIGEST_BYTES), Mode.FULL, marks)


def fault_of(message: bytes) -> Fault:
    with pytest.raises(PeerError) as refused:
        decode_frontier(message)
    return refused.value.fault


MANY = listed(*range(GROUPED_MIN))
GONE = PartSaid(bytes(DIGEST_BYTES), Mode.DELTA, (Said(bytes(7) + b"\x01", None),))
FRONTIERS = [
    said(SAME), said(listed(1, 5, 9)), said(GONE, base=bytes(32)),
    said(MANY), said(MANY, base=b"\x07" * 32),
]  # fmt: skip


@pytest.mark.parametrize("frontier", FRONTIERS)
def test_a_frontier_is_read_as_it_was_said(frontier):
    """Equal, in full, by groups, as a delta with what is gone."""
    assert decode_frontier(encode_frontier(frontier)) == frontier


def test_each_broken_rule_has_its_fault():
    """Version, prefixes, a delta on nothing, order, repetition, length."""
    message = encode_frontier(said(listed(1, 5)))
    assert fault_of(b"\x02" + message[1:]) is Fault.VERSION
    assert fault_of(encode_frontier(said(listed(5, 1)))) is Fault.ORDER
    assert fault_of(encode_frontier(said(listed(5, 5)))) is Fault.ORDER
    assert fault_of(message + b"\x00") is Fault.TRAILING
    delta = PartSaid(bytes(DIGEST_BYTES), Mode.DELTA, ())
    assert fault_of(encode_frontier(said(delta))) is Fault.FORM
    for prefix_bytes in (0, 33):
        assert fault_of(encode_frontier(said(SAME, prefix_bytes=prefix_bytes))) is Fault.FORM
    mode_at = 1 + 16 + 16 + 32 + 1 + 1 + DIGEST_BYTES
    assert fault_of(message[:mode_at] + b"\x03" + message[mode_at + 1 :]) is Fault.FORM


def test_groups_that_do_not_add_up_are_a_fault():
    """512 names announced, and 256 counts that say otherwise."""
    whole = encode_frontier(said(MANY))
    writer = Writer()
    for size in [GROUPED_MIN, *[0] * (GROUPS - 1)]:
        writer.number(size)
    groups = writer.message()
    at = whole.index(groups)
    assert fault_of(whole[:at] + b"\x01" + whole[at + 1 :]) is Fault.COUNT


@given(st.sampled_from(FRONTIERS[:3]), st.data())
def test_a_frontier_that_was_cut_or_changed_is_read_or_is_a_fault(frontier, data):
    """No bytes of a peer raise anything but PeerError."""
    message = bytearray(encode_frontier(frontier))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(message) - 1))
        message[at] = data.draw(st.integers(0, 255))
    cut = bytes(message[: data.draw(st.integers(0, len(message)))])
    try:
        read = decode_frontier(cut)
    except PeerError:
        return
    assert decode_frontier(encode_frontier(read)) == read
