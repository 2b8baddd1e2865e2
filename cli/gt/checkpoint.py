"""`gt checkpoint`: how far the work on a hook is, for the session after this one."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.answers import text_of
from cli.caller import caller_of
from cli.context import Call
from cli.gt.opened import works_of
from cli.output import show
from cli.tree import Command, call_of, example, new_group, new_module
from ledger.workspace.work import Checkpoint
from town.market.answer import Answer
from town.market.words import instant

if TYPE_CHECKING:
    from town.node.works import Works

app = new_module()
checkpoint = new_group("checkpoint", "How far your work is, should your session end: write, read.")
app.add_typer(checkpoint)

Who = Annotated[str, typer.Argument(metavar="[WHO]", help="An agent; yourself.")]


def _me(call: Call, works: "Works", who: str) -> str:
    return works.agents.agent(who).text if who else caller_of(call).actor


@checkpoint.command(cls=Command)
@example("gt checkpoint write -m 'parser done, tests next'", "gt checkpoint write --step 3")
def write(
    ctx: typer.Context,
    *,
    message: Annotated[
        str, typer.Option("-m", "--message", "--notes", help="In plain words; - reads input.")
    ] = "",
    step: Annotated[str, typer.Option("--step", help="Where you are.")] = "",
) -> int:
    """Write down how far you are: your branch, its commit, what is not committed, your words."""
    call = call_of(ctx)
    notes = text_of(call, message)
    with works_of(ctx) as works:
        me = caller_of(call).actor
        saved = works.checkpoints.write(me, step=step, notes=notes, here=call.cwd)
        now = works.now()
    return show(call, _answer(saved), now=now)


@checkpoint.command(cls=Command)
@example("gt checkpoint read", "gt checkpoint read myproject/rust --json")
def read(ctx: typer.Context, who: Who = "") -> int:
    """Show the last checkpoint."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        found = works.checkpoints.read(_me(call, works, who))
        now = works.now()
    return show(call, _answer(found), now=now)


@checkpoint.command(cls=Command)
@example("gt checkpoint clear")
def clear(ctx: typer.Context, who: Who = "") -> int:
    """Forget the last checkpoint; the work stays as it is."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        gone = works.checkpoints.clear(_me(call, works, who))
        now = works.now()
    words = ("✓ forgotten" if gone else "• there was none",)
    answer = Answer(schema="gt.v1.checkpoint", data={"cleared": gone}, words=words)
    return show(call, answer, now=now)


def _answer(saved: Checkpoint | None) -> Answer:
    if saved is None:
        return Answer(schema="gt.v1.checkpoint", data=None, words=("no checkpoint",))
    facts: dict[str, Any] = {
        "agent": saved.agent,
        "hooked_bead": saved.bead,
        "assignment": saved.assignment,
        "branch": saved.branch,
        "last_commit": saved.last_commit,
        "modified_files": list(saved.changed),
        "current_step": saved.step,
        "session_id": saved.session,
        "timestamp": instant(saved.at),
        "notes": saved.notes,
    }
    shown = {**facts, "modified_files": ", ".join(saved.changed), "assignment": ""}
    words = [f"{name.replace('_', ' '):<15}{value}" for name, value in shown.items() if value]
    return Answer(schema="gt.v1.checkpoint", data=facts, words=tuple(words))
