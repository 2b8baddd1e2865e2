"""The names of beads: a prefix that says whose they are, and letters that say which.

Pure. New names have five letters behind the prefix and grow when one is taken; any name of at
least three letters is accepted. A child is its parent's name, a dot and a number.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Final

from ledger.beads.errors import BadFieldError

DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
LETTERS: Final = 5
LETTERS_MAX: Final = 12
TRIES: Final = 8
PREFIX_CHARS_MAX: Final = 32
ID_CHARS_MAX: Final = 120
_PREFIX: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9_])?")
_ID: Final = re.compile(r"([a-z0-9][a-z0-9_-]*)-([a-z0-9]{3,})((?:\.[0-9]+)*)")
_IMPORTED: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.]*(?:-[A-Za-z0-9_.]+)+")
_LANGUAGE: Final = re.compile(r"[-_.](?:py|go|js|rs|rb)$")
_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SHORT_NAME: Final = 3


def checked_prefix(said: str) -> str:
    """The prefix without dashes at its end. Raises BadFieldError."""
    prefix = said.strip().rstrip("-").lower()
    if len(prefix) > PREFIX_CHARS_MAX or not _PREFIX.fullmatch(prefix):
        raise BadFieldError("prefix", f"{said!r} is none; small letters, digits and dashes are")
    return prefix


def checked_id(said: str) -> str:
    """The id, if it has the form of one. Raises BadFieldError."""
    if len(said) > ID_CHARS_MAX or not _ID.fullmatch(said):
        raise BadFieldError("id", f"{said!r} is none; a prefix, a dash and 3 letters or more are")
    return said


def imported_id(said: str) -> str:
    """An id that another program gave, which may be shorter or have capitals. Raises."""
    if len(said) > ID_CHARS_MAX or not _IMPORTED.fullmatch(said):
        raise BadFieldError("id", f"{said[:ID_CHARS_MAX]!r} is none; a prefix, a dash, letters are")
    return said


def is_id(said: str) -> bool:
    """Whether it has the form of a bead's id."""
    return len(said) <= ID_CHARS_MAX and _ID.fullmatch(said) is not None


def prefix_of(bead: str, known: Iterable[str] = ()) -> str:
    """The prefix of an id: the longest known one that fits, else all before its last dash."""
    fitting = [prefix for prefix in known if bead.startswith(f"{prefix}-")]
    if fitting:
        return max(fitting, key=len)
    return bead.rsplit("-", 1)[0] if "-" in bead else ""


def parent_of(bead: str) -> str:
    """The id that this one is a child of by its name; empty for none."""
    parent, dot, number = bead.rpartition(".")
    return parent if dot and number.isdigit() and is_id(parent) else ""


def spelled(prefix: str, secret: bytes, letters: int) -> str:
    """The id that this secret stands for, with so many letters."""
    number = int.from_bytes(hashlib.sha256(secret).digest(), "big")
    text = ""
    for _ in range(letters):
        number, digit = divmod(number, len(DIGITS))
        text += DIGITS[digit]
    return f"{prefix}-{text}"


def new_id(
    prefix: str,
    new_secret: Callable[[], bytes],
    taken: Callable[[str], bool],
    *,
    letters: int = LETTERS,
) -> str:
    """An id that is not taken; it has more letters where too many are."""
    for length in range(letters, LETTERS_MAX + 1):
        for _ in range(TRIES):
            found = spelled(prefix, new_secret(), length)
            if not taken(found):
                return found
    raise BadFieldError("prefix", f"no id is free under {prefix!r}")


def comment_id(at: int, secret: bytes) -> str:
    """The id of a comment of this moment: a UUID of version 7, so that ids sort by time."""
    milli, micro = divmod(at, 1000)
    chance = int.from_bytes(hashlib.sha256(secret).digest()[:8], "big") >> 2
    whole = (milli << 80) | (7 << 76) | (micro << 64) | (2 << 62) | chance
    text = f"{whole:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def next_child(parent: str, children: Iterable[str]) -> str:
    """The id of the next child of a bead that has these children."""
    numbers = [int(number) for child in children if (number := child[len(parent) + 1 :]).isdigit()]
    return f"{parent}.{max(numbers, default=0) + 1}"


def derived_prefix(name: str) -> str:
    """A prefix for a project of this name: initials of its words, else how it begins."""
    plain = _LANGUAGE.sub("", name.strip())
    parts = [part.lower() for word in re.split(r"[-_.\s]+", plain) for part in _PARTS.findall(word)]
    if len(parts) > 1:
        return "".join(part[0] for part in parts)[:PREFIX_CHARS_MAX]
    word = "".join(parts)
    return word if len(word) <= _SHORT_NAME else word[:2]
