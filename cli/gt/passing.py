"""`gt show close ready`: the same words of `bd`, because people type them after `gt` too."""

from dataclasses import replace
from typing import Annotated

import typer

from cli.context import Wants
from cli.tree import Command, call_of, example, new_module

app = new_module()

Words = Annotated[list[str] | None, typer.Argument(metavar="[WORDS...]", help="As for bd.")]
PASSING = {"ignore_unknown_options": True, "allow_extra_args": True}


def passed_on(ctx: typer.Context, program: str, *words: str) -> int:
    """The exit code of another program's command, run in the place of this one."""
    from cli.app import run  # noqa: PLC0415  # the other program's tree, only when it is asked for

    call = call_of(ctx)
    return run(replace(call, program=program, argv=words, wants=Wants()))


def _of_bd(ctx: typer.Context, verb: str, words: list[str] | None) -> int:
    call = call_of(ctx)
    shared = ("--json",) if call.wants.json else ()
    return passed_on(ctx, "bd", verb, *(words or ()), *ctx.args, *shared)


@app.command(cls=Command, context_settings=PASSING)
@example("gt show gt-x7k2m")
def show(ctx: typer.Context, words: Words = None) -> int:
    """Show a bead: the same as bd show."""
    return _of_bd(ctx, "show", words)


app.command("cat", cls=Command, context_settings=PASSING, hidden=True)(show)


@app.command(cls=Command, context_settings=PASSING)
@example("gt close gt-x7k2m --reason 'Done'")
def close(ctx: typer.Context, words: Words = None) -> int:
    """Close beads: the same as bd close."""
    return _of_bd(ctx, "close", words)


@app.command(cls=Command, context_settings=PASSING)
@example("gt ready", "gt ready --json")
def ready(ctx: typer.Context, words: Words = None) -> int:
    """List what could be begun now, of every project: the same as bd ready."""
    return _of_bd(ctx, "ready", words)
