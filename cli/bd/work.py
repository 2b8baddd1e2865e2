"""`bd create update close reopen`: making beads, and moving them."""

from typing import Annotated, Any

import typer

from cli.answers import many_of, text_of
from cli.bd.opened import beads_of
from cli.bd.printing import bead_line, print_beads, print_json, print_lines
from cli.context import UsageError
from cli.tree import Command, call_of, example, new_module
from ledger.beads.jsonl import bead_facts
from town.beads.desk import Draft

app = new_module()

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Beads: ids or how they begin.")]
Text = typer.Option("-d", "--description", help="What it is about; `-` reads standard input.")
Priority = Annotated[str, typer.Option("-p", "--priority", help="0 (now) to 4 (some day).")]


def priority_of(said: str) -> int:
    """The number of a priority said as `1` or `P1`. Raises UsageError."""
    digits = said.upper().removeprefix("P")
    if digits not in ("0", "1", "2", "3", "4"):
        raise UsageError(f"{said!r} is no priority; 0 (now) to 4 (some day) are")
    return int(digits)


def _links(deps: list[str] | None) -> list[tuple[str, str]]:
    """(kind, id) of each `kind:id` or plain id, which blocks."""
    found = []
    for word in many_of(deps):
        kind, colon, bead = word.partition(":")
        found.append((kind, bead) if colon else ("blocks", word))
    return found


@app.command(cls=Command)
@example('bd create "Fix the race" -t bug -p 1', 'bd create "Part" --parent gt-x7k2m --silent')
def create(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What should be done.")],
    *,
    type_: Annotated[str, typer.Option("-t", "--type", help="task, bug, feature, …")] = "task",
    priority: Priority = "2",
    description: Annotated[str, Text] = "",
    labels: Annotated[list[str] | None, typer.Option("-l", "--labels", help="Labels.")] = None,
    parent: Annotated[str, typer.Option("--parent", help="The bead above it.")] = "",
    deps: Annotated[list[str] | None, typer.Option("--deps", help="kind:id, or id.")] = None,
    assignee: Annotated[str, typer.Option("-a", "--assignee", help="Whose it is.")] = "",
    bead: Annotated[str, typer.Option("--id", help="Its id, if it must be this one.")] = "",
    silent: Annotated[bool, typer.Option("--silent", help="Print only the id.")] = False,
) -> int:
    """Make a bead, and print its id."""
    call = call_of(ctx)
    fields: dict[str, Any] = {
        "issue_type": type_,
        "priority": priority_of(priority),
        "description": text_of(call, description),
        "labels": many_of(labels),
        "assignee": assignee,
    }
    draft = Draft(title=title, fields=fields, id=bead, parent=parent, links=_links(deps))
    with beads_of(ctx) as beads:
        made = beads.create(draft)
    if call.wants.json:
        return print_json(call, bead_facts(made))
    return print_lines(call, (made.id if silent else f"created {bead_line(made)}",))


@app.command(cls=Command)
@example("bd update gt-x7k2m --claim", "bd update gt-x7k2m --status blocked -p 0")
def update(
    ctx: typer.Context,
    said: Ids,
    *,
    status: Annotated[str, typer.Option("-s", "--status", help="Its new status.")] = "",
    priority: Annotated[str, typer.Option("-p", "--priority", help="0 to 4.")] = "",
    title: Annotated[str, typer.Option("--title", help="Its new title.")] = "",
    assignee: Annotated[str | None, typer.Option("-a", "--assignee", help="Whose it is.")] = None,
    claim: Annotated[bool, typer.Option("--claim", help="Take it: one of several wins.")] = False,
) -> int:
    """Change beads, or claim them."""
    fields: dict[str, Any] = {}
    fields |= {"status": status} if status else {}
    fields |= {"priority": priority_of(priority)} if priority else {}
    fields |= {"title": title} if title else {}
    fields |= {"assignee": assignee} if assignee is not None else {}
    with beads_of(ctx) as beads:
        found = []
        for one in said:
            bead = beads.claim(one) if claim else None
            found.append(beads.update(one, fields) if fields or bead is None else bead)
    return print_beads(call_of(ctx), found, empty="")


@app.command(cls=Command)
@example('bd close gt-x7k2m --reason "Done in 3fa9c1"')
def close(
    ctx: typer.Context,
    said: Ids,
    *,
    reason: Annotated[str, typer.Option("-r", "--reason", help="Why.")] = "",
    force: Annotated[bool, typer.Option("-f", "--force", help="Also blocked or pinned.")] = False,
) -> int:
    """Close beads."""
    with beads_of(ctx) as beads:
        found = [beads.close(one, reason=reason, force=force) for one in said]
    return print_beads(call_of(ctx), found, empty="")


@app.command(cls=Command)
@example("bd reopen gt-x7k2m")
def reopen(ctx: typer.Context, said: Ids) -> int:
    """Open closed beads again."""
    with beads_of(ctx) as beads:
        found = [beads.reopen(one) for one in said]
    return print_beads(call_of(ctx), found, empty="")
