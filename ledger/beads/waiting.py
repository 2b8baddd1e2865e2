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
    BLOCKS,
    DEFERRED,
    PARENT_CHILD,
    PINNED,
    TERMINAL,
    WAITS_FOR,
    Bead,
    Link,
    Outline,
)
from ledger.beads.rules import failed

ANY_CHILDREN: Final = "any-children"
DEPTH_MAX: Final = 1_000
OUTSIDE: Final = "external:"  # something in another project, which only a person can call done


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing that a bead waits for, and how: `open`, `parent`, `children` or `succeeded`."""

    id: str
    how: str


Ends = Callable[[str], Sequence[Link]]


def woven(links: Iterable[Link]) -> tuple[Ends, Ends]:
    """The links by the bead that needs, and by the one that is needed."""
    needs: dict[str, list[Link]] = {}
    needed: dict[str, list[Link]] = {}
    for link in links:
        needs.setdefault(link.issue_id, []).append(link)
        needed.setdefault(link.depends_on_id, []).append(link)
    return (lambda bead: needs.get(bead, ())), (lambda bead: needed.get(bead, ()))


@dataclass(slots=True)
class Graph:
    """The links among beads, with a way to look a bead up.

    `live_of` finds only beads that are not closed; most questions need no other.
    """

    bead_of: Callable[[str], Bead | None]
    needs: Ends
    needed: Ends
    live_of: Callable[[str], Outline | None]
    _blocked: dict[str, tuple[Blocker, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, links: Iterable[Link], bead_of: Callable[[str], Bead | None]) -> "Graph":
        """The graph of these links."""
        return cls.between(woven(links), bead_of)

    @classmethod
    def between(
        cls,
        ends: tuple[Ends, Ends],
        bead_of: Callable[[str], Bead | None],
        live_of: Callable[[str], Outline | None] | None = None,
    ) -> "Graph":
        """The graph of links that are looked up from both of their ends."""

        def looked(bead: str) -> Bead | None:
            found = bead_of(bead)
            return None if found is None or found.status in TERMINAL else found

        return cls(bead_of, *ends, live_of or looked)

    def with_beads(self, changed: Mapping[str, Bead]) -> "Graph":
        """The same links between beads of which some are other ones by now."""
        bead_of, live_of = self.bead_of, self.live_of

        def live(bead: str) -> Outline | None:
            found = changed.get(bead)
            if found is None:
                return live_of(bead)
            return None if found.status in TERMINAL else found

        return Graph(lambda bead: changed.get(bead) or bead_of(bead), self.needs, self.needed, live)

    def children(self, parent: str) -> list[str]:
        """The beads below this one."""
        links = self.needed(parent)
        return sorted(link.issue_id for link in links if link.type == PARENT_CHILD)

    def parent(self, bead: str) -> str:
        """The bead above this one; empty for none."""
        links = self.needs(bead)
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
        found = self._blocked.get(bead)
        if found is None:
            links = self.needs(bead)
            if not links:
                return ()
            if any(link.type == PARENT_CHILD for link in links):
                for one in self._upwards(bead):
                    self._blocked[one] = self._look(one)
                return self._blocked[bead]
            found = self._blocked[bead] = self._look(bead)
        return found

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
                above = self.needs(at)
                left += [(link.depends_on_id, False) for link in above if link.type == PARENT_CHILD]
        return order

    def _look(self, bead: str) -> tuple[Blocker, ...]:
        found = [
            blocker for link in self.needs(bead) if (blocker := self._of_link(link)) is not None
        ]
        return tuple(sorted(found, key=_id)) if found else ()

    def _of_link(self, link: Link) -> Blocker | None:
        if link.type not in BLOCKING:
            return None
        if link.depends_on_id.startswith(OUTSIDE):
            return Blocker(link.depends_on_id, "outside") if link.type == BLOCKS else None
        if link.type == BLOCKS:
            how = self._of_open(link)
        elif link.type == PARENT_CHILD:
            how = self._of_parent(link)
        elif link.type == WAITS_FOR:
            how = self._of_children(link)
        else:
            how = self._of_failure(link)
        return Blocker(link.depends_on_id, how) if how else None

    def _of_open(self, link: Link) -> str:
        other = self.live_of(link.depends_on_id)
        return "" if other is None or other.status == PINNED else "open"

    def _of_parent(self, link: Link) -> str:
        other = self.live_of(link.depends_on_id)
        return "parent" if other is not None and self._blocked.get(other.id) else ""

    def _of_children(self, link: Link) -> str:
        other = self.bead_of(link.depends_on_id)
        return "children" if other is not None and self._awaited(other, link.metadata) else ""

    def _of_failure(self, link: Link) -> str:
        other = self.bead_of(link.depends_on_id)
        if other is None or other.status == PINNED:
            return ""
        if other.status not in TERMINAL:
            return "open"
        return "" if failed(other) else "succeeded"

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
            parent = self.live_of(above) if above else None
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
            for link in self.needs(at):
                if link.type in BLOCKING and link.depends_on_id not in came:
                    came[link.depends_on_id] = at
                    left.append(link.depends_on_id)
        return ()


def cycles(links: Iterable[Link]) -> list[Sequence[str]]:
    """A circle of beads that wait for each other, for every bead that is in one."""
    left: dict[str, set[str]] = {}
    for link in links:
        if link.type in BLOCKING:
            left.setdefault(link.issue_id, set()).add(link.depends_on_id)
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


def _id(blocker: Blocker) -> str:
    return blocker.id


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


def waits(bead: Outline, *, now: int) -> bool:
    """Whether the bead itself waits for a later day."""
    return bead.defer_until > now or (bead.status == DEFERRED and not bead.defer_until)
