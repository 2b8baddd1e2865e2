"""`gt rig`: the projects of the town."""

from typing import Annotated

import typer

from cli.answers import many_of
from cli.gt import rig_settings
from cli.gt.opened import works_of
from cli.output import show
from cli.tree import Command, call_of, example, new_group, new_module
from ledger.workspace.rows import CREW, DOCKED, OPERATIONAL, PARKED, POLECAT, Rig
from town.market.answer import Answer, Next
from town.rigs.desk import RigView
from town.rigs.source import NewRig, address_of, shown

app = new_module()
rig = new_group("rig", "Projects: each a git repository with its agents.")
app.add_typer(rig)
rig.add_typer(rig_settings.config)
rig.command(cls=Command)(rig_settings.settings)

Name = Annotated[str, typer.Argument(metavar="RIG", help="The rig's name.")]


@rig.command(cls=Command)
@example(
    "gt rig add myproject https://github.com/you/repo.git",
    "gt rig add api ~/src/api --prefix ap --branch develop",
)
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Letters, digits and _.")],
    repo: Annotated[str, typer.Argument(metavar="REPO", help="An address, file:// or a path.")],
    *,
    prefix: Annotated[str, typer.Option("--prefix", help="What its beads' ids begin with.")] = "",
    branch: Annotated[str, typer.Option("--branch", help="The branch work is merged to.")] = "",
    push_url: Annotated[str, typer.Option("--push-url", help="Where it is pushed to.")] = "",
    upstream: Annotated[str, typer.Option("--upstream-url", help="What it is a fork of.")] = "",
    local: Annotated[str, typer.Option("--local-repo", help="A clone to borrow from.")] = "",
    filter_: Annotated[str, typer.Option("--filter", help="A partial clone: blob:none.")] = "",
    sparse: Annotated[
        list[str] | None, typer.Option("--sparse-checkout", help="Only these folders.")
    ] = None,
) -> int:
    """Add a project."""
    call = call_of(ctx)
    wanted = NewRig(
        name=name,
        url=address_of(repo, cwd=call.cwd),
        prefix=prefix,
        branch=branch,
        push_url=push_url,
        upstream_url=upstream,
        local_repo=str(call.path(local).resolve()) if local else "",
        filter=filter_,
        sparse=many_of(sparse),
    )
    with works_of(ctx) as works:
        made = works.rigs.add(wanted)
        now = works.now()
    return show(call, _added(made), now=now)


def _added(rig: Rig) -> Answer:
    words = (
        f"rig     {rig.name}: {shown(rig.git_url)}, branch {rig.default_branch}",
        f"beads   begin with {rig.prefix}-",
    )
    steps = (
        Next(do="crew", cmd=("gt", "crew", "add", "<you>", "--rig", rig.name)),
        Next(do="bead", cmd=("bd", "create", "<title>", "--rig", rig.name)),
    )
    data = {"name": rig.name, "prefix": rig.prefix, "default_branch": rig.default_branch}
    return Answer(schema="gt.v1.rig", data=data, words=words, next=steps)


def _facts(view: RigView) -> dict[str, object]:
    one = view.rig
    return {
        "name": one.name,
        "state": one.state,
        "prefix": one.prefix,
        "git_url": shown(one.git_url),
        "default_branch": one.default_branch,
        "polecats": view.count(POLECAT),
        "crew": view.count(CREW),
    }


@rig.command("list", cls=Command)
@example("gt rig list", "gt rig list --json")
def list_(ctx: typer.Context) -> int:
    """List the projects."""
    with works_of(ctx) as works:
        found = [_facts(view) for view in works.rigs.listed()]
        now = works.now()
    lines = tuple(
        f"{one['name']:<16} {str(one['state']).upper():<12} {one['prefix']!s:<6}"
        f" {one['polecats']} polecats  {one['crew']} crew  {one['git_url']}"
        for one in found
    )
    empty = ("no rig yet", "next    gt rig add <name> <repo>")
    answer = Answer(schema="gt.v1.rigs", data={"rigs": found}, words=lines or empty)
    return show(call_of(ctx), answer, now=now)


def _moved(ctx: typer.Context, name: str, state: str) -> int:
    with works_of(ctx) as works:
        moved = works.rigs.move(name, state)
        now = works.now()
    data = {"name": moved.name, "state": moved.state}
    words = (f"rig     {moved.name} is {moved.state}",)
    return show(call_of(ctx), Answer(schema="gt.v1.rig", data=data, words=words), now=now)


@rig.command(cls=Command)
@example("gt rig park myproject")
def park(ctx: typer.Context, name: Name) -> int:
    """Let a project rest: no work is begun in it."""
    return _moved(ctx, name, PARKED)


@rig.command(cls=Command)
@example("gt rig unpark myproject")
def unpark(ctx: typer.Context, name: Name) -> int:
    """Let a project work again."""
    return _moved(ctx, name, OPERATIONAL)


@rig.command(cls=Command)
@example("gt rig dock myproject")
def dock(ctx: typer.Context, name: Name) -> int:
    """Let a project rest for long: its workers are stopped too."""
    return _moved(ctx, name, DOCKED)


@rig.command(cls=Command)
@example("gt rig undock myproject")
def undock(ctx: typer.Context, name: Name) -> int:
    """Let a docked project work again."""
    return _moved(ctx, name, OPERATIONAL)


@rig.command(cls=Command)
@example("gt rig remove myproject")
def remove(ctx: typer.Context, name: Name) -> int:
    """Take a project out of the town; its folder stays."""
    with works_of(ctx) as works:
        gone = works.rigs.remove(name)
        place = works.workspace.rig(gone.name).path
        now = works.now()
    words = (f"removed {gone.name}", f"        its files stay in {place}")
    data = {"name": gone.name, "path": str(place)}
    return show(call_of(ctx), Answer(schema="gt.v1.rig", data=data, words=words), now=now)
