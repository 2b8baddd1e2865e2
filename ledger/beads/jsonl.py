"""Beads as the predecessor writes them: one JSON object a line, with links and comments inside.

Pure. Names, forms and their order are those of its interchange file (`issues.jsonl`); a field that
has none here was kept, and is given back. Lines are read elsewhere.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from ledger.beads.rows import BLOCKS, Bead, Comment, Link
from ledger.private.rows import Field, fields_of

TIMES: Final = (*("created_at", "updated_at", "started_at", "closed_at", "due_at", "defer_until"),)
ALWAYS: Final = ("id", "title", "status", "priority", "issue_type", "created_at", "updated_at")
OURS: Final = ("attempts", "other")  # ours alone, never written out
ORDER: Final = (
    *("id", "title", "description", "design", "acceptance_criteria", "notes", "spec_id"),
    *("status", "priority", "issue_type", "assignee", "owner", "estimated_minutes"),
    *("created_at", "created_by", "updated_at", "started_at", "closed_at", "close_reason"),
    *("closed_by_session", "due_at", "defer_until", "external_ref", "source_system"),
    *("metadata", "compaction_level", "compacted_at", "compacted_at_commit", "original_size"),
    *("labels", "dependencies", "comments", "sender", "ephemeral", "no_history", "wisp_type"),
    *("pinned", "is_template", "bonded_from", "await_type", "await_id", "timeout", "waiters"),
    *("source_formula", "source_location", "mol_type", "work_type"),
    *("event_kind", "actor", "target", "payload"),
)
_KNOWN: Final = frozenset(ORDER)
_MICRO: Final = 1_000_000
_FIRST: Final = int(datetime(1, 1, 1, tzinfo=UTC).timestamp())
_LAST: Final = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
FIELDS: Final[Mapping[str, Field]] = {
    field.name: field for field in fields_of(Bead) if field.name not in OURS
}
# Characters that the predecessor's encoder spells out, so that a line is safe inside a page.
_SPELLED: Final = tuple(
    (character.encode(), f"\\u{ord(character):04x}".encode())
    for character in ("<", ">", "&", "\u2028", "\u2029")
)


@dataclass(frozen=True, slots=True)
class Whole:
    """A bead with everything that belongs to it."""

    bead: Bead
    links: tuple[Link, ...] = ()
    comments: tuple[Comment, ...] = ()


# --- times


def instant(at: int) -> str:
    """A moment in microseconds since 1970 UTC, in RFC 3339."""
    when = datetime.fromtimestamp(at // _MICRO, UTC).isoformat()[:19]
    rest = f"{at % _MICRO:06d}".rstrip("0")
    return f"{when}.{rest}Z" if rest else f"{when}Z"


def moment(said: str) -> int:
    """Microseconds since 1970 UTC of a time in RFC 3339. Raises ValueError.

    The first second of the year 1 is 0: so the predecessor says never.
    """
    found = _TIME.fullmatch(said)
    if found is None:
        raise ValueError(f"{said[:40]!r} is no time such as 2026-01-31T12:00:00Z")
    day, clock, digits, zone = found.groups()
    if (day, clock) == ("0001-01-01", "00:00:00"):
        return 0
    when = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone in 'Zz' else zone}")
    seconds = int(when.timestamp())
    if not _FIRST < seconds <= _LAST:  # in UTC it is in a year that cannot be written
        raise ValueError(f"{said!r} is too far away")
    return seconds * _MICRO + int(f"{digits or '':0<6}"[:6])


# --- writing


def bead_facts(bead: Bead) -> dict[str, Any]:
    """The bead alone, as an object of the interchange format."""
    return _ordered(_told(bead))


def _told(bead: Bead) -> dict[str, Any]:
    told: dict[str, Any] = dict(bead.other)
    for name, field in FIELDS.items():
        value = getattr(bead, name)
        if value == field.default and name not in ALWAYS:
            continue
        told[name] = instant(value) if name in TIMES else value
    if "metadata" in told:
        told["metadata"] = _sorted(told["metadata"])
    return told


def _ordered(told: Mapping[str, Any]) -> dict[str, Any]:
    """Fields in the predecessor's order, unknown ones behind them by name."""
    found = {name: told[name] for name in ORDER if name in told}
    for name in sorted(told.keys() - _KNOWN):
        found[name] = _sorted(told[name])
    return found


def _sorted(value: Any) -> Any:
    """The value with its keys in the order of the predecessor's database: short ones first."""
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value, key=lambda key: (len(key), key))}
    return [_sorted(one) for one in value] if isinstance(value, list | tuple) else value


def link_facts(link: Link) -> dict[str, Any]:
    """A link, as it stands inside its bead."""
    told = {
        "issue_id": link.issue_id,
        "depends_on_id": link.depends_on_id,
        "type": link.type,
        "created_at": instant(link.created_at),
        "created_by": link.created_by,
        "metadata": link.metadata,
        "thread_id": link.thread_id,
    }
    return {name: value for name, value in told.items() if value}


def comment_facts(comment: Comment) -> dict[str, Any]:
    """A comment, as it stands inside its bead."""
    return {
        "id": comment.id,
        "issue_id": comment.issue_id,
        "author": comment.author,
        "text": comment.text,
        "created_at": instant(comment.created_at),
    }


def whole_facts(whole: Whole) -> dict[str, Any]:
    """A bead with its links and comments, as one object."""
    told = _told(whole.bead)
    if whole.links:
        told["dependencies"] = [link_facts(link) for link in whole.links]
    if whole.comments:
        told["comments"] = [comment_facts(comment) for comment in whole.comments]
    return _ordered(told)


def line(whole: Whole, *, dependents: int = 0) -> bytes:
    """The line of an export, with its end; so many beads are blocked by this one."""
    facts = {
        "_type": "issue",
        **whole_facts(whole),
        "dependency_count": sum(link.type == BLOCKS for link in whole.links),
        "dependent_count": dependents,
        "comment_count": len(whole.comments),
    }
    return spelled(facts)


def spelled(facts: Mapping[str, Any]) -> bytes:
    """The object as a line, with the characters spelled out that the predecessor spells out."""
    payload = msgspec.json.encode(facts)
    for character, escape in _SPELLED:
        payload = payload.replace(character, escape)
    return payload + b"\n"


def by_time(comment: Comment) -> tuple[int, str]:
    """The key by which comments are in order."""
    return comment.created_at, comment.id


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
        Whole(
            bead,
            tuple(sorted(by_bead.get(bead.id, ()), key=lambda link: link.depends_on_id)),
            tuple(sorted(said.get(bead.id, ()), key=by_time)),
        )
        for bead in sorted(beads, key=lambda bead: bead.id)
    ]
