"""`bd close reopen defer undefer delete` and more: beads that rest, for now or for good."""

from typing import Annotated, Any

import typer

from cli.bd.meaning import file_text
from cli.bd.opened import beads_of
from cli.bd.options import Many
from cli.bd.printing import (
    bead_line,
    print_done,
    print_lines,
    print_object,
    short_line,
)
from cli.bd.work import Ids
from cli.context import Call, UsageError
from cli.tree import Command, call_of, example, new_module
from ledger.beads.jsonl import bead_facts
from town.beads.desk import Closing, Deleting

app = new_module()


@app.command("done", cls=Command, hidden=True)
@app.command(cls=Command)
@example('bd close gt-x7k2m --reason "Done in 3fa9c1"', "bd close gt-x7k2m --suggest-next")
def close(
    ctx: typer.Context,
    ids: Ids,
    *,
    reason: Annotated[
        Many, typer.Option("-r", "--reason", help="Why: one for all, or one for each.")
    ] = None,
    reason_file: Annotated[str, typer.Option("--reason-file", help="From a file or `-`.")] = "",
    force: Annotated[bool, typer.Option("-f", "--force", help="Also blocked or pinned.")] = False,
    session: Annotated[str, typer.Option("--session", help="Whose session closes it.")] = "",
    suggest: Annotated[bool, typer.Option("--suggest-next", help="Show what is free now.")] = False,
    claim_next: Annotated[bool, typer.Option("--claim-next", help="Take what is next.")] = False,
) -> int:
    """Close beads; all of them or none."""
    call = call_of(ctx)
    reasons = _reasons(ids, [file_text(call, reason_file)] if reason_file else reason or [""])
    with beads_of(ctx) as beads:
        found = beads.close_all(
            reasons, force=force, session=session, suggest=suggest, claim_next=claim_next
        )
    if not suggest and not claim_next:
        return print_done(call, "closed", found.closed)
    return _closed(call, found, suggest=suggest, claim_next=claim_next)


def _reasons(ids: list[str], reasons: list[str]) -> dict[str, str]:
    if len(reasons) not in (1, len(ids)):
        raise UsageError(f"{len(reasons)} reasons for {len(ids)} beads; one for all, or one each")
    each = reasons if len(reasons) > 1 else reasons * len(ids)
    return dict(zip(ids, each, strict=True))


def _closed(call: Call, found: Closing, *, suggest: bool, claim_next: bool) -> int:
    """What was closed is printed, and what that led to."""
    if call.wants.json:
        told = {"closed": [bead_facts(bead) for bead in found.closed]}
        if suggest and found.unblocked:
            told["unblocked"] = [bead_facts(bead) for bead in found.unblocked]
        claimed = {"claimed": bead_facts(found.claimed)} if found.claimed is not None else {}
        return print_object(call, {**told, **claimed})
    lines = [f"closed {bead_line(bead)}" for bead in found.closed]
    if suggest:
        lines += [f"free    {short_line(bead)}" for bead in found.unblocked]
        lines += [] if found.unblocked else ["free    nothing waited for only this"]
    if claim_next and found.claimed is not None:
        lines.append(f"claimed {bead_line(found.claimed)}")
    elif claim_next:
        lines.append("claimed nothing: nothing is ready")
    return print_lines(call, lines)


@app.command(cls=Command)
@example("bd reopen gt-x7k2m")
def reopen(
    ctx: typer.Context,
    ids: Ids,
    *,
    reason: Annotated[str, typer.Option("-r", "--reason", help="Why.")] = "",
) -> int:
    """Open closed beads again; they are nobody's then."""
    with beads_of(ctx) as beads:
        found = beads.reopen_all(ids, reason=reason)
    return print_done(call_of(ctx), "reopened", found)


@app.command(cls=Command)
@example("bd defer gt-x7k2m --until tomorrow")
def defer(
    ctx: typer.Context,
    ids: Ids,
    *,
    until: Annotated[str, typer.Option("--until", help="+2d, next monday, 2027-01-15.")] = "",
) -> int:
    """Put beads aside, until a day or until you say otherwise."""
    with beads_of(ctx) as beads:
        found = beads.defer(ids, beads.when(until, name="until") if until else 0)
    return print_done(call_of(ctx), "deferred", found)


@app.command(cls=Command)
@example("bd undefer gt-x7k2m")
def undefer(ctx: typer.Context, ids: Ids) -> int:
    """Take up beads that were put aside."""
    with beads_of(ctx) as beads:
        found = beads.undefer(ids)
    return print_done(call_of(ctx), "opened", found)


@app.command(cls=Command)
@example("bd delete gt-x7k2m", "bd delete gt-x7k2m --force")
def delete(
    ctx: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Beads.")] = None,
    *,
    from_file: Annotated[str, typer.Option("--from-file", help="Ids, one on a line.")] = "",
    force: Annotated[
        bool, typer.Option("-f", "--force", help="Do it, and cut what depends on them loose.")
    ] = False,
    cascade: Annotated[
        bool, typer.Option("--cascade", help="What depends on them too, with --force or -y.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Delete nothing.")] = False,
) -> int:
    """Delete beads; without --force or -y, show what that would be."""
    call = call_of(ctx)
    named = [*(ids or ()), *(file_text(call, from_file).split() if from_file else ())]
    if not named:
        raise UsageError("name a bead to delete")
    sure = (force or call.wants.yes) and not dry_run
    with beads_of(ctx) as beads:
        found = beads.delete(named, force=force or dry_run, cascade=cascade, dry=not sure)
    return _deleted(call, found)


def _deleted(call: Call, found: Deleting) -> int:
    ids = [bead.id for bead in found.beads]
    if call.wants.json:
        told = {"deleted": ids[0] if len(ids) == 1 else ids, "references_updated": 0}
        told |= {"dependencies_removed": len(found.links)}
        told |= _counted(found) if len(ids) > 1 else {}
        return print_object(call, told if found.done else {**told, "dry_run": True})
    word = "deleted" if found.done else "would delete"
    lines = [f"{word} {bead_line(bead)}" for bead in found.beads]
    cut = "cut" if found.done else "would cut"
    lines += [f"{cut} {a.issue_id} -> {a.depends_on_id} ({a.type})" for a in found.links]
    if not found.done:
        lines.append(f"next    bd delete {' '.join(ids)} --force")
    return print_lines(call, lines)


def _counted(found: Deleting) -> dict[str, Any]:
    """What is told of several beads that are deleted together; events of theirs stay."""
    gone = {bead.id for bead in found.beads}
    return {
        "deleted_count": len(gone),
        "labels_removed": sum(len(bead.labels) for bead in found.beads),
        "events_removed": 0,
        "orphaned_issues": sorted({a.issue_id for a in found.links} - gone),
    }


@app.command(cls=Command)
@example("bd duplicate gt-x7k2m --of gt-m3k9p")
def duplicate(
    ctx: typer.Context,
    bead: Annotated[str, typer.Argument(metavar="ID", help="The one to close.")],
    *,
    of: Annotated[str, typer.Option("--of", help="The one that stays.")],
) -> int:
    """Close a bead as the same as another one."""
    with beads_of(ctx) as beads:
        old, new = beads.settle(bead, of, kind="duplicates", reason="Duplicate of")
    return _settled(call_of(ctx), {"duplicate": old, "canonical": new})


@app.command(cls=Command)
@example("bd supersede gt-x7k2m --with gt-m3k9p")
def supersede(
    ctx: typer.Context,
    bead: Annotated[str, typer.Argument(metavar="ID", help="The one to close.")],
    *,
    with_: Annotated[str, typer.Option("--with", help="The one in its place.")],
) -> int:
    """Close a bead because another one took its place."""
    with beads_of(ctx) as beads:
        old, new = beads.settle(bead, with_, kind="supersedes", reason="Superseded by")
    return _settled(call_of(ctx), {"superseded": old, "replacement": new})


def _settled(call: Call, told: dict[str, str]) -> int:
    if call.wants.json:
        return print_object(call, {**told, "status": "closed"})
    old, new = told.values()
    return print_lines(call, (f"closed {old}: see {new}",))
