"""A process that reads records whole and looks at signatures: `python -m stamps.checker FD`.

It reads lines of records from a spool file that it is given open, `offset length` a turn from its
input, and answers a turn with one digit a line. It loads no ledger, keeps nothing, and ends with
its input.
"""

import os
import sys
from typing import Final

from stamps.errors import BadRecordError
from stamps.record import parse_line, verify

HOLDS: Final = b"1"
FAILS: Final = b"0"


def holds(line: bytes) -> bool:
    """Whether the line is a record, by every check there is, and signed by its device."""
    try:
        return verify(parse_line(line)) is not None
    except BadRecordError:
        return False


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
