"""`gt nudge`, `gt broadcast`, `gt dnd`, `gt notify`: words to sessions, and how many reach you."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.answers import text_of
from cli.context import UsageError
from cli.escape import one_line
from cli.gt.agents import age
from cli.gt.mail import priority_of
from cli.gt.opened import works_of
from cli.output import show
from cli.tree import Command, Telling, call_of, example, new_module
from ledger.workspace.letters import LEVELS, MUTED, NOTIFYING, URGENT
from ledger.workspace.talk import PENDING, Nudge
from town.market.answer import Answer
from town.market.words import instant
from town.nudge.desk import MODES, WAIT_IDLE, Mode, Saying

if TYPE_CHECKING:
    from town.node.works import Works

app = new_module()


@app.command("nudge", cls=Command)
@example(
    'gt nudge api/rust "Rebase before you go on"',
    'gt nudge mayor "Look at the queue" --mode queue',
    "gt nudge deacon session-started",
)
def nudge(
    ctx: typer.Context,
    target: Annotated[str, typer.Argument(metavar="TARGET", help="Whom: an address.")],
    words: Annotated[list[str] | None, typer.Argument(metavar="[TEXT]", help="What.")] = None,
    *,
    message: Annotated[str, typer.Option("-m", "--message", help="What, as an option.")] = "",
    stdin: Annotated[bool, typer.Option("--stdin", help="What is on standard input.")] = False,
    mode: Annotated[
        str, typer.Option("--mode", help="wait-idle, queue (for a turn's end), immediate.")
    ] = WAIT_IDLE,
    priority: Annotated[str, typer.Option("--priority", help="normal or urgent.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Also who is not to be disturbed.")] = (
        False
    ),
    fresh: Annotated[
        bool, typer.Option("--if-fresh", help="Only from a session that has just begun.")
    ] = False,
) -> int:
    """Say something to a live session; what became of it is recorded."""
    call = call_of(ctx)
    text = text_of(call, "-") if stdin else message or " ".join(words or ())
    saying = Saying(
        text=text,
        mode=mode_of(mode),
        urgent=priority_of(priority) == URGENT,
        force=force,
        fresh_only=fresh,
    )
    with works_of(ctx) as works:
        said = works.nudges.nudge(target, saying)
        asleep = said is not None and _asleep(works, said)
        now = works.now()
    none = "not said: this session is not a fresh one"
    line = _line(said, asleep=asleep) if said is not None else none
    data = facts_of(said) if said is not None else None
    return show(call, Answer(schema="gt.v1.nudge", data=data, words=(line,)), now=now)


def mode_of(said: str) -> Mode:
    """The mode of this name. Raises UsageError."""
    for mode in MODES:
        if said == mode:
            return mode
    raise UsageError(f"{said!r} is no mode; {', '.join(MODES)} are")


def facts_of(said: Nudge) -> dict[str, Any]:
    """What became of a nudge, as programs read it."""
    return {
        "id": said.id,
        "recipient": said.recipient,
        "sender": said.sender,
        "mode": said.mode,
        "state": said.state,
        "outcome": said.outcome,
        "expires_at": instant(said.expires_at),
        "untrusted": {"text": said.text},
    }


def _asleep(works: "Works", said: Nudge) -> bool:
    nudges = works.nudges
    return nudges.look(lambda: nudges.live_session(said.recipient)) is None


def _line(said: Nudge, *, asleep: bool) -> str:
    if said.state == PENDING and asleep:
        until = age(said.expires_at, said.sent_at)
        return f"queued  for {said.recipient}, should it begin within {until} ({said.id})"
    if said.state == PENDING:
        return f"queued  for {said.recipient}, until its turn ends ({said.id})"
    return f"✓ {said.recipient}: {said.outcome}"


@app.command("broadcast", cls=Telling)
@example('gt broadcast "The build is red, do not push"', 'gt broadcast --rig api "Rebase"')
def broadcast(
    ctx: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="TEXT", help="What.")],
    *,
    rig: Annotated[str, typer.Option("--rig", help="Only those of this one.")] = "",
    everybody: Annotated[bool, typer.Option("--all", help="The mayor and dogs too.")] = False,
) -> int:
    """Say something to every worker."""
    call = call_of(ctx)
    dry = call.wants.dry_run
    with works_of(ctx) as works:
        found = works.nudges.broadcast(" ".join(words), rig=rig, everybody=everybody, dry=dry)
        rest = {one.address for one in found if one.nudge and _asleep(works, one.nudge)}
        now = works.now()
    lines = [
        f"would   tell {one.address}" if dry else _line(one.nudge, asleep=one.address in rest)
        if one.nudge is not None
        else f"not     {one_line(one.why)}"
        for one in found
    ]  # fmt: skip
    data = [
        {"address": one.address, "state": one.nudge.state if one.nudge else "", "why": one.why}
        for one in found
    ]
    answer = Answer(
        schema="gt.v1.broadcast", data={"told": data}, words=tuple(lines) or ("nobody works here",)
    )
    return show(call, answer, now=now)


@app.command("notify", cls=Command)
@example("gt notify", "gt notify muted", "gt notify normal")
def notify(
    ctx: typer.Context,
    level: Annotated[str, typer.Argument(metavar="[LEVEL]", help=", ".join(LEVELS))] = "",
) -> int:
    """Say how much you want to be told: verbose, normal, muted."""
    with works_of(ctx) as works:
        now_at = works.nudges.set_level(level) if level else works.nudges.level()
        now = works.now()
    words = (f"notify  {now_at}",)
    answer = Answer(schema="gt.v1.notify", data={"level": now_at}, words=words)
    return show(call_of(ctx), answer, now=now)


@app.command("dnd", cls=Command)
@example("gt dnd", "gt dnd on", "gt dnd off")
def dnd(
    ctx: typer.Context,
    said: Annotated[str, typer.Argument(metavar="[on|off|status]", help="The other; toggle.")] = "",
) -> int:
    """Do not disturb: nothing but what is urgent or forced reaches you."""
    if said not in ("", "on", "off", "status"):
        raise UsageError(f"{said!r} is none of on, off, status")
    with works_of(ctx) as works:
        level = works.nudges.level()
        if said != "status":
            on = said == "on" or (not said and level != MUTED)
            level = works.nudges.set_level(MUTED if on else NOTIFYING)
        now = works.now()
    words = (f"dnd     {'on' if level == MUTED else 'off'}",)
    data = {"on": level == MUTED, "level": level}
    return show(call_of(ctx), Answer(schema="gt.v1.dnd", data=data, words=words), now=now)
