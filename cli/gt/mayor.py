"""`gt mayor`: the agent that a person talks to."""

from typing import Annotated

import typer

from cli.gt.agents import session_facts
from cli.gt.opened import works_of
from cli.gt.session import words_of
from cli.gt.sessions import attached, begun, see_through, told
from cli.output import show
from cli.tree import Command, call_of, example, new_group, new_module
from ledger.workspace.rows import MAYOR
from town.agents.address import Address
from town.market.answer import Answer, Next

app = new_module()
mayor = new_group("mayor", "The agent you talk to: attach, start, stop, restart, status.")
app.add_typer(mayor)

WHO = Address(text=MAYOR, role=MAYOR)
Agent = Annotated[str, typer.Option("--agent", metavar="NAME", help="Which program it runs.")]


@mayor.command(cls=Command)
@example("gt mayor attach", "gt mayor attach --agent codex")
def attach(ctx: typer.Context, *, agent: Agent = "") -> int:
    """Sit down with the mayor, whose session is begun if need be. Ctrl-b d leaves it running."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        row, fresh = begun(call, works, WHO, runtime=agent)
        argv = attached(call, works, WHO)
        now = works.now()
    return 0 if call.then else show(call, told(row, fresh=fresh, then=argv), now=now)


@mayor.command(cls=Command)
@example("gt mayor start", "gt mayor start --agent auggie")
def start(ctx: typer.Context, *, agent: Agent = "") -> int:
    """Begin the mayor's session; nothing happens where it runs."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        row, fresh = begun(call, works, WHO, runtime=agent)
        now = works.now()
    return show(call, told(row, fresh=fresh, asked=agent), now=now)


@mayor.command(cls=Command)
@example("gt mayor stop")
def stop(ctx: typer.Context) -> int:
    """End the mayor's session. The town goes on without it."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        ended = works.agents.stop(WHO)
        now = works.now()
    words = (f"{'✓' if ended else '•'} mayor  {'stopped' if ended else 'did not run'}",)
    data = {"agent": MAYOR, "stopped": ended}
    return show(call, Answer(schema="gt.v1.session-stopped", data=data, words=words), now=now)


@mayor.command(cls=Command)
@example("gt mayor restart", "gt mayor restart --agent claude")
def restart(ctx: typer.Context, *, agent: Agent = "") -> int:
    """End the mayor's session and begin a new one, with the program that it ran."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        row = works.agents.restart(WHO, runtime=agent)
        see_through(call, row.id)
        now = works.now()
    return show(call, told(row, fresh=True), now=now)


@mayor.command(cls=Command)
@example("gt mayor status", "gt mayor status --json")
def status(ctx: typer.Context) -> int:
    """Show whether the mayor runs, and which program."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        view = works.agents.of(WHO)
        now = works.now()
    data = {"session": session_facts(view) if view is not None else None}
    words = tuple(words_of(view, now)) if view is not None else ("○ mayor  does not run",)
    runs = view is not None and view.alive
    steps = () if runs else (Next(do="attach", cmd=("gt", "mayor", "attach")),)
    answer = Answer(schema="gt.v1.mayor", data=data, words=words, next=steps)
    return show(call, answer, now=now)
