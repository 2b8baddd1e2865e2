"""`gt audit trail changelog`: who did what, and what was finished."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from cli.context import UsageError
from cli.escape import one_line
from cli.gt.opened import works_of
from cli.output import show
from cli.tree import Command, call_of, example, new_module
from ledger.beads.rows import Bead
from stamps.clock import SECOND_US
from town.market.answer import Answer
from town.market.words import instant
from town.trail.desk import BEADS, COMMITS, EVENTS, KINDS, Asked, Entry

app = new_module()

DAY_S: Final = 86_400
UNITS_S: Final = {"m": 60, "h": 3_600, "d": DAY_S, "w": 7 * DAY_S}
ID_CHARS: Final = 12
Since = Annotated[
    str, typer.Option("--since", metavar="WHEN", help="As 24h, 7d, or a day: 2026-11-01.")
]
Limit = Annotated[int, typer.Option("-n", "--limit", min=1, help="At most so many.")]
Rig = Annotated[str, typer.Option("--rig", metavar="RIG", help="Only of this rig.")]


def since(said: str, *, now: int) -> int:
    """The moment that is meant, in microseconds. Raises UsageError."""
    if not said:
        return 0
    length = re.fullmatch(r"([0-9]{1,6})([mhdw])", said)
    if length is not None:
        return max(0, now - int(length[1]) * UNITS_S[length[2]] * SECOND_US)
    try:
        day = datetime.strptime(said, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise UsageError(f"--since {said!r} is no length of time and no day") from error
    return int(day.timestamp()) * SECOND_US


def _told(ctx: typer.Context, kinds: Sequence[str], asked: Asked, said: str) -> int:
    """The entries are printed, a line each, the newest first."""
    with works_of(ctx) as works:
        now = works.now()
        wanted = Asked(
            since=since(said, now=now), actor=_address(asked.actor), rig=asked.rig,
            at_most=asked.at_most,
        )  # fmt: skip
        found = works.trail.of(kinds, wanted)
    words = tuple(_line(one) for one in found) or ("nothing that is meant",)
    data = {"entries": [_facts(one) for one in found]}
    return show(call_of(ctx), Answer(schema="gt.v1.trail", data=data, words=words), now=now)


def _address(said: str) -> str:
    """The address as rows have it; `RIG/NAME` may stand with a slash behind it."""
    return said.rstrip("/")


def _facts(one: Entry) -> dict[str, Any]:
    return {
        "at": instant(one.at), "kind": one.kind, "who": one.who, "id": one.id,
        "rig": one.rig or None, "untrusted": {"what": one.what},
    }  # fmt: skip


def _line(one: Entry) -> str:
    name = one.id[:ID_CHARS] if one.kind == "commit" else one.id
    return f"{instant(one.at)}  {one.kind:<10} {one.who}  {name}  {one_line(one.what)}".rstrip()


@app.command(cls=Command)
@example("gt audit --actor myproject/polecats/rust", "gt audit --actor mayor --since 7d --json")
def audit(
    ctx: typer.Context,
    *,
    actor: Annotated[str, typer.Option("--actor", metavar="ADDRESS", help="Whose.")] = "",
    said: Since = "",
    limit: Limit = 50,
) -> int:
    """Show all that somebody did: commits, beads, and what happened by them."""
    kinds = (COMMITS, BEADS, EVENTS)
    return _told(ctx, kinds, Asked(actor=actor, at_most=limit), said)


@app.command(cls=Command)
@example("gt trail", "gt trail commits --since 24h", "gt trail beads --actor overseer")
def trail(
    ctx: typer.Context,
    what: Annotated[
        str, typer.Argument(metavar="[commits|beads|hooks]", help="Only these; all without it.")
    ] = "",
    *,
    actor: Annotated[str, typer.Option("--actor", metavar="ADDRESS", help="Only theirs.")] = "",
    rig: Rig = "",
    said: Since = "",
    limit: Limit = 20,
) -> int:
    """Show what was done lately: commits, beads filed and closed, work given and handed in."""
    if what not in ("", *KINDS):
        raise UsageError(f"{what!r} is none of {', '.join(KINDS)}")
    kinds = (what,) if what else KINDS
    return _told(ctx, kinds, Asked(actor=actor, rig=rig, at_most=limit), said)


@app.command(cls=Command)
@example("gt changelog", "gt changelog --week", "gt changelog --rig myproject --since 2026-11-01")
def changelog(
    ctx: typer.Context,
    *,
    today: Annotated[bool, typer.Option("--today", help="Since midnight, UTC.")] = False,
    week: Annotated[
        bool, typer.Option("--week", help="Of the last seven days; so without.")
    ] = False,
    rig: Rig = "",
    said: Since = "",
) -> int:
    """Show which beads were finished, by project, the newest first."""
    if sum((today, week, bool(said))) > 1:
        raise UsageError("--today, --week, --since: one of them")
    with works_of(ctx) as works:
        now = works.now()
        midnight = datetime.fromtimestamp(now / SECOND_US, UTC).strftime("%Y-%m-%d")
        begin = since(said or (midnight if today else "7d"), now=now)
        found = works.trail.finished(Asked(since=begin, rig=rig))
    words: list[str] = []
    for name in sorted({of for of, _ in found}):
        words.append(name or "the town")
        words += [_finished(bead) for of, bead in found if of == name]
    data = {
        "since": instant(begin),
        "beads": [
            {
                "id": bead.id, "rig": of or None, "title": bead.title, "type": bead.issue_type,
                "closed_at": instant(bead.closed_at), "by": bead.assignee or None,
                "reason": bead.close_reason,
            }
            for of, bead in found
        ],
    }  # fmt: skip
    said_words = tuple(words) or (f"nothing was finished since {instant(begin)}",)
    return show(
        call_of(ctx), Answer(schema="gt.v1.changelog", data=data, words=said_words), now=now
    )


def _finished(bead: Bead) -> str:
    by = f" ({bead.assignee})" if bead.assignee else ""
    return f"  {instant(bead.closed_at)[:10]}  {bead.id}  {one_line(bead.title)}{by}"
