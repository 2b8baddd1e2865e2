"""`gt why ID`: how something stands, what happened last, what comes next, who does it, and when."""

from typing import Annotated

import typer

from cli.gt.opened import works_of
from cli.output import show
from cli.tree import Command, call_of, example, new_module
from town.market.answer import Answer

app = new_module()


@app.command(cls=Command)
@example("gt why gt-x7k2m", "gt why ap-mr-hums3", "gt why myproject/rust --json")
def why(
    ctx: typer.Context,
    said: Annotated[
        str, typer.Argument(metavar="ID", help="A bead, a convoy, a merge request, an agent.")
    ],
) -> int:
    """Say why something is as it is: state, last event, next act, who acts, when."""
    call = call_of(ctx)
    with works_of(ctx) as works:
        found = works.why.of(said)
        words = (
            f"{found.kind:<8}{found.id}  {found.title}",
            f"state   {found.state}",
            f"why     {found.reason}",
            f"next    {found.next}",
            f"who     {found.who or 'nobody'}{f', {found.when}' if found.when else ''}",
            *(f"last    {line}" for line in found.last),
        )
        data = {name: getattr(found, name) for name in found.__slots__}
        return show(call, Answer(schema="gt.v1.why", data=data, words=words), now=works.now())
