"""`bd config where info version help`: what a place of beads was told, and where it is."""

from importlib.metadata import version as installed
from typing import Annotated

import typer

from cli.about import help_of
from cli.bd.opened import beads_of, caller_of
from cli.bd.printing import print_lines, print_object
from cli.context import NoPlaceError
from cli.tree import Command, call_of, example, new_group, new_module
from town.beads.desk import PREFIX

app = new_module()
config = new_group("config", "What this place of beads was told.")
app.add_typer(config)

Key = Annotated[str, typer.Argument(metavar="KEY", help="issue_prefix, status.custom, …")]


@config.command("set", cls=Command)
@example('bd config set status.custom "review:active,on_hold:frozen"')
def set_(
    ctx: typer.Context,
    key: Key,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Its value.")],
) -> int:
    """Tell a setting."""
    call = call_of(ctx)
    with beads_of(ctx) as beads:
        kept = beads.tell(key, value)
    if call.wants.json:
        return print_object(call, {"key": key, "value": kept})
    return print_lines(call, (f"{key} = {kept}",))


@config.command(cls=Command)
@example("bd config get issue_prefix")
def get(ctx: typer.Context, key: Key) -> int:
    """Print a setting; nothing where there is none."""
    call = call_of(ctx)
    with beads_of(ctx) as beads:
        value = beads.told(key)
    if call.wants.json:
        return print_object(call, {"key": key, "value": value})
    return print_lines(call, (value,) if value else ())


@config.command("list", cls=Command)
@example("bd config list")
def list_(ctx: typer.Context) -> int:
    """List every setting."""
    call = call_of(ctx)
    with beads_of(ctx) as beads:
        found = beads.settings()
    if call.wants.json:
        return print_object(call, found)
    return print_lines(call, [f"{name} = {value}" for name, value in found.items()])


@config.command(cls=Command)
@example("bd config unset status.custom")
def unset(ctx: typer.Context, key: Key) -> int:
    """Forget a setting."""
    call = call_of(ctx)
    with beads_of(ctx) as beads:
        there = beads.untell(key)
    if call.wants.json:
        return print_object(call, {"key": key})
    return print_lines(call, (f"{'forgot' if there else 'there was no'} {key}",))


@app.command(cls=Command)
@example("bd where")
def where(ctx: typer.Context) -> int:
    """Print where the beads of this folder lie."""
    call = call_of(ctx)
    if not call.home:
        raise NoPlaceError(call.cwd, call.program)
    with call.private(call) as private:
        beads = private.beads(caller_of(call))
        prefix, path = beads.look(beads.prefix), private.home.private
    told = {"path": call.home, "database_path": str(path), "prefix": prefix}
    if call.wants.json:
        return print_object(call, told)
    return print_lines(call, (call.home, f"  prefix    {prefix}", f"  database  {path}"))


@app.command(cls=Command)
@example("bd info --json")
def info(ctx: typer.Context) -> int:
    """Print what is known of this place of beads."""
    call = call_of(ctx)
    with call.private(call) as private:
        beads = private.beads(caller_of(call))
        total = beads.summary()["total_issues"]
        settings, path = beads.settings(), private.home.private
    told = {
        "database_path": str(path),
        "issue_count": total,
        "mode": "node" if call.resident else "direct",
        "config": settings,
    }
    if call.wants.json:
        return print_object(call, told)
    prefix = settings.get(PREFIX, "")
    lines = (f"database  {path}", f"beads     {total}", f"prefix    {prefix}")
    return print_lines(call, (*lines, f"opened    by {'the node' if call.resident else 'bd'}"))


@app.command(cls=Command)
@example("bd version --json")
def version(ctx: typer.Context) -> int:
    """Print the version of this program."""
    call = call_of(ctx)
    number = installed("wasteland")
    if call.wants.json:
        return print_object(call, {"version": number, "build": "wasteland"})
    return print_lines(call, (f"bd version {number} (wasteland)",))


@app.command("help", cls=Command)
@example("bd help exits", "bd help create")
def help_(
    ctx: typer.Context,
    topic: Annotated[str, typer.Argument(metavar="[TOPIC]", help="Or a command.")] = "",
) -> int:
    """Explain the exit codes, the output, or a command."""
    return help_of(ctx, topic, schema="bd.v1.help")
