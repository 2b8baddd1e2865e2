"""Which beads somebody means, and in which order: filters, sorts, and what is ready.

Pure. A filter without a word lets everything through that is not the town's own bookkeeping.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from ledger.beads.rows import LIVE, OPEN, TERMINAL, TOWN_TYPES, Bead
from ledger.beads.waiting import Graph, waits

HOUR_US: Final = 3_600_000_000
RECENT_US: Final = 48 * HOUR_US
LATE: Final = 999
Sort = Literal["priority", "hybrid", "oldest"]
SORTS: Final = ("priority", "hybrid", "oldest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a bead must be. Empty fields ask nothing; times are microseconds since 1970 UTC."""

    statuses: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    not_types: tuple[str, ...] = ()
    priorities: tuple[int, ...] = ()
    priority_min: int | None = None
    priority_max: int | None = None
    labels: tuple[str, ...] = ()  # all of them
    labels_any: tuple[str, ...] = ()  # at least one
    not_labels: tuple[str, ...] = ()
    assignee: str = ""
    unassigned: bool = False
    words: str = ""  # in title, description, notes or id
    title: str = ""
    ids: tuple[str, ...] = ()
    created: tuple[int, int] | None = None
    updated: tuple[int, int] | None = None
    closed: tuple[int, int] | None = None
    bookkeeping: bool = False  # the town's own types too
    ephemeral: bool = False
    external_ref: str = ""

    def takes(self, bead: Bead) -> bool:
        """Whether the bead is meant."""
        return (
            self._by_kind(bead)
            and self._by_people(bead)
            and self._by_text(bead)
            and self._by_time(bead)
        )

    def _by_kind(self, bead: Bead) -> bool:
        if self.types:
            if bead.issue_type not in self.types:
                return False
        elif not self.bookkeeping and bead.issue_type in TOWN_TYPES:
            return False
        if bead.issue_type in self.not_types or (bead.ephemeral and not self.ephemeral):
            return False
        if self.statuses and bead.status not in self.statuses:
            return False
        least, most = self.priority_min, self.priority_max
        return (
            (not self.priorities or bead.priority in self.priorities)
            and (least is None or bead.priority >= least)
            and (most is None or bead.priority <= most)
        )

    def _by_people(self, bead: Bead) -> bool:
        if self.unassigned and bead.assignee:
            return False
        if self.assignee and bead.assignee != self.assignee:
            return False
        labels = set(bead.labels)
        return (
            labels.issuperset(self.labels)
            and (not self.labels_any or bool(labels & set(self.labels_any)))
            and not labels & set(self.not_labels)
        )

    def _by_text(self, bead: Bead) -> bool:
        if self.ids and bead.id not in self.ids:
            return False
        if self.external_ref and bead.external_ref != self.external_ref:
            return False
        if self.title and self.title.casefold() not in bead.title.casefold():
            return False
        if not self.words:
            return True
        text = f"{bead.id}\n{bead.title}\n{bead.description}\n{bead.notes}".casefold()
        return all(word in text for word in self.words.casefold().split())

    def _by_time(self, bead: Bead) -> bool:
        spans = (
            (self.created, bead.created_at),
            (self.updated, bead.updated_at),
            (self.closed, bead.closed_at),
        )
        return all(span is None or span[0] <= at < span[1] for span, at in spans)


# What a list can be sorted by; priority first, then the newest, as everywhere.
ORDERS: Final[dict[str, Callable[[Bead], Any]]] = {
    "priority": lambda bead: (bead.priority, -bead.created_at, bead.id),
    "created": lambda bead: (-bead.created_at, bead.id),
    "updated": lambda bead: (-bead.updated_at, bead.id),
    "closed": lambda bead: (-bead.closed_at, bead.id),
    "status": lambda bead: (bead.status, bead.priority, bead.id),
    "id": lambda bead: bead.id,
    "title": lambda bead: (bead.title.casefold(), bead.id),
    "type": lambda bead: (bead.issue_type, bead.priority, bead.id),
    "assignee": lambda bead: (bead.assignee, bead.priority, bead.id),
}


def listed(beads: Iterable[Bead], wanted: Filter, *, order: str = "priority") -> list[Bead]:
    """The beads that are meant, in this order of `ORDERS`."""
    return sorted((bead for bead in beads if wanted.takes(bead)), key=ORDERS[order])


def ready(
    beads: Iterable[Bead], graph: Graph, wanted: Filter, *, now: int, sort: Sort = "priority"
) -> list[Bead]:
    """The beads that somebody could begin now: open, not waiting, blocked by nothing."""
    found = [
        bead
        for bead in beads
        if bead.status == OPEN
        and not bead.pinned
        and not bead.is_template
        and not waits(bead, now=now)
        and wanted.takes(bead)
        and not graph.blockers(bead.id)
        and not graph.deferred_above(bead.id, now=now)
    ]
    return sorted(found, key=_by(sort, now))


def _by(sort: Sort, now: int) -> Callable[[Bead], Any]:
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
    return lambda bead: (bead.priority, bead.created_at, bead.id)


def blocked(beads: Iterable[Bead], graph: Graph, wanted: Filter) -> list[Bead]:
    """The beads that wait for others, those of the highest priority first."""
    found = [
        bead
        for bead in beads
        if bead.status in LIVE and wanted.takes(bead) and graph.blockers(bead.id)
    ]
    return sorted(found, key=ORDERS["priority"])


def counts(beads: Sequence[Bead], graph: Graph, *, now: int) -> dict[str, int]:
    """How many beads there are of each standing."""
    work = Filter()
    by_status = dict.fromkeys((*LIVE, *TERMINAL), 0)
    for bead in beads:
        if work.takes(bead):
            by_status[bead.status] = by_status.get(bead.status, 0) + 1
    return {
        "total": sum(by_status.values()) - by_status["tombstone"],
        **{name: count for name, count in by_status.items() if name != "tombstone"},
        "blocked_by_others": len(blocked(beads, graph, work)),
        "ready": len(ready(beads, graph, work, now=now)),
    }
