"""`gt up down`: the town's node, which keeps watch over its agents; begun, and ended with proof."""

import json
import subprocess
import sys
from typing import Annotated, Any

import typer

from cli.context import Call
from cli.gt.opened import works_of, workspace_of
from cli.gt.sessions import LAUNCHED
from cli.local import open_private_here
from cli.output import show
from cli.tree import Command, call_of, example, new_module
from town.market.answer import Answer, Next
from town.node import clock
from town.node.boot import child_environment
from town.node.home import Home
from town.node.lifecycle import running, start, stop
from town.node.strays import strays_of

app = new_module()

FAILED = 1
RESTORE_S = 300
LINE_CHARS = 60  # of a program that runs on
# What these ask for is so without them.
Always = Annotated[
    bool, typer.Option("-p", "--polecats", "-a", "--all", "-f", "--force", hidden=True, help="So.")
]


@app.command(cls=Command)
@example("gt up", "gt up --restore", "gt up --port 0 --json")
def up(
    ctx: typer.Context,
    *,
    port: Annotated[
        int, typer.Option("--port", show_default=False, help="0 takes any free one.")
    ] = -1,
    restore: Annotated[
        bool, typer.Option("--restore", help="Begin the crew that crew.startup names, too.")
    ] = False,
) -> int:
    """Start the town's node and its watch. It begins no agent that has nothing to do."""
    call = call_of(ctx)
    words, data = started(call, port=port)
    crew = typed(call, "crew", "start", "--startup") if restore else None
    return show(call, up_answer(words, data, [crew] if crew else []), now=clock.now())


def started(call: Call, *, port: int = -1) -> tuple[list[str], dict[str, Any]]:
    """The node runs: that in words, and as facts."""
    workspace = workspace_of(call)
    env = {**call.env, **({"WL_NODE_PORT": str(port)} if port >= 0 else {})}
    argv = [sys.executable, "-m", "cli.resident", "--home", str(workspace.home)]
    facts, fresh = start(Home(workspace.home), argv, child_environment(env))
    words = [
        f"✓ node    {'' if fresh else 'already up: '}{facts.url}  pid {facts.pid}",
        "✓ watch   over workers, merge queue, convoys; it asks no model",
    ]
    return words, {"node": {"pid": facts.pid, "url": facts.url}, "started": fresh}


def up_answer(words: list[str], data: dict[str, Any], more: list[dict[str, Any]]) -> Answer:
    """The node, and what was begun with it; the first that failed is the exit code."""
    error = next((one["error"] for one in more if one["error"]), None)
    steps = (Next(do="agents", cmd=("gt", "agents")), Next(do="stop", cmd=("gt", "down")))
    return Answer(
        schema="gt.v1.up",
        data={**data, **({"begun": [one["data"] for one in more]} if more else {})},
        words=tuple(words + [line for one in more for line in lines_of(one)]),
        warn=tuple(line for one in more for line in one["warn"]),
        next=steps,
        exit=next((one["exit"] for one in more if one["exit"]), 0),
        error=error,
    )


def lines_of(told: dict[str, Any]) -> list[str]:
    """What another line of `gt` begun, in words."""
    found = told["data"] or {}
    sessions = found.get("sessions") or ([found["session"]] if found.get("session") else [])
    begun = [f"✓ agent   {one['agent']}" for one in sessions]
    wrong = found.get("failed") or ([told["error"]] if told["error"] else [])
    return begun + [f"✗ agent   {one['message']}; {one['why']}" for one in wrong]


def typed(call: Call, *words: str) -> dict[str, Any]:
    """The envelope of another line of `gt`, done by the node that runs now, and its exit code."""
    argv = [sys.executable, "-c", LAUNCHED, *words, "--json", "--home", call.home]
    done = subprocess.run(  # noqa: S603  # argv only
        argv,
        env=child_environment(dict(call.env)),
        cwd=call.cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=RESTORE_S,
    )
    return {**json.loads(done.stdout), "exit": done.returncode}


@app.command(cls=Command)
@example("gt down", "gt down --dry-run", "gt down --json")
def down(
    ctx: typer.Context,
    *,
    dry_run: Annotated[
        bool, typer.Option("-n", "--dry-run", help="Show what would end; end nothing.")
    ] = False,
    _always: Always = False,
) -> int:
    """End the node and every session of the town, and prove it. Work stays on its hooks."""
    call = call_of(ctx)
    words, data = would_end(call) if dry_run else ended(ctx, call)
    code = FAILED if data["left"] and not dry_run else 0
    answer = Answer(schema="gt.v1.down", data=data, words=tuple(words), exit=code)
    return show(call, answer, now=clock.now())


def would_end(call: Call) -> tuple[list[str], dict[str, Any]]:
    """What `gt down` would end, in words and as facts."""
    node = running(Home(workspace_of(call).home))
    found = typed(call, "session", "list")["data"] or {"sessions": []}
    sessions = [one["name"] for one in found["sessions"]]
    words = [f"would stop  node, pid {node.pid}" if node else "the node does not run"]
    words += [f"would end   session {name}" for name in sessions]
    data = {"pid": node.pid if node else None, "sessions": sessions, "left": [], "dry_run": True}
    return words, data


def node_ended(call: Call) -> tuple[list[str], dict[str, Any]]:
    """The node is gone, and this line has the database: that in words, and as facts."""
    gone = stop(Home(workspace_of(call).home))
    call.private = open_private_here
    words = [f"✓ node    {'stopped pid ' + str(gone.pid) if gone.pid else 'was not running'}"]
    return words, {"pid": gone.pid}


def ended(ctx: typer.Context, call: Call) -> tuple[list[str], dict[str, Any]]:
    """The node and every session are gone: that in words, and as facts."""
    from town.refinery.left import end_left  # noqa: PLC0415  # only the end of a town needs it

    words, data = node_ended(call)
    with works_of(ctx) as works:
        gates = end_left(works.refinery)
        sessions, left = works.watch.stop_all(), works.watch.left()
    words += [f"✓ session {name}" for name in sessions]
    words += [f"✓ gates   {gates} processes that a killed node had left"] if gates else []
    words.append(f"{'✗' if left else '✓'} left    {len(left)} processes")
    strays = strays_of(workspace_of(call).root)
    words += [
        f"• runs on {one.pid}, begun by {one.agent}, which it has left: {one.line[:LINE_CHARS]}"
        for one in strays
    ]
    facts = [
        {"pid": one.pid, "agent": one.agent, "untrusted": {"line": one.line}} for one in strays
    ]
    return words, {**data, "sessions": sessions, "gates": gates, "left": left, "strays": facts}
