"""`bd create q update`: making beads, and changing what they say."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from cli.answers import many_of
from cli.bd.meaning import (
    fields_of,
    links_of,
    pairs_of,
    priority_of,
    type_of,
    value_of,
)
from cli.bd.opened import beads_of
from cli.bd.options import Making, Many, Updating, said
from cli.bd.plans import make_plan, make_written
from cli.bd.printing import bead_line, print_done, print_lines, print_object
from cli.context import UsageError
from cli.tree import Command, call_of, example, new_module
from ledger.beads.errors import BadFieldError
from ledger.beads.jsonl import bead_facts
from ledger.beads.linting import lacking
from ledger.beads.rows import Bead
from town.beads.desk import Draft, Edit

app = new_module()

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Beads: ids or how they begin.")]


@app.command("new", cls=Making, hidden=True)
@app.command(cls=Making)
@example('bd create "Fix the race" -t bug -p 1', 'bd create "Part" --parent gt-x7k2m --silent')
def create(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What should be done.")] = "",
    *,
    title_: Annotated[str, typer.Option("--title", help="The same.")] = "",
    labels: Annotated[Many, typer.Option("-l", "--labels", "--label", help="Labels.")] = None,
    parent: Annotated[str, typer.Option("--parent", help="The bead above it.")] = "",
    deps: Annotated[
        Many, typer.Option("--deps", help="id or kind:id; blocks:id is what waits for it.")
    ] = None,
    bead: Annotated[str, typer.Option("--id", help="Its id, if it must be this one.")] = "",
    prefix: Annotated[str, typer.Option("--prefix", help="What its id begins with.")] = "",
    rig: Annotated[str, typer.Option("--rig", help="In this rig of the town.")] = "",
    graph: Annotated[str, typer.Option("--graph", help="A plan of many, as JSON.")] = "",
    file: Annotated[str, typer.Option("-f", "--file", help="Many, as Markdown; `-`.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Also with a strange prefix.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Make nothing.")] = False,
    silent: Annotated[bool, typer.Option("--silent", help="Print only the id.")] = False,
) -> int:
    """Make a bead, and print its id."""
    call = call_of(ctx)
    if file:
        return make_written(ctx, file, fields=said(ctx))
    if graph:
        return make_plan(ctx, graph, fields=said(ctx), rig=rig, dry=dry_run)
    asked = ctx.params
    with beads_of(ctx, rig=rig) as beads:
        fields = fields_of(call, beads, said(ctx))
        draft = _draft(asked, fields, said(ctx))
        if said(ctx)["validate"]:
            _whole_enough(beads.draft(draft))
        made = beads.draft(draft) if dry_run else beads.create(draft)
    if call.wants.json:
        return print_object(call, bead_facts(made))
    word = "would create" if dry_run else "created"
    return print_lines(call, (made.id if silent else f"{word} {bead_line(made)}",))


def _whole_enough(bead: Bead) -> None:
    """The bead tells what one of its type should. Raises BadFieldError."""
    if missing := lacking(bead):
        headings = ", ".join(f"## {one}" for one in missing)
        raise BadFieldError("description", f"a {bead.issue_type} should have {headings}")


def _draft(asked: dict[str, Any], fields: dict[str, Any], around: Mapping[str, Any]) -> Draft:
    """The bead that `create` was asked for. Raises UsageError."""
    note = around["append_notes"]
    if asked["title"] and asked["title_"] not in ("", asked["title"]):
        raise UsageError("the title stands there twice, and differs")
    if around["gate"] not in ("", "all-children", "any-children"):
        raise UsageError("--waits-for-gate is all-children or any-children")
    parts = [(name, around[name.split()[-1].lower()]) for name in ("Required Skills", "Context")]
    written = [
        fields.get("description", ""),
        *(f"## {name}\n{text}" for name, text in parts if text),
    ]
    fields["description"] = "\n\n".join(part for part in written if part)
    if note:
        fields["notes"] = f"{fields['notes']}\n{note}" if fields.get("notes") else note
    needs, waiting = links_of(asked["deps"])
    return Draft(
        title=asked["title"] or asked["title_"],
        fields={**fields, "labels": many_of(asked["labels"])},
        id=asked["bead"].strip().lower(),
        prefix=asked["prefix"],
        parent=asked["parent"],
        links=needs,
        blocks=waiting,
        waits_for=around["waits_for"],
        gate=around["gate"],
        inherit=not around["no_inherit"],
        any_prefix=asked["force"],
    )


@app.command("q", cls=Command)
@example('bd q "Fix the login" -t bug')
def quick(
    ctx: typer.Context,
    title: Annotated[list[str], typer.Argument(metavar="TITLE", help="What should be done.")],
    *,
    type_: Annotated[str, typer.Option("-t", "--type", help="task, bug, …")] = "task",
    priority: Annotated[str, typer.Option("-p", "--priority", help="0 to 4.")] = "2",
    labels: Annotated[Many, typer.Option("-l", "--labels", help="Labels.")] = None,
) -> int:
    """Make a bead quickly, and print only its id."""
    fields = {
        "issue_type": type_of(type_),
        "priority": priority_of(priority),
        "labels": many_of(labels),
    }
    with beads_of(ctx) as beads:
        made = beads.create(Draft(title=" ".join(title), fields=fields))
    call = call_of(ctx)
    if call.wants.json:
        return print_object(call, bead_facts(made))
    return print_lines(call, (made.id,))


@app.command(cls=Updating)
@example("bd update gt-x7k2m --claim", "bd update gt-x7k2m --status blocked -p 0")
def update(
    ctx: typer.Context,
    ids: Ids,
    *,
    status: Annotated[str, typer.Option("-s", "--status", help="Its new status.")] = "",
    title: Annotated[str | None, typer.Option("--title", help="Its new title.")] = None,
    claim: Annotated[bool, typer.Option("--claim", help="Take it: one of several wins.")] = False,
    set_labels: Annotated[Many, typer.Option("--set-labels", help="These and no others.")] = None,
    add: Annotated[Many, typer.Option("--add-label", help="These too.")] = None,
    remove: Annotated[Many, typer.Option("--remove-label", help="Not these.")] = None,
    parent: Annotated[str | None, typer.Option("--parent", help="Under this; '' for none.")] = None,
    set_metadata: Annotated[Many, typer.Option("--set-metadata", help="key=value.")] = None,
    unset_metadata: Annotated[Many, typer.Option("--unset-metadata", help="A key.")] = None,
    persistent: Annotated[bool, typer.Option("--persistent", help="No wisp any more.")] = False,
    history: Annotated[bool, typer.Option("--history", help="To be kept for ever.")] = False,
    await_id: Annotated[str | None, typer.Option("--await-id", help="Of a gate.")] = None,
) -> int:
    """Change beads, or claim them; all of them or none."""
    asked = ctx.params
    with beads_of(ctx) as beads:
        fields = fields_of(call_of(ctx), beads, said(ctx)) | _moved(asked)
        _check_read(fields, said(ctx))
        edit = Edit(
            fields=fields,
            claim=claim,
            set_labels=None if set_labels is None else many_of(set_labels),
            add_labels=many_of(add),
            remove_labels=many_of(remove),
            append_notes=said(ctx)["append_notes"],
            parent=parent,
            set_metadata={
                k: value_of(v) for k, v in pairs_of(set_metadata, "--set-metadata").items()
            },
            unset_metadata=tuple(unset_metadata or ()),
            session=said(ctx)["session"],
        )
        found = beads.edit(ids, edit)
    return print_done(call_of(ctx), "claimed" if claim else "updated", found)


def _check_read(fields: Mapping[str, Any], around: Mapping[str, Any]) -> None:
    """A description that was read says something, or may say nothing. Raises UsageError."""
    typed = around["description"] == "" or around["may_be_empty"]
    if not typed and not fields.get("description", "something").strip():
        why = "what was read for the description is empty, so the old one stays"
        raise UsageError(f"{why}; --allow-empty-description empties it")


def _moved(asked: dict[str, Any]) -> dict[str, Any]:
    """The fields that `update` has options of its own for."""
    found: dict[str, Any] = {"status": asked["status"].lower()} if asked["status"] else {}
    found |= {"title": asked["title"]} if asked["title"] is not None else {}
    found |= {"ephemeral": False} if asked["persistent"] else {}
    found |= {"no_history": False} if asked["history"] else {}
    return found | ({"await_id": asked["await_id"]} if asked["await_id"] is not None else {})
