"""Beads that hang together, in waves: what could begin at once, what only behind that, and so on.

Pure. Of two beads in a circle neither is behind the other; whoever is asked about circles says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.beads.rows import BLOCKS, EPIC, PARENT_CHILD, TOMBSTONE, Bead, Link
from ledger.beads.waiting import Graph

BEADS_MAX: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Beads that hang together by any links; `root` is what it is named by."""

    root: Bead
    beads: Sequence[Bead]
    links: Sequence[Link]
    cut: bool = False  # there are more


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Which beads are in which wave, and what each is behind."""

    waves: Sequence[Sequence[str]]
    behind: Mapping[str, Sequence[str]]


def around(graph: Graph, root: Bead) -> Cluster:
    """Everything that hangs together with this bead, the nearest first."""
    found, cut = _reached(graph, root)
    links = [link for bead in found for link in graph.needs(bead) if link.depends_on_id in found]
    return Cluster(root=root, beads=[*found.values()], links=sorted(links, key=_key), cut=cut)


def _reached(graph: Graph, root: Bead) -> tuple[dict[str, Bead], bool]:
    found, left = {root.id: root}, [root.id]
    for at in left:  # it grows
        ends = [link.issue_id for link in graph.needed(at)]
        ends += [link.depends_on_id for link in graph.needs(at)]
        for end in sorted({*ends}):
            bead = graph.bead_of(end) if end not in found else None
            if bead is None or bead.status == TOMBSTONE:
                continue
            if len(found) >= BEADS_MAX:
                return found, True
            found[end] = bead
            left.append(end)
    return found, False


def clusters(beads: Iterable[Bead], links: Iterable[Link]) -> list[Cluster]:
    """These beads by what hangs together among them, the largest first."""
    known = {bead.id: bead for bead in beads}
    inner = [x for x in links if x.issue_id in known and x.depends_on_id in known]
    graph = Graph.of(inner, known.get)
    found: list[Cluster] = []
    left = dict(known)
    for bead in sorted(known.values(), key=_rank):
        if bead.id in left:
            one = around(graph, bead)
            found.append(one)
            for other in one.beads:
                left.pop(other.id, None)
    return sorted(found, key=lambda one: (-len(one.beads), _rank(one.root)))


def _rank(bead: Bead) -> tuple[bool, int, int, str]:
    """Which bead names a cluster: an epic, else the most urgent, else the oldest."""
    return bead.issue_type != EPIC, bead.priority, bead.created_at, bead.id


def _key(link: Link) -> tuple[str, str]:
    return link.issue_id, link.depends_on_id


def layout(cluster: Cluster) -> Layout:
    """The waves of a cluster: a bead is behind whatever blocks it, and not before its parent."""
    behind: dict[str, list[str]] = {bead.id: [] for bead in cluster.beads}
    parents: dict[str, list[str]] = {}
    for link in cluster.links:
        if link.type == BLOCKS:
            behind[link.issue_id].append(link.depends_on_id)
        elif link.type == PARENT_CHILD:
            parents.setdefault(link.issue_id, []).append(link.depends_on_id)
    wave = _waves(behind, parents)
    found: list[list[str]] = [[] for _ in range(max(wave.values(), default=-1) + 1)]
    for bead in sorted(wave):
        found[wave[bead]].append(bead)
    return Layout(waves=found, behind=behind)


def _waves(
    behind: Mapping[str, Sequence[str]], parents: Mapping[str, Sequence[str]]
) -> dict[str, int]:
    """How many waves at least are before each; 0 for what is in a circle, or behind one."""
    later: dict[str, list[tuple[str, int]]] = {}  # what comes after each, and by how much
    waits = dict.fromkeys(behind, 0)
    for links, step in ((behind, 1), (parents, 0)):
        for bead, others in links.items():
            waits[bead] += len(others)
            for other in others:
                later.setdefault(other, []).append((bead, step))
    wave = dict.fromkeys(behind, 0)
    left = [bead for bead, count in waits.items() if not count]
    for at in left:  # it grows
        for bead, step in later.get(at, ()):
            wave[bead] = max(wave[bead], wave[at] + step)
            waits[bead] -= 1
            if not waits[bead]:
                left.append(bead)
    return {bead: 0 if waits[bead] else number for bead, number in wave.items()}
