"""`bd duplicates find-duplicates`: beads that say the same."""

from typing import Annotated, Any

import typer

from cli.answers import many_of
from cli.bd.opened import at_desk
from cli.bd.options import Many
from cli.bd.printing import bead_line, more_words, print_lines, print_object, print_talk, short_line
from cli.context import UsageError
from cli.tree import Command, call_of, example, new_module
from ledger.beads.alike import Pair, Weighed
from town.beads.likening import Likening

app = new_module()


@app.command(cls=Command)
@example("bd duplicates", "bd duplicates --auto-merge --dry-run")
def duplicates(
    ctx: typer.Context,
    *,
    merge: Annotated[
        bool, typer.Option("--auto-merge", help="Close all of each group but one.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Close nothing.")] = False,
) -> int:
    """Find beads with the very same words, closed ones apart."""
    call = call_of(ctx)
    with at_desk(ctx, Likening) as desk:
        groups = desk.duplicates()
        done = desk.merge_duplicates() if merge and not dry_run else []
    if call.wants.json:
        told = {"duplicate_groups": len(groups), "groups": [_group(g) for g in groups]}
        if merge:
            told |= {"merged": [old.id for old, _ in done], "dry_run": dry_run}
        return print_object(call, told)
    if done:
        return print_lines(call, [f"closed {old.id}: see {stays.id}" for old, stays in done])
    lines = []
    for group in groups:
        lines.append(f"stays   {short_line(group[0].bead)}")
        lines += [f"same    {short_line(one.bead)}" for one in group[1:]]
    return print_lines(call, lines or ["no two beads say the same"])


def _group(group: list[Weighed]) -> dict[str, Any]:
    stays, others = group[0].bead.id, [one.bead.id for one in group[1:]]
    issues = [
        {
            "id": one.bead.id,
            "title": one.bead.title,
            "status": one.bead.status,
            "priority": one.bead.priority,
            "dependents": one.needed,
            "dependencies": one.needs,
            "weight": one.weight,
            "is_merge_target": one.bead.id == stays,
        }
        for one in group
    ]
    return {
        "title": group[0].bead.title,
        "issues": issues,
        "suggested_target": stays,
        "suggested_sources": others,
        "suggested_action": f"bd duplicate {others[0]} --of {stays}",
    }


@app.command("find-duplicates", cls=Command)
@example("bd find-duplicates", "bd find-duplicates --threshold 0.4 --json")
def find_duplicates(
    ctx: typer.Context,
    *,
    least: Annotated[
        float, typer.Option("--threshold", help="What part of the words they share, 0 to 1.")
    ] = 0.5,
    status: Annotated[Many, typer.Option("-s", "--status", help="Only of these.")] = None,
    method: Annotated[str, typer.Option("--method", help="mechanical.")] = "mechanical",
    limit: Annotated[int, typer.Option("-n", "--limit", min=0, help="0 for all.")] = 50,
) -> int:
    """Find beads in much the same words."""
    call = call_of(ctx)
    if method != "mechanical":
        raise UsageError("--method is mechanical: no model is asked")
    with at_desk(ctx, Likening) as desk:
        found = desk.similar(least=least, statuses=many_of(status))
    shown = found[: limit or None]
    if call.wants.json:
        told = {"pairs": [_pair(pair) for pair in shown], "count": len(shown)}
        return print_object(call, {**told, "method": method, "threshold": least})
    lines = []
    for pair in shown:
        lines += [
            f"{pair.similarity:.0%}",
            f"  {bead_line(pair.one)}",
            f"  {bead_line(pair.other)}",
        ]
    print_lines(call, lines or ["no two beads are in much the same words"])
    if more := more_words(len(shown), len(found)):
        print_talk(call, more)
    return 0


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "issue_a_id": pair.one.id,
        "issue_a_title": pair.one.title,
        "issue_b_id": pair.other.id,
        "issue_b_title": pair.other.title,
        "similarity": pair.similarity,
        "method": "mechanical",
    }
