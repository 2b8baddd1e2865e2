"""`gt status` and `gt log`: how the town stands, and what happened in it."""

import json
import re
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.answers import many_of
from cli.context import Call
from cli.escape import escape
from cli.gt.opened import works_of, workspace_of
from cli.output import show
from cli.tree import Command, call_of, example, new_module
from ledger.private.rows import Event
from town.market.answer import Answer, Next
from town.node.home import Home
from town.node.lifecycle import NodeFacts, running
from town.workspace.desk import Asked, AtWork, RigCount, Standing
from town.workspace.events_file import facts_of
from town.workspace.following import following

if TYPE_CHECKING:
    from collections.abc import Iterator

app = new_module()

POLL_S = 0.2
SHORT_CHARS = 60
COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
COMMIT_CHARS = 12
FOR_PROGRAMS = frozenset(("assignment", "session", "cwd", "name"))  # gt log -v shows them
CLEARED = "\x1b[H\x1b[J"  # a terminal begins at its top
AGENTS_SHOWN_MAX = 12
CONVOYS_SHOWN_MAX = 5


@app.command(cls=Command)
@example("gt status", "gt status --watch", "gt status --fast --json")
def status(
    ctx: typer.Context,
    *,
    fast: Annotated[bool, typer.Option("--fast", help="Do not count the beads.")] = False,
    watch: Annotated[
        bool, typer.Option("-w", "--watch", help="Show it again and again, until Ctrl-C.")
    ] = False,
    every: Annotated[
        int, typer.Option("-n", "--interval", min=1, help="Seconds between, with --watch.")
    ] = 2,
) -> int:
    """Show how the town stands, in one look."""
    call = call_of(ctx)
    code = 0
    while not call.cancelled.is_set():
        answer, now = _standing(ctx, fast=fast)
        if watch and call.tty[1] and not call.wants.json:
            call.terminal.out(CLEARED)
        code = show(call, answer, now=now)
        call.terminal.flush()
        if not watch or call.cancelled.wait(every):
            break
    return code


def _standing(ctx: typer.Context, *, fast: bool) -> tuple[Answer, int]:
    call = call_of(ctx)
    workspace = workspace_of(call)
    node = running(Home(workspace.home))
    with works_of(ctx) as works:
        found = works.town.status(fast=fast)
        now = works.now()
    words = [f"Town      {found.name}  {workspace.root}", *_words(found, node)]
    up = () if node else (Next(do="up", cmd=("gt", "up")),)
    needs = tuple(Next(do="need", cmd=need.cmd) for need in found.needs[:1])
    data = {"root": str(workspace.root), **_facts(found, node)}
    answer = Answer(schema="gt.v1.status", data=data, words=tuple(words), next=(*needs, *up))
    return answer, now


def _facts(found: Standing, node: NodeFacts | None) -> dict[str, Any]:
    person = found.overseer
    needs = [{"untrusted": {"words": need.words}, "cmd": list(need.cmd)} for need in found.needs]
    return {
        "name": found.name,
        "overseer": {"name": person.name, "email": person.email},
        "node": {"pid": node.pid, "url": node.url} if node else None,
        "rigs": [
            {
                "name": rig.name, "state": rig.state, "prefix": rig.prefix,
                "polecats": rig.polecats, "crew": rig.crew, "beads": rig.beads,
                "queue": rig.queue,
            }
            for rig in found.rigs
        ],
        "at_work": [
            {"id": a.id, "state": a.state, "runtime": a.runtime, "bead": a.bead, "live": a.live}
            for a in found.at_work
        ],
        "convoys": [
            {"id": c.id, "done": c.done, "total": c.total, "untrusted": {"title": c.title}}
            for c in found.convoys
        ],
        "beads": found.beads or None,
        "needs": needs,
    }  # fmt: skip


def _words(found: Standing, node: NodeFacts | None) -> list[str]:
    person = found.overseer
    email = f" <{person.email}>" if person.email else ""
    lines = [f"Overseer  {person.name}{email}"]
    lines += [f"Node      {node.url}  pid {node.pid}" if node else "Node      not running"]
    lines += [_rig_line(rig) for rig in found.rigs] or ["Rigs      none yet"]
    lines += [_agent_line(agent) for agent in found.at_work[:AGENTS_SHOWN_MAX]]
    if (more := len(found.at_work) - AGENTS_SHOWN_MAX) > 0:
        lines.append(f"Agents    and {more} more at work")
    lines += [
        f"Convoy    {one.id}: {one.title}, {one.done} of {one.total} done"
        for one in found.convoys[:CONVOYS_SHOWN_MAX]
    ]
    if (more := len(found.convoys) - CONVOYS_SHOWN_MAX) > 0:
        lines.append(f"Convoys   and {more} more: gt convoy list")
    if found.beads:
        told = ("open", "in_progress", "hooked", "blocked", "ready")
        shown = (f"{found.beads[name]} {name.replace('_', ' ')}" for name in told)
        lines.append(f"Beads     {', '.join(shown)}")
    needs = [f"Needs     {need.words}" for need in found.needs]
    return [*lines, *(needs or ["Needs     nothing of you"])]


def _agent_line(agent: AtWork) -> str:
    mark = "●" if agent.live else "○"
    runtime = f" [{agent.runtime}]" if agent.runtime else ""
    return f"Agent     {mark} {agent.id}{runtime} {agent.state} {agent.bead}".rstrip()


def _rig_line(rig: RigCount) -> str:
    beads = "" if rig.beads is None else f", {rig.beads} {'bead' if rig.beads == 1 else 'beads'}"
    state = "" if rig.state == "operational" else f"  {rig.state.upper()}"
    polecats = "1 polecat" if rig.polecats == 1 else f"{rig.polecats} polecats"
    queue = f", {rig.queue} to be merged" if rig.queue else ""
    return f"Rig       {rig.name}: {polecats}, {rig.crew} crew{beads}{queue}{state}"


@app.command(cls=Command)
@example("gt log", "gt log -n 50 --type bead --actor overseer", "gt log --follow")
def log(
    ctx: typer.Context,
    *,
    number: Annotated[int, typer.Option("-n", "--lines", min=1, help="At most so many.")] = 20,
    type_: Annotated[
        list[str] | None, typer.Option("-t", "--type", help="Only these kinds, or their starts.")
    ] = None,
    actor: Annotated[list[str] | None, typer.Option("--actor", help="Only of these.")] = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until Ctrl-C.")] = False,
) -> int:
    """Show what happened in the town, the newest last."""
    call = call_of(ctx)
    asked = Asked(at_most=number, kinds=many_of(type_), actors=many_of(actor))
    with works_of(ctx) as works:
        found = works.town.log(asked)
        now = works.now()
    if follow:
        return _follow(call, found, asked)
    data = {"events": [facts_of(event) for event in found]}
    verbose = call.wants.verbose > 0
    words = tuple(line_of(facts_of(event), verbose=verbose) for event in found) or ("nothing yet",)
    return show(call, Answer(schema="gt.v1.log", data=data, words=words), now=now)


def line_of(facts: dict[str, Any], *, verbose: bool) -> str:
    """An event in a line; what only programs look for is left out where it is not asked for."""
    told = dict(facts["payload"])
    subject = told.pop("subject", "")
    shown = {name: value for name, value in told.items() if verbose or name not in FOR_PROGRAMS}
    more = " ".join(f"{name}={_short(value)}" for name, value in shown.items() if value != "")
    return f"{facts['ts'][:19]}Z  {facts['type']:<16} {facts['actor']}  {subject}  {more}".rstrip()


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if COMMIT.fullmatch(text):
        return text[:COMMIT_CHARS]
    return text if len(text) <= SHORT_CHARS else f"{text[: SHORT_CHARS - 1]}…"


def _follow(call: Call, found: list[Event], asked: Asked) -> int:
    """Every event is printed when it is in the town's file; no database stays open meanwhile."""
    after = found[-1].seq if found else 0
    for event in found:
        _print(call, facts_of(event))
    for facts in _live(call, after):
        if asked.takes(kind=str(facts.get("type")), actor=str(facts.get("actor"))):
            _print(call, facts)
    return 0


def _live(call: Call, after: int) -> "Iterator[dict[str, Any]]":
    lines = following(workspace_of(call).events, after)
    while not call.cancelled.is_set():
        yield from next(lines)
        time.sleep(POLL_S)


def _print(call: Call, facts: dict[str, Any]) -> None:
    verbose = call.wants.verbose > 0
    line = json.dumps(facts) if call.wants.json else escape(line_of(facts, verbose=verbose))
    call.terminal.out(line + "\n")
    call.terminal.flush()
