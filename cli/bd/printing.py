"""How `bd` prints: beads as lines for people, as the predecessor's JSON for programs.

With `--json` one object or one list stands on standard output, without an envelope, because
scripts that read `bd` expect it so (ADR 0019); an error is an envelope, as everywhere.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from cli.context import Call
from cli.escape import escape
from ledger.beads.jsonl import bead_facts, comment_facts, link_facts
from ledger.beads.rows import Bead, Comment, Link

if TYPE_CHECKING:
    from town.beads.looking import Line

SCHEMA: Final = 1
ENVELOPE: Final = "BD_JSON_ENVELOPE"
MARKS: Final[Mapping[str, str]] = {
    "open": "○", "in_progress": "◐", "hooked": "◇", "blocked": "●", "deferred": "❄",
    "closed": "✓", "pinned": "📌",
}  # fmt: skip


def print_json(call: Call, value: Any) -> int:
    """The value is on standard output as JSON, in an envelope where the caller wants one."""
    if call.env.get(ENVELOPE) == "1":
        value = {"schema_version": SCHEMA, "data": value}
    call.terminal.out(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
    return 0


def print_object(call: Call, facts: Mapping[str, Any]) -> int:
    """The object is on standard output as JSON, and says which form it has."""
    if call.env.get(ENVELOPE) == "1":
        return print_json(call, dict(facts))
    return print_json(call, dict(sorted({**facts, "schema_version": SCHEMA}.items())))


def print_lines(call: Call, lines: Iterable[str]) -> int:
    """The lines are on standard output, made harmless; each stays one."""
    for line in lines:
        call.terminal.out(escape(line).replace("\n", "\\n") + "\n")
    return 0


def print_talk(call: Call, line: str) -> None:
    """The line is on standard error, unless only the answer is wanted."""
    if not call.wants.quiet:
        call.terminal.err(escape(line) + "\n")


# --- facts


def whole_link(link: Link) -> dict[str, Any]:
    """A link as it stands in a list."""
    return {**link_facts(link), "metadata": link.metadata or "{}"}


def line_facts(line: "Line", *, links: bool = True) -> dict[str, Any]:
    """A bead as it stands in a list: with its links, and with numbers."""
    told = bead_facts(line.bead)
    if links and line.links:
        told["dependencies"] = [whole_link(link) for link in line.links]
    told |= {
        "dependency_count": line.needs,
        "dependent_count": line.needed,
        "comment_count": line.comments,
    }
    return told | ({"parent": line.parent} if links and line.parent else {})


def end_facts(bead: Bead, kind: str) -> dict[str, Any]:
    """A bead at the other end of a link."""
    return {**bead_facts(bead), "dependency_type": kind}


def comments_facts(comments: Iterable[Comment]) -> list[dict[str, Any]]:
    """Comments, as they stand inside their bead."""
    return [comment_facts(comment) for comment in comments]


# --- lines


def bead_line(bead: Bead) -> str:
    """A bead in one line."""
    who = f" @{bead.assignee}" if bead.assignee else ""
    labels = f" [{', '.join(bead.labels)}]" if bead.labels else ""
    mark = MARKS.get(bead.status, "○")
    return f"{mark} {bead.id} [P{bead.priority}] [{bead.issue_type}]{who} - {bead.title}{labels}"


def short_line(bead: Bead) -> str:
    """A bead in a few words, for a place below another one."""
    kind = f"({bead.issue_type.upper()}) " if bead.issue_type != "task" else ""
    return f"{MARKS.get(bead.status, '○')} {bead.id}: {kind}{bead.title} [P{bead.priority}]"


def print_beads(call: Call, beads: Iterable[Bead], *, empty: str) -> int:
    """The beads are printed, a line each or as a list."""
    found = list(beads)
    if call.wants.json:
        return print_json(call, [bead_facts(bead) for bead in found])
    return print_lines(call, [bead_line(bead) for bead in found] or [empty])


def print_done(call: Call, word: str, beads: Sequence[Bead]) -> int:
    """What was done to the beads is printed: a line each, or the beads as a list."""
    if call.wants.json:
        return print_json(call, [bead_facts(bead) for bead in beads])
    return print_lines(call, [f"{word} {bead_line(bead)}" for bead in beads])


def print_one(call: Call, word: str, bead: Bead) -> int:
    """What was done to one bead is printed: a line, or the bead as an object."""
    if call.wants.json:
        return print_object(call, bead_facts(bead))
    return print_lines(call, (f"{word} {bead_line(bead)}",))


def more_words(shown: int, total: int) -> str:
    """How many there are beside those shown, and how to see them; empty where there are none."""
    left = total - shown
    return f"{left} more of {total}: --limit 0 shows all" if left > 0 else ""
