"""`gt rig config` and `gt rig settings`: what a person chose for one rig."""

from typing import Annotated, Any

import typer

from cli.context import Call
from cli.gt.config import LITERAL, told_list, told_set, told_unset
from cli.gt.opened import workspace_of
from cli.output import show
from cli.tree import Command, call_of, example, new_group
from town.market.answer import Answer
from town.node import clock
from town.rigs.errors import NoRigError
from town.workspace.files import read_json
from town.workspace.layout import RigFolder
from town.workspace.settings_file import SettingsFile, effective, rig_settings

config = new_group("config", "A rig's settings: show, set, unset.")

RigName = Annotated[str, typer.Argument(metavar="RIG", help="The rig's name.")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="As `gt rig config show` has it.")]


def _folder(call: Call, name: str) -> RigFolder:
    """The folder of a rig that the town knows. Raises NoRigError."""
    workspace = workspace_of(call)
    known = read_json(workspace.rigs).get("rigs", {})
    if name.rstrip("/") not in known:
        raise NoRigError(name, sorted(known))
    return workspace.rig(name.rstrip("/"))


def _file(call: Call, name: str) -> SettingsFile[Any]:
    return rig_settings(_folder(call, name))


@config.command("show", cls=Command)
@example("gt rig config show myproject", "gt rig config show myproject --layers")
def show_(
    ctx: typer.Context,
    rig: RigName,
    *,
    layers: Annotated[bool, typer.Option("--layers", help="Also what is overruled.")] = False,
) -> int:
    """Show every setting of a rig as it counts: its own, the town's, or the default."""
    call = call_of(ctx)
    found = effective(workspace_of(call), _folder(call, rig))
    return told_list(call, found, schema="gt.v1.rig-settings", layers=layers)


@config.command("set", cls=Command, context_settings=LITERAL)
@example(
    "gt rig config set myproject agent codex",
    'gt rig config set myproject merge_queue.gates.test.cmd "make test"',
)
def set_(
    ctx: typer.Context,
    rig: RigName,
    key: Key,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="The new value.")],
) -> int:
    """Change one setting of a rig."""
    call = call_of(ctx)
    return told_set(call, _file(call, rig), key, value)


@config.command(cls=Command)
@example("gt rig config unset myproject agent")
def unset(ctx: typer.Context, rig: RigName, key: Key) -> int:
    """Let the town's setting, or the default, count again."""
    call = call_of(ctx)
    return told_unset(call, _file(call, rig), key)


@example("gt rig settings myproject")
def settings(ctx: typer.Context, rig: RigName) -> int:
    """Print a rig's file of settings as it is."""
    call = call_of(ctx)
    file = _file(call, rig)
    told = file.told()
    lines = file.path.read_text("utf-8").splitlines() if file.path.exists() else []
    words = tuple(lines) or (f"{file.path} is not there: everything is by default",)
    answer = Answer(
        schema="gt.v1.rig-settings-file", data={"path": str(file.path), "file": told}, words=words
    )
    return show(call, answer, now=clock.now())
