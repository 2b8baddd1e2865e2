"""`bd rename rename-prefix`: other ids for beads of a project."""

from typing import Annotated, Final

import typer

from cli.bd.one import One
from cli.bd.opened import at_desk
from cli.bd.printing import print_lines, print_object
from cli.tree import Command, call_of, example, new_module
from town.beads.renaming import Renaming

app = new_module()

SHOWN_MAX: Final = 5


@app.command(cls=Command)
@example("bd rename gt-x7k2m gt-race")
def rename(
    ctx: typer.Context,
    bead: One,
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its new id.")],
) -> int:
    """Give a bead another id; links and words that name it follow."""
    call = call_of(ctx)
    with at_desk(ctx, Renaming) as desk:
        found = desk.rename(bead, new)
    if call.wants.json:
        return print_object(call, {"renamed": dict(found.names)})
    lines = [f"renamed {one} to {other}" for one, other in found.names.items()]
    return print_lines(call, lines or ["it has this id already"])


@app.command("rename-prefix", cls=Command)
@example("bd rename-prefix kw --dry-run", "bd rename-prefix kw --repair")
def rename_prefix(
    ctx: typer.Context,
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="What ids begin with then.")],
    *,
    every: Annotated[
        bool, typer.Option("--repair", help="Ids with any other prefix, too.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing.")] = False,
) -> int:
    """Give all beads another prefix; links and words that name them follow."""
    call = call_of(ctx)
    with at_desk(ctx, Renaming) as desk:
        found = desk.rename_prefix(prefix, every=every, dry=dry_run)
    if call.wants.json:
        told = {"old_prefix": found.old, "new_prefix": found.new, "issues_count": len(found.names)}
        return print_object(call, {**told, **({"dry_run": True} if dry_run else {})})
    word = "would rename" if dry_run else "renamed"
    first = sorted(found.names.items())[:SHOWN_MAX]
    lines = [f"{word} {one} to {other}" for one, other in first]
    more = len(found.names) - len(first)
    return print_lines(
        call, [*lines, *([f"… and {more} more"] if more else []), f"prefix  {found.new}"]
    )
