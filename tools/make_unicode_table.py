"""Write `stamps/unicode14_ranges.py` from this interpreter's Unicode 14.0 database.

It refuses to run on any other version of Unicode: the table is part of the wire contract
(records 1.6) and must not follow the interpreter.
"""

import sys
import textwrap
import unicodedata
from collections.abc import Iterator
from pathlib import Path

VERSION = "14.0.0"
TARGET = Path(__file__).resolve().parent.parent / "stamps" / "unicode14_ranges.py"
REFUSED_CATEGORIES = ("Cn", "Cs")  # unassigned and noncharacters; surrogates

HEADER = '''\
"""The code points assigned in Unicode 14.0, as ranges; made by `tools/make_unicode_table.py`.

Private use counts as assigned, surrogates and noncharacters do not. It refuses to follow the
interpreter: two nodes on two versions of Python must agree on every text (records 1.6).
"""

# `first-last` in hexadecimal; a single number is a range of one.
ASSIGNED = (
'''


def assigned_ranges() -> Iterator[tuple[int, int]]:
    """Yield each maximal range (first, last) of assigned code points, in order."""
    first: int | None = None
    for point in range(sys.maxunicode + 2):
        is_assigned = (
            point <= sys.maxunicode and unicodedata.category(chr(point)) not in REFUSED_CATEGORIES
        )
        if is_assigned and first is None:
            first = point
        elif not is_assigned and first is not None:
            yield first, point - 1
            first = None


def render() -> str:
    """Return the module's source."""
    words = [f"{a:x}-{b:x}" if a != b else f"{a:x}" for a, b in assigned_ranges()]
    lines = textwrap.wrap(" ".join(words), 92, break_on_hyphens=False)
    return HEADER + "".join(f'    "{line} "\n' for line in lines) + ")\n"


def main() -> None:
    """Write the table, or stop when this interpreter knows another Unicode."""
    if unicodedata.unidata_version != VERSION:
        sys.exit(f"needs Unicode {VERSION}, this Python has {unicodedata.unidata_version}")
    TARGET.write_text(render(), encoding="ascii")


if __name__ == "__main__":
    main()
