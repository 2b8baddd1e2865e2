"""What words on the command line mean: which beads, which fields, which links."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cli.answers import many_of, text_of
from cli.context import Call, UsageError
from ledger.beads.choosing import Filter, Span
from town.beads.desk import Beads

TYPE_ALIASES: Final[Mapping[str, str]] = {
    "enhancement": "feature", "feat": "feature", "dec": "decision", "adr": "decision",
    "mr": "merge-request", "mol": "molecule",
}  # fmt: skip
EVER: Final = 1 << 62
# Options whose value is the field's as it stands.
PLAIN: Final = ("assignee", "external_ref", "spec_id", "wisp_type", "mol_type", "design", "notes")
FLAGS: Final = ("ephemeral", "no_history")


def priority_of(said: str) -> int:
    """The number of a priority said as `1` or `P1`. Raises UsageError."""
    digits = said.strip().upper().removeprefix("P")
    if digits not in ("0", "1", "2", "3", "4"):
        raise UsageError(f"{said!r} is no priority; 0 (now) to 4 (some day) are, or P0 to P4")
    return int(digits)


def type_of(said: str) -> str:
    """The type that is meant; some have a short name."""
    word = said.strip().lower()
    return TYPE_ALIASES.get(word, word)


def file_text(call: Call, name: str) -> str:
    """What a file holds, or standard input where it is `-`. Raises UsageError."""
    if name == "-":
        return text_of(call, "-")
    try:
        return call.path(name).read_text("utf-8").rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{Path(name)} cannot be read: {error}") from error


def metadata_of(call: Call, said: str) -> dict[str, Any]:
    """The JSON object that is meant, from a file where it begins with `@`. Raises UsageError."""
    text = file_text(call, said[1:]) if said.startswith("@") else said
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--metadata is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise UsageError("--metadata is no JSON object")
    return found


def pairs_of(said: list[str] | None, option: str) -> dict[str, str]:
    """The values of `key=value` words by their keys. Raises UsageError."""
    found = {}
    for word in said or ():
        key, equals, value = word.partition("=")
        if not key or not equals:
            raise UsageError(f"{option} takes key=value, not {word!r}")
        found[key] = value
    return found


def value_of(said: str) -> Any:
    """A value as JSON where it is some, else as text."""
    try:
        found = json.loads(said)
    except ValueError:
        return said
    return found if isinstance(found, bool | int | str) else said


def fields_of(call: Call, beads: Beads, said: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that the options of `Writing` ask for. Raises UsageError, BadFieldError."""
    found: dict[str, Any] = {name: said[name] for name in PLAIN if said[name] is not None}
    found |= {name: True for name in FLAGS if said[name]}
    found |= _texts_of(call, said)
    if said["type_"]:
        found["issue_type"] = type_of(said["type_"])
    if said["priority"]:
        found["priority"] = priority_of(said["priority"])
    if said["estimate"] is not None:
        found["estimated_minutes"] = said["estimate"]
    for name, option in (("due_at", "due"), ("defer_until", "defer")):
        if said[option] is not None:
            found[name] = beads.when(said[option], name=option) if said[option].strip() else 0
    if said["metadata"]:
        found["metadata"] = metadata_of(call, said["metadata"])
    return found


def _texts_of(call: Call, said: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    sources = [said["description"] is not None, bool(said["body_file"]), said["stdin"]]
    if sum(sources) > 1:
        raise UsageError("the description comes from one place only")
    if said["description"] is not None:
        found["description"] = text_of(call, said["description"])
    elif said["stdin"] or said["body_file"]:
        found["description"] = file_text(call, said["body_file"] or "-")
    if said["design_file"]:
        found["design"] = file_text(call, said["design_file"])
    if said["acceptance"] is not None:
        found["acceptance_criteria"] = said["acceptance"]
    return found


def filter_of(beads: Beads, said: Mapping[str, Any], **more: Any) -> Filter:
    """The filter that the options of `Choosing` ask for. Raises UsageError, BadFieldError."""
    least, most = said["priority_min"], said["priority_max"]
    now = beads.when("now")
    spans = {
        name: span
        for name in ("created", "updated", "closed", "due", "defer")
        if (span := _span(beads, said[f"{name}_after"], said[f"{name}_before"])) is not None
    }
    return Filter(
        statuses=many_of(said["status"]),
        types=tuple(map(type_of, many_of(said["type_"]))),
        not_types=tuple(map(type_of, many_of(said["exclude_type"]))),
        priorities=tuple(map(priority_of, many_of(said["priority"]))),
        priority_min=priority_of(least) if least else None,
        priority_max=priority_of(most) if most else None,
        **_people(said),
        **_texts(said),
        **{**spans, "overdue_at": now if said["overdue"] else 0, **more},
    )


def _people(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "labels": many_of(said["label"]),
        "labels_any": many_of(said["label_any"]),
        "not_labels": many_of(said["exclude_label"]),
        "label_pattern": said["label_pattern"],
        "no_labels": said["no_labels"],
        "assignee": said["assignee"],
        "unassigned": said["unassigned"],
        "metadata": pairs_of(said["metadata_field"], "--metadata-field"),
        "metadata_key": said["metadata_key"],
        "external_ref": said["external"],
        "spec": said["spec"],
    }


def _texts(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "ids": tuple(word.lower() for word in many_of(said["ids"])),
        "title": said["title"],
        "description": said["description"],
        "notes": said["notes"],
        "no_description": said["no_description"],
        "deferred": said["deferred"],
        "pinned": said["pinned"],
        "bookkeeping": said["include_infra"],
        "gates": said["include_gates"],
        "templates": said["include_templates"],
        "ephemeral": said["include_ephemeral"] or bool(said["wisp_type"]),
        "mol_type": said["mol_type"],
        "wisp_type": said["wisp_type"],
    }


def _span(beads: Beads, after: str, before: str) -> Span | None:
    if not after and not before:
        return None
    start = beads.when(after, name="after") if after else 0
    return start, beads.when(before, name="before") if before else EVER


def links_of(deps: list[str] | None) -> tuple[list[tuple[str, str]], list[str]]:
    """What a new bead depends on as (kind, id), and what waits for it.

    `kind:id` or a plain id, which blocks it; `blocks:id` is the other way round, as ever.
    """
    needs, waiting = [], []
    for word in many_of(deps):
        kind, colon, bead = word.partition(":")
        if not colon or kind == "external":
            needs.append(("blocks", word))
        elif kind == "blocks":
            waiting.append(bead)
        else:
            needs.append(("blocks" if kind in ("depends-on", "blocked-by") else kind, bead))
    return needs, waiting
