"""Finding items by looking at all of them: small boards, and the oracle for the fast index.

Pure, and O(items). Every filter must hold; the order is total, so that a cursor never skips.
"""

import re
from base64 import urlsafe_b64encode
from binascii import a2b_base64
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from ledger.store import BoardQuery, Item, Page

WORD: Final = re.compile(r"[^\W_]+")  # what `str.isalnum` takes for letters and digits
SIGNED_ID: Final = re.compile(r"w-[0-9a-f]{40}")
PLAIN: Final = "~"  # before an id that stands as it is
PLACED_MAX: Final = 5  # signed ones end at 4; unsigned rows may say anything
PLACED_ELSE: Final = 2  # what the commons takes for a row without a priority
_DIGITS: Final = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"  # as they sort
_TURNED: Final = str.maketrans(_DIGITS, _DIGITS[::-1])
_MOMENTS_CACHED_MAX: Final = 4_096
_STANDARD: Final = str.maketrans("-_", "+/")
_SHIFTS: Final = (30, 24, 18, 12, 6, 0)
_SECONDS_MAX: Final = (1 << 36) - 1
STATUS_ORDER: Final = ("open", "claimed", "in_review", "completed", "withdrawn")


def find_items(items: Iterable[Item], query: BoardQuery) -> Page:
    """The page of items that match, in the order asked for."""
    matching = sorted(
        (item for item in items if matches(item, query)), key=lambda i: cursor_of(i.row, query)
    )
    if query.cursor is not None:
        matching = [i for i in matching if cursor_of(i.row, query) > query.cursor]
    page = matching[: query.limit]
    more = len(matching) > len(page)
    return Page(items=tuple(page), cursor=cursor_of(page[-1].row, query) if more and page else None)


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


def words_of(row: Mapping[str, Any]) -> set[str]:
    """The words a search finds an item by, folded to lower case."""
    joined = _text_of(row)
    if joined.isascii():
        return set(WORD.findall(joined.lower()))
    return {word.lower() for word in WORD.findall(joined)}


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


def cursor_of(row: Mapping[str, Any], query: BoardQuery) -> str:
    """The place of an item in the order, as opaque text that sorts like it; ids break ties."""
    if query.sort == "newest":
        return falling(row.get("created_at")) + coded(str(row["id"]))
    if query.sort == "oldest":
        return rising(row.get("created_at")) + coded(str(row["id"]))
    if query.sort == "updated":
        return falling(row.get("updated_at")) + coded(str(row["id"]))
    return place_of(row)


def place_of(row: Mapping[str, Any]) -> str:
    """The place of an item where the most pressing stands first: status, priority, newest."""
    status = str(row.get("status"))
    rank = STATUS_ORDER.index(status) if status in STATUS_ORDER else len(STATUS_ORDER)
    created = falling(row.get("created_at"))
    return f"{rank}{priority_of(row)}{created}{coded(str(row['id']))}"


def priority_of(row: Mapping[str, Any]) -> int:
    """The priority by which an item is placed, one digit; unsigned rows may have any or none."""
    value = row.get("priority")
    return min(value, PLACED_MAX) if isinstance(value, int) and value >= 0 else PLACED_ELSE


def rising(moment: Any) -> str:
    """A moment of a row as six letters that sort like it; one that cannot be read comes first."""
    return _six_letters(str(moment))


@lru_cache(maxsize=_MOMENTS_CACHED_MAX)
def _six_letters(moment: str) -> str:
    seconds = _seconds(moment)
    return "".join(_DIGITS[seconds >> shift & 63] for shift in _SHIFTS)


def falling(moment: Any) -> str:
    """The same the other way round; one that cannot be read comes last."""
    return turned(rising(moment))


def turned(letters: str) -> str:
    """Six letters that sort the other way round; twice changes nothing."""
    return letters.translate(_TURNED)


def _seconds(moment: str) -> int:
    """Seconds since 1970 UTC, 0 for what is no moment after it."""
    try:
        when = datetime.fromisoformat(moment)
    except ValueError:
        return 0
    seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    return min(max(0, int(seconds)), _SECONDS_MAX)


def coded(item_id: str) -> str:
    """A public id in as few letters as it needs."""
    if SIGNED_ID.fullmatch(item_id):
        return urlsafe_b64encode(bytes.fromhex(item_id[2:])).rstrip(b"=").decode("ascii")
    return PLAIN + item_id


def uncoded(code: str) -> str:
    """The public id of a code."""
    if code.startswith(PLAIN):
        return code[1:]
    return "w-" + a2b_base64(code.translate(_STANDARD) + "=").hex()
