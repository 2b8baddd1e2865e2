"""`bd history`: what became of a bead, commit by commit."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from cli.bd.one import One
from cli.bd.printing import print_json, print_lines
from cli.bd.shown import INDENT
from cli.caller import caller_of
from cli.tree import Command, call_of, example, new_module
from ledger.beads.jsonl import TIMES, bead_facts, instant
from town.beads.history import History, Past

app = new_module()

HASH_CHARS: Final = 8
VALUE_CHARS_MAX: Final = 60
NAMES: Final[Mapping[str, str]] = {
    "issue_type": "type", "acceptance_criteria": "acceptance", "close_reason": "reason",
}  # fmt: skip
NAME_CHARS: Final = 12


@app.command(cls=Command)
@example("bd history gt-x7k2m", "bd history gt-x7k2m --limit 5 --json")
def history(
    ctx: typer.Context,
    bead: One,
    *,
    limit: Annotated[int, typer.Option("-n", "--limit", min=0, help="At most so many.")] = 0,
) -> int:
    """Show what became of a bead: each commit that changed it, the newest first."""
    call = call_of(ctx)
    with call.private(call) as private:
        private.settle()
        name, found = private.at(History, caller_of(call)).history(bead, at_most=limit)
    if call.wants.json:
        return print_json(call, [_facts(past) for past in found])
    lines = [line for past in found for line in _lines(past)]
    return print_lines(call, lines or [f"{name} has no past"])


def _facts(past: Past) -> dict[str, Any]:
    return {
        "CommitHash": past.version.commit,
        "Committer": _who(past),
        "CommitDate": instant(past.version.at),
        "Issue": bead_facts(past.bead),
    }


def _who(past: Past) -> str:
    return ", ".join(past.actors) or past.version.author


def _lines(past: Past) -> list[str]:
    """A commit, and a line for each field that it changed."""
    when = instant(past.version.at)[:19].replace("T", " ")
    lines = [f"{past.version.commit[:HASH_CHARS]}  {when}  {_who(past)}"]
    for name, values in past.changes.items():
        told = " -> ".join(_shown(name, value) for value in values)
        lines.append(f"{INDENT}{NAMES.get(name, name):<{NAME_CHARS}}{told}")
    return lines


def _shown(name: str, value: Any) -> str:
    """A value in a few words; of many only how many there are."""
    if name in TIMES and isinstance(value, int):
        return instant(value) if value else "none"
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    if value in ("", None, (), {}):
        return "none"
    return text if len(text) <= VALUE_CHARS_MAX and "\n" not in text else f"{len(text)} characters"
