"""The board's index: items in their order under each word and value, so that a page is a range.

An entry is the number of a value, then the place of an item: status and priority, creation (newest
first), code. What is written here is read in `search`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from ledger.dolt.engine import Database
from ledger.dolt.items import Items
from ledger.dolt.named import Named
from ledger.dolt.runs import END
from ledger.dolt.search import Search
from ledger.dolt.values import CHANGED, UNSIGNED, Values, kept, values_of
from ledger.memory_board import (
    CODE_AT,
    PLACED_MAX,
    STATUS_ORDER,
    changed_key,
    falling,
    place_of,
    placed,
)
from ledger.store import TALLY_MAX, BoardQuery, Item, Page

_STATUS: Final = "s"  # the mark of a status, which is only counted


class _Told(NamedTuple):
    """What the index has of an item."""

    values: set[str]
    status: str
    place: str
    changed: str

    def entries(self, heads: Mapping[str, str]) -> list[str]:
        """Its entries, when those of each value begin so."""
        return [CHANGED + self.changed, *(heads[value] + self.place for value in self.values)]


class _Entries:
    """Entries of many items, by value: so their numbers are looked up once, and they are sorted."""

    def __init__(self) -> None:
        self.places: defaultdict[str, list[str]] = defaultdict(list)
        self.changed: list[str] = []

    def add(self, told: _Told, but: _Told | None) -> None:
        """Those of the item, but for what it has in common with what it is or was."""
        places, place, values = self.places, told.place, told.values
        if but is not None and but.place == place:
            values = values - but.values
        for value in values:
            places[value].append(place)
        if but is None or but.changed != told.changed:
            self.changed.append(told.changed)

    def sorted(self, heads: Mapping[str, str]) -> list[str]:
        """The entries in their order, when those of each value begin so."""
        found = [CHANGED + key for key in sorted(self.changed)]
        for head, places in sorted((heads[value], places) for value, places in self.places.items()):
            places.sort()
            found += [head + place for place in places]
        return found


def _told(item: Item) -> _Told:
    row = item.row
    place = place_of(row)
    return _Told(
        values_of(row, signed=item.observed is None),
        f"{_STATUS}{row.get('status')}",
        place,
        changed_key(falling(row.get("updated_at")), place),
    )


class Board:
    """The index in one database."""

    def __init__(self, database: Database, items: Items) -> None:
        self.database = database
        self.items = items
        self.values = Values(database)

    # --- writing

    def change(self, changes: Iterable[tuple[Item | None, Item | None]]) -> None:
        """Items were (first) and are (second), as their rows say already; the index follows."""
        gone, come = _Entries(), _Entries()
        more: Counter[str] = Counter()
        left: dict[str, int] = {}
        for before, after in changes:
            was = _told(before) if before is not None else None
            now = _told(after) if after is not None else None
            if was is not None:
                gone.add(was, now)
                more[was.status] -= 1
                code, stays = was.place[CODE_AT:], int(now is not None)
                left[code] = min(stays, left.get(code, stays))
            if now is not None:
                come.add(now, was)
                more[now.status] += 1
        for value, places in gone.places.items():
            more[value] -= len(places)
        for value, places in come.places.items():
            more[value] += len(places)
        heads = self.values.change(more)
        self._remove(gone.sorted(heads), left)
        entries = zip(come.sorted(heads), strict=True)
        self.database.ordered("REPLACE INTO local_dim (o) VALUES (?)", entries)

    def _remove(self, entries: Sequence[str], left: Mapping[str, int]) -> None:
        """Nobody needs these entries of items with these codes, unless others share them."""
        if entries:
            stay = self._beside(left)
            gone = [(entry,) for entry in entries if entry not in stay]
            self.database.ordered("DELETE FROM local_dim WHERE o = ?", gone)

    def _beside(self, left: Mapping[str, int]) -> set[str]:
        """The entries of items that share one of the codes, as they are now.

        Behind a code stands one item that changed, or none where one went: more are others.
        """
        seen = UNSIGNED in self.values.known((UNSIGNED,))
        named = Named(self.database, seen=seen).ids(left)
        several = [one for code in left if len(named[code]) > left[code] for one in named[code]]
        if not several:
            return set()
        told = [_told(item) for item in self.items.of(several).values()]
        known = self.values.known(set().union(*(one.values for one in told)))
        heads = {value: one.head for value, one in known.items()}
        return {entry for one in told for entry in one.entries(heads)}

    # --- reading

    def counts(self) -> dict[str, int]:
        """Items by status."""
        rows = self.database.all(
            "SELECT d, n FROM local_count WHERE d >= 's' AND d < 't' AND n > 0"
        )
        return {str(d)[1:]: int(n) for d, n in rows}

    def tally(self, poster: str, only: str = "") -> dict[str, int]:
        """Items of a poster by known status (or of the one), up to the limit."""
        value = "b" + kept(poster)
        known = self.values.known((value,))
        found = {}
        for rank, status in enumerate(STATUS_ORDER if known else ()):
            if only not in ("", status):
                continue
            first = known[value].head + placed(rank, 0)
            last = known[value].head + placed(rank, PLACED_MAX)
            rows = self.database.all(
                "SELECT COUNT(*) FROM"
                " (SELECT o FROM local_dim WHERE o >= ? AND o < ? LIMIT ?) AS some",
                (first, last + END, TALLY_MAX),
            )
            if rows[0][0]:
                found[status] = int(rows[0][0])
        return found

    def find(self, query: BoardQuery) -> Page:
        """The page of items that match, exactly as looking at all of them would find it.

        Where much is looked at and little found, a part of it that says so.
        """
        return Search(self.database, self.items, query).page()
