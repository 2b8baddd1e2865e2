"""`gt polecat`: the workers, how their worktrees stand, and whose can go."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import UsageError
from cli.gt.opened import works_of
from cli.output import show
from cli.tree import Command, call_of, example, new_group, new_module
from ledger.workspace.rows import Agent
from town.market.answer import Answer, Next
from town.polecats.desk import SAFE, Worker

if TYPE_CHECKING:
    from town.node.works import Works

app = new_module()
polecat = new_group("polecat", "Workers: who there is, how their worktrees stand, whose can go.")
app.add_typer(polecat)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A name, RIG/NAME or an address.")]
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="Names, or RIG/NAME.")]
Rig = Annotated[str, typer.Argument(metavar="[RIG]", help="Only in this rig.")]
Dry = Annotated[bool, typer.Option("--dry-run", "-n", help="Only say what would be done.")]


def _facts(one: Worker) -> dict[str, Any]:
    stands, agent = one.standing, one.agent
    return {
        "address": agent.id, "name": agent.name, "rig": agent.rig, "state": agent.state,
        "bead": agent.hook_bead or None,
        "assignment": one.work.id if one.work else None,
        "session": one.session.id if one.session else None,
        "request": one.request.id if one.request else None,
        "path": str(one.path), "there": one.there,
        "branch": stands.branch if stands else None,
        "unsaved": list(one.lost),
        "verdict": one.verdict,
        "history": dict(one.history),
    }  # fmt: skip


def _stands(one: Worker) -> str:
    """How a worker stands, in words."""
    if not one.there:
        return "no worktree"
    branch = (one.standing.branch or "on no branch") if one.standing else "no branch"
    return f"{branch}, {', '.join(one.kept) or 'nothing unsaved'}"


@polecat.command("list", cls=Command)
@example("gt polecat list", "gt polecat list myproject --all --json")
def list_(
    ctx: typer.Context,
    rig: Rig = "",
    *,
    every: Annotated[bool, typer.Option("--all", help="Also without a worktree.")] = False,
) -> int:
    """List the workers: what they have in hand, and how their worktrees stand."""
    with works_of(ctx) as works:
        name = works.rigs.rig(rig).name if rig else ""
        found = works.polecats.listed(name, every=every)
        now = works.now()
    words = tuple(
        f"{one.agent.id:<28} {one.busy or one.agent.state}; {_stands(one)}" for one in found
    )
    empty = ("no worker has a worktree; gt sling begins work, --all lists every name",)
    data = {"polecats": [_facts(one) for one in found]}
    answer = Answer(schema="gt.v1.polecats", data=data, words=words or empty)
    return show(call_of(ctx), answer, now=now)


@polecat.command(cls=Command)
@example("gt polecat status rust", "gt polecat status myproject/rust --json")
def status(ctx: typer.Context, name: Name) -> int:
    """Show a worker: its work, its worktree, how its works ended, whether its place can go."""
    with works_of(ctx) as works:
        one = works.polecats.worker(works.polecats.named(name))
        now = works.now()
    done = ", ".join(f"{count} {state}" for state, count in sorted(one.history.items()))
    words = (
        f"polecat {one.agent.id}, {one.agent.state}",
        f"work    {one.busy or 'nothing in hand'}",
        f"place   {one.path}: {_stands(one)}",
        f"before  {done or 'nothing yet'}",
        f"verdict {one.verdict}",
    )
    can_go = one.verdict == SAFE and one.there
    remove_it = Next(do="remove", cmd=("gt", "polecat", "remove", one.agent.id))
    steps = (remove_it,) if can_go else ()
    answer = Answer(schema="gt.v1.polecat", data=_facts(one), words=words, next=steps)
    return show(call_of(ctx), answer, now=now)


def _told(
    ctx: typer.Context, gone: Sequence[Worker], kept: Sequence[Worker], *, dry: bool, now: int
) -> int:
    verb = "would remove" if dry else "removed"
    words = [f"{verb} {one.path}" for one in gone]
    words += [f"lost    {one.agent.id}: {', '.join(one.lost)}" for one in gone if one.lost]
    words += [f"keeps   {one.agent.id}: {one.busy or ', '.join(one.kept)}" for one in kept]
    data = {
        "removed": [_facts(one) for one in gone],
        "kept": [_facts(one) for one in kept],
        "done": not dry,
    }
    said = tuple(words) or ("no worker has a worktree",)
    answer = Answer(schema="gt.v1.polecat.removed", data=data, words=said)
    return show(call_of(ctx), answer, now=now)


@polecat.command(cls=Command)
@example("gt polecat remove rust", "gt polecat remove myproject --all --dry-run")
def remove(
    ctx: typer.Context,
    names: Names = None,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Also what is saved nowhere else.")
    ] = False,
    everybody: Annotated[
        bool, typer.Option("--all", help="Of all workers of the rigs that are named.")
    ] = False,
    dry: Dry = False,
) -> int:
    """Remove workers' worktrees; their names, branches and history stay."""
    if not names:
        raise UsageError("say whose: NAME..., or gt polecat gc for all that can go")
    with works_of(ctx) as works:
        agents = _of_rigs(works, names) if everybody else [*map(works.polecats.named, names)]
        seen = [works.polecats.worker(agent) for agent in agents]
        for one in seen:
            works.polecats.check(one, force=force)  # all of them, or none
        gone = seen if dry else [works.polecats.remove(one.agent, force=force) for one in seen]
        now = works.now()
    return _told(ctx, gone, (), dry=dry, now=now)


def _of_rigs(works: "Works", names: list[str]) -> list[Agent]:
    """The workers of these rigs that have a worktree. Raises NoRigError."""
    rigs = [works.rigs.rig(name).name for name in names]
    return [one.agent for rig in rigs for one in works.polecats.listed(rig) if one.there]


polecat.command("nuke", cls=Command, hidden=True)(remove)


@polecat.command(cls=Command)
@example("gt polecat gc", "gt polecat gc myproject --dry-run")
def gc(ctx: typer.Context, rig: Rig = "", *, dry: Dry = False) -> int:
    """Remove the worktrees of all who rest and have saved everything."""
    with works_of(ctx) as works:
        name = works.rigs.rig(rig).name if rig else ""
        gone, kept = works.polecats.collect(name, dry=dry)
        now = works.now()
    return _told(ctx, gone, kept, dry=dry, now=now)
