"""Items as the board shows them: the signed row with its card, else the unsigned one.

It reads what projections wrote; what an entry of the board's index leads to is read in one go.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from ledger.dolt import cards
from ledger.dolt.cells import Rows, from_cells
from ledger.dolt.engine import Database, part_of
from ledger.dolt.engine import Row as Values
from ledger.dolt.named import Named
from ledger.memory_board import coded
from ledger.store import Item, Observed
from ledger.tables import BY_NAME, Row
from stamps.record import public_id

SHOWN_AT_ONCE: Final = 200
CARDS: Final = "SELECT s, body FROM local_subject WHERE"
SEEN: Final = "SELECT id, v, source, commit_id, seen_at FROM local_seen"
WANTED: Final = BY_NAME["wanted"]


def _observed(table: str, row: Values) -> Observed:
    return Observed(
        row=Row(table, str(row[0]), json.loads(row[1])),
        source=str(row[2]),
        commit=str(row[3]),
        seen_at=int(row[4]),
    )


class Items:
    """The items of one database."""

    def __init__(self, database: Database, rows: Rows) -> None:
        self.database = database
        self.rows = rows

    def of(self, ids: Sequence[str]) -> dict[str, Item]:
        """The items of public ids: the signed row with its card, else the unsigned one."""
        found: dict[str, Item] = {}
        for part in part_of(ids, SHOWN_AT_ONCE):
            rows = self.rows.some("wanted", part)
            found |= self._carded(rows)
            found |= self.unsigned([one for one in part if one not in rows])
        return found

    def behind(self, codes: Iterable[str], named: Named) -> dict[str, list[Item]]:
        """The items behind each code of the board's index, in the order of their ids."""
        behind: dict[str, list[Item]] = {code: [] for code in codes}
        cells = named.signed(behind, (self.rows.cells[WANTED.name],))
        rows = (from_cells(WANTED, found) for found in cells)
        items = self._carded({str(row["id"]): row for row in rows})
        items |= self.unsigned([one for one in named.unsigned(behind) if one not in items])
        for one in sorted(items):
            behind[coded(one)].append(items[one])
        return behind

    def _carded(self, rows: Mapping[str, dict[str, Any]]) -> dict[str, Item]:
        cards = self._cards(list(rows))
        return {one: Item(row=row, card=cards.get(one, {})) for one, row in rows.items()}

    def _cards(self, ids: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        digits = [one.removeprefix("w-") for one in ids]
        rows = self.database.within(CARDS, "s", [(start, start + "g") for start in digits])
        for subject_id, body in sorted(rows):
            card = cards.read(str(subject_id), str(body))[0]
            found.setdefault(public_id("w", str(subject_id)), card)
        return found

    def unsigned(self, ids: Sequence[str]) -> dict[str, Item]:
        """The unsigned rows of these ids, those beneath a signed one too."""
        found: dict[str, Item] = {}
        for part in part_of(ids, SHOWN_AT_ONCE):
            marks = ", ".join("?" for _ in part)
            sql = f"{SEEN} WHERE t = 'wanted' AND id IN ({marks})"
            for row in self.database.all(sql, tuple(part)):
                observed = _observed("wanted", row)
                item = Item(row=dict(observed.row.values), card={}, observed=observed)
                found[observed.row.key] = item
        return found

    def observed(self, table: str, key: str | None = None) -> Iterator[Observed]:
        """Unsigned rows of a table, or the one of a key."""
        one = " AND id = ?" if key is not None else " ORDER BY id"
        asked = (table, key) if key is not None else (table,)
        for row in self.database.all(f"{SEEN} WHERE t = ?{one}", asked):
            yield _observed(table, row)
