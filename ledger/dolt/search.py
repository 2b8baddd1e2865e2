"""Finding items by the board's index: a page costs what it shows, whatever the board holds.

The rarest of the asked values leads: its places are read in the order asked for, a part at a time,
and looked up under the other values. What the index cannot tell is looked at in the rows. A search
that finds little stops after a fixed amount of work, and its page says so; it is never wrong.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ledger.dolt.engine import Database, part_of
from ledger.dolt.items import Items
from ledger.dolt.named import Named
from ledger.dolt.runs import END, Backward, Forward, Run, Updated, start_of
from ledger.dolt.values import (
    COLUMNS,
    SIGNED,
    UNSIGNED,
    WORD_CHARS_MAX,
    WORDY,
    Value,
    Values,
    head_chars,
    kept,
)
from ledger.memory_board import (
    CODE_AT,
    PLACED_ELSE,
    PLACED_MAX,
    STATUS_ORDER,
    WORD,
    Position,
    changed_key,
    coded,
    cursor_between,
    falling,
    key_of,
    keyed,
    matches,
    placed,
    reached,
)
from ledger.store import BoardQuery, Item, Page

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
MERGED: Final = frozenset(("newest", "oldest"))
LOOKED_AT: Final = (
    "id", "title", "description", "project", "type", "priority", "tags", "posted_by",
    "claimed_by", "status", "effort_level", "created_at", "updated_at",
)  # fmt: skip
Found = dict[str, str]  # what an item is ordered by -> its place
Heads = list[str]  # how the entries of values begin: an item must be under one of them


class Search:
    """One query on one database."""

    def __init__(self, database: Database, items: Items, query: BoardQuery) -> None:
        self.database = database
        self.items = items
        self.query = query
        self.values = Values(database)
        self.unsure = False  # whether rows must be looked at
        self.start = start_of(query)
        self.looks = 0
        self._known: dict[str, Value] = {}
        self._named = Named(database, seen=True)

    def page(self) -> Page:
        """The page, as looking at every item would find it, or its beginning."""
        asked = sorted(self._asked(), key=self._items_of)
        every = [self._known[one].head for one in (SIGNED, UNSIGNED) if self._there(one)]
        self._named.seen = self._there(UNSIGNED)
        below = self.query.priority is not None and self.query.priority < 0
        self.unsure |= (self._named.seen or below) and _unsure(self.query)
        if asked and not self._items_of(asked[0]):
            return Page(items=(), cursor=None)
        heads = [[self._known[value].head for value in values] for values in asked]
        rarest = self._items_of(asked[0]) if asked else GATHERED_MAX + 1
        merged = bool(asked) and len(asked[0]) > 1
        if rarest <= GATHERED_MAX and (merged or self.query.sort != "priority"):
            return self._cut(self._gathered(heads), None)
        few = [each for each in heads if len(each) <= FEW]
        self.unsure |= len(few) < len(heads)
        leads = self.query.sort != "updated" and (self.query.sort == "priority" or not merged)
        if not few or not leads:
            return self._walk(self._runs(every), few)
        return self._walk(self._runs(few[0]), few[1:])

    # --- what is asked

    def _items_of(self, values: Sequence[str]) -> int:
        return sum(self._known[value].items for value in values)

    def _asked(self) -> list[list[str]]:
        """The values asked for that items have: an item must be under one of each list."""
        query = self.query
        given = (query.project, query.type, query.effort, query.poster, query.claimer)
        asked = [
            mark + kept(value)
            for (mark, _), value in zip(COLUMNS, given, strict=True)
            if value is not None
        ]
        if query.tag is not None:
            asked.append("g" + kept(query.tag))
        if query.signed is not None:
            asked.append(SIGNED if query.signed else UNSIGNED)
        parts = [part.lower() for part in WORD.findall(query.text or "")]
        self._known = self.values.known({*asked, SIGNED, UNSIGNED, WORDY})
        worded = [self._words(part) for part in dict.fromkeys(parts)]
        self.unsure |= None in worded
        if worded and self._there(WORDY):
            self.unsure = True
            worded = [[*words, WORDY] for words in worded if words is not None]
        alone = [[value] if self._there(value) else [] for value in asked]
        return [*alone, *(words for words in worded if words is not None)]

    def _there(self, value: str) -> bool:
        return value in self._known and self._known[value].items > 0

    def _words(self, part: str) -> list[str] | None:
        """Words on the board that begin so; None for too many to look up."""
        found = self.values.beginning(f"w{part[:WORD_CHARS_MAX]}", PREFIX_WORDS_MAX + 1)
        if len(part) > WORD_CHARS_MAX:
            self.unsure = True
        self._known |= found
        return list(found) if len(found) <= PREFIX_WORDS_MAX else None

    def _spans(self) -> list[str]:
        """With which letters the places of the asked statuses and priority begin, lowest first.

        Each is a span of letters that follow each other.
        """
        query = self.query
        ranks = [
            rank
            for rank, status in enumerate(STATUS_ORDER)
            if not query.status or status in query.status
        ]
        if not query.status or any(status not in STATUS_ORDER for status in query.status):
            ranks.append(len(STATUS_ORDER))
        first, last = 0, PLACED_MAX
        if query.priority is not None:
            first = min(query.priority, PLACED_MAX) if query.priority >= 0 else PLACED_ELSE
            last = first
        spans: list[str] = []
        for letters in ("".join(placed(r, p) for p in range(first, last + 1)) for r in ranks):
            if spans and ord(letters[0]) == ord(spans[-1][-1]) + 1:
                spans[-1] += letters
            else:
                spans.append(letters)
        return spans

    def _runs(self, leading: Heads) -> list[Run]:
        """Ranges of the index that hold every place under the leading heads, none twice."""
        database, start, sort = self.database, self.start, self.query.sort
        spans = self._spans()
        if sort == "updated":
            return [Updated(database, start, "".join(spans))]
        if sort == "priority":
            return [Forward(database, head, s, start) for head in leading for s in spans]
        kind = Forward if sort == "newest" else Backward
        singly = "".join(spans)
        return [kind(database, h, one, start, sort=sort) for h in leading for one in singly]

    # --- looking

    def _walk(self, runs: list[Run], others: list[Heads]) -> Page:
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
            if self.looks > LOOKS_MAX and reach > self.start:
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
        return {key: place for key, place in places.items() if key >= self.start}

    def _fitting(self, running: list[Run], places: Found, others: list[Heads], most: int) -> Found:
        """Those of the places that are under every other value too; at most so many."""
        for heads in others:
            before = len(places)
            places = self._under(places, heads)
            if before and not places and self.query.sort == "priority" and running:
                self.looks += READ_LOOKS * len(heads)
                min(running, key=lambda one: one.reach).leap(heads)
        if not self.unsure:
            return places
        told: Found = {}
        for part in part_of(list(places), CHUNK):
            told |= self._told({key: places[key] for key in part})
            if len(told) >= most:
                break
        return told

    def _under(self, places: Found, heads: Heads) -> Found:
        """Those of the places that are under one of the heads."""
        there: set[str] = set()
        for head in heads:
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
        at = self._looked_at({place[CODE_AT:] for place in places.values()})
        fits: Found = {}
        for key, place in places.items():
            items = at.get(place[CODE_AT:], ())
            if any(self._stands(item, key, several=len(items) > 1) for item in items):
                fits[key] = place
        return fits

    def _looked_at(self, codes: Iterable[str]) -> dict[str, list[Item]]:
        """The items behind these codes: what they are asked about, and no more of them."""
        found: dict[str, list[Item]] = {}
        columns = [self.database.json_cell(n) if n == "tags" else n for n in LOOKED_AT]
        for cells in self._named.signed(codes, columns):
            told = dict(zip(LOOKED_AT, cells, strict=True))
            if isinstance(told["tags"], str):
                told["tags"] = json.loads(told["tags"])
            found.setdefault(coded(str(told["id"])), []).append(Item(row=told, card={}))
        there = {str(item.row["id"]) for items in found.values() for item in items}
        seen = [one for one in self._named.unsigned(codes) if one not in there]
        for one, item in self.items.unsigned(seen).items():
            found.setdefault(coded(one), []).append(item)
        return found

    def _gathered(self, asked: list[Heads]) -> Found:
        """All that fits, of a rare value; what it is ordered by is worked out here."""
        places = {place: place for place in self._all_under(asked[0])}
        for heads in asked[1:]:
            places = self._under(places, heads)
        if self.query.sort == "updated":
            keys = self._changed(places.values())
        else:
            keys = {keyed(place, self.query.sort): place for place in places.values()}
        ahead = {key: place for key, place in keys.items() if key >= self.start}
        return self._fitting([], dict(sorted(ahead.items())), [], self.query.limit + 1)

    def _all_under(self, heads: Heads) -> Iterator[str]:
        """Every place under one of the heads, in any order: many short ranges in few questions."""
        ends = [(one[0], one[-1] + END) for one in self._spans()]
        spans = [(head + first, head + behind) for head in heads for first, behind in ends]
        for row in self.database.within("SELECT o FROM local_dim WHERE", "o", spans):
            yield str(row[0])[head_chars(str(row[0])) :]

    def _changed(self, places: Iterable[str]) -> Found:
        """The places by when their items changed."""
        behind: dict[str, list[str]] = {}
        for place in places:
            behind.setdefault(place[CODE_AT:], []).append(place)
        moments = {
            str(one): moment for one, moment in self._named.signed(behind, ("id", "updated_at"))
        }
        seen = [one for one in self._named.unsigned(behind) if one not in moments]
        items = self.items.unsigned(seen)
        moments |= {one: item.row.get("updated_at") for one, item in items.items()}
        return {
            changed_key(falling(moment), place): place
            for one, moment in moments.items()
            for place in behind[coded(one)]
        }

    # --- the page

    def _cut(self, found: Found, reach: str | None) -> Page:
        """The first of what was found; `reach` is how far an unfinished search has come."""
        most = self.query.limit
        keys = sorted(found)[: most + 1]  # one more, to know whether there is one
        there = self._at([(key, found[key]) for key in keys])
        page = tuple(item for _, item in there[:most])
        if len(there) > most:
            return Page(items=page, cursor=cursor_between(there[most - 1][0], there[most][0]))
        if len(found) > most:  # there is more, or what was found there is none of these items
            reach = keys[-1]
        return Page(items=page, cursor=reach, partial=reach is not None)

    def _at(self, places: Sequence[tuple[str, str]]) -> list[tuple[Position, Item]]:
        """The items at these places, in order, behind what was on the pages before.

        Where ids share a code, a place may be that of several, or a value that of another.
        """
        behind = self.items.behind((place[CODE_AT:] for _, place in places), self._named)
        before = reached(self.query)
        found = []
        for key, place in places:
            items = behind[place[CODE_AT:]]
            alone = len(items) == 1  # under every asked value, or it would not be there
            for item in items:
                position = key, str(item.row["id"])
                if position > before and (alone or self._stands(item, key, several=True)):
                    found.append((position, item))
        return found

    def _stands(self, item: Item, key: str, *, several: bool) -> bool:
        """Whether it is this item, of several with its code, that was found there, and it fits."""
        there = not several or key_of(item.row, self.query) == key
        return there and matches(item, self.query)


def _unsure(query: BoardQuery) -> bool:
    """Whether a filter asks what the index does not tell apart: of unsigned rows alone.

    Signed ones have one of the statuses and a priority from 0 to 4 (records 1.4, 5.4).
    """
    other = any(status not in STATUS_ORDER for status in query.status)
    shared = query.priority is not None and not PLACED_ELSE < query.priority < PLACED_MAX
    return other or (shared and query.priority not in (0, 1))
