"""`bd dep link label`: what beads depend on, and the labels that they have."""

import json
from typing import Annotated, Any, Final

import typer

from cli.bd.meaning import file_text
from cli.bd.one import Listing, One
from cli.bd.opened import beads_of
from cli.bd.options import Many
from cli.bd.printing import (
    end_facts,
    print_json,
    print_lines,
    print_object,
    short_line,
    whole_link,
)
from cli.bd.shown import node_lines
from cli.context import Call, UsageError
from cli.tree import Command, call_of, example, new_group, new_module
from ledger.beads.branches import DEPTH_DEFAULT, DIRECTIONS, Node
from ledger.beads.drawing import MERMAID, mermaid
from ledger.beads.jsonl import bead_facts
from ledger.beads.rows import Bead, Link

app = new_module()

EDGES_MAX: Final = 100_000
Kind = Annotated[str, typer.Option("-t", "--type", help="blocks, related, discovered-from, …")]
Unchecked = Annotated[
    bool, typer.Option("--no-cycle-check", help="Look for circles later: bd dep cycles.")
]
Needs = Annotated[str, typer.Argument(metavar="NEEDED", help="What it depends on.")]


class Depending(Listing):
    """`bd dep`, where `bd dep A --blocks B` has no word of its own."""

    fallback = "blocking"


dep = new_group("dep", "What beads depend on.")
app.add_typer(dep, cls=Depending)


@dep.command(cls=Command)
@example("bd dep add gt-x7k2m gt-m3k9p", "bd dep add gt-x7k2m gt-m3k9p --type related")
def add(
    ctx: typer.Context,
    bead: Annotated[str, typer.Argument(metavar="ID", help="What depends.")] = "",
    needs: Annotated[str, typer.Argument(metavar="NEEDED", help="What it depends on.")] = "",
    *,
    kind: Kind = "blocks",
    by: Annotated[str, typer.Option("--blocked-by", "--depends-on", help="NEEDED.")] = "",
    file: Annotated[str, typer.Option("--file", help="Lines of JSON with from and to.")] = "",
    unchecked: Unchecked = False,
) -> int:
    """Make a bead depend on another one; a circle is refused, and shown."""
    call = call_of(ctx)
    if file and (bead or needs or by):
        raise UsageError("links come from a file or from the command line, not from both")
    asked = _edges(call, file, kind) if file else [(bead, needs or by, kind)]
    if not all(one and other for one, other, _ in asked):
        raise UsageError("name both: bd dep add ID NEEDED")
    with beads_of(ctx) as beads:
        links = beads.link(asked, unchecked=unchecked)
    if file and call.wants.json:
        return print_json(call, [whole_link(link) for link in links])
    return _linked(call, links)


def _edges(call: Call, file: str, kind: str) -> list[tuple[str, str, str]]:
    """The links that the lines of a file ask for. Raises UsageError."""
    found = []
    for number, line in enumerate(file_text(call, file).splitlines(), 1):
        if not line.strip():
            continue
        try:
            facts = json.loads(line)
            start = facts.get("from") or facts["issue_id"]
            end = facts.get("to") or facts["depends_on_id"]
            found.append((str(start), str(end), str(facts.get("type") or kind)))
        except (ValueError, KeyError, AttributeError) as error:
            why = f'line {number} is no link; {{"from": "A", "to": "B"}} is'
            raise UsageError(why) from error
    if not 0 < len(found) <= EDGES_MAX:
        raise UsageError(f"the file has {len(found)} links; 1 to {EDGES_MAX} can be made")
    return found


def _linked(call: Call, links: list[Link]) -> int:
    if call.wants.json:
        link = links[0]
        told = {"issue_id": link.issue_id, "depends_on_id": link.depends_on_id, "type": link.type}
        return print_object(call, {**told, "status": "added"})
    return print_lines(
        call, [f"linked  {a.issue_id} -> {a.depends_on_id} ({a.type})" for a in links]
    )


@dep.command(cls=Command, hidden=True)
@example("bd dep gt-m3k9p --blocks gt-x7k2m")
def blocking(
    ctx: typer.Context,
    bead: One,
    *,
    blocks: Annotated[str, typer.Option("-b", "--blocks", help="What waits for it.")],
    unchecked: Unchecked = False,
) -> int:
    """Make another bead wait for this one."""
    call = call_of(ctx)
    with beads_of(ctx) as beads:
        (link,) = beads.link([(blocks, bead, "blocks")], unchecked=unchecked)
    if call.wants.json:
        told = {"blocker_id": link.depends_on_id, "blocked_id": link.issue_id}
        return print_object(call, {**told, "type": link.type, "status": "added"})
    return _linked(call, [link])


@app.command("link", cls=Command)
@example("bd link gt-x7k2m gt-m3k9p", "bd link gt-x7k2m gt-m3k9p --type related")
def link_(ctx: typer.Context, bead: One, needs: Needs, *, kind: Kind = "blocks") -> int:
    """Make a bead depend on another one."""
    with beads_of(ctx) as beads:
        links = beads.link([(bead, needs, kind)])
    return _linked(call_of(ctx), links)


@dep.command("rm", cls=Command, hidden=True)
@dep.command(cls=Command)
@example("bd dep remove gt-x7k2m gt-m3k9p")
def remove(ctx: typer.Context, bead: One, needs: Needs) -> int:
    """Make a bead depend on another one no more."""
    call = call_of(ctx)
    with beads_of(ctx) as beads:
        one, other, there = beads.unlink(bead, needs)
    if call.wants.json:
        told = {"issue_id": one, "depends_on_id": other, "status": "removed"}
        return print_object(call, told)
    return print_lines(call, (f"{'cut    ' if there else 'no link'} {one} -> {other}",))


@dep.command("list", cls=Command)
@example("bd dep list gt-x7k2m", "bd dep list gt-x7k2m --direction up --type tracks")
def list_(
    ctx: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Beads.")],
    *,
    direction: Annotated[str, typer.Option("--direction", help="down or up.")] = "down",
    kind: Annotated[str, typer.Option("-t", "--type", help="Only of this kind.")] = "",
) -> int:
    """List what beads depend on, or with `--direction up` what depends on them."""
    call = call_of(ctx)
    up = _direction(direction, ("down", "up")) == "up"
    with beads_of(ctx) as beads:
        ends = beads.ends(ids, up=up, kind=kind)
    if call.wants.json and len(ids) > 1:
        return print_json(call, [whole_link(link) for link, _ in ends])
    if call.wants.json:
        return print_json(call, [_end(link, bead, up=up) for link, bead in ends])
    lines = [f"{_name(link, bead, up=up)} ({link.type})" for link, bead in ends]
    return print_lines(call, lines or ["nothing depends on it" if up else "it depends on nothing"])


def _end(link: Link, bead: Bead | None, *, up: bool) -> dict[str, Any]:
    """The bead at the end of a link; only its id where it is elsewhere."""
    if bead is not None:
        return end_facts(bead, link.type)
    return {"id": link.issue_id if up else link.depends_on_id, "dependency_type": link.type}


def _name(link: Link, bead: Bead | None, *, up: bool) -> str:
    named = link.issue_id if up else link.depends_on_id
    return short_line(bead) if bead is not None else f"? {named}: not here"


def _direction(said: str, allowed: tuple[str, ...]) -> str:
    if said not in allowed:
        raise UsageError(f"--direction is {' or '.join(allowed)}, not {said!r}")
    return said


@dep.command(cls=Command)
@example("bd dep tree gt-x7k2m", "bd dep tree gt-x7k2m --direction up --max-depth 3")
def tree(
    ctx: typer.Context,
    bead: One,
    *,
    direction: Annotated[str, typer.Option("--direction", help="down, up or both.")] = "down",
    depth: Annotated[
        int, typer.Option("-d", "--max-depth", "--depth", min=0, help="How deep at most.")
    ] = DEPTH_DEFAULT,
    every_way: Annotated[
        bool, typer.Option("--show-all-paths", help="A bead as often as it is reached.")
    ] = False,
    status: Annotated[Many, typer.Option("--status", help="Only of these.")] = None,
    backwards: Annotated[
        bool, typer.Option("--reverse", help="The same as --direction up.")
    ] = False,
    drawn: Annotated[str, typer.Option("--format", help="mermaid.")] = "",
) -> int:
    """Show what a bead depends on, and what that depends on."""
    call = call_of(ctx)
    way = "up" if backwards else _direction(direction, DIRECTIONS)
    if drawn not in ("", MERMAID):
        raise UsageError(f"--format is {MERMAID}, not {drawn!r}")
    with beads_of(ctx) as beads:
        found: list[Node] = []
        if way in ("down", "both"):
            found += beads.tree(bead, direction="down", deepest=depth, every_way=every_way)
        if way in ("up", "both"):
            found += beads.tree(bead, direction="up", deepest=depth, every_way=every_way)[
                1 if found else 0 :
            ]
    kept = [node for node in found if not status or not node.depth or node.bead.status in status]
    if call.wants.json:
        return print_json(call, [_node_facts(node) for node in kept])
    return print_lines(call, _chart(kept) if drawn else node_lines(kept))


def _chart(nodes: list[Node]) -> list[str]:
    """The tree as a flow chart: from what depends to what it needs, both ways alike."""
    beads = list({node.bead.id: node.bead for node in nodes}.values())
    here = {bead.id for bead in beads}
    pairs = ((n.bead.id, n.parent) if n.up else (n.parent, n.bead.id) for n in nodes if n.parent)
    return mermaid(beads, [pair for pair in dict.fromkeys(pairs) if here.issuperset(pair)])


def _node_facts(node: Node) -> dict[str, Any]:
    kind = {"edge_from_parent": node.kind} if node.kind else {}
    told = {**bead_facts(node.bead), "depth": node.depth, "parent_id": node.parent}
    return {**told, **kind, "truncated": node.cut}


@dep.command(cls=Command)
@example("bd dep cycles")
def cycles(ctx: typer.Context) -> int:
    """Show beads that wait for themselves; only an import can bring some."""
    call = call_of(ctx)
    with beads_of(ctx) as beads:
        found = beads.circles()
    if call.wants.json:
        return print_json(call, [[bead_facts(bead) for bead in circle] for circle in found])
    lines = [" -> ".join(bead.id for bead in (*circle, *circle[:1])) for circle in found]
    return print_lines(call, lines or ["no bead waits for itself"])


@dep.command(cls=Command)
@example("bd dep relate gt-x7k2m gt-m3k9p")
def relate(ctx: typer.Context, bead: One, other: Needs) -> int:
    """Relate two beads to each other; nothing waits for that."""
    return _related(ctx, bead, other, apart=False)


@dep.command(cls=Command)
@example("bd dep unrelate gt-x7k2m gt-m3k9p")
def unrelate(ctx: typer.Context, bead: One, other: Needs) -> int:
    """Relate two beads no more."""
    return _related(ctx, bead, other, apart=True)


def _related(ctx: typer.Context, bead: str, other: str, *, apart: bool) -> int:
    call = call_of(ctx)
    with beads_of(ctx) as beads:
        one, two = beads.relate(bead, other, apart=apart)
    word = "unrelated" if apart else "related"
    if call.wants.json:
        return print_json(call, {"id1": one, "id2": two, word: True})
    return print_lines(call, (f"{word} {one} and {two}",))
