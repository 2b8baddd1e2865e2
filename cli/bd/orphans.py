"""`bd orphans`: beads that commits name and nobody closed."""

from typing import Annotated

import typer

from cli.answers import many_of
from cli.bd.opened import at_desk
from cli.bd.options import Many
from cli.bd.printing import bead_line, print_json, print_lines
from cli.context import Call
from cli.tree import Command, call_of, example, new_module
from ledger.beads.choosing import Filter
from town.beads.orphans import Adopted, Orphan, Orphans
from town.node.git import GitProgram

app = new_module()


@app.command(cls=Command)
@example("bd orphans", "bd orphans --label api --fix")
def orphans(
    ctx: typer.Context,
    *,
    fix: Annotated[bool, typer.Option("-f", "--fix", help="Close them, once you say yes.")] = False,
    details: Annotated[bool, typer.Option("--details", help="With the commit's words.")] = False,
    labels: Annotated[Many, typer.Option("-l", "--label", help="With all of these.")] = None,
    labels_any: Annotated[Many, typer.Option("--label-any", help="With one of these.")] = None,
    every_branch: Annotated[
        bool, typer.Option("--all", help="Commits of every branch, also unmerged ones.")
    ] = False,
) -> int:
    """List open beads that commits of this project name as theirs."""
    call = call_of(ctx)
    wanted = Filter(labels=many_of(labels), labels_any=many_of(labels_any))
    git = GitProgram(call.env, cancelled=call.cancelled)
    with at_desk(ctx, Orphans) as desk:
        found = desk.orphans(
            lambda argv: git.run(*argv, at=call.cwd), wanted, every_branch=every_branch
        )
    if not fix or not found or not call.wants.json:
        _listed(call, found, details=details)
    if not fix or not found:
        return 0
    if not call.confirm(f"close these {len(found)}?"):
        return print_lines(call, ("nothing was done",))
    with at_desk(ctx, Orphans) as desk:
        done = desk.adopt(found)
    return _adopted(call, done)


def _listed(call: Call, found: list[Orphan], *, details: bool) -> int:
    if call.wants.json:
        return print_json(call, [_facts(one) for one in found])
    lines = []
    for one in found:
        lines.append(f"{bead_line(one.bead)}  <- {one.commit.name}")
        lines += [f"    {one.commit.subject}"] if details else []
    return print_lines(call, lines or ["no open bead is named by a commit"])


def _facts(one: Orphan) -> dict[str, str]:
    return {
        "issue_id": one.bead.id,
        "title": one.bead.title,
        "status": one.bead.status,
        "latest_commit": one.commit.name,
        "latest_commit_message": one.commit.subject,
    }


def _adopted(call: Call, done: list[Adopted]) -> int:
    """What became of each is printed; ends with 1 where one could not be closed."""
    left = [one for one in done if one.why]
    if call.wants.json:
        facts = [
            {"issue_id": one.bead.id, "status": one.bead.status, "why": one.why} for one in done
        ]
        print_json(call, facts)
    else:
        words = (f"left    {o.why}" if o.why else f"closed {bead_line(o.bead)}" for o in done)
        print_lines(call, words)
    return 1 if left else 0
