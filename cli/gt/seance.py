"""`gt seance`: the sessions that were, and questions to one of them."""

import json
from typing import Annotated, Any

import typer

from cli.context import UsageError
from cli.gt.agents import age
from cli.gt.opened import works_of
from cli.output import show
from cli.tree import Command, call_of, example, new_module
from ledger.workspace.work import Session
from town.market.answer import Answer, Next
from town.seance.desk import Said

app = new_module()

NONE = (
    "no session was begun yet",
    "each one is listed here from its start on: gt mayor attach, or gt sling BEAD RIG",
)
WHAT = "What did you find?"
QUOTED = "from its transcript; no model was asked"


@app.command(cls=Command)
@example(
    "gt seance",
    "gt seance -n 50 --role polecat --rig myproject --json",
    'gt seance --talk ses-0123 -p "What did you find?"',
)
def seance(
    ctx: typer.Context,
    *,
    number: Annotated[int, typer.Option("-n", min=1, max=10_000, help="At most so many.")] = 20,
    role: Annotated[str, typer.Option("--role", help="Only of this role.")] = "",
    rig: Annotated[str, typer.Option("--rig", help="Only of this rig.")] = "",
    talk: Annotated[str, typer.Option("--talk", metavar="ID", help="Ask this session.")] = "",
    prompt: Annotated[str, typer.Option("-p", "--prompt", help="What is asked.")] = "",
) -> int:
    """List earlier sessions, the newest first, or ask one of them something."""
    call = call_of(ctx)
    sits = call.tty[0] and call.tty[1] and not call.wants.json
    if talk and not prompt.strip() and not sits:
        raise UsageError('say what to ask: gt seance --talk ID -p "…"')
    if prompt and not talk:
        raise UsageError("say whom to ask: --talk ID")
    with works_of(ctx) as works:
        now = works.now()
        if talk and not prompt.strip():
            call.then = works.seance.conversation(talk)
            return 0
        if talk:
            return show(call, _answer(works.seance.ask(talk, prompt), prompt), now=now)
        found = works.seance.listed(at_most=number, role=role, rig=rig)
    words = tuple(_lines(found, now)) or NONE
    ask = [Next(do="ask", cmd=("gt", "seance", "--talk", row.id, "-p", WHAT)) for row in found[:1]]
    data = {"sessions": [_facts(row) for row in found]}
    answer = Answer(schema="gt.v1.seance", data=data, words=words, next=tuple(ask))
    return show(call, answer, now=now)


def _facts(row: Session) -> dict[str, Any]:
    return {
        "id": row.id, "native_id": row.native_id, "agent": row.agent, "runtime": row.runtime,
        "topic": row.topic, "bead": row.bead, "attempt": row.attempt, "cwd": row.cwd,
        "transcript": row.transcript, "started_at": row.started_at,
        "ended_at": row.ended_at or None, "reason": row.reason,
    }  # fmt: skip


def _lines(found: list[Session], now: int) -> list[str]:
    if not found:
        return []
    rows = [("SESSION_ID", "ROLE", "STARTED", "TOPIC")]
    rows += [
        (
            row.id,
            f"{row.agent} [{row.runtime}]",
            f"{age(now, row.started_at)} ago",
            f"{row.topic} {row.bead}".strip() + ("" if row.ended_at else "  (not over)"),
        )
        for row in found
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return [
        "  ".join((*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[3]))
        for row in rows
    ]


def _answer(said: Said, asked: str) -> Answer:
    row = said.session
    head = f"session {row.id}  {row.agent} [{row.runtime}]"
    words = [head, f"asked   {asked}"]
    if said.forked:
        words += [
            f"said    {line}" if at == 0 else f"        {line}"
            for at, line in enumerate(_text(said.text))
        ]
    else:
        words.append(f"quoted  {QUOTED}; lines count from 1 in {row.transcript}")
        words += (
            []
            if said.matched
            else ["quoted  no word of the question stands there; this is its end"]
        )
    for passage in said.passages:
        words.append(f"lines {passage.first}-{passage.last} of {said.lines}:")
        words += [f"  > {line}" for line in passage.lines]
    passages = [
        {"first": one.first, "last": one.last, "untrusted": {"lines": list(one.lines)}}
        for one in said.passages
    ]
    data = {
        "session": _facts(row), "forked": said.forked, "quoted": not said.forked,
        "matched": said.matched, "passages": passages, "lines": said.lines,
        "untrusted": {"text": said.text},
    }  # fmt: skip
    warn = (said.warn,) if said.warn else ()
    return Answer(schema="gt.v1.seance-said", data=data, words=tuple(words), warn=warn)


def _text(said: str) -> list[str]:
    """What a runtime answered, out of its JSON where that is what it prints."""
    try:
        found = json.loads(said)
    except ValueError:
        return said.split("\n")
    result = found.get("result") if isinstance(found, dict) else None
    return (result if isinstance(result, str) else said).split("\n")
