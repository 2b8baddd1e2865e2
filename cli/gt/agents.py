"""`gt agents` and `gt peek`: everybody in the town, and what their programs printed last."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.gt.opened import works_of
from cli.output import show
from cli.tree import Command, Group, call_of, example, new_group, new_module
from stamps.clock import SECOND_US
from stamps.errors import WastelandError
from town.market.answer import Answer, Next
from town.sessions.desk import AgentView, SessionView
from town.workspace.settings import WorkerStatus, milliseconds
from town.workspace.settings_file import town_settings

if TYPE_CHECKING:
    from town.node.works import Works

app = new_module()
agents = new_group("agents", "Everybody in the town, by role: who runs, and on what.")
app.add_typer(agents)

RUNS, RESTS = "●", "○"
UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
TITLES = {
    "mayor": "Mayor", "deacon": "Deacon", "boot": "Boot", "dog": "Dogs", "witness": "Witnesses",
    "refinery": "Refineries", "crew": "Crew", "polecat": "Polecats",
}  # fmt: skip
SERVICE, OF_RIG = "deacon", ("witness", "refinery")
PEEK_LINES = 100
PEEK_MAX = 10_000


def age(now: int, then: int) -> str:
    """How long ago something was, in one unit."""
    seconds = max(0, now - then) // SECOND_US
    return next((f"{seconds // size}{unit}" for size, unit in UNITS if seconds >= size), "now")


@agents.callback(invoke_without_command=True, cls=Group)
@example("gt agents", "gt agents --all --json", "gt agents check")
def list_(
    ctx: typer.Context,
    *,
    every: Annotated[bool, typer.Option("--all", help="Also who rests.")] = False,
) -> int:
    """Show everybody: ● runs, ○ rests; the program, the work, since when, the last sign."""
    if ctx.invoked_subcommand is not None:
        return 0
    call = call_of(ctx)
    with works_of(ctx) as works:
        found = works.agents.roster(every=every)
        services = [
            SERVICE,
            *(f"{rig}/{role}" for rig in works.town.rig_names() for role in OF_RIG),
        ]
        watched = works.watched()
        silence = _silence(works)
        now = works.now()
    words = tuple(_lines(found, now, silence)) or ("nobody runs; gt agents --all shows everybody",)
    words += (_service_line(services, watched=watched),)
    steps = () if found else (Next(do="mayor", cmd=("gt", "mayor", "attach")),)
    data = {
        "agents": [facts(one) for one in found],
        "services": [{"agent": name, "runs": watched} for name in services],
    }
    answer = Answer(schema="gt.v1.agents", data=data, words=words, next=steps)
    return show(call, answer, now=now)


def _service_line(services: list[str], *, watched: bool) -> str:
    """The services of the town, which its node runs and which ask no model."""
    state = "run in the town's node" if watched else "rest: gt up"
    return f"Services  {RUNS if watched else RESTS} {', '.join(services)}  {state}"


def facts(one: AgentView) -> dict[str, Any]:
    """Somebody as programs read them."""
    session = one.session
    return {
        "agent": one.agent.id,
        "role": one.agent.role,
        "rig": one.agent.rig,
        "name": one.agent.name,
        "state": one.agent.state,
        "runs": one.alive,
        "runtime": one.agent.runtime,
        "bead": one.work.bead if one.work is not None else None,
        "assignment": one.work.id if one.work is not None else None,
        "since": one.work.created_at if one.work is not None else None,
        "session": session_facts(session) if session is not None else None,
    }


def session_facts(view: SessionView) -> dict[str, Any]:
    """A session as programs read it."""
    row = view.row
    return {
        "id": row.id, "name": row.name, "agent": row.agent, "runs": view.alive, "pid": row.pid,
        "provider": row.provider, "runtime": row.runtime, "native_id": row.native_id,
        "bead": row.bead, "assignment": row.assignment, "attempt": row.attempt,
        "topic": row.topic, "cwd": row.cwd, "transcript": row.transcript,
        "started_at": row.started_at, "ready_at": row.ready_at or None,
        "active_at": view.active_at or None, "ended_at": row.ended_at or None,
        "exit": row.exit, "reason": row.reason,
    }  # fmt: skip


def _silence(works: "Works") -> list[tuple[int, str]]:
    """From how long without a sign on a worker is called so, the longest first."""
    try:
        said = town_settings(works.workspace).read().worker_status
    except WastelandError:
        said = WorkerStatus()  # the doctor says what is wrong with the file
    return [(milliseconds(said.stuck), "stuck?"), (milliseconds(said.stale), "stale")]


def _lines(found: list[AgentView], now: int, silence: list[tuple[int, str]]) -> list[str]:
    lines = []
    for role, title in TITLES.items():
        mine = [one for one in found if one.agent.role == role]
        lines += [title, *(_line(one, now, silence) for one in mine)] if mine else []
    return lines


def _line(one: AgentView, now: int, silence: list[tuple[int, str]]) -> str:
    mark = RUNS if one.alive else RESTS
    runtime = f" [{one.agent.runtime}]" if one.agent.runtime else ""
    words = [f"  {mark} {one.agent.id}{runtime}"]
    if one.work is not None:
        words.append(f"{one.work.bead} {one.work.state} for {age(now, one.work.created_at)}")
    if one.session is not None and one.alive:
        words.append(f"up {age(now, one.session.row.started_at)}")
        sign = one.session.active_at or one.session.row.started_at
        words.append(f"last sign {age(now, sign)}")
        silent = (word for after, word in silence if now - sign >= after * 1_000)
        words += [next(silent, "")] if one.work is not None else []
    elif one.session is not None:
        words.append("its program is gone")
    return "  ".join(word for word in words if word)


@agents.command(cls=Command)
@example("gt agents check", "gt agents check --json")
def check(ctx: typer.Context) -> int:
    """Look for two sessions of one agent, and for sessions whose program is gone."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        found = works.agents.doubles()
        known = {view.row.name for view in works.agents.open()}
        names = works.extension("session_lister").list_sessions()
        strange = sorted(set(names) - known)
        now = works.now()
    words = tuple(f"session {name} runs, but stands in no row" for name in strange)
    words += tuple(
        f"{agent}: {view.row.id} {'runs' if view.alive else 'is recorded, but its program is gone'}"
        for agent, views in found
        for view in views
    )
    data = {
        "agents": [
            {"agent": agent, "sessions": [session_facts(view) for view in views]}
            for agent, views in found
        ],
        "strange": strange,
    }
    steps = (Next(do="fix", cmd=("gt", "agents", "fix")),) if found else ()
    said = words or ("every session is one agent's, and runs",)
    answer = Answer(
        schema="gt.v1.agents-check", data=data, words=said, next=steps, exit=1 if words else 0
    )
    return show(call, answer, now=now)


@agents.command(cls=Command)
@example("gt agents fix")
def fix(ctx: typer.Context) -> int:
    """Let the rows of sessions whose program is gone say so. What runs is not touched."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        done = works.agents.settle_doubles()
        now = works.now()
    words = tuple(done) or ("nothing was to be mended",)
    return show(call, Answer(schema="gt.v1.agents-fix", data={"fixed": done}, words=words), now=now)


@app.command(cls=Command)
@example("gt peek myproject/toast", "gt peek mayor 20")
def peek(
    ctx: typer.Context,
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="An address, or RIG/NAME.")],
    lines: Annotated[
        int, typer.Argument(metavar="[N]", min=1, max=PEEK_MAX, help="Lines.")
    ] = PEEK_LINES,
) -> int:
    """Print what an agent's session printed last; also of one that has ended."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        row, text = works.agents.peek(works.agents.agent(agent), lines=lines)
        now = works.now()
    data = {"agent": row.agent, "session": row.id, "untrusted": {"text": text}}
    words = tuple(text.split("\n"))
    return show(call, Answer(schema="gt.v1.peek", data=data, words=words), now=now)
