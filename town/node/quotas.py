"""What strangers have used of this node's quotas, by wasteland, kept across its starts.

A note once a minute and at the end: a process that is killed forgets a minute, one that is started
again and again, as a command without a node is, forgets nothing.
"""

from collections.abc import Callable
from typing import Final

from ledger.quota import Quota
from stamps.clock import SECOND_US
from town.market.town import Town

SPACE: Final = "quotas"
KEEP_US: Final = 60 * SECOND_US


class Quotas:
    """The quotas of one town. Call it in the ledger's thread."""

    def __init__(
        self, town: Town, *, records_day: Callable[[], int], now: Callable[[], int]
    ) -> None:
        self.town = town
        self.records_day = records_day
        self.now = now
        self._quotas: dict[str, Quota] = {}
        self._kept: dict[str, tuple[int, int]] = {}  # changes that the note has, and when it was

    def of(self, wasteland: str) -> Quota:
        """The quota of a wasteland, with what was used of it before."""
        if wasteland not in self._quotas:
            quota = Quota(records_day=self.records_day())
            quota.restore(self.town.note(SPACE, wasteland) or {})
            self._quotas[wasteland] = quota
            self._kept[wasteland] = (0, self.now())
        return self._quotas[wasteland]

    def keep(self, *, age_us: int = KEEP_US) -> None:
        """What was used is in a note that is no older."""
        now = self.now()
        for wasteland, quota in self._quotas.items():
            changes, at = self._kept[wasteland]
            if quota.changes != changes and now - at >= age_us:
                self.town.remember(SPACE, wasteland, quota.facts(now=now))
                self._kept[wasteland] = (quota.changes, now)

    def save(self) -> None:
        """What was used is in a note."""
        self.keep(age_us=0)
