"""Who waits for whom: the links of beads as a graph, and what it lets begin.

Pure. A bead is blocked by an open bead that blocks it, by a parent that is blocked, by children
that somebody waits for, and for good by one that was to fail and did not.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError as GraphCycleError
from graphlib import TopologicalSorter
from typing import Final

from ledger.beads.rows import (
    BLOCKING,
    CONDITIONAL,
    DEFERRED,
    PARENT_CHILD,
    PINNED,
    TERMINAL,
    WAITS_FOR,
    Bead,
    Link,
)
from ledger.beads.rules import failed

ANY_CHILDREN: Final = "any-children"
DEPTH_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing that a bead waits for, and how: `open`, `parent`, `children` or `succeeded`."""

    id: str
    how: str


@dataclass(slots=True)
class Graph:
    """The links among beads, with a way to look a bead up."""

    bead_of: Callable[[str], Bead | None]
    needs: dict[str, list[Link]] = field(default_factory=dict)
    needed: dict[str, list[Link]] = field(default_factory=dict)
    _blocked: dict[str, tuple[Blocker, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, links: Iterable[Link], bead_of: Callable[[str], Bead | None]) -> "Graph":
        """The graph of these links."""
        graph = cls(bead_of)
        for link in links:
            graph.needs.setdefault(link.issue_id, []).append(link)
            graph.needed.setdefault(link.depends_on_id, []).append(link)
        return graph

    def children(self, parent: str) -> list[str]:
        """The beads below this one."""
        links = self.needed.get(parent, ())
        return sorted(link.issue_id for link in links if link.type == PARENT_CHILD)

    def parent(self, bead: str) -> str:
        """The bead above this one; empty for none."""
        links = self.needs.get(bead, ())
        return next((link.depends_on_id for link in links if link.type == PARENT_CHILD), "")

    def below(self, parent: str) -> list[str]:
        """Every bead below this one, however deep, each once."""
        found: dict[str, None] = {}
        left = [parent]
        while left:
            for child in self.children(left.pop()):
                if child not in found and child != parent:
                    found[child] = None
                    left.append(child)
        return list(found)

    def blockers(self, bead: str) -> tuple[Blocker, ...]:
        """What the bead waits for, in order of id; nothing for one that could begin."""
        if bead not in self._blocked:
            for one in self._upwards(bead):
                self._blocked[one] = self._look(one)
        return self._blocked[bead]

    def _upwards(self, bead: str) -> list[str]:
        """The bead and every bead above it that was not looked at, those above first."""
        order: list[str] = []
        met: set[str] = set()
        left = [(bead, False)]
        while left:
            at, done = left.pop()
            if done:
                order.append(at)
            elif at not in met and at not in self._blocked:
                met.add(at)
                left.append((at, True))
                above = self.needs.get(at, ())
                left += [(link.depends_on_id, False) for link in above if link.type == PARENT_CHILD]
        return order

    def _look(self, bead: str) -> tuple[Blocker, ...]:
        found = [
            blocker
            for link in self.needs.get(bead, ())
            if (blocker := self._of_link(link)) is not None
        ]
        return tuple(sorted(found, key=lambda blocker: blocker.id))

    def _of_link(self, link: Link) -> Blocker | None:
        other = self.bead_of(link.depends_on_id)
        if other is None or link.type not in BLOCKING:
            return None
        if link.type == PARENT_CHILD:
            how = "parent" if self._blocked.get(other.id) else ""
        elif link.type == WAITS_FOR:
            how = "children" if self._awaited(other, link.metadata) else ""
        elif other.status not in (*TERMINAL, PINNED):
            how = "open"
        else:
            never = link.type == CONDITIONAL and other.status in TERMINAL and not failed(other)
            how = "succeeded" if never else ""
        return Blocker(other.id, how) if how else None

    def _awaited(self, spawner: Bead, metadata: str) -> bool:
        """Whether children of the spawner are still to come or to close."""
        beads = [self.bead_of(child) for child in self.children(spawner.id)]
        closed = [bead is None or bead.status in TERMINAL for bead in beads]
        if not closed:
            return spawner.status not in TERMINAL
        return not (any(closed) if _gate(metadata) == ANY_CHILDREN else all(closed))

    def deferred_above(self, bead: str, *, now: int) -> bool:
        """Whether a bead above this one waits for a later day."""
        above = self.parent(bead)
        for _ in range(DEPTH_MAX):
            parent = self.bead_of(above) if above else None
            if parent is None:
                return False
            if waits(parent, now=now):
                return True
            above = self.parent(above)
        return False

    def cycle(self, bead: str, needs: str) -> Sequence[str]:
        """The way back to the bead that a link to `needs` would close; empty for none."""
        came: dict[str, str] = {needs: bead}
        left = [needs]
        while left:
            at = left.pop()
            if at == bead:
                return _way(came, bead)
            for link in self.needs.get(at, ()):
                if link.type in BLOCKING and link.depends_on_id not in came:
                    came[link.depends_on_id] = at
                    left.append(link.depends_on_id)
        return ()

    def cycles(self) -> list[Sequence[str]]:
        """A circle of beads that wait for each other, for every bead that is in one."""
        left = {
            bead: {link.depends_on_id for link in links if link.type in BLOCKING}
            for bead, links in self.needs.items()
        }
        found: list[Sequence[str]] = []
        while True:
            try:
                TopologicalSorter(left).prepare()
            except GraphCycleError as error:
                way = list(reversed(error.args[1]))
                found.append(way)
                left[way[0]].discard(way[1])
            else:
                return found


def _way(came: Mapping[str, str], bead: str) -> Sequence[str]:
    """The beads from this one round to itself."""
    way = [bead]
    at = came[bead]
    while at != bead:
        way.append(at)
        at = came[at]
    return [bead, *reversed(way[1:]), bead] if len(way) > 1 else [bead, bead]


def _gate(metadata: str) -> str:
    try:
        told = json.loads(metadata) if metadata.strip() else {}
    except ValueError:
        return ""
    return str(told.get("gate", "")) if isinstance(told, dict) else ""


def waits(bead: Bead, *, now: int) -> bool:
    """Whether the bead itself waits for a later day."""
    return bead.defer_until > now or (bead.status == DEFERRED and not bead.defer_until)
