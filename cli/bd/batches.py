"""`bd batch`: many steps, typed or made by a script, as one."""

from typing import Annotated

import typer

from cli.bd.meaning import file_text
from cli.bd.opened import at_desk
from cli.bd.printing import print_lines, print_object
from cli.tree import Command, call_of, example, new_module
from ledger.beads.batch import read_batch
from town.beads.batching import Batching

app = new_module()


@app.command(cls=Command)
@example("bd batch -f steps.txt", 'printf "close gt-x7k2m done\\n" | bd batch')
def batch(
    ctx: typer.Context,
    *,
    file: Annotated[str, typer.Option("-f", "--file", help="Lines; without it, typed ones.")] = "-",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read the lines.")] = False,
    message: Annotated[str, typer.Option("-m", "--message", help="Its name in the history.")] = "",
) -> int:
    """Do what many lines say, all of it or nothing.

    A line is one of: close ID [REASON...], reopen ID, update ID KEY=VALUE..., create TYPE PRIORITY
    TITLE..., comment ID TEXT..., dep add ID NEEDED [KIND], dep remove ID NEEDED, label add ID
    LABEL..., label remove ID LABEL...; or empty, or begins with #. Words with blanks stand between
    double quotes.
    """
    call = call_of(ctx)
    orders = read_batch(file_text(call, file))
    if dry_run:
        if call.wants.json:
            return print_object(call, {"dry_run": True, "operations": len(orders)})
        lines = [f"line {order.line}: {order.text}" for order in orders]
        return print_lines(call, [*lines, f"read    {len(orders)} steps; nothing was done"])
    with at_desk(ctx, Batching) as desk:
        done = desk.batch(orders, message=message) if orders else []
    if call.wants.json:
        results = [
            {"line": step.order.line, "op": step.order.verb, "target": step.target} for step in done
        ]
        told = {"operations": len(done), "status": "ok"}
        return print_object(call, {**told, "results": results} if results else told)
    lines = [f"line {step.order.line}: {step.order.verb} {step.target}" for step in done]
    return print_lines(call, [*lines, f"done    {len(done)} steps as one"])
