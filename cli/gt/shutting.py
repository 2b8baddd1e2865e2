"""`gt shutdown`: the town ends, and workers' worktrees that hold nothing go; told first if asked.

It removes nothing in which work lies that lies nowhere else, whatever it is told.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.context import Call, UsageError
from cli.gt.opened import works_of, workspace_of
from cli.gt.up import node_ended, typed
from cli.output import show
from cli.tree import Command, call_of, example, new_module
from ledger.workspace.rows import CREW, POLECAT
from town.agents.address import parsed
from town.market.answer import Answer, Next
from town.node import clock
from town.node.home import Home
from town.node.lifecycle import running

if TYPE_CHECKING:
    from town.node.works import Works

app = new_module()

FAILED: Final = 1
WAIT_S: Final = 30
WAIT_MAX_S: Final = 3_600
STEP_S: Final = 0.5
HANDOFF: Final = "handoff"
ASKED: Final = "End the node and sessions, and remove the workers' worktrees that hold nothing?"
ASKED_WORKERS: Final = "End the workers' sessions, and remove their worktrees that hold nothing?"
FAREWELL: Final = (
    "The town is being shut down. Commit what you have now, then say where you are and what is"
    " next: gt handoff -m TEXT. This session ends in {wait_s} seconds."
)

Sessions = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Farewell:
    """Whether sessions are told before they end, and how long they have."""

    told: bool = False
    wait_s: int = WAIT_S


@app.command(cls=Command)
@example("gt shutdown", "gt shutdown --dry-run", "gt shutdown --graceful --wait 60 --yes")
def shutdown(
    ctx: typer.Context,
    *,
    graceful: Annotated[
        bool, typer.Option("-g", "--graceful", help="Tell agents first, and wait for them.")
    ] = False,
    wait_s: Annotated[
        int, typer.Option("-w", "--wait", min=0, max=WAIT_MAX_S, help="Seconds, with --graceful.")
    ] = WAIT_S,
    everybody: Annotated[
        bool, typer.Option("-a", "--all", help="The crew's sessions too.")
    ] = False,
    workers: Annotated[
        bool, typer.Option("--polecats-only", help="Only workers; the node and others go on.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("-n", "--dry-run", help="Show what would go; change nothing.")
    ] = False,
    force: Annotated[bool, typer.Option("-f", "--force", hidden=True, help="As --yes.")] = False,
    _orphans: Annotated[
        bool, typer.Option("--cleanup-orphans", hidden=True, help="As always.")
    ] = False,
) -> int:
    """End the town, but for the crew, and remove workers' worktrees in which nothing is lost."""
    call = call_of(ctx)
    if everybody and workers:
        raise UsageError("--all and --polecats-only: one of them")
    call.wants.yes |= force
    if dry_run:
        return show(call, _would(call, everybody=everybody, workers=workers), now=clock.now())
    if not call.confirm(ASKED_WORKERS if workers else ASKED):
        words = ("nothing was done",)
        answer = Answer(schema="gt.v1.shutdown", data=None, words=words, exit=FAILED)
        return show(call, answer, now=clock.now())
    farewell = Farewell(told=graceful, wait_s=wait_s)
    answer = _workers_away(call, farewell) if workers else _away(ctx, call, farewell, everybody)
    return show(call, answer, now=clock.now())


def _role(session: dict[str, Any]) -> str:
    who = parsed(str(session["agent"]))
    return who.role if who is not None else ""


def _open(call: Call) -> Sessions:
    """The sessions that run, by a line that a node answers where one runs."""
    found = typed(call, "session", "list")["data"] or {"sessions": []}
    return [one for one in found["sessions"] if one["runs"]]


def _would(call: Call, *, everybody: bool, workers: bool) -> Answer:
    node = None if workers else running(Home(workspace_of(call).home))
    found = _open(call)
    ends = [one for one in found if everybody or _role(one) != CREW]
    ends = [one for one in ends if _role(one) == POLECAT] if workers else ends
    words = [f"would stop  node, pid {node.pid}"] if node else []
    words += [f"would end   session {one['name']}" for one in ends]
    words += [f"goes on     session {one['name']}" for one in found if one not in ends]
    data = {
        "pid": node.pid if node else None, "sessions": [one["name"] for one in ends],
        "left": [], "dry_run": True,
    }  # fmt: skip
    said = tuple(words) or ("nothing runs",)
    return Answer(schema="gt.v1.shutdown", data=data, words=said)


# --- told first


def _said_farewell(call: Call, farewell: Farewell, sessions: Sequence[dict[str, Any]]) -> list[str]:
    """In words who was ready before the time was up, and who was not."""
    if not farewell.told or not sessions:
        return []
    text = FAREWELL.format(wait_s=farewell.wait_s)
    for one in sessions:
        typed(call, "session", "inject", one["agent"], text)
    left = {one["id"]: str(one["agent"]) for one in sessions}
    until = time.monotonic() + farewell.wait_s
    while left and time.monotonic() < until and not call.cancelled.wait(STEP_S):
        going_on = {one["id"] for one in _open(call) if one["reason"] != HANDOFF}
        left = {name: who for name, who in left.items() if name in going_on}
    ready = [one for one in sessions if one["id"] not in left]
    return [f"✓ ready   {one['agent']}" for one in ready] + [
        f"• waited  {who}: {farewell.wait_s} s, and it went on" for who in left.values()
    ]


# --- the whole town


def _away(ctx: typer.Context, call: Call, farewell: Farewell, everybody: bool) -> Answer:  # noqa: FBT001  # as the option
    from town.refinery.left import end_left  # noqa: PLC0415  # only the end of a town needs it

    words, data = node_ended(call)  # from now on nobody begins a session
    there = _open(call) if farewell.told else []
    ends = [one for one in there if everybody or _role(one) != CREW]
    words += _said_farewell(call, farewell, ends)
    with works_of(ctx) as works:
        gates = end_left(works.refinery)
        names, left, stays = _sessions_ended(works, everybody=everybody)
        gone, kept = works.tidy(works.worker_trees())
    words += [f"✓ session {name}" for name in names]
    words += [f"✓ gates   {gates} processes that a killed node had left"] if gates else []
    words += [f"• crew    {who} goes on; --all ends it too" for who in stays]
    words.append(f"{'✗' if left else '✓'} left    {len(left)} processes")
    words += _trees(gone, kept)
    facts = {
        **data, "sessions": names, "gates": gates, "left": left, "crew": stays, "removed": gone,
        "kept": kept,
    }  # fmt: skip
    code = FAILED if left else 0
    return Answer(schema="gt.v1.shutdown", data=facts, words=tuple(words), exit=code)


def _sessions_ended(works: "Works", *, everybody: bool) -> tuple[list[str], list[int], list[str]]:
    """The sessions that were ended, what else runs all the same, and who of the crew goes on."""
    live = {view.row.agent: view.row for view in works.agents.open() if view.alive}
    crew = [row for who, row in live.items() if _is_crew(who)]
    if everybody or not crew:
        return works.watch.stop_all(), works.watch.left(), []
    gone = works.agents.stop_those(lambda row: not _is_crew(row.agent))
    pids = {row.pid for row in crew}
    left = [pid for pid in works.watch.left() if pid not in pids]
    return [live[who].name for who in gone if who in live], left, [row.agent for row in crew]


def _is_crew(agent: str) -> bool:
    who = parsed(agent)
    return who is not None and who.role == CREW


def _trees(gone: Sequence[str], kept: Sequence[str]) -> list[str]:
    return [f"✓ removed {path}" for path in gone] + [
        f"• kept    {path}: it has work, or what lies nowhere else" for path in kept
    ]


# --- only the workers


def _workers_away(call: Call, farewell: Farewell) -> Answer:
    """The node goes on, so that whoever has work is begun again: that is said."""
    found = [one for one in _open(call) if _role(one) == POLECAT]
    words = _said_farewell(call, farewell, found)
    names, back = [], []
    for one in found:
        ended = typed(call, "session", "stop", one["agent"])["data"] or {}
        names += [one["name"]] if ended.get("stopped") else []
        back += [one["agent"]] if one["bead"] else []
    told = typed(call, "polecat", "gc")["data"] or {"removed": [], "kept": []}
    words += [f"✓ session {name}" for name in names] or ["• no worker runs"]
    workspace = workspace_of(call)
    paths, kept = (
        [str(one["path"]).removeprefix(f"{workspace.root}/") for one in told[name]]
        for name in ("removed", "kept")
    )
    words += _trees(paths, kept)
    up = running(Home(workspace.home)) is not None
    again = f"the watch begins again whoever has work: {', '.join(back)}"
    warn = (again,) if up and back else ()
    steps = (Next(do="down", cmd=("gt", "down")),) if warn else ()
    data = {"pid": None, "sessions": names, "left": [], "removed": paths, "kept": kept}
    return Answer(schema="gt.v1.shutdown", data=data, words=tuple(words), warn=warn, next=steps)
