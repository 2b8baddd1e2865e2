"""`gt whoami`: who the town takes the caller for, and why."""

import typer

from cli.caller import caller_of, identity_of
from cli.context import NoPlaceError
from cli.gt.opened import works_of
from cli.output import show
from cli.tree import Command, call_of, example, new_module
from town.market.answer import Answer

app = new_module()

SOURCES = {
    "GT_ROLE": "the variable GT_ROLE says so",
    "folder": "this is its folder",
    "person": "nothing says that you are an agent",
}


@app.command(cls=Command)
@example("gt whoami", "gt whoami --json")
def whoami(ctx: typer.Context) -> int:
    """Show who you are in this town."""
    call = call_of(ctx)
    who = identity_of(call)
    if who is None:
        raise NoPlaceError(call.cwd, call.program)
    with works_of(ctx) as works:
        known = works.crew.known(who.address.text)
        now = works.now()
    caller = caller_of(call)
    data = {
        "address": caller.actor,
        "role": who.address.role or "overseer",
        "rig": who.rig or None,
        "name": who.address.name or None,
        "source": who.source,
        "owner": caller.owner or None,
        "session": caller.session or None,
        "known": known,
    }
    words = [
        f"you     {caller.actor}, because {SOURCES[who.source]}",
        *([f"rig     {who.rig}"] if who.rig else []),
        *([f"owner   {caller.owner}"] if caller.owner else []),
    ]
    warn = () if known else (f"the town knows nobody at {who.address.text}",)
    answer = Answer(schema="gt.v1.whoami", data=data, words=tuple(words), warn=warn)
    return show(call, answer, now=now)
