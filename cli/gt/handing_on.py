"""`gt handoff`: a session ends, and the next one of the same agent is told what it knew."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.answers import text_of
from cli.caller import caller_of
from cli.context import Call, UsageError
from cli.gt.crew_sessions import refreshed
from cli.gt.hooked import attached_to_me
from cli.gt.opened import works_of
from cli.output import show
from cli.tree import Command, call_of, example, new_module
from stamps.errors import WastelandError
from town.hooks.leaving import NobodyLeavesError
from town.market.answer import Answer

if TYPE_CHECKING:
    from town.agents.address import Address
    from town.node.works import Works

app = new_module()

What = Annotated[
    str,
    typer.Argument(metavar="[BEAD|AGENT]", help="What it goes on with; or whose session it is."),
]
Message = Annotated[
    str, typer.Option("-m", "--message", help="For the next session; `-` reads input.")
]
Subject = Annotated[str, typer.Option("-s", "--subject", help="In a line.")]
Stdin = Annotated[bool, typer.Option("--stdin", help="The message is on standard input.")]
Collect = Annotated[
    bool, typer.Option("-c", "--collect", help="Also how your work stands: a checkpoint.")
]
Auto = Annotated[bool, typer.Option("--auto", help="Only leave the word; this session goes on.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a line before the message.")]
Dry = Annotated[bool, typer.Option("-n", "--dry-run", help="Show what would be left.")]
# What these ask for is so without them.
Always = Annotated[
    bool, typer.Option("--cycle", "--no-git-check", "-w", "--watch", hidden=True, help="So.")
]


@app.command(cls=Command)
@example(
    "gt handoff -m 'parser done, tests next'",
    "git diff | gt handoff --stdin --collect",
    "gt handoff --auto -m 'half of the parser'",
)
def handoff(  # one option a field
    ctx: typer.Context,
    what: What = "",
    *,
    message: Message = "",
    subject: Subject = "",
    stdin: Stdin = False,
    collect: Collect = False,
    auto: Auto = False,
    reason: Reason = "",
    dry_run: Dry = False,
    _always: Always = False,
) -> int:
    """Go on in a fresh session: the work stays on the hook."""
    call = call_of(ctx)
    said = text_of(call, "-" if stdin else message)
    text = "\n".join(part for part in (reason, subject, said) if part)
    with works_of(ctx) as works:
        who = _somebody(works, call, what)
        if dry_run:
            return show(call, _would(call, text, what), now=works.now())
        if who is not None:
            return show(call, refreshed(call, works, who, text), now=works.now())
        if what:
            attached_to_me(works, call, what)
        return show(call, _left(works, call, text, collect=collect, auto=auto), now=works.now())


def _somebody(works: "Works", call: Call, said: str) -> "Address | None":
    """Who is meant, where that is an agent and not the caller; None for a bead or nobody."""
    if not said:
        return None
    try:
        who = works.agents.agent(said)
    except WastelandError:
        return None
    if who.text == caller_of(call).actor:
        raise UsageError("gt handoff alone is your own")
    return who


def _would(call: Call, text: str, what: str) -> Answer:
    words = [f"would leave {len(text)} characters for the next session"]
    words += [f"        {line}" for line in text.splitlines()]
    words += [f"would begin with {what}"] if what else []
    data = {"session": call.env.get("GT_SESSION_ID", ""), "chars": len(text), "done": False}
    return Answer(schema="gt.v1.handoff", data=data, words=tuple(words))


def _left(works: "Works", call: Call, text: str, *, collect: bool, auto: bool) -> Answer:
    me, session = caller_of(call).actor, call.env.get("GT_SESSION_ID", "")
    if auto and not session:
        raise NobodyLeavesError(me)
    if collect:
        works.checkpoints.write(me, step="", notes="", here=call.cwd)
    if auto:
        works.hooks.left_by(me, text, session=session)
        words = ["kept for the next session; this one goes on"]
    else:
        works.hooks.handoff(me, text, session=session)
        words = ["handed on; the next session is told, and this one ends"]
    data = {"session": session, "chars": len(text), "done": not auto}
    warn = tuple(_unsaved(works, me))
    return Answer(schema="gt.v1.handoff", data=data, words=tuple(words), warn=warn)


def _unsaved(works: "Works", me: str) -> list[str]:
    """What of the work is in no commit: it stays where it is, and that is said."""
    held = works.hooks.hooked(me).work
    if held is None or not held.worktree:
        return []
    changed = works.git.standing(works.workspace.root / held.worktree).changed
    one = "1 file is" if len(changed) == 1 else f"{len(changed)} files are"
    return [f"{one} not committed; the next session finds that in the worktree"] if changed else []
