import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from town.node import frames

KINDS = st.sampled_from([frames.OUT, frames.ERR, frames.INPUT, frames.EXIT])


@given(st.lists(st.tuples(KINDS, st.binary(max_size=300)), max_size=10))
def test_what_is_packed_is_what_is_read(sent):
    """A stream of frames comes out as it went in."""
    line = io.BytesIO(b"".join(frames.pack(kind, payload) for kind, payload in sent))
    assert [frames.read_frame(line.read) for _ in sent] == sent


def test_a_large_payload_travels_in_pieces_that_are_each_within_the_limit():
    """No output is too large to print, and no frame is larger than its limit."""
    payload = b"x" * (2 * frames.FRAME_BYTES_MAX + 1)
    sent = frames.pieces(frames.OUT, payload)
    line = io.BytesIO(b"".join(sent))
    assert len(sent) == 3
    assert b"".join(frames.read_frame(line.read)[1] for _ in sent) == payload


@given(st.binary(max_size=12))
def test_bytes_that_are_no_frame_are_refused(noise):
    """A stranger on the socket gets a typed error, whatever it sends."""
    line = io.BytesIO(noise)
    try:
        kind, payload = frames.read_frame(line.read)
    except frames.FrameError:
        return
    assert frames.pack(kind, payload) == noise[: frames.HEAD_BYTES + len(payload)]


def test_a_frame_above_the_limit_is_neither_sent_nor_awaited():
    """A length of four gigabytes is refused from its head alone."""
    with pytest.raises(frames.FrameError):
        frames.pack(frames.OUT, b"x" * (frames.FRAME_BYTES_MAX + 1))
    with pytest.raises(frames.FrameError):
        frames.unpack_head(b"O\xff\xff\xff\xff")
