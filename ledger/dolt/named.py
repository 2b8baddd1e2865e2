"""The ids of items behind their codes.

A code says how an id begins. Very few items share one, so what stands under a code is looked at
where it is more than one; nothing here takes one item for another.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from ledger.dolt.engine import Database
from ledger.dolt.engine import Row as Values
from ledger.memory_board import SIGNED_ID, coded, span_of, uncoded

SEEN: Final = "SELECT id FROM local_seen WHERE t = 'wanted' AND"


class Named:
    """The items of one database, by code."""

    def __init__(self, database: Database, *, seen: bool) -> None:
        self.database = database
        self.seen = seen  # whether unsigned rows are shown

    def signed(self, codes: Iterable[str], columns: Sequence[str]) -> list[Values]:
        """These cells, the id first, of the signed rows behind the codes."""
        cells = ", ".join(columns)
        return self._within(f"SELECT {cells} FROM wanted WHERE", codes)  # noqa: S608

    def unsigned(self, codes: Iterable[str]) -> list[str]:
        """The ids of unsigned rows behind the codes, those beneath a signed row too."""
        if not self.seen:
            return []
        several = list(codes)
        plain = (uncoded(code) for code in several)
        stand = [one for one in plain if one is not None]
        return [*stand, *(str(row[0]) for row in self._within(SEEN, several))]

    def ids(self, codes: Iterable[str]) -> dict[str, list[str]]:
        """The ids behind each code, in order."""
        found: dict[str, list[str]] = {code: [] for code in codes}
        signed = [str(row[0]) for row in self.signed(found, ("id",))]
        for one in sorted({*signed, *self.unsigned(found)}):
            found[coded(one)].append(one)
        return found

    def _within(self, asked: str, codes: Iterable[str]) -> list[Values]:
        """What is asked of the ids of these codes that are like signed ones."""
        spans = [span_of(code) for code in codes if uncoded(code) is None]
        found = self.database.within(asked, "id", spans)
        return [row for row in found if SIGNED_ID.fullmatch(str(row[0]))]
