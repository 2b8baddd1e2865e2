"""The board's index: items in their order under each word and value, so that a page is a range.

An entry is the number of a value, then the place of an item: status and priority, creation (newest
first), code. What is written here is read in `search`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from ledger.dolt.engine import Database
from ledger.dolt.named import Named
from ledger.dolt.runs import END
from ledger.dolt.search import Search
from ledger.dolt.values import CHANGED, UNSIGNED, Values, kept, values_of
from ledger.memory_board import (
    PLACED_MAX,
    STATUS_ORDER,
    changed_key,
    coded,
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
        place = self.place
        found = [heads[value] + place for value in self.values]
        found.append(CHANGED + self.changed)
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
    """The index in one database. `shown` gives the items of public ids."""

    def __init__(
        self, database: Database, shown: Callable[[Sequence[str]], Mapping[str, Item]]
    ) -> None:
        self.database = database
        self.shown = shown
        self.values = Values(database)

    # --- writing

    def change(self, changes: Iterable[tuple[Item | None, Item | None]]) -> None:
        """Items were (first) and are (second), as their rows say already; the index follows."""
        told: list[tuple[_Told | None, _Told | None]] = []
        left: list[str] = []
        gone: Counter[str] = Counter()
        come: Counter[str] = Counter()
        for before, after in changes:
            was = now = None
            if before is not None:
                was = _told(before)
                left.append(str(before.row["id"]))
                gone.update(was.values)
                gone[was.status] += 1
            if after is not None:
                now = _told(after)
                come.update(now.values)
                come[now.status] += 1
            told.append((was, now))
        heads = self.values.change(come, gone)
        self._replace(told, heads, left)

    def _replace(
        self,
        told: Iterable[tuple[_Told | None, _Told | None]],
        heads: Mapping[str, str],
        left: Sequence[str],
    ) -> None:
        gone: list[str] = []
        come: list[str] = []
        for was, now in told:
            old = was.entries(heads) if was is not None else []
            new = now.entries(heads) if now is not None else []
            if old and new:
                old, new = list({*old}.difference(new)), list({*new}.difference(old))
            gone += old
            come += new
        if gone:
            stay = self._beside(left)
            gone = sorted(set(gone) - stay) if stay else sorted(gone)
            self.database.ordered("DELETE FROM local_dim WHERE o = ?", zip(gone, strict=True))
        come.sort()
        self.database.ordered(
            "INSERT OR IGNORE INTO local_dim (o) VALUES (?)", zip(come, strict=True)
        )

    def _beside(self, ids: Sequence[str]) -> set[str]:
        """The entries of other items whose codes are those of these: some may be shared."""
        seen = UNSIGNED in self.values.known((UNSIGNED,))
        named = Named(self.database, seen=seen).ids({coded(one) for one in ids})
        several = [one for shared in named.values() if len(shared) > 1 for one in shared]
        if not several:
            return set()
        told = [_told(item) for item in self.shown(several).values()]
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
        return Search(self.database, self.shown, query).page()
