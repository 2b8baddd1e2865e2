"""`bd list ready blocked search children stale`: finding beads."""

from typing import Annotated, Any

import typer

from cli.bd.meaning import filter_of
from cli.bd.opened import beads_of
from cli.bd.options import Choosing, Readying, said
from cli.bd.printing import (
    bead_line,
    line_facts,
    more_words,
    print_json,
    print_lines,
    print_object,
    print_talk,
    short_line,
)
from cli.bd.shown import tree_lines
from cli.context import Call, UsageError
from cli.tree import Command, call_of, example, new_module
from ledger.beads.choosing import Filter
from ledger.beads.drawing import DOT, FORMATS, among, digraph, dot
from ledger.beads.jsonl import bead_facts
from ledger.beads.standing import SORTS, Sort
from town.beads.looking import Explained, Listed

app = new_module()

Limit = Annotated[int, typer.Option("-n", "--limit", min=0, help="At most so many; 0 for all.")]
Order = Annotated[str, typer.Option("--sort", help="priority, created, updated, closed, …")]
Backwards = Annotated[bool, typer.Option("-r", "--reverse", help="The other way round.")]
Parent = Annotated[str, typer.Option("--parent", help="Only below this one.")]
Long = Annotated[bool, typer.Option("--long", help="With the description.")]


def print_listed(call: Call, found: Listed, *, empty: str, links: bool = True, **how: Any) -> int:
    """A list is printed; how many more there are is told beside it."""
    more = more_words(len(found.lines), found.total)
    if call.wants.json:
        print_json(call, [line_facts(line, links=links) for line in found.lines])
    else:
        print_lines(call, _lines(found, **how) or [empty])
    if more:
        print_talk(call, more)
    return 0


def _lines(found: Listed, *, tree: bool = False, long: bool = False) -> list[str]:
    if tree:
        return tree_lines(found.lines)
    lines = []
    for line in found.lines:
        lines.append(bead_line(line.bead))
        if long and line.bead.description:
            lines += [f"    {text}" for text in line.bead.description.splitlines()]
    return lines


@app.command("list", cls=Choosing)
@example("bd list --status open --type bug", "bd list --all --json")
def list_(
    ctx: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    ready: Annotated[bool, typer.Option("--ready", help="As bd ready.")] = False,
    parent: Annotated[str, typer.Option("--parent", help="Only its children.")] = "",
    top: Annotated[bool, typer.Option("--no-parent", help="Only what has none.")] = False,
    order: Order = "priority",
    backwards: Backwards = False,
    tree: Annotated[bool, typer.Option("--tree", "--pretty", help="As a tree.")] = False,
    flat: Annotated[
        bool, typer.Option("--flat", "--no-pager", help="A line each, as ever.")
    ] = False,
    long: Long = False,
    drawn: Annotated[str, typer.Option("--format", help="dot or digraph.")] = "",
    limit: Limit = 50,
) -> int:
    """List beads, those of the highest priority first; closed ones when asked for."""
    if drawn and drawn not in FORMATS:
        raise UsageError(f"--format is {' or '.join(FORMATS)}, not {drawn!r}")
    with beads_of(ctx) as beads:
        asked = {**said(ctx), "include_ephemeral": not ready or said(ctx)["include_ephemeral"]}
        if "all" in (asked["status"] or ()):
            asked, everything = {**asked, "status": None}, True
        wanted = filter_of(beads, asked)
        found = (
            beads.ready_lines(wanted, parent=parent, at_most=limit)
            if ready
            else beads.lines(
                wanted, order=order, backwards=backwards, everything=everything, at_most=limit,
                parent=parent, top=top,
            )
        )  # fmt: skip
    if drawn:
        return _drawn(call_of(ctx), found, drawn)
    return print_listed(call_of(ctx), found, empty="none", tree=tree and not flat, long=long)


def _drawn(call: Call, found: Listed, form: str) -> int:
    """The list as another program draws it, with the links between its beads."""
    beads = [line.bead for line in found.lines]
    links = among((x for line in found.lines for x in line.links), {bead.id for bead in beads})
    print_lines(call, dot(beads, links) if form == DOT else digraph(links))
    if more := more_words(len(beads), found.total):
        print_talk(call, more)
    return 0


@app.command(cls=Readying)
@example("bd ready", "bd ready --json -n 1", "bd ready --claim --json")
def ready(
    ctx: typer.Context,
    *,
    sort: Annotated[
        str, typer.Option("-s", "--sort", help="priority, hybrid or oldest.")
    ] = "priority",
    claim: Annotated[bool, typer.Option("--claim", help="Take the first: one of several wins.")] = (
        False
    ),
    explain: Annotated[bool, typer.Option("--explain", help="Why, and why not.")] = False,
    later: Annotated[bool, typer.Option("--include-deferred", help="Later ones too.")] = False,
    parent: Parent = "",
    tree: Annotated[bool, typer.Option("--pretty", help="As a tree.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="A line each, as ever.")] = False,
    limit: Limit = 100,
) -> int:
    """List what could be begun now: open, blocked by nothing, waiting for no day."""
    call = call_of(ctx)
    how: Sort = next((name for name in SORTS if name == sort), "priority")
    if how != sort:
        raise UsageError(f"{sort!r} is none of {', '.join(SORTS)}")
    why, found = None, Listed(lines=(), total=0)
    with beads_of(ctx) as beads:
        wanted = filter_of(beads, said(ctx))
        if claim:
            found = beads.claim_ready(wanted, sort=how, parent=parent)
        elif explain:
            why = beads.explained(wanted, sort=how, parent=parent, at_most=limit)
        else:
            found = beads.ready_lines(
                wanted, sort=how, deferred=later, parent=parent, at_most=limit
            )
    if why is not None:
        return _explained(call, why)
    if claim:
        return _claimed(call, found)
    return print_listed(call, found, empty="nothing is ready", tree=tree and not plain)


def _claimed(call: Call, found: Listed) -> int:
    if call.wants.json:
        return print_json(call, [line_facts(line) for line in found.lines])
    lines = [f"claimed {bead_line(line.bead)}" for line in found.lines]
    return print_lines(call, lines or ["nothing is ready"])


def _explained(call: Call, found: Explained) -> int:
    """Why beads are ready and others are not."""
    if call.wants.json:
        return print_object(call, _explained_facts(found))
    lines = [f"ready   {found.total}"]
    for bead, done, waiting, _ in found.ready:
        lines.append(f"  {short_line(bead)}")
        lines.append(f"      {_reason(done)}" + (f"; {waiting} wait for it" if waiting else ""))
    lines.append(f"blocked {len(found.blocked)}")
    for bead, holders in found.blocked:
        lines.append(f"  {short_line(bead)}")
        lines += [f"      waits for {h if isinstance(h, str) else short_line(h)}" for h in holders]
    return print_lines(call, lines)


def _reason(done: Any) -> str:
    return f"{len(done)} blocker(s) resolved: {', '.join(done)}" if done else (
        "no blocking dependencies"
    )  # fmt: skip


def _explained_facts(found: Explained) -> dict[str, Any]:
    ready_ones = [
        {
            **bead_facts(bead),
            **({"parent": above} if above else {}),
            "reason": f"{len(done)} blocker(s) resolved" if done else "no blocking dependencies",
            "resolved_blockers": list(done) or None,
            "dependency_count": len(done),
            "dependent_count": waiting,
        }
        for bead, done, waiting, above in found.ready
    ]
    held = [
        {
            **bead_facts(bead),
            "blocked_by": [
                {"id": h, "title": "", "status": "", "priority": 0}
                if isinstance(h, str)
                else {"id": h.id, "title": h.title, "status": h.status, "priority": h.priority}
                for h in holders
            ],
            "blocked_by_count": len(holders),
        }
        for bead, holders in found.blocked
    ]
    summary = {"total_ready": found.total, "total_blocked": len(held), "cycle_count": 0}
    return {"ready": ready_ones, "blocked": held, "summary": summary}


@app.command(cls=Choosing)
@example("bd blocked", "bd blocked --json")
def blocked(ctx: typer.Context, *, parent: Parent = "") -> int:
    """List what waits for others, and for which."""
    call = call_of(ctx)
    with beads_of(ctx) as beads:
        found = beads.blocked(filter_of(beads, said(ctx)), parent=parent)
    if call.wants.json:
        facts = [
            {
                **bead_facts(bead),
                "blocked_by_count": len(by),
                "blocked_by": [blocker.id for blocker in by],
            }
            for bead, by in found
        ]
        return print_json(call, facts)
    lines = []
    for bead, by in found:
        lines.append(bead_line(bead))
        lines += [f"    waits for {blocker.id} ({blocker.how})" for blocker in by]
    return print_lines(call, lines or ["nothing is blocked"])


@app.command(cls=Choosing)
@example('bd search "token refresh"', "bd search race --status all -n 5")
def search(
    ctx: typer.Context,
    words: Annotated[list[str] | None, typer.Argument(metavar="WORDS", help="All of them.")] = None,
    *,
    query: Annotated[str, typer.Option("--query", help="The same.")] = "",
    order: Order = "priority",
    backwards: Backwards = False,
    long: Long = False,
    limit: Limit = 50,
) -> int:
    """Find beads by words in id, title, description and notes; closed ones with --status all."""
    asked = " ".join(words or ()) or query
    options = said(ctx)
    everything = "all" in (options["status"] or ())
    with beads_of(ctx) as beads:
        told = {**options, "status": None} if everything else options
        found = beads.lines(
            filter_of(beads, told, words=asked),
            order=order, backwards=backwards, everything=everything, at_most=limit,
        )  # fmt: skip
    return print_listed(
        call_of(ctx), found, empty=f"nothing found for {asked}", links=False, long=long
    )


@app.command(cls=Command)
@example("bd children gt-x7k2m")
def children(
    ctx: typer.Context,
    parent: Annotated[str, typer.Argument(metavar="ID", help="The bead above them.")],
) -> int:
    """List the children of a bead, closed ones too."""
    with beads_of(ctx) as beads:
        wanted = Filter(bookkeeping=True, ephemeral=True, templates=True)
        found = beads.lines(wanted, everything=True, parent=parent, order="id")
    return print_listed(call_of(ctx), found, empty="it has no children")


@app.command(cls=Command)
@example("bd stale --days 14", "bd stale --status in_progress")
def stale(
    ctx: typer.Context,
    *,
    days: Annotated[int, typer.Option("-d", "--days", min=1, help="For so long.")] = 30,
    status: Annotated[str, typer.Option("-s", "--status", help="Only of this.")] = "",
    limit: Limit = 50,
) -> int:
    """List what nobody has touched for long."""
    call = call_of(ctx)
    with beads_of(ctx) as beads:
        found = beads.stale(days=days, statuses=(status,) if status else ())
    shown = found[: limit or None]
    if call.wants.json:
        return print_json(call, [bead_facts(bead) for bead in shown])
    print_lines(call, [bead_line(bead) for bead in shown] or ["nothing is stale"])
    if len(found) > len(shown):
        print_talk(call, more_words(len(shown), len(found)))
    return 0
