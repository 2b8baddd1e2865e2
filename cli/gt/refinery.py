"""`gt refinery`: what merges a project's work."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from cli.escape import one_line
from cli.gt.mq_shown import facts_of, lines_of, run_facts, run_words
from cli.gt.opened import works_of
from cli.output import show
from cli.tree import Command, call_of, example, new_group, new_module
from ledger.merging.queue import Line
from town.market.answer import Answer, Next
from town.market.words import ago, instant, span
from town.refinery.cycle import Cycle
from town.refinery.standing import RefineryView, view_of

app = new_module()
TOLD_LINES_MAX = 12
refinery = new_group("refinery", "What merges a project's work: its gates, its queue, its cycles.")
app.add_typer(refinery)

Rig = Annotated[str, typer.Argument(metavar="[RIG]", help="The project; the one you stand in.")]
BROKEN_EXIT = 6


def _seen(ctx: typer.Context, rig: str) -> tuple[RefineryView, int]:
    with works_of(ctx) as works:
        one = works.crew.rig_of(rig)
        view = view_of(works.refinery, one, works.queue.listed(one.name))
        return view, works.now()


def _facts(view: RefineryView) -> dict[str, Any]:
    state = view.state
    return {
        "rig": view.rig.name,
        "state": view.stands,
        "at_work": view.at_work,
        "gates": list(view.gates.commands),
        "gate_count": view.gates.count,
        "queue": len(view.lines),
        "ready": len(view.ready),
        "waiting": len(view.waiting),
        "last_cycle_at": instant(state.cycled_at) if state.cycled_at else None,
        "last_cycle": state.said,
        "broken": state.broken,
        "reason": state.reason,
        "broken_since": instant(state.since) if state.since else None,
        "rests_until": instant(state.rests_until) if state.rests_until else None,
        "runs": [run_facts(run) for run in view.runs],
    }


@refinery.command(cls=Command)
@example("gt refinery status myproject", "gt refinery status --json")
def status(ctx: typer.Context, rig: Rig = "") -> int:
    """Show how a project's refinery stands."""
    view, now = _seen(ctx, rig)
    state = view.state
    last = f"{ago(state.cycled_at, now)}: {one_line(state.said)}" if state.cycled_at else "none yet"
    words = [
        f"refinery {view.rig.name}/refinery is {view.stands}",
        f"gates    {', '.join(view.gates.commands) or 'none'}",
        f"queue    {len(view.lines)}: {len(view.ready)} ready, {len(view.waiting)} waiting",
        f"cycle    {last}",
    ]
    if state.broken:
        rest = span(max(0, state.rests_until - now) / 1_000_000)
        words += told_by(f"broken   {state.broken}: ", state.reason)
        times = "once" if state.times == 1 else f"{state.times} times"
        words.append(f"         {times}, tried again in {rest}")
    words += [word for run in view.runs for word in run_words(run)]
    answer = Answer(
        schema="gt.v1.refinery", data=_facts(view), words=tuple(words), warn=tuple(view.warnings)
    )
    return show(call_of(ctx), answer, now=now)


def told_by(before: str, text: str) -> list[str]:
    """What a program said, a line each under the first, as many as somebody reads."""
    lines = [line.removeprefix("remote: ").rstrip() for line in text.splitlines()]
    told = [line for line in lines if line][:TOLD_LINES_MAX]
    return [f"{before if not at else ' ' * 9}{line}" for at, line in enumerate(told or [""])]


def _some(
    ctx: typer.Context, rig: str, pick: Callable[[RefineryView], list[Line]], empty: str
) -> int:
    view, now = _seen(ctx, rig)
    found = pick(view)
    words = tuple(lines_of(found, now)) if found else (f"{empty} in {view.rig.name}",)
    data = {"rig": view.rig.name, "requests": [facts_of(line) for line in found]}
    return show(call_of(ctx), Answer(schema="gt.v1.mq", data=data, words=words), now=now)


@refinery.command(cls=Command)
@example("gt refinery queue myproject")
def queue(ctx: typer.Context, rig: Rig = "") -> int:
    """List what waits to be merged."""
    return _some(ctx, rig, lambda view: list(view.lines), "nothing waits to be merged")


@refinery.command(cls=Command)
@example("gt refinery ready myproject")
def ready(ctx: typer.Context, rig: Rig = "") -> int:
    """List what could be merged now."""
    return _some(ctx, rig, lambda view: view.ready, "nothing is ready")


@refinery.command(cls=Command)
@example("gt refinery blocked myproject")
def blocked(ctx: typer.Context, rig: Rig = "") -> int:
    """List what something keeps from being merged, and what."""
    return _some(ctx, rig, lambda view: view.waiting, "nothing is blocked")


@refinery.command(cls=Command)
@example("gt refinery run myproject")
def run(ctx: typer.Context, rig: Rig = "") -> int:
    """Work through the queue once, here and now."""
    with works_of(ctx) as works:
        name = works.crew.rig_of(rig).name
        cycle = works.refinery.cycle(name, at_once=True)
        now = works.now()
    return show(call_of(ctx), _ran(cycle), now=now)


def _ran(cycle: Cycle) -> Answer:
    words = [f"refinery {cycle.rig}: {one_line(cycle.words)}"]
    named = (
        ("merged", cycle.merged), ("failed", cycle.failed), ("conflict", cycle.conflicts),
        ("skipped", cycle.skipped), ("review", cycle.review),
    )  # fmt: skip
    words += [f"{name:<8} {one}" for name, ids in named for one in ids]
    if cycle.runs:
        runs = "1 run" if cycle.runs == 1 else f"{cycle.runs} runs"
        words.append(f"gates    {runs} of {cycle.gates}" if cycle.gates else "gates    none")
    data = {
        "rig": cycle.rig, **{name: list(ids) for name, ids in named}, "runs": cycle.runs,
        "broken": cycle.broken, "reason": cycle.reason,
    }  # fmt: skip
    error = {"code": f"refinery.{cycle.broken}", "message": cycle.reason} if cycle.broken else None
    return Answer(
        schema="gt.v1.refinery.run",
        data=data,
        words=tuple(words),
        exit=BROKEN_EXIT if cycle.broken else 0,
        error=error,
        next=(Next(do="queue", cmd=("gt", "mq", "list", cycle.rig)),) if cycle.due else (),
    )
