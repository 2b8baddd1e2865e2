"""`gt crew`: people's own places in a project, each a clone that nobody else touches."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated

import typer

from cli.gt import crew_sessions
from cli.gt.opened import works_of
from cli.output import show
from cli.tree import Command, call_of, example, new_group, new_module
from stamps.errors import WastelandError
from town.crew.desk import Added, Member, Removed
from town.market.answer import Answer, Next, error_facts

if TYPE_CHECKING:
    from town.node.works import Works

app = new_module()
crew = new_group("crew", "Your own place in a project: a clone that nobody else touches.")
app.add_typer(crew)
crew.command(cls=Command)(crew_sessions.at)
crew.command("attach", cls=Command, hidden=True)(crew_sessions.at)
crew.command(cls=Command)(crew_sessions.start)
crew.command(cls=Command)(crew_sessions.stop)
crew.command(cls=Command)(crew_sessions.restart)
crew.command("rs", cls=Command, hidden=True)(crew_sessions.restart)
crew.command(cls=Command)(crew_sessions.refresh)

Rig = Annotated[str, typer.Option("--rig", metavar="RIG", help="In which rig.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="A name, or RIG/NAME.")]
OneName = Annotated[str, typer.Argument(metavar="NAME", help="A name; all without one.")]
Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="Names, or RIG/NAME.")]


@crew.command(cls=Command)
@example("gt crew add yourname --rig myproject", "gt crew add myproject/max --branch max/cache")
def add(
    ctx: typer.Context,
    names: Names,
    *,
    rig: Rig = "",
    branch: Annotated[str, typer.Option("--branch", help="A branch; new ones begin here.")] = "",
) -> int:
    """Make a place for yourself in a project."""
    call = call_of(ctx)
    done: list[Added] = []
    error: WastelandError | None = None
    with works_of(ctx) as works:
        wanted = [_where(name, rig) for name in names]
        rigs = [works.crew.rig_of(where) for where, _ in wanted]
        for of, (_, name) in zip(rigs, wanted, strict=True):
            try:
                done.append(works.crew.add(of, name, branch=branch))
            except WastelandError as failed:
                error = failed
                break
        now = works.now()
    if error is not None and not done:
        raise error
    return show(call, _added(done, error), now=now)


def _where(name: str, rig: str) -> tuple[str, str]:
    """(rig, name) of a name that may say its rig itself."""
    words = name.rstrip("/").split("/")
    return (rig, name) if len(words) == 1 else (rig or words[0], words[-1])


def _added(done: list[Added], error: WastelandError | None) -> Answer:
    members = [one.member for one in done]
    words = [f"crew    {one.agent.id}: {one.path}, branch {one.branch}" for one in members]
    warn = [one.warn for one in done if one.warn]
    steps = [Next(do="look", cmd=("gt", "crew", "status", members[0].agent.id))]
    if error is not None:
        warn.append(f"the rest was not done: {error}")
    return Answer(
        schema="gt.v1.crew",
        data={"crew": [_facts(one) for one in members]},
        words=tuple(words),
        next=tuple(steps),
        warn=tuple(warn),
        exit=int(getattr(error, "exit", 1)) if error is not None else 0,
        error=error_facts(error) if error is not None else None,
    )


def _live(works: "Works") -> set[str]:
    """Who has a session that runs."""
    return {view.row.agent for view in works.agents.open() if view.alive}


def _facts(one: Member, live: Collection[str] = ()) -> dict[str, object]:
    return {
        "address": one.agent.id,
        "name": one.agent.name,
        "rig": one.agent.rig,
        "path": str(one.path),
        "branch": one.branch or None,
        "hook_bead": one.agent.hook_bead or None,
        "there": one.path.is_dir(),
        "unsaved": list(one.lost),
        "runs": one.agent.id in live,
    }


@crew.command("list", cls=Command)
@example("gt crew list --rig myproject", "gt crew list --all --json")
def list_(
    ctx: typer.Context,
    *,
    rig: Rig = "",
    everywhere: Annotated[bool, typer.Option("--all", help="In every rig.")] = False,
) -> int:
    """List the crew of a project, or of every one."""
    with works_of(ctx) as works:
        where = "" if everywhere and not rig else works.crew.rig_of(rig).name
        found = [works.crew.member(one.agent) for one in works.crew.listed(where)]
        live = _live(works)
        now = works.now()
    lines = [
        f"{'●' if one.agent.id in live else '○'} {one.agent.id:<28} {_stands(one)}" for one in found
    ]
    empty = ["nobody yet", "next    gt crew add <you>" + (f" --rig {where}" if where else "")]
    data = {"crew": [_facts(one, live) for one in found]}
    answer = Answer(schema="gt.v1.crew", data=data, words=tuple(lines or empty))
    return show(call_of(ctx), answer, now=now)


def _stands(one: Member) -> str:
    if one.standing is None:
        return f"its checkout is gone: {one.path}"
    return f"{one.branch or 'on no branch'}, {', '.join(one.lost) or 'nothing unsaved'}"


@crew.command(cls=Command)
@example("gt crew status max", "gt crew status myproject/max --json")
def status(ctx: typer.Context, name: OneName = "", rig: Rig = "") -> int:
    """Show one member of a crew, or all of a project's."""
    with works_of(ctx) as works:
        if name:
            found = [works.crew.member(works.crew.named(name, rig))]
        else:
            of = works.crew.rig_of(rig).name
            found = [works.crew.member(one.agent) for one in works.crew.listed(of)]
        live = _live(works)
        now = works.now()
    words = [line for one in found for line in _told(one, live)] or ["nobody yet"]
    data = {"crew": [_facts(one, live) for one in found]}
    answer = Answer(schema="gt.v1.crew", data=data, words=tuple(words))
    return show(call_of(ctx), answer, now=now)


def _told(one: Member, live: Collection[str]) -> list[str]:
    hook = one.agent.hook_bead
    return [
        f"crew    {one.agent.id}, {'its session runs' if one.agent.id in live else 'no session'}",
        f"folder  {one.path}",
        f"work    {_stands(one)}",
        *([f"hook    {hook}"] if hook else []),
    ]


@crew.command(cls=Command)
@example("gt crew rename max emma")
def rename(
    ctx: typer.Context,
    name: Name,
    other: Annotated[str, typer.Argument(metavar="NEW", help="The new name.")],
    *,
    rig: Rig = "",
) -> int:
    """Give a member another name; its folder, mail and beads go along."""
    with works_of(ctx) as works:
        before = works.crew.named(name, rig)
        called = works.crew.rename(before, other)
        now = works.now()
    words = (f"crew    {before.id} is {called.agent.id} now", f"folder  {called.path}")
    data = {**_facts(called), "before": before.id}
    answer = Answer(schema="gt.v1.crew.member", data=data, words=words)
    return show(call_of(ctx), answer, now=now)


@crew.command(cls=Command)
@example("gt crew pristine", "gt crew pristine max --rig myproject")
def pristine(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Names; all without one.")
    ] = None,
    *,
    rig: Rig = "",
) -> int:
    """Bring checkouts up to date, and touch no work in them."""
    done: list[dict[str, object]] = []
    words: list[str] = []
    errors: list[WastelandError] = []
    with works_of(ctx) as works:
        members = (
            [works.crew.named(name, rig) for name in names]
            if names
            else [one.agent for one in works.crew.listed(works.crew.rig_of(rig).name)]
        )
        for member in members:
            try:
                before, after = works.crew.pristine(member)
            except WastelandError as error:
                errors.append(error)
                continue
            done.append({"address": member.id, "before": before, "after": after})
            moved = f"{before[:10]} to {after[:10]}" if before != after else "was up to date"
            words.append(f"crew    {member.id} {moved}")
        now = works.now()
    if errors and not done:
        raise errors[0]
    answer = Answer(
        schema="gt.v1.crew.pristine",
        data={"crew": done},
        words=tuple(words) or ("nobody yet",),
        warn=tuple(str(error) for error in errors),
        exit=1 if errors else 0,
        error=error_facts(errors[0]) if errors else None,
    )
    return show(call_of(ctx), answer, now=now)


@crew.command(cls=Command)
@example("gt crew remove max", "gt crew remove max emma --purge")
def remove(
    ctx: typer.Context,
    names: Names,
    *,
    rig: Rig = "",
    purge: Annotated[bool, typer.Option("--purge", help="Its address and mail too.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also with unsaved work.")] = False,
) -> int:
    """Remove checkouts; unsaved work only with --force."""
    done: list[Removed] = []
    errors: list[WastelandError] = []
    with works_of(ctx) as works:
        members = [works.crew.named(name, rig) for name in dict.fromkeys(names)]
        for member in members:
            try:
                done.append(works.crew.remove(member, force=force, purge=purge))
            except WastelandError as error:
                errors.append(error)
        now = works.now()
    if errors and not done:
        raise errors[0]
    return show(call_of(ctx), _removed(done, errors, purge=purge), now=now)


def _removed(done: list[Removed], errors: list[WastelandError], *, purge: bool) -> Answer:
    words = []
    for gone in done:
        words.append(f"removed {gone.member.agent.id}")
        words += [f"lost    {', '.join(gone.lost)}"] if gone.lost else []
    removed = [{"address": one.member.agent.id, "lost": list(one.lost)} for one in done]
    return Answer(
        schema="gt.v1.crew.removed",
        data={**removed[0], "purged": purge, "removed": removed},
        words=tuple(words),
        warn=tuple(str(error) for error in errors),
        exit=1 if errors else 0,
        error=error_facts(errors[0]) if errors else None,
    )
