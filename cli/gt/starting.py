"""`gt start stop`: the town with its mayor begun, and sessions ended while the node goes on."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.context import UsageError
from cli.gt.opened import works_of
from cli.gt.up import started, typed, up_answer
from cli.output import show
from cli.tree import Command, call_of, example, new_module
from town.market.answer import Answer, Next
from town.node import clock

if TYPE_CHECKING:
    from town.node.works import Works

app = new_module()

CREW = "crew"


@app.command(cls=Command)
@example("gt start", "gt start --all --agent codex", "gt start crew myproject/max")
def start(
    ctx: typer.Context,
    what: Annotated[
        list[str] | None, typer.Argument(metavar="[crew RIG/NAME]", help="Only this member.")
    ] = None,
    *,
    agent: Annotated[str, typer.Option("--agent", help="Which program it runs.")] = "",
    everybody: Annotated[
        bool, typer.Option("--all", help="The crew that crew.startup names, too.")
    ] = False,
) -> int:
    """Start the town as gt up does, and the mayor's session with it."""
    call = call_of(ctx)
    runtime = ("--agent", agent) if agent else ()
    if what:
        lines = [(CREW, "start", *_member(what), *runtime)]
    else:
        lines = [("mayor", "start", *runtime)]
        lines += [(CREW, "start", "--startup")] if everybody else []
    words, data = started(call)
    more = [typed(call, *line) for line in lines]
    return show(call, up_answer(words, data, more), now=clock.now())


def _member(what: list[str]) -> list[str]:
    if len(what) == 1 and f"/{CREW}/" in what[0]:
        return what
    if what[0] != CREW or len(what) > 2:  # noqa: PLR2004  # the word, and a name
        raise UsageError("gt start, or gt start crew RIG/NAME")
    return what[1:]


@app.command(cls=Command)
@example("gt stop --all", "gt stop --rig myproject")
def stop(
    ctx: typer.Context,
    *,
    everybody: Annotated[bool, typer.Option("--all", help="Every session of the town.")] = False,
    rig: Annotated[str, typer.Option("--rig", metavar="RIG", help="Those of one rig.")] = "",
) -> int:
    """End sessions, and leave the node as it is. Work stays on its hooks."""
    if everybody == bool(rig):
        raise UsageError("say which: --all, or --rig RIG")
    call = call_of(ctx)
    with works_of(ctx) as works:
        name = works.crew.rig_of(rig).name if rig else ""
        gone = _stopped(works, name)
        back = [one for one in gone if "/polecats/" in one] if works.watched() else []
        now = works.now()
    words = [f"✓ {one}  stopped" for one in gone] or ["• nobody runs"]
    steps = (Next(do="down", cmd=("gt", "down")),) if back else ()
    warn = (f"the watch begins again whoever has work: {', '.join(back)}",) if back else ()
    data = {"stopped": gone}
    answer = Answer(schema="gt.v1.stopped", data=data, words=tuple(words), warn=warn, next=steps)
    return show(call, answer, now=now)


def _stopped(works: "Works", rig: str) -> list[str]:
    """The agents whose sessions were ended."""
    return works.agents.stop_those(lambda row: rig in ("", works.agents.agent(row.agent).rig))
