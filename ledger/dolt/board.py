"""The board's index: items in their order under each word and value, so that a page is a range.

An entry is `dimension value | status rank, priority, creation (newest first), id`. What is written
here is read in `search`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from ledger.dolt.engine import Database
from ledger.dolt.runs import END, SEP, updated_entry
from ledger.dolt.search import COLUMNS, WORD_CHARS_MAX, WORDY, Search, kept
from ledger.memory_board import STATUS_ORDER, cursor_of, place_of, words_of
from ledger.store import TALLY_MAX, BoardQuery, Item, Page

WORDS_MAX: Final = 400
_UPDATED: Final = BoardQuery(sort="updated")


def dimensions(row: Mapping[str, Any], *, signed: bool) -> list[str]:
    """The values under which an item is found, each as `dimension value`."""
    found = [f"l{'s' if signed else 'u'}"]
    found += [f"{mark}{kept(row[name])}" for mark, name in COLUMNS if row.get(name) is not None]
    found += [f"g{kept(tag)}" for tag in dict.fromkeys(row.get("tags") or ())]
    words = dict.fromkeys(sorted(word[:WORD_CHARS_MAX] for word in words_of(row)))
    found += [f"w{word}" for word in list(words)[:WORDS_MAX]]
    return [*found, WORDY] if len(words) > WORDS_MAX else found


def _entries(row: Mapping[str, Any], values: Iterable[str]) -> list[str]:
    """Every index entry of an item that has these values."""
    place = place_of(row)
    behind = SEP + place
    found = [value + behind for value in values]
    return [*found, "*" + behind, updated_entry(cursor_of(row, _UPDATED), place)]


def _said(item: Item | None) -> tuple[list[str], list[str]]:
    """The entries of an item, and what is counted of it; nothing of no item."""
    if item is None:
        return [], []
    values = dimensions(item.row, signed=item.observed is None)
    return _entries(item.row, values), [f"s{item.row.get('status')}", *values]


class Board:
    """The index in one database. `shown` gives the items of public ids."""

    def __init__(
        self, database: Database, shown: Callable[[Sequence[str]], Mapping[str, Item]]
    ) -> None:
        self.database = database
        self.shown = shown

    # --- writing

    def change(self, changes: Iterable[tuple[Item | None, Item | None]]) -> None:
        """Items were (first) and are (second); the index follows."""
        gone: list[str] = []
        come: list[str] = []
        counted: Counter[str] = Counter()
        for before, after in changes:
            old, were = _said(before)
            new, are = _said(after)
            if old and new:
                old, new = list({*old}.difference(new)), list({*new}.difference(old))
            gone += old
            come += new
            counted.subtract(were)
            counted.update(are)
        self.database.ordered("DELETE FROM local_dim WHERE o = ?", zip(sorted(gone), strict=True))
        self.database.ordered(
            "INSERT OR IGNORE INTO local_dim (o) VALUES (?)", zip(sorted(come), strict=True)
        )
        self.database.many(
            "INSERT INTO local_count (d, n) VALUES (?, ?)"
            " ON CONFLICT (d) DO UPDATE SET n = n + excluded.n",
            ((d, n) for d, n in counted.items() if n),
        )

    # --- reading

    def counts(self) -> dict[str, int]:
        """Items by status."""
        rows = self.database.all(
            "SELECT d, n FROM local_count WHERE d >= 's' AND d < 't' AND n > 0"
        )
        return {str(d)[1:]: int(n) for d, n in rows}

    def tally(self, poster: str, only: str = "") -> dict[str, int]:
        """Items of a poster by known status (or of the one), up to the limit."""
        found = {}
        for rank, status in enumerate(STATUS_ORDER):
            if only not in ("", status):
                continue
            start = f"b{kept(poster)}{SEP}{rank}"
            rows = self.database.all(
                "SELECT COUNT(*) FROM"
                " (SELECT o FROM local_dim WHERE o >= ? AND o < ? LIMIT ?) AS some",
                (start, start + END, TALLY_MAX),
            )
            if rows[0][0]:
                found[status] = int(rows[0][0])
        return found

    def find(self, query: BoardQuery) -> Page:
        """The page of items that match, exactly as looking at all of them would find it.

        Where much is looked at and little found, a part of it that says so.
        """
        return Search(self.database, self.shown, query).page()
