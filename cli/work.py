"""`wl claim unclaim renew done wait bids me`: what somebody does who takes work."""

from typing import Annotated

import typer

from cli.answers import ItemArgument, answer, seconds_of, text_of
from cli.blobs import source_of
from cli.context import UsageError
from cli.tree import Command, Telling, call_of, example, new_module

app = new_module()
Reason = Annotated[str, typer.Option("--reason", help="Why.")]


Neighbour = Annotated[
    str, typer.Option("--for", metavar="NAME", help="Hand in for somebody who signs nothing.")
]


@app.command(cls=Telling)
@example(
    "wl claim w-3fa9",
    "wl claim w-3fa9 --wait 0 --json",
    "wl claim w-3fa9 && wl show w-3fa9",
)
def claim(
    ctx: typer.Context,
    item: ItemArgument,
    *,
    wait: Annotated[
        str, typer.Option("--wait", help="How long to wait for the answer; 0 asks and goes.")
    ] = "",
) -> int:
    """Ask for an open item. Exit 0 is the only permission to start; 9 means wait, 5 drop it."""
    wait_s = seconds_of(wait) if wait else None  # then as `claim.wait_s` says
    return answer(ctx, lambda town: town.market.claim(item, wait_s=wait_s))


@app.command(cls=Telling)
@example("wl unclaim w-3fa9", 'wl unclaim w-3fa9 --reason "out of time"')
def unclaim(ctx: typer.Context, item: ItemArgument, *, reason: Reason = "") -> int:
    """Give an item back, or take your request for it back."""
    return answer(ctx, lambda town: town.market.unclaim(item, reason=reason))


@app.command(cls=Telling)
@example("wl renew w-3fa9", 'wl renew w-3fa9 --note "2 of 3 tests green"')
def renew(
    ctx: typer.Context,
    item: ItemArgument,
    *,
    note: Annotated[str, typer.Option("--note", help="What shows that work goes on.")] = "",
) -> int:
    """Keep an item longer, because work on it goes on."""
    return answer(ctx, lambda town: town.market.renew(item, sign=note))


@app.command(cls=Telling)
@example(
    "wl done w-3fa9 --evidence https://example.org/pull/7",
    'wl done w-3fa9 --evidence commit:8f31c2 --summary "race closed, test added"',
    "wl done w-3fa9 --blob trace.log",
    "wl done w-3fa9 --speculative --evidence https://example.org/pull/7",
    "wl done w-3fa9 --for bob",
)
def done(
    ctx: typer.Context,
    item: ItemArgument,
    *,
    evidence: Annotated[
        list[str] | None,
        typer.Option("--evidence", help="A link, commit:ID, patch:…, text:…, gate:…; repeat."),
    ] = None,
    blob: Annotated[
        list[str] | None,
        typer.Option("--blob", metavar="FILE", help="A file, named by its hash; repeat."),
    ] = None,
    summary: Annotated[str, typer.Option("--summary", help="What was done; `-` reads it.")] = "",
    speculative: Annotated[
        bool, typer.Option("--speculative", help="Hand in although it is not yours.")
    ] = False,
    neighbour: Neighbour = "",
) -> int:
    """Hand in your work on an item.

    Whoever decides about an item hands in for somebody without a key to whom it was given
    (`--for`); without evidence what that neighbour's own row names is taken.
    """
    call = call_of(ctx)
    said = text_of(call, summary)
    if not evidence and not said and not blob and not neighbour:
        raise UsageError("what was done? --evidence URL, --blob FILE, --summary TEXT")
    proof = tuple(evidence or ())
    files = tuple(source_of(call, name) for name in blob or ())
    return answer(
        ctx,
        lambda town: town.market.done(
            item,
            evidence=proof,
            summary=said,
            blobs=files,
            speculative=speculative,
            neighbour=neighbour,
        ),
    )


@app.command(cls=Command)
@example(
    "wl wait w-3fa9",
    "wl wait w-3fa9 --until decided --timeout 10m --json",
    "wl wait w-3fa9 --until reply",
)
def wait(
    ctx: typer.Context,
    item: ItemArgument,
    *,
    until: Annotated[
        str, typer.Option("--until", help="settled (claim answered), decided, reply.")
    ] = "settled",
    timeout: Annotated[str, typer.Option("--timeout", help="How long at most.")] = "10m",
) -> int:
    """Wait for what you asked: 0 yours, 5 not, 9 still open when the time is over."""
    if until not in ("settled", "decided", "reply"):
        raise UsageError(f"{until!r} cannot be waited for; settled, decided and reply can")
    timeout_s = seconds_of(timeout)
    return answer(ctx, lambda town: town.market.wait(item, until=until, timeout_s=timeout_s))


@app.command(cls=Command)
@example("wl bids w-3fa9", "wl bids w-3fa9 --json")
def bids(ctx: typer.Context, item: ItemArgument) -> int:
    """List who asked for an item."""
    return answer(ctx, lambda town: town.market.bids(item))


@app.command(cls=Command)
@example("wl me", "wl me --json")
def me(ctx: typer.Context) -> int:
    """Show what is yours: what you hold, asked, handed in and posted."""
    return answer(ctx, lambda town: town.market.me())
