"""`bd state set-state promote todo lint`: small things about beads."""

from typing import Annotated, Any

import typer

from cli.bd.meaning import priority_of, type_of
from cli.bd.one import Listing, One
from cli.bd.opened import at_desk, beads_of
from cli.bd.printing import (
    bead_line,
    print_beads,
    print_done,
    print_lines,
    print_object,
    print_one,
)
from cli.bd.work import Ids
from cli.context import Call, UsageError
from cli.tree import Command, call_of, example, new_group, new_module
from ledger.beads.choosing import Filter
from ledger.beads.jsonl import bead_facts
from ledger.beads.linting import Lacking, linted
from ledger.beads.rows import TASK
from town.beads.desk import Draft
from town.beads.stating import Stating

app = new_module()
Dimension = Annotated[str, typer.Argument(metavar="DIMENSION", help="patrol, mode, health, …")]


class Stated(Listing):
    """`bd state ID DIMENSION` needs no word of its own."""

    fallback = "get"


state = new_group("state", "States of beads, which labels such as patrol:muted say.")
app.add_typer(state, cls=Stated)


@state.command(cls=Command, hidden=True)
@example("bd state gt-x7k2m patrol")
def get(ctx: typer.Context, bead: One, dimension: Dimension) -> int:
    """Print one state of a bead; nothing where it has none."""
    call = call_of(ctx)
    with at_desk(ctx, Stating) as desk:
        found, states = desk.states(bead)
    value = states.get(dimension)
    if call.wants.json:
        told = {"issue_id": found.id, "dimension": dimension, "value": value}
        return print_object(call, told)
    return print_lines(call, (value,) if value else ())


@state.command("list", cls=Command)
@example("bd state list gt-x7k2m")
def list_(ctx: typer.Context, bead: One) -> int:
    """List the states of a bead."""
    call = call_of(ctx)
    with at_desk(ctx, Stating) as desk:
        found, states = desk.states(bead)
    if call.wants.json:
        return print_object(call, {"issue_id": found.id, "states": states})
    return print_lines(call, [f"{name}: {value}" for name, value in states.items()] or ["none"])


@app.command("set-state", cls=Command)
@example('bd set-state gt-x7k2m patrol=muted --reason "Looking into it"')
def set_state(
    ctx: typer.Context,
    bead: One,
    said: Annotated[str, typer.Argument(metavar="DIMENSION=VALUE", help="Its new state.")],
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
) -> int:
    """Set a state of a bead, and keep a bead below it that tells of the change."""
    call = call_of(ctx)
    name, equals, value = said.partition("=")
    if not equals:
        raise UsageError(f"{said!r} is no state; dimension=value is")
    with at_desk(ctx, Stating) as desk:
        found, before, told = desk.set_state(bead, name, value, reason=reason)
    if call.wants.json:
        facts: dict[str, Any] = {"issue_id": found, "dimension": name, "changed": bool(told)}
        facts |= {"old_value": before or None, "new_value": value} if told else {"value": value}
        return print_object(call, facts | ({"event_id": told} if told else {}))
    word = f"set     {name} = {value}: {found}" if told else f"{found} has {name} = {value} already"
    return print_lines(call, (word,))


@app.command(cls=Command)
@example('bd promote gt-wisp-a3f --reason "Worth keeping"')
def promote(
    ctx: typer.Context,
    bead: One,
    *,
    reason: Annotated[str, typer.Option("-r", "--reason", help="Why.")] = "",
) -> int:
    """Keep a wisp for good."""
    with at_desk(ctx, Stating) as desk:
        found = desk.promote(bead, reason=reason)
    return print_one(call_of(ctx), "kept", found)


# --- things to do


class Todo(Listing):
    """`bd todo` alone lists."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The words; without any, those that list."""
        named = any(word in self.commands for word in args) or "--help" in args
        return super().parse_args(ctx, args if named else ["list", *args])


todo = new_group("todo", "Tasks, in fewer words.")
app.add_typer(todo, cls=Todo)


@todo.command("list", cls=Command)
@example("bd todo list", "bd todo list --all")
def todo_list(
    ctx: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
) -> int:
    """List tasks that are open."""
    wanted = Filter(types=(TASK,), statuses=() if everything else ("open",))
    with beads_of(ctx) as beads:
        found = beads.listed(wanted, order="priority", everything=everything)
    return print_beads(call_of(ctx), found, empty="nothing to do")


@todo.command("add", cls=Command)
@example('bd todo add "Update the changelog"')
def todo_add(
    ctx: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="TITLE", help="What to do.")],
    *,
    priority: Annotated[str, typer.Option("-p", "--priority", help="0 to 4.")] = "2",
    description: Annotated[str, typer.Option("-d", "--description", help="More.")] = "",
) -> int:
    """Make a task of yours."""
    call = call_of(ctx)
    with beads_of(ctx) as beads:
        fields = {"priority": priority_of(priority), "description": description}
        fields["assignee"] = beads.ports.caller.actor
        made = beads.create(Draft(title=" ".join(words), fields=fields))
    return print_one(call, "created", made)


@todo.command("done", cls=Command)
@example("bd todo done gt-x7k2m")
def todo_done(
    ctx: typer.Context,
    ids: Ids,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
) -> int:
    """Close tasks."""
    with beads_of(ctx) as beads:
        found = beads.close_all(dict.fromkeys(ids, reason))
    return print_done(call_of(ctx), "closed", found.closed)


# --- what is lacking


@app.command(cls=Command)
@example("bd lint", "bd lint gt-x7k2m --json", "bd lint --type bug --status all")
def lint(
    ctx: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Only these.")] = None,
    *,
    type_: Annotated[str, typer.Option("-t", "--type", help="Only of this type.")] = "",
    status: Annotated[str, typer.Option("-s", "--status", help="Of this, or all.")] = "open",
) -> int:
    """Say what beads should tell and do not: how to see a bug, when something is done."""
    call = call_of(ctx)
    every = status == "all"
    wanted = Filter(types=(type_of(type_),) if type_ else (), statuses=() if every else (status,))
    with beads_of(ctx) as beads:
        found = beads.show(ids) if ids else beads.listed(wanted, order="priority", everything=every)
    return _linted(call, linted(found))


def _linted(call: Call, found: list[Lacking]) -> int:
    if call.wants.json:
        results = [
            {
                **{name: bead_facts(one.bead)[name] for name in ("id", "title")},
                "type": one.bead.issue_type,
                "missing": [f"## {section}" for section in one.sections],
                "warnings": len(one.sections),
            }
            for one in found
        ]
        total = sum(len(one.sections) for one in found)
        print_object(call, {"total": total, "issues": len(found), "results": results})
    else:
        lines = []
        for one in found:
            lines.append(bead_line(one.bead))
            lines += [f"    lacks ## {section}" for section in one.sections]
        print_lines(call, lines or ["every bead says what it should"])
    return 1 if found else 0
