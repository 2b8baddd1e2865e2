"""What stands on a stream already: read without waiting for whoever may never write or close it.

Standard library only, because the launcher reads so too.
"""

import os
import select
import time

WAIT_S = 0.3  # for the next piece
LAST_S = 1.0  # for all of them
PIECE_BYTES = 1 << 16


def read_soon(descriptor: int, most: int) -> bytes:
    """Everything up to the stream's end, or what came within a moment."""
    found = bytearray()
    last = time.monotonic() + LAST_S
    while len(found) < most and time.monotonic() < last:
        if not select.select([descriptor], [], [], WAIT_S)[0]:
            break
        piece = os.read(descriptor, min(most - len(found), PIECE_BYTES))
        if not piece:
            break
        found += piece
    return bytes(found)
