"""A process that says whether signatures hold: main of `python -m stamps.checker FD`.

It reads lines of records from a spool file that it is given open, `offset length` a turn from its
input, and answers a turn with one digit a line. It loads no ledger, keeps nothing, and ends with
its input.
"""

import os
import sys
from typing import Final

import msgspec

from stamps import identity
from stamps.errors import BadRecordError
from stamps.record import RECORD_DOMAIN, signature_of

HOLDS: Final = b"1"
FAILS: Final = b"0"


class _Signed(msgspec.Struct):
    device: str


_device = msgspec.json.Decoder(_Signed)


def holds(line: bytes) -> bool:
    """Whether the line is signed by the device that it names. Its shape is looked at elsewhere."""
    spelled, _, raw = line.partition(b" ")
    try:
        signature = signature_of(spelled)
        device = _device.decode(raw).device
    except (BadRecordError, msgspec.DecodeError):
        return False
    return identity.verify(device=device, message=RECORD_DOMAIN + raw, signature=signature)


def checked(lines: bytes) -> bytes:
    """A digit for each of these lines, every one of which ends in a newline."""
    return b"".join(HOLDS if holds(line) else FAILS for line in lines.split(b"\n")[:-1])


def main() -> None:
    """Turns are answered until the input ends."""
    spool = int(sys.argv[1])
    for turn in sys.stdin.buffer:
        offset, length = map(int, turn.split())
        sys.stdout.buffer.write(checked(os.pread(spool, length, offset)) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
