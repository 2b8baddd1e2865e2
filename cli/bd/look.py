"""`bd show list ready`: finding beads."""

from typing import Annotated

import typer

from cli.answers import many_of
from cli.bd.opened import beads_of
from cli.bd.printing import print_beads
from cli.tree import Command, call_of, example, new_module
from ledger.beads.choosing import Filter

app = new_module()

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Beads: ids or how they begin.")]
Many = list[str] | None
Limit = Annotated[int, typer.Option("-n", "--limit", help="At most so many; 0 for all.")]


@app.command(cls=Command)
@example("bd show gt-x7k2m", "bd show x7k --json")
def show(ctx: typer.Context, said: Ids) -> int:
    """Show beads."""
    with beads_of(ctx) as beads:
        found = beads.show(said)
    return print_beads(call_of(ctx), found, empty="")


@app.command("list", cls=Command)
@example("bd list --status open --type bug", "bd list --all --json")
def list_(
    ctx: typer.Context,
    *,
    status: Annotated[Many, typer.Option("-s", "--status", help="Only these.")] = None,
    type_: Annotated[Many, typer.Option("-t", "--type", help="Only these.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    limit: Limit = 50,
) -> int:
    """List beads."""
    wanted = Filter(statuses=many_of(status), types=many_of(type_))
    with beads_of(ctx) as beads:
        found = beads.listed(wanted, order="priority", everything=everything)
    return print_beads(call_of(ctx), found[: limit or None], empty="none")


@app.command(cls=Command)
@example("bd ready", "bd ready --json -n 1")
def ready(ctx: typer.Context, *, limit: Limit = 100) -> int:
    """List what could be begun now."""
    with beads_of(ctx) as beads:
        found = beads.ready(Filter())
    return print_beads(call_of(ctx), found[: limit or None], empty="nothing is ready")
