"""What hangs on a bead, as a tree: what it depends on, or what depends on it.

Pure. A bead that is reached twice is shown where it was met first, unless every way is asked for.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from ledger.beads.rows import Bead, Link
from ledger.beads.waiting import Graph

DEPTH_DEFAULT: Final = 50
NODES_MAX: Final = 10_000
Direction = Literal["down", "up"]
DIRECTIONS: Final = ("down", "up", "both")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A bead in a tree: under which one it hangs, by what kind of link."""

    bead: Bead
    depth: int
    parent: str = ""
    kind: str = ""
    cut: bool = False  # there is more below
    up: bool = False  # it depends on the one above, rather than the other way round


def branches(
    graph: Graph,
    root: Bead,
    *,
    direction: Direction = "down",
    deepest: int = DEPTH_DEFAULT,
    every_way: bool = False,
) -> list[Node]:
    """The tree from this bead on, a bead before those under it; cut at the depth and at a size."""
    found: list[Node] = []
    met: set[str] = set()
    left: list[tuple[Node, tuple[str, ...]]] = [(Node(bead=root, depth=0), (root.id,))]
    while left and len(found) < NODES_MAX:
        node, way = left.pop()
        if node.bead.id in met and not every_way:
            continue
        met.add(node.bead.id)
        under = list(_under(graph, node.bead.id, direction))
        cut = bool(under) and node.depth >= deepest
        found.append(
            Node(
                bead=node.bead,
                depth=node.depth,
                parent=node.parent,
                kind=node.kind,
                cut=cut,
                up=direction == "up",
            )
        )
        if not cut:
            left += [
                (Node(bead=bead, depth=node.depth + 1, parent=way[-1], kind=kind), (*way, bead.id))
                for bead, kind in reversed(under)
                if bead.id not in way
            ]
    return found


def _under(graph: Graph, bead: str, direction: Direction) -> Iterator[tuple[Bead, str]]:
    links = graph.needs(bead) if direction == "down" else graph.needed(bead)
    other: Callable[[Link], str] = (
        (lambda link: link.depends_on_id) if direction == "down" else (lambda link: link.issue_id)
    )
    for link in sorted(links, key=other):
        found = graph.bead_of(other(link))
        if found is not None:
            yield found, link.type
