"""`gt config agent` and `gt config default-agent`: the programs that agents run."""

import os
import shlex
from typing import Annotated, Any

import typer

from cli.context import Call
from cli.gt.opened import workspace_of
from cli.output import show
from cli.tree import Command, call_of, example, new_group
from town.agents.custom import Agents
from town.agents.presets import Preset
from town.agents.runtime import launch
from town.market.answer import Answer
from town.node import clock

agent = new_group("agent", "The programs that agents run: list, get, set, remove.")

LITERAL = {"ignore_unknown_options": True}  # a program's options may look like ours
Name = Annotated[str, typer.Argument(metavar="NAME", help="As `gt config agent list` has it.")]


def _agents(call: Call) -> Agents:
    return Agents(workspace_of(call))


def _facts(one: Preset, *, default: str) -> dict[str, Any]:
    return {
        "name": one.name, "builtin": one.builtin, "default": one.name == default,
        "command": one.command, "args": list(one.args), "env": dict(one.env),
        "argv": list(launch(one, prompt="<prompt>")), "prompt_mode": one.prompt_mode,
        "process_names": list(one.process_names), "resume": list(one.resume),
        "forks": one.forks, "hooks": one.hooks.path if one.hooks is not None else None,
        "instructions": one.instructions, "ready_prompt": one.ready_prompt or None,
        "ready_delay_ms": one.ready_delay_ms,
    }  # fmt: skip


@agent.command("list", cls=Command)
@example("gt config agent list", "gt config agent list --json")
def list_(ctx: typer.Context) -> int:
    """List the programs that agents can run; * is the default."""
    call = call_of(ctx)
    agents = _agents(call)
    found, default = agents.listed(), agents.default()
    width = max(len(one.name) for one in found)
    words = tuple(_line(one, width, default=default) for one in found)
    data = {"default": default, "agents": [_facts(one, default=default) for one in found]}
    return show(call, Answer(schema="gt.v1.agent-list", data=data, words=words), now=clock.now())


def _line(one: Preset, width: int, *, default: str) -> str:
    mark = "*" if one.name == default else " "
    kind = "built in" if one.builtin else "yours"
    return f"{mark} {one.name:<{width}}  {kind:<8}  {' '.join((one.command, *one.args))}"


@agent.command(cls=Command)
@example("gt config agent get claude", "gt config agent get fake --json")
def get(ctx: typer.Context, name: Name) -> int:
    """Show how one program is started, continued and recognised."""
    call = call_of(ctx)
    agents = _agents(call)
    facts = _facts(agents.get(name), default=agents.default())
    shown = {key: value for key, value in facts.items() if value not in (None, "", [], {})}
    words = tuple(f"{key:<15}{_text(value)}" for key, value in shown.items())
    return show(call, Answer(schema="gt.v1.agent", data=facts, words=words), now=clock.now())


def _text(value: Any) -> str:
    return " ".join(str(one) for one in value) if isinstance(value, list) else str(value)


@agent.command("set", cls=Command, context_settings=LITERAL)
@example(
    'gt config agent set fast "claude --model haiku --dangerously-skip-permissions"',
    'gt config agent set fake "/usr/local/bin/my-agent"',
)
def set_(
    ctx: typer.Context,
    name: Name,
    line: Annotated[str, typer.Argument(metavar="COMMAND", help="One word to the shell: quote.")],
) -> int:
    """Add a program of your own, or change one; it is like the built-in one whose command it is."""
    call = call_of(ctx)
    agents = _agents(call)
    made = agents.set(name, _from_here(call, line))
    facts = _facts(made, default=agents.default())
    words = (f"✓ {name}  {' '.join((made.command, *made.args))}",)
    return show(call, Answer(schema="gt.v1.agent", data=facts, words=words), now=clock.now())


def _from_here(call: Call, line: str) -> str:
    """The command, a program that is named from this folder by its whole path."""
    first, space, rest = line.partition(" ")
    if not first.startswith(("./", "../", "~/")):
        return line
    return f"{shlex.quote(os.path.normpath(call.path(first)))}{space}{rest}"


@agent.command(cls=Command)
@example("gt config agent remove fast")
def remove(ctx: typer.Context, name: Name) -> int:
    """Take a program of your own away. Built-in ones stay."""
    call = call_of(ctx)
    gone = _agents(call).remove(name)
    words = (f"{'✓' if gone else '•'} {name}  {'removed' if gone else 'was not there'}",)
    data = {"name": name, "removed": gone}
    return show(call, Answer(schema="gt.v1.agent-gone", data=data, words=words), now=clock.now())


@example("gt config default-agent", "gt config default-agent codex", "gt config default-agent list")
def default_agent(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Nothing shows it.")] = "",
) -> int:
    """Show or choose the program that agents run where nobody says otherwise."""
    call = call_of(ctx)
    if name == "list":
        return list_(ctx)
    agents = _agents(call)
    if name:
        agents.choose(name)
    chosen = agents.default()
    answer = Answer(schema="gt.v1.default-agent", data={"default_agent": chosen}, words=(chosen,))
    return show(call, answer, now=clock.now())
