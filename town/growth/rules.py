"""The rules by which old things go: what sessions printed, what happened, sessions, gate runs.

Pure. Each is told what there is and says what goes; what anything that is not over still names
stays, however old it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.private.rows import Event
from ledger.workspace.work import MERGED, OPEN_REQUESTS, GateRun, MergeRequest, Session
from stamps.clock import SECOND_US

RECENT_US: Final = 24 * 3_600 * SECOND_US


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """A file of what a session printed; `row` is None where no session is known to have it."""

    path: Path
    size: int
    row: Session | None
    ended_at: int  # when its session ended, or when the file was last written


def too_many(
    found: Sequence[Transcript], *, now: int, age_us: int, bytes_max: int
) -> list[Transcript]:
    """Those that go: too old, or the oldest of more than there may be.

    Never that of a session that runs, or that ended within the last day.
    """
    free = [
        one
        for one in found
        if (one.row is None or one.row.ended_at) and now - one.ended_at >= RECENT_US
    ]
    free.sort(key=lambda one: (one.ended_at, one.path.name))
    total = sum(one.size for one in found)
    gone = []
    for one in free:
        if now - one.ended_at < age_us and total <= bytes_max:
            break
        total -= one.size
        gone.append(one)
    return gone


def long_ago(oldest: Sequence[Event], *, before: int) -> Sequence[Event]:
    """Those of the oldest events that go: from before this moment, and never the last.

    A clock that was set back for a while hides nothing: the first that is younger ends them.
    """
    gone = 0
    while gone < len(oldest) - 1 and oldest[gone].at < before:
        gone += 1
    return oldest[:gone]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What is not over, and so keeps whatever of long ago belongs to it."""

    beads: frozenset[str]  # those that are not closed
    works: frozenset[str]  # assignments that are not over, or whose request is in a queue
    requests: Mapping[str, MergeRequest]  # those that old gate runs were about


def session_goes(row: Session, *, before: int, named: Named) -> bool:
    """Whether the row of a session goes, whose transcript was not kept."""
    over = 0 < row.ended_at < before
    return over and row.bead not in named.beads and row.assignment not in named.works


def run_goes(run: GateRun, *, before: int, named: Named) -> bool:
    """Whether what the gates found goes: never that by which a request was merged."""
    about = [named.requests[one] for one in run.requests if one in named.requests]
    if run.at >= before or any(is_open(one, named) for one in about):
        return False
    last = named.requests.get(run.requests[-1]) if run.requests else None
    merged = last is not None and last.state == MERGED and last.merge_commit == run.sha
    return not (run.passed and merged)


def is_open(request: MergeRequest, named: Named) -> bool:
    """Whether the request is in a queue, or its bead is still to be done."""
    return request.state in OPEN_REQUESTS or request.bead in named.beads
