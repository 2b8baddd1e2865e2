"""Beads as the predecessor writes them: one JSON object a line, with links and comments inside.

Pure. Names and forms are those of its interchange file (`issues.jsonl`); a field that has none
here is kept and given back. Reading never guesses: a line that is no bead is an error with a place.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from msgspec.structs import replace

from ledger.beads.errors import BadFieldError, BeadError
from ledger.beads.ids import checked_id
from ledger.beads.rows import BLOCKS, Bead, Comment, Link
from ledger.private.rows import fields_of

LINE_BYTES_MAX: Final = 16 << 20
TIMES: Final = (*("created_at", "updated_at", "started_at", "closed_at", "due_at", "defer_until"),)
ALWAYS: Final = ("id", "title", "status", "priority", "issue_type", "created_at", "updated_at")
INSIDE: Final = ("dependencies", "comments")
OURS: Final = ("attempts", "other")  # ours alone, never written out
COUNTS: Final = ("dependency_count", "dependent_count", "comment_count", "parent", "_type")
_MICRO: Final = 1_000_000
_TYPES: Final[Mapping[str, type]] = {
    field.name: type(field.default) for field in fields_of(Bead) if field.default is not None
}


class BadLineError(BeadError):
    """A line of an import is no bead."""

    code: ClassVar[str] = "bead.line"
    hint: ClassVar[str] = "Mend or remove the line; nothing was imported."
    exit: ClassVar[int] = 2

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"line {number}: {why}")
        self.number = number


@dataclass(frozen=True, slots=True)
class Whole:
    """A bead with everything that belongs to it."""

    bead: Bead
    links: tuple[Link, ...] = ()
    comments: tuple[Comment, ...] = ()


def instant(at: int) -> str:
    """A moment in microseconds since 1970 UTC, in RFC 3339."""
    when = datetime.fromtimestamp(at // _MICRO, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    rest = f"{at % _MICRO:06d}".rstrip("0")
    return f"{when}.{rest}Z" if rest else f"{when}Z"


def moment(said: str) -> int:
    """Microseconds since 1970 UTC of a time in RFC 3339. Raises ValueError."""
    text, dot, rest = said.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    zone = rest[len(digits) :] if dot else ""
    when = datetime.fromisoformat(text + zone if dot else said)
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    seconds = int(aware.replace(microsecond=0).timestamp())
    return seconds * _MICRO + int(f"{digits:0<6}"[:6] or 0)


def bead_facts(bead: Bead) -> dict[str, Any]:
    """The bead alone, as an object of the interchange format."""
    told: dict[str, Any] = {}
    for field in fields_of(Bead):
        value = getattr(bead, field.name)
        if field.name in OURS or (value == field.default and field.name not in ALWAYS):
            continue
        if field.name in TIMES:
            value = instant(value)
        told[field.name] = list(value) if isinstance(value, tuple) else value
    return told | dict(bead.other)


def link_facts(link: Link) -> dict[str, Any]:
    """A link, as it stands inside its bead."""
    return _facts(link)


def comment_facts(comment: Comment) -> dict[str, Any]:
    """A comment, as it stands inside its bead."""
    return _facts(comment)


def _facts(row: Link | Comment) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for field in fields_of(type(row)):
        value = getattr(row, field.name)
        if field.name == "created_at":
            told[field.name] = instant(value)
        elif value or field.required or field.name in ("type", "text", "author"):
            told[field.name] = value
    return told


def whole_facts(whole: Whole) -> dict[str, Any]:
    """A bead with its links and comments, as a line of an export."""
    told = bead_facts(whole.bead)
    if whole.links:
        told["dependencies"] = [link_facts(link) for link in whole.links]
    if whole.comments:
        told["comments"] = [comment_facts(comment) for comment in whole.comments]
    return told


def line(whole: Whole) -> str:
    """The line of an export, with its end."""
    return json.dumps(whole_facts(whole), ensure_ascii=False, separators=(",", ":")) + "\n"


def read(number: int, text: str) -> Whole:
    """What a line says. Raises BadLineError."""
    if len(text) > LINE_BYTES_MAX:
        raise BadLineError(number, f"is longer than {LINE_BYTES_MAX} bytes")
    try:
        facts = json.loads(text)
    except ValueError as error:
        raise BadLineError(number, f"is no JSON: {error}") from error
    if not isinstance(facts, dict) or not isinstance(facts.get("id"), str):
        raise BadLineError(number, "is no object with an id")
    try:
        return of_facts(facts)
    except (BadFieldError, ValueError, TypeError, AttributeError) as error:
        raise BadLineError(number, str(error)) from error


def of_facts(facts: Mapping[str, Any]) -> Whole:
    """The bead of an object. Raises BadFieldError, ValueError, TypeError."""
    bead = checked_id(facts["id"])
    told: dict[str, Any] = {}
    other: dict[str, Any] = {}
    for name, value in facts.items():
        if name in INSIDE or name in COUNTS or value is None:
            continue
        if name in TIMES:
            told[name] = moment(value)
        elif name in _TYPES or name == "estimated_minutes":
            told[name] = _typed(name, value)
        else:
            other[name] = value
    return Whole(
        replace(Bead(id=bead), **{**told, "id": bead, "other": other}),
        tuple(_link(bead, one) for one in facts.get("dependencies") or ()),
        tuple(_comment(bead, at, one) for at, one in enumerate(facts.get("comments") or ())),
    )


def _typed(name: str, value: Any) -> Any:
    """The value, if it has the type of its field. Raises BadFieldError."""
    if name in ("labels", "waiters"):
        if not all(isinstance(one, str) for one in value):
            raise BadFieldError(name, "is no list of texts")
        return tuple(sorted(set(value))) if name == "labels" else tuple(value)
    if name in OURS:
        raise BadFieldError(name, "is not part of the format")
    wanted = _TYPES.get(name, int)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise BadFieldError(name, f"is no {wanted.__name__}")
    return value


def _link(bead: str, facts: Mapping[str, Any]) -> Link:
    return Link(
        issue_id=bead,
        depends_on_id=str(facts["depends_on_id"]),
        type=str(facts.get("type") or BLOCKS),
        created_at=moment(facts["created_at"]) if facts.get("created_at") else 0,
        created_by=str(facts.get("created_by") or ""),
        metadata=str(facts.get("metadata") or ""),
        thread_id=str(facts.get("thread_id") or ""),
    )


def _comment(bead: str, at: int, facts: Mapping[str, Any]) -> Comment:
    return Comment(
        issue_id=bead,
        id=str(facts.get("id") or at),
        author=str(facts.get("author") or ""),
        text=str(facts.get("text") or ""),
        created_at=moment(facts["created_at"]) if facts.get("created_at") else 0,
    )


def wholes(
    beads: Iterable[Bead], links: Iterable[Link], comments: Iterable[Comment]
) -> Sequence[Whole]:
    """Every bead with what belongs to it, in order of id."""
    by_bead: dict[str, list[Link]] = {}
    for link in links:
        by_bead.setdefault(link.issue_id, []).append(link)
    said: dict[str, list[Comment]] = {}
    for comment in comments:
        said.setdefault(comment.issue_id, []).append(comment)
    return [
        Whole(bead, tuple(by_bead.get(bead.id, ())), tuple(said.get(bead.id, ())))
        for bead in sorted(beads, key=lambda bead: bead.id)
    ]
