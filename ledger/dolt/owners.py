"""Rows that several subjects may own: the lowest one's is shown, the others wait beside it.

A name can be borne by two people. Rows whose key is cut from one record's id have one subject by
their making, and are not written here.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from ledger.dolt.engine import Database

Key = tuple[str, str]  # table, row key
Values = dict[str, Any]
ASKED_AT_ONCE: Final = 200


class Owners:
    """The owners of shared rows in one database. `shown` gives the rows of a table's keys."""

    def __init__(
        self, database: Database, shown: Callable[[str, Sequence[str]], Mapping[str, Values]]
    ) -> None:
        self.database = database
        self.shown = shown

    def waiting_row(self, table: str, key: str, subject_id: str) -> Values | None:
        """The row of an owner who is not the lowest."""
        sql = "SELECT v FROM local_owner WHERE t = ? AND id = ? AND s = ?"
        found = self.database.one(sql, (table, key, subject_id))
        return json.loads(found[0]) if found is not None and found[0] is not None else None

    def put(
        self, had: set[tuple[str, str, str]], has: Mapping[tuple[str, str, str], Values]
    ) -> dict[str, dict[str, Values | None]]:
        """Subjects owned these keys and own those; what each key shows from now on."""
        self.database.many(
            "DELETE FROM local_owner WHERE t = ? AND id = ? AND s = ?", had - set(has)
        )
        self.database.many(
            "INSERT INTO local_owner (t, id, s, v) VALUES (?, ?, ?, NULL)"
            " ON CONFLICT (t, id, s) DO NOTHING",
            has,
        )
        return self._show({(table, key) for table, key, _ in (*had, *has)}, has)

    def _show(
        self, touched: set[Key], fresh: Mapping[tuple[str, str, str], Values]
    ) -> dict[str, dict[str, Values | None]]:
        """Of each touched key the lowest owner's row is in the table, the others' wait."""
        shown: dict[str, dict[str, Values | None]] = {}
        for (table, key), owners in self._owners(touched).items():
            if not owners:
                shown.setdefault(table, {})[key] = None
                continue
            values = {s: fresh.get((table, key, s)) or v for s, v in owners.items()}
            unknown = None in values.values()
            current = self.shown(table, (key,)).get(key) if unknown else None
            first = min(values)
            row = values[first] if values[first] is not None else current
            shown.setdefault(table, {})[key] = row
            self._wait_beside(table, key, values, first, current)
        return shown

    def _wait_beside(
        self,
        table: str,
        key: str,
        values: Mapping[str, Values | None],
        first: str,
        current: Values | None,
    ) -> None:
        """Rows that are not shown are kept with their owners; the shown one is in its table."""
        if len(values) == 1:
            return
        for s, v in values.items():
            whole = v if v is not None else current
            kept = None if s == first else msgspec.json.encode(whole).decode()
            self.database.run(
                "UPDATE local_owner SET v = ? WHERE t = ? AND id = ? AND s = ?",
                (kept, table, key, s),
            )

    def _owners(self, touched: Iterable[Key]) -> dict[Key, dict[str, Values | None]]:
        found: dict[Key, dict[str, Values | None]] = {pair: {} for pair in touched}
        by_table: dict[str, list[str]] = {}
        for table, key in found:
            by_table.setdefault(table, []).append(key)
        for table, keys in by_table.items():
            for at in range(0, len(keys), ASKED_AT_ONCE):
                part = keys[at : at + ASKED_AT_ONCE]
                marks = ", ".join("?" for _ in part)
                sql = f"SELECT id, s, v FROM local_owner WHERE t = ? AND id IN ({marks})"  # noqa: S608
                for key, s, v in self.database.all(sql, (table, *part)):
                    found[table, str(key)][str(s)] = json.loads(v) if v is not None else None
        return found
