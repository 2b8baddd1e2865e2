"""From an item's story to the rows that `wl` 1.2 reads (records 7.1-7.3).

Pure. No row it makes can break a constraint: what would is left out, and its record says why.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from ledger.story import Attempt, Given, Grant, Status, Story
from ledger.tables import Row
from ledger.world import UNADMITTED, World, row_name
from stamps.record import public_id
from stamps.stamp import Stamp

_TIMES_CACHED_MAX = 4_096
_TIME_CHARS = len("2026-01-31 23:59:59")
_FOOTER = (
    ("repo", "Repository"),
    ("base", "Base"),
    ("check", "Check"),
    ("done_when", "Done when"),
    ("deliver", "Deliver"),
    ("needs", "Needs"),
    ("due", "Due"),
    ("reward", "Reward"),
)
_FOOTER_KEYS = frozenset(key for key, _ in _FOOTER)


@lru_cache(maxsize=_TIMES_CACHED_MAX)
def at_text(at: int) -> str:
    """Microseconds since 1970 as the tables write a time: UTC, whole seconds (7.1)."""
    return str(datetime.fromtimestamp(at // 1_000_000, UTC))[:_TIME_CHARS]


def hop_uri(world: World, account: str) -> str:
    """The address form of an account in rows (records 7.3)."""
    return f"hop://{account[:16]}/{row_name(world, account)}/"


def one_line(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(text.split())


def item_rows(world: World, story: Story) -> tuple[Row, ...]:
    """All rows of an item. An item that waits for its policy has none yet (records 5.2)."""
    shown = _shown_attempt(story) if story.attempts else None
    rows = [_wanted(world, story, shown)]
    if shown is not None:
        rows.append(_completion(world, story, shown))
    rows.extend(
        _stamp(world, story, given)
        for given in story.stamps
        if not given.void and not given.revoked
    )
    rows.extend(_attempt(world, story, attempt) for attempt in story.attempts)
    return tuple(rows)


def _wanted(world: World, story: Story, shown: Attempt | None) -> Row:
    fields = story.fields
    item_id = public_id("w", story.post.id)
    values = {
        "id": item_id,
        "title": fields["title"],
        "description": _description(fields),
        "project": fields.get("project"),
        "type": fields.get("type"),
        "priority": fields.get("priority", 2),
        "tags": list(fields["tags"]) if fields.get("tags") else None,
        "posted_by": row_name(world, story.post.account),
        "claimed_by": _claimed_by(world, story),
        "status": str(story.status),
        "effort_level": fields.get("effort", "medium"),
        "evidence_url": _evidence_url(story),
        "sandbox_required": 1 if fields.get("sandbox") else 0,
        "sandbox_scope": None,
        "sandbox_min_tier": None,
        "created_at": at_text(story.post.at),
        "updated_at": at_text(_updated(story, shown)),
    }
    return Row("wanted", item_id, values)


def _description(fields: Mapping[str, Any]) -> str | None:
    """The description, and what the post says to whoever does it as a footer (7.1)."""
    if _FOOTER_KEYS.isdisjoint(fields):
        return fields.get("description")
    lines = []
    for key, label in _FOOTER:
        value = fields.get(key)
        if value:
            shown = "; ".join(value) if isinstance(value, list | tuple) else str(value)
            shown = at_text(value) if key == "due" else shown
            lines.append(f"{label}: {shown}")
    text = fields.get("description")
    if not lines:
        return text
    footer = "\n".join(lines)
    return f"{text}\n\n--\n{footer}" if text else footer


def _neighbour_name(world: World, name: str) -> str:
    """An unsigned neighbour's name, marked where somebody with a key bears it (5.2)."""
    borne = name in world.bearers() or UNADMITTED.fullmatch(name)
    return f"for~{name}" if borne else name


def holder_name(world: World, grant: Grant) -> str:
    """Who a grant is for, as rows say it (records 5.2)."""
    if grant.holder is not None:
        return row_name(world, grant.holder)
    return _neighbour_name(world, grant.neighbour or "")


def worker_name(world: World, attempt: Attempt) -> str:
    """Who did the work of an attempt, as rows say it."""
    if attempt.on_behalf is not None:
        return _neighbour_name(world, attempt.on_behalf)
    return row_name(world, attempt.worker)


def _claimed_by(world: World, story: Story) -> str | None:
    if not story.grants and not story.attempts:
        return None
    accepted = story.accepted
    if accepted is not None:
        return worker_name(world, accepted)
    grants = story.open_grants
    return holder_name(world, grants[0]) if grants else None


def _holds(story: Story, attempt: Attempt) -> bool:
    grants = story.open_grants
    if attempt.on_behalf is not None:
        return any(g.neighbour == attempt.on_behalf for g in grants)
    return any(g.holder == attempt.worker for g in grants)


def _shown_attempt(story: Story) -> Attempt | None:
    """The one attempt `completions` shows: under review, accepted or closed (7.2)."""
    if story.accepted is not None:
        return story.accepted
    if story.status is not Status.IN_REVIEW:
        return None
    waiting = [a for a in story.attempts if not a.decision and _holds(story, a)]
    return waiting[-1] if waiting else None


def evidence_text(attempt: Attempt) -> str:
    """The first url, else commit, else text of an attempt, on one line (7.1)."""
    for kind in ("url", "commit", "text"):
        for piece in attempt.evidence:
            if piece.get("kind") == kind:
                return one_line(str(piece["value"]))
    return one_line(attempt.summary)


def _evidence_url(story: Story) -> str | None:
    if not story.attempts:
        return None
    shown = story.accepted
    if shown is None:
        held = [a for a in story.attempts if _holds(story, a)]
        shown = held[-1] if held else None
    return (evidence_text(shown) or None) if shown is not None else None


def _updated(story: Story, shown: Attempt | None) -> int:
    times = [story.post.at, *[decision.at for decision in story.decisions]]
    if shown is not None:
        times.append(shown.at)
    return max(times)


def _completion(world: World, story: Story, attempt: Attempt) -> Row:
    key = public_id("c", attempt.id)
    values: dict[str, Any] = {
        "id": key,
        "wanted_id": public_id("w", story.post.id),
        "completed_by": worker_name(world, attempt),
        "evidence": evidence_text(attempt) or None,
        "validated_by": None,
        "stamp_id": None,
        "parent_completion_id": None,
        "block_hash": attempt.id,
        "hop_uri": hop_uri(world, attempt.worker),
        "completed_at": at_text(attempt.at),
        "validated_at": None,
    }
    if attempt.decision == "accepted":
        done = next(d for d in story.decisions if d.kind == "work.accept")
        values["validated_by"] = row_name(world, done.author)
        values["validated_at"] = at_text(done.at)
        given = next((g for g in story.stamps if not g.void and not g.revoked), None)
        values["stamp_id"] = public_id("s", given.id) if given is not None else None
    return Row("completions", key, values)


def _stamp(world: World, story: Story, given: Given) -> Row:
    done = story.accepted
    context = public_id("c", done.id) if done is not None else None
    return stamp_row(world, given, context_id=context, context_type="completion")


def stamp_row(world: World, given: Given, *, context_id: str | None, context_type: str) -> Row:
    """One row of `stamps` (records 7.3)."""
    key = public_id("s", given.id)
    row = Stamp.parse(dict(given.stamp)).row()
    before = world.stamp_before(given.author, given.at, given.id)
    values = {
        "id": key,
        "author": row_name(world, given.author),
        "subject": row_name(world, given.subject),
        "valence": dict(row.valence),
        "confidence": row.confidence,
        "severity": row.severity,
        "skill_tags": list(row.skill_tags) or None,
        "message": row.message or None,
        "context_id": context_id,
        "context_type": context_type,
        "prev_stamp_hash": before,
        "block_hash": given.id,
        "hop_uri": hop_uri(world, given.author),
        "created_at": at_text(given.at),
    }
    return Row("stamps", key, values)


def _attempt(world: World, story: Story, attempt: Attempt) -> Row:
    key = public_id("c", attempt.id)
    values = {
        "id": key,
        "wanted_id": public_id("w", story.post.id),
        "n": attempt.n,
        "worker": worker_name(world, attempt),
        "summary": attempt.summary,
        "evidence": [dict(piece) for piece in attempt.evidence],
        "decision": attempt.decision,
        "reason": attempt.reason,
        "submitted_at": at_text(attempt.at),
        "decided_at": at_text(attempt.decided_at) if attempt.decided_at else None,
    }
    return Row("wl_attempts", key, values)
