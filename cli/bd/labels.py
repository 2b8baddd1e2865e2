"""`bd label`: the labels of beads."""

from typing import Annotated

import typer

from cli.bd.one import One
from cli.bd.opened import beads_of
from cli.bd.printing import print_json, print_lines
from cli.context import Call, UsageError
from cli.tree import Command, call_of, example, new_group, new_module

app = new_module()
label = new_group("label", "The labels of beads.")
app.add_typer(label)

Words = Annotated[
    list[str], typer.Argument(metavar="ID... LABEL", help="Beads, and behind them the label.")
]


@label.command(cls=Command)
@example("bd label add gt-x7k2m gt-m3k9p api")
def add(ctx: typer.Context, words: Words) -> int:
    """Give beads a label."""
    ids, name = _split(words)
    with beads_of(ctx) as beads:
        found = beads.label(ids, add=(name,))
    return _told(call_of(ctx), [bead.id for bead in found], name, "added")


@label.command(cls=Command)
@example("bd label remove gt-x7k2m api")
def remove(ctx: typer.Context, words: Words) -> int:
    """Take a label from beads."""
    ids, name = _split(words)
    with beads_of(ctx) as beads:
        found = beads.label(ids, remove=(name,))
    return _told(call_of(ctx), [bead.id for bead in found], name, "removed")


def _split(words: list[str]) -> tuple[list[str], str]:
    if len(words) < 2:  # noqa: PLR2004  # a bead and a label
        raise UsageError("name a bead and a label: bd label add ID LABEL")
    return words[:-1], words[-1]


def _told(call: Call, ids: list[str], name: str, word: str) -> int:
    if call.wants.json:
        return print_json(call, [{"issue_id": id_, "label": name, "status": word} for id_ in ids])
    return print_lines(call, [f"{word} {name}: {id_}" for id_ in ids] or ["nothing to do"])


@label.command("list", cls=Command)
@example("bd label list gt-x7k2m")
def list_(ctx: typer.Context, bead: One) -> int:
    """List the labels of a bead."""
    call = call_of(ctx)
    with beads_of(ctx) as beads:
        (found,) = beads.show((bead,))
    if call.wants.json:
        return print_json(call, list(found.labels))
    return print_lines(call, found.labels or ("none",))


@label.command("list-all", cls=Command)
@example("bd label list-all")
def list_all(ctx: typer.Context) -> int:
    """List every label, and how many beads have it."""
    call = call_of(ctx)
    with beads_of(ctx) as beads:
        found = beads.labels()
    if call.wants.json:
        return print_json(call, [{"label": name, "count": n} for name, n in found.items()])
    size = max(map(len, found), default=0)
    return print_lines(call, [f"{name:<{size}}  {n}" for name, n in found.items()] or ["none"])


@label.command(cls=Command)
@example("bd label propagate gt-x7k2m wave-2")
def propagate(
    ctx: typer.Context,
    bead: One,
    name: Annotated[str, typer.Argument(metavar="LABEL", help="The label.")],
) -> int:
    """Give a label to every child of a bead."""
    with beads_of(ctx) as beads:
        found = beads.propagate(bead, name)
    return _told(call_of(ctx), [child.id for child in found], name, "propagated")
