"""`bd graph`: what hangs together, in waves of what could be done at once, or drawn."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from cli.bd.one import Listing
from cli.bd.opened import at_desk
from cli.bd.printing import (
    print_json,
    print_lines,
    print_object,
    print_talk,
    short_line,
    whole_link,
)
from cli.context import Call, UsageError
from cli.tree import Command, call_of, example, new_group, new_module
from ledger.beads.drawing import dot, mermaid
from ledger.beads.jsonl import bead_facts
from ledger.beads.layout import BEADS_MAX, Cluster, layout
from town.beads.graphing import Graphing

app = new_module()


class Drawing(Listing):
    """`bd graph`, where `bd graph ID` has no word of its own."""

    fallback = "show"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The words as they are, or behind the command that is meant, also where none is named."""
        named = next((word for word in args if not word.startswith("-")), "")
        asks = "--help" in args and not named
        return super().parse_args(ctx, args if named or asks else [self.fallback, *args])


graph = new_group("graph", "What hangs together: beads and their links in waves, or drawn.")
app.add_typer(graph, cls=Drawing)


@graph.command(cls=Command)
@example("bd graph gt-x7k2m", "bd graph --all --dot | dot -Tsvg > beads.svg")
def show(
    ctx: typer.Context,
    bead: Annotated[str, typer.Argument(metavar="[ID]", help="One of them.")] = "",
    *,
    everything: Annotated[bool, typer.Option("--all", help="Whatever is not closed.")] = False,
    compact: Annotated[bool, typer.Option("--compact", help="A line each, no more.")] = False,
    boxes: Annotated[bool, typer.Option("--box", help="By waves; as without it.")] = False,
    as_dot: Annotated[bool, typer.Option("--dot", help="As Graphviz draws it.")] = False,
    as_mermaid: Annotated[bool, typer.Option("--mermaid", help="As Mermaid draws it.")] = False,
) -> int:
    """Show what hangs together with a bead: first what could begin, then what is behind that."""
    call = call_of(ctx)
    if bool(bead) == everything:
        raise UsageError("name one bead, or say --all")
    if compact + boxes + as_dot + as_mermaid > 1:
        raise UsageError("say one of --compact, --box, --dot and --mermaid")
    with at_desk(ctx, Graphing) as desk:
        found = desk.clusters() if everything else [desk.cluster(bead)]
    if any(one.cut for one in found):
        print_talk(call, f"only {BEADS_MAX} of them are shown")
    if call.wants.json:
        facts = [_whole_facts(one) for one in found]
        return print_json(call, facts) if everything else print_object(call, _facts(found[0]))
    if as_dot or as_mermaid:
        return print_lines(call, _drawn(found, as_dot=as_dot))
    lines = [line for one in found for line in _lines(one, compact=compact)]
    return print_lines(call, lines or ["nothing is open"])


def _drawn(found: Sequence[Cluster], *, as_dot: bool) -> list[str]:
    beads = [bead for one in found for bead in one.beads]
    links = [link for one in found for link in one.links]
    if as_dot:
        return dot(beads, links)
    return mermaid(beads, [(link.issue_id, link.depends_on_id) for link in links])


def _lines(cluster: Cluster, *, compact: bool) -> list[str]:
    """A cluster by its waves; of each bead what it is behind."""
    found, beads = layout(cluster), {bead.id: bead for bead in cluster.beads}
    root = cluster.root
    numbers = f"{_many(len(beads), 'bead')}, {_many(len(cluster.links), 'link')}"
    lines = [f"{root.id}   {root.title}   {numbers}"]
    for number, wave in enumerate(found.waves, 1):
        lines += [] if compact else [f"wave {number}"]
        indent = "  " * (number if compact else 1)
        for bead in wave:
            behind = f"  <- {', '.join(found.behind[bead])}" if found.behind[bead] else ""
            lines.append(f"{indent}{short_line(beads[bead])}{behind}")
    return lines


def _many(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _facts(cluster: Cluster) -> dict[str, Any]:
    """A cluster as an object: the root, the beads, and where each stands."""
    found = layout(cluster)
    at = {bead: (n, place) for n, wave in enumerate(found.waves) for place, bead in enumerate(wave)}
    nodes = {
        bead.id: {
            "Issue": bead_facts(bead),
            "Layer": at[bead.id][0],
            "Position": at[bead.id][1],
            "DependsOn": found.behind[bead.id] or None,
        }
        for bead in cluster.beads
    }
    told = {"Nodes": nodes, "Layers": found.waves, "MaxLayer": max(len(found.waves) - 1, 0)}
    return {
        "root": bead_facts(cluster.root),
        "issues": [bead_facts(bead) for bead in cluster.beads],
        "layout": {**told, "RootID": cluster.root.id},
    }


def _whole_facts(cluster: Cluster) -> dict[str, Any]:
    """A cluster of several."""
    return {
        "Root": bead_facts(cluster.root),
        "Issues": [bead_facts(bead) for bead in cluster.beads],
        "Dependencies": [whole_link(link) for link in cluster.links],
        "IssueMap": {bead.id: bead_facts(bead) for bead in cluster.beads},
    }


@graph.command(cls=Command)
@example("bd graph check")
def check(ctx: typer.Context) -> int:
    """Look for beads that wait for themselves; ends with 1 where there are some."""
    call: Call = call_of(ctx)
    with at_desk(ctx, Graphing) as desk:
        found = [[bead.id for bead in circle] for circle in desk.circles()]
    if call.wants.json:
        told = {"clean": not found, "cycles": found, "summary": {"cycle_count": len(found)}}
        print_object(call, told)
    else:
        lines = [" -> ".join((*circle, *circle[:1])) for circle in found]
        print_lines(call, lines or ["no bead waits for itself"])
    return 1 if found else 0
