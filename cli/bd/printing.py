"""How `bd` prints: beads as lines for people, as the predecessor's JSON for programs.

With `--json` one object or one list stands on standard output, without an envelope, because
scripts that read `bd` expect it so (ADR 0019); an error is an envelope, as everywhere.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from cli.context import Call
from cli.escape import escape
from ledger.beads.jsonl import bead_facts
from ledger.beads.rows import Bead

MARKS: Final[Mapping[str, str]] = {
    "open": "○", "in_progress": "◐", "hooked": "◐", "blocked": "●", "deferred": "❄",
    "closed": "✓", "pinned": "📌",
}  # fmt: skip


def print_json(call: Call, value: Any) -> int:
    """The value is on standard output as JSON."""
    call.terminal.out(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
    return 0


def print_lines(call: Call, lines: Iterable[str]) -> int:
    """The lines are on standard output, made harmless."""
    for line in lines:
        call.terminal.out(escape(line) + "\n")
    return 0


def bead_line(bead: Bead) -> str:
    """A bead in one line."""
    who = f" @{bead.assignee}" if bead.assignee else ""
    labels = f" [{', '.join(bead.labels)}]" if bead.labels else ""
    mark = MARKS.get(bead.status, "?")
    return f"{mark} {bead.id} [P{bead.priority}] [{bead.issue_type}]{who} - {bead.title}{labels}"


def print_beads(call: Call, beads: Iterable[Bead], *, empty: str) -> int:
    """The beads are printed, a line each or as a list."""
    found = list(beads)
    if call.wants.json:
        return print_json(call, [bead_facts(bead) for bead in found])
    return print_lines(call, [bead_line(bead) for bead in found] or [empty])
