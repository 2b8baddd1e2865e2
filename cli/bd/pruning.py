"""`bd prune purge`: closed beads that nobody needs any more."""

from typing import Annotated, Any

import typer

from cli.bd.opened import at_desk
from cli.bd.printing import bead_line, print_lines, print_object
from cli.context import Call, UsageError
from cli.tree import Command, call_of, example, new_module
from town.beads.pruning import Pruned, Pruning

app = new_module()

SHOWN_MAX = 5
Age = Annotated[str, typer.Option("--older-than", help="Closed so long ago: 30d, 2w, or days.")]
Pattern = Annotated[str, typer.Option("--pattern", help="Only ids like gt-old-*.")]
Force = Annotated[bool, typer.Option("-f", "--force", help="Do it; else it is only shown.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Delete nothing.")]


@app.command(cls=Command)
@example("bd prune --older-than 90d", "bd prune --older-than 90d --force")
def prune(
    ctx: typer.Context, *, age: Age = "", pattern: Pattern = "", force: Force = False,
    dry_run: Dry = False,
) -> int:  # fmt: skip
    """Delete work that was closed long ago, and that nothing live needs."""
    if not age and not pattern:
        raise UsageError("say what: --older-than 90d, or --pattern; '*' is everything closed")
    return _sweep(ctx, age, pattern, wisps=False, dry=dry_run or not force)


@app.command(cls=Command)
@example("bd purge", "bd purge --older-than 7d --force")
def purge(
    ctx: typer.Context, *, age: Age = "", pattern: Pattern = "", force: Force = False,
    dry_run: Dry = False,
) -> int:  # fmt: skip
    """Delete wisps that are closed, and that nothing live needs."""
    return _sweep(ctx, age, pattern, wisps=True, dry=dry_run or not force)


def _sweep(ctx: typer.Context, age: str, pattern: str, *, wisps: bool, dry: bool) -> int:
    ago = f"-{age}d" if age.isdecimal() else f"-{age}"
    with at_desk(ctx, Pruning) as desk:
        before = desk.when(ago, name="older-than") if age else 0
        found = desk.prune(before=before, pattern=pattern or "*", wisps=wisps, dry=dry)
    return _swept(call_of(ctx), found, "purged" if wisps else "pruned", dry=dry)


def _swept(call: Call, found: Pruned, word: str, *, dry: bool) -> int:
    count = len(found.beads)
    if call.wants.json:
        told: dict[str, Any] = {f"{word}_count": count, "dependencies": found.links}
        told["needed_ids"] = [bead.id for bead in found.needed]
        return print_object(call, {**told, **({"dry_run": True} if dry else {})})
    first = [f"{'would go' if dry else 'gone    '} {bead_line(b)}" for b in found.beads[:SHOWN_MAX]]
    more = [f"… and {count - SHOWN_MAX} more"] if count > SHOWN_MAX else []
    stay = [f"stays    {bead_line(b)}: something live needs it" for b in found.needed[:SHOWN_MAX]]
    lines = [*first, *more, *stay] or ["nothing closed is meant by this"]
    lines += ["next     the same with --force"] if dry and count else []
    return print_lines(call, lines)
