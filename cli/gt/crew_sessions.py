"""`gt crew at attach start stop restart`: an agent in a person's own place in a project."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.context import UsageError
from cli.gt.opened import works_of
from cli.gt.sessions import attached, begun, see_through, told
from cli.output import exit_of, show
from cli.tree import call_of, example
from stamps.errors import WastelandError
from town.agents.address import Address, of_crew
from town.market.answer import Answer, error_facts

if TYPE_CHECKING:
    from town.node.works import Works

Rig = Annotated[str, typer.Option("--rig", metavar="RIG", help="In which rig.")]
Name = Annotated[str, typer.Argument(metavar="[NAME]", help="A name, or RIG/NAME; you.")]
Agent = Annotated[str, typer.Option("--agent", metavar="NAME", help="Which program it runs.")]


def _who(works: "Works", name: str, rig: str) -> Address:
    """The member that is meant; without a name whoever's place one stands in."""
    said = name or works.ports.caller.actor
    found = works.crew.named(said, rig)
    return of_crew(found.rig, found.name)


@example("gt crew at yourname", "gt crew at myproject/max --agent codex")
def at(ctx: typer.Context, name: Name = "", *, rig: Rig = "", agent: Agent = "") -> int:
    """Sit down with the agent in your place, begun if need be. Ctrl-b d leaves it running."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        who = _who(works, name, rig)
        row, fresh = begun(call, works, who, runtime=agent)
        argv = attached(call, works, who)
        now = works.now()
    return 0 if call.then else show(call, told(row, fresh=fresh, then=argv), now=now)


@example("gt crew start yourname --agent claude", "gt crew start --startup")
def start(
    ctx: typer.Context,
    name: Name = "",
    *,
    rig: Rig = "",
    agent: Agent = "",
    startup: Annotated[
        bool, typer.Option("--startup", help="Whoever crew.startup of each rig names.")
    ] = False,
) -> int:
    """Begin the agent in your place; with nothing on its hook it waits for you."""
    call = call_of(ctx)
    if startup:
        if name:
            raise UsageError("--startup says who: leave the name out")
        return _all_begun(ctx, rig, agent)
    with works_of(ctx) as works:
        row, fresh = begun(call, works, _who(works, name, rig), runtime=agent)
        now = works.now()
    return show(call, told(row, fresh=fresh), now=now)


def _all_begun(ctx: typer.Context, rig: str, agent: str) -> int:
    """Everybody whom settings name is begun; one who cannot be stops nobody else."""
    call = call_of(ctx)
    begun_now: list[dict[str, object]] = []
    words: list[str] = []
    failed: list[WastelandError] = []
    with works_of(ctx) as works:
        found = works.startup.starters(rig)
        for who in found.who:
            try:
                row, fresh = begun(call, works, who, runtime=agent)
            except WastelandError as error:
                failed.append(error)
                words.append(f"✗ {who.text}  {error}")
                continue
            words += told(row, fresh=fresh).words
            begun_now.append({"agent": row.agent, "session": row.id, "started": fresh})
        now = works.now()
    answer = Answer(
        schema="gt.v1.crew.startup",
        data={"sessions": begun_now, "failed": [error_facts(error) for error in failed]},
        words=tuple(words) or ("• crew    nobody is named by crew.startup of any rig",),
        warn=tuple(found.warn),
        exit=exit_of(failed[0]) if failed else 0,
        error=error_facts(failed[0]) if failed else None,
    )
    return show(call, answer, now=now)


@example("gt crew stop yourname")
def stop(ctx: typer.Context, name: Name = "", *, rig: Rig = "") -> int:
    """End the agent in your place. Files and branches stay as they are."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        who = _who(works, name, rig)
        ended = works.agents.stop(who)
        now = works.now()
    words = (f"{'✓' if ended else '•'} {who.text}  {'stopped' if ended else 'did not run'}",)
    data = {"agent": who.text, "stopped": ended}
    return show(call, Answer(schema="gt.v1.session-stopped", data=data, words=words), now=now)


@example("gt crew restart yourname")
def restart(ctx: typer.Context, name: Name = "", *, rig: Rig = "", agent: Agent = "") -> int:
    """End the agent in your place and begin a new one, with the program that it ran."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        row = works.agents.restart(_who(works, name, rig), runtime=agent)
        see_through(call, row.id)
        now = works.now()
    return show(call, told(row, fresh=True), now=now)
