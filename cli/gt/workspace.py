"""`gt install upgrade git-init uninstall info`: the town's workspace."""

from collections.abc import Iterable
from typing import Annotated

import typer

from cli.caller import caller_of, user_of
from cli.context import Call
from cli.escape import escape
from cli.gt.opened import workspace_of
from cli.local import open_private_here
from cli.output import show
from cli.tree import Command, call_of, example, new_module
from stamps.errors import WastelandError
from town.market.answer import Answer, Next
from town.node import clock
from town.node.git import GitProgram
from town.node.place import workspace_path
from town.rigs.adopting import adopted
from town.rigs.source import NewRig
from town.workspace.install import Plan, Step, detected, install, keep_in_git, refuse
from town.workspace.layout import Workspace

app = new_module()
NOBODY = "git knows no address of yours; write it into mayor/overseer.json"

MARKS = {"Created": "✓", "Updated": "✓", "Kept": "•"}
YOURS = "is yours and stays as it is; gt prime says what agents must know"


@app.command("install", cls=Command)
@example("gt install ~/gt --git", "gt install ~/gt --force", "gt install ~/gt --adopt ~/src/api")
def install_(
    ctx: typer.Context,
    path: Annotated[str, typer.Argument(metavar="[PATH]", help="Its folder; this one.")] = ".",
    *,
    name: Annotated[str, typer.Option("--name", help="What the town is called.")] = "",
    git: Annotated[bool, typer.Option("--git", help="Keep its settings in git.")] = False,
    owner: Annotated[str, typer.Option("--owner", help="The owner's email address.")] = "",
    public_name: Annotated[str, typer.Option("--public-name", help="Its name for others.")] = "",
    adopt: Annotated[
        str, typer.Option("--adopt", metavar="CHECKOUT", help="Begin with this checkout's project.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Bring a town up to date.")] = False,
) -> int:
    """Make a town: a folder for projects, agents and their work."""
    call = call_of(ctx)
    workspace = Workspace(call.path(path).resolve())
    plan = Plan(
        workspace=workspace,
        overseer=detected(GitProgram(call.env), user=user_of(call), at=call.cwd),
        name=name,
        owner=owner,
        public_name=public_name,
        force=force,
        git=git,
        now=clock.now(),
    )
    checkout = call.path(adopt).resolve() if adopt else None
    project = adopted(checkout, GitProgram(call.env)) if checkout else None
    return _installed(call, plan, project)


@app.command(cls=Command)
@example("gt upgrade")
def upgrade(ctx: typer.Context) -> int:
    """Bring this town's own files up to date, as gt install --force does."""
    call = call_of(ctx)
    workspace = workspace_of(call)
    person = detected(GitProgram(call.env), user=user_of(call), at=call.cwd)
    plan = Plan(workspace=workspace, overseer=person, force=True, now=clock.now())
    return _installed(call, plan, None)


def _installed(call: Call, plan: Plan, project: NewRig | None) -> int:
    refuse(plan, around=workspace_path(str(plan.workspace.root), {}))
    home = str(plan.workspace.home)
    if not call.resident and plan.workspace.mark.exists():
        from cli.launcher import hand_over  # noqa: PLC0415  # a town that is there may be running

        code = hand_over(home, call.argv, call.program)
        if code is not None:
            return code
    call.home = home
    opened = call.private if call.resident else open_private_here
    steps: list[Step] = []
    try:
        with opened(call) as private:
            refuse(plan, around="")
            works = private.works(plan.workspace, caller_of(call), call.env)
            for step in install(plan, works.git, works.town.found):
                steps.append(step)  # noqa: PERF402  # what was done is known when one fails
            rig = works.rigs.add(project).name if project else ""
    except WastelandError:
        _told_so_far(call, steps)
        raise
    return show(call, _answer(plan, steps, rig), now=clock.now())


def _told_so_far(call: Call, steps: Iterable[Step]) -> None:
    """Before an error a person reads what was made all the same."""
    if not call.wants.json:
        for line in _lines(steps):
            call.terminal.out(escape(line) + "\n")


def _lines(steps: Iterable[Step]) -> list[str]:
    return [
        f"{MARKS[step.verb]} {step.verb} {step.path}"
        + (f", which {YOURS}" if step.verb == "Kept" else "")
        for step in steps
    ]


def _answer(plan: Plan, steps: list[Step], rig: str) -> Answer:
    made = [step.path for step in steps if step.verb == "Created"]
    updated = [step.path for step in steps if step.verb == "Updated"]
    words = _lines(steps)
    if str(plan.workspace.mark.relative_to(plan.workspace.root)) in made:
        words.append("✓ HQ created successfully!")
    else:
        words.append("✓ HQ brought up to date" if made or updated else "✓ HQ is up to date")
    words += ["", f"town    {plan.workspace.root}, overseen by {plan.overseer.name}"]
    words += [f"rig     {rig}"] if rig else []
    data = {
        "root": str(plan.workspace.root),
        "made": made,
        "updated": updated,
        "overseer": plan.overseer.name,
        "rig": rig or None,
    }
    return Answer(
        schema="gt.v1.install", data=data, words=tuple(words), next=_steps(rig),
        warn=() if plan.overseer.email else (f"commits will say {plan.overseer.mail}: {NOBODY}",),
    )  # fmt: skip


def _steps(rig: str) -> tuple[Next, ...]:
    add = Next(do="rig", cmd=("gt", "rig", "add", "<name>", "<repo>"), label="a project")
    bead = Next(do="bead", cmd=("bd", "create", "<title>", "--rig", rig), label="a first bead")
    return (
        bead if rig else add,
        Next(do="agents", cmd=("gt", "config", "agent", "list"), label="the agents it can run"),
        Next(do="mayor", cmd=("gt", "mayor", "attach"), label="tell the mayor what to build"),
    )


@app.command("git-init", cls=Command)
@example("gt git-init")
def git_init(ctx: typer.Context) -> int:
    """Keep this town's settings in git: a .gitignore, a repository, a first commit."""
    call = call_of(ctx)
    workspace = workspace_of(call)
    steps = list(keep_in_git(workspace, GitProgram(call.env)))
    words = _lines(steps) or ["✓ the town's settings are in git already"]
    data = {"root": str(workspace.root), "made": [step.path for step in steps]}
    return show(call, Answer(schema="gt.v1.git", data=data, words=tuple(words)), now=clock.now())
