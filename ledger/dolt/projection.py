"""Subjects as rows: what the fold says of each replaces what it said before, in one transaction.

Several subjects may own one row key; the lowest one's row is shown (records 7.5), the others wait
beside it. A row that the table's own rules refuse is not written: no record can stop a fold.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from ledger.dolt.board import Board
from ledger.dolt.engine import Database
from ledger.dolt.engine import Row as Values
from ledger.store import Item, Observed, Subject, SubjectKind
from ledger.tables import BY_NAME, Row, Table
from stamps.limits import ID_HEX_CHARS

SHOWN_AT_ONCE: Final = 200
SEEN: Final = "SELECT id, v, source, commit_id, seen_at FROM local_seen"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def to_cells(table: Table, values: Mapping[str, Any]) -> Values:
    """A row's cells in the order of the columns; lists and objects as JSON."""
    return tuple(
        _json(values[name])
        if name in table.json and values.get(name) is not None
        else values.get(name)
        for name in table.columns
    )


def from_cells(table: Table, cells: Values) -> dict[str, Any]:
    """A row by column names; JSON columns parsed."""
    values = dict(zip(table.columns, cells, strict=True))
    for name in table.json:
        if isinstance(values[name], str):
            values[name] = json.loads(values[name])
    return values


def _columns(table: Table) -> str:
    return ", ".join(f"`{name}`" for name in table.columns)


def _observed(table: str, row: Values) -> Observed:
    return Observed(
        row=Row(table, str(row[0]), json.loads(row[1])),
        source=str(row[2]),
        commit=str(row[3]),
        seen_at=int(row[4]),
    )


class Rows:
    """The tables of one database, shown and waiting rows alike."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def row(self, name: str, key: str) -> dict[str, Any] | None:
        """The shown row of a key."""
        table = BY_NAME[name]
        sql = f"SELECT {_columns(table)} FROM {name} WHERE `{table.key}` = ?"  # noqa: S608
        found = self.database.one(sql, (key,))
        return from_cells(table, found) if found is not None else None

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        """Every shown row, by key, a part at a time."""
        table = BY_NAME[name]
        sql = (
            f"SELECT {_columns(table)} FROM {name} WHERE `{table.key}` > ?"  # noqa: S608
            f" ORDER BY `{table.key}` LIMIT 1000"
        )
        last = ""
        while found := self.database.all(sql, (last,)):
            for cells in found:
                yield from_cells(table, cells)
            last = str(found[-1][table.columns.index(table.key)])

    def some(self, name: str, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The shown rows of these keys."""
        table = BY_NAME[name]
        marks = ", ".join("?" for _ in keys)
        sql = f"SELECT {_columns(table)} FROM {name} WHERE `{table.key}` IN ({marks})"  # noqa: S608
        found = self.database.all(sql, tuple(keys)) if keys else ()
        rows = (from_cells(table, cells) for cells in found)
        return {str(row[table.key]): row for row in rows}

    def put(self, name: str, rows: Mapping[str, dict[str, Any] | None]) -> None:
        """The rows of these keys are so; None removes one."""
        table = BY_NAME[name]
        marks = ", ".join("?" for _ in table.columns)
        gone = [(key,) for key in rows]
        come = [to_cells(table, row) for row in rows.values() if row is not None]
        delete = f"DELETE FROM {name} WHERE `{table.key}` = ?"  # noqa: S608
        insert = f"INSERT OR IGNORE INTO {name} ({_columns(table)}) VALUES ({marks})"  # noqa: S608
        self.database.many(delete, gone)
        self.database.many(insert, come)


class Projections:
    """What the fold said of every subject."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.rows = Rows(database)
        self.board = Board(database, self.items)

    # --- reading

    def subject(self, subject_id: str) -> Subject | None:
        """A subject as last put."""
        row = self.database.one("SELECT kind, body FROM local_subject WHERE s = ?", (subject_id,))
        return self._subject(subject_id, str(row[0]), str(row[1])) if row is not None else None

    def subjects(self, kind: SubjectKind) -> Iterator[Subject]:
        """Every subject of a kind, by id."""
        sql = "SELECT s FROM local_kind WHERE kind = ? AND s > ? ORDER BY s LIMIT 500"
        last = ""
        while found := self.database.all(sql, (kind, last)):
            for (subject_id,) in found:
                subject = self.subject(str(subject_id))
                if subject is not None:
                    yield subject
            last = str(found[-1][0])

    def _subject(self, subject_id: str, kind: str, body: str) -> Subject:
        card, waits, pins, keys = json.loads(body)
        rows = tuple(self._owned(subject_id, str(t), str(key)) for t, key in keys)
        return Subject(
            id=subject_id,
            kind=kind,  # type: ignore[arg-type]  # what was put
            rows=rows,
            card=card,
            waits=tuple(waits),
            pins=tuple(pins),
        )

    def _owned(self, subject_id: str, table: str, key: str) -> Row:
        sql = "SELECT v FROM local_owner WHERE t = ? AND id = ? AND s = ?"
        found = self.database.one(sql, (table, key, subject_id))
        if found is not None and found[0] is not None:
            return Row(table, key, json.loads(found[0]))
        return Row(table, key, self.rows.row(table, key) or {})

    def owner(self, table: str, key: str) -> str | None:
        """The subject whose row is shown."""
        sql = "SELECT min(s) FROM local_owner WHERE t = ? AND id = ?"
        found = self.database.one(sql, (table, key))
        return str(found[0]) if found is not None and found[0] is not None else None

    def waiting(self, key: str) -> list[str]:
        """Subjects that wait for a key."""
        where = "local_await WHERE r" if len(key) == ID_HEX_CHARS else "local_wait WHERE w"
        rows = self.database.all(f"SELECT s FROM {where} = ?", (key,))  # noqa: S608
        return [str(row[0]) for row in rows]

    def items(self, ids: Sequence[str]) -> dict[str, Item]:
        """The items of public ids: the signed row with its card, else the unsigned one."""
        found: dict[str, Item] = {}
        for at in range(0, len(ids), SHOWN_AT_ONCE):
            part = ids[at : at + SHOWN_AT_ONCE]
            rows = self.rows.some("wanted", part)
            cards = self._cards(list(rows))
            found |= {one: Item(row=row, card=cards.get(one, {})) for one, row in rows.items()}
            found |= self._unsigned([one for one in part if one not in rows])
        return found

    def _cards(self, ids: Sequence[str]) -> dict[str, Any]:
        if not ids:
            return {}
        marks = ", ".join("?" for _ in ids)
        rows = self.database.all(
            "SELECT o.id, b.body FROM (SELECT id, min(s) AS s FROM local_owner"  # noqa: S608
            f" WHERE t = 'wanted' AND id IN ({marks}) GROUP BY id) AS o"
            " JOIN local_subject AS b ON b.s = o.s",
            tuple(ids),
        )
        return {str(public): json.loads(body)[0] for public, body in rows}

    def _unsigned(self, ids: Sequence[str]) -> dict[str, Item]:
        found = {}
        for at in range(0, len(ids), SHOWN_AT_ONCE):
            part = ids[at : at + SHOWN_AT_ONCE]
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

    # --- writing

    def put(self, subjects: Sequence[Subject]) -> None:
        """Each subject is so; rows, waits, pins and the board follow."""
        latest = {subject.id: subject for subject in subjects}
        before = self._before(list(latest))
        touched = {(row.table, row.key) for subject in latest.values() for row in subject.rows} | {
            (str(t), str(key)) for _, _, _, keys in before.values() for t, key in keys
        }
        ids = [key for table, key in touched if table == "wanted"]
        was = self._on_board(ids, self._rows_of(ids))
        self._put_bodies(latest.values())
        self._put_keys(latest, before)
        self._put_owners(latest, before)
        shown = self._show(touched, latest).get("wanted", {})
        now = self._on_board(ids, {key: row for key, row in shown.items() if row is not None})
        self.board.change((was.get(one), now.get(one)) for one in ids)

    def _rows_of(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for at in range(0, len(ids), SHOWN_AT_ONCE):
            found |= self.rows.some("wanted", ids[at : at + SHOWN_AT_ONCE])
        return found

    def _on_board(self, ids: Sequence[str], rows: Mapping[str, dict[str, Any]]) -> dict[str, Item]:
        """The items as the board's index sees them: the signed row, else the unsigned one."""
        items = {key: Item(row=row, card={}) for key, row in rows.items()}
        return items | self._unsigned([one for one in ids if one not in items])

    def _before(self, ids: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for at in range(0, len(ids), SHOWN_AT_ONCE):
            part = ids[at : at + SHOWN_AT_ONCE]
            marks = ", ".join("?" for _ in part)
            sql = f"SELECT s, body FROM local_subject WHERE s IN ({marks})"  # noqa: S608
            found |= {str(s): json.loads(b) for s, b in self.database.all(sql, tuple(part))}
        return found

    def _put_bodies(self, subjects: Iterable[Subject]) -> None:
        bodies = []
        kinds = []
        for subject in subjects:
            keys = [[row.table, row.key] for row in subject.rows]
            body = _json([dict(subject.card), list(subject.waits), list(subject.pins), keys])
            bodies.append((subject.id, subject.kind, body))
            kinds.append((subject.kind, subject.id))
        self.database.many(
            "INSERT INTO local_subject (s, kind, body) VALUES (?, ?, ?)"
            " ON CONFLICT (s) DO UPDATE SET kind = excluded.kind, body = excluded.body",
            bodies,
        )
        self.database.many("INSERT OR IGNORE INTO local_kind (kind, s) VALUES (?, ?)", kinds)

    def _put_keys(self, latest: Mapping[str, Subject], before: Mapping[str, Any]) -> None:
        had = {(w, s) for s, (_, waits, _, _) in before.items() for w in waits}
        has = {(w, s) for s, subject in latest.items() for w in subject.waits}
        for table, column, wanted in (("local_await", "r", True), ("local_wait", "w", False)):
            self._differ(
                table,
                (column, "s"),
                had={pair for pair in had if (len(pair[0]) == ID_HEX_CHARS) is wanted},
                has={pair for pair in has if (len(pair[0]) == ID_HEX_CHARS) is wanted},
            )
        self._differ(
            "local_pin",
            ("s", "r"),
            had={(s, pin) for s, (_, _, pins, _) in before.items() for pin in pins},
            has={(s, pin) for s, subject in latest.items() for pin in subject.pins},
        )

    def _differ(
        self, table: str, columns: tuple[str, str], *, had: set[Values], has: set[Values]
    ) -> None:
        one, other = columns
        delete = f"DELETE FROM {table} WHERE {one} = ? AND {other} = ?"  # noqa: S608
        insert = f"INSERT OR IGNORE INTO {table} ({one}, {other}) VALUES (?, ?)"  # noqa: S608
        self.database.many(delete, had - has)
        self.database.many(insert, has - had)

    def _put_owners(self, latest: Mapping[str, Subject], before: Mapping[str, Any]) -> None:
        had = {(str(t), str(key), s) for s, (_, _, _, keys) in before.items() for t, key in keys}
        has = {(r.table, r.key, s): r.values for s, sub in latest.items() for r in sub.rows}
        self.database.many(
            "DELETE FROM local_owner WHERE t = ? AND id = ? AND s = ?", had - set(has)
        )
        self.database.many(
            "INSERT INTO local_owner (t, id, s, v) VALUES (?, ?, ?, NULL)"
            " ON CONFLICT (t, id, s) DO NOTHING",
            has,
        )

    def _show(
        self, touched: set[tuple[str, str]], latest: Mapping[str, Subject]
    ) -> dict[str, dict[str, dict[str, Any] | None]]:
        """Of each touched key the lowest owner's row is in the table, the others' wait."""
        fresh = {(r.table, r.key, s): r.values for s, sub in latest.items() for r in sub.rows}
        shown: dict[str, dict[str, dict[str, Any] | None]] = {}
        for (table, key), owners in self._owners(touched).items():
            if not owners:
                shown.setdefault(table, {})[key] = None
                continue
            values = {s: fresh.get((table, key, s)) or v for s, v in owners.items()}
            current = self.rows.row(table, key) if None in values.values() else None
            first = min(values)
            row = values[first] if values[first] is not None else current
            shown.setdefault(table, {})[key] = row
            self._wait_beside(table, key, values, first, current)
        for table, rows in shown.items():
            self.rows.put(table, rows)
        return shown

    def _wait_beside(
        self,
        table: str,
        key: str,
        values: Mapping[str, dict[str, Any] | None],
        first: str,
        current: dict[str, Any] | None,
    ) -> None:
        """Rows that are not shown are kept with their owners; the shown one is in its table."""
        if len(values) == 1:
            return
        kept = [
            (None if s == first else _json(v if v is not None else current), table, key, s)
            for s, v in values.items()
        ]
        for row in kept:
            self.database.run("UPDATE local_owner SET v = ? WHERE t = ? AND id = ? AND s = ?", row)

    def _owners(
        self, touched: set[tuple[str, str]]
    ) -> dict[tuple[str, str], dict[str, dict[str, Any] | None]]:
        found: dict[tuple[str, str], dict[str, dict[str, Any] | None]] = {
            pair: {} for pair in touched
        }
        by_table: dict[str, list[str]] = {}
        for table, key in touched:
            by_table.setdefault(table, []).append(key)
        for table, keys in by_table.items():
            for at in range(0, len(keys), SHOWN_AT_ONCE):
                part = keys[at : at + SHOWN_AT_ONCE]
                marks = ", ".join("?" for _ in part)
                sql = f"SELECT id, s, v FROM local_owner WHERE t = ? AND id IN ({marks})"  # noqa: S608
                for key, s, v in self.database.all(sql, (table, *part)):
                    found[table, str(key)][str(s)] = json.loads(v) if v is not None else None
        return found

    def observe(self, rows: Sequence[Observed]) -> None:
        """Unsigned rows are kept, newer over older; the board follows."""
        newest: dict[tuple[str, str], Observed] = {}
        for one in rows:
            key = one.row.table, one.row.key
            before = newest.get(key) or next(iter(self.observed(*key)), None)
            if before is None or before.seen_at <= one.seen_at:
                newest[key] = one
        ids = [key for table, key in newest if table == "wanted"]
        shown = self.items(ids)
        self.database.many(
            "INSERT INTO local_seen (t, id, v, source, commit_id, seen_at)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (t, id) DO UPDATE SET v = excluded.v,"
            " source = excluded.source, commit_id = excluded.commit_id,"
            " seen_at = excluded.seen_at",
            [
                (t, key, _json(one.row.values), one.source, one.commit, one.seen_at)
                for (t, key), one in newest.items()
            ],
        )
        after = self.items(ids)
        self.board.change((shown.get(one), after.get(one)) for one in ids)
