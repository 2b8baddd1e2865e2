"""One item as lines for a person: what it asks, how it stands, what was handed in, what was said.

Pure. Strangers' text is given as it is; the terminal escapes it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from federation.blobs import named
from ledger.actions_items import CLOSED
from ledger.story import Story
from town.market.deciders import waiting_line
from town.market.find import Found, undecided
from town.market.names import name_of, worker_words
from town.market.view import FOR_THE_DOER, Viewer
from town.market.words import ago, bytes_text, instant, one_line, short_id, until

LABEL = 10
LABELS = {
    "repo": "repo", "base": "base", "check": "check", "done_when": "done when",
    "deliver": "deliver", "needs": "needs", "due": "due", "reward": "reward",
}  # fmt: skip


def _line(label: str, text: str) -> str:
    return f"{label:<{LABEL}}{text}"


def card_lines(found: Found, facts: Mapping[str, Any], viewer: Viewer) -> tuple[str, ...]:
    """The lines of `wl show`."""
    title = one_line(str(facts["untrusted"]["title"]))
    lines = [_line(str(facts["short"]), title), _line("state", _state(found, facts, viewer))]
    lines.append(_line("posted", _posted(found, facts, viewer)))
    if found.story is None:
        seen, proof = facts.get("seen_in") or {}, facts.get("evidence_url")
        lines += [_line("evidence", one_line(str(proof)))] if proof else []
        lines.append(_line("unsigned", f"a row of {seen.get('source')}; nobody signed it"))
        lines.append(_line("commit", str(seen.get("commit"))))
    lines += [_line(LABELS[n], _shown(n, facts[n])) for n in FOR_THE_DOER if facts.get(n)]
    lines += _description(facts)
    if found.story is not None:
        lines += _attempts(found, found.story, viewer)
        lines += _notes(found, found.story, viewer)
        lines += _seen_by(facts)
        waiting = waiting_line(found.journal, found.story, viewer)
        # What was handed in stands above already.
        lines += [waiting] if waiting and not undecided(found.story) else []
    return tuple(lines)


def _state(found: Found, facts: Mapping[str, Any], viewer: Viewer) -> str:
    state = str(facts["state"])
    story = found.story
    if story is None:
        holder = facts.get("holder")
        return f"{state} by {holder}" if holder and state not in ("open", "withdrawn") else state
    if story.open_grants:
        due = until(story.open_grants[0].until, viewer.now)
        return f"{state}: {facts['holder']} until {due}"
    if facts["asked_n"]:
        return f"asked {facts['asked_n']}; {facts['actor']} decides"
    if story.accepted is not None:
        return f"{state}: {worker_words(found.journal, story.accepted)}'s work"
    return state


def _posted(found: Found, facts: Mapping[str, Any], viewer: Viewer) -> str:
    when = (
        ago(found.story.post.at, viewer.now)
        if found.story is not None
        else str(facts.get("created_at") or "")
    )
    by = f"by {facts['poster']['handle']}"
    parts = [f"{by}, {when}" if when else by]
    parts += [str(facts[name]) for name in ("type", "effort", "project") if facts.get(name)]
    parts += [f"priority {facts['priority']}"] if facts.get("priority") is not None else []
    parts += [", ".join(facts["tags"])] if facts.get("tags") else []
    return " · ".join(parts)


def _shown(name: str, value: Any) -> str:
    if name == "due" and isinstance(value, int):
        return instant(value)
    return (
        "; ".join(str(one) for one in value)
        if isinstance(value, Sequence) and not isinstance(value, str)
        else str(value)
    )


def _description(facts: Mapping[str, Any]) -> list[str]:
    text = str(facts["untrusted"].get("description") or "")
    return ["", *(f"  {line}" for line in text.split("\n")), ""] if text else []


def _attempts(found: Found, story: Story, viewer: Viewer) -> list[str]:
    lines = []
    for attempt in story.attempts:
        worker = worker_words(found.journal, attempt)
        undecided_mark = "not judged" if story.status in CLOSED else "waits"
        marks = {"rejected": "sent back", "": undecided_mark}
        mark = marks.get(attempt.decision, attempt.decision)
        extra = " (late)" if attempt.late else " (speculative)" if attempt.speculative else ""
        when = ago(attempt.at, viewer.now)
        lines.append(_line(f"hand-in {attempt.n}", f"{worker}, {when}: {mark}{extra}"))
        lines += [_line("", one_line(attempt.summary))] if attempt.summary else []
        lines += [
            _line("", f"{piece['kind']}: {one_line(str(piece['value']))}{_blob(found, piece)}")
            for piece in attempt.evidence
        ]
        lines += [_line("", f'reason: "{attempt.reason}"')] if attempt.reason else []
    for given in story.stamps:
        dims = ", ".join(f"{name} {grade}" for name, grade in given.stamp["dims"].items())
        light = given.void or given.weightless
        note = " (no weight)" if light else " (taken back)" if given.revoked else ""
        author = name_of(found.journal, given.author)
        lines.append(_line("stamp", f"{dims}, by {author}, verified{note}"))
    return lines


def _blob(found: Found, piece: Mapping[str, Any]) -> str:
    """How large a blob is, and how to get it; its name alone says nothing."""
    blob = named(piece)
    if blob is None:
        return ""
    get = f"wl blob get {short_id(found.journal, found.id)} {blob.sha256[:12]}"
    return f" ({bytes_text(blob.size)}; {get})"


def _notes(found: Found, story: Story, viewer: Viewer) -> list[str]:
    return [
        _line(note.tag, f"{name_of(found.journal, note.account)}, {ago(note.at, viewer.now)}:"
                        f" {note.text}")
        for note in story.notes
    ]  # fmt: skip


def _seen_by(facts: Mapping[str, Any]) -> list[str]:
    names = facts.get("seen_by") or []
    if not names:
        return []
    return [_line("seen by", ", ".join(names))]
