"""`gt sling`: work given to somebody."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.answers import text_of
from cli.caller import caller_of
from cli.context import Call, UsageError
from cli.gt.opened import works_of
from cli.gt.slung import slung_answer
from cli.later import FORMULAS, ElsewhereError, NotYetError, Word
from cli.output import show
from cli.tree import Telling, call_of, example, new_module
from ledger.beads.errors import NoBeadError
from ledger.workspace.work import MERGE_WAYS
from stamps.errors import WastelandError
from town.hooks.errors import NoTargetError
from town.hooks.slinging import FORMULA, Order, Slung
from town.hooks.target import Target, target_of
from town.market.answer import Answer

if TYPE_CHECKING:
    from town.node.works import Works

app = new_module()

RESET: Final = "respawn-reset"
OF_COUNTS: Final = Word("each gt sling counts attempts from one again", ("gt sling BEAD RIG",))
ONE_ACCOUNT: Final = Word("several accounts of a model's provider")

Words = Annotated[list[str], typer.Argument(metavar="BEAD... [TARGET]", help="What, to whom.")]
Args = Annotated[
    str, typer.Option("-a", "--args", help="What to do, in plain words; - reads input.")
]
Message = Annotated[str, typer.Option("-m", "--message", help="The same.")]
Subject = Annotated[str, typer.Option("-s", "--subject", help="The same, in a line before it.")]
Stdin = Annotated[bool, typer.Option("--stdin", help="The same, read from input.")]
Agent = Annotated[str, typer.Option("--agent", help="The agent program, for this once.")]
Base = Annotated[str, typer.Option("--base-branch", help="The branch it is merged into.")]
Merge = Annotated[
    str,
    typer.Option("--merge", help="mr: with others; direct: alone, gates too; local: not at all."),
]
OfCrew = Annotated[str, typer.Option("--crew", help="To this member of the rig's crew.")]
Formula = Annotated[str, typer.Option("--formula", help=f"Its steps; only {FORMULA} yet.")]
Raw = Annotated[bool, typer.Option("--hook-raw-bead", help="No steps: the bead says it all.")]
Var = Annotated[list[str] | None, typer.Option("--var", help="key=value, for the steps.")]
NoMerge = Annotated[bool, typer.Option("--no-merge", help="It stays on its branch, unmerged.")]
Review = Annotated[bool, typer.Option("--review-only", help="A look; no commits are expected.")]
NoConvoy = Annotated[bool, typer.Option("--no-convoy", help="No convoy follows it.")]
Owned = Annotated[bool, typer.Option("--owned", help="Its convoy is landed by hand.")]
Force = Annotated[bool, typer.Option("-f", "--force", help="Take it from whoever has it.")]
# What these two ask for is so without them.
Always = Annotated[bool, typer.Option("--create", "--no-boot", hidden=True, help="As always.")]
Throttle = Annotated[
    int, typer.Option("--max-concurrent", hidden=True, help="As always: one by one.")
]
Account = Annotated[str, typer.Option("--account", hidden=True, help="Not yet.")]
Ralph = Annotated[bool, typer.Option("--ralph", help="Again and again, until it is accepted.")]
On = Annotated[str, typer.Option("--on", hidden=True, help="Not yet.")]


@app.command(cls=Telling)
@example(
    "gt sling gt-abc12 myproject",
    "gt sling gt-abc12 myproject --agent cursor",
    "gt sling gt-m3k9p myproject/my-agent --args 'only the parser'",
    "gt sling gt-abc12 gt-m3k9p --dry-run",
)
def sling(  # one option a field of the order
    ctx: typer.Context,
    words: Words,
    *,
    args: Args = "",
    message: Message = "",
    subject: Subject = "",
    stdin: Stdin = False,
    agent: Agent = "",
    base: Base = "",
    merge: Merge = "",
    crew: OfCrew = "",
    formula: Formula = "",
    raw: Raw = False,
    var: Var = None,
    no_merge: NoMerge = False,
    review_only: Review = False,
    no_convoy: NoConvoy = False,
    owned: Owned = False,
    force: Force = False,
    ralph: Ralph = False,
    _always: Always = False,
    _throttle: Throttle = 0,
    account: Account = "",
    on: On = "",
) -> int:
    """Give beads to a worker, which gets a worktree, a branch, and a session while the node runs.

    TARGET is a project (its next free worker, else a new one), RIG/NAME, RIG/crew/NAME, mayor, or
    . for yourself; without one, the bead's own project. An epic or convoy stands for its beads.
    """
    _check(words, merge=merge, formula=formula or on, account=account)
    plan = Order(
        bead="", target=Target(), merge=merge,
        args=_said(call := call_of(ctx), subject, message, "-" if stdin else args),
        base=base, runtime=agent, formula=formula, raw=raw, vars=_vars(var), no_merge=no_merge,
        review_only=review_only, no_convoy=no_convoy, owned=owned, force=force, ralph=ralph,
    )  # fmt: skip
    with works_of(ctx) as works:
        return show(call, _slung(works, call, words, crew, plan), now=works.now())


def _check(words: list[str], *, merge: str, formula: str, account: str) -> None:
    """Raises UsageError, and NotYetError for what comes later: nothing is done by halves."""
    if words[0] == RESET:
        raise ElsewhereError(f"gt sling {RESET}", OF_COUNTS)
    if merge not in ("", *MERGE_WAYS):
        raise UsageError(f"--merge {merge!r} is none of {', '.join(MERGE_WAYS)}")
    if formula not in ("", FORMULA):
        raise NotYetError(f"the formula {formula}", Word(FORMULAS, ("gt sling BEAD RIG",)))
    if account:
        raise NotYetError("gt sling --account", ONE_ACCOUNT)


def _said(call: Call, *parts: str) -> str:
    """What to do, in one text; standard input is read once."""
    return "\n".join(text for text in (text_of(call, part) for part in parts) if text)


def _slung(works: "Works", call: Call, words: list[str], crew: str, plan: Order) -> Answer:
    """What came of the order for each of the beads."""
    said, where = _targets(works, words, crew)
    beads = works.hooks.several(said)
    results: list[Slung] = []
    failed: list[tuple[str, WastelandError]] = []
    for bead in beads:
        order = replace(plan, bead=bead, target=_target(works, call, bead, where, crew))
        results += _one(works, call, order, failed, alone=len(beads) == 1)
    return slung_answer(
        results,
        failed,
        up=works.watched(),
        rehearsed=call.wants.dry_run,
        warn=works.hindrances(results),
    )


def _targets(works: "Works", words: list[str], crew: str) -> tuple[list[str], str]:
    """The beads that are meant, and where they go: the last word, where that names somebody."""
    rigs = works.hooks.rigs()
    last = words[-1].rstrip("/")
    named = last in (*rigs, ".", "mayor", "crew") or last.partition("/")[0] in rigs
    if named and len(words) > 1:
        return words[:-1], last
    if named:
        raise UsageError("name a bead first, then who gets it: gt sling BEAD RIG")
    if len(words) > 1:
        _check_last(works, words[-1], rigs)
    return words, "." if crew or not rigs else ""


def _check_last(works: "Works", last: str, rigs: Sequence[str]) -> None:
    """Raises NoTargetError where the last word is neither who gets the work nor a bead."""
    try:
        works.hooks.several([last])
    except NoBeadError as error:
        there = ", ".join(rigs) or "none yet"
        raise NoTargetError(last, f"it is no bead, and no rig is called so: {there}") from error


def _target(works: "Works", call: Call, bead: str, where: str, crew: str) -> Target:
    caller = caller_of(call)
    place = where or works.hooks.rig_of(bead)
    rigs = works.hooks.rigs()
    return target_of(place, me=caller.actor, here=caller.rig, rigs=rigs, crew=crew)


def _one(
    works: "Works",
    call: Call,
    order: Order,
    failed: list[tuple[str, WastelandError]],
    *,
    alone: bool,
) -> list[Slung]:
    """What came of one order; of several one that failed does not stop the others."""
    try:
        return [works.hooks.rehearse(order) if call.wants.dry_run else works.sling(order)]
    except WastelandError as error:
        if alone:
            raise
        failed.append((order.bead, error))
        return []


def _vars(said: list[str] | None) -> Mapping[str, str]:
    found = {}
    for word in said or ():
        name, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"--var {word!r} is no key=value")
        found[name] = value
    return found
