"""What the watch does next: from rows and living processes to acts.

Pure. It looks at everything each time and remembers nothing, so that a loop that was killed goes on
where it was. One counter of attempts a bead decides when it is enough.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.beads.rows import HOOKED, IN_PROGRESS, Bead
from ledger.workspace.rows import OPERATIONAL, POLECAT, Agent, Rig
from ledger.workspace.work import REMOTE_AWAY, Assignment, Hindrance, Session

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
HANDOFF: Final = "handoff"
CRASH: Final = "crash"
OVER: Final = "its work is over"
SILENT: Final = "it was silent"
NOT_RUN: Final = (126, 127)  # what a shell says of a program that is not there, or is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When enough is enough. Times in microseconds."""

    attempts_max: int = 3
    backoff_us: int = 30 * SECOND_US  # before the third session of a piece of work; doubled after
    backoff_max_us: int = 10 * MINUTE_US
    silent_us: int = 30 * MINUTE_US  # without a sign of work: nudged
    interrupt_after_us: int = 5 * MINUTE_US  # and still silent: interrupted
    restart_after_us: int = 5 * MINUTE_US  # and still silent: begun anew
    furnish_us: int = 120 * SECOND_US  # so long whoever gave the work may take for its worktree
    echo_us: int = 2 * SECOND_US  # what is printed so soon after a nudge is the nudge
    settle_us: int = 5 * SECOND_US  # a session whose work is over has so long to end by itself
    grace_us: int = 5 * MINUTE_US  # a session so young is never called silent
    stillborn_us: int = 5 * SECOND_US  # what could not be run has ended by then


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A session that should run, and what was seen of it."""

    row: Session
    alive: bool
    exit: int | None = None
    active_at: int = 0
    over_at: int = 0  # when its work was over; 0 where that goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Work on a worker's hook."""

    work: Assignment
    agent: Agent
    bead: Bead | None
    rig: Rig | None
    hindrance: Hindrance | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A session is to be begun for this work. `attempt` is the number of the session."""

    held: Held
    attempt: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A session's program is gone; `crashed` where its work was not over.

    `stillborn` where it never ran at all, `away` where it could not hand in because the remote gave
    no answer: neither is a fault of the work.
    """

    seen: Seen
    crashed: bool
    stillborn: bool = False
    away: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A session is to end: its work is over, or somebody else's by now."""

    seen: Seen
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """Work that killed its sessions too often is blocked, and a person told."""

    held: Held


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Work whose bead somebody closed, put back or gave to another is on its hook no more."""

    held: Held
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """A silent session is nudged, then interrupted."""

    seen: Seen
    how: str  # nudge, interrupt


@dataclass(frozen=True, slots=True, kw_only=True)
class Freed:
    """What kept some work from being begun does so no more."""

    hindrance: Hindrance


Act = Start | Ended | Stop | GiveUp | Release | Wake | Freed


def plan(
    held: Sequence[Held],
    sessions: Sequence[Seen],
    *,
    now: int,
    limits: Limits,
    paused: Mapping[str, str] | None = None,
) -> list[Act]:
    """Everything that is to be done now, in order. `paused` rigs begin nothing."""
    by_agent = {seen.row.agent: seen for seen in sessions if seen.alive}
    working = {one.agent.id: one for one in held if not _lost(one)}
    acts: list[Act] = [Release(held=one, why=why) for one in held if (why := _lost(one))]
    for seen in sessions:
        mine = working.get(seen.row.agent)
        acts += _of_session(seen, mine, now=now, limits=limits)
    # What ends in this round is counted first; the next one, at once after it, begins anew.
    ending = {act.seen.row.agent for act in acts if isinstance(act, Stop | Ended)}
    for one in held:
        if one.agent.id not in by_agent and one.agent.id not in ending:
            acts += _of_work(one, now=now, limits=limits, resting=paused or {})
    return acts


def _lost(held: Held) -> str:
    """Why the work is not its worker's any more, whatever its hook says; empty where it is."""
    if held.bead is None:
        return "its bead is gone"
    if held.bead.status not in (HOOKED, IN_PROGRESS):
        return f"its bead was set to {held.bead.status}"
    if held.bead.assignee != held.work.agent:
        return f"its bead was given to {held.bead.assignee or 'nobody'}"
    return ""


def _of_session(seen: Seen, mine: Held | None, *, now: int, limits: Limits) -> list[Act]:
    row = seen.row
    current = mine is not None and (not row.assignment or mine.work.id == row.assignment)
    if not seen.alive:
        crashed = current and bool(row.assignment) and row.reason != HANDOFF
        early = _recent(row.started_at, limits.stillborn_us, now=now)
        stillborn = crashed and early and seen.exit in NOT_RUN
        away = crashed and not stillborn and _met(mine, row)
        ended = crashed and not stillborn and not away
        return [Ended(seen=seen, crashed=ended, stillborn=stillborn, away=away)]
    if row.reason == HANDOFF:
        return [Stop(seen=seen, reason=HANDOFF)]
    if row.assignment and not current:
        settling = _recent(seen.over_at, limits.settle_us, now=now)
        return [] if settling else [Stop(seen=seen, reason=OVER)]
    if not row.assignment or mine is None:
        return []
    runs = not _recent(row.started_at, limits.stillborn_us, now=now)
    hindrance = mine.hindrance
    # A remote that was away is so until something is handed in: that a session runs says nothing.
    over = runs and hindrance is not None and hindrance.code != REMOTE_AWAY
    freed = [Freed(hindrance=hindrance)] if over and hindrance is not None else []
    return [*freed, *_of_silence(seen, now=now, limits=limits)]


def _met(held: Held | None, row: Session) -> bool:
    """Whether this very session wanted to hand in, and the remote gave no answer."""
    hindrance = held.hindrance if held is not None else None
    if hindrance is None or hindrance.code != REMOTE_AWAY:
        return False
    return hindrance.at >= row.started_at


def _recent(moment: int, span: int, *, now: int) -> bool:
    """Whether it is so near. A moment far ahead is of a clock that was set back: no wait for it."""
    return abs(now - moment) < span


def _of_silence(seen: Seen, *, now: int, limits: Limits) -> list[Act]:
    """Nudged, then interrupted, then begun anew; whoever shows a sign of work is left alone."""
    row = seen.row
    sign = max(seen.active_at, row.started_at)
    for told in (row.nudged_at, row.interrupted_at):
        sign = min(sign, told) if told <= sign < told + limits.echo_us else sign
    if now - row.started_at < limits.grace_us or now - sign < limits.silent_us:
        return []
    if row.nudged_at <= sign:
        return [Wake(seen=seen, how="nudge")]
    if row.interrupted_at <= sign:
        due = row.nudged_at + limits.interrupt_after_us
        return [Wake(seen=seen, how="interrupt")] if now >= due else []
    due = row.interrupted_at + limits.restart_after_us
    return [Stop(seen=seen, reason=SILENT)] if now >= due else []


def _of_work(held: Held, *, now: int, limits: Limits, resting: Mapping[str, str]) -> list[Act]:
    rig = held.rig
    if _lost(held) or held.agent.role != POLECAT:
        return []
    if rig is None or rig.state != OPERATIONAL or rig.name in resting:
        return []
    failed = held.bead.attempts if held.bead is not None else 0
    if failed >= limits.attempts_max:
        return [GiveUp(held=held)]
    if _waits(held, failed, now=now, limits=limits):
        return []
    return [Start(held=held, attempt=failed + 1, reason=CRASH if failed else "assigned")]


def _waits(held: Held, failed: int, *, now: int, limits: Limits) -> bool:
    """Whether it is too early to begin: its worktree is being made, or it was tried just now."""
    work, hindrance = held.work, held.hindrance
    unfurnished = bool(work.worktree) and not work.furnished_at
    if unfurnished and _recent(work.created_at, limits.furnish_us, now=now):
        return True
    if hindrance is not None and now < hindrance.rests_until:
        return _recent(hindrance.at, hindrance.rests_until - hindrance.at, now=now)
    return _recent(work.session_ended_at, backoff(failed, limits), now=now)


def backoff(failed: int, limits: Limits) -> int:
    """How long to wait before work is tried again; after the first failure not at all."""
    if failed <= 1:
        return 0
    return min(limits.backoff_us << min(failed - 2, 20), limits.backoff_max_us)
