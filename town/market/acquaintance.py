"""How far posters are known: how much of theirs was finished, and how fast they say yes.

A page names up to twenty-five of them and is looked at often, so what was found is kept for a
minute. It weighs nobody.
"""

from typing import Any, Final

from ledger.journal import Journal
from ledger.store import BoardQuery
from stamps.clock import SECOND_US

SETTLED: Final = ("claimed", "in_review", "completed")
ANSWERS_READ: Final = 8  # of a poster's items that somebody got
KEPT_US: Final = 60 * SECOND_US
KEPT_MAX: Final = 1_000


class Acquaintances:
    """What was lately found of posters."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}

    def known(self, journal: Journal, poster: str, now: int) -> dict[str, Any]:
        """How many of a poster's items were finished, and the middle time until its yes."""
        key = (journal.wasteland, poster)
        kept = self._kept.get(key)
        if kept is not None and 0 <= now - kept[0] < KEPT_US:
            return kept[1]
        if len(self._kept) >= KEPT_MAX:
            self._kept.clear()
        facts = _looked_up(journal, poster)
        self._kept[key] = (now, facts)
        return facts


def _looked_up(journal: Journal, poster: str) -> dict[str, Any]:
    query = BoardQuery(poster=poster, status=SETTLED, signed=True, limit=ANSWERS_READ)
    waits = sorted(
        wait
        for item in journal.store.find(query).items
        for wait in item.card.get("answered", ())[:1]
    )
    middle = waits[len(waits) // 2] // SECOND_US if waits else None
    return {
        "finished_n": journal.store.tally(poster).get("completed", 0),
        "answers_s": middle,
    }
