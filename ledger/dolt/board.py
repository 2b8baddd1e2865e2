"""The board's index: items in their order under each word and value, so that a page is a range.

An entry is `dimension value | status rank | priority | inverted creation | id`. One filter is a
range read; several are intersected by leaping from entry to entry. It answers exactly what looking
at every item would.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from ledger.dolt.engine import Database
from ledger.memory_board import STATUS_ORDER, WORD, cursor_of, matches, words_of
from ledger.store import TALLY_MAX, BoardQuery, Item, Page, Sort

SEP: Final = "\x1f"
END: Final = "\x7f"
VALUE_CHARS_MAX: Final = 300
WORD_CHARS_MAX: Final = 40
WORDS_MAX: Final = 400
PREFIX_WORDS_MAX: Final = 64
STEP: Final = 128
SORTED_BY: Final[Mapping[Sort, str]] = {
    "priority": "*", "newest": "n", "oldest": "o", "updated": "u",
}  # fmt: skip
COLUMNS: Final = (
    ("p", "project"),
    ("t", "type"),
    ("e", "effort_level"),
    ("b", "posted_by"),
    ("c", "claimed_by"),
)
_BY_PRIORITY: Final = BoardQuery(sort="priority")


def dimensions(row: Mapping[str, Any], *, signed: bool) -> list[str]:
    """The values under which an item is found, each as `dimension value`."""
    found = [f"l{'s' if signed else 'u'}"]
    found += [f"{mark}{_cut(row[name])}" for mark, name in COLUMNS if row.get(name) is not None]
    found += [f"g{_cut(tag)}" for tag in dict.fromkeys(row.get("tags") or ())]
    words = sorted(word[:WORD_CHARS_MAX] for word in words_of(row))
    return [*found, *(f"w{word}" for word in dict.fromkeys(words[:WORDS_MAX]))]


def _cut(value: Any) -> str:
    return str(value)[:VALUE_CHARS_MAX].replace(SEP, " ")


def entries_of(row: Mapping[str, Any], *, signed: bool) -> set[str]:
    """Every index entry of an item."""
    place = cursor_of(row, _BY_PRIORITY)
    found = {f"{one}{SEP}{place}" for one in ("*", *dimensions(row, signed=signed))}
    for sort in ("newest", "oldest", "updated"):
        found.add(f"{SORTED_BY[sort]}{SEP}{cursor_of(row, BoardQuery(sort=sort))}")
    return found


def counts_of(row: Mapping[str, Any], *, signed: bool) -> list[str]:
    """What is counted of an item: its values, and its status."""
    return [f"s{row.get('status')}", *dimensions(row, signed=signed)]


class Board:
    """The index in one database. `shown` gives the items of public ids."""

    def __init__(
        self, database: Database, shown: Callable[[Sequence[str]], Mapping[str, Item]]
    ) -> None:
        self.database = database
        self.shown = shown

    # --- writing

    def change(self, changes: Iterable[tuple[Item | None, Item | None]]) -> None:
        """Items were (first) and are (second); the index follows."""
        gone: set[str] = set()
        come: set[str] = set()
        counted: Counter[str] = Counter()
        for before, after in changes:
            old = _entries(before)
            new = _entries(after)
            gone |= old - new
            come |= new - old
            counted.subtract(_counts(before))
            counted.update(_counts(after))
        put = self.database.many
        put("DELETE FROM local_dim WHERE o = ?", ((o,) for o in gone))
        put("INSERT OR IGNORE INTO local_dim (o) VALUES (?)", ((o,) for o in come))
        put(
            "INSERT INTO local_count (d, n) VALUES (?, ?)"
            " ON CONFLICT (d) DO UPDATE SET n = n + excluded.n",
            ((d, n) for d, n in counted.items() if n),
        )

    # --- reading

    def counts(self) -> dict[str, int]:
        """Items by status."""
        rows = self.database.all(
            "SELECT d, n FROM local_count WHERE d >= 's' AND d < 't' AND n > 0"
        )
        return {str(d)[1:]: int(n) for d, n in rows}

    def tally(self, poster: str) -> dict[str, int]:
        """Items of a poster by known status, up to the limit."""
        found = {}
        for rank, status in enumerate(STATUS_ORDER):
            start = f"b{_cut(poster)}{SEP}{rank}{SEP}"
            rows = self.database.all(
                "SELECT COUNT(*) FROM"
                " (SELECT o FROM local_dim WHERE o >= ? AND o < ? LIMIT ?) AS some",
                (start, start + END, TALLY_MAX),
            )
            if rows[0][0]:
                found[status] = int(rows[0][0])
        return found

    def find(self, query: BoardQuery) -> Page:
        """The page of items that match, exactly as looking at all of them would find it."""
        streams, whole = self._streams(query)
        found: list[Item] = []
        batch: list[str] = []
        for place in _common(streams) if streams else iter(()):
            batch.append(place)
            if len(batch) >= min(STEP, query.limit + 1):
                found += self._fitting(batch, query, whole=whole)
                batch = []
                if len(found) > query.limit:
                    break
        found += self._fitting(batch, query, whole=whole)
        page = found[: query.limit]
        more = len(found) > len(page)
        cursor = cursor_of(page[-1].row, query) if more and page else None
        return Page(items=tuple(page), cursor=cursor)

    def _fitting(self, places: Sequence[str], query: BoardQuery, *, whole: bool) -> list[Item]:
        ids = [place.rsplit(SEP, 1)[1] for place in places]
        items = self.shown(ids)
        there = [items[one] for one in ids if one in items]
        return there if whole else [item for item in there if matches(item, query)]

    def _streams(self, query: BoardQuery) -> tuple[list["_Stream"], bool]:
        """The ranges to intersect, and whether together they say all that the query asks."""
        cursor = query.cursor or ""
        if query.sort != "priority":
            return [_Stream(self.database, [SORTED_BY[query.sort]], [("", END)], cursor)], False
        asked = [
            *self._valued(query),
            *([[f"g{_cut(query.tag)}"]] if query.tag is not None else []),
            *([["ls" if query.signed else "lu"]] if query.signed is not None else []),
        ]
        whole = True
        for part in _parts(query.text or ""):
            words = self._words(part)
            if words is None:
                whole = False
            else:
                asked.append([f"w{word}" for word in words])
        whole &= not _cut_values(query)
        if any(not one for one in asked):
            return [], True
        ranges = _ranges(query)
        return [_Stream(self.database, one, ranges, cursor) for one in asked or [["*"]]], whole

    def _valued(self, query: BoardQuery) -> list[list[str]]:
        values = (query.project, query.type, query.effort, query.poster, query.claimer)
        pairs = zip(COLUMNS, values, strict=True)
        return [[f"{mark}{_cut(value)}"] for (mark, _), value in pairs if value is not None]

    def _words(self, part: str) -> list[str] | None:
        """Words on the board that begin so; None for too many to merge."""
        start = f"w{part[:WORD_CHARS_MAX]}"
        rows = self.database.all(
            "SELECT d FROM local_count WHERE d >= ? AND d < ? AND n > 0 LIMIT ?",
            (start, start + "\U0010ffff", PREFIX_WORDS_MAX + 1),
        )
        if len(rows) > PREFIX_WORDS_MAX or len(part) > WORD_CHARS_MAX:
            return None
        return [str(row[0])[1:] for row in rows]


def _cut_values(query: BoardQuery) -> bool:
    """Whether a filter is longer than what the index keeps of a value."""
    values = (query.project, query.type, query.effort, query.poster, query.claimer, query.tag)
    return any(value is not None and _cut(value) != value for value in values)


def _parts(text: str) -> list[str]:
    return [part.lower() for part in WORD.findall(text)]


def _ranges(query: BoardQuery) -> list[tuple[str, str]]:
    """Parts of the order that the wanted statuses and priority take, lowest first."""
    known = [s for s in STATUS_ORDER if not query.status or s in query.status]
    ranks = [str(STATUS_ORDER.index(status)) for status in known]
    if not query.status or any(status not in STATUS_ORDER for status in query.status):
        ranks.append(str(len(STATUS_ORDER)))
    if query.priority is None:
        return [(rank + SEP, rank + SEP + END) for rank in ranks]
    wanted = f"{query.priority:03d}" if query.priority >= 0 else "002"
    starts = [f"{rank}{SEP}{wanted}{SEP}" for rank in ranks]
    return [(start, start + END) for start in starts]


def _entries(item: Item | None) -> set[str]:
    return entries_of(item.row, signed=item.observed is None) if item is not None else set()


def _counts(item: Item | None) -> list[str]:
    return counts_of(item.row, signed=item.observed is None) if item is not None else []


class _Stream:
    """The places of items under any of some values, in order, within ranges, behind a cursor."""

    def __init__(
        self, database: Database, values: list[str], ranges: list[tuple[str, str]], cursor: str
    ) -> None:
        self.database = database
        self.values = values
        self.ranges = ranges
        self._buffer: list[str] = []
        self._at = 0
        self._from = cursor + "\x00" if cursor else ""
        self._size = STEP if len(values) == 1 else STEP // 2

    def at_least(self, place: str) -> str | None:
        """The first place that is not before this one."""
        while self._at < len(self._buffer):
            if self._buffer[self._at] >= place:
                return self._buffer[self._at]
            self._at += 1
        self._fill(max(place, self._from))
        return self._buffer[0] if self._buffer else None

    def _fill(self, start: str) -> None:
        self._at = 0
        self._buffer = []
        for low, high in self.ranges:
            if high <= start:
                continue
            found: set[str] = set()
            for value in self.values:
                found.update(self._read(value, max(low, start), high))
            if found:
                self._buffer = sorted(found)[: self._size]
                return

    def _read(self, value: str, low: str, high: str) -> Iterator[str]:
        head = f"{value}{SEP}"
        rows = self.database.all(
            "SELECT o FROM local_dim WHERE o >= ? AND o < ? ORDER BY o LIMIT ?",
            (head + low, head + high, self._size),
        )
        return (str(row[0])[len(head) :] for row in rows)


def _common(streams: Sequence[_Stream]) -> Iterator[str]:
    """The places that all streams have, in order: each leaps to the furthest of the others."""
    place = ""
    while True:
        furthest = place
        for stream in streams:
            found = stream.at_least(furthest)
            if found is None:
                return
            furthest = found
        if all(stream.at_least(furthest) == furthest for stream in streams):
            yield furthest
            furthest += "\x00"
        place = furthest
