"""Values that every store, every line and every program can carry: no NUL, no half a character.

Pure. What is deeper than a few levels, or no number that JSON has, is refused as well.
"""

from math import isfinite
from typing import Any, Final

from ledger.beads.errors import BadFieldError

DEPTH_MAX: Final = 64
MARK: Final = "\ufffd"


def has_nul(value: Any) -> bool:
    """Whether a text somewhere in the value has a NUL; what is too deep is refused elsewhere."""
    return any("\0" in text for text in _texts(value))


def _texts(value: Any) -> list[str]:
    found, left = [], [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, dict):
            left += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple):
            left += one
    return found


def shallow(name: str, value: Any) -> Any:
    """The value, if it is not nested without end. Raises BadFieldError."""
    level = [value]
    for _ in range(DEPTH_MAX):
        level = [
            one
            for outer in level
            if isinstance(outer, dict | list)
            for one in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if any(isinstance(one, float) and not isfinite(one) for one in level):
            raise BadFieldError(name, "holds a number that JSON does not have")
        if not level:
            return value
    raise BadFieldError(name, f"is nested more than {DEPTH_MAX} deep")


def check_text(name: str, value: Any) -> None:
    """Every text of the value can be kept and told. Raises BadFieldError."""
    for text in _texts(value):
        if "\0" in text:
            raise BadFieldError(name, "has a NUL in it")
        if not text.isascii() and not is_whole(text):
            raise BadFieldError(name, "is no text in UTF-8")


def is_whole(text: str) -> bool:
    """Whether every character of the text is one; bytes that are no UTF-8 become halves."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def mended(text: str) -> str:
    """The text with a mark wherever something stood that no text can have."""
    return text.replace("\0", MARK).encode("utf-8", "replace").decode()
