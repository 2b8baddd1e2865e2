"""`bd create --graph` and `--file`: several beads from one file, all of them or none."""

from collections.abc import Mapping
from typing import Any

import typer

from cli.answers import many_of
from cli.bd.meaning import FLAGS, fields_of, file_text, type_of
from cli.bd.opened import beads_of
from cli.bd.printing import bead_line, print_json, print_lines, print_object, whole_link
from cli.bd.shown import Ends
from cli.context import UsageError
from cli.tree import call_of
from ledger.beads.jsonl import bead_facts
from ledger.beads.markdown import Written, read_markdown
from ledger.beads.plan import Plan, read_plan
from ledger.beads.rows import Bead
from town.beads.desk import Draft

ALONE = ("title", "title_", "bead", "deps", "graph")  # of one bead, not of many


def make_plan(
    ctx: typer.Context, name: str, *, fields: Mapping[str, Any], rig: str, dry: bool
) -> int:
    """The plan in this file is made, or with `dry` only tried; what its keys became is printed."""
    call = call_of(ctx)
    plan = read_plan(file_text(call, name))
    flags = {flag: True for flag in FLAGS if fields[flag]}
    with beads_of(ctx, rig=rig) as beads:
        made = beads.create_plan(plan, dry=dry, **flags)
    if dry:
        words = f"would create {len(made)} beads, {len(plan.edges)} links"
        return print_object(call, _tried(plan)) if call.wants.json else print_lines(call, (words,))
    if call.wants.json:
        return print_object(call, {"ids": made})
    lines = (f"  {key} -> {bead}" for key, bead in sorted(made.items()))
    return print_lines(call, (f"created {len(made)} beads", *lines))


def _tried(plan: Plan) -> dict[str, Any]:
    """What the plan would make."""
    rows = []
    for node in plan.nodes:
        priority = 2 if node.priority is None else node.priority
        row = {"key": node.key, "title": node.title, "type": node.type or "task"}
        above = {"parent_key": node.parent_key, "parent_id": node.parent_id}
        rows.append({**row, "priority": priority, **{k: v for k, v in above.items() if v}})
    return {
        "dry_run": True,
        "node_count": len(plan.nodes),
        "edge_count": len(plan.edges),
        "parent_deps": sum(bool(node.parent_key or node.parent_id) for node in plan.nodes),
        "nodes": rows,
    }


def make_written(ctx: typer.Context, name: str, *, fields: Mapping[str, Any]) -> int:
    """The beads of this Markdown file are made; the options of the line are what they all have."""
    call, asked = call_of(ctx), ctx.params
    if any(asked[one] for one in ALONE) or fields["waits_for"]:
        raise UsageError("a file of beads says their titles and links itself")
    written = read_markdown(file_text(call, name))
    with beads_of(ctx, rig=asked["rig"]) as beads:
        common = fields_of(call, beads, fields)
        drafts = [_draft(one, {**fields, **asked}, common) for one in written]
        if asked["dry_run"]:
            made, ends = [beads.draft(draft) for draft in drafts], []
        else:
            made = beads.create_all(drafts)
            ends = beads.ends([bead.id for bead in made])
    if call.wants.json:
        return print_json(call, [_with_links(bead, ends) for bead in made])
    if asked["silent"]:
        return print_lines(call, [bead.id for bead in made])
    word = "would create" if asked["dry_run"] else "created"
    return print_lines(call, [f"{word} {bead_line(bead)}" for bead in made])


def _with_links(bead: Bead, ends: Ends) -> dict[str, Any]:
    links = [whole_link(link) for link, _ in ends if link.issue_id == bead.id]
    return bead_facts(bead) | ({"dependencies": links} if links else {})


def _draft(written: Written, asked: Mapping[str, Any], common: Mapping[str, Any]) -> Draft:
    own = {**written.fields, "labels": (*many_of(asked["labels"]), *written.labels)}
    own |= {"issue_type": type_of(own["issue_type"])} if "issue_type" in own else {}
    return Draft(
        title=written.title,
        fields={**common, **own},
        prefix=asked["prefix"],
        parent=asked["parent"],
        links=written.needs,
        inherit=not asked["no_inherit"],
    )
