"""The values under which the board finds items: how many items each has, and its number.

A value is a mark and a text (`pgate`, `wtoken`). Entries of the index begin with its number in
letters, fewer for those that came first; a value keeps its number, so that entries stay right.
"""

import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from ledger.dolt.engine import Database, part_of
from ledger.memory_board import DIGITS, letters, words_of

VALUE_CHARS_MAX: Final = 240
HASHED: Final = "\x1e"  # before the digest of a value that does not stand as it is
DIGEST_CHARS: Final = 32
WORD_CHARS_MAX: Final = 40
WORDS_MAX: Final = 400
SIGNED: Final = "ls"  # every item has this value or the next one
UNSIGNED: Final = "lu"
WORDY: Final = "y"  # the value of items with more words than the index keeps
COLUMNS: Final = (
    ("p", "project"),
    ("t", "type"),
    ("e", "effort_level"),
    ("b", "posted_by"),
    ("c", "claimed_by"),
)
NEXT: Final = "#"  # no value: its count is the next number
ASKED_MAX: Final = 500
_KEPT_CACHED_MAX: Final = 4_096
# How many letters a number has, by its first one: from which on, and before which.
_WIDTHS: Final = ((2, 0, 20), (3, 20, 92), (5, 92, 93), (9, 93, 94))


class Value(NamedTuple):
    """What is known of a value: how many items have it, and how its entries begin."""

    items: int
    head: str


def lettered(number: int) -> str:
    """A number in letters; none begins like another."""
    for count, first, behind in _WIDTHS:
        weight = len(DIGITS) ** (count - 1)
        if number < (behind - first) * weight:
            return letters(first * weight + number, count)
        number -= (behind - first) * weight
    raise OverflowError(number)


def head_chars(entry: str) -> int:
    """How many letters of an entry are its value's number."""
    return _CHARS[entry[0]]


_CHARS: Final = {DIGITS[at]: n for n, first, behind in _WIDTHS for at in range(first, behind)}
CHANGED: Final = lettered(0)  # every item, those that changed last first
_FREE: Final = 1


@lru_cache(maxsize=_KEPT_CACHED_MAX)
def kept(text: str) -> str:
    """The text of a value as the index keeps it: no two alike."""
    if len(text) <= VALUE_CHARS_MAX and HASHED not in text:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_CHARS]
    return text[:VALUE_CHARS_MAX] + HASHED + digest


def values_of(row: Mapping[str, Any], *, signed: bool) -> set[str]:
    """The values under which an item is found."""
    found = words_of(row, "w")
    if found and len(max(found, key=len)) > WORD_CHARS_MAX + 1:
        found = {word[: WORD_CHARS_MAX + 1] for word in found}
    if len(found) > WORDS_MAX:
        found = {*sorted(found)[:WORDS_MAX], WORDY}
    found.add(SIGNED if signed else UNSIGNED)
    found.update(
        [mark + kept(str(row[name])) for mark, name in COLUMNS if row.get(name) is not None]
    )
    found.update(["g" + kept(tag) for tag in row.get("tags") or ()])
    return found


class Values:
    """The values of one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def known(self, values: Iterable[str]) -> dict[str, Value]:
        """What is known of these, of those that are."""
        found = {}
        for part in part_of(sorted(values), ASKED_MAX):
            marks = ", ".join("?" for _ in part)
            sql = f"SELECT d, n, v FROM local_count WHERE d IN ({marks})"  # noqa: S608
            for d, n, v in self.database.all(sql, tuple(part)):
                found[str(d)] = Value(int(n), str(v))
        return found

    def beginning(self, start: str, most: int) -> dict[str, Value]:
        """What is known of values that begin so and have items; at most so many."""
        rows = self.database.all(
            "SELECT d, n, v FROM local_count WHERE d >= ? AND d < ? AND n > 0 LIMIT ?",
            (start, start + "\U0010ffff", most),
        )
        return {str(d): Value(int(n), str(v)) for d, n, v in rows}

    def change(self, more: Mapping[str, int]) -> Mapping[str, str]:
        """So many more items have each of these values; how the entries of each begin.

        A value that nothing had gets the next number; those that most items have come first.
        """
        known = self.known({*more, NEXT})
        free = known.pop(NEXT, None)
        number = free.items if free is not None else _FREE
        heads = {d: value.head for d, value in known.items()}
        fresh = sorted(more.keys() - heads, key=lambda d: (-more[d], d))
        heads |= {d: lettered(number + at) for at, d in enumerate(fresh)}
        rows = [(d, n, heads[d]) for d, n in more.items() if n or d not in known]
        if fresh:
            rows.append((NEXT, len(fresh) + (_FREE if free is None else 0), ""))
        self.database.many(
            "INSERT INTO local_count (d, n, v) VALUES (?, ?, ?)"
            " ON CONFLICT (d) DO UPDATE SET n = n + excluded.n",
            rows,
        )
        return heads
