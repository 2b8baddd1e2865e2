"""How convoys are shown: a line each, a whole one with its members, and as facts for programs."""

from collections.abc import Sequence
from typing import Any, Final

from cli.escape import one_line
from ledger.beads.rows import HOOKED, IN_PROGRESS, TERMINAL
from ledger.workspace.talk import NOTIFY
from ledger.workspace.work import HELD
from town.convoys.members import Member, View
from town.market.words import ago, instant

MARKS: Final = {"open": "●", "closed": "✓"}
BAR: Final = 10


def mark_of(member: Member) -> str:
    """Whether the member is done, under way, or neither."""
    if member.bead is None or member.bead.status in TERMINAL:
        return "✓"
    working = member.standing is not None and member.standing.work is not None
    return "▶" if working or member.bead.status in (HOOKED, IN_PROGRESS) else "○"


def facts_of(view: View) -> dict[str, Any]:
    """The convoy as programs read it."""
    convoy = view.convoy
    closed, whole = view.progress
    return {
        "number": view.number or None,
        "id": convoy.id,
        "title": convoy.title,
        "status": convoy.status,
        "owner": convoy.owner,
        "owned": convoy.owned,
        "lifecycle": "caller-managed" if convoy.owned else "system",
        "merge": convoy.merge or "mr",
        "base_branch": convoy.base_branch,
        "notify": [one.address for one in view.told if one.part == NOTIFY],
        "watchers": [one.address for one in view.told if one.part != NOTIFY],
        "completed": closed,
        "total": whole,
        "created_at": instant(convoy.created_at),
        "closed_at": instant(convoy.closed_at) if convoy.closed_at else None,
        "close_reason": convoy.close_reason,
        "tracked": [_member_facts(member) for member in view.members],
    }


def _member_facts(member: Member) -> dict[str, Any]:
    bead, standing = member.bead, member.standing
    work = standing.work if standing is not None else None
    return {
        "id": member.id,
        "title": bead.title if bead is not None else "",
        "status": bead.status if bead is not None else "missing",
        "issue_type": bead.issue_type if bead is not None else "",
        "assignee": bead.assignee if bead is not None else "",
        "worker": work.agent if work is not None and work.state in HELD else "",
        "reason": member.reason.code,
        "reason_words": member.reason.words,
        "waits_for": list(member.reason.by),
        "moving": member.reason.moving,
    }


def line_of(view: View) -> str:
    """The convoy in one line."""
    closed, whole = view.progress
    number = f"{view.number}." if view.number else "  "
    owned = " (owned)" if view.convoy.owned else ""
    state = view.convoy.status
    title = one_line(view.convoy.title)
    return f"{number:<4}🚚 {view.convoy.id}: {title}  {closed}/{whole} {state}{owned}"


def tree_of(view: View) -> list[str]:
    """The convoy and its members below it."""
    last = len(view.members) - 1
    lines = [line_of(view)]
    for place, member in enumerate(view.members):
        branch = "└──" if place == last else "├──"
        lines.append(f"    {branch} {_member_line(member)}")
    return lines


def _member_line(member: Member) -> str:
    bead = member.bead
    if bead is None:
        return f"{mark_of(member)} {member.id}: {member.reason.words}"
    kind = f" [{bead.issue_type}]" if bead.issue_type else ""
    who = f" @{bead.assignee}" if bead.assignee else ""
    why = "" if bead.status in TERMINAL else f" - {one_line(member.reason.words)}"
    return f"{mark_of(member)} {bead.id}: {one_line(bead.title)}{kind}{who}{why}"


def words_of(view: View, *, now: int) -> tuple[str, ...]:
    """Everything about one convoy, for people."""
    convoy = view.convoy
    closed, whole = view.progress
    filled = BAR * closed // whole if whole else 0
    lines = [
        f"🚚 {convoy.id}: {one_line(convoy.title)}",
        "",
        f"  Status:    {MARKS.get(convoy.status, '◌')} {convoy.status}",
        f"  Owner:     {convoy.owner}{' (owned)' if convoy.owned else ''}",
        f"  Lifecycle: {'caller-managed' if convoy.owned else 'system'}",
        f"  Merge:     {convoy.merge or 'mr'}{_base(convoy.base_branch)}",
        f"  Progress:  {closed}/{whole} {'█' * filled}{'░' * (BAR - filled)}",
        f"  Created:   {ago(convoy.created_at, now)}",
    ]
    if convoy.closed_at:
        lines.append(f"  Closed:    {ago(convoy.closed_at, now)}, {one_line(convoy.close_reason)}")
    lines += _told(view)
    lines += ["", "  Tracked:"] if view.members else ["", "  Tracks nothing."]
    lines += [f"    {_member_line(member)}{_age(member, now)}" for member in view.members]
    return tuple(lines)


def _base(branch: str) -> str:
    return f" into {branch}" if branch else ""


def _age(member: Member, now: int) -> str:
    """Since when its worker has it."""
    work = member.standing.work if member.standing is not None else None
    if work is None or work.state not in HELD:
        return ""
    return f" ({work.agent}, {ago(work.started_at or work.created_at, now)})"


def _told(view: View) -> list[str]:
    notify = [one.address for one in view.told if one.part == NOTIFY]
    watchers = [f"{one.address} by {one.how}" for one in view.told if one.part != NOTIFY]
    lines = [f"  Notify:    {', '.join(notify)}"] if notify else []
    return lines + ([f"  Watched:   {', '.join(watchers)}"] if watchers else [])


def waves_words(waves: Sequence[Sequence[str]], warnings: Sequence[str]) -> list[str]:
    """What is begun together, wave by wave, and what is odd."""
    lines = [f"  wave {number}: {', '.join(wave)}" for number, wave in enumerate(waves, 1)]
    return lines + [f"  ⚠ {warning}" for warning in warnings]
