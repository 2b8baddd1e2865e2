"""What is to be remembered from one session to the next: a text under a key.

Pure. A memory lies among the settings, under a name of its own kind, and goes out and comes in with
beads only where that is asked for.
"""

import re
from collections.abc import Mapping
from typing import Final

from ledger.beads.errors import BadFieldError
from ledger.beads.plain import check_text

MEMORY: Final = "memory."  # what `bd remember` keeps
KEPT: Final = "kv."  # what `bd kv` keeps
APART: Final = (MEMORY, KEPT)  # what is no setting, though it lies among them
KEY_CHARS_MAX: Final = 200
VALUE_CHARS_MAX: Final = 1 << 16
KEY_WORDS_MAX: Final = 8
MADE_KEY_CHARS_MAX: Final = 60
TOLD_CHARS_MAX: Final = 20_000
BEGIN_CHARS: Final = 80
_BETWEEN: Final = re.compile(r"[\W_]+")


def key_of(text: str) -> str:
    """The key that a text has where none is said: its first words. Raises BadFieldError."""
    words = [word for word in _BETWEEN.split(text.lower()) if word]
    key = "-".join(words[:KEY_WORDS_MAX])[:MADE_KEY_CHARS_MAX].rstrip("-")
    if not key:
        raise BadFieldError("key", "cannot be made of this; say one with --key")
    return key


def checked_key(said: str) -> str:
    """The key, if it is one. Raises BadFieldError."""
    key = said.strip()
    if not key or len(key) > KEY_CHARS_MAX or not key.isprintable():
        why = f"{said[:40]!r} is none; one line of at most {KEY_CHARS_MAX} characters is"
        raise BadFieldError("key", why)
    return key


def checked_text(text: str, *, name: str) -> str:
    """The text, if it can be kept. Raises BadFieldError."""
    if not text.strip():
        raise BadFieldError(name, "is empty")
    check_text(name, text)
    if len(text) > VALUE_CHARS_MAX:
        raise BadFieldError(name, f"is longer than {VALUE_CHARS_MAX} characters")
    return text


def having(found: Mapping[str, str], words: str) -> dict[str, str]:
    """Those in whose key or text the words stand, in order of the key."""
    asked = words.casefold()
    return {
        key: found[key]
        for key in sorted(found)
        if asked in key.casefold() or asked in found[key].casefold()
    }


def told_of(kept: Mapping[str, str]) -> list[str]:
    """What an agent is told of the memories: a line each, or how it begins where room is short."""
    if not kept:
        return []
    room, lines = TOLD_CHARS_MAX, ["", f"## Remembered ({len(kept)})"]
    for key in sorted(kept):
        line = " ".join(kept[key].split())
        if len(line) > room:
            line = f"{line[:BEGIN_CHARS]}… (bd recall {key})"
        room = max(room - len(line), BEGIN_CHARS)
        lines.append(f"- {key}: {line}")
    return lines
