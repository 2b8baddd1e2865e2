"""`gt up down`: the town's node, which keeps watch over its agents; begun, and ended with proof."""

import sys
from typing import Annotated

import typer

from cli.context import Call
from cli.gt.opened import works_of, workspace_of
from cli.local import open_private_here
from cli.output import show
from cli.tree import Command, call_of, example, new_module
from town.market.answer import Answer, Next
from town.node import clock
from town.node.boot import child_environment
from town.node.home import Home
from town.node.lifecycle import start, stop

app = new_module()

FAILED = 1


@app.command(cls=Command)
@example("gt up", "gt up --port 0 --json")
def up(
    ctx: typer.Context,
    *,
    port: Annotated[int, typer.Option("--port", help="0 takes any free one.")] = -1,
) -> int:
    """Start the town's node and its watch. It begins no agent that has nothing to do."""
    call = call_of(ctx)
    workspace = workspace_of(call)
    env = {**call.env, **({"WL_NODE_PORT": str(port)} if port >= 0 else {})}
    argv = [sys.executable, "-m", "cli.resident", "--home", str(workspace.home)]
    facts, fresh = start(Home(workspace.home), argv, child_environment(env))
    data = {"node": {"pid": facts.pid, "url": facts.url}, "started": fresh}
    words = (
        f"✓ node    {'' if fresh else 'already up: '}{facts.url}  pid {facts.pid}",
        "✓ watch   over workers, merge queue, convoys; it asks no model",
    )
    steps = (
        Next(do="agents", cmd=("gt", "agents")),
        Next(do="stop", cmd=("gt", "down")),
    )
    answer = Answer(schema="gt.v1.up", data=data, words=words, next=steps)
    return show(call, answer, now=clock.now())


@app.command(cls=Command)
@example("gt down", "gt down --json")
def down(ctx: typer.Context) -> int:
    """End the node and every session of the town, and prove it. Work stays on its hooks."""
    call = call_of(ctx)
    workspace = workspace_of(call)
    ended = stop(Home(workspace.home))
    sessions, left = _sessions_ended(ctx, call)
    words = []
    words.append(f"✓ node    {'stopped pid ' + str(ended.pid) if ended.pid else 'was not running'}")
    words += [f"✓ session {name}" for name in sessions]
    words.append(f"{'✗' if left else '✓'} left    {len(left)} processes")
    data = {"pid": ended.pid, "sessions": sessions, "left": left}
    code = FAILED if left else 0
    answer = Answer(schema="gt.v1.down", data=data, words=tuple(words), exit=code)
    return show(call, answer, now=clock.now())


def _sessions_ended(ctx: typer.Context, call: Call) -> tuple[list[str], list[int]]:
    """The sessions that were ended, and the numbers of processes that are left of any."""
    call.private = open_private_here
    with works_of(ctx) as works:
        ended = works.watch.stop_all()
        return ended, works.watch.left()
