"""The order of a merge queue: who comes first, who has to wait, and who is tried together.

Pure. Scores are those of the predecessor; of equals the oldest is first, so that nobody starves.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.workspace.work import BLOCKED_REQUEST, READY, REVIEW, MergeRequest, RefineryState
from stamps.clock import SECOND_US

HOUR_US: Final = 3_600 * SECOND_US
BASE: Final = 1_000
OF_CONVOY_HOUR: Final = 10
OF_PRIORITY: Final = 100
OF_RETRY: Final = 50
OF_RETRIES_MAX: Final = 300
LOWEST: Final = 4


def score(request: MergeRequest, *, now: int) -> float:
    """How urgent a request is; a priority that is none counts as the lowest."""
    priority = request.priority if 0 <= request.priority <= LOWEST else LOWEST
    convoy_h = max(0, now - request.convoy_at) / HOUR_US if request.convoy_at else 0.0
    own_h = max(0, now - request.submitted_at) / HOUR_US
    retries = min(OF_RETRY * max(0, request.retries), OF_RETRIES_MAX)
    return BASE + OF_CONVOY_HOUR * convoy_h + OF_PRIORITY * (LOWEST - priority) - retries + own_h


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A request in the queue, and what keeps it from being merged."""

    request: MergeRequest
    score: float = 0.0
    needs: tuple[str, ...] = ()  # open beads that its own bead waits for
    waits: str = ""  # another reason to wait, in words

    @property
    def ready(self) -> bool:
        """Whether nothing but others of the same batch could keep it waiting."""
        return self.request.state == READY and not self.waits

    @property
    def waiting_on(self) -> str:
        """What it waits for, in words; empty for nothing."""
        if self.request.state == BLOCKED_REQUEST and self.request.blocked_by:
            return f"waiting on {self.request.blocked_by}"
        if self.request.state == REVIEW:
            return f"waiting on a person to merge it into {self.request.target}"
        if self.waits:
            return self.waits
        return f"waiting on {', '.join(self.needs)}" if self.needs else ""


def in_order(lines: Iterable[Line], *, by_age: bool = False) -> list[Line]:
    """The most urgent first; of equals, or `by_age`, the oldest."""

    def rank(line: Line) -> tuple[float, int, str]:
        first = 0.0 if by_age else -line.score
        return first, line.request.submitted_at, line.request.id

    return sorted(lines, key=rank)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Requests for one target that are tried together, in their order; `due` is when."""

    lines: tuple[Line, ...] = ()
    due: int = 0

    @property
    def target(self) -> str:
        """The branch that all of them are for."""
        return self.lines[0].request.target if self.lines else ""

    def needs(self) -> dict[str, frozenset[str]]:
        """Who of the batch needs whom of the batch, by the ids of requests."""
        of_bead = {line.request.bead: line.request.id for line in self.lines if line.request.bead}
        return {
            line.request.id: frozenset(of_bead[bead] for bead in line.needs if bead in of_bead)
            for line in self.lines
        }


def rests(state: RefineryState, *, now: int) -> bool:
    """Whether a refinery rests after something was broken.

    A moment far ahead is of a clock that was set back since: nobody waits for it.
    """
    rest = state.rests_until - state.cycled_at
    return bool(state.broken) and abs(now - state.cycled_at) < rest


def is_due(found: Batch, *, now: int, wait_us: int) -> bool:
    """Whether they are tried now; a moment later than any can be is as good as passed."""
    return bool(found.lines) and not now < found.due <= now + wait_us


def batch(lines: Sequence[Line], *, size: int, wait_us: int) -> Batch:
    """The most urgent requests that can go together, and when they are due.

    One whose bead waits for another goes along only behind that one. They are due once they are
    as many as can be, or the oldest has waited long enough, or one is to go at once.
    """
    chosen: list[Line] = []
    beads: set[str] = set()
    left = [line for line in in_order(lines) if line.ready]
    while len(chosen) < size:
        target = chosen[0].request.target if chosen else ""
        fitting = (
            line for line in left
            if set(line.needs) <= beads and target in ("", line.request.target)
        )  # fmt: skip
        found = next(fitting, None)
        if found is None:
            break
        left.remove(found)
        chosen.append(found)
        beads.add(found.request.bead)
    if not chosen:
        return Batch()
    at_once = len(chosen) == size or any(line.request.at_once for line in chosen)
    oldest = min(line.request.submitted_at for line in chosen)
    return Batch(lines=tuple(chosen), due=0 if at_once else oldest + wait_us)
