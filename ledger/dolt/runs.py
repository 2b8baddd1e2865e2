"""Parts of the board's index, each read in the order that a query asks for.

A run gives places by what they are ordered by, and says how far it has come: whatever has not
come out of it yet is ordered behind its `reach`. It looks at one range and joins nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Protocol, TypeVar

from ledger.dolt.engine import Database
from ledger.memory_board import turned

SEP: Final = "\x1f"
END: Final = "\x7f"  # behind whatever a place goes on with
MOMENT: Final = 6  # letters
Some = TypeVar("Some")


def part_of(values: Sequence[Some], size: int) -> Iterator[Sequence[Some]]:
    """The values in parts of at most so many."""
    for at in range(0, len(values), size):
        yield values[at : at + size]


class Run(Protocol):
    """One range of the index, on its way from its beginning to its end."""

    reach: str
    over: bool
    size: int  # of the next part, 0 before the first
    taken: int  # entries that the last part was made of

    def read(self, size: int) -> dict[str, str]:
        """The next places by what they are ordered by; about so many."""
        ...

    def leap(self, values: Sequence[str]) -> None:
        """Up to the next place that one of the values has: a saving, where it can be had."""
        ...


class Forward:
    """The places of a value that begin with `start`, lowest first.

    They are ordered by themselves where they are taken whole, else by what follows `start`.
    """

    def __init__(
        self, database: Database, value: str, start: str, cursor: str, *, whole: bool = True
    ) -> None:
        self.database = database
        self.start = start
        self.whole = whole
        self.head = value + SEP
        prefix = start if whole else ""
        self.last = start + END
        self._next = max(start, (cursor if whole else start + cursor) + "\x00" if cursor else "")
        self.reach = max(cursor, prefix)
        self.over = self._next >= self.last
        self.size = self.taken = 0

    def _key(self, place: str) -> str:
        return place if self.whole else place[len(self.start) :]

    def read(self, size: int) -> dict[str, str]:
        """The next places."""
        places = self._places(self.head, size)
        self.taken = len(places)
        self.over = len(places) < size
        if places:
            self._next = places[-1] + "\x00"
            self.reach = self._key(places[-1])
        return {self._key(place): place for place in places}

    def _places(self, head: str, size: int) -> list[str]:
        rows = self.database.all(
            "SELECT o FROM local_dim WHERE o >= ? AND o < ? ORDER BY o LIMIT ?",
            (head + self._next, head + self.last, size),
        )
        return [str(row[0])[len(head) :] for row in rows]

    def leap(self, values: Sequence[str]) -> None:
        """Up to the next place that one of the values has."""
        if self.over:
            return
        nearest = [place for value in values for place in self._places(value + SEP, 1)]
        self.over = not nearest
        self._next = min(nearest, default=self._next)


class Backward:
    """The places of a value that begin with `start`, the oldest first.

    The index has them the other way round: it is read from its end, except for the places of one
    second, which stand in the order of their ids either way.
    """

    def __init__(
        self, database: Database, value: str, start: str, cursor: str, *, whole: bool = False
    ) -> None:
        del whole  # they are ordered by when they were made alone
        self.database = database
        self.head = value + SEP + start
        self.cut = len(value + SEP)
        self.reach = cursor
        self.over = False
        self.size = self.taken = 0
        second = turned(cursor[:MOMENT]) if cursor else ""
        self._before = self.head + second if cursor else self.head + END
        self._within = self.head + second + cursor[MOMENT:] + "\x00" if cursor else ""

    def read(self, size: int) -> dict[str, str]:
        """The next places."""
        return self._of_one_second(size) if self._within else self._from_the_end(size)

    def _of_one_second(self, size: int) -> dict[str, str]:
        """Places of the second that the run is in."""
        found = self.database.all(
            "SELECT o FROM local_dim WHERE o >= ? AND o < ? ORDER BY o LIMIT ?",
            (self._within, self._before + END, size),
        )
        self.taken = len(found)
        places = self._keyed([str(row[0]) for row in found])
        self._within = str(found[-1][0]) + "\x00" if len(found) == size else ""
        self.reach = max(places, default=self.reach)
        return places

    def _from_the_end(self, size: int) -> dict[str, str]:
        """Places of the next whole seconds; of a second that does not fit, none yet."""
        rows = self.database.all(
            "SELECT o FROM local_dim WHERE o >= ? AND o < ? ORDER BY o DESC LIMIT ?",
            (self.head, self._before, size),
        )
        found = [str(row[0]) for row in rows]
        self.taken = len(found)
        self.over = len(found) < size
        if self.over:
            return self._keyed(found)
        second = found[-1][: len(self.head) + MOMENT]
        whole = [entry for entry in found if not entry.startswith(second)]
        self._before = second
        if whole:
            self.reach = max(self._keyed(whole))[:MOMENT] + END
            self._before = second + END
        else:
            self._within = second
        return self._keyed(whole)

    def _keyed(self, entries: Sequence[str]) -> dict[str, str]:
        at = len(self.head)
        return {
            turned(entry[at : at + MOMENT]) + entry[at + MOMENT :]: entry[self.cut :]
            for entry in entries
        }

    def leap(self, values: Sequence[str]) -> None:
        """It goes on step by step."""


class Updated:
    """The places of every item whose place begins as asked, those that changed last first."""

    HEAD: Final = f"u{SEP}"

    def __init__(self, database: Database, cursor: str, starts: Sequence[str]) -> None:
        self.database = database
        self.starts = tuple(starts)
        self.reach = cursor
        self.over = False
        self.size = self.taken = 0
        self._next = self.HEAD + cursor + (SEP + END if cursor else "")

    def read(self, size: int) -> dict[str, str]:
        """The next places."""
        rows = self.database.all(
            "SELECT o FROM local_dim WHERE o >= ? AND o < ? ORDER BY o LIMIT ?",
            (self._next, self.HEAD + END, size),
        )
        self.taken = len(rows)
        self.over = len(rows) < size
        if not rows:
            return {}
        self._next = str(rows[-1][0]) + "\x00"
        pairs = [str(row[0])[len(self.HEAD) :].split(SEP) for row in rows]
        self.reach = pairs[-1][0]
        return {key: place + key[MOMENT:] for key, place in pairs if place.startswith(self.starts)}

    def leap(self, values: Sequence[str]) -> None:
        """It goes on step by step."""


def updated_entry(key: str, place: str) -> str:
    """The entry of an item among those in the order of their change."""
    return f"{Updated.HEAD}{key}{SEP}{place[: 2 + MOMENT]}"
