"""Beads and their links as other programs draw them: Graphviz, Mermaid, pairs of ids.

Pure. Words of beads are spelled so that no drawing program takes them for its own.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from ledger.beads.rows import BLOCKING, Bead, Link

DOT: Final = "dot"
DIGRAPH: Final = "digraph"
MERMAID: Final = "mermaid"
FORMATS: Final = (DOT, DIGRAPH)
COLOURS: Final[Mapping[str, str]] = {
    "in_progress": "lightyellow", "hooked": "lightyellow", "blocked": "lightcoral",
    "deferred": "lightblue", "closed": "lightgray",
}  # fmt: skip
_SPACES: Final = {ord(one): " " for one in "\n\r\t\v\f\x1c\x1d\x1e\x85\u2028\u2029"}


def among(links: Iterable[Link], beads: Collection[str]) -> list[Link]:
    """The links between two of these beads, in order."""
    found = (link for link in links if link.issue_id in beads and link.depends_on_id in beads)
    return sorted(found, key=lambda link: link.key)


def dot(beads: Sequence[Bead], links: Iterable[Link]) -> list[str]:
    """The lines of a file of Graphviz."""
    lines = ["digraph dependencies {", "  rankdir=TB;", "  node [shape=box, style=rounded];", ""]
    for bead in beads:
        facts = (bead.id, f"[{bead.issue_type} P{bead.priority}]", bead.title, f"({bead.status})")
        label = "\\n".join(_dotted(fact) for fact in facts)
        colour = COLOURS.get(bead.status, "white")
        style = f'style="rounded,filled", fillcolor="{colour}"'
        lines.append(f'  "{_dotted(bead.id)}" [label="{label}", {style}];')
    lines.append("")
    for link in links:
        style = "solid" if link.type in BLOCKING else "dashed"
        ends = f'"{_dotted(link.issue_id)}" -> "{_dotted(link.depends_on_id)}"'
        lines.append(f'  {ends} [label="{_dotted(link.type)}", style={style}];')
    return [*lines, "}"]


def _dotted(text: str) -> str:
    return text.translate(_SPACES).replace("\\", "\\\\").replace('"', '\\"')


def digraph(links: Iterable[Link]) -> list[str]:
    """What waits and for what, a pair a line."""
    return [f"{x.issue_id} {x.depends_on_id}" for x in links if x.type in BLOCKING]


def mermaid(beads: Sequence[Bead], edges: Iterable[tuple[str, str]]) -> list[str]:
    """The lines of a flow chart of Mermaid; edges go from what depends to what it needs."""
    lines = ["flowchart TD"]
    lines += [f'  {_named(bead.id)}["{_charted(f"{bead.id}: {bead.title}")}"]' for bead in beads]
    return [*lines, "", *(f"  {_named(one)} --> {_named(other)}" for one, other in edges)]


def _named(bead: str) -> str:
    """The id as Mermaid takes it: a word such as `end` would be the chart's own."""
    return f"b_{''.join(c if c.isascii() and c.isalnum() else f'_{ord(c):x}_' for c in bead)}"


def _charted(text: str) -> str:
    told = text.translate(_SPACES)
    for character in '#&<>"`[]{}|\\':
        told = told.replace(character, f"\x00{ord(character)};")
    return told.replace("\x00", "#")
