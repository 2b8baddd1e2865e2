"""`gt config`: what a person chose for the whole town."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from cli.context import Call
from cli.gt import config_agent
from cli.gt.opened import workspace_of
from cli.gt.settings_lines import settings_lines, value_text
from cli.output import show
from cli.tree import Command, call_of, example, new_group, new_module
from town.market.answer import Answer
from town.node import clock
from town.workspace.settings_file import Effective, SettingsFile, town_settings

app = new_module()
config = new_group("config", "The town's settings: get, set, unset, list.")
app.add_typer(config)
config.add_typer(config_agent.agent)
config.command("default-agent", cls=Command)(config_agent.default_agent)

Key = Annotated[str, typer.Argument(metavar="KEY", help="As `gt config list` has it.")]
LITERAL = {"ignore_unknown_options": True}  # a value may be -1


def _file(call: Call) -> SettingsFile[Any]:
    return town_settings(workspace_of(call))


@config.command(cls=Command)
@example("gt config get default_agent", "gt config get scheduler.max_polecats --json")
def get(ctx: typer.Context, key: Key) -> int:
    """Print one setting."""
    call = call_of(ctx)
    value = _file(call).get(key)
    answer = Answer(
        schema="gt.v1.setting", data={"key": key, "value": value}, words=(value_text(value),)
    )
    return show(call, answer, now=clock.now())


@config.command("set", cls=Command, context_settings=LITERAL)
@example("gt config set default_agent codex", "gt config set scheduler.max_polecats 4")
def set_(
    ctx: typer.Context,
    key: Key,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="The new value.")],
) -> int:
    """Change one setting."""
    call = call_of(ctx)
    return told_set(call, _file(call), key, value)


def told_set(call: Call, file: SettingsFile[Any], key: str, said: str) -> int:
    """The setting has a new value, and it is printed."""
    value = file.set(key, said)
    data = {"key": key, "value": value, "path": str(file.path)}
    answer = Answer(schema="gt.v1.setting", data=data, words=(f"{key} = {value_text(value)}",))
    return show(call, answer, now=clock.now())


@config.command(cls=Command)
@example("gt config unset default_agent")
def unset(ctx: typer.Context, key: Key) -> int:
    """Go back to the default of one setting."""
    call = call_of(ctx)
    return told_unset(call, _file(call), key)


def told_unset(call: Call, file: SettingsFile[Any], key: str) -> int:
    """The setting is as it is by default, and that is printed."""
    gone, value = file.unset(key), file.get(key)
    data = {"key": key, "value": value, "changed": gone, "path": str(file.path)}
    words = (f"{key} = {value_text(value)} (default)",)
    return show(call, Answer(schema="gt.v1.setting", data=data, words=words), now=clock.now())


@config.command("list", cls=Command)
@example("gt config list", "gt config list --json")
def list_(ctx: typer.Context) -> int:
    """List every setting, and whether the town or the program says so."""
    call = call_of(ctx)
    return told_list(call, _file(call).listed(), schema="gt.v1.settings")


def told_list(call: Call, found: Sequence[Effective], *, schema: str, layers: bool = False) -> int:
    """The settings are printed, a line each."""
    rows = [
        {"key": one.key, "value": one.value, "layer": one.layer}
        | ({"layers": dict(one.layers)} if layers else {})
        for one in found
    ]
    words = tuple(settings_lines(found, layers=layers))
    answer = Answer(schema=schema, data={"settings": rows}, words=words)
    return show(call, answer, now=clock.now())
