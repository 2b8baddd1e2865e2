"""`wl profile leaderboard stamp`: who did what, and how well it went."""

from typing import Annotated

import typer

from cli.answers import answer
from cli.review import (
    Confidence,
    Dims,
    Message,
    Quality,
    Reach,
    Reliability,
    Skills,
    stamp_of,
)
from cli.tree import Command, Telling, example, new_group, new_module

app = new_module()
stamp = new_group("stamp", "Stamps outside of an accept: give, revoke, list.")
app.add_typer(stamp)

Handle = Annotated[str, typer.Argument(metavar="HANDLE", help="A town's name on the board.")]


@app.command(cls=Command)
@example("wl profile", "wl profile ash --json")
def profile(
    ctx: typer.Context,
    handle: Annotated[str, typer.Argument(metavar="[HANDLE]", help="Without one: you.")] = "",
) -> int:
    """Show a town's work and its stamps, each with who vouches for it."""
    return answer(ctx, lambda town: town.market.profile(handle))


app.command("charsheet", cls=Command, hidden=True)(profile)


@app.command(cls=Command)
@example("wl leaderboard", "wl leaderboard --limit 5 --json")
def leaderboard(
    ctx: typer.Context,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many.")] = 20,
) -> int:
    """List who completed most, and how it was judged."""
    return answer(ctx, lambda town: town.market.leaderboard(limit=limit))


@stamp.command(cls=Telling)
@example('wl stamp give ash --quality 5 --type review -m "thorough reviews"')
def give(
    ctx: typer.Context,
    handle: Handle,
    *,
    quality: Quality,
    type_: Annotated[
        str, typer.Option("--type", help="endorsement, mentoring or review.")
    ] = "endorsement",
    about: Annotated[str, typer.Option("--about", help="The item or link it is about.")] = "",
    reliability: Reliability = 0,
    dims: Dims = None,
    reach: Reach = "",
    skills: Skills = None,
    message: Message = "",
    confidence: Confidence = -1,
) -> int:
    """Vouch for a town's work that went over no item."""
    given = stamp_of(
        quality=quality,
        reliability=reliability,
        dims=dims,
        reach=reach,
        skills=skills,
        message=message,
        confidence=confidence,
    )
    context = {"type": type_, **({"id": about} if about else {})}
    return answer(ctx, lambda town: town.market.stamp_give(handle, given, context=context))


@stamp.command(cls=Telling)
@example('wl stamp revoke s-81cc --reason "the fix was copied"')
def revoke(
    ctx: typer.Context,
    stamp_id: Annotated[str, typer.Argument(metavar="STAMP", help="s-… or its start.")],
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
) -> int:
    """Take a stamp of yours back; both records remain."""
    return answer(ctx, lambda town: town.market.stamp_revoke(stamp_id, reason=reason))


@stamp.command("list", cls=Command)
@example("wl stamp list", "wl stamp list ash --json")
def list_(
    ctx: typer.Context,
    handle: Annotated[str, typer.Argument(metavar="[HANDLE]", help="Without one: you.")] = "",
) -> int:
    """List the stamps a town was given."""
    return answer(ctx, lambda town: town.market.stamp_list(handle))


app.command("stamps", cls=Command, hidden=True)(list_)
