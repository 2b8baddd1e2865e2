"""Finding items by looking at all of them: small boards, and the oracle for the fast index.

Pure, and O(items). Every filter must hold; the order is total, so that a cursor never skips.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ledger.store import BoardQuery, Item, Page

WORD: Final = re.compile(r"[^\W_]+")  # what `str.isalnum` takes for letters and digits
_INVERTED: Final = str.maketrans("0123456789", "9876543210")
STATUS_ORDER: Final = ("open", "claimed", "in_review", "completed", "withdrawn")


def find_items(items: Iterable[Item], query: BoardQuery) -> Page:
    """The page of items that match, in the order asked for."""
    matching = sorted(
        (item for item in items if matches(item, query)), key=lambda i: sort_key(i.row, query)
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
    texts = [row.get("title"), row.get("description"), row.get("project")]
    texts.extend(row.get("tags") or ())
    joined = " ".join(str(text) for text in texts if text)
    return {word.lower() for word in WORD.findall(joined)}


def _says(row: Mapping[str, Any], text: str) -> bool:
    words = words_of(row)
    wanted = [part.lower() for part in WORD.findall(text)]
    return all(any(word.startswith(part) for word in words) for part in wanted)


def sort_key(row: Mapping[str, Any], query: BoardQuery) -> tuple[Any, ...]:
    """What the items are ordered by; ids break every tie."""
    return tuple(cursor_of(row, query).split("\x1f"))


def cursor_of(row: Mapping[str, Any], query: BoardQuery) -> str:
    """The place of an item in the order, as opaque text that sorts like it."""
    created = _inverted(str(row.get("created_at") or ""))
    if query.sort == "newest":
        parts = [created]
    elif query.sort == "oldest":
        parts = [str(row.get("created_at") or "")]
    elif query.sort == "updated":
        parts = [_inverted(str(row.get("updated_at") or ""))]
    else:
        status = str(row.get("status"))
        rank = STATUS_ORDER.index(status) if status in STATUS_ORDER else len(STATUS_ORDER)
        parts = [str(rank), f"{_priority(row):03d}", created]
    return "\x1f".join([*parts, str(row["id"])])


def _priority(row: Mapping[str, Any]) -> int:
    value = row.get("priority")
    return value if isinstance(value, int) and value >= 0 else 2


def _inverted(text: str) -> str:
    """Text of digits that sorts the other way round; no text at all comes last."""
    return text.translate(_INVERTED) if text else "~"
