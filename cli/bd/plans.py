"""`bd create --graph`: several beads from one plan, all of them or none."""

from collections.abc import Mapping
from typing import Any

import typer

from cli.bd.meaning import FLAGS, file_text
from cli.bd.opened import beads_of
from cli.bd.printing import print_lines, print_object
from cli.tree import call_of
from ledger.beads.plan import Plan, read_plan


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
