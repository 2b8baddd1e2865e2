"""`bd doctor`: what is wrong with the beads of this place, and what mends it."""

from typing import Any, Final

import typer

from cli.bd.interchange import place_of
from cli.bd.printing import print_lines, print_object
from cli.caller import caller_of
from cli.context import Call
from cli.tree import Command, call_of, example, new_module
from ledger.beads.health import Finding
from town.beads.health import Health

app = new_module()

LINES_MAX: Final = 10
NAME_CHARS: Final = 10


@app.command(cls=Command)
@example("bd doctor", "bd doctor --json")
def doctor(ctx: typer.Context) -> int:
    """Look for what is wrong among the beads; ends with 1 where something is."""
    call = call_of(ctx)
    caller = caller_of(call)
    place = place_of(call, caller)
    with call.private(call) as private:
        found = private.at(Health, caller).findings(place if place.path.exists() else None)
    wrong = [one for one in found if one.lines]
    if call.wants.json:
        checks = [_facts(one) for one in found]
        print_object(call, {"path": call.home, "checks": checks, "overall_ok": not wrong})
    else:
        _print(call, found)
    return 1 if wrong else 0


def _facts(one: Finding) -> dict[str, Any]:
    return {
        "name": one.name,
        "status": "warning" if one.lines else "ok",
        "message": one.wrong if one.lines else one.well,
        "detail": list(one.lines),
        "fix": " ".join(one.mend),
    }


def _print(call: Call, found: list[Finding]) -> None:
    lines = []
    for one in found:
        if not one.lines:
            lines.append(f"✓ {one.name:<{NAME_CHARS}}{one.well}")
            continue
        lines.append(f"! {one.name:<{NAME_CHARS}}{one.wrong}")
        lines += [f"    {line}" for line in one.lines[:LINES_MAX]]
        left = len(one.lines) - LINES_MAX
        lines += [f"    … {left} more: --json has them"] if left > 0 else []
        lines += [f"    try {' '.join(one.mend)}"] if one.mend else []
    print_lines(call, lines)
