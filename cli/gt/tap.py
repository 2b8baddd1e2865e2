"""`gt tap`: what the hooks of runtimes call.

A hook never stops an agent because the town could not be asked.
"""

import json

import typer

from cli.caller import identity_of
from cli.escape import escape
from cli.gt.opened import works_of
from cli.gt.said import native_of, said_by_runtime
from cli.tree import Command, call_of, example, new_group, new_module
from stamps.errors import WastelandError
from town.agents.guards import command_in, refused

app = new_module()
tap = new_group("tap", "What the hooks of runtimes call: guard, turn.")
app.add_typer(tap)

BLOCKED = 2  # what Claude, Gemini and Cursor take for a no


@tap.command(cls=Command)
@example("""echo '{"tool_input": {"command": "sudo rm -rf /"}}' | gt tap guard""")
def guard(ctx: typer.Context) -> int:
    """Stop a command of an agent's shell that would do harm: exit 2, and why. A person may all."""
    call = call_of(ctx)
    who = identity_of(call)
    told = said_by_runtime(call, waits=True)
    if who is None or who.source != "GT_ROLE":
        return 0
    why = refused(command_in(told), who.address.role)
    if not why:
        return 0
    if "toolName" in told:  # Copilot reads a decision, and takes any exit code for a fault
        decision = {"permissionDecision": "deny", "permissionDecisionReason": f"Not here: {why}."}
        call.terminal.out(json.dumps(decision) + "\n")
        return 0
    call.terminal.err(escape(f"Not here: {why}.") + "\n")
    return BLOCKED


@tap.command(cls=Command)
@example("gt tap turn")
def turn(ctx: typer.Context) -> int:
    """Note that a turn of this session is over, and what its runtime calls it."""
    call = call_of(ctx)
    session = call.env.get("GT_SESSION_ID", "")
    native = native_of(said_by_runtime(call, waits=True))
    if not session or not call.home:
        return 0
    try:
        with works_of(ctx) as works:
            works.agents.turned(session, native=native)
    except WastelandError as error:
        call.terminal.err(escape(f"gt tap turn: {error}") + "\n")
    return 0
