"""`gt sling hook unsling prime done`: who works on what, begun and handed in."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.answers import many_of, text_of
from cli.caller import caller_of
from cli.context import Call, UsageError
from cli.gt.opened import works_of
from cli.gt.slung import hooked_answer, slung_answer
from cli.output import show
from cli.tree import Command, Telling, call_of, example, new_module
from town.hooks.handing import COMPLETED, STATUSES, HandedIn, HandIn
from town.hooks.slinging import Order
from town.hooks.target import target_of
from town.market.answer import Answer, Next

if TYPE_CHECKING:
    from town.node.works import Works

app = new_module()

Args = Annotated[str, typer.Option("-a", "--args", help="What to do, in plain words.")]
Force = Annotated[bool, typer.Option("-f", "--force", help="Take it from whoever has it.")]


def _targets(works: "Works", call: Call, words: list[str], crew: str) -> tuple[list[str], str]:
    """The beads that are meant, and where they go: the last word, where that names somebody."""
    rigs = works.hooks.rigs()
    last = words[-1].rstrip("/")
    named = last in (*rigs, ".", "mayor", "crew") or last.partition("/")[0] in rigs
    if named and len(words) > 1:
        return words[:-1], last
    if named:
        raise UsageError("name a bead first, then who gets it: gt sling BEAD RIG")
    return words, "." if crew or not rigs else ""


@app.command(cls=Telling)
@example(
    "gt sling gt-abc12 myproject",
    "gt sling gt-abc12 myproject --agent cursor",
    "gt sling gt-m3k9p myproject/my-agent --args 'only the parser'",
)
def sling(  # one option a field of the order
    ctx: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="BEAD... [TARGET]", help="Beads, who.")],
    *,
    args: Args = "",
    agent: Annotated[str, typer.Option("--agent", help="The agent program, for this once.")] = "",
    base: Annotated[str, typer.Option("--base-branch", help="What it is merged into.")] = "",
    merge: Annotated[str, typer.Option("--merge", help="mr, direct or local.")] = "",
    crew: Annotated[str, typer.Option("--crew", help="This member of the rig's crew.")] = "",
    formula: Annotated[str, typer.Option("--formula", help="The work formula.")] = "",
    var: Annotated[list[str] | None, typer.Option("--var", help="key=value.")] = None,
    no_merge: Annotated[bool, typer.Option("--no-merge", help="Leave it on its branch.")] = False,
    review_only: Annotated[bool, typer.Option("--review-only", help="No code wanted.")] = False,
    no_convoy: Annotated[bool, typer.Option("--no-convoy", help="No convoy for it.")] = False,
    owned: Annotated[bool, typer.Option("--owned", help="Its convoy is landed by hand.")] = False,
    force: Force = False,
) -> int:
    """Give work to somebody."""
    call = call_of(ctx)
    if merge not in ("", "mr", "direct", "local"):
        raise UsageError(f"--merge {merge!r} is none of mr, direct, local")
    with works_of(ctx) as works:
        said, where = _targets(works, call, words, crew)
        beads = works.hooks.several(said)
        results: list[Any] = []
        failed: list[Any] = []
        for bead in beads:
            order = Order(
                bead=bead, target=_target(works, call, bead, where, crew),
                args=text_of(call, args), merge=merge, base=base, runtime=agent, formula=formula,
                vars=_vars(var), no_merge=no_merge, review_only=review_only,
                no_convoy=no_convoy, owned=owned, force=force,
            )  # fmt: skip
            results += _one(works, call, order, failed, alone=len(beads) == 1)
        answer = slung_answer(
            results, failed, up=works.watched(), rehearsed=call.wants.dry_run,
            warn=works.hindrances(results),
        )  # fmt: skip
        return show(call, answer, now=works.now())


def _target(works: "Works", call: Call, bead: str, where: str, crew: str) -> Any:
    caller = caller_of(call)
    here = caller.rig
    place = where or works.hooks.rig_of(bead)
    rigs = works.hooks.rigs()
    return target_of(place, me=caller.actor, here=here, rigs=rigs, crew=crew)


def _one(works: "Works", call: Call, order: Order, failed: list[Any], *, alone: bool) -> list[Any]:
    """What came of one order; of several one that failed does not stop the others."""
    from stamps.errors import WastelandError  # noqa: PLC0415

    try:
        if call.wants.dry_run:
            return [works.hooks.rehearse(order)]
        return [works.sling(order)]
    except WastelandError as error:
        if alone:
            raise
        failed.append((order.bead, error))
        return []


def _vars(said: list[str] | None) -> Mapping[str, str]:
    found = {}
    for word in many_of(said):
        name, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"--var {word!r} is no key=value")
        found[name] = value
    return found


@app.command(cls=Command)
@example("gt hook", "gt hook myproject/polecats/rust --json")
def hook(
    ctx: typer.Context,
    who: Annotated[str, typer.Argument(metavar="[WHO]", help="An address; yourself.")] = "",
    *,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody with work.")] = False,
) -> int:
    """Show what somebody works on."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        hooks = works.hooks
        me = who or caller_of(call).actor
        found = hooks.all_hooked() if everybody else [hooks.hooked(hooks.address(me))]
        return show(call, hooked_answer(found), now=works.now())


@app.command(cls=Command)
@example("gt unsling gt-abc12", "gt unsling")
def unsling(
    ctx: typer.Context,
    bead: Annotated[str, typer.Argument(metavar="[BEAD]", help="Or what you work on.")] = "",
) -> int:
    """Take work off a hook; the bead is open again, the branch stays."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        found = works.hooks.unsling(bead, agent=caller_of(call).actor)
        name = found.bead.id if found.bead is not None else bead
        words = [f"open    {name} is on nobody's hook"]
        if found.work is not None and found.work.branch:
            words.append(f"branch  {found.work.branch} keeps what {found.agent.id} did")
        data = {"bead": name, "agent": found.agent.id}
        answer = Answer(schema="gt.v1.hook", data=data, words=tuple(words))
        return show(call, answer, now=works.now())


@app.command(cls=Command)
@example("gt prime", "gt prime --hook", "gt prime --compact")
def prime(
    ctx: typer.Context,
    *,
    hooked: Annotated[bool, typer.Option("--hook", help="Called by a runtime's hook.")] = False,
    compact: Annotated[bool, typer.Option("--compact", help="Only what was lost.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Begin nothing.")] = False,
) -> int:
    """Tell an agent who it is and what to do."""
    from cli.gt.primed import primed_lines  # noqa: PLC0415

    call = call_of(ctx)
    return primed_lines(ctx, call, hooked=hooked, compact=compact, begin=not dry_run)


@app.command(cls=Command)
@example("gt done", "gt done --status ESCALATED -m 'the API is gone'")
def done(
    ctx: typer.Context,
    *,
    status: Annotated[str, typer.Option("--status", help=", ".join(STATUSES))] = COMPLETED,
    message: Annotated[str, typer.Option("-m", "--message", help="What to say of it.")] = "",
    priority: Annotated[int | None, typer.Option("--priority", help="0 to 4.")] = None,
    verified: Annotated[
        bool, typer.Option("--pre-verified", help="The gates passed on the target as it is.")
    ] = False,
) -> int:
    """Hand in your work: committed, pushed, in the merge queue."""
    call = call_of(ctx)
    if status.upper() not in STATUSES:
        raise UsageError(f"--status {status!r} is none of {', '.join(STATUSES)}")
    said = HandIn(
        agent=caller_of(call).actor,
        assignment=call.env.get("GT_ASSIGNMENT", ""),
        status=status.upper(),
        message=text_of(call, message),
        priority=priority,
        verified=verified,
    )
    with works_of(ctx) as works:
        answer = _handed_in(works.hooks.done(said))
        return show(call, answer, now=works.now())


@app.command(cls=Command)
@example("gt handoff -m 'parser done, tests next'", "git diff | gt handoff -m -")
def handoff(
    ctx: typer.Context,
    *,
    message: Annotated[
        str, typer.Option("-m", "--message", help="For the next session; `-` reads input.")
    ] = "",
    subject: Annotated[str, typer.Option("-s", "--subject", help="In a line.")] = "",
) -> int:
    """Go on in a fresh session: the work stays on the hook."""
    call = call_of(ctx)
    text = "\n".join(part for part in (subject, text_of(call, message)) if part)
    session = call.env.get("GT_SESSION_ID", "")
    with works_of(ctx) as works:
        works.hooks.handoff(caller_of(call).actor, text, session=session)
        words = ("handed on; the next session is told, and this one ends",)
        data = {"session": session, "chars": len(text)}
        answer = Answer(schema="gt.v1.handoff", data=data, words=words)
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
