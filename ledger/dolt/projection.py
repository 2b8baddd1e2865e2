"""Subjects as rows: what the fold says of each replaces what it said before, in one transaction.

Several subjects may own one row key; the lowest one's row is shown (records 7.5), the others wait
beside it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ledger.dolt import cards
from ledger.dolt.board import Board
from ledger.dolt.cells import Rows, to_json
from ledger.dolt.engine import Database, part_of
from ledger.dolt.engine import Row as Values
from ledger.dolt.items import Items
from ledger.dolt.owners import Owners
from ledger.foreign import plain
from ledger.store import Item, Observed, Subject, SubjectKind
from ledger.tables import SHARED, Row
from stamps.limits import ID_HEX_CHARS

ASKED_AT_ONCE: Final = 200


class Projections:
    """What the fold said of every subject."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.rows = Rows(database)
        self.owners = Owners(database, self.rows.some)
        self.items = Items(database, self.rows)
        self.board = Board(database, self.items)
        self._ahead: dict[str, cards.Body | None] = {}

    # --- reading

    def subject(self, subject_id: str) -> Subject | None:
        """A subject as last put."""
        row = self.database.one("SELECT kind, body FROM local_subject WHERE s = ?", (subject_id,))
        return self._subject(subject_id, str(row[0]), str(row[1])) if row is not None else None

    def subjects(self, kind: SubjectKind) -> Iterator[Subject]:
        """Every subject of a kind, by id."""
        sql = "SELECT s, kind, body FROM local_subject WHERE s > ? ORDER BY s LIMIT 500"
        last = ""
        while found := self.database.all(sql, (last,)):
            for subject_id, its_kind, body in found:
                if its_kind == kind:
                    yield self._subject(str(subject_id), kind, str(body))
            last = str(found[-1][0])

    def _subject(self, subject_id: str, kind: str, body: str) -> Subject:
        card, waits, pins, keys = cards.read(subject_id, body)
        rows = tuple(self._owned(subject_id, table, key) for table, key in keys)
        return Subject(
            id=subject_id,
            kind=kind,  # type: ignore[arg-type]  # what was put
            rows=rows,
            card=card,
            waits=tuple(waits),
            pins=tuple(pins),
        )

    def _owned(self, subject_id: str, table: str, key: str) -> Row:
        waiting = self.owners.waiting_row(table, key, subject_id) if table in SHARED else None
        return Row(table, key, waiting or self.rows.row(table, key) or {})

    def forget(self) -> None:
        """Nothing read ahead is believed any more."""
        self._ahead = {}

    def look_ahead(self, subjects: Sequence[str]) -> None:
        """The bodies of these subjects are at hand until something is put."""
        self._ahead = dict.fromkeys(subjects)
        self._ahead |= self._bodies(subjects)

    def card(self, subject_id: str) -> dict[str, Any]:
        """The card of a subject as last put; empty for an unknown one."""
        if subject_id not in self._ahead:
            self._ahead = {subject_id: None, **self._bodies((subject_id,))}
        body = self._ahead[subject_id]
        return body[0] if body is not None else {}

    def item_of(self, public_id: str) -> str | None:
        """The post whose row bears this public id: its own id begins with the same digits."""
        digits = public_id[2:]
        sql = "SELECT s, body FROM local_subject WHERE s >= ? AND s < ? ORDER BY s"
        for subject_id, body in self.database.all(sql, (digits, digits + "g")):
            keys = cards.read(str(subject_id), str(body))[3]
            if any(table == "wanted" and key == public_id for table, key in keys):
                return str(subject_id)
        return None

    def waiting(self, key: str) -> list[str]:
        """Subjects that wait for a key."""
        where = "local_await WHERE r" if len(key) == ID_HEX_CHARS else "local_wait WHERE w"
        rows = self.database.all(f"SELECT s FROM {where} = ?", (key,))  # noqa: S608
        return [str(row[0]) for row in rows]

    # --- writing

    def put(self, subjects: Sequence[Subject]) -> None:
        """Each subject is so; rows, waits, pins and the board follow."""
        latest = {subject.id: subject for subject in subjects}
        before = self._before(latest)
        had = {(table, key) for body in before.values() for table, key in body[3]}
        shown = self._shown(latest, before, had)
        ids = list(shown.get("wanted", ()))
        was = self._on_board(ids, self._rows_of([one for one in ids if ("wanted", one) in had]))
        self._put_bodies(latest.values())
        self._put_keys(latest, before)
        for table, changed in shown.items():
            replaced = set(changed) if table in SHARED else {key for t, key in had if t == table}
            self.rows.put(table, changed, replaced)
        rows = {key: row for key, row in shown.get("wanted", {}).items() if row is not None}
        now = self._on_board(ids, rows)
        self.board.change((was.get(one), now.get(one)) for one in ids)
        self._ahead = {}

    def _shown(
        self,
        latest: Mapping[str, Subject],
        before: Mapping[str, cards.Body],
        had: Iterable[tuple[str, str]],
    ) -> dict[str, dict[str, dict[str, Any] | None]]:
        """What each touched key shows from now on, by table; None for nothing."""
        shown: dict[str, dict[str, dict[str, Any] | None]] = {}
        for table, key in had:
            if table not in SHARED:
                shown.setdefault(table, {})[key] = None
        for subject in latest.values():
            for row in subject.rows:
                if row.table not in SHARED:
                    shown.setdefault(row.table, {})[row.key] = row.values
        shared_before = {
            (table, key, s)
            for s, body in before.items()
            for table, key in body[3]
            if table in SHARED
        }
        shared = {
            (row.table, row.key, s): row.values
            for s, subject in latest.items()
            for row in subject.rows
            if row.table in SHARED
        }
        return shown | self.owners.put(shared_before, shared)

    def _rows_of(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for part in part_of(ids, ASKED_AT_ONCE):
            found |= self.rows.some("wanted", part)
        return found

    def _on_board(self, ids: Sequence[str], rows: Mapping[str, dict[str, Any]]) -> dict[str, Item]:
        """The items as the board's index sees them: the signed row, else the unsigned one."""
        items = {key: Item(row=row, card={}) for key, row in rows.items()}
        return items | self.items.unsigned([one for one in ids if one not in items])

    def _before(self, subjects: Iterable[str]) -> dict[str, cards.Body]:
        unknown = [one for one in subjects if one not in self._ahead]
        found = self._bodies(unknown)
        there = ((one, self._ahead.get(one)) for one in subjects)
        return found | {one: body for one, body in there if body is not None}

    def _bodies(self, ids: Sequence[str]) -> dict[str, cards.Body]:
        found: dict[str, cards.Body] = {}
        for part in part_of(ids, ASKED_AT_ONCE):
            marks = ", ".join("?" for _ in part)
            sql = f"SELECT s, body FROM local_subject WHERE s IN ({marks})"  # noqa: S608
            for s, body in self.database.all(sql, tuple(part)):
                found[str(s)] = cards.read(str(s), str(body))
        return found

    def _put_bodies(self, subjects: Iterable[Subject]) -> None:
        bodies = []
        for subject in subjects:
            keys = [(row.table, row.key) for row in subject.rows]
            body = dict(subject.card), list(subject.waits), list(subject.pins), keys
            bodies.append((subject.id, subject.kind, cards.spell(subject.id, body)))
        self.database.many("REPLACE INTO local_subject (s, kind, body) VALUES (?, ?, ?)", bodies)

    def _put_keys(self, latest: Mapping[str, Subject], before: Mapping[str, cards.Body]) -> None:
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
        insert = f"REPLACE INTO {table} ({one}, {other}) VALUES (?, ?)"  # noqa: S608
        self.database.many(delete, had - has)
        self.database.many(insert, has - had)

    def observe(self, rows: Sequence[Observed]) -> None:
        """Unsigned rows are kept, newer over older; the board follows."""
        newest: dict[tuple[str, str], Observed] = {}
        for one in rows:
            key = one.row.table, one.row.key
            before = newest.get(key) or next(iter(self.items.observed(*key)), None)
            if before is None or before.seen_at <= one.seen_at:
                newest[key] = replace(one, row=plain(one.row))
        ids = [key for table, key in newest if table == "wanted"]
        shown = self.items.of(ids)
        self.database.many(
            "INSERT INTO local_seen (t, id, v, source, commit_id, seen_at)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (t, id) DO UPDATE SET v = excluded.v,"
            " source = excluded.source, commit_id = excluded.commit_id,"
            " seen_at = excluded.seen_at",
            [
                (t, key, to_json(one.row.values), one.source, one.commit, one.seen_at)
                for (t, key), one in newest.items()
            ],
        )
        after = self.items.of(ids)
        self.board.change((shown.get(one), after.get(one)) for one in ids)
