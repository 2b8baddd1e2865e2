"""`gt mail check --inject`: what a turn's hook prints into the agent's context.

It fails for nobody: an agent must not stop because its mail could not be looked at. What went wrong
stands on standard error.
"""

import json

import typer

from cli.escape import escape
from cli.gt.opened import works_of
from cli.tree import call_of
from stamps.errors import WastelandError


def inject(ctx: typer.Context) -> int:
    """0, always; what waits for this turn is printed, once, and known to have been."""
    call = call_of(ctx)
    try:
        with works_of(ctx) as works:
            told = works.nudges.inject(works.ports.caller.session)
            if call.wants.json:
                facts = {"messages": told.messages, "nudges": told.nudges, "text": told.text}
                call.terminal.out(json.dumps(facts) + "\n")
            elif told.text:
                call.terminal.out(escape(told.text) + "\n")
            works.nudges.acked(told)
    except WastelandError as error:
        call.terminal.err(escape(f"gt mail check: {error}\n"))
    return 0
