"""`gt uninstall`: takes a town away, and first says what that means."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import typer

from cli.gt.opened import works_of, workspace_of
from cli.output import show
from cli.tree import Telling, call_of, example, new_module
from town.market.answer import Answer
from town.node import clock
from town.node.home import Home
from town.node.lifecycle import running, town_lock
from town.sessions.hooked import listed, unhooked
from town.workspace.layout import Workspace
from town.workspace.leaving import Leaving, NodeRunsError, UnsavedError, plan_of, take, take_home

app = new_module()

OURS = ("good", "stale")  # hook files with something of the town in them

ACCOUNT = "the keys and the boards of your account; delete it by hand if you want to lose them"


@app.command(cls=Telling)
@example("gt uninstall --dry-run", "gt uninstall --yes")
def uninstall(ctx: typer.Context) -> int:
    """Take this town away: what it made, and only when no work would be lost."""
    call = call_of(ctx)
    workspace = workspace_of(call)
    home = Home(workspace.home)
    if (node := running(home)) is not None:
        raise NodeRunsError(node.pid)
    with works_of(ctx) as works:
        rigs = works.town.rig_names()
        plan = plan_of(workspace, rigs, works.git, works.town.known())
        if call.wants.dry_run:
            hooked = [one.path for one in listed(works.agents) if one.path and one.state in OURS]
            said = _answer(workspace, plan, hooked, keys=home.inhabited, done=False)
            return show(call, said, now=clock.now())
        if plan.unsaved:
            raise UnsavedError(plan.unsaved)
        if not call.confirm(f"Take the town {workspace.root} away?"):
            return 1
        hooked = unhooked(works.agents)
        take(plan)
    with town_lock(home, doing="gt uninstall"):
        take_home(workspace, keys=home.inhabited)
    if not home.inhabited:
        shutil.rmtree(home.path, ignore_errors=True)
    said = _answer(workspace, plan, hooked, keys=home.inhabited, done=True)
    return show(call, said, now=clock.now())


def _answer(
    workspace: Workspace, plan: Leaving, hooked: Sequence[Path], *, keys: bool, done: bool
) -> Answer:
    gone = [*(_name(workspace, path) for path in plan.removes), _name(workspace, workspace.mark)]
    gone += [".wasteland/ledgers/town.db" if keys else ".wasteland"]
    keeps = {_name(workspace, path): why for path, why in plan.keeps}
    keeps |= {".wasteland": ACCOUNT} if keys else {}
    parts = [_name(workspace, path) for path in (*plan.parts, *hooked)]
    words = [f"{'removed' if done else 'would remove'} {name}" for name in gone]
    words += [
        f"{'edited' if done else 'would edit'} {name}: only the town's part goes" for name in parts
    ]
    words += [f"keeps {name}: {why}" for name, why in keeps.items()]
    words += [f"forbidden {why}" for why in plan.unsaved]
    data = {
        "root": str(workspace.root), "removes": gone, "edits": parts, "keeps": keeps,
        "unsaved": list(plan.unsaved), "done": done,
    }  # fmt: skip
    return Answer(schema="gt.v1.uninstall", data=data, words=tuple(words))


def _name(workspace: Workspace, path: object) -> str:
    return str(path).removeprefix(f"{workspace.root}/")
