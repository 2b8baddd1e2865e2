"""`gt rig`: the projects of the town."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from cli.answers import many_of
from cli.context import Call, UsageError
from cli.gt import rig_running, rig_settings
from cli.gt.opened import works_of
from cli.output import command_line, show
from cli.tree import Command, call_of, example, new_group, new_module
from ledger.workspace.rows import CREW, DOCKED, OPERATIONAL, PARKED, POLECAT, Agent, Rig
from stamps.errors import WastelandError
from town.market.answer import Answer, Next
from town.refinery.gates import gates_of
from town.rigs.adopting import RECEIVE, UPDATE, adopted
from town.rigs.desk import Place, Rigs, RigView
from town.rigs.source import NewRig, address_of, secretless, shown
from town.workspace.git import Git

if TYPE_CHECKING:
    from town.node.works import Works

app = new_module()
rig = new_group("rig", "Projects: each a git repository with its agents.")
app.add_typer(rig)
rig.add_typer(rig_settings.config)

GATE = "merge_queue.gates.test.cmd"

Name = Annotated[str, typer.Argument(metavar="RIG", help="The rig's name.")]
Here = Annotated[str, typer.Argument(metavar="[RIG]", help="The rig's name; the one you stand in.")]
Submodules = Annotated[
    bool, typer.Option("--submodules/--no-submodules", help="Fetch its submodules too.")
]


@rig.command(cls=Command)
@example(
    "gt rig add myproject https://github.com/you/repo.git",
    "gt rig add api ~/src/api.git --prefix ap --branch develop",
    "gt rig add api --adopt ~/src/api",
)
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Letters, digits and _.")],
    repo: Annotated[str, typer.Argument(metavar="REPO", help="An address or a path.")] = "",
    *,
    prefix: Annotated[str, typer.Option("--prefix", help="What its beads' ids begin with.")] = "",
    branch: Annotated[str, typer.Option("--branch", help="The branch work is merged to.")] = "",
    adopt: Annotated[str, typer.Option("--adopt", help="A checkout that is there.")] = "",
    url: Annotated[str, typer.Option("--url", help="With --adopt: where its work goes.")] = "",
    push_url: Annotated[str, typer.Option("--push-url", help="Where it is pushed to.")] = "",
    upstream: Annotated[str, typer.Option("--upstream-url", help="What it is a fork of.")] = "",
    local: Annotated[str, typer.Option("--local-repo", help="A clone to borrow from.")] = "",
    filter_: Annotated[str, typer.Option("--filter", help="A partial clone: blob:none.")] = "",
    sparse: Annotated[
        list[str] | None, typer.Option("--sparse-checkout", help="Only these folders.")
    ] = None,
    submodules: Submodules = True,
    force: Annotated[
        bool, typer.Option("--force", help="Also without a remote, or with another prefix.")
    ] = False,
) -> int:
    """Add a project."""
    call = call_of(ctx)
    if bool(repo) == bool(adopt):
        raise UsageError("say where it is: REPO, or --adopt CHECKOUT")
    said = NewRig(
        name=name,
        url=_address(call, repo or url),
        prefix=prefix,
        branch=branch,
        push_url=_address(call, push_url),
        upstream_url=_address(call, upstream),
        local_repo=str(call.path(local).resolve()) if local else "",
        filter=filter_,
        sparse=many_of(sparse),
        submodules=submodules,
        force=force,
    )
    return _made(ctx, said, adopt)


def _made(ctx: typer.Context, said: NewRig, adopt: str) -> int:
    call = call_of(ctx)
    with works_of(ctx) as works:
        if adopt and works.rigs.is_here(said.name, call.path(adopt).resolve()):
            back = works.rigs.back(said.name, prefix=said.prefix)
            return show(call, _added(works, back), now=works.now())
        wanted = _adopting(call, said, adopt, works.git) if adopt else said
        call.say(f"fetching {shown(wanted.url)} …")
        made = works.rigs.add(secretless(wanted))
        return show(call, _added(works, made), now=works.now())


def _adopting(call: Call, said: NewRig, path: str, git: Git) -> NewRig:
    """The rig as it was asked for, and as the checkout completes it."""
    checkout = call.path(path).resolve()
    there = adopted(checkout, git, name=said.name, url=said.url, force=said.force)
    return replace(
        said,
        url=there.url,
        push_url=said.push_url or there.push_url,
        local_repo=said.local_repo or there.local_repo,
        secrets=there.secrets,
    )


def _address(call: Call, said: str) -> str:
    return address_of(said, cwd=call.cwd, home=call.env.get("HOME", "")) if said else ""


def _warn(rig: Rig, rigs: Rigs) -> tuple[str, ...]:
    where = shown(rig.push_url or rig.git_url)
    if rigs.takes_pushes(rig):
        return ()
    line = command_line(("git", "-C", where, "config", RECEIVE, UPDATE))
    return (f"{where} is a checkout; git refuses work for the branch in it until: {line}",)


def _added(works: "Works", rig: Rig) -> Answer:
    words = [
        f"rig     {rig.name}: {shown(rig.git_url)}, branch {rig.default_branch}",
        f"beads   begin with {rig.prefix}-",
    ]
    steps = [
        Next(do="crew", cmd=("gt", "crew", "add", "<you>", "--rig", rig.name)),
        Next(do="bead", cmd=("bd", "create", "<title>", "--rig", rig.name)),
    ]
    if _has_no_gates(works, rig.name):
        words.append("gates   none yet: whatever merges cleanly is merged")
        gate = ("gt", "rig", "config", "set", rig.name, GATE, "<command>")
        steps.insert(0, Next(do="gates", cmd=gate, label="what must pass first"))
    data = {"name": rig.name, "prefix": rig.prefix, "default_branch": rig.default_branch}
    return Answer(
        schema="gt.v1.rig", data=data, words=tuple(words), next=tuple(steps),
        warn=_warn(rig, works.rigs),
    )  # fmt: skip


def _has_no_gates(works: "Works", rig: str) -> bool:
    try:
        return gates_of(works.refinery.settings(rig)).count == 0
    except WastelandError:
        return False  # what cannot be read is said by gt doctor


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
        f" {one['polecats']} {'polecat ' if one['polecats'] == 1 else 'polecats'}"
        f"  {one['crew']} crew  {one['git_url']}"
        for one in found
    )
    empty = ("no rig yet", "next    gt rig add <name> <repo>")
    answer = Answer(schema="gt.v1.rigs", data={"rigs": found}, words=lines or empty)
    return show(call_of(ctx), answer, now=now)


@rig.command(cls=Command)
@example("gt rig status", "gt rig status myproject --json")
def status(ctx: typer.Context, name: Here = "") -> int:
    """Show a project: who works in it, and how each checkout stands."""
    with works_of(ctx) as works:
        view = works.rigs.view(works.crew.rig_of(name).name)
        places = works.rigs.places(view.rig.name)
        live = {one.row.agent for one in works.agents.open() if one.alive}
        convoys = {
            one.agent.id: one.work.convoy
            for one in works.hooks.all_hooked()
            if one.work is not None
        }
        now = works.now()
    one = view.rig
    data = {
        **_facts(view),
        "push_url": shown(one.push_url),
        "upstream_url": shown(one.upstream_url),
        "agents": [_agent_facts(who, live, convoys.get(who.id, "")) for who in view.agents],
        "checkouts": [_place_facts(place) for place in places],
    }
    lines = [
        f"rig     {one.name}, {one.state}: {shown(one.git_url)}",
        f"branch  {one.default_branch}",
        f"beads   begin with {one.prefix}-",
        *(_agent_line(who, live, convoys.get(who.id, "")) for who in view.agents),
        *(f"files   {place.tree.path:<28} {_standing(place)}" for place in places),
    ]
    answer = Answer(schema="gt.v1.rig.status", data=data, words=tuple(lines))
    return show(call_of(ctx), answer, now=now)


def _agent_line(who: Agent, live: set[str], convoy: str) -> str:
    runs = "" if who.role not in (CREW, POLECAT) else "● " if who.id in live else "○ "
    told = f"agent   {runs}{who.id:<{28 - len(runs)}} {who.state} {who.hook_bead} {convoy}"
    return told.rstrip()


def _agent_facts(agent: Agent, live: set[str], convoy: str) -> dict[str, object]:
    return {
        "address": agent.id,
        "role": agent.role,
        "state": agent.state,
        "hook_bead": agent.hook_bead or None,
        "runs": agent.id in live,
        "convoy": convoy or None,
    }


def _place_facts(place: Place) -> dict[str, object]:
    stands = place.standing
    return {
        "path": place.tree.path,
        "agent": place.tree.agent or None,
        "there": stands is not None,
        "branch": stands.branch if stands else None,
        "unsaved": list(stands.lost) if stands else [],
    }


def _standing(place: Place) -> str:
    stands = place.standing
    if stands is None:
        return "is gone: gt doctor"
    told = ", ".join(stands.lost)
    return f"{stands.branch or 'on no branch'}, {told or 'clean'}"


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
    """Let a project rest for long: its workers are stopped too, their work stays on its hooks."""
    with works_of(ctx) as works:
        moved = works.rigs.move(name, DOCKED)  # from now on nobody begins a session in it
        gone = works.agents.stop_workers(moved.name, reason=DOCKED)
        now = works.now()
    data = {"name": moved.name, "state": moved.state, "stopped": gone}
    words = (f"rig     {moved.name} is {moved.state}", *(f"stopped {one}" for one in gone))
    return show(call_of(ctx), Answer(schema="gt.v1.rig", data=data, words=words), now=now)


@rig.command(cls=Command)
@example("gt rig undock myproject")
def undock(ctx: typer.Context, name: Name) -> int:
    """Let a docked project work again."""
    return _moved(ctx, name, OPERATIONAL)


@rig.command(cls=Command)
@example("gt rig remove myproject", "gt rig remove myproject --purge")
def remove(
    ctx: typer.Context,
    name: Name,
    *,
    purge: Annotated[bool, typer.Option("--purge", help="Its folder goes too.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also with work in hand, or saved nowhere else.")
    ] = False,
) -> int:
    """Take a project out of the town; its folder stays, unless you say --purge."""
    with works_of(ctx) as works:
        gone = works.rigs.remove(name, force=force, purge=purge)
        now = works.now()
    words = [f"removed {gone.rig.name}"]
    words += [f"lost    {line}" for line in gone.lost]
    words += [] if gone.purged else [f"        its files stay in {gone.path}"]
    data = {
        "name": gone.rig.name,
        "path": str(gone.path),
        "purged": gone.purged,
        "lost": list(gone.lost),
    }
    back = ("gt", "rig", "add", gone.rig.name, "--adopt", str(gone.path))
    steps = () if gone.purged else (Next(do="back", cmd=back, label="to have it back"),)
    answer = Answer(schema="gt.v1.rig", data=data, words=tuple(words), next=steps)
    return show(call_of(ctx), answer, now=now)


rig.command(cls=Command)(rig_settings.settings)
rig.command(cls=Command)(rig_running.start)
rig.command(cls=Command)(rig_running.stop)
rig.command(cls=Command)(rig_running.restart)
rig.command(cls=Command)(rig_running.reset)
# What users of the predecessor call the same.
rig.command("boot", cls=Command, hidden=True)(rig_running.start)
rig.command("shutdown", cls=Command, hidden=True)(rig_running.stop)
rig.command("reboot", cls=Command, hidden=True)(rig_running.restart)
