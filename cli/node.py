"""`wl init up down status`: the town and its node."""

import sys
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import typer

from cli.answers import answer, bytes_of
from cli.asking import asked
from cli.context import Call, UsageError
from cli.escape import escape
from cli.output import envelope, show
from cli.tree import Command, call_of, example, new_module
from town.node.boot import child_environment
from town.node.home import Home
from town.node.lifecycle import running, start, stop

app = new_module()


class NodeRunsError(UsageError):
    """What the command does must not happen under a running node."""

    code: ClassVar[str] = "usage.node_runs"
    hint: ClassVar[str] = "wl down"
    try_: ClassVar[tuple[tuple[str, ...], ...]] = (("wl", "down"),)


@app.command(cls=Command)
@example("wl init --handle rust-hollow", "wl init --handle ash --home /ash --json")
def init(
    ctx: typer.Context,
    *,
    handle: Annotated[str, typer.Option("--handle", help="The town's public name.")] = "",
    type_: Annotated[str, typer.Option("--type", help="town, human, agent or org.")] = "town",
) -> int:
    """Found a town: an account, a device key here and a recovery key to put away."""
    return answer(ctx, lambda town: town.market.init(handle=handle, type=type_))


@app.command(cls=Command)
@example(
    "wl up",
    "wl up --detach --port 0 --json",
    "wl up --listen 0.0.0.0 --public-url https://wl.example.org",
    "wl up --recover recovery.txt",
)
def up(
    ctx: typer.Context,
    *,
    detach: Annotated[
        bool, typer.Option("--detach/--foreground", help="Return when it runs, or stay.")
    ] = True,
    port: Annotated[
        int, typer.Option("--port", show_default=False, help="0 takes any free one.")
    ] = -1,
    listen: Annotated[str, typer.Option("--listen", help="The address, or address:port.")] = "",
    public_url: Annotated[
        str, typer.Option("--public-url", help="How others reach this node.")
    ] = "",
    recover: Annotated[
        str,
        typer.Option("--recover", help="First replace a lost key, with the saved recovery key."),
    ] = "",
    lost: Annotated[str, typer.Option("--lost", help="With it: the device that is lost.")] = "",
) -> int:
    """Start the node; nothing is sent anywhere until you join or invite somebody."""
    call = call_of(ctx)
    if recover:
        _recovered(call, recover, lost)
    env = {**call.env, **_overrides(port=port, listen=listen, public_url=public_url)}
    if not detach:
        from cli.resident import stay  # noqa: PLC0415  # the whole node

        return stay(call.home, env)
    return _detached(call, env)


def _recovered(call: Call, file: str, lost: str) -> None:
    """The home signs under a new key; no node may run meanwhile."""
    if running(Home(call.path(call.home))) is not None:
        raise NodeRunsError("a node runs here, and goes on under the old key")
    text = bytes_of(call, file).decode("utf-8", "replace")
    with call.town(call) as town:
        found = town.market.recover(text, lost=lost)
    for line in found.words:
        call.terminal.err(line + "\n")


def _overrides(*, port: int, listen: str, public_url: str) -> dict[str, str]:
    address, _, behind = listen.rpartition(":") if listen.count(":") == 1 else (listen, "", "")
    said = {
        "WL_NODE_PORT": str(port) if port >= 0 else behind,
        "WL_NODE_LISTEN": address,
        "WL_NODE_PUBLIC_URL": public_url,
    }
    return {name: value for name, value in said.items() if value}


def _detached(call: Call, env: dict[str, str]) -> int:
    home = Home(call.path(call.home))
    argv = [sys.executable, "-m", "cli.resident", "--home", call.home]
    facts, fresh = start(home, argv, child_environment(env))
    data = {
        "node": {"pid": facts.pid, "url": facts.url, "public_url": facts.public_url},
        "started": fresh,
        "home": call.home,
    }
    if call.wants.json:
        call.terminal.out(envelope("wl.v1.up", data=data))
        return 0
    first = "" if fresh else "already up: "
    lines = [
        f"Node    {first}{facts.url}  pid {facts.pid}  (stop: wl down)",
        f"Board   {facts.url}/",
    ]
    status = asked(call.home, ["status"]).get("data")
    lines += ["next    wl status"] if status is None else _who_and_next(status)
    for line in lines:
        call.terminal.out(escape(line) + "\n")
    return 0


def _who_and_next(status: Mapping[str, Any]) -> list[str]:
    """Who is at home, what is to be saved, and what to type next."""
    town, boards = status.get("town"), status.get("wastelands") or []
    if not town:
        return ["Town    none here yet", "next    wl init --handle <name>"]
    lines = [f"Town    {town['handle']}"]
    if town.get("sealed"):
        lines.append(f"Key     signs no more here: {town['sealed']} (wl device join)")
    if not town["recovery_saved"]:
        lines.append("Save    recovery key NOT SAVED. Two minutes: wl key backup FILE")
    if not boards:
        lines.append("        nothing is sent anywhere until you join or invite somebody")
        return [*lines, 'next    wl join <token>   ·   wl invite   ·   wl post "…"']
    return [*lines, 'next    wl browse   ·   wl invite   ·   wl post "…"']


@app.command(cls=Command)
@example("wl down", "wl down --json")
def down(ctx: typer.Context) -> int:
    """End the node and everything it began, and prove it."""
    call = call_of(ctx)
    ended = stop(Home(call.path(call.home)))
    data = {"pid": ended.pid, "ended": ended.processes, "forced": ended.forced, "left": 0}
    if call.wants.json:
        call.terminal.out(envelope("wl.v1.down", data=data))
    elif ended.pid is None:
        call.terminal.out("down    no node was running · 0 processes left\n")
    else:
        how = " (it had to be killed)" if ended.forced else ""
        call.terminal.out(f"down    stopped pid {ended.pid}{how} · 0 processes left\n")
    return 0


@app.command(cls=Command)
@example("wl status", "wl status --json | jq -r .data.node.url", "wl status w-3fa9")
def status(
    ctx: typer.Context,
    item: Annotated[str, typer.Argument(metavar="[ITEM]", help="Then the same as show.")] = "",
) -> int:
    """Say how this town stands: node, identity, board, peers, what is unsent."""
    call = call_of(ctx)
    if item:
        return answer(ctx, lambda town: town.market.show(item))
    with call.town(call) as town:
        found, now = town.status(running(Home(call.path(call.home)))), town.now()
    return show(call, found, now=now)
