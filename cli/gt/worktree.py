"""`gt worktree`: your own clone in another project, under your own name."""

from typing import Annotated, Any

import typer

from cli.caller import identity_of
from cli.context import NoPlaceError
from cli.gt.opened import works_of
from cli.output import show
from cli.tree import Command, Group, call_of, example, new_group, new_module
from ledger.workspace.rows import Agent
from town.crew.visiting import Visit
from town.market.answer import Answer
from town.node.works import Works

app = new_module()
HELP = "Work in another project under your own name."


class OrAdd(Group):
    """A word after which the name of a rig stands for adding one."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is named, else `add`."""
        named = args[0] in self.commands or args[0].startswith("-")
        return super().resolve_command(ctx, args if named else ["add", *args])


worktree = new_group("worktree", HELP)
worktree.info.cls = OrAdd
app.add_typer(worktree)

Name = Annotated[str, typer.Argument(metavar="RIG", help="The other rig.")]


def _who(ctx: typer.Context, works: Works) -> Agent:
    call = call_of(ctx)
    who = identity_of(call)
    if who is None:
        raise NoPlaceError(call.cwd, call.program)
    return works.crew.visitor(who.address.text)


def _facts(visit: Visit) -> dict[str, object]:
    stands = visit.standing
    return {
        "address": visit.who,
        "rig": visit.rig,
        "path": str(visit.path),
        "branch": stands.branch if stands else None,
        "there": stands is not None,
        "unsaved": list(visit.lost),
    }


def _stands(visit: Visit) -> str:
    if visit.standing is None:
        return "is gone"
    return (
        f"{visit.standing.branch or 'on no branch'}, {', '.join(visit.lost) or 'nothing unsaved'}"
    )


@worktree.command("add", cls=Command)
@example("gt worktree api")
def add(ctx: typer.Context, rig: Name) -> int:
    """Make your clone of another project, or show where it is."""
    with works_of(ctx) as works:
        made = works.crew.visit(_who(ctx, works), works.crew.rig_of(rig))
        now = works.now()
    words = (f"clone   {made.path}, {_stands(made)}", f"you     are {made.who} there too")
    warn = (made.warn,) if made.warn else ()
    data = {**_facts(made), "fresh": made.fresh}
    answer = Answer(schema="gt.v1.worktree", data=data, words=words, warn=warn)
    return show(call_of(ctx), answer, now=now)


@worktree.command("list", cls=Command)
@example("gt worktree list --json")
def list_(ctx: typer.Context) -> int:
    """List your clones in other projects."""
    with works_of(ctx) as works:
        found = works.crew.visits(_who(ctx, works))
        now = works.now()
    words = tuple(f"{one.rig:<16} {one.path}  {_stands(one)}" for one in found) or ("none",)
    data = {"worktrees": [_facts(one) for one in found]}
    answer = Answer(schema="gt.v1.worktrees", data=data, words=words)
    return show(call_of(ctx), answer, now=now)


@worktree.command(cls=Command)
@example("gt worktree remove api")
def remove(
    ctx: typer.Context,
    rig: Name,
    *,
    force: Annotated[bool, typer.Option("--force", help="Also with unsaved work.")] = False,
) -> int:
    """Remove such a clone; unsaved work only with --force."""
    with works_of(ctx) as works:
        gone = works.crew.leave(_who(ctx, works), rig.rstrip("/"), force=force)
        now = works.now()
    words = [f"removed {gone.path}"]
    words += [f"lost    {', '.join(gone.lost)}"] if gone.lost else []
    data = {"rig": gone.rig, "path": str(gone.path), "lost": list(gone.lost)}
    answer = Answer(schema="gt.v1.worktree.removed", data=data, words=tuple(words))
    return show(call_of(ctx), answer, now=now)
