"""`gt convoy`: beads that are followed together until all of them are done."""

from typing import Annotated, Any

import typer

from cli.gt.convoy_shown import facts_of, line_of, tree_of, waves_words, words_of
from cli.gt.opened import works_of
from cli.later import FORMULAS, NotYetError, Word
from cli.output import show as show_answer
from cli.tree import Command, Telling, call_of, example, new_group, new_module
from town.convoys.desk import NewConvoy
from town.convoys.staging import Staged
from town.market.answer import Answer, Next
from town.market.words import instant

app = new_module()
convoy = new_group("convoy", "Convoys: beads that are followed together until all are done.")
app.add_typer(convoy)

MAYOR = "mayor/"
STAGED = "An epic, beads, or a convoy that is staged."
Said = Annotated[str, typer.Argument(metavar="CONVOY", help="Its id, or its number in the list.")]
Beads = Annotated[list[str], typer.Argument(metavar="BEAD...", help="Beads of any project.")]


class Notifying(Command):
    """A command whose `--notify` may stand alone, and then means the mayor."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """The words, `--notify` among them with the one it means."""
        end = args.index("--") if "--" in args else len(args)
        whom = "" if "--human" in args[:end] else MAYOR
        before = [f"--notify={whom}" if word == "--notify" else word for word in args[:end]]
        parent: Any = super()
        return parent.parse_args(ctx, [*before, *args[end:]])


@convoy.command(cls=Notifying)
@example(
    'gt convoy create "Feature X" gt-abc12 gt-def34 --notify --human',
    'gt convoy create "Fix bugs" gt-abc12',
    'gt convoy create "Rework" --from-epic gt-e1e2e --owned',
)
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")],
    beads: Annotated[
        list[str] | None, typer.Argument(metavar="[BEAD...]", help="Beads of any project.")
    ] = None,
    *,
    owner: Annotated[str, typer.Option("--owner", help="Whose it is; yours.")] = "",
    notify: Annotated[
        list[str] | None, typer.Option("--notify", help="Who is told too; alone: the mayor.")
    ] = None,
    human: Annotated[bool, typer.Option("--human", help="Tell the overseer.")] = False,
    merge: Annotated[str, typer.Option("--merge", help="mr, direct or local.")] = "",
    base: Annotated[str, typer.Option("--base-branch", help="The branch work goes to.")] = "",
    owned: Annotated[bool, typer.Option("--owned", help="You land it yourself.")] = False,
    epic: Annotated[str, typer.Option("--from-epic", help="The beads under this one.")] = "",
    molecule: Annotated[str, typer.Option("--molecule", hidden=True, help="Not yet.")] = "",
) -> int:
    """Follow some beads together."""
    if molecule:
        raise NotYetError("gt convoy create --molecule", Word(FORMULAS))
    told = [one for one in notify or () if one] + (["overseer"] if human else [])
    wanted = NewConvoy(
        title=name,
        beads=beads or (),
        from_epic=epic,
        owner=owner,
        notify=told,
        merge=merge,
        base_branch=base,
        owned=owned,
    )
    with works_of(ctx) as works:
        made = works.convoys.create(wanted)
        view = works.convoys.show(made.id)
        now = works.now()
    words = [f"✓ Created convoy 🚚 {made.id}"]
    words += [f"  Tracking: {', '.join(one.id for one in view.members)}"] if view.members else []
    steps = (Next(do="show", cmd=("gt", "convoy", "show", made.id)),)
    return _show(ctx, facts_of(view), words, now=now, following=steps)


def _show(
    ctx: typer.Context,
    data: object,
    words: list[str],
    *,
    now: int,
    schema: str = "gt.v1.convoy",
    following: tuple[Next, ...] = (),
) -> int:
    found = Answer(schema=schema, data=data, words=tuple(words), next=following)
    return show_answer(call_of(ctx), found, now=now)


@convoy.command(cls=Command)
@example("gt convoy add hq-cv-abc gt-m3k9p gt-w5t2x")
def add(ctx: typer.Context, said: Said, beads: Beads) -> int:
    """Follow more beads; a closed convoy is open again."""
    with works_of(ctx) as works:
        made, fresh = works.convoys.add(said, beads)
        view = works.convoys.show(made.id)
        now = works.now()
    words = [f"✓ {made.id} follows {', '.join(fresh)} too" if fresh else f"{made.id} follows them"]
    return _show(ctx, {**facts_of(view), "added": fresh}, words, now=now)


@convoy.command("list", cls=Command)
@example("gt convoy list", "gt convoy list --all --tree")
def list_(
    ctx: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    status: Annotated[str, typer.Option("--status", help="Only open, closed or staged.")] = "",
    tree: Annotated[bool, typer.Option("-i", "--tree", help="With their beads.")] = False,
) -> int:
    """List the convoys, with numbers that work as ids."""
    return _listed(ctx, everything=everything, status=status, tree=tree)


def _listed(
    ctx: typer.Context, *, everything: bool = False, status: str = "", tree: bool = False
) -> int:
    with works_of(ctx) as works:
        views = works.convoys.listed(everything=everything, status=status)
        now = works.now()
    words = [line for one in views for line in (tree_of(one) if tree else [line_of(one)])]
    some = "convoy" if everything or status else "open convoy; --all lists those that landed, too"
    empty = [f"no {some}", 'next    gt convoy create "Feature X" <bead>']
    data = {"convoys": [facts_of(one) for one in views]}
    return _show(ctx, data, words or empty, now=now, schema="gt.v1.convoys")


@convoy.command("show", cls=Command)
@example("gt convoy show hq-cv-abc", "gt convoy show 1")
def show(
    ctx: typer.Context,
    said: Annotated[str, typer.Argument(metavar="[CONVOY]", help="Its id or number; all.")] = "",
) -> int:
    """Show one convoy: how far it is, and why each bead does not move."""
    if not said:
        return _listed(ctx, tree=True)
    with works_of(ctx) as works:
        view = works.convoys.show(said)
        now = works.now()
    return _show(ctx, facts_of(view), list(words_of(view, now=now)), now=now)


@convoy.command("status", cls=Command)
@example("gt convoy status 1")
def status(
    ctx: typer.Context,
    said: Annotated[str, typer.Argument(metavar="[CONVOY]", help="Its id or number; all.")] = "",
) -> int:
    """The same as show."""
    return show(ctx, said)


@convoy.command(cls=Telling)
@example("gt convoy check", "gt convoy check 1 --dry-run")
def check(
    ctx: typer.Context,
    said: Annotated[str, typer.Argument(metavar="[CONVOY]", help="Its id or number; all.")] = "",
) -> int:
    """Land what is done, should nobody have noticed."""
    dry = call_of(ctx).wants.dry_run
    with works_of(ctx) as works:
        found = works.convoys.check(said, dry=dry)
        now = works.now()
    word = "would land" if dry else "landed"
    words = [f"{word}  🚚 {one.convoy.id}: {one.why}" for one in found]
    data = {"landed": [{"id": one.convoy.id, "reason": one.why} for one in found], "dry_run": dry}
    return _show(ctx, data, words or ["nothing to land"], now=now, schema="gt.v1.convoy.check")


@convoy.command(cls=Command)
@example("gt convoy stranded --json")
def stranded(ctx: typer.Context) -> int:
    """List convoys with beads that are ready and nobody's, or with none at all."""
    with works_of(ctx) as works:
        desk = works.convoys
        found = [(view, desk.ready_of(view)) for view in desk.stranded()]
        now = works.now()
    data = [
        {
            "id": view.convoy.id,
            "title": view.convoy.title,
            "tracked_count": len(view.members),
            "ready_count": len(ready),
            "ready_issues": ready,
            "created_at": instant(view.convoy.created_at),
            "base_branch": view.convoy.base_branch,
        }
        for view, ready in found
    ]
    words = [f"{line_of(view)}  ready: {', '.join(ready) or 'nothing'}" for view, ready in found]
    shown = words or ["no convoy is stranded"]
    return _show(ctx, {"stranded": data}, shown, now=now, schema="gt.v1.convoy.stranded")


@convoy.command(cls=Notifying)
@example('gt convoy close hq-cv-abc --reason "no longer wanted" --force')
def close(
    ctx: typer.Context,
    said: Said,
    *,
    force: Annotated[bool, typer.Option("--force", help="Also with beads open.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
    notify: Annotated[str, typer.Option("--notify", help="Who is told too.")] = "",
) -> int:
    """End a convoy by hand."""
    with works_of(ctx) as works:
        ended = works.convoys.close(said, reason=reason, force=force, notify=notify)
        now = works.now()
    words = [f"✓ {ended.convoy.id} is closed" if ended.fresh else f"{ended.convoy.id} was closed"]
    data = {"id": ended.convoy.id, "status": ended.convoy.status, "fresh": ended.fresh}
    return _show(ctx, data, words, now=now)


@convoy.command(cls=Telling)
@example("gt convoy land hq-cv-abc", "gt convoy land 1 --dry-run")
def land(
    ctx: typer.Context,
    said: Said,
    *,
    force: Annotated[bool, typer.Option("--force", help="Also with beads open.")] = False,
    keep: Annotated[bool, typer.Option("--keep-worktrees", help="Leave worktrees.")] = False,
) -> int:
    """Land a convoy that you own."""
    dry = call_of(ctx).wants.dry_run
    with works_of(ctx) as works:
        ended = works.convoys.land(said, force=force, dry=dry)
        gone, left = ([], list(ended.worktrees)) if keep or dry else works.tidy(ended.worktrees)
        now = works.now()
    what = "would land" if dry else "landed" if ended.fresh else "had landed"
    words = [f"{what}  🚚 {ended.convoy.id}"]
    words += [f"  removed worktree {path}" for path in gone]
    words += [f"  kept worktree {path}" for path in left]
    data = {"id": ended.convoy.id, "dry_run": dry, "removed": gone, "kept": left}
    return _show(ctx, data, words, now=now)


@convoy.command(cls=Command)
@example("gt convoy watch 1", "gt convoy watch 1 --nudge --addr api/crew/max")
def watch(
    ctx: typer.Context,
    said: Said,
    *,
    nudge: Annotated[bool, typer.Option("--nudge", help="By a nudge instead of mail.")] = False,
    address: Annotated[str, typer.Option("--addr", help="Who; you.")] = "",
) -> int:
    """Be told when a convoy lands."""
    with works_of(ctx) as works:
        made = works.convoys.watch(said, address=address, nudge=nudge)
        now = works.now()
    words = [f"✓ {made.address} is told of {made.convoy} by {made.how}"]
    data = {"id": made.convoy, "address": made.address, "how": made.how}
    return _show(ctx, data, words, now=now)


@convoy.command(cls=Command)
@example("gt convoy unwatch 1")
def unwatch(
    ctx: typer.Context,
    said: Said,
    *,
    address: Annotated[str, typer.Option("--addr", help="Who; you.")] = "",
) -> int:
    """Be told no more."""
    with works_of(ctx) as works:
        gone = works.convoys.unwatch(said, address=address)
        now = works.now()
    words = ["✓ told no more" if gone else "nobody was to be told"]
    return _show(ctx, {"unwatched": gone}, words, now=now)


@convoy.command(cls=Command)
@example("gt convoy stage gt-e1e2e", "gt convoy stage gt-abc12 gt-def34 --launch")
def stage(
    ctx: typer.Context,
    said: Annotated[list[str], typer.Argument(metavar="EPIC|BEAD...|CONVOY", help=STAGED)],
    *,
    launch: Annotated[bool, typer.Option("--launch", help="Launch it, if nothing is odd.")] = False,
    title: Annotated[str, typer.Option("--title", help="What it is called.")] = "",
) -> int:
    """Work out what can be begun together, before anything is."""
    with works_of(ctx) as works:
        found = works.convoys.stage(said, title=title, launch=launch)
        now = works.now()
    return _staged(ctx, found, now=now)


@convoy.command("launch", cls=Command)
@example("gt convoy launch hq-cv-abc", "gt convoy launch hq-cv-abc --force")
def launch_(
    ctx: typer.Context,
    said: Annotated[list[str], typer.Argument(metavar="CONVOY|EPIC|BEAD...", help=STAGED)],
    *,
    force: Annotated[bool, typer.Option("--force", help="In spite of warnings.")] = False,
) -> int:
    """Let a staged convoy begin: its first wave is given to workers."""
    with works_of(ctx) as works:
        found = works.convoys.launch(said, force=force)
        now = works.now()
    return _staged(ctx, found, now=now)


def _staged(ctx: typer.Context, found: Staged, *, now: int) -> int:
    words = [f"🚚 {found.convoy.id} is {found.convoy.status}"]
    words += waves_words(found.waves, found.warnings)
    data = {
        "id": found.convoy.id,
        "status": found.convoy.status,
        "waves": found.waves,
        "warnings": found.warnings,
    }
    return _show(ctx, data, words, now=now, schema="gt.v1.convoy.staged")
