"""What becomes of a convoy: how far it is, when it lands, and why each of its beads does not move.

Pure. Everything is computed from rows whenever it is asked, so that nothing can drift. A bead that
is not closed always has a reason.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.beads.rows import (
    BLOCKED,
    CLOSED,
    DEFERRED,
    HOOKED,
    IN_PROGRESS,
    OPEN,
    PINNED,
    TERMINAL,
    TOMBSTONE,
    Bead,
)
from ledger.beads.waiting import Blocker, waits
from ledger.workspace.rows import CREW, OPERATIONAL, Agent, Rig
from ledger.workspace.talk import CLOSED_CONVOY, OPEN_CONVOY, STAGES, Convoy
from ledger.workspace.work import (
    BLOCKED_REQUEST,
    CONFLICT,
    HELD,
    NO_TARGET,
    OPEN_REQUESTS,
    REMOTE_AWAY,
    REVIEW,
    SPAWNING,
    STUCK,
    TRYING,
    Assignment,
    Hindrance,
    MergeRequest,
    Session,
)

MINUTE_US: Final = 60_000_000
SPAWN_GRACE_US: Final = 5 * MINUTE_US
EMPTY_GRACE_US: Final = 5 * MINUTE_US
STALL_US: Final = 15 * MINUTE_US
SLINGABLE: Final = ("task", "bug", "feature", "chore", "")
ALL_CLOSED: Final = "all tracked issues closed"
EMPTY: Final = "nothing to follow"
BY_OWNER: Final = "Landed by owner"
SHOWN_MAX: Final = 5
QUEUED: Final = "queued"
STARTING: Final = "starting"
DEAD: Final = "worker-dead"
NOT_BEGUN: Final = "not-begun"


@dataclass(frozen=True, slots=True)
class Reason:
    """How a member stands: a word for programs, a sentence for people, and what it waits for.

    `moving` where somebody works on it now, or the town itself is about to.
    """

    code: str
    words: str
    by: tuple[str, ...] = ()
    moving: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A member, and the rows around it."""

    bead: Bead
    blockers: tuple[Blocker, ...] = ()
    deferred_above: bool = False
    rig: Rig | None = None  # whose beads have its prefix
    agent: Agent | None = None  # who is named as its assignee
    work: Assignment | None = None  # the one that is not over
    session: Session | None = None  # the last one of that work
    hindrance: Hindrance | None = None  # what keeps the next one from beginning
    request: MergeRequest | None = None  # the one that is open
    ahead: int = 0  # how many of its rig's requests are before it
    rests: str = ""  # what keeps its rig's merging from going on
    off: str = ""  # the setting by which nothing of its rig is merged
    rejections: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """Whether and how the town gives work to workers. `free` is None where nothing limits it."""

    running: bool
    paused: str = ""  # by whom
    free: int | None = None


# --- how far


def progress(beads: Iterable[Bead | None]) -> tuple[int, int]:
    """How many members are closed, and how many there are; one that was deleted is none."""
    found = [bead for bead in beads if bead is not None and bead.status != TOMBSTONE]
    return sum(bead.status == CLOSED for bead in found), len(found)


def landing(convoy: Convoy, beads: Sequence[Bead | None], *, now: int) -> str:
    """Why the convoy lands now; empty where it does not. An owned one waits for its owner."""
    if convoy.status != OPEN_CONVOY or convoy.owned:
        return ""
    closed, whole = progress(beads)
    if whole:
        return ALL_CLOSED if closed == whole else ""
    return EMPTY if now - max(convoy.created_at, convoy.changed_at) >= EMPTY_GRACE_US else ""


def is_ready(standing: Standing, *, now: int) -> bool:
    """Whether the member could be given to a worker now."""
    bead = standing.bead
    return (
        bead.status == OPEN
        and not bead.assignee
        and bead.issue_type in SLINGABLE
        and not (bead.pinned or bead.is_template)
        and not (waits(bead, now=now) or standing.deferred_above)
        and not standing.blockers
        and standing.work is None
        and standing.request is None
        and standing.rig is not None
        and standing.rig.state == OPERATIONAL
    )


# --- why not further


def reason(standing: Standing, convoy: Convoy, dispatch: Dispatch, *, now: int) -> Reason:
    """How the member stands, and what it waits for; never nothing."""
    for look in (_over, _in_the_queue, _in_hands, _held_up, _nobodys):
        found = look(standing, now)
        if found is not None:
            return _with_past(found if dispatch.running else _without_node(found), standing)
    return _with_past(_dispatched(standing, convoy, dispatch), standing)


def _without_node(found: Reason) -> Reason:
    """The same where nobody merges and nobody begins sessions."""
    if found.code == QUEUED:
        return Reason("nobody-merges", f"{found.words}, and nobody merges", found.by)
    if found.code == STARTING:
        words = f"on the hook of {found.by[0]}, and nobody begins its session: gt up"
        return Reason(NOT_BEGUN, words, found.by)
    if found.code == DEAD:
        return Reason(NOT_BEGUN, f"{found.words}, and nobody begins another: gt up", found.by)
    return found


def merging(standing: Standing, dispatch: Dispatch) -> Reason:
    """How an open request stands that is about no bead of ours."""
    nowhere = Convoy(id="", status=OPEN_CONVOY)
    return reason(standing, nowhere, dispatch, now=0)


def first_line(text: str) -> str:
    """What a program said first, for a place that has room for a line."""
    lines = [line.removeprefix("remote: ").strip() for line in text.splitlines()]
    return next((line for line in lines if line), "")


def _with_past(found: Reason, standing: Standing) -> Reason:
    """The reason, and how often a merge was refused before."""
    if not standing.rejections or found.code in ("done", "gone"):
        return found
    again = f"; its merge was rejected {_times(standing.rejections)}"
    return Reason(found.code, found.words + again, found.by, moving=found.moving)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _over(standing: Standing, now: int) -> Reason | None:
    del now
    if standing.bead.status == TOMBSTONE:
        return Reason("gone", "was deleted")
    return Reason("done", "closed") if standing.bead.status in TERMINAL else None


def _in_the_queue(standing: Standing, now: int) -> Reason | None:
    del now
    request = standing.request
    if request is None or request.state not in OPEN_REQUESTS:
        return None
    return _elsewhere(standing, request) or _queued(standing, request)


def _elsewhere(standing: Standing, request: MergeRequest) -> Reason | None:
    """It is in somebody's hands: the refinery's, whoever resolves its conflict, a person's."""
    if request.state == TRYING and not standing.rests:  # else its trial was cut short
        return Reason("merging", f"{request.id} is being tried", (request.id,), moving=True)
    if request.state == BLOCKED_REQUEST:
        task = request.blocked_by
        return Reason("conflict", f"{request.id} waits for its conflict: {task}", (task,))
    if request.state == REVIEW:
        words = f"{request.id} passed its gates; a person merges {request.branch}"
        return Reason("in-review", f"{words} into {request.target}", (request.id,))
    return None


def _queued(standing: Standing, request: MergeRequest) -> Reason:  # noqa: PLR0911  # one a case
    if standing.rig is not None and standing.rig.state != OPERATIONAL:
        return _resting(standing.rig)
    if standing.off:
        return Reason("queue-off", f"nothing is merged: {standing.off}", (request.id,))
    if standing.rests:
        why = first_line(standing.rests)
        return Reason("queue-rests", f"merging rests: {why}", (request.id,))
    if request.failure == NO_TARGET:
        return Reason("target-gone", f"{request.id} is {request.reason}", (request.id,))
    if request.failure == CONFLICT:
        words = f"{request.id}: {request.reason}; another conflict is resolved first"
        return Reason("conflicts-before", words, (request.id,), moving=True)
    before = f"{standing.ahead} before it" if standing.ahead else "the first of it"
    words = f"waits in the merge queue, {before}"
    return Reason(QUEUED, words, (request.id,), moving=True)


def _resting(rig: Rig) -> Reason:
    return Reason(f"rig-{rig.state}", f"rig {rig.name} is {rig.state}", (rig.name,))


def _in_hands(standing: Standing, now: int) -> Reason | None:
    work, session = standing.work, standing.session
    if work is None:
        return None
    who = (work.agent,)
    if work.state not in HELD:
        return Reason("handed-in", f"{work.agent} handed it in; a person merges it", who)
    if work.state == STUCK:
        return Reason("worker-stuck", f"{work.agent} says it is stuck", who)
    if session is not None and not session.ended_at:
        words = f"{work.agent} works on it" if work.started_at else f"{work.agent} begins"
        return Reason("working", words, who, moving=True)
    return _without_session(standing, work, now)


def _without_session(standing: Standing, work: Assignment, now: int) -> Reason:
    who, session = (work.agent,), standing.session
    if standing.rig is not None and standing.rig.state != OPERATIONAL:
        return _resting(standing.rig)
    if standing.hindrance is not None:
        what = "hand in" if standing.hindrance.code == REMOTE_AWAY else "begin"
        why = first_line(standing.hindrance.why)
        return Reason("hindered", f"{work.agent} cannot {what}: {why}", who)
    if f"/{CREW}/" in work.agent:
        return Reason("crew-away", f"on the hook of {work.agent}, who has no session", who)
    if session is None and now - work.created_at < SPAWN_GRACE_US:
        return Reason(STARTING, f"{work.agent} is about to begin", who, moving=True)
    begun = work.state != SPAWNING or session is not None
    words = "its session is gone" if begun else "its session was never begun"
    return Reason(DEAD, f"{work.agent}: {words}, attempt {work.attempt}", who)


def _held_up(standing: Standing, now: int) -> Reason | None:
    bead, by = standing.bead, tuple(blocker.id for blocker in standing.blockers)
    if by:
        return Reason("blocked", f"blocked by {_some(by)}", by)
    if bead.status == BLOCKED:
        tries = f" after {bead.attempts} attempts" if bead.attempts else ""
        return Reason("given-up", f"set to blocked{tries}; a person decides")
    if bead.status == DEFERRED or waits(bead, now=now) or standing.deferred_above:
        return Reason("deferred", "put off to a later day")
    if bead.status == PINNED or bead.pinned or bead.is_template:
        return Reason("pinned", "is no work to be done: pinned, or a template")
    return None


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN_MAX} more" if len(names) > SHOWN_MAX else ""
    return ", ".join(names[:SHOWN_MAX]) + more


def _nobodys(standing: Standing, now: int) -> Reason | None:
    """Somebody is named, and yet no work of theirs is under way."""
    del now
    bead = standing.bead
    if bead.status in (HOOKED, IN_PROGRESS):
        if standing.agent is not None:
            words = f"said to be {bead.assignee}'s, who does not work on it"
            return Reason("orphaned", words, (bead.assignee,))
        whose = bead.assignee or "somebody"
        return Reason("in-hands", f"in the hands of {whose}", (bead.assignee,), moving=True)
    if bead.assignee:
        return Reason("assigned", f"assigned to {bead.assignee}, not begun", (bead.assignee,))
    if bead.status != OPEN:
        return Reason("set-aside", f"has the status {bead.status}")
    return None


def _dispatched(  # noqa: PLR0911  # one a case
    standing: Standing, convoy: Convoy, dispatch: Dispatch
) -> Reason:
    """It could begin: what still keeps a worker from it."""
    rig, kind = standing.rig, standing.bead.issue_type
    if convoy.status in STAGES:
        return Reason("staged", f"{convoy.id} is not launched", (convoy.id,))
    if kind not in SLINGABLE:
        return Reason("not-slung", f"is of type {kind}, which no worker is given")
    if rig is None:
        return Reason("no-rig", "its prefix is that of no rig; somebody has to do it by hand")
    if rig.state != OPERATIONAL:
        return _resting(rig)
    if convoy.owned or convoy.status == CLOSED_CONVOY:
        return Reason("unassigned", "nobody has it, and its owner slings it", (convoy.owner,))
    return _waiting(dispatch)


def _waiting(dispatch: Dispatch) -> Reason:
    if dispatch.paused:
        return Reason("paused", f"dispatch was paused by {dispatch.paused}", (dispatch.paused,))
    if not dispatch.running:
        return Reason("nobody-dispatches", "nobody has it, and nobody dispatches: gt up")
    if dispatch.free is not None and dispatch.free <= 0:
        return Reason("no-capacity", "every worker is busy")
    return Reason("ready", "is given to the next worker", moving=True)


def full(rig: Rig) -> Reason:
    """Every worker that the rig may have has work."""
    return Reason("no-capacity", f"every worker of {rig.name} is busy", (rig.name,))


# --- nothing moves


def stalled(reasons: Iterable[Reason]) -> bool:
    """Whether there is work left and none of it moves."""
    left = [found for found in reasons if found.code not in ("done", "gone")]
    return bool(left) and not any(found.moving for found in left)


def last_change(convoy: Convoy, standings: Iterable[Standing]) -> int:
    """When something of the convoy or of its members last changed."""
    times = [convoy.created_at, convoy.changed_at]
    for one in standings:
        times.append(one.bead.updated_at)
        work, session, request = one.work, one.session, one.request
        times += [work.created_at, work.started_at, work.session_ended_at] if work else []
        times += [session.started_at, session.ended_at] if session else []
        times += [request.updated_at, request.submitted_at] if request else []
    return max(times)


# --- waves


def waves(needs: Mapping[str, Iterable[str]]) -> tuple[list[list[str]], list[str]]:
    """The beads in the order in which they can be begun together, and those in a circle.

    `needs` says what each waits for; what is not among the beads does not count.
    """
    left = {bead: {one for one in others if one in needs} for bead, others in needs.items()}
    found: list[list[str]] = []
    while wave := sorted(bead for bead, others in left.items() if not others):
        found.append(wave)
        for bead in wave:
            del left[bead]
        for others in left.values():
            others.difference_update(wave)
    return found, sorted(left)
