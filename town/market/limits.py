"""A record that the contract refuses, said in the words of whoever typed it, with the limit."""

from collections.abc import Mapping
from typing import Any

from stamps import limits
from stamps.errors import BadRecordError
from town.market.errors import FieldError

# The most a field may have, and its unit (records 1.4).
LIMITS: Mapping[str, tuple[int, str]] = {
    "title": (limits.TITLE_CHARS_MAX, "characters"),
    "project": (limits.PROJECT_CHARS_MAX, "characters"),
    "type": (limits.TYPE_CHARS_MAX, "characters of a-z, 0-9, - and _"),
    "priority": (limits.PRIORITY_MAX, ""),
    "tags": (limits.TAGS_MAX, "tags of at most 64 characters"),
    "description": (limits.DESCRIPTION_BYTES_MAX, "bytes"),
    "text": (limits.NOTE_BYTES_MAX, "bytes"),
    "value": (limits.EVIDENCE_VALUE_BYTES_MAX, "bytes"),
    "reason": (limits.REASON_CHARS_MAX, "characters"),
    "message": (limits.MESSAGE_CHARS_MAX, "characters"),
    "skills": (limits.STAMP_SKILLS_MAX, "skills of at most 64 characters"),
    "lease_s": (limits.LEASE_MAX_S, "seconds, and at least 300"),
    "record": (limits.RECORD_BYTES_MAX, "bytes for the whole record"),
}
NOT_ALLOWED = "holds a character that no record may carry (a control or direction mark)"


def limit_words(error: BadRecordError, said: Mapping[str, Any]) -> FieldError:
    """The field, the limit and what was said too much of it."""
    field = _field_of(error)
    limit, unit = LIMITS.get(field, (None, ""))
    if error.reason == "canonical.text":
        return FieldError(field, error.reason, None, f"{field or 'a text'} {NOT_ALLOWED}")
    if limit is None:
        where = f" ({error.where})" if error.where else ""
        return FieldError(field, error.reason, None, f"{field or 'it'} is not right{where}")
    had = _size(said.get(field), unit)
    why = f"{field} may have at most {limit} {unit}".rstrip()
    return FieldError(field, error.reason, limit, f"{why}{f'; it has {had}' if had else ''}")


def _field_of(error: BadRecordError) -> str:
    if error.reason in ("canonical.size", "line.size"):
        return "record"
    parts = [part for part in error.where.replace("[", ".").split(".") if part.isidentifier()]
    known = [part for part in parts if part in LIMITS]
    named = [part for part in parts if part not in ("body", "set", "stamp", "policy")]
    return (known or named or [""])[-1]


def _size(value: Any, unit: str) -> int | None:
    if isinstance(value, str):
        return len(value.encode()) if unit == "bytes" else len(value)
    return len(value) if isinstance(value, list | tuple) else None
