"""`gt install`: the town's workspace."""

from typing import Annotated

import typer

from cli.bd.opened import caller_of
from cli.local import open_private_here
from cli.output import show
from cli.tree import Command, call_of, example, new_module
from town.market.answer import Answer, Next
from town.node import clock
from town.node.git import GitProgram
from town.node.place import workspace_path
from town.workspace.install import Plan, detected, install, refuse
from town.workspace.layout import Workspace

app = new_module()

PREFIX = "hq"


@app.command("install", cls=Command)
@example("gt install ~/gt --git", "gt install ~/gt --force")
def install_(
    ctx: typer.Context,
    path: Annotated[str, typer.Argument(metavar="[PATH]", help="Its folder; this one.")] = ".",
    *,
    name: Annotated[str, typer.Option("--name", help="What the town is called.")] = "",
    git: Annotated[bool, typer.Option("--git", help="Keep its settings in git.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Bring a town up to date.")] = False,
) -> int:
    """Make a town: a folder for projects, agents and their work."""
    call = call_of(ctx)
    workspace = Workspace(call.path(path).resolve())
    program = GitProgram(call.env)
    person = detected(program, user=caller_of(call).actor, at=call.cwd)
    plan = Plan(
        workspace=workspace, overseer=person, name=name, force=force, git=git, now=clock.now()
    )
    refuse(plan, around=workspace_path(str(workspace.root), {}))
    made = list(install(plan, program))
    call.home = str(workspace.home)
    with open_private_here(call) as private:
        private.tell({"issue_prefix": PREFIX})
    words = [f"✓ Created {one}" for one in made]
    words += ["✓ HQ created successfully!" if made else "✓ HQ is up to date", ""]
    words += [f"town    {workspace.root}, overseen by {person.name}"]
    steps = (
        Next(do="rig", cmd=("gt", "rig", "add", "<name>", "<repo>"), label="a project"),
        Next(do="agents", cmd=("gt", "config", "agent", "list"), label="the agents it can run"),
        Next(do="mayor", cmd=("gt", "mayor", "attach"), label="tell the mayor what to build"),
    )
    data = {"root": str(workspace.root), "made": made, "overseer": person.name}
    found = Answer(schema="gt.v1.install", data=data, words=tuple(words), next=steps)
    return show(call, found, now=clock.now())
