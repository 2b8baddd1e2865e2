"""`wl sync peer invite join leave`: other towns."""

from typing import Annotated

import typer

from cli.answers import answer, seconds_of
from cli.context import UsageError
from cli.tree import Command, Telling, call_of, example, new_group, new_module

app = new_module()
peer = new_group("peer", "The nodes this one talks to: add, remove, list, ping.")
app.add_typer(peer)

Peer = Annotated[str, typer.Argument(metavar="PEER", help="Its name, its key or its address.")]


@app.command(cls=Telling)
@example("wl sync", "wl sync ash-flats", "wl sync --timeout 5s --json")
def sync(
    ctx: typer.Context,
    only: Annotated[
        str, typer.Argument(metavar="[PEER|FILE]", help="One peer, or a bundle file.")
    ] = "",
    *,
    timeout: Annotated[str, typer.Option("--timeout", help="How long at most.")] = "30s",
) -> int:
    """Exchange what either side lacks, now; says direction, count and age per peer."""
    timeout_s = seconds_of(timeout)
    call = call_of(ctx)
    if only and call.path(only).is_file():
        path = call.path(only)
        return answer(ctx, lambda town: town.market.import_(path))
    return answer(ctx, lambda town: town.market.sync(only=only, timeout_s=timeout_s))


@peer.command(cls=Telling)
@example("wl peer add https://wl.example.org", "wl peer add http://10.0.0.7:7331 --allow-private")
def add(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="https://… of its node.")],
    *,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Also at a private address.")
    ] = False,
) -> int:
    """Talk to this node from now on."""
    return answer(ctx, lambda town: town.market.peer_add(address, allow_private=allow_private))


@peer.command(cls=Command)
@example("wl peer remove ash-flats")
def remove(ctx: typer.Context, name: Peer) -> int:
    """Talk to this node no more; what it brought stays."""
    return answer(ctx, lambda town: town.market.peer_remove(name))


@peer.command("list", cls=Command)
@example("wl peer list", "wl peer list --json")
def list_(ctx: typer.Context) -> int:
    """List the peers: who calls whom, what each side lacks, when it was heard."""
    return answer(ctx, lambda town: town.market.peer_list())


@peer.command(cls=Command)
@example("wl peer ping ash-flats")
def ping(ctx: typer.Context, name: Peer) -> int:
    """See whether a peer answers, and how fast."""
    return answer(ctx, lambda town: town.market.peer_ping(name))


@app.command(cls=Telling)
@example("wl invite", "wl invite --count 40 --expires 7d", "wl invite --json | jq -r .data.invite")
def invite(
    ctx: typer.Context,
    *,
    count: Annotated[int, typer.Option("--count", help="How many towns: 1 to 1,000.")] = 1,
    expires: Annotated[
        str, typer.Option("--expires", help="How long it is good: up to 90d.")
    ] = "15m",
    via: Annotated[str, typer.Option("--via", help="A carrier that redeems it for you.")] = "",
) -> int:
    """Make a token with which another town can join."""
    expires_s = seconds_of(expires)
    return answer(ctx, lambda town: town.market.invite(count=count, expires_s=expires_s, via=via))


@app.command(cls=Telling)
@example("wl join wl1:… --yes", "wl join wl1:… --handle ash", "pbpaste | wl join -")
def join(
    ctx: typer.Context,
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="wl1:…; `-` reads it.")],
    *,
    handle: Annotated[str, typer.Option("--handle", help="Your name on this board.")] = "",
) -> int:
    """Join the wasteland of an invite: its board comes here, your records go there."""
    call = call_of(ctx)
    said = call.terminal.read_line().strip() if token == "-" else token  # noqa: S105  # no secret
    if not said:
        raise UsageError("an invite is needed: wl1:…")
    if not call.confirm("Join? Your name and your records become visible to its members."):
        raise UsageError("not joined")
    return answer(ctx, lambda town: town.market.join(said, handle=handle))


@app.command(cls=Telling)
@example("wl leave --yes", "wl leave acme/commons --yes")
def leave(
    ctx: typer.Context,
    wasteland: Annotated[
        str, typer.Argument(metavar="[WASTELAND]", help="Without one: the current.")
    ] = "",
) -> int:
    """Leave a wasteland: no more is sent or fetched; its ledger stays on this disk."""
    if not call_of(ctx).confirm("Leave? What others hold of you stays with them."):
        raise UsageError("not left")
    return answer(ctx, lambda town: town.market.leave(wasteland))
