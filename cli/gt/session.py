"""`gt session`: the sessions of agents, one by one."""

from typing import Annotated

import typer

from cli.gt.agents import PEEK_LINES, PEEK_MAX, age, session_facts
from cli.gt.opened import works_of
from cli.gt.sessions import attached, begun, see_through, told
from cli.output import show
from cli.tree import Command, call_of, example, new_group, new_module
from town.market.answer import Answer
from town.sessions.desk import SessionView

app = new_module()
session = new_group("session", "Sessions: list, start, stop, restart, at, capture, inject, status.")
app.add_typer(session)

Who = Annotated[str, typer.Argument(metavar="AGENT", help="An address, or RIG/NAME.")]
Agent = Annotated[str, typer.Option("--agent", metavar="NAME", help="Which program it runs.")]


@session.command("list", cls=Command)
@example("gt session list", "gt session list --json")
def list_(ctx: typer.Context) -> int:
    """List the sessions that are not over."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        found = works.agents.open()
        now = works.now()
    words = tuple(_line(view, now) for view in found) or ("no sessions",)
    data = {"sessions": [session_facts(view) for view in found]}
    return show(call, Answer(schema="gt.v1.sessions", data=data, words=words), now=now)


def _line(view: SessionView, now: int) -> str:
    row = view.row
    state = f"up {age(now, row.started_at)}" if view.alive else "its program is gone"
    bead = f"  {row.bead}" if row.bead else ""
    return (
        f"{'●' if view.alive else '○'} {row.name:<20} {row.agent}  [{row.runtime}]{bead}  {state}"
    )


@session.command(cls=Command)
@example("gt session start myproject/toast", "gt session start mayor --agent codex")
def start(ctx: typer.Context, who: Who, *, agent: Agent = "") -> int:
    """Begin an agent's session with what is on its hook; nothing happens where it runs."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        row, fresh = begun(call, works, works.agents.agent(who), runtime=agent)
        now = works.now()
    return show(call, told(row, fresh=fresh, asked=agent), now=now)


@session.command(cls=Command)
@example("gt session stop myproject/toast")
def stop(ctx: typer.Context, who: Who) -> int:
    """End an agent's session. Its work stays on its hook, its worktree as it is."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        address = works.agents.agent(who)
        ended = works.agents.stop(address)
        now = works.now()
    words = (f"{'✓' if ended else '•'} {address.text}  {'stopped' if ended else 'did not run'}",)
    data = {"agent": address.text, "stopped": ended}
    return show(call, Answer(schema="gt.v1.session-stopped", data=data, words=words), now=now)


@session.command(cls=Command)
@example("gt session restart mayor", "gt session restart myproject/toast --agent claude")
def restart(ctx: typer.Context, who: Who, *, agent: Agent = "") -> int:
    """End an agent's session and begin a new one, with the program that it ran."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        row = works.agents.restart(works.agents.agent(who), runtime=agent)
        see_through(call, row.id)
        now = works.now()
    return show(call, told(row, fresh=True), now=now)


@session.command("at", cls=Command)
@example("gt session at mayor")
def at(ctx: typer.Context, who: Who) -> int:
    """Sit down at an agent's session; Ctrl-b d leaves it running."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        address = works.agents.agent(who)
        argv = attached(call, works, address)
        row = works.agents.living(address).row
        now = works.now()
    return 0 if call.then else show(call, told(row, fresh=False, then=argv), now=now)


@session.command(cls=Command)
@example("gt session capture mayor 50")
def capture(
    ctx: typer.Context,
    who: Who,
    lines: Annotated[
        int, typer.Argument(metavar="[N]", min=1, max=PEEK_MAX, help="Lines.")
    ] = PEEK_LINES,
) -> int:
    """Print what a session printed last, as gt peek does."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        row, text = works.agents.peek(works.agents.agent(who), lines=lines)
        now = works.now()
    data = {"agent": row.agent, "session": row.id, "untrusted": {"text": text}}
    words = tuple(text.split("\n"))
    return show(call, Answer(schema="gt.v1.peek", data=data, words=words), now=now)


@session.command(cls=Command)
@example('gt session inject mayor "How far are you?"')
def inject(
    ctx: typer.Context,
    who: Who,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is typed; - for stdin.")],
) -> int:
    """Type a text into a session, with Enter behind it. gt nudge is kinder to who is busy."""
    call = call_of(ctx)
    said = call.terminal.read_all().decode("utf-8", "replace") if text == "-" else text
    with works_of(ctx) as works:
        row = works.agents.inject(works.agents.agent(who), said)
        now = works.now()
    data = {"agent": row.agent, "session": row.id, "characters": len(said)}
    words = (f"✓ {row.agent}  {len(said)} characters typed into {row.name}",)
    return show(call, Answer(schema="gt.v1.injected", data=data, words=words), now=now)


@session.command(cls=Command)
@example("gt session status mayor --json")
def status(ctx: typer.Context, who: Who) -> int:
    """Show an agent's newest session: whether it runs, and everything known of it."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        address = works.agents.agent(who)
        found = works.agents.of(address)
        view = found or SessionView(row=works.agents.newest(address), alive=False)
        now = works.now()
    words = tuple(words_of(view, now))
    answer = Answer(schema="gt.v1.session", data={"session": session_facts(view)}, words=words)
    return show(call, answer, now=now)


def words_of(view: SessionView, now: int) -> list[str]:
    """A session in words, a fact a line."""
    facts = session_facts(view)
    over = f"○ {view.row.name}  {view.row.agent}  [{view.row.runtime}]  over"
    shown = ("id", "pid", "provider", "topic", "reason", "exit", "cwd", "transcript")
    more = [f"  {name:<11}{facts[name]}" for name in shown if facts[name] not in (None, "")]
    return [over if view.row.ended_at else _line(view, now), *more]


@session.command(cls=Command, hidden=True)
@example("gt session settle ses-0123456789abcdef")
def settle(
    ctx: typer.Context, identifier: Annotated[str, typer.Argument(metavar="SESSION")]
) -> int:
    """See a session through its beginning; the town calls it itself."""
    from cli.gt.settling import settled  # noqa: PLC0415

    return settled(ctx, identifier)
