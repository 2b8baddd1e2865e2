"""The frames that the launcher and a running node exchange over the control socket.

One kind byte, four bytes of length, the payload. Standard library only, because the launcher
reads it before anything else is imported. It knows nothing of commands.
"""

import struct
from collections.abc import Callable

REQUEST = b"R"  # launcher: JSON {argv, cwd, env, tty, columns}
BEGUN = b"B"  # node: it has the whole request and begins; before this nothing was done
OUT = b"O"  # node: bytes for standard output
ERR = b"E"  # node: bytes for standard error
ASK = b"I"  # node: it wants standard input; payload `all`, `line` or SOON
SOON = b"soon"  # what is there already; a command that asks for it can be done again
INPUT = b"i"  # launcher: a piece of standard input
INPUT_END = b"z"  # launcher: that was all of it
CANCEL = b"C"  # launcher: the person pressed Ctrl-C
THEN = b"T"  # node: JSON argv of the program that is to have the terminal after a good end
EXIT = b"X"  # node: the exit code in decimal; the last frame

HEAD_BYTES = 5
FRAME_BYTES_MAX = 1 << 20
INPUT_BYTES_MAX = 64 << 20

_HEAD = struct.Struct(">cI")


class FrameError(ConnectionError):
    """The other side does not speak this protocol, or hung up in the middle of a frame."""


def pack(kind: bytes, payload: bytes = b"") -> bytes:
    """One frame. Raises FrameError above FRAME_BYTES_MAX."""
    if len(payload) > FRAME_BYTES_MAX:
        raise FrameError(f"a frame of {len(payload)} bytes is too large")
    return _HEAD.pack(kind, len(payload)) + payload


def pieces(kind: bytes, payload: bytes) -> list[bytes]:
    """The payload as as many frames as it needs; none for an empty one."""
    step = FRAME_BYTES_MAX
    return [pack(kind, payload[at : at + step]) for at in range(0, len(payload), step)]


def unpack_head(head: bytes) -> tuple[bytes, int]:
    """The kind and the payload's length. Raises FrameError."""
    if len(head) != HEAD_BYTES:
        raise FrameError("the connection ended inside a frame")
    kind, length = _HEAD.unpack(head)
    if length > FRAME_BYTES_MAX:
        raise FrameError(f"a frame of {length} bytes is too large")
    return kind, length


def read_frame(read: Callable[[int], bytes]) -> tuple[bytes, bytes]:
    """The next frame from a blocking reader that returns fewer bytes only at the end."""
    kind, length = unpack_head(read(HEAD_BYTES))
    payload = read(length) if length else b""
    if len(payload) != length:
        raise FrameError("the connection ended inside a frame")
    return kind, payload
