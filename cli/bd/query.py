"""`bd query`: beads by a question in one line."""

from typing import Annotated

import typer

from cli.bd.look import Backwards, Limit, Long, Order, print_listed
from cli.bd.opened import at_desk
from cli.tree import Command, call_of, example, new_module
from town.beads.asking import Asking

app = new_module()


@app.command(cls=Command)
@example(
    'bd query "status=open AND priority<=1"',
    'bd query "(type=bug OR label=urgent) AND NOT assignee=none AND updated>7d"',
)
def query(
    ctx: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="QUESTION", help="In one line.")],
    *,
    everything: Annotated[bool, typer.Option("-a", "--all", help="Closed ones too.")] = False,
    order: Order = "priority",
    backwards: Backwards = False,
    long: Long = False,
    limit: Limit = 50,
) -> int:
    """Find beads by a question: fields with = != < >, AND, OR, NOT and brackets."""
    with at_desk(ctx, Asking) as desk:
        found = desk.asked(
            " ".join(words), order=order, backwards=backwards, everything=everything, at_most=limit
        )
    return print_listed(call_of(ctx), found, empty="nothing found", long=long)
