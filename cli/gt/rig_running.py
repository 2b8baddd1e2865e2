"""`gt rig start stop restart reset`: a project at work, at rest with its workers, and cleared."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.context import Call
from cli.gt.opened import works_of
from cli.output import exit_of, show
from cli.tree import call_of, example
from ledger.workspace.rows import OPERATIONAL
from stamps.errors import WastelandError
from town.market.answer import Answer, Next, error_facts
from town.rigs.resetting import Asked, Reset

if TYPE_CHECKING:
    from town.node.works import Works

Names = Annotated[list[str], typer.Argument(metavar="RIG...", help="Rigs, by name.")]
OneName = Annotated[str, typer.Argument(metavar="[RIG]", help="The rig; the one you stand in.")]
Force = Annotated[bool, typer.Option("-f", "--force", hidden=True, help="As always.")]
Done = tuple[list[str], dict[str, Any]]
STOPPED: Final = "stopped"


def _each(ctx: typer.Context, names: Sequence[str], act: "Callable[[Works, str], Done]") -> int:
    """What became of each rig; one that is refused stops no other, and is the exit code."""
    call = call_of(ctx)
    words: list[str] = []
    rigs: list[dict[str, Any]] = []
    failed: list[WastelandError] = []
    with works_of(ctx) as works:
        for name in dict.fromkeys(one.rstrip("/") for one in names):
            try:
                said, facts = act(works, name)
            except WastelandError as error:
                if len(names) == 1:
                    raise
                failed.append(error)
                words.append(f"✗ {name}: {error}")
                continue
            words += said
            rigs.append(facts)
        up, now = works.watched(), works.now()
    return show(call, _answer(rigs, words, failed, up=up), now=now)


def _answer(
    rigs: list[dict[str, Any]], words: list[str], failed: list[WastelandError], *, up: bool
) -> Answer:
    works = [one["name"] for one in rigs if one["state"] == OPERATIONAL]
    warn = ("no node runs: nothing is begun or merged until gt up",) if works and not up else ()
    steps = (Next(do="up", cmd=("gt", "up")),) if warn else ()
    return Answer(
        schema="gt.v1.rigs-moved",
        data={"rigs": rigs, "failed": [error_facts(error) for error in failed]},
        words=tuple(words),
        warn=warn,
        next=steps,
        exit=exit_of(failed[0]) if failed else 0,
        error=error_facts(failed[0]) if failed else None,
    )


def _begun(works: "Works", name: str) -> Done:
    """The rig is at work. Raises DockedError for one that rests for long."""
    old = works.rigs.rig(name)
    moved = works.rigs.begin(name)
    same = " already" if old.state == OPERATIONAL else ""
    words = [f"rig     {name} is at work{same}: its workers and its merge queue"]
    return words, {"name": name, "state": moved.state, STOPPED: []}


def _rested(works: "Works", name: str) -> Done:
    """Nothing of the rig runs but its crew; a rig that rests for long goes on doing so."""
    state = works.rigs.rest(name).state  # from now on nobody begins a session in it
    gone = works.agents.stop_workers(name, reason=state)
    words = [f"rig     {name} is {state}", *(f"stopped {one}" for one in gone)]
    return words, {"name": name, "state": state, STOPPED: gone}


def _again(works: "Works", name: str) -> Done:
    """Its workers' sessions are gone, and begun anew by the watch where they have work."""
    if works.rigs.rig(name).state != OPERATIONAL:
        return _begun(works, name)
    gone = works.agents.stop_workers(name, reason="restarted")
    words, facts = _begun(works, name)
    return [*words, *(f"stopped {one}, to begin anew" for one in gone)], {**facts, STOPPED: gone}


@example("gt rig start myproject", "gt rig start myproject api")
def start(ctx: typer.Context, names: Names) -> int:
    """Let projects work: their workers, and what merges their work."""
    return _each(ctx, names, _begun)


@example("gt rig stop myproject", "gt rig stop myproject api")
def stop(ctx: typer.Context, names: Names, *, _force: Force = False) -> int:
    """Park projects and end their workers' sessions. Work stays on its hooks, the crew goes on."""
    return _each(ctx, names, _rested)


@example("gt rig restart myproject")
def restart(ctx: typer.Context, names: Names, *, _force: Force = False) -> int:
    """End the sessions of projects' workers, and let those with work begin anew."""
    return _each(ctx, names, _again)


@example(
    "gt rig reset myproject --dry-run", "gt rig reset --stale", "gt rig reset myproject --mail"
)
def reset(
    ctx: typer.Context,
    name: OneName = "",
    *,
    handoff: Annotated[
        bool, typer.Option("--handoff", help="What sessions left for their successors.")
    ] = False,
    mail: Annotated[
        bool, typer.Option("--mail", help="Letters in its agents' boxes, older than a day.")
    ] = False,
    stale: Annotated[
        bool, typer.Option("--stale", help="Beads that are a worker's, who does not work on them.")
    ] = False,
    role: Annotated[str, typer.Option("--role", help="Only of these agents: crew, polecat.")] = "",
    dry_run: Annotated[
        bool, typer.Option("-n", "--dry-run", help="Show what would go; change nothing.")
    ] = False,
) -> int:
    """Clear what is left over in a project: all of it, or what you name. No file is touched."""
    call = call_of(ctx)
    everything = not (handoff or mail or stale)
    asked = Asked(
        handoff=handoff or everything, mail=mail or everything, stale=stale or everything, role=role
    )
    with works_of(ctx) as works:
        rig = works.crew.rig_of(name).name
        found = works.resets.found(rig, asked) if dry_run else works.resets.reset(rig, asked)
        now = works.now()
    return _reset(call, rig, found, done=not dry_run, now=now)


def _reset(call: Call, rig: str, found: Reset, *, done: bool, now: int) -> int:
    words = [
        *(f"drop    what was left for {who}" for who in found.handoffs),
        *(f"archive {count} old letters of {who}" for who, count in found.letters.items()),
        *(f"open    {bead}: {who} does not work on it" for bead, who in found.beads),
    ]
    words = words if done else [f"would {line}" for line in words]
    data = {
        "name": rig, "done": done, "handoffs": list(found.handoffs),
        "letters": dict(found.letters), "beads": [bead for bead, _ in found.beads],
    }  # fmt: skip
    said = tuple(words) or (f"nothing is left over in {rig}",)
    return show(call, Answer(schema="gt.v1.rig.reset", data=data, words=said), now=now)
