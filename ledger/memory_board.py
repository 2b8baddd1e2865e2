"""Finding items by looking at all of them: small boards, and the oracle for the fast index.

Pure, and O(items). Every filter must hold; the order is total, so that a cursor never skips.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from ledger.store import BoardQuery, Item, Page

WORD: Final = re.compile(r"[^\W_]+")  # what `str.isalnum` takes for letters and digits
_WORDS: Final = "".join(chr(n).lower() if chr(n).isalnum() else " " for n in range(0x80))
SIGNED_ID: Final = re.compile(r"w-[0-9a-f]{40}")
DIGITS: Final = "".join(map(chr, range(0x21, 0x7F)))  # as they sort
PLAIN: Final = DIGITS[-1]  # before an id that stands as it is; no code of a signed one begins so
SEP: Final = "\x1f"  # behind a code: what a code is made of sorts behind it
SHARED: Final = "\x1e"  # between a key that items share and the id up to which they were shown
LAST: Final = "\U0010ffff"  # behind every id
PLACED_MAX: Final = 5  # signed ones end at 4; unsigned rows may say anything
PLACED_ELSE: Final = 2  # what the commons takes for a row without a priority
MOMENT: Final = 5  # letters
CODE: Final = 5
CODE_AT: Final = 1 + MOMENT  # where the code of an item begins in its place
_CODED_HEX: Final = 8  # digits of an id that its code says
_ESCAPE: Final = "\x7f"
_ESCAPED: Final = {n: _ESCAPE + chr(n ^ 0x40) for n in (*range(0x20), 0x7F)}
_UNESCAPED: Final = re.compile(_ESCAPE + "(.)", re.DOTALL)
_PAIRS: Final = tuple(one + other for one in DIGITS for other in DIGITS)
_TURNED: Final = str.maketrans(DIGITS, DIGITS[::-1])
_MOMENTS_CACHED_MAX: Final = 4_096
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN_EPOCH: Final = _EPOCH.replace(tzinfo=None)
_SECONDS_MAX: Final = len(DIGITS) ** MOMENT - 1  # in the year 2202
STATUS_ORDER: Final = ("open", "claimed", "in_review", "completed", "withdrawn")
_RANKS: Final = {status: rank for rank, status in enumerate(STATUS_ORDER)}
Position = tuple[str, str]  # what an item is ordered by, and its id among those that share it


def find_items(items: Iterable[Item], query: BoardQuery) -> Page:
    """The page of items that match, in the order asked for."""
    matching = [(position_of(i.row, query), i) for i in items if matches(i, query)]
    if query.cursor is not None:
        start = reached(query)
        matching = [each for each in matching if each[0] > start]
    matching.sort(key=lambda each: each[0])
    page = matching[: query.limit]
    more = page and len(matching) > len(page)
    return Page(
        items=tuple(item for _, item in page),
        cursor=cursor_between(page[-1][0], matching[len(page)][0]) if more else None,
    )


def matches(item: Item, query: BoardQuery) -> bool:
    """Whether every given filter holds for the item."""
    row = item.row
    equal = (
        ("project", query.project),
        ("type", query.type),
        ("priority", query.priority),
        ("effort_level", query.effort),
        ("posted_by", query.poster),
        ("claimed_by", query.claimer),
    )
    if any(wanted is not None and row.get(column) != wanted for column, wanted in equal):
        return False
    if query.status and row.get("status") not in query.status:
        return False
    if query.tag is not None and query.tag not in (row.get("tags") or ()):
        return False
    if query.signed is not None and query.signed != (item.observed is None):
        return False
    return query.text is None or _says(row, query.text)


def words_of(row: Mapping[str, Any], mark: str = "") -> set[str]:
    """The words a search finds an item by, folded to lower case, each behind the mark."""
    joined = _text_of(row)
    if not joined.isascii():
        return {mark + word.lower() for word in WORD.findall(joined)}
    spaced = f" {joined.translate(_WORDS)}"
    words = set(spaced.replace(" ", f" {mark}").split())
    words.discard(mark)  # of two spaces
    return words


def _text_of(row: Mapping[str, Any]) -> str:
    texts = [row.get("title"), row.get("description"), row.get("project")]
    texts.extend(row.get("tags") or ())
    return " ".join(str(text) for text in texts if text)


def _says(row: Mapping[str, Any], text: str) -> bool:
    wanted = [part.lower() for part in WORD.findall(text)]
    joined = _text_of(row)
    if joined.isascii() and not all(part in joined.lower() for part in wanted):
        return False  # most rows are told apart without taking them to words
    words = words_of(row)
    return all(any(word.startswith(part) for word in words) for part in wanted)


def position_of(row: Mapping[str, Any], query: BoardQuery) -> Position:
    """Where an item stands in the order; no two stand at one place."""
    return key_of(row, query), str(row["id"])


def key_of(row: Mapping[str, Any], query: BoardQuery) -> str:
    """What an item is ordered by, as text that sorts like it; the item's place can be told from it.

    Codes break ties, as ids would. Items share a key where they share their code and their place.
    """
    place = place_of(row)
    if query.sort == "updated":
        return changed_key(falling(row.get("updated_at")), place)
    return keyed(place, query.sort)


def keyed(place: str, sort: str) -> str:
    """What an item at this place is ordered by, where it is not ordered by its change."""
    if sort == "newest":
        return place[1:] + SEP + place[0]
    if sort == "oldest":
        return turned(place[1:CODE_AT]) + place[CODE_AT:] + SEP + place[0]
    return place


def changed_key(moment: str, place: str) -> str:
    """What an item is ordered by that changed at this moment."""
    return moment + place[CODE_AT:] + SEP + place[:CODE_AT]


def cursor_between(last: Position, following: Position) -> str:
    """The opaque text that leads on from the last item of a page to the one that follows."""
    shared = last[0] == following[0]
    return last[0] + SHARED + last[1] if shared else last[0]


def reached(query: BoardQuery) -> Position:
    """How far the pages before have come: every item up to here was on one of them."""
    key, shared, item = (query.cursor or "").partition(SHARED)
    return key, item if shared or not key else LAST


def place_of(row: Mapping[str, Any]) -> str:
    """The place of an item where the most pressing stands first: status, priority, newest."""
    status = str(row.get("status"))
    rank = _RANKS.get(status, len(STATUS_ORDER))
    created = falling(row.get("created_at"))
    return placed(rank, priority_of(row)) + created + coded(str(row["id"]))


def placed(rank: int, priority: int) -> str:
    """The letter with which the places of a status and a priority begin."""
    return DIGITS[rank * (PLACED_MAX + 1) + priority]


def priority_of(row: Mapping[str, Any]) -> int:
    """The priority by which an item is placed, one digit; unsigned rows may have any or none."""
    value = row.get("priority")
    return min(value, PLACED_MAX) if isinstance(value, int) and value >= 0 else PLACED_ELSE


def letters(number: int, count: int) -> str:
    """A number as so many letters that sort like it."""
    text = ""
    while len(text) < count:
        number, rest = divmod(number, len(_PAIRS))
        text = _PAIRS[rest] + text
    return text[-count:]


@lru_cache(maxsize=_MOMENTS_CACHED_MAX)
def _falling(moment: str) -> str:
    return turned(letters(_seconds(moment), MOMENT))


def falling(moment: Any) -> str:
    """A moment of a row as five letters, the later first; one that cannot be read comes last."""
    return _falling(str(moment))


def turned(said: str) -> str:
    """Letters that sort the other way round; twice changes nothing."""
    return said.translate(_TURNED)


def _seconds(moment: str) -> int:
    """Seconds since 1970 UTC, 0 for what is no moment after it."""
    try:
        when = datetime.fromisoformat(moment)
    except ValueError:
        return 0
    since = when - (_EPOCH if when.tzinfo else _PLAIN_EPOCH)
    return min(max(0, since.days * 86_400 + since.seconds), _SECONDS_MAX)


def coded(item_id: str) -> str:
    """A public id in few letters, by which ties are broken; very few signed ones share theirs."""
    if SIGNED_ID.fullmatch(item_id):
        return letters(int(item_id[2 : 2 + _CODED_HEX], 16), CODE)
    return PLAIN + item_id.translate(_ESCAPED)


def uncoded(code: str) -> str | None:
    """The id that stands in a code as it is; None where the code says how ids begin."""
    if not code.startswith(PLAIN):
        return None
    return _UNESCAPED.sub(lambda found: chr(ord(found[1]) ^ 0x40), code[len(PLAIN) :])


def span_of(code: str) -> tuple[str, str]:
    """Where the signed ids of a code begin and end."""
    number = 0
    for letter in code:
        number = number * len(DIGITS) + ord(letter) - ord(DIGITS[0])
    start = f"w-{number:0{_CODED_HEX}x}"
    return start, start + "g"
