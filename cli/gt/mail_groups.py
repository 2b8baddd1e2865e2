"""`gt mail group`: names for several recipients."""

from typing import Annotated

import typer

from cli.gt.opened import works_of
from cli.output import show as show_answer
from cli.tree import Command, call_of, example, new_group
from ledger.workspace.talk import MailGroup
from town.market.answer import Answer

group = new_group("group", "Names for several recipients, which may be groups themselves.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="The group's name.")]
Members = Annotated[list[str], typer.Argument(metavar="ADDRESS...", help="Its members.")]


def _facts(found: MailGroup, means: tuple[str, ...] | None = None) -> dict[str, object]:
    told: dict[str, object] = {"name": found.name, "members": list(found.members)}
    return told if means is None else {**told, "means": list(means)}


def _said(ctx: typer.Context, found: MailGroup, word: str, *, now: int) -> int:
    words = (f"✓ group:{found.name} {word}: {', '.join(found.members) or 'nobody'}",)
    answer = Answer(schema="gt.v1.mail.group", data=_facts(found), words=words)
    return show_answer(call_of(ctx), answer, now=now)


@group.command("create", cls=Command)
@example("gt mail group create reviewers api/crew/max mayor/")
def create(ctx: typer.Context, name: Name, members: Members) -> int:
    """Form a group."""
    with works_of(ctx) as works:
        found = works.groups.form(name, members)
        now = works.now()
    return _said(ctx, found, "is formed", now=now)


@group.command("add", cls=Command)
@example("gt mail group add reviewers @witnesses")
def add(ctx: typer.Context, name: Name, members: Members) -> int:
    """Let more into a group."""
    with works_of(ctx) as works:
        found = works.groups.add(name, members)
        now = works.now()
    return _said(ctx, found, "has", now=now)


@group.command("remove", cls=Command)
@example("gt mail group remove reviewers mayor/")
def remove(ctx: typer.Context, name: Name, members: Members) -> int:
    """Take members out of a group."""
    with works_of(ctx) as works:
        found = works.groups.remove(name, members)
        now = works.now()
    return _said(ctx, found, "has", now=now)


@group.command("delete", cls=Command)
@example("gt mail group delete reviewers")
def delete(ctx: typer.Context, name: Name) -> int:
    """Dissolve a group."""
    with works_of(ctx) as works:
        found = works.groups.dissolve(name)
        now = works.now()
    return _said(ctx, found, "is dissolved; it had", now=now)


@group.command("list", cls=Command)
@example("gt mail group list")
def list_(ctx: typer.Context) -> int:
    """List the groups."""
    with works_of(ctx) as works:
        found = works.groups.listed()
        now = works.now()
    words = [f"group:{one.name}  {', '.join(one.members)}" for one in found]
    data = {"groups": [_facts(one) for one in found]}
    answer = Answer(schema="gt.v1.mail.groups", data=data, words=tuple(words) or ("no group",))
    return show_answer(call_of(ctx), answer, now=now)


@group.command("show", cls=Command)
@example("gt mail group show reviewers")
def show(ctx: typer.Context, name: Name) -> int:
    """Show whom a group means now."""
    with works_of(ctx) as works:
        found, means = works.groups.show(name)
        now = works.now()
    words = (f"group:{found.name}  {', '.join(found.members)}", f"means   {', '.join(means)}")
    answer = Answer(schema="gt.v1.mail.group", data=_facts(found, means), words=words)
    return show_answer(call_of(ctx), answer, now=now)
