"""`gt crew at attach start stop restart refresh`: an agent in a person's place in a project."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.answers import text_of
from cli.context import Call, UsageError
from cli.gt.opened import works_of
from cli.gt.sessions import attached, begun, see_through, told
from cli.output import exit_of, show
from cli.tree import call_of, example
from ledger.workspace.rows import CREW
from stamps.errors import WastelandError
from town.agents.address import Address, of_crew, parsed
from town.market.answer import Answer, error_facts

if TYPE_CHECKING:
    from ledger.workspace.work import Session
    from town.node.works import Works

Rig = Annotated[str, typer.Option("--rig", metavar="RIG", help="In which rig.")]
Name = Annotated[str, typer.Argument(metavar="[NAME]", help="A name, or RIG/NAME; you.")]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME...]", help="Names, or RIG/NAME; you.")
]
Agent = Annotated[str, typer.Option("--agent", metavar="NAME", help="Which program it runs.")]
Everybody = Annotated[bool, typer.Option("--all", help="Everybody of the crews who runs.")]
Dry = Annotated[bool, typer.Option("-n", "--dry-run", help="Show whom; change nothing.")]
Force = Annotated[bool, typer.Option("--force", hidden=True, help="As always.")]


def _who(works: "Works", name: str, rig: str) -> Address:
    """The member that is meant; without a name whoever's place one stands in."""
    said = name or works.ports.caller.actor
    found = works.crew.named(said, rig)
    return of_crew(found.rig, found.name)


@example("gt crew at yourname", "gt crew at myproject/max --agent codex", "gt crew at max -d")
def at(
    ctx: typer.Context,
    name: Name = "",
    *,
    rig: Rig = "",
    agent: Agent = "",
    detached: Annotated[
        bool, typer.Option("-d", "--detached", help="Begin it, and stay where you are.")
    ] = False,
    anew: Annotated[bool, typer.Option("--reset", help="End what runs first.")] = False,
    folder: Annotated[
        bool, typer.Option("--no-tmux", help="Only say where the place is; begin nothing.")
    ] = False,
) -> int:
    """Sit down with the agent in your place, begun if need be. Ctrl-b d leaves it running."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        who = _who(works, name, rig)
        if folder:
            return show(call, _place(works, who), now=works.now())
        if anew:
            works.agents.stop(who)
        row, fresh = begun(call, works, who, runtime=agent)
        argv = () if detached else attached(call, works, who)
        now = works.now()
    return 0 if call.then else show(call, told(row, fresh=fresh, then=argv), now=now)


def _place(works: "Works", who: Address) -> Answer:
    """The folder alone, so that a shell can go there."""
    path = works.crew.member(works.crew.named(who.text)).path
    data = {"agent": who.text, "path": str(path)}
    return Answer(schema="gt.v1.crew.place", data=data, words=(str(path),))


@example(
    "gt crew start yourname --agent claude", "gt crew start max emma", "gt crew start --startup"
)
def start(
    ctx: typer.Context,
    names: Names = None,
    *,
    rig: Rig = "",
    agent: Agent = "",
    everybody: Annotated[
        bool, typer.Option("--all", help="The whole crew of the rig, or of every one.")
    ] = False,
    startup: Annotated[
        bool, typer.Option("--startup", help="Whoever crew.startup of each rig names.")
    ] = False,
) -> int:
    """Begin the agent in your place; with nothing on its hook it waits for you."""
    call = call_of(ctx)
    if names and (startup or everybody):
        raise UsageError("--startup and --all say who: leave the names out")
    with works_of(ctx) as works:
        warn: list[str] = []
        if startup:
            starters = works.startup.starters(rig)
            found, warn = starters.who, starters.warn
        elif everybody:
            crew = works.crew.listed(works.crew.rig_of(rig).name if rig else "")
            found = [of_crew(one.agent.rig, one.agent.name) for one in crew]
        else:
            found = [_who(works, name, rig) for name in dict.fromkeys(names or ("",))]
            if len(found) == 1:
                row, fresh = begun(call, works, found[0], runtime=agent)
                return show(call, told(row, fresh=fresh), now=works.now())
        return show(call, _all_begun(call, works, found, agent, warn), now=works.now())


def _all_begun(
    call: Call, works: "Works", found: list[Address], agent: str, warn: list[str]
) -> Answer:
    """Everybody who is meant is begun; one who cannot be stops nobody else."""
    begun_now: list[dict[str, object]] = []
    words: list[str] = []
    failed: list[WastelandError] = []
    for who in found:
        try:
            row, fresh = begun(call, works, who, runtime=agent)
        except WastelandError as error:
            failed.append(error)
            words.append(f"✗ {who.text}  {error}")
            continue
        words += told(row, fresh=fresh).words
        begun_now.append({"agent": row.agent, "session": row.id, "started": fresh})
    return Answer(
        schema="gt.v1.crew.startup",
        data={"sessions": begun_now, "failed": [error_facts(error) for error in failed]},
        words=tuple(words) or ("• crew    nobody is named, or nobody is there",),
        warn=tuple(warn),
        exit=exit_of(failed[0]) if failed else 0,
        error=error_facts(failed[0]) if failed else None,
    )


def _some(works: "Works", names: list[str] | None, rig: str, *, everybody: bool) -> list[Address]:
    """The members that are meant: those named, you, or whoever of the crews has a session."""
    if everybody:
        if names:
            raise UsageError("--all says who: leave the names out")
        only = works.crew.rig_of(rig).name if rig else ""
        running = (parsed(view.row.agent) for view in works.agents.open() if view.alive)
        crew = [one for one in running if one is not None and one.role == CREW]
        return [one for one in crew if only in ("", one.rig)]
    return [_who(works, name, rig) for name in dict.fromkeys(names or ("",))]


@example("gt crew stop yourname", "gt crew stop max emma", "gt crew stop --all --rig myproject")
def stop(
    ctx: typer.Context,
    names: Names = None,
    *,
    rig: Rig = "",
    everybody: Everybody = False,
    dry_run: Dry = False,
    _force: Force = False,
) -> int:
    """End the agents in places of the crew. Files and branches stay as they are."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        found = _some(works, names, rig, everybody=everybody)
        gone = [] if dry_run else [who.text for who in found if works.agents.stop(who)]
        now = works.now()
    words = [_stopped(who.text, gone, dry=dry_run) for who in found]
    data = {"agents": [who.text for who in found], "stopped": gone}
    said = tuple(words) or ("• nobody of the crew has a session",)
    return show(call, Answer(schema="gt.v1.crew.stopped", data=data, words=said), now=now)


def _stopped(who: str, gone: list[str], *, dry: bool) -> str:
    if dry:
        return f"would stop {who}"
    return f"✓ {who}  stopped" if who in gone else f"• {who}  did not run"


@example("gt crew restart yourname", "gt crew restart max emma", "gt crew restart --all")
def restart(
    ctx: typer.Context,
    names: Names = None,
    *,
    rig: Rig = "",
    agent: Agent = "",
    everybody: Everybody = False,
    dry_run: Dry = False,
) -> int:
    """End the agents in places of the crew and begin new ones, with the programs they ran."""
    call = call_of(ctx)
    rows: list[Session] = []
    failed: list[WastelandError] = []
    with works_of(ctx) as works:
        found = _some(works, names, rig, everybody=everybody)
        for who in () if dry_run else found:
            try:
                rows.append(works.agents.restart(who, runtime=agent))
            except WastelandError as error:
                failed.append(error)
                continue
            see_through(call, rows[-1].id)
        now = works.now()
    if len(found) == 1 and failed:
        raise failed[0]
    if len(found) == 1 and rows:
        return show(call, told(rows[0], fresh=True), now=now)
    words = [f"would restart {who.text}" for who in found if dry_run]
    return show(call, _begun_anew(rows, failed, words), now=now)


def _begun_anew(rows: "list[Session]", failed: list[WastelandError], words: list[str]) -> Answer:
    words += [line for row in rows for line in told(row, fresh=True).words]
    words += [f"✗ {error}" for error in failed]
    sessions = [{"agent": row.agent, "session": row.id, "started": True} for row in rows]
    return Answer(
        schema="gt.v1.crew.startup",
        data={"sessions": sessions, "failed": [error_facts(error) for error in failed]},
        words=tuple(words) or ("• nobody of the crew has a session",),
        exit=exit_of(failed[0]) if failed else 0,
        error=error_facts(failed[0]) if failed else None,
    )


@example("gt crew refresh yourname", "gt crew refresh max -m 'the parser is done, tests next'")
def refresh(
    ctx: typer.Context,
    name: Name = "",
    *,
    rig: Rig = "",
    message: Annotated[
        str, typer.Option("-m", "--message", help="For the next session; `-` reads input.")
    ] = "",
) -> int:
    """Begin the agent in your place anew; the next session is told what you say. Work stays."""
    call = call_of(ctx)
    said = text_of(call, message)
    with works_of(ctx) as works:
        answer = refreshed(call, works, _who(works, name, rig), said)
        return show(call, answer, now=works.now())


def refreshed(call: Call, works: "Works", who: Address, said: str) -> Answer:
    """The agent has a fresh session, which is told what was said. Raises SessionError."""
    before = works.agents.living(who).row
    works.agents.check_program(who, runtime=before.runtime)
    text = said or f"{works.ports.caller.actor} asked for a fresh session."
    works.hooks.left_by(who.text, text, session=before.id)
    row = works.agents.restart(who, topic="handoff")
    see_through(call, row.id)
    return told(row, fresh=True)
