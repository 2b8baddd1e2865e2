"""`gt hooks`: the files by which runtimes call the town at their turns."""

from typing import Any

import typer

from cli.gt.opened import works_of
from cli.output import show
from cli.tree import Command, call_of, example, new_group, new_module
from town.agents.hook_files import WORDS
from town.market.answer import Answer, Next
from town.sessions import hooked
from town.sessions.hooked import Hooked

app = new_module()
hooks = new_group("hooks", "The files by which runtimes call the town: list, diff, sync, remove.")
app.add_typer(hooks)

BROUGHT = {"missing": "made", "stale": "brought up to date"}
OPEN = ("missing", "stale", "broken")


def _facts(one: Hooked) -> dict[str, Any]:
    path = str(one.path) if one.path is not None else None
    return {"agents": list(one.agents), "runtime": one.runtime, "state": one.state, "path": path}


def _line(one: Hooked, words: str) -> str:
    place = f"  {one.path}" if one.path is not None else ""
    return f"{', '.join(one.agents)}  [{one.runtime}]{place}  {words}"


@hooks.command("list", cls=Command)
@example("gt hooks list", "gt hooks list --json")
def list_(ctx: typer.Context) -> int:
    """List the hook file of everybody, and how it stands."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        found = hooked.listed(works.agents)
        now = works.now()
    words = tuple(_line(one, WORDS[one.state]) for one in found)
    due = any(one.state in OPEN for one in found)
    steps = (Next(do="sync", cmd=("gt", "hooks", "sync")),) if due else ()
    data = {"hooks": [_facts(one) for one in found]}
    return show(call, Answer(schema="gt.v1.hooks", data=data, words=words, next=steps), now=now)


@hooks.command(cls=Command)
@example("gt hooks diff")
def diff(ctx: typer.Context) -> int:
    """Show what gt hooks sync would change."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        lines = hooked.differences(works.agents)
        now = works.now()
    words = tuple(lines) or ("every hook file is as it should be",)
    answer = Answer(schema="gt.v1.hooks-diff", data={"diff": lines}, words=words)
    return show(call, answer, now=now)


@hooks.command(cls=Command)
@example("gt hooks sync", "gt hooks sync --json")
def sync(ctx: typer.Context) -> int:
    """Bring every hook file up to date; what a person wrote in one stays."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        found = hooked.synced(works.agents)
        now = works.now()
    words = tuple(_line(one, BROUGHT.get(one.state, WORDS[one.state])) for one in found)
    broken = any(one.state == "broken" for one in found)
    data = {"hooks": [_facts(one) | {"changed": one.state in BROUGHT} for one in found]}
    answer = Answer(schema="gt.v1.hooks-synced", data=data, words=words, exit=1 if broken else 0)
    return show(call, answer, now=now)


@hooks.command(cls=Command)
@example("gt hooks remove")
def remove(ctx: typer.Context) -> int:
    """Take everything of the town out of the hook files; a session that begins puts it back."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        gone = [str(path) for path in hooked.unhooked(works.agents)]
        now = works.now()
    words = tuple(f"✓ {path}" for path in gone) or ("nothing of the town was in any",)
    answer = Answer(schema="gt.v1.hooks-removed", data={"paths": gone}, words=words)
    return show(call, answer, now=now)
