"""The rows of the bead ledger: a bead, what it waits for, what was said about it.

Pure, and values only: what may become of a bead stands in `rules`. Field names are those of the
predecessor's interchange format. Times are microseconds since 1970 UTC, 0 for never.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import msgspec

from ledger.private.rows import Row, Short, Table

OPEN: Final = "open"
IN_PROGRESS: Final = "in_progress"
BLOCKED: Final = "blocked"
DEFERRED: Final = "deferred"
HOOKED: Final = "hooked"
PINNED: Final = "pinned"
CLOSED: Final = "closed"
TOMBSTONE: Final = "tombstone"
STATUSES: Final = (OPEN, IN_PROGRESS, BLOCKED, DEFERRED, HOOKED, PINNED, CLOSED)
TERMINAL: Final = (CLOSED, TOMBSTONE)
LIVE: Final = tuple(status for status in STATUSES if status not in TERMINAL)

PRIORITY_DEFAULT: Final = 2
TASK: Final = "task"
EPIC: Final = "epic"
WORK_TYPES: Final = (
    *("bug", "feature", TASK, EPIC, "chore", "decision", "spike", "story", "milestone"),
)
# What the town itself keeps as beads; lists of work leave them out.
TOWN_TYPES: Final = (
    *("message", "molecule", "gate", "event", "agent", "role", "rig", "convoy", "slot", "queue"),
    "merge-request",
)
TYPES: Final = (*WORK_TYPES, *TOWN_TYPES)


class Outline(Row, frozen=True, kw_only=True):
    """What questions about many beads ask of each: a bead without its words, quickly read."""

    table: ClassVar[Table] = Table(name="beads", key=("id",), indexes=(("status",), ("assignee",)))

    id: Short
    status: Short = OPEN
    priority: int = PRIORITY_DEFAULT
    issue_type: Short = TASK
    assignee: Short = ""
    created_at: int = 0
    updated_at: int = 0
    due_at: int = 0
    defer_until: int = 0
    labels: tuple[str, ...] = ()
    ephemeral: bool = False
    pinned: bool = False
    is_template: bool = False


class Bead(Outline, frozen=True, kw_only=True):
    """One work item of the town."""

    title: str = ""
    description: str = ""
    design: str = ""
    acceptance_criteria: str = ""
    notes: str = ""
    spec_id: Short = ""
    owner: Short = ""
    estimated_minutes: int | None = None
    created_by: Short = ""
    started_at: int = 0
    closed_at: int = 0
    close_reason: str = ""
    closed_by_session: Short = ""
    external_ref: Short = ""
    source_system: Short = ""
    metadata: Mapping[str, Any] = msgspec.field(default_factory=dict)
    sender: Short = ""
    no_history: bool = False
    wisp_type: Short = ""
    await_type: Short = ""
    await_id: Short = ""
    timeout: int = 0
    waiters: tuple[str, ...] = ()
    source_formula: Short = ""
    source_location: Short = ""
    mol_type: Short = ""
    work_type: Short = ""
    attempts: int = 0
    other: Mapping[str, Any] = msgspec.field(default_factory=dict)
    """What an import brought that has no field here; an export gives it back."""


# Kinds of links that keep a bead from being ready.
BLOCKS: Final = "blocks"
PARENT_CHILD: Final = "parent-child"
CONDITIONAL: Final = "conditional-blocks"
WAITS_FOR: Final = "waits-for"
BLOCKING: Final = (BLOCKS, PARENT_CHILD, CONDITIONAL, WAITS_FOR)
# Kinds that say something and hold nothing up.
RELATED: Final = "related"
DISCOVERED_FROM: Final = "discovered-from"
TRACKS: Final = "tracks"
SAYING: Final = (
    *(TRACKS, RELATED, "relates-to", DISCOVERED_FROM, "replies-to", "duplicates", "supersedes"),
    *("caused-by", "validates", "until", "authored-by", "assigned-to", "approved-by", "attests"),
    "delegated-from",
)
LINK_KINDS: Final = (*BLOCKING, *SAYING)


class Link(Row, frozen=True, kw_only=True):
    """One bead depends on another, or says something about it."""

    table: ClassVar[Table] = Table(
        name="dependencies", key=("issue_id", "depends_on_id"), indexes=(("depends_on_id",),)
    )

    issue_id: Short
    depends_on_id: Short
    type: Short = BLOCKS
    created_at: int = 0
    created_by: Short = ""
    metadata: str = ""
    thread_id: Short = ""


class Comment(Row, frozen=True, kw_only=True):
    """What somebody said about a bead. `id` sorts by time."""

    table: ClassVar[Table] = Table(name="comments", key=("issue_id", "id"))

    issue_id: Short
    id: Short
    author: Short = ""
    text: str = ""
    created_at: int = 0


BEAD_ROWS: Final[tuple[type[Row], ...]] = (Bead, Link, Comment)
