"""Makes strangers' text harmless on a terminal: what could steer it is shown, not obeyed.

It changes only what is printed for people; `--json` escapes by itself.
"""

import re
import unicodedata

# C0 and C1 controls, bidirectional marks and isolates, line separators, zero-width joins,
# tags and the byte order mark: nothing of these may reach a terminal or reorder a line.
_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def _shown(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:  # noqa: PLR2004  # one byte
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004


def escape(text: str) -> str:
    """The text with every steering code spelled out; newline and tab stay."""
    return _STEERING.sub(_shown, text)


def one_line(text: str) -> str:
    """The text escaped and on one line: newline and tab are spelled out too."""
    return escape(text).replace("\n", "\\n").replace("\t", "\\t")


def width(text: str) -> int:
    """How many terminal cells the text takes."""
    cells = 0
    for letter in text:
        if unicodedata.combining(letter):
            continue
        cells += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
    return cells


def cut(text: str, cells: int) -> str:
    """The text in at most this many cells, ending in `…` where something is missing."""
    if width(text) <= cells:
        return text
    kept, used = [], 0
    for letter in text:
        step = width(letter)
        if used + step > cells - 1:
            break
        kept.append(letter)
        used += step
    return "".join(kept) + "…"
