"""`gt info version help`: what `gt` says about itself and the town it stands in."""

from importlib.metadata import version as installed
from typing import Annotated

import typer

from cli.about import help_of
from cli.gt.opened import workspace_of
from cli.output import envelope, show
from cli.tree import Command, call_of, example, new_module
from town.market.answer import Answer
from town.node import clock
from town.workspace.files import read_json
from town.workspace.install import overseer_of

app = new_module()


@app.command(cls=Command)
@example("gt info", "gt info --json")
def info(ctx: typer.Context) -> int:
    """Print what this town is and where it lies."""
    call = call_of(ctx)
    workspace = workspace_of(call)
    mark, person = read_json(workspace.mark), overseer_of(workspace)
    rigs = read_json(workspace.rigs).get("rigs", {})
    data = {
        "name": str(mark.get("name") or workspace.root.name),
        "root": str(workspace.root),
        "owner": str(mark.get("owner") or ""),
        "public_name": str(mark.get("public_name") or ""),
        "created_at": str(mark.get("created_at") or ""),
        "overseer": person.name,
        "rigs": sorted(rigs),
        "version": installed("wasteland"),
    }
    shown = {**data, "rigs": ", ".join(data["rigs"]) or "none yet"}
    words = tuple(f"{name.replace('_', ' '):<12} {value}" for name, value in shown.items() if value)
    return show(call, Answer(schema="gt.v1.info", data=data, words=words), now=clock.now())


@app.command(cls=Command)
@example("gt version", "gt version --json")
def version(ctx: typer.Context) -> int:
    """Print the version of this program."""
    call = call_of(ctx)
    number = installed("wasteland")
    if call.wants.json:
        call.terminal.out(envelope("gt.v1.version", data={"version": number}))
    else:
        call.terminal.out(f"gt {number}\n")
    return 0


@app.command("help", cls=Command)
@example("gt help", "gt help exits", "gt help rig")
def help_(
    ctx: typer.Context,
    topic: Annotated[str, typer.Argument(metavar="[TOPIC]", help="Or a command.")] = "",
) -> int:
    """Explain the exit codes, the output, or a command."""
    return help_of(ctx, topic, schema="gt.v1.help")
