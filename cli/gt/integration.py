"""`gt mq integration`: branches where the work of an epic is gathered before it goes to main."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.escape import one_line
from cli.gt.opened import works_of
from cli.output import show
from cli.tree import Command, call_of, example, new_group
from town.market.answer import Answer, Next
from town.refinery.integration import IntegrationView

if TYPE_CHECKING:
    from town.node.works import Works

app = new_group("integration", "Branches where the work of an epic is gathered.")

Epic = Annotated[str, typer.Argument(metavar="EPIC", help="The epic's bead.")]

Rig = Annotated[str, typer.Option("--rig", help="The project; else the epic's own.")]


def _epic(works: "Works", said: str) -> str:
    """The bead that is meant, as whoever shows the town's issues has it."""
    return str(works.extension("issue_shower").show(said).id)


def _facts(view: IntegrationView) -> dict[str, Any]:
    ready = view.readiness
    return {
        "epic": view.epic.id,
        "rig": view.rig.name,
        "branch": view.branch,
        "base": view.base,
        "there": view.there,
        "ahead": ready.ahead,
        "children": ready.children,
        "children_closed": ready.closed,
        "merged": [one.id for one in view.merged],
        "pending": [one.id for one in view.pending],
        "ready_to_land": not ready.missing,
        "missing": list(ready.missing),
        "epic_status": view.epic.status,
    }


def _words(view: IntegrationView) -> list[str]:
    ready = view.readiness
    where = "" if view.there else " (not at the remote)"
    return [
        f"branch  {one_line(view.branch)}{where}, for {one_line(view.base)}",
        f"epic    {view.epic.id} {one_line(view.epic.title)}",
        f"parts   {ready.closed} of {ready.children} closed",
        f"work    {ready.ahead} commits ahead, {len(view.merged)} merged, {ready.pending} pending",
        f"land    {'; '.join(ready.missing) or 'ready'}",
    ]


@app.command(cls=Command)
@example(
    "gt mq integration create gt-abc12", "gt mq integration create gt-abc12 --branch rel/{epic}"
)
def create(
    ctx: typer.Context,
    epic: Epic,
    *,
    branch: Annotated[str, typer.Option("--branch", help="A template: {title} {epic} …")] = "",
    base: Annotated[str, typer.Option("--base-branch", help="What it lands on.")] = "",
    rig: Rig = "",
) -> int:
    """Make the integration branch of an epic; make it before its work is given out."""
    with works_of(ctx) as works:
        epic = _epic(works, epic)
        of = works.crew.rig_of(rig or works.hooks.rig_of(epic))
        view = works.integration.create(of, epic, template=branch, base=base)
        now = works.now()
    steps = (Next(do="look", cmd=("gt", "mq", "integration", "status", view.epic.id)),)
    answer = Answer(
        schema="gt.v1.integration", data=_facts(view), words=tuple(_words(view)), next=steps
    )
    return show(call_of(ctx), answer, now=now)


@app.command(cls=Command)
@example("gt mq integration status gt-abc12 --json")
def status(ctx: typer.Context, epic: Epic, *, rig: Rig = "") -> int:
    """Show how an epic's integration branch stands."""
    with works_of(ctx) as works:
        epic = _epic(works, epic)
        of = works.crew.rig_of(rig or works.hooks.rig_of(epic))
        view = works.integration.status(of, epic)
        now = works.now()
    answer = Answer(schema="gt.v1.integration", data=_facts(view), words=tuple(_words(view)))
    return show(call_of(ctx), answer, now=now)


@app.command(cls=Command)
@example("gt mq integration land gt-abc12", "gt mq integration land gt-abc12 --dry-run")
def land(
    ctx: typer.Context,
    epic: Epic,
    *,
    force: Annotated[bool, typer.Option("--force", help="Also while work is missing.")] = False,
    skip_tests: Annotated[bool, typer.Option("--skip-tests", help="Run no gates.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would land.")] = False,
    rig: Rig = "",
) -> int:
    """Merge an epic's branch into its base, once all of its work is there."""
    with works_of(ctx) as works:
        epic = _epic(works, epic)
        of = works.crew.rig_of(rig or works.hooks.rig_of(epic))
        landed = works.integration.land(of, epic, force=force, untested=skip_tests, dry=dry_run)
        now = works.now()
    view = landed.view
    if landed.rehearsed:
        words = [*_words(view), "        nothing was done"]
    else:
        again = " had landed already" if landed.again else " landed"
        words = [
            f"landed  {one_line(view.branch)}{again} on {one_line(view.base)} as {landed.commit}",
            f"        {view.epic.id} is closed, the branch is gone",
        ]
    data = {**_facts(view), "commit": landed.commit, "landed": not landed.rehearsed}
    return show(call_of(ctx), Answer(schema="gt.v1.integration", data=data, words=tuple(words)),
                now=now)  # fmt: skip
