"""Parts of the board's index, each read in the order that a query asks for.

A run gives places by what they are ordered by, and says how far it has come: whatever has not
come out of it yet is ordered behind its `reach`. It looks at one range and joins nothing.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from ledger.dolt.engine import Database
from ledger.dolt.values import CHANGED
from ledger.memory_board import (
    LAST,
    MOMENT,
    SEP,
    keyed,
    reached,
    turned,
)
from ledger.store import BoardQuery

END: Final = "\x7f"  # behind whatever a place goes on with
DONE: Final = "\x00"  # a key with it begins behind that key


def start_of(query: BoardQuery) -> str:
    """The lowest key of what a page may show; a key that items share is looked at again."""
    key, item = reached(query)
    return key + DONE if item == LAST else key


class Run(Protocol):
    """One range of the index, on its way from its beginning to its end."""

    reach: str
    over: bool
    size: int  # of the next part, 0 before the first
    taken: int  # entries that the last part was made of

    def read(self, size: int) -> dict[str, str]:
        """The next places by what they are ordered by; about so many."""
        ...

    def leap(self, heads: Iterable[str]) -> None:
        """Up to the next place under one of the heads: a saving, where it can be had."""
        ...


class Forward:
    """The places under a head whose first letter is one of a span, lowest first.

    Where it is said how they are sorted, they are ordered so: by what follows the one letter.
    """

    def __init__(
        self, database: Database, head: str, span: str, start: str, *, sort: str = "priority"
    ) -> None:
        self.database = database
        self.sort = sort
        self.head = head
        self.last = span[-1] + END
        within = sort != "priority"
        self._next = span + start.partition(SEP)[0] if within else max(span[0], start)
        self.reach = start if within else max(start, span[0])
        self.over = self._next >= self.last
        self.size = self.taken = 0

    def read(self, size: int) -> dict[str, str]:
        """The next places."""
        places = self._places(self.head, size)
        self.taken = len(places)
        self.over = len(places) < size
        if places:
            self._next = places[-1] + DONE
            self.reach = keyed(places[-1], self.sort)
        return {keyed(place, self.sort): place for place in places}

    def _places(self, head: str, size: int) -> list[str]:
        rows = self.database.all(
            "SELECT o FROM local_dim WHERE o >= ? AND o < ? ORDER BY o LIMIT ?",
            (head + self._next, head + self.last, size),
        )
        return [str(row[0])[len(head) :] for row in rows]

    def leap(self, heads: Iterable[str]) -> None:
        """Up to the next place under one of the heads."""
        if self.over:
            return
        nearest = [place for head in heads for place in self._places(head, 1)]
        self.over = not nearest
        self._next = min(nearest, default=self._next)


class Backward:
    """The places under a head that begin with a letter, the oldest first.

    The index has them the other way round: it is read from its end, except for the places of one
    second, which stand in the order of their ids either way.
    """

    def __init__(
        self, database: Database, head: str, span: str, start: str, *, sort: str = "oldest"
    ) -> None:
        self.database = database
        self.sort = sort
        self.head = head + span
        self.cut = len(head)
        self.reach = start
        self.over = False
        self.size = self.taken = 0
        second = turned(start[:MOMENT]) if start else ""
        self._before = self.head + second if start else self.head + END
        self._within = self.head + second + start.partition(SEP)[0][MOMENT:] if start else ""

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
        self._within = str(found[-1][0]) + DONE if len(found) == size else ""
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
        places = [entry[self.cut :] for entry in entries]
        return {keyed(place, self.sort): place for place in places}

    def leap(self, heads: Iterable[str]) -> None:
        """It goes on step by step."""


class Updated:
    """The places of every item whose place begins as asked, those that changed last first."""

    def __init__(self, database: Database, start: str, letters: str) -> None:
        self.database = database
        self.letters = letters
        self.reach = start
        self.over = False
        self.size = self.taken = 0
        self._next = CHANGED + start

    def read(self, size: int) -> dict[str, str]:
        """The next places."""
        rows = self.database.all(
            "SELECT o FROM local_dim WHERE o >= ? AND o < ? ORDER BY o LIMIT ?",
            (self._next, CHANGED + END, size),
        )
        self.taken = len(rows)
        self.over = len(rows) < size
        if not rows:
            return {}
        self._next = str(rows[-1][0]) + DONE
        keys = [str(row[0])[len(CHANGED) :] for row in rows]
        self.reach = keys[-1]
        found = {}
        for key in keys:
            before, _, behind = key.partition(SEP)
            if behind[0] in self.letters:
                found[key] = behind + before[MOMENT:]
        return found

    def leap(self, heads: Iterable[str]) -> None:
        """It goes on step by step."""
