"""Lines of beads, read: from bytes that anybody may have written to a bead, or an error.

Pure. Reading never guesses: a line that is no bead is an error with a place. Which of two beads
is to be kept is decided elsewhere.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

import msgspec

from ledger.beads.errors import BadFieldError, BeadError
from ledger.beads.ids import imported_id
from ledger.beads.jsonl import FIELDS, TIMES, Whole, by_time, moment
from ledger.beads.plain import has_nul, shallow
from ledger.beads.rows import BLOCKING, BLOCKS, Bead, Comment, Link
from ledger.private.rows import SHORT_CHARS_MAX, Field, Short

LINE_BYTES_MAX: Final = 16 << 20
TEXT_CHARS_MAX: Final = 1 << 20
INSIDE: Final = ("dependencies", "comments")
COUNTS: Final = ("dependency_count", "dependent_count", "comment_count", "parent", "_type")
NEVER: Final = "0001-01-01T00:00:00Z"
_NUMBER_MAX: Final = 1 << 63
_LINK_TARGET: Final = re.compile(r"[!-~]{1,255}")
_LINE_ENDS: Final = re.compile(r"\r?\n")
_LINK_KIND: Final = re.compile(r"[a-z][a-z0-9_-]{0,49}")


class BadLineError(BeadError):
    """A line of an import is no bead."""

    code: ClassVar[str] = "bead.line"
    hint: ClassVar[str] = "Mend or remove the line; nothing was imported."
    exit: ClassVar[int] = 2

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"line {number}: {why}")
        self.number = number


def facts_of(number: int, payload: bytes) -> dict[str, Any]:
    """The object that a line holds. Raises BadLineError."""
    if len(payload) > LINE_BYTES_MAX:
        raise BadLineError(number, f"is longer than {LINE_BYTES_MAX} bytes")
    try:
        facts = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadLineError(number, f"is no JSON: {error}") from error
    if not isinstance(facts, dict):
        raise BadLineError(number, "is no JSON object")
    if b"\\u0000" in payload and has_nul(facts):
        raise BadLineError(number, "has a text with a NUL in it")
    return facts


def read(number: int, facts: Mapping[str, Any]) -> Whole:
    """The bead that a line's object stands for. Raises BadLineError."""
    try:
        return of_facts(facts)
    except (BadFieldError, ValueError) as error:
        raise BadLineError(number, str(error)) from error


def of_facts(facts: Mapping[str, Any]) -> Whole:
    """The bead of an object; without an id where it has none. Raises BadFieldError, ValueError."""
    bead = imported_id(_text("id", facts["id"])) if facts.get("id") is not None else ""
    told: dict[str, Any] = {}
    other: dict[str, Any] = {}
    for name, value in facts.items():
        if value is None or name in COUNTS or name in INSIDE:
            continue
        if name == "wisp" and isinstance(value, bool):  # what `ephemeral` was called once
            told.setdefault("ephemeral", value)
        elif name in FIELDS:
            told[name] = _READERS[name](name, value)
        else:
            other[name] = shallow(name, value)
    return Whole(
        Bead(**{**told, "id": bead, "other": other}),
        _links(bead, _objects("dependencies", facts)),
        _comments(bead, _objects("comments", facts)),
    )


def _truth(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadFieldError(name, "is neither true nor false")
    return value


def _words(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise BadFieldError(name, "is no list of texts")
    words = tuple(_text(name, word) for word in value)
    return tuple(sorted(set(map(_lined, words)))) if name == "labels" else words


def _lined(text: str) -> str:
    """The text on one line, so that it cannot look like several where it is listed."""
    return _LINE_ENDS.sub(" ", text)


def _title(name: str, value: Any) -> str:
    return _lined(_long(name, value))


def _mapping(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadFieldError(name, "is no object")
    found: Mapping[str, Any] = shallow(name, value)
    return found


def _time(name: str, value: Any) -> int:
    return moment(_text(name, value))


def _long(name: str, value: Any) -> str:
    return _text(name, value, at_most=TEXT_CHARS_MAX)


def _text(name: str, value: Any, *, at_most: int = SHORT_CHARS_MAX) -> str:
    if not isinstance(value, str):
        raise BadFieldError(name, "is no text")
    if len(value) > at_most:
        raise BadFieldError(name, f"is longer than {at_most} characters")
    return value


def _number(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadFieldError(name, "is no whole number")
    if not -_NUMBER_MAX <= value < _NUMBER_MAX:
        raise BadFieldError(name, "is too large a number")
    return value


def _reader(field: Field) -> Callable[[str, Any], Any]:
    """How a value of the field is read."""
    if field.name in TIMES:
        return _time
    by_type: dict[Any, Callable[[str, Any], Any]] = {
        str: _long, Short: _text, bool: _truth, int: _number, int | None: _number,
        tuple[str, ...]: _words,
    }  # fmt: skip
    return by_type.get(field.type, _mapping)


_READERS: Final = {name: _reader(field) for name, field in FIELDS.items()} | {"title": _title}


def _objects(name: str, facts: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found = facts.get(name)
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise BadFieldError(name, "is no list of objects")
    return found


def _links(bead: str, found: Sequence[Mapping[str, Any]]) -> tuple[Link, ...]:
    """Links by the bead they lead to; of several to one bead that which holds it up."""
    links: dict[str, Link] = {}
    for facts in found:
        link = _link(bead, facts)
        before = links.get(link.depends_on_id)
        if before is None or (link.type in BLOCKING and before.type not in BLOCKING):
            links[link.depends_on_id] = link
    return tuple(links[needs] for needs in sorted(links))


def _link(bead: str, facts: Mapping[str, Any]) -> Link:
    told = {name: _text(name, facts.get(name) or "") for name in ("created_by", "thread_id")}
    if (facts.get("issue_id") or bead) != bead:
        raise BadFieldError("dependencies", f"hold a link of {str(facts['issue_id'])[:80]!r}")
    needs, kind = _text("depends_on_id", facts.get("depends_on_id")), facts.get("type") or BLOCKS
    if not _LINK_TARGET.fullmatch(needs) or needs == bead:
        raise BadFieldError("dependencies", f"{needs[:80]!r} is nothing it could depend on")
    if not _LINK_KIND.fullmatch(_text("type", kind)):
        raise BadFieldError("dependencies", f"{kind[:80]!r} is no kind of link")
    return Link(
        issue_id=bead,
        depends_on_id=needs,
        type=kind,
        created_at=moment(_text("created_at", facts.get("created_at") or NEVER)),
        metadata=_text("metadata", facts.get("metadata") or "", at_most=TEXT_CHARS_MAX),
        **told,
    )


def _comments(bead: str, found: Sequence[Mapping[str, Any]]) -> tuple[Comment, ...]:
    comments: dict[str, Comment] = {}
    for at, facts in enumerate(found):
        comment = _comment(bead, at, facts)
        if comments.setdefault(comment.id, comment) != comment:
            raise BadFieldError("comments", f"two of them have the id {comment.id[:80]!r}")
    return tuple(sorted(comments.values(), key=by_time))


def _comment(bead: str, at: int, facts: Mapping[str, Any]) -> Comment:
    """A comment; its id was a number once."""
    said = facts.get("id")
    numbered = isinstance(said, int) and not isinstance(said, bool)
    return Comment(
        issue_id=bead,
        id=str(_number("id", said)) if numbered else _text("id", said or f"{at:06d}"),
        author=_text("author", facts.get("author") or ""),
        text=_text("text", facts.get("text") or "", at_most=TEXT_CHARS_MAX),
        created_at=moment(_text("created_at", facts.get("created_at") or NEVER)),
    )
