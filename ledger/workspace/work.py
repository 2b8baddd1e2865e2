"""Who works on what: assignments, sessions, leases, merge requests and what their gates found.

Pure, and values only. Every message of a piece of work carries its assignment's id, so that one
that comes late is known to be late. Times are microseconds since 1970 UTC, 0 for never.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import msgspec

from ledger.private.rows import Row, Short, Table

# An assignment: its worker is to begin, works, has handed in; and how it ended.
SPAWNING: Final = "spawning"
WORKING: Final = "working"
STUCK: Final = "stuck"
SUBMITTED: Final = "submitted"
MERGED: Final = "merged"
DONE: Final = "done"
DEFERRED_WORK: Final = "deferred"
ESCALATED: Final = "escalated"
FAILED: Final = "failed"
WITHDRAWN: Final = "withdrawn"
HELD: Final = (SPAWNING, WORKING, STUCK)  # the bead is on the worker's hook
ACTIVE: Final = (*HELD, SUBMITTED)
ENDED: Final = (MERGED, DONE, DEFERRED_WORK, ESCALATED, FAILED, WITHDRAWN)

# A worker: nobody needs it, it works, it says that it cannot go on.
IDLE: Final = "idle"

# A merge request: waits, is being tried, and how it ended; `blocked` waits for a conflict's task,
# `review` for a person who merges it.
READY: Final = "ready"
TRYING: Final = "trying"
BLOCKED_REQUEST: Final = "blocked"
REVIEW: Final = "review"
REJECTED: Final = "rejected"
SUPERSEDED: Final = "superseded"
# Why a request that is in the queue, or not merged, is so; besides these, what a gate is called.
CONFLICT: Final = "conflict"
NO_TARGET: Final = "target"  # the remote has its target no more
OPEN_REQUESTS: Final = (READY, TRYING, BLOCKED_REQUEST, REVIEW)

TO_QUEUE: Final = "mr"
DIRECT: Final = "direct"
LOCAL: Final = "local"
MERGE_WAYS: Final = (TO_QUEUE, DIRECT, LOCAL)


class Assignment(Row, frozen=True, kw_only=True):
    """One bead in the hands of one worker, from the moment it is slung until it is over."""

    table: ClassVar[Table] = Table(
        name="assignments", key=("id",), indexes=(("bead",), ("agent",), ("state",))
    )

    id: Short
    bead: Short = ""
    agent: Short = ""
    rig: Short = ""
    state: Short = SPAWNING
    attempt: int = 1  # how often the bead was tried before, and once more
    session_ended_at: int = 0  # when its last session ended
    branch: Short = ""
    base: Short = ""  # the branch it is to be merged into
    worktree: Short = ""  # below the workspace's root
    runtime: Short = ""  # the agent program, where this work asks for one
    formula: Short = ""
    args: str = ""
    vars: Mapping[str, Any] = msgspec.field(default_factory=dict)
    merge: Short = TO_QUEUE
    no_merge: bool = False
    review_only: bool = False
    ralph: bool = False  # begun again by its worker until all that was asked for holds
    convoy: Short = ""
    dispatched_by: Short = ""
    created_at: int = 0
    furnished_at: int = 0  # when its worktree was there
    started_at: int = 0
    ended_at: int = 0  # when its worker was done with it
    outcome: str = ""
    request: Short = ""  # the merge request it led to


def assignment_id(secret: bytes) -> str:
    """The id of a new assignment."""
    return f"as-{secret.hex()[:16]}"


class Session(Row, frozen=True, kw_only=True):
    """One run of an agent's program."""

    table: ClassVar[Table] = Table(
        name="local_session", key=("id",), versioned=False, indexes=(("agent",),)
    )

    id: Short
    name: Short = ""  # of the provider: `hq-mayor`, `<prefix>-<polecat>`
    agent: Short = ""
    assignment: Short = ""
    bead: Short = ""
    provider: Short = ""
    runtime: Short = ""
    native_id: Short = ""  # the runtime's own name for it
    pid: int = 0
    created: str = ""  # when the process was created, seconds as text
    cwd: str = ""
    transcript: str = ""
    topic: str = ""
    started_at: int = 0
    ready_at: int = 0  # when it took input, and was told what its runtime's hooks would tell
    attempt: int = 1
    active_at: int = 0
    nudged_at: int = 0  # when it was last told that it is silent
    interrupted_at: int = 0
    ended_at: int = 0
    exit: int | None = None
    reason: Short = ""  # why it ended, or is to end: done, crash, handoff, stopped, hung


class Handoff(Row, frozen=True, kw_only=True):
    """What a session left for the one after it. The next one to be primed is told it once."""

    table: ClassVar[Table] = Table(name="local_handoff", key=("agent",), versioned=False)

    agent: Short
    text: str = ""
    session: Short = ""
    at: int = 0
    told_to: Short = ""  # the session that was told
    told_at: int = 0


class Checkpoint(Row, frozen=True, kw_only=True):
    """How far somebody was with the work on their hook, should the session end without a word."""

    table: ClassVar[Table] = Table(name="local_checkpoint", key=("agent",), versioned=False)

    agent: Short
    assignment: Short = ""
    bead: Short = ""
    branch: Short = ""
    last_commit: Short = ""
    changed: tuple[str, ...] = ()  # files that were not committed
    step: str = ""
    notes: str = ""
    session: Short = ""
    at: int = 0


class Lease(Row, frozen=True, kw_only=True):
    """The right to do one thing, of one holder, until a moment."""

    table: ClassVar[Table] = Table(name="local_lease", key=("resource",), versioned=False)

    resource: Short
    holder: Short = ""
    expires_at: int = 0


REMOTE_AWAY: Final = "work.remote"  # the code of what hinders work that could not be handed in


class Hindrance(Row, frozen=True, kw_only=True):
    """What keeps the session of some work from beginning, through no fault of the work."""

    table: ClassVar[Table] = Table(name="local_hindrance", key=("assignment",), versioned=False)

    assignment: Short
    bead: Short = ""
    about: Short = ""  # the matter that a person is told of; work with one cause has one
    code: Short = ""
    why: str = ""
    times: int = 0
    since: int = 0
    at: int = 0
    rests_until: int = 0  # it is not tried again before; 0 for what is looked at each time


class MergeRequest(Row, frozen=True, kw_only=True):
    """Work that was handed in, on its way into the branch it is meant for."""

    table: ClassVar[Table] = Table(
        name="merge_requests", key=("id",), indexes=(("rig", "state"), ("rig", "branch"), ("bead",))
    )

    id: Short
    rig: Short = ""
    bead: Short = ""
    assignment: Short = ""
    worker: Short = ""
    branch: Short = ""
    sha: Short = ""
    target: Short = ""
    state: Short = READY
    priority: int = 2
    retries: int = 0
    convoy: Short = ""
    convoy_at: int = 0
    submitted_at: int = 0
    updated_at: int = 0
    blocked_by: Short = ""  # the bead of a conflict's task
    task: Short = ""  # the conflict's task that was done for it, and closes with it
    conflict_base: Short = ""  # the target's commit that it could not be put on
    at_once: bool = False  # it does not wait for others to be tried with
    tip: Short = ""  # the commit that is being pushed with it; empty before
    verified_base: Short = ""  # the commit on which its worker says it passed
    merge_commit: Short = ""
    failure: Short = ""  # conflict, tests, build, push, infrastructure, …
    reason: str = ""


class GateRun(Row, frozen=True, kw_only=True):
    """What the gates found of one tree."""

    table: ClassVar[Table] = Table(name="gate_runs", key=("id",), indexes=(("rig",), ("sha",)))

    id: Short
    rig: Short = ""
    sha: Short = ""  # the commit that was tried
    base: Short = ""  # the target's commit under it
    requests: tuple[str, ...] = ()
    passed: bool = False
    why: Short = ""  # batch, single, half, again, land
    gates: Mapping[str, Any] = msgspec.field(default_factory=dict)
    at: int = 0
    took_us: int = 0


class RefineryState(Row, frozen=True, kw_only=True):
    """How a rig's refinery stands: when it last worked, and what keeps it from working."""

    table: ClassVar[Table] = Table(name="local_refinery", key=("rig",), versioned=False)

    rig: Short
    cycled_at: int = 0
    said: str = ""  # what the last cycle came to
    broken: Short = ""  # what could not be done: gate, target, push, worktree
    reason: str = ""
    since: int = 0
    times: int = 0
    rests_until: int = 0


class SpentBranch(Row, frozen=True, kw_only=True):
    """A branch whose work is merged, and which is to be deleted where it still ends there."""

    table: ClassVar[Table] = Table(
        name="local_spent_branch", key=("rig", "branch"), versioned=False
    )

    rig: Short
    branch: Short
    sha: Short = ""
    target: Short = ""


WORK_ROWS: Final[tuple[type[Row], ...]] = (
    Assignment,
    Session,
    Handoff,
    Checkpoint,
    Lease,
    Hindrance,
    MergeRequest,
    GateRun,
    RefineryState,
    SpentBranch,
)
