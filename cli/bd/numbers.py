"""`bd count status epic statuses types`: how many beads there are, and what kinds there can be."""

from typing import Annotated, Final

import typer

from cli.bd.meaning import filter_of
from cli.bd.opened import beads_of
from cli.bd.options import Choosing, said
from cli.bd.printing import MARKS, bead_line, print_json, print_lines, print_object
from cli.context import Call, UsageError
from cli.tree import Command, call_of, example, new_group, new_module
from ledger.beads.jsonl import bead_facts
from town.beads.looking import Progress

app = new_module()
epic = new_group("epic", "Epics: beads with beads below them.")
app.add_typer(epic)

# What each status says, in the order in which they are shown, and how lists treat it.
STATUS_WORDS: Final = {
    "open": ("active", "to be done"),
    "in_progress": ("wip", "somebody works on it"),
    "blocked": ("wip", "somebody said that it waits"),
    "deferred": ("frozen", "put aside for later"),
    "closed": ("done", "done, or never to be done"),
    "pinned": ("frozen", "stays where it is"),
    "hooked": ("wip", "on an agent's hook"),
}
TYPE_WORDS: Final = {
    "task": "something to do; the default",
    "bug": "something is wrong",
    "feature": "something new",
    "chore": "upkeep",
    "epic": "much work, with beads below it",
    "decision": "something to decide, and why it was decided so",
    "spike": "an hour or a day to find something out",
    "story": "what a user wants to do",
    "milestone": "several things are done; no work by itself",
}
SUMMARY_WORDS: Final = {
    "total_issues": "beads",
    "open_issues": "open",
    "in_progress_issues": "in progress",
    "blocked_issues": "blocked",
    "deferred_issues": "deferred",
    "pinned_issues": "pinned",
    "closed_issues": "closed",
    "ready_issues": "ready",
    "epics_eligible_for_closure": "epics with all below them closed",
    "average_lead_time_hours": "hours from begin to close",
}


@app.command(cls=Choosing)
@example("bd count --status open", "bd count --by-type --json")
def count(
    ctx: typer.Context,
    *,
    by_status: Annotated[bool, typer.Option("--by-status", help="For each status.")] = False,
    by_priority: Annotated[bool, typer.Option("--by-priority", help="For each.")] = False,
    by_type: Annotated[bool, typer.Option("--by-type", help="For each type.")] = False,
    by_assignee: Annotated[bool, typer.Option("--by-assignee", help="For each.")] = False,
    by_label: Annotated[bool, typer.Option("--by-label", help="For each label.")] = False,
) -> int:
    """Count beads, closed ones too."""
    call = call_of(ctx)
    asked = [name for name in GROUPED if ctx.params[f"by_{name}"]]
    if len(asked) > 1:
        raise UsageError("only one --by-… at a time")
    with beads_of(ctx) as beads:
        total, groups = beads.counted(filter_of(beads, said(ctx)), asked[0] if asked else "")
    if not asked:
        if call.wants.json:
            return print_object(call, {"count": total})
        return print_lines(call, (str(total),))
    if call.wants.json:
        listed = [{"group": name, "count": number} for name, number in groups.items()]
        return print_object(call, {"total": total, "groups": listed})
    size = max(map(len, groups), default=0)
    lines = [f"{name:<{size}}  {number}" for name, number in groups.items()]
    return print_lines(call, [f"total {total}", *lines])


GROUPED: Final = ("status", "priority", "type", "assignee", "label")


@app.command("stats", cls=Command, hidden=True)
@app.command(cls=Command)
@example("bd status", "bd stats --json")
def status(
    ctx: typer.Context,
    *,
    assigned: Annotated[bool, typer.Option("--assigned", help="Only yours.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Everybody's, as ever.")] = False,
    no_activity: Annotated[bool, typer.Option("--no-activity", help="As ever.")] = False,
) -> int:
    """Show how many beads there are of each standing."""
    call = call_of(ctx)
    with beads_of(ctx) as beads:
        found = beads.summary(mine=assigned)
    if call.wants.json:
        return print_object(call, {"summary": dict(found)})
    return print_lines(call, [f"{found[name]:>7}  {word}" for name, word in SUMMARY_WORDS.items()])


@epic.command("status", cls=Command)
@example("bd epic status")
def epic_status(
    ctx: typer.Context,
    *,
    done: Annotated[bool, typer.Option("--eligible-only", help="Only finished ones.")] = False,
) -> int:
    """Show how far epics are."""
    with beads_of(ctx) as beads:
        found = beads.epics(only_done=done)
    return _progress(call_of(ctx), found)


@epic.command("close-eligible", cls=Command)
@example("bd epic close-eligible --dry-run")
def close_eligible(
    ctx: typer.Context,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Close nothing.")] = False,
) -> int:
    """Close epics whose children are all closed."""
    call = call_of(ctx)
    with beads_of(ctx) as beads:
        found = beads.epics(only_done=True)
        reasons = {one.epic.id: "All children completed" for one in found if not dry_run}
        closed = beads.close_all(reasons).closed
    if not closed:
        return _progress(call, found)
    if call.wants.json:
        return print_object(call, {"closed": [b.id for b in closed], "count": len(closed)})
    return print_lines(call, [f"closed {bead_line(bead)}" for bead in closed])


def _progress(call: Call, found: list[Progress]) -> int:
    if call.wants.json:
        facts = [
            {
                "epic": bead_facts(one.epic),
                "total_children": one.children,
                "closed_children": one.closed,
                "eligible_for_close": bool(one.children) and one.closed == one.children,
            }
            for one in found
        ]
        return print_json(call, facts)
    lines = [f"{bead_line(one.epic)}   {one.closed} of {one.children} closed" for one in found]
    return print_lines(call, lines or ["no epics"])


@app.command(cls=Command)
@example("bd statuses")
def statuses(ctx: typer.Context) -> int:
    """List the statuses that a bead can have."""
    call = call_of(ctx)
    with beads_of(ctx) as beads:
        own = beads.look(beads.statuses)
    built_in = [
        {"name": name, "category": kind, "icon": MARKS[name], "description": words}
        for name, (kind, words) in STATUS_WORDS.items()
    ]
    if call.wants.json:
        told = {"built_in_statuses": built_in}
        more = [{"name": n, "category": c, "icon": "○", "description": ""} for n, c in own.items()]
        return print_object(call, {**told, **({"custom_statuses": more} if more else {})})
    lines = [f"{s['icon']} {s['name']:<12} {s['category']:<7} {s['description']}" for s in built_in]
    return print_lines(call, [*lines, *(f"○ {n:<12} {c:<7} of your own" for n, c in own.items())])


@app.command(cls=Command)
@example("bd types")
def types(ctx: typer.Context) -> int:
    """List the types that a bead can have."""
    call = call_of(ctx)
    with beads_of(ctx) as beads:
        own = beads.look(beads.own_types)
    if call.wants.json:
        told = [{"name": name, "description": words} for name, words in TYPE_WORDS.items()]
        return print_object(call, {"core_types": told, **({"custom_types": own} if own else {})})
    lines = [f"{name:<10} {words}" for name, words in TYPE_WORDS.items()]
    return print_lines(call, [*lines, *(f"{name:<10} of your own" for name in own)])
