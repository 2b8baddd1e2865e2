"""`wl verify doctor export import config`: proof, repair, copies, settings."""

from typing import Annotated, Any

import typer

from cli.answers import answer
from cli.context import Call, UsageError
from cli.output import envelope
from cli.tables import table_lines
from cli.tree import Command, Telling, call_of, example, new_group, new_module
from town.node.config import Chosen, Config
from town.node.configured import config_of
from town.node.home import Home

app = new_module()
config = new_group("config", "Settings: get, set, list, unset. The environment beats the file.")
app.add_typer(config)


@app.command(cls=Command)
@example("wl verify", "wl verify --json")
def verify(ctx: typer.Context) -> int:
    """Check every signature and compare every row with what the records say."""
    return answer(ctx, lambda town: town.market.verify())


@app.command(cls=Command)
@example("wl doctor", "wl doctor --json", "wl doctor --fix", "wl doctor --rebuild")
def doctor(
    ctx: typer.Context,
    *,
    fix: Annotated[
        bool, typer.Option("--fix", help="Show the plan and, with --yes, do it.")
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make rows and indexes anew from the records.")
    ] = False,
) -> int:
    """Look for what could be wrong; changes nothing unless asked to."""
    from cli.doctor import examine, mend, remake  # noqa: PLC0415  # looks at the whole machine

    call = call_of(ctx)
    if rebuild:
        return remake(call)
    return mend(call) if fix else examine(call)


@app.command(cls=Command)
@example("wl export backup.wlb", "wl export - --item w-3fa9 > item.wlb")
def export(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to; `-` prints it.")],
    *,
    item: Annotated[str, typer.Option("--item", help="Only this item.")] = "",
) -> int:
    """Write the records of the current wasteland to a file that any town can read."""
    call = call_of(ctx)
    if file == "-":
        return _export_here(call, item)
    path = call.path(file)
    return answer(ctx, lambda town: town.market.export(path, item=item))


def _export_here(call: Call, item: str) -> int:
    if call.wants.json:
        raise UsageError("--json and the bundle cannot both have standard output; name a file")
    with call.town(call) as town:
        return int(town.export_to(call.terminal.out_bytes, item=item))


@app.command("import", cls=Telling)
@example("wl import backup.wlb", "wl import - < item.wlb", "wl import --rows dumps/hq/main")
def import_(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="A bundle; `-` reads it.")] = "",
    *,
    rows: Annotated[
        str, typer.Option("--rows", help="A folder with one branch's tables as JSON.")
    ] = "",
) -> int:
    """Learn what a bundle holds, or show rows that others wrote without signing them.

    Rows are read from wanted.json, rigs.json, completions.json, stamps.json, and the commit from
    _log.json: dolt sql -r json -q "SELECT * FROM wanted" > DIR/wanted.json, and dolt_log for the
    last.
    """
    call = call_of(ctx)
    if bool(file) == bool(rows):
        raise UsageError("either FILE or --rows DIR")
    if rows:
        folder = call.path(rows)
        return answer(ctx, lambda town: town.market.import_rows(folder))
    if file == "-":
        payload = call.terminal.read_all()
        return answer(ctx, lambda town: town.import_from(payload))
    path = call.path(file)
    return answer(ctx, lambda town: town.market.import_(path))


Name = Annotated[str, typer.Argument(metavar="NAME", help="As `wl config list` has it.")]


def _settings(call: Call) -> Config:
    return config_of(Home(call.path(call.home)).config, call.env)


def _told(call: Call, chosen: list[Chosen], *, origin: bool) -> int:
    rows: list[dict[str, Any]] = []
    for one in chosen:
        row: dict[str, Any] = {"name": one.setting.name, "value": one.value}
        if origin or call.wants.json:
            row["origin"] = (
                f"env {one.setting.variable}" if one.origin == "environment" else one.origin
            )
        rows.append({**row, "about": one.setting.about})
    if call.wants.json:
        call.terminal.out(envelope("wl.v1.config", data=rows))
    elif len(rows) == 1 and not origin:
        call.terminal.out(f"{rows[0]['value']}\n")
    else:
        lines = table_lines("wl.v1.config", rows, width=call.width)
        call.terminal.out("\n".join(lines) + "\n")
    return 0


Origin = Annotated[bool, typer.Option("--origin", help="Also show where each value is from.")]


@config.command(cls=Command)
@example("wl config get node.port", "wl config get node.port --origin")
def get(ctx: typer.Context, name: Name, *, origin: Origin = False) -> int:
    """Print one setting."""
    call = call_of(ctx)
    return _told(call, [_settings(call).choose(name)], origin=origin)


@config.command("set", cls=Command)
@example("wl config set node.port 7400", "wl config set node.public_url https://wl.example.org")
def set_(
    ctx: typer.Context,
    name: Name,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="The new value.")],
) -> int:
    """Change one setting; a running node heeds it at its next start."""
    call = call_of(ctx)
    Home(call.path(call.home)).furnish()
    return _told(call, [_settings(call).put(name, value)], origin=True)


@config.command("list", cls=Command)
@example("wl config list", "wl config list --origin --json")
def list_(ctx: typer.Context, *, origin: Origin = False) -> int:
    """List every setting."""
    call = call_of(ctx)
    return _told(call, _settings(call).everything(), origin=origin)


@config.command(cls=Command)
@example("wl config unset node.port")
def unset(ctx: typer.Context, name: Name) -> int:
    """Go back to the default of one setting."""
    call = call_of(ctx)
    return _told(call, [_settings(call).unset(name)], origin=True)
