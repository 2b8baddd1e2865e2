"""A record that the contract refuses, said in the words of whoever typed it, with the limit."""

from collections.abc import Mapping
from typing import Any

from stamps import limits
from stamps.errors import BadRecordError
from town.market.errors import FieldError
from town.market.words import normal_text

# The most a field may have, and its unit (records 1.4).
LIMITS: Mapping[str, tuple[int, str]] = {
    "name": (limits.NAME_CHARS_MAX, "characters"),
    "on_behalf": (limits.NAME_CHARS_MAX, "characters"),
    "title": (limits.TITLE_CHARS_MAX, "characters"),
    "project": (limits.PROJECT_CHARS_MAX, "characters"),
    "tags": (limits.TAGS_MAX, "tags of at most 64 characters"),
    "description": (limits.DESCRIPTION_BYTES_MAX, "bytes"),
    "text": (limits.NOTE_BYTES_MAX, "bytes"),
    "value": (limits.EVIDENCE_VALUE_BYTES_MAX, "bytes"),
    "reason": (limits.REASON_CHARS_MAX, "characters"),
    "message": (limits.MESSAGE_CHARS_MAX, "characters"),
    "skills": (limits.STAMP_SKILLS_MAX, "skills of at most 64 characters"),
    "record": (limits.RECORD_BYTES_MAX, "bytes for the whole record"),
}
# What a field must be, where it is no matter of length.
FORMS: Mapping[str, str] = {
    "assign": "one of first, choose, race",
    "base": "a text of at most 255 characters, on one line",
    "cause": "one of lapsed, released, taken_back",
    "confidence": "a number from 0 to 100",
    "deliver": "one of pull_request, patch, commit, blob",
    "dims": "grades from 1 to 5, each under a name",
    "effort": "one of trivial, small, medium, large, epic",
    "handle": "small letters, digits, - and _, at most 64, not at the ends",
    "lease_s": "a time from 5 minutes (300 s) to 90 days",
    "may": "kinds of records, or *",
    "priority": "a number from 0 (now) to 4 (some day)",
    "severity": "one of small, wide, core (or leaf, branch, root)",
    "tag": "one of note, question, answer, progress, dispute, ruling, check",
    "type": "at most 32 characters of a-z, 0-9, - and _",
    "unsigned": "one of ask, auto, refuse",
}
NOT_ALLOWED = "holds a character that no record may carry (a control or direction mark)"


def limit_words(
    error: BadRecordError, said: Mapping[str, Any], forms: Mapping[str, str] | None = None
) -> FieldError:
    """The field, the limit and what was said too much of it. `forms` beat the usual ones."""
    field = _field_of(error)
    limit, unit = LIMITS.get(field, (None, ""))
    if error.reason == "canonical.text":
        return FieldError(field, error.reason, None, f"{field or 'a text'} {NOT_ALLOWED}")
    form = {**FORMS, **(forms or {})}.get(field)
    if form is not None:
        return FieldError(field, error.reason, None, f"{field} is {form}")
    if limit is None:
        where = f" ({error.where})" if error.where else ""
        return FieldError(field, error.reason, None, f"{field or 'it'} is not right{where}")
    had = _size(said.get(field), unit)
    why = f"{field} may have at most {limit} {unit}".rstrip()
    return FieldError(field, error.reason, limit, f"{why}{f'; it has {had}' if had else ''}")


def needed_reason(said: str, doing: str) -> str:
    """The reason as a record carries it. Raises FieldError where nothing but white space is."""
    text = normal_text(said)
    if not text.strip():
        raise FieldError("reason", "missing", None, f"{doing} needs a reason")
    return text


def _field_of(error: BadRecordError) -> str:
    if error.reason in ("canonical.size", "line.size"):
        return "record"
    parts = [part for part in error.where.replace("[", ".").split(".") if part.isidentifier()]
    known = [part for part in parts if part in LIMITS or part in FORMS]
    named = [part for part in parts if part not in ("body", "set", "stamp", "policy")]
    return (known or named or [""])[-1]


def _size(value: Any, unit: str) -> int | None:
    if isinstance(value, str):
        return len(value.encode()) if unit == "bytes" else len(value)
    return len(value) if isinstance(value, list | tuple) else None
