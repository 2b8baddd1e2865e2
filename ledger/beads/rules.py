"""What may become of a bead: fields within their limits, moves that are allowed.

Pure. It returns the bead as it would be, or raises a BeadError; nobody else changes a status.
"""

from collections.abc import Collection
from typing import Any, Final

from msgspec.structs import replace

from ledger.beads.errors import BadFieldError, ClaimedError, NotOpenError, PinnedError
from ledger.beads.plain import check_text, shallow
from ledger.beads.rows import (
    BLOCKED,
    CLOSED,
    DEFERRED,
    HOOKED,
    IN_PROGRESS,
    LINK_KINDS,
    OPEN,
    PINNED,
    STATUSES,
    TERMINAL,
    TOMBSTONE,
    TYPES,
    Bead,
)
from ledger.private.rows import SHORT_CHARS_MAX

TITLE_CHARS_MAX: Final = 500
TEXT_CHARS_MAX: Final = 1 << 20
LABELS_MAX: Final = 100
IMPORTED_LABELS_MAX: Final = 10_000  # the predecessor counts none
PRIORITIES: Final = range(5)
_PLAIN: Final = Bead(id="x", title="x")
CLOSE_REASON: Final = "Closed"
TEXTS: Final = ("description", "design", "acceptance_criteria", "notes", "close_reason")
SHORTS: Final = (
    *("assignee", "owner", "created_by", "external_ref", "source_system", "spec_id", "sender"),
    *("wisp_type", "await_type", "await_id", "source_formula", "source_location", "mol_type"),
    *("work_type", "closed_by_session"),
)
# What a person may set by hand; `closed` and `tombstone` have their own commands.
FAILED_WORDS: Final = (
    *("failed", "rejected", "wontfix", "won't fix", "canceled", "cancelled", "abandoned"),
    *("blocked", "error", "timeout", "aborted"),
)


def checked(
    bead: Bead,
    *,
    statuses: Collection[str] = (),
    types: Collection[str] = (),
    old: Bead | None = None,
    labels_max: int = LABELS_MAX,
) -> Bead:
    """The bead, every field within its limits; `statuses` and `types` are the town's own ones.

    What it was before, as `old` says, is nobody's mistake now.
    """
    told = bead if old is None else _news(bead, old)
    _check_title(told.title)
    if told.priority not in PRIORITIES:
        raise BadFieldError("priority", f"is 0 (now) to 4 (some day), not {told.priority}")
    if told.status not in (*STATUSES, TOMBSTONE, *statuses):
        raise BadFieldError("status", f"{told.status!r} is none of {', '.join(STATUSES)}")
    if told.issue_type not in (*TYPES, *types):
        raise BadFieldError("type", f"{told.issue_type!r} is none of {', '.join(TYPES)}")
    if told.estimated_minutes is not None and told.estimated_minutes < 0:
        raise BadFieldError("estimate", "cannot be negative")
    _check_sizes(told)
    _check_labels(told.labels, labels_max)
    for name in (*TEXTS, *SHORTS, "title", "labels", "metadata"):
        check_text(name, getattr(told, name))
    shallow("metadata", told.metadata)
    return bead


def _news(bead: Bead, old: Bead) -> Bead:
    """The bead with only what is new of it; nothing of the rest is ever refused."""
    names = ("title", "priority", "status", "issue_type", "estimated_minutes", "metadata")
    same = [x for x in (*names, *TEXTS, *SHORTS) if getattr(bead, x) == getattr(old, x)]
    fresh = replace(bead, **{name: getattr(_PLAIN, name) for name in same})
    if len(bead.labels) <= len(old.labels):
        fresh = replace(fresh, labels=tuple(sorted({*bead.labels} - {*old.labels})))
    return fresh


def _check_title(title: str) -> None:
    if not title.strip():
        raise BadFieldError("title", "is required")
    if len(title) > TITLE_CHARS_MAX or "\n" in title:
        raise BadFieldError("title", f"is one line of at most {TITLE_CHARS_MAX} characters")


def _check_labels(labels: Collection[str], labels_max: int) -> None:
    if len(labels) > labels_max:
        raise BadFieldError("labels", f"are more than {labels_max}")
    for label in labels:
        if not label.strip() or len(label) > SHORT_CHARS_MAX or "\n" in label:
            raise BadFieldError("label", f"{label[:40]!r} is none")


def _check_sizes(bead: Bead) -> None:
    for name in TEXTS:
        if len(getattr(bead, name)) > TEXT_CHARS_MAX:
            raise BadFieldError(name, f"is longer than {TEXT_CHARS_MAX} characters")
    for name in SHORTS:
        if len(getattr(bead, name)) > SHORT_CHARS_MAX:
            raise BadFieldError(name, f"is longer than {SHORT_CHARS_MAX} characters")


def check_comment(text: str) -> None:
    """Somebody said something. Raises BadFieldError."""
    if not text.strip():
        raise BadFieldError("comment", "is empty")
    check_text("comment", text)
    if len(text) > TEXT_CHARS_MAX:
        raise BadFieldError("comment", f"is longer than {TEXT_CHARS_MAX} characters")


def labelled(bead: Bead, *, add: Collection[str] = (), remove: Collection[str] = ()) -> Bead:
    """The bead with other labels, each once and in order."""
    return replace(bead, labels=tuple(sorted({*bead.labels, *add} - set(remove))))


def moved(bead: Bead, status: str, *, now: int, **fields: Any) -> Bead:
    """The bead in another status, its times told accordingly."""
    told: dict[str, Any] = {"status": status, "updated_at": now, **fields}
    if status == IN_PROGRESS and not bead.started_at:
        told["started_at"] = now
    if status == CLOSED and bead.status != CLOSED:
        told["closed_at"] = now
    if status not in TERMINAL:
        told |= {"closed_at": 0, "close_reason": "", "closed_by_session": ""}
    return replace(bead, **told)


def claimed(bead: Bead, actor: str, *, now: int) -> Bead:
    """The bead in this actor's hands; as it is where it is already. Of several one wins."""
    if bead.assignee == actor and bead.status in (IN_PROGRESS, HOOKED):
        return bead
    if bead.assignee and bead.assignee != actor:
        raise ClaimedError(bead.id, bead.assignee)
    if bead.status not in (OPEN, IN_PROGRESS, BLOCKED, HOOKED):
        raise NotOpenError(bead.id, bead.status)
    return moved(bead, IN_PROGRESS, now=now, assignee=actor)


def closed(
    bead: Bead, *, now: int, reason: str = "", session: str = "", force: bool = False
) -> Bead:
    """The bead, closed; a pinned one only by force. A closed one stays as it was."""
    if bead.status == CLOSED:
        return bead
    if bead.status == TOMBSTONE:
        raise NotOpenError(bead.id, bead.status)
    if (bead.pinned or bead.status == PINNED) and not force:
        raise PinnedError(bead.id)
    told = reason.strip() or CLOSE_REASON
    return moved(bead, CLOSED, now=now, close_reason=told, closed_by_session=session)


def reopened(bead: Bead, *, now: int) -> Bead:
    """The bead, open and nobody's; one that is not closed stays as it was."""
    if bead.status != CLOSED:
        return bead
    return moved(bead, OPEN, now=now, assignee="")


def deferred(bead: Bead, until: int, *, now: int) -> Bead:
    """The bead waits until a moment; 0 for until somebody says otherwise."""
    return moved(bead, DEFERRED, now=now, defer_until=until)


def failed(bead: Bead) -> bool:
    """Whether the bead was closed because it failed, by the words of its reason."""
    reason = bead.close_reason.lower()
    return bead.status in TERMINAL and any(word in reason for word in FAILED_WORDS)


def checked_link_kind(said: str) -> str:
    """The kind of a link. Raises BadFieldError."""
    if said not in LINK_KINDS:
        raise BadFieldError("type", f"{said!r} is none of {', '.join(LINK_KINDS)}")
    return said
