"""`gt hook unsling release`: what is on a hook, put there without being begun, and taken off."""

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from cli.answers import text_of
from cli.caller import caller_of
from cli.context import Call, UsageError
from cli.gt.opened import works_of
from cli.gt.passing import passed_on
from cli.gt.slung import hooked_answer, slung_answer
from cli.output import show
from cli.tree import Command, Telling, call_of, example, new_module
from ledger.workspace.rows import MAYOR, POLECAT
from stamps.errors import WastelandError
from town.hooks.errors import NoWorkError
from town.hooks.slinging import Order
from town.hooks.target import Target, target_of
from town.market.answer import Answer

if TYPE_CHECKING:
    from town.hooks.desk import Hooked
    from town.node.works import Works

app = new_module()

ATTACH, DETACH, CLEAR, SHOW, STATUS = "attach", "detach", "clear", "show", "status"
OVERSEER = "overseer"
BEAD_AND_WHO = 2


@app.command(cls=Telling)
@example(
    "gt hook",
    "gt hook show myproject/rust --json",
    "gt hook gt-abc12",
    "gt hook gt-abc12 mayor -m 'when you have time'",
    "gt hook clear",
)
def hook(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[show [WHO] | BEAD [WHO] | detach [BEAD] | clear]", help="What."),
    ] = None,
    *,
    message: Annotated[str, typer.Option("-m", "--message", help="What to say of it.")] = "",
    subject: Annotated[str, typer.Option("-s", "--subject", help="In a line.")] = "",
    force: Annotated[
        bool, typer.Option("-f", "--force", help="In the place of other work.")
    ] = False,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody with work.")] = False,
) -> int:
    """Show what somebody works on, or put a bead on a hook without beginning it."""
    call = call_of(ctx)
    said = list(words or ())
    verb = said.pop(0) if said and said[0] in (ATTACH, DETACH, CLEAR, SHOW, STATUS) else ""
    with works_of(ctx) as works:
        if verb in (DETACH, CLEAR):
            answer = _taken_off(works, call, said)
        elif verb == ATTACH or (not verb and said and not _is_somebody(works, said[0])):
            text = "\n".join(part for part in (subject, text_of(call, message)) if part)
            answer = _attached(works, call, said, args=text, force=force)
        else:
            answer = _looked(works, call, said, everybody=everybody)
        return show(call, answer, now=works.now())


def _is_somebody(works: "Works", said: str) -> bool:
    if "/" in said or said == OVERSEER:
        return True
    try:
        works.agents.agent(said)
    except WastelandError:
        return False
    return True


def _looked(works: "Works", call: Call, said: list[str], *, everybody: bool) -> Answer:
    if len(said) > 1:
        raise UsageError("whose hook: gt hook show WHO")
    if everybody:
        return hooked_answer(works.hooks.all_hooked())
    me = caller_of(call).actor
    who = me if not said else said[0] if said[0] == OVERSEER else works.agents.agent(said[0]).text
    return hooked_answer([works.hooks.hooked(who)])


def _attached(works: "Works", call: Call, said: list[str], *, args: str, force: bool) -> Answer:
    if len(said) not in (1, BEAD_AND_WHO):
        raise UsageError("name a bead, and whose hook where it is not yours: gt hook BEAD [WHO]")
    target = _whose(works, call, said[1] if len(said) == BEAD_AND_WHO else ".")
    order = Order(bead=said[0], target=target, args=args, force=force)
    dry = call.wants.dry_run
    slung = works.hooks.rehearse(order) if dry else works.hooks.sling(order)
    return slung_answer([slung], [], up=True, rehearsed=dry)


def attached_to_me(works: "Works", call: Call, bead: str) -> None:
    """The bead is on the caller's own hook. Raises HookError, BeadError, UsageError."""
    works.hooks.sling(Order(bead=bead, target=_whose(works, call, ".")))


def _whose(works: "Works", call: Call, said: str) -> Target:
    """Whose hook is meant: a worker's is not, because a worker with work is begun."""
    caller = caller_of(call)
    if said == "." and "/" not in caller.actor and caller.actor != MAYOR:
        raise UsageError(f"{caller.actor} has no hook: whose is meant? gt hook BEAD WHO")
    target = target_of(said, me=caller.actor, here=caller.rig, rigs=works.hooks.rigs())
    if target.any_worker or (target.role == POLECAT and target.agent != caller.actor):
        raise UsageError("a worker that has work is begun: gt sling BEAD RIG")
    return target


def _taken_off(works: "Works", call: Call, said: list[str]) -> Answer:
    if len(said) > 1:
        raise UsageError("one bead, or none for your own hook")

    def turn() -> tuple["Hooked", str, list[str]]:
        """Who would give it out again is asked before a node has the time to do so."""
        found = works.hooks.unsling(said[0] if said else "", agent=caller_of(call).actor)
        name = found.bead.id if found.bead is not None else ""
        return found, name, works.convoys.feeding(name)

    found, name, again = works.hooks.look(turn)
    words = [f"open    {name} is on nobody's hook"]
    if found.work is not None and found.work.branch:
        words.append(f"branch  {found.work.branch} keeps what {found.agent.id} did")
    warn = [f"{one} gives it to a worker again: gt config set convoy.feed false" for one in again]
    data = {"bead": name, "agent": found.agent.id, "fed_by": again}
    return Answer(schema="gt.v1.hook", data=data, words=tuple(words), warn=tuple(warn))


@app.command(cls=Command)
@example("gt unsling gt-abc12", "gt unsling")
def unsling(
    ctx: typer.Context,
    bead: Annotated[str, typer.Argument(metavar="[BEAD]", help="Or what you work on.")] = "",
) -> int:
    """Take work off a hook; the bead is open again, the branch stays."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        answer = _taken_off(works, call, [bead] if bead else [])
        return show(call, answer, now=works.now())


app.command("unhook", cls=Command, hidden=True)(unsling)


@app.command(cls=Command)
@example("gt release gt-abc12", "gt release gt-abc12 --reason 'needs a decision first'")
def release(
    ctx: typer.Context,
    bead: Annotated[str, typer.Argument(metavar="BEAD", help="Whoever works on it.")],
    *,
    reason: Annotated[str, typer.Option("-r", "--reason", help="Noted on it.")] = "",
) -> int:
    """Give a bead back: it is open and nobody's, off the hook where it was on one."""
    call = call_of(ctx)
    answer = None
    with works_of(ctx) as works:
        with suppress(NoWorkError):
            answer = _taken_off(works, call, [bead])
        now = works.now()
    if answer is not None and not reason:
        return show(call, answer, now=now)
    note = ("--append-notes", reason) if reason else ()
    shared = ("--json",) if call.wants.json else ()
    words = ("update", bead, "--status", "open", "--assignee", "", *note, *shared)
    return passed_on(ctx, "bd", *words)
