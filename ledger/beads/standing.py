"""How beads stand: ready to begin, blocked by others, or neither; and how many of each.

Pure. A bead is ready when it is open, waits for no day, and nothing that it depends on is open.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, Literal

from ledger.beads.choosing import ORDERS, Filter, Some
from ledger.beads.rows import (
    DEFERRED,
    EPIC,
    LIVE,
    OPEN,
    PINNED,
    TERMINAL,
    TOMBSTONE,
    Bead,
    Comment,
    Outline,
)
from ledger.beads.waiting import Graph, waits

HOUR_US: Final = 3_600_000_000
RECENT_US: Final = 48 * HOUR_US
LATE: Final = 999
Sort = Literal["priority", "hybrid", "oldest"]
SORTS: Final[tuple[Sort, ...]] = ("priority", "hybrid", "oldest")


def is_ready(
    bead: Outline,
    graph: Graph,
    *,
    now: int,
    deferred: bool = False,
    begun_from: Collection[str] = (OPEN,),
) -> bool:
    """Whether somebody could begin the bead now; `deferred` lets those of a later day in."""
    if bead.status not in begun_from and not (deferred and bead.status == DEFERRED):
        return False
    if bead.pinned or bead.is_template:
        return False
    if (not deferred and waits(bead, now=now)) or graph.blockers(bead.id):
        return False
    return deferred or not graph.deferred_above(bead.id, now=now)


def ready(
    beads: Iterable[Some],
    graph: Graph,
    wanted: Filter,
    *,
    now: int,
    deferred: bool = False,
    begun_from: Collection[str] = (OPEN,),
) -> list[Some]:
    """The beads that somebody could begin now, in no order."""
    test = wanted.test()
    return [
        bead
        for bead in beads
        if test(bead) and is_ready(bead, graph, now=now, deferred=deferred, begun_from=begun_from)
    ]


def readiest(sort: Sort, *, now: int) -> Callable[[Any], Any]:
    """The key by which ready beads are offered; those of one priority as lists have them."""
    if sort == "oldest":
        return lambda bead: (bead.created_at, bead.id)
    if sort == "hybrid":
        since = now - RECENT_US
        return lambda bead: (
            bead.created_at < since,
            bead.priority if bead.created_at >= since else LATE,
            bead.created_at,
            bead.id,
        )
    return ORDERS["priority"]


def is_blocked(bead: Bead, graph: Graph) -> bool:
    """Whether the bead waits for another one."""
    return bead.status in LIVE and bool(graph.blockers(bead.id))


def blocked(beads: Iterable[Bead], graph: Graph, wanted: Filter) -> list[Bead]:
    """The beads that wait for others, those of the highest priority first."""
    test = wanted.test()
    found = [bead for bead in beads if test(bead) and is_blocked(bead, graph)]
    return sorted(found, key=ORDERS["priority"])


def summary(beads: Iterable[Bead], graph: Graph, *, now: int, actor: str = "") -> dict[str, Any]:
    """How many beads there are of each standing; only one person's where `actor` says whose."""
    work = [bead for bead in beads if bead.status != TOMBSTONE]
    kept = list(filter(Filter(assignee=actor).test(), work))
    by_status = groups(kept, lambda bead: (bead.status,))
    took = [bead.closed_at - bead.created_at for bead in kept if bead.status in TERMINAL]
    done = [epic for epic in kept if epic.issue_type == EPIC and all_children_closed(epic, graph)]
    return {
        "total_issues": len(kept),
        "open_issues": by_status.get("open", 0),
        "in_progress_issues": by_status.get("in_progress", 0),
        "closed_issues": by_status.get("closed", 0),
        "blocked_issues": len(blocked(kept, graph, Filter())),
        "deferred_issues": by_status.get("deferred", 0),
        "ready_issues": len(ready(kept, graph, Filter(), now=now)),
        "pinned_issues": sum(bead.pinned or bead.status == PINNED for bead in kept),
        "epics_eligible_for_closure": len(done),
        "average_lead_time_hours": round(sum(took) / len(took) / HOUR_US, 2) if took else 0,
    }


def all_children_closed(epic: Bead, graph: Graph) -> bool:
    """Whether the bead is live and has children, and none of them is."""
    children = graph.children(epic.id)
    return bool(children) and epic.status in LIVE and not open_children(epic, graph)


def open_children(bead: Bead, graph: Graph) -> list[str]:
    """The children that are not closed."""
    found = [graph.bead_of(child) for child in graph.children(bead.id)]
    return [child.id for child in found if child is not None and child.status not in TERMINAL]


# What beads are counted by: the names of the groups that one belongs to.
GROUPS: Final[Mapping[str, Callable[[Bead], Iterable[str]]]] = {
    "status": lambda bead: (bead.status,),
    "priority": lambda bead: (f"P{bead.priority}",),
    "type": lambda bead: (bead.issue_type,),
    "assignee": lambda bead: (bead.assignee or "(unassigned)",),
    "label": lambda bead: bead.labels or ("(no labels)",),
}


def groups(beads: Iterable[Bead], names: Callable[[Bead], Iterable[str]]) -> dict[str, int]:
    """How many beads belong to each group, by its name."""
    found: dict[str, int] = {}
    for bead in beads:
        for name in names(bead):
            found[name] = found.get(name, 0) + 1
    return dict(sorted(found.items()))


def spoken(comments: Iterable[Comment]) -> dict[str, int]:
    """How many comments each bead has."""
    found: dict[str, int] = {}
    for comment in comments:
        found[comment.issue_id] = found.get(comment.issue_id, 0) + 1
    return found
