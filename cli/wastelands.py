"""`wl list create admit policy`: boards and who may do what on them."""

from typing import Annotated

import typer

from cli.answers import answer
from cli.context import UsageError
from cli.tree import Command, Telling, example, new_module

app = new_module()


@app.command("list", cls=Command)
@example("wl list", "wl list --json")
def list_(
    ctx: typer.Context,
    *,
    use: Annotated[str, typer.Option("--use", help="Make this one the current one.")] = "",
) -> int:
    """List the wastelands this town is in. Items: wl browse."""
    return answer(ctx, lambda town: town.market.wastelands(use=use))


@app.command(cls=Telling)
@example("wl create acme/commons", 'wl create acme/commons --title "Acme" --join invite')
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A friendly name, owner/board.")],
    *,
    title: Annotated[str, typer.Option("--title", help="One line about it.")] = "",
    join: Annotated[str, typer.Option("--join", help="open or invite.")] = "open",
) -> int:
    """Found a wasteland; this node admits its members."""
    if join not in ("open", "invite"):
        raise UsageError(f"--join is open or invite, not {join!r}")
    return answer(ctx, lambda town: town.market.create(name, title=title, join=join))


@app.command(cls=Telling)
@example("wl admit ash", "wl admit ash --suspend")
def admit(
    ctx: typer.Context,
    who: Annotated[str, typer.Argument(metavar="WHO", help="An account or a handle.")],
    *,
    handle: Annotated[str, typer.Option("--handle", help="The name it gets here.")] = "",
    suspend: Annotated[bool, typer.Option("--suspend", help="End its admission.")] = False,
) -> int:
    """Let a town in, or suspend it; only where you found members."""
    return answer(ctx, lambda town: town.market.admit(who, handle=handle, suspend=suspend))


@app.command(cls=Telling)
@example("wl policy", "wl policy unsigned=auto lease_s=43200", "wl policy assign=choose --dry-run")
def policy(
    ctx: typer.Context,
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=VALUE]...", help="What to change.")
    ] = None,
) -> int:
    """Show the rules of the current wasteland, or change them for later posts."""
    changes: dict[str, str] = {}
    for said in settings or ():
        name, mark, value = said.partition("=")
        if not mark:
            raise UsageError(f"{said!r} is not NAME=VALUE")
        changes[name] = value
    return answer(ctx, lambda town: town.market.policy(changes))
