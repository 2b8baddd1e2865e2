"""`gt uninstall`: takes a town away, and first says what that means."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import typer

from cli.gt.opened import works_of, workspace_of
from cli.output import show
from cli.tree import Telling, call_of, example, new_module
from town.beads import files
from town.beads.exchange import Exchange, Exported, Wanted
from town.market.answer import Answer
from town.node import clock
from town.node.home import Home
from town.node.lifecycle import running, town_lock
from town.sessions.hooked import listed, unhooked
from town.workspace.layout import Workspace
from town.workspace.leaving import Leaving, NodeRunsError, UnsavedError, plan_of, take, take_home

app = new_module()

BEADS = "beads"  # the file in which the beads of a town stay that is taken away
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
        beads = Exchange(works.store, works.ports).export(Wanted(everything=True))
        plan = _with_beads(plan, workspace, beads)
        if call.wants.dry_run:
            hooked = [one.path for one in listed(works.agents) if one.path and one.state in OURS]
            said = _answer(workspace, plan, hooked, keys=home.inhabited, done=False)
            return show(call, said, now=clock.now())
        if plan.unsaved:
            raise UnsavedError(plan.unsaved)
        if not call.confirm(f"Take the town {workspace.root} away?"):
            return 1
        if beads.lines:
            files.write(_place_of(workspace, beads.payload), beads.payload)
        hooked = unhooked(works.agents)
        take(plan)
    _take_home(workspace, home)
    said = _answer(workspace, plan, hooked, keys=home.inhabited, done=True)
    return show(call, said, now=clock.now())


def _take_home(workspace: Workspace, home: Home) -> None:
    with town_lock(home, doing="gt uninstall"):
        take_home(workspace, keys=home.inhabited)
    if not home.inhabited:
        shutil.rmtree(home.path, ignore_errors=True)


def _with_beads(plan: Leaving, workspace: Workspace, beads: Exported) -> Leaving:
    """The plan, which keeps every bead in a file where there are any."""
    if not beads.lines:
        return plan
    many = "1 bead" if len(beads.beads) == 1 else f"{len(beads.beads)} beads"
    kept = (_place_of(workspace, beads.payload), f"{many}, as bd import takes them")
    return replace(plan, keeps=(*plan.keeps, kept))


def _place_of(workspace: Workspace, payload: bytes) -> Path:
    """A file of the town's folder that is not there yet, or has these very beads."""
    names = (f"{BEADS}{f'-{number}' if number else ''}.jsonl" for number in count())
    places = (workspace.root / name for name in names)
    return next(one for one in places if not one.exists() or one.read_bytes() == payload)


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
