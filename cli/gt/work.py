"""`gt prime done`: work begun, and handed in."""

from typing import Annotated, Final

import typer

from cli.answers import text_of
from cli.caller import caller_of
from cli.context import UsageError
from cli.gt.opened import works_of
from cli.later import NotYetError, Word
from cli.output import show
from cli.tree import Command, call_of, example, new_module
from town.hooks.handing import COMPLETED, STATUSES, HandedIn, HandIn
from town.market.answer import Answer, Next

app = new_module()

PHASE: Final = "PHASE_COMPLETE"
AT_A_GATE: Final = Word(
    "work that waits at a gate comes with workflows in a later release",
    ("gt done --status DEFERRED -m TEXT",),
)


@app.command(cls=Command)
@example("gt prime", "gt prime --hook", "gt prime --explain", "gt prime --state --json")
def prime(
    ctx: typer.Context,
    *,
    hooked: Annotated[bool, typer.Option("--hook", help="Called by a runtime's hook.")] = False,
    compact: Annotated[bool, typer.Option("--compact", help="Only what was lost.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Begin nothing.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say why each part is told; begin nothing.")
    ] = False,
    state: Annotated[
        bool, typer.Option("--state", help="Say only how it would begin; begin nothing.")
    ] = False,
) -> int:
    """Tell an agent who it is and what to do."""
    from cli.gt.primed import Shown, primed_lines  # noqa: PLC0415

    if state and (hooked or compact or explain or dry_run):
        raise UsageError("--state stands alone, or with --json")
    call = call_of(ctx)
    shown = Shown.STATE if state else Shown.REASONS if explain else Shown.LINES
    begin = not (dry_run or explain or state)
    return primed_lines(ctx, call, hooked=hooked, compact=compact, begin=begin, shown=shown)


Issue = Annotated[
    str, typer.Option("--issue", help="The bead that you mean; refused where it is another.")
]
Into = Annotated[
    str, typer.Option("--target", help="The branch it is merged into, if not its own.")
]
Status = Annotated[str, typer.Option("--status", help=", ".join(STATUSES))]
Message = Annotated[str, typer.Option("-m", "--message", help="What to say of it.")]
Priority = Annotated[int | None, typer.Option("--priority", help="0 to 4.")]
Verified = Annotated[
    bool, typer.Option("--pre-verified", help="The gates passed on the target as it is.")
]
Gate = Annotated[str, typer.Option("--gate", hidden=True, help="Not yet.")]
Phase = Annotated[bool, typer.Option("--phase-complete", hidden=True, help="Not yet.")]
# What these two ask for is so without them: git is asked, and it goes on where it was.
Looked = Annotated[str, typer.Option("--cleanup-status", hidden=True, help="As always.")]
Again = Annotated[bool, typer.Option("--resume", hidden=True, help="As always.")]


@app.command(cls=Command)
@example(
    "gt done",
    "gt done --target release/2",
    "gt done --status ESCALATED -m 'the API is gone'",
)
def done(  # one option a field
    ctx: typer.Context,
    *,
    issue: Issue = "",
    target: Into = "",
    status: Status = COMPLETED,
    message: Message = "",
    priority: Priority = None,
    verified: Verified = False,
    gate: Gate = "",
    phase: Phase = False,
    _looked: Looked = "",
    _again: Again = False,
) -> int:
    """Hand in your work: committed, pushed, in the merge queue."""
    call = call_of(ctx)
    if phase or gate or status.upper() == PHASE:
        raise NotYetError("gt done at a gate", AT_A_GATE)
    if status.upper() not in STATUSES:
        raise UsageError(f"--status {status!r} is none of {', '.join(STATUSES)}")
    said = HandIn(
        agent=caller_of(call).actor,
        assignment=call.env.get("GT_ASSIGNMENT", ""),
        bead=issue,
        target=target.removeprefix("origin/"),
        status=status.upper(),
        message=text_of(call, message),
        priority=priority,
        verified=verified,
    )
    from town.node.handing_in import hand_in  # noqa: PLC0415

    with works_of(ctx) as works:
        answer = _handed_in(hand_in(works, said))
        return show(call, answer, now=works.now())


def _handed_in(found: HandedIn) -> Answer:
    words = [f"{found.work.state:<10}{found.bead.id}: {found.bead.title}"]
    if found.saved:
        words.append("saved     what was not committed is now, on the work's branch")
    request = found.request
    if request is not None:
        words.append(
            f"queued    {request.id}: {request.branch} into {request.target}; not merged yet"
        )
    elif found.again:
        words.append("          it had been handed in already")
    data = {
        "bead": found.bead.id,
        "assignment": found.work.id,
        "state": found.work.state,
        "request": request.id if request is not None else "",
        "sha": request.sha if request is not None else "",
    }
    steps = (Next(do="exit", cmd=("exit",), label="end this session"),)
    return Answer(schema="gt.v1.done", data=data, words=tuple(words), next=steps)
