"""A bead as a person reads it: its fields, its links both ways by kind, its comments."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from cli.bd.printing import MARKS, bead_line, short_line
from ledger.beads.branches import Node
from ledger.beads.jsonl import instant
from ledger.beads.rows import PARENT_CHILD, TERMINAL, Bead, Comment, Link
from town.beads.looking import Around, Line

FIRST_COLUMN: Final = 12
INDENT: Final = "  "
# What a link is called, seen from the bead that has it and from the one it points to.
WORDS: Final[Mapping[str, tuple[str, str]]] = {
    PARENT_CHILD: ("parent", "children"),
    "blocks": ("depends on", "blocks"),
    "conditional-blocks": ("only if this fails", "if this fails"),
    "waits-for": ("waits for children of", "its children are awaited by"),
    "related": ("related to", "related to"),
    "relates-to": ("related to", "related to"),
    "discovered-from": ("discovered from", "discovered"),
    "tracks": ("tracks", "tracked by"),
    "duplicates": ("duplicate of", "duplicates"),
    "supersedes": ("superseded by", "supersedes"),
    "replies-to": ("replies to", "replies"),
    "caused-by": ("caused by", "causes"),
}
Ends = Sequence[tuple[Link, Bead | None]]


def shown_lines(around: Around, *, long: bool = False) -> list[str]:
    """Everything about a bead, a line each."""
    bead = around.bead
    blocked = "   BLOCKED" if around.blockers else ""
    mark, standing = MARKS.get(bead.status, "○"), f"[P{bead.priority} {bead.status}]{blocked}"
    lines = [f"{mark} {bead.id}   {bead.title}   {standing}", *_facts(bead, long=long)]
    for title, text in (
        ("description", bead.description),
        ("design", bead.design),
        ("acceptance", bead.acceptance_criteria),
        ("notes", bead.notes),
    ):
        lines += _block(title, text.splitlines()) if text.strip() else []
    lines += _links(around.needs, around.needed)
    return lines + (_comments(around.comments) if around.comments else [])


def _facts(bead: Bead, *, long: bool) -> list[str]:
    told: dict[str, str] = {
        "type": bead.issue_type,
        "assignee": bead.assignee or "nobody",
        "labels": ", ".join(bead.labels),
        "created": f"{day(bead.created_at)}{f' by {bead.created_by}' if bead.created_by else ''}",
        "updated": day(bead.updated_at),
        "started": day(bead.started_at),
        "due": day(bead.due_at),
        "deferred": f"until {day(bead.defer_until)}" if bead.defer_until else "",
        "closed": _closed(bead),
        "estimate": f"{bead.estimated_minutes} min" if bead.estimated_minutes is not None else "",
        "external": bead.external_ref,
        "spec": bead.spec_id,
        "wisp": (bead.wisp_type or "yes") if bead.ephemeral else "",
        "pinned": "yes" if bead.pinned else "",
    }
    if long:
        told |= _rare(bead)
    lines = [f"{name:<{FIRST_COLUMN}}{value}" for name, value in told.items() if value]
    return lines + [
        f"{'metadata':<{FIRST_COLUMN}}{k}={v}" for k, v in sorted(bead.metadata.items())
    ]


def _rare(bead: Bead) -> dict[str, str]:
    """What only few beads have."""
    names = ("owner", "sender", "source_system", "await_type", "await_id", "mol_type", "work_type")
    more = ("source_formula", "source_location", "closed_by_session")
    told = {name.replace("_", " "): getattr(bead, name) for name in (*names, *more)}
    return told | {"waiters": ", ".join(bead.waiters)}


def _closed(bead: Bead) -> str:
    if not bead.closed_at:
        return ""
    return f"{day(bead.closed_at)}{f': {bead.close_reason}' if bead.close_reason else ''}"


def day(at: int) -> str:
    """A moment as people read it, in UTC; empty for never."""
    return instant(at)[:16].replace("T", " ") if at else ""


def _block(title: str, lines: Iterable[str]) -> list[str]:
    return ["", title, *(f"{INDENT}{line}" for line in lines)]


def _links(needs: Ends, needed: Ends) -> list[str]:
    found: dict[str, list[str]] = {}
    for link, bead in needs:
        word = WORDS.get(link.type, (link.type, ""))[0]
        found.setdefault(word, []).append(_end(bead, link.depends_on_id))
    for link, bead in needed:
        word = WORDS.get(link.type, ("", f"{link.type} of"))[1]
        found.setdefault(word, []).append(_end(bead, link.issue_id))
    children = [bead for link, bead in needed if link.type == PARENT_CHILD and bead is not None]
    if children:
        done = sum(bead.status in TERMINAL for bead in children)
        found["children"].append(f"{done} of {len(children)} closed")
    return [line for word, lines in found.items() for line in _block(word, lines)]


def _end(bead: Bead | None, named: str) -> str:
    return short_line(bead) if bead is not None else f"? {named}: not here"


def _comments(comments: Sequence[Comment]) -> list[str]:
    return ["", "comments", *comment_lines(comments)]


def comment_lines(comments: Sequence[Comment]) -> list[str]:
    """What was said, and by whom."""
    lines = []
    for comment in comments:
        lines.append(f"{INDENT}{day(comment.created_at)} {comment.author}")
        lines += [f"{INDENT * 2}{text}" for text in comment.text.splitlines()]
    return lines


def tree_lines(lines: Sequence[Line]) -> list[str]:
    """Beads below their parents, where those are in the list too."""
    here = {line.bead.id for line in lines}
    below: dict[str, list[Line]] = {}
    for line in lines:
        below.setdefault(line.parent if line.parent in here else "", []).append(line)
    found: list[str] = []
    left = [(line, 0) for line in reversed(below.get("", ()))]
    met: set[str] = set()
    while left:
        line, depth = left.pop()
        met.add(line.bead.id)
        found.append(f"{INDENT * depth}{bead_line(line.bead)}")
        left += [(child, depth + 1) for child in reversed(below.get(line.bead.id, ()))]
    return found + [bead_line(line.bead) for line in lines if line.bead.id not in met]


def node_lines(nodes: Sequence[Node]) -> list[str]:
    """A tree of what depends on what."""
    lines = []
    for node in nodes:
        kind = f" ({node.kind})" if node.kind else ""
        more = " …" if node.cut else ""
        lines.append(f"{INDENT * node.depth}{short_line(node.bead)}{kind}{more}")
    return lines
