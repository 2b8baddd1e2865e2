"""How far posters are known: how much of theirs was finished, and how fast they say yes.

A page names up to twenty-five of them and is looked at often, so what was found is kept for a
minute, and how fast somebody answers is asked only of who is there to answer. It weighs nobody.
"""

from collections.abc import Callable
from typing import Any, Final

from ledger.journal import Journal
from ledger.store import BoardQuery
from stamps.clock import SECOND_US

ANSWERS_READ: Final = 8  # of a poster's finished items
KEPT_US: Final = 60 * SECOND_US
KEPT_MAX: Final = 2_000
Look = Callable[[Journal, str], int | None]


class Acquaintances:
    """What was lately found of posters."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], tuple[int, int | None]] = {}

    def known(self, journal: Journal, poster: str, now: int, *, live: bool) -> dict[str, Any]:
        """How many of a poster's items were finished, and the middle time until its yes."""
        return {
            "finished_n": self._found("finished", _finished, journal, poster, now),
            "answers_s": self._found("answers", answers_s, journal, poster, now) if live else None,
        }

    def _found(self, what: str, look: Look, journal: Journal, poster: str, now: int) -> int | None:
        key = (what, journal.wasteland, poster)
        kept = self._kept.get(key)
        if kept is not None and 0 <= now - kept[0] < KEPT_US:
            return kept[1]
        if len(self._kept) >= KEPT_MAX:
            self._kept.clear()
        found = look(journal, poster)
        self._kept[key] = (now, found)
        return found


def _finished(journal: Journal, poster: str) -> int | None:
    return journal.store.tally(poster, "completed").get("completed", 0)


def answers_s(journal: Journal, poster: str) -> int | None:
    """The middle time from a request to the poster's yes; None where nothing of it is finished.

    `poster` is a row name. Finished items had their yes, so few of them tell enough.
    """
    query = BoardQuery(poster=poster, status=("completed",), signed=True, limit=ANSWERS_READ)
    waits = sorted(
        wait
        for item in journal.store.find(query).items
        for wait in item.card.get("answered", ())[:1]
    )
    return waits[len(waits) // 2] // SECOND_US if waits else None
