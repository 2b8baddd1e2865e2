"""Finding items by the board's index: a page costs what it shows, whatever the board holds.

The rarest of the asked values leads: its places are read in the order asked for, a part at a time,
and looked up under the other values. What the index cannot tell is looked at in the rows. A search
that finds little stops after a fixed amount of work, and its page says so; it is never wrong.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from ledger.dolt.engine import Database
from ledger.dolt.runs import SEP, Backward, Forward, Run, Updated, part_of
from ledger.memory_board import (
    PLACED_ELSE,
    PLACED_MAX,
    STATUS_ORDER,
    WORD,
    falling,
    matches,
    turned,
    uncoded,
)
from ledger.store import BoardQuery, Item, Page

VALUE_CHARS_MAX: Final = 240
HASHED: Final = "\x1e"  # before the digest of a value that does not stand as it is
DIGEST_CHARS: Final = 32
WORD_CHARS_MAX: Final = 40
WORDY: Final = "y"  # the dimension of items with more words than the index keeps
PREFIX_WORDS_MAX: Final = 64  # words of one prefix that are looked up; more are read in the rows
FEW: Final = 8  # of as many values each is looked up for itself
CHUNK: Final = 64
CHUNK_MAX: Final = 512
FEW_PLACES: Final = 8
GATHERED_MAX: Final = 1_000
LOOKS_MAX: Final = 3_000  # places read for one page; what else is done costs as much as so many
PROBE_LOOKS: Final = 2
ROW_LOOKS: Final = 40
READ_LOOKS: Final = 16
ID_AT: Final = 8  # where the id begins in a place
MERGED: Final = frozenset(("newest", "oldest"))
COLUMNS: Final = (
    ("p", "project"),
    ("t", "type"),
    ("e", "effort_level"),
    ("b", "posted_by"),
    ("c", "claimed_by"),
)
LOOKED_AT: Final = (
    "id", "title", "description", "project", "type", "priority", "tags", "posted_by",
    "claimed_by", "status", "effort_level",
)  # fmt: skip
Shown = Callable[[Sequence[str]], Mapping[str, Item]]
Found = dict[str, str]  # what an item is ordered by -> its place


def kept(value: Any) -> str:
    """A value as the index keeps it: no two values alike."""
    text = str(value)
    if len(text) <= VALUE_CHARS_MAX and SEP not in text and HASHED not in text:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_CHARS]
    return text[:VALUE_CHARS_MAX].replace(SEP, " ") + HASHED + digest


class Search:
    """One query on one database; `shown` gives the items of public ids."""

    def __init__(self, database: Database, shown: Shown, query: BoardQuery) -> None:
        self.database = database
        self.shown = shown
        self.query = query
        self.unsure = _unsure(query)  # whether rows must be looked at
        self.asked = self._asked()
        self.looks = 0
        self._items: dict[str, Item] = {}

    def page(self) -> Page:
        """The page, as looking at every item would find it, or its beginning."""
        counts = self._counts()
        asked = sorted(self.asked, key=lambda values: sum(counts[value] for value in values))
        rarest = sum(counts[value] for value in asked[0]) if asked else GATHERED_MAX + 1
        merged = bool(asked) and len(asked[0]) > 1
        if rarest <= GATHERED_MAX and (merged or self.query.sort != "priority"):
            return self._cut(self._gathered(asked), None)
        few = [values for values in asked if len(values) <= FEW]
        self.unsure |= len(few) < len(asked)
        leads = self.query.sort != "updated" and (self.query.sort == "priority" or not merged)
        if not few or not leads:
            return self._walk(self._runs(["*"]), few)
        return self._walk(self._runs(few[0]), few[1:])

    # --- what is asked

    def _asked(self) -> list[list[str]]:
        """The values asked for: an item must be under one of each list."""
        query = self.query
        given = (query.project, query.type, query.effort, query.poster, query.claimer)
        asked = [
            [mark + kept(value)]
            for (mark, _), value in zip(COLUMNS, given, strict=True)
            if value is not None
        ]
        if query.tag is not None:
            asked.append(["g" + kept(query.tag)])
        if query.signed is not None:
            asked.append(["ls" if query.signed else "lu"])
        parts = [part.lower() for part in WORD.findall(query.text or "")]
        worded = [self._words(part) for part in dict.fromkeys(parts)]
        self.unsure |= None in worded
        if worded and self._wordy():
            self.unsure = True
            worded = [[*words, WORDY] for words in worded if words is not None]
        return [*asked, *(words for words in worded if words is not None)]

    def _words(self, part: str) -> list[str] | None:
        """Words on the board that begin so; None for too many to look up."""
        start = f"w{part[:WORD_CHARS_MAX]}"
        rows = self.database.all(
            "SELECT d FROM local_count WHERE d >= ? AND d < ? AND n > 0 LIMIT ?",
            (start, start + "\U0010ffff", PREFIX_WORDS_MAX + 1),
        )
        if len(part) > WORD_CHARS_MAX:
            self.unsure = True
        return [str(row[0]) for row in rows] if len(rows) <= PREFIX_WORDS_MAX else None

    def _wordy(self) -> bool:
        row = self.database.one("SELECT n FROM local_count WHERE d = ?", (WORDY,))
        return row is not None and int(row[0]) > 0

    def _counts(self) -> dict[str, int]:
        values = [value for one in self.asked for value in one]
        found = dict.fromkeys(values, 0)
        for part in part_of(values, CHUNK_MAX):
            marks = ", ".join("?" for _ in part)
            sql = f"SELECT d, n FROM local_count WHERE d IN ({marks})"  # noqa: S608
            found |= {str(d): int(n) for d, n in self.database.all(sql, tuple(part))}
        return found

    def _starts(self) -> list[str]:
        """How the places of the asked statuses and priority begin, lowest first."""
        query = self.query
        ranks = [
            str(rank)
            for rank, status in enumerate(STATUS_ORDER)
            if not query.status or status in query.status
        ]
        if not query.status or any(status not in STATUS_ORDER for status in query.status):
            ranks.append(str(len(STATUS_ORDER)))
        if query.priority is None:
            return ranks
        placed = min(query.priority, PLACED_MAX) if query.priority >= 0 else PLACED_ELSE
        return [f"{rank}{placed}" for rank in ranks]

    def _runs(self, leading: list[str]) -> list[Run]:
        """Ranges of the index that hold every place of the leading values, none twice."""
        database, cursor, sort = self.database, self.query.cursor or "", self.query.sort
        if sort == "updated":
            return [Updated(database, cursor, self._starts())]
        if sort == "priority":
            return [Forward(database, v, s, cursor) for v in leading for s in self._starts()]
        kind = Forward if sort == "newest" else Backward
        starts = [
            start if len(start) > 1 else f"{start}{priority}"
            for start in self._starts()
            for priority in range(PLACED_MAX + 1 if self.query.priority is None else 1)
        ]
        return [kind(database, v, s, cursor, whole=False) for v in leading for s in starts]

    # --- looking

    def _walk(self, runs: list[Run], others: list[list[str]]) -> Page:
        """Read where the least was read, until the page is full or enough was looked at."""
        found: Found = {}
        waiting: Found = {}
        most = self.query.limit
        while True:
            running = [run for run in runs if not run.over]
            reach = min((run.reach for run in running), default=None)
            due = sorted(key for key in waiting if reach is None or key <= reach)
            ready = {key: waiting.pop(key) for key in due}
            found |= self._fitting(running, ready, others, most + 1 - len(found))
            if reach is None or len(found) > most:
                return self._cut(found, None)
            if self.looks > LOOKS_MAX and reach > (self.query.cursor or ""):
                return self._cut(found, reach)
            for run in running:
                if run.reach == reach:  # all of them at first, then the one that lies behind
                    waiting |= self._read(run, plain=len(runs) == 1 and not others)

    def _read(self, run: Run, *, plain: bool) -> Found:
        """The next places of a run: at first few, then more and more."""
        size = run.size or (FEW_PLACES if self.query.sort in MERGED else CHUNK)
        if plain and not self.unsure:
            size = max(size, self.query.limit + 1)
        run.size = min(2 * size, CHUNK if self.unsure else CHUNK_MAX)
        places = run.read(size)
        self.looks += READ_LOOKS + run.taken
        return places

    def _fitting(
        self, running: list[Run], places: Found, others: list[list[str]], most: int
    ) -> Found:
        """Those of the places that are under every other value too; at most so many."""
        for values in others:
            before = len(places)
            places = self._under(places, values)
            if before and not places and self.query.sort == "priority" and running:
                self.looks += READ_LOOKS * len(values)
                min(running, key=lambda one: one.reach).leap(values)
        if not self.unsure:
            return places
        told: Found = {}
        for part in part_of(list(places), CHUNK):
            told |= self._told({key: places[key] for key in part})
            if len(told) >= most:
                break
        return told

    def _under(self, places: Found, values: list[str]) -> Found:
        """Those of the places that are under one of the values."""
        there: set[str] = set()
        for value in values:
            head = value + SEP
            self.looks += READ_LOOKS + PROBE_LOOKS * len(places)
            for part in part_of(list(places.values()), CHUNK_MAX):
                marks = ", ".join("?" for _ in part)
                sql = f"SELECT o FROM local_dim WHERE o IN ({marks})"  # noqa: S608
                rows = self.database.all(sql, tuple(head + place for place in part))
                there.update(str(row[0])[len(head) :] for row in rows)
        return {key: place for key, place in places.items() if place in there}

    def _told(self, places: Found) -> Found:
        """Those of the places whose rows say what is asked."""
        self.looks += READ_LOOKS + ROW_LOOKS * len(places)
        ids = {key: uncoded(place[ID_AT:]) for key, place in places.items()}
        rows = self._looked_at(list(ids.values()))
        fits = {one for one, item in rows.items() if matches(item, self.query)}
        return {key: place for key, place in places.items() if ids[key] in fits}

    def _looked_at(self, ids: Sequence[str]) -> dict[str, Item]:
        """What these items are asked about, and no more of them."""
        if not ids:
            return {}
        marks = ", ".join("?" for _ in ids)
        sql = f"SELECT {', '.join(LOOKED_AT)} FROM wanted WHERE id IN ({marks})"  # noqa: S608
        found = {}
        for cells in self.database.all(sql, tuple(ids)):
            told = dict(zip(LOOKED_AT, cells, strict=True))
            if isinstance(told["tags"], str):
                told["tags"] = json.loads(told["tags"])
            found[str(told["id"])] = Item(row=told, card={})
        return {**self.shown([one for one in ids if one not in found]), **found}

    def _fetched(self, places: Iterable[str]) -> dict[str, Item]:
        """The items at these places; each is read once."""
        wanted = {place: uncoded(place[ID_AT:]) for place in places}
        fresh = [one for one in wanted.values() if one not in self._items]
        self._items.update(self.shown(fresh) if fresh else {})
        return {p: self._items[one] for p, one in wanted.items() if one in self._items}

    def _gathered(self, asked: list[list[str]]) -> Found:
        """All that fits, of a rare value; what it is ordered by is worked out here."""
        runs = [Forward(self.database, v, s, "") for v in asked[0] for s in self._starts()]
        places: Found = {}
        for run in runs:
            while not run.over:
                places |= run.read(CHUNK_MAX)
        for values in asked[1:]:
            places = self._under(places, values)
        if self.unsure:
            places = self._told(places)
        keys = self._keys(list(places.values()))
        return {k: p for k, p in keys.items() if k > (self.query.cursor or "")}

    def _keys(self, places: list[str]) -> Found:
        if self.query.sort == "updated":
            moments = self._moments(places)
            return {moments[place] + place[ID_AT:]: place for place in places if place in moments}
        if self.query.sort == "priority":
            return {place: place for place in places}
        if self.query.sort == "newest":
            return {place[2:]: place for place in places}
        return {turned(place[2:8]) + place[ID_AT:]: place for place in places}

    def _moments(self, places: list[str]) -> dict[str, str]:
        """When the items at these places changed, as the order has it."""
        ids = {uncoded(place[ID_AT:]): place for place in places}
        found: dict[str, str] = {}
        for part in part_of(list(ids), CHUNK_MAX):
            marks = ", ".join("?" for _ in part)
            sql = f"SELECT id, updated_at FROM wanted WHERE id IN ({marks})"  # noqa: S608
            rows = self.database.all(sql, tuple(part))
            found |= {ids[str(one)]: falling(moment) for one, moment in rows}
        rest = [place for place in places if place not in found]
        items = self._fetched(rest)
        return found | {p: falling(i.row.get("updated_at")) for p, i in items.items()}

    # --- the page

    def _cut(self, found: Found, reach: str | None) -> Page:
        """The first of what was found; `reach` is how far an unfinished search has come."""
        keys = sorted(found)[: self.query.limit]
        items = self._fetched(found[key] for key in keys)
        there = tuple(items[found[key]] for key in keys if found[key] in items)
        if len(found) > len(keys):
            return Page(items=there, cursor=keys[-1])
        return Page(items=there, cursor=reach, partial=reach is not None)


def _unsure(query: BoardQuery) -> bool:
    """Whether a filter asks what the index does not tell apart."""
    other = any(status not in STATUS_ORDER for status in query.status)
    shared = query.priority is not None and not PLACED_ELSE < query.priority < PLACED_MAX
    return other or (shared and query.priority not in (0, 1))
