"""`gt wl`: the market, at the town's own home. `gt drafts`: what could be handed in there.

A line of `gt wl` is the same line of `wl`: its words, its output, its exit code. Only what a person
is told to type next begins with `gt`, for plain `wl` is at home elsewhere.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.caller import caller_of, warn_of
from cli.context import Call, Wants
from cli.gt.opened import workspace_of
from cli.launcher import first_word, within_market
from cli.output import show
from cli.tree import Command, Group, call_of, example, new_module
from ledger.workspace.link import DRAFT, CompletionDraft, evidence_of, typed_line
from stamps.errors import WastelandError
from town.link.letters import short
from town.market.answer import Answer, Next
from town.market.words import instant

if TYPE_CHECKING:
    from town.link.desk import Links
    from town.node.compose import OpenTown

app = new_module()
# After these the town may hold an item that it did not hold before, or hold one no more.
MOVING = frozenset(("claim", "unclaim", "wait", "sync", "done", "withdraw", "takeback", "accept"))
PASSED = {"allow_interspersed_args": False, "ignore_unknown_options": True}


@app.command(cls=Command, context_settings=PASSED)
@example("gt wl browse", "gt wl claim w-3fa9", "gt wl me")
def wl(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="WORDS…", help="As they stand behind `wl`.")
    ] = None,
) -> int:
    """The market, as this town: `gt wl …` is `wl …` at the town's home; gt wl help lists it."""
    from cli.app import run  # noqa: PLC0415  # it imports this tree

    del words  # what counts is how they were typed
    call = call_of(ctx)
    workspace_of(call)
    argv = within_market(call.argv)
    moving = first_word(argv) in MOVING
    town = _in_step(call.town) if moving else call.town
    inner = replace(call, argv=argv, program="wl", behind=call.program, wants=Wants(), town=town)
    code = run(inner)
    call.then = inner.then
    return code


def _in_step(
    source: Callable[[Call], AbstractContextManager["OpenTown"]],
) -> Callable[[Call], AbstractContextManager["OpenTown"]]:
    """The same town, its beads in step with its items afterwards; what fails the node repeats."""

    @contextmanager
    def opened(call: Call) -> "Iterator[OpenTown]":
        with source(call) as town:
            yield town
            with suppress(WastelandError):
                _links(town, call).cycle(renewing=False)

    return opened


def _links(town: "OpenTown", call: Call) -> "Links":
    from town.node.linking import links_of  # noqa: PLC0415

    private = town.private()
    works = private.works(workspace_of(call), caller_of(call), call.env, call.cancelled)
    return links_of(town.market, works)


# --- drafts

drafts = typer.Typer(
    name="drafts",
    cls=Group,
    help="Merged work that could be handed in on the market.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(drafts)


@drafts.callback(invoke_without_command=True, cls=Group)
@example("gt drafts", "gt drafts --json", "gt drafts submit w-3fa9")
def list_(ctx: typer.Context) -> int:
    """List merged work that could be handed in on the market, and what was."""
    if ctx.invoked_subcommand is not None:
        return 0
    call = call_of(ctx)
    workspace_of(call)
    with call.town(call) as town:
        warn_of(call)
        links = _links(town, call)
        links.cycle(renewing=False)
        found = links.drafts()
        now = town.now()
    lines = tuple(line for one in found for line in _lines(one))
    none = ("nothing waits to be handed in; a merge for a claimed item is listed here",)
    waiting = [one for one in found if one.state == DRAFT]
    steps = tuple(
        Next(do="submit", cmd=("gt", "drafts", "submit", one.item), reaches="peers")
        for one in waiting[:1]
    )
    data = {"drafts": [_facts(one) for one in found]}
    answer = Answer(schema="gt.v1.drafts", data=data, words=lines or none, next=steps)
    return show(call, answer, now=now)


def _lines(one: CompletionDraft) -> Iterator[str]:
    yield f"{one.state:<10}{short(one.item)}  {one.bead}  {one.sha[:12]}"
    yield f"          {one.summary}"


def _facts(one: CompletionDraft) -> dict[str, Any]:
    return {
        "item": one.item,
        "bead": one.bead,
        "state": one.state,
        "commit": one.sha,
        "actor": one.actor,
        "at": instant(one.at),
        "sent_at": instant(one.sent_at) if one.sent_at else None,
        "summary": one.summary,
        "evidence": list(evidence_of(one)),
        "found": dict(one.evidence),
        "line": typed_line(one),
    }


@drafts.command(cls=Command)
@example(
    "gt drafts submit w-3fa9",
    "gt drafts submit w-3fa9 --evidence https://example.org/pull/7 --json",
)
def submit(
    ctx: typer.Context,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="The item, or its bead.")],
    *,
    evidence: Annotated[
        list[str] | None, typer.Option("--evidence", help="What shows it beside; repeat.")
    ] = None,
) -> int:
    """Hand a draft in, once: the merge, and what the gates found, are its evidence."""
    call = call_of(ctx)
    workspace_of(call)
    with call.town(call) as town:
        warn_of(call)
        links = _links(town, call)
        links.cycle(renewing=False)
        draft, fresh = links.submit(item, tuple(evidence or ()))
        now = town.now()
    again = "" if fresh else " (handed in before; nothing changed)"
    words = (f"handed in  {draft.item} as {draft.sha[:12]}{again}",)
    wait = Next(do="wait", cmd=("gt", "wl", "wait", draft.item, "--until", "decided"))
    data = {**_facts(draft), "fresh": fresh}
    answer = Answer(schema="gt.v1.draft", data=data, words=words, next=(wait,))
    return show(call, answer, now=now)
