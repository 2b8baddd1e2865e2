"""What an agent is told when it begins, and again after its context was lost.

Pure: from what stands on the hook to lines. A store that cannot be read is never told as "no work".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ledger.beads.memories import told_of
from ledger.beads.rows import Bead
from ledger.workspace.rows import BOOT, CREW, DEACON, DOG, MAYOR, POLECAT, REFINERY, WITNESS
from ledger.workspace.work import Assignment, Checkpoint
from town.hooks.formula import steps

ROLES: Final[Mapping[str, str]] = {
    MAYOR: (
        "You are the mayor: you turn what the person wants into beads and convoys, give them out"
        " with gt sling, watch gt convoy list, and report. You edit no code yourself."
    ),
    CREW: (
        "You are a member of the crew: this is a person's own workspace in the project. You work"
        " with that person, commit, and push to the project's branch yourself."
    ),
    POLECAT: (
        "You are a worker: one bead at a time, in your own worktree, on your own branch. You end"
        " every piece of work with gt done; nobody waits for you to ask."
    ),
    WITNESS: "You look at the workers of this project: gt agents, gt peek, gt why ID.",
    REFINERY: "You look at the merge queue of this project: gt mq list, gt refinery status.",
    DEACON: "You look at the town: gt status, gt doctor, gt agents.",
    BOOT: "You look at whether the town's own services run: gt status.",
    DOG: "You do one errand for the town, and end.",
    "": "You are the overseer: the person whose town this is. gt status shows how it stands.",
}
NOTHING: Final[Mapping[str, str]] = {
    POLECAT: "Nothing is on your hook. End this session now: exit.",
    CREW: "Nothing is on your hook. Wait for your person; do not look for work.",
    MAYOR: "Nothing is on your hook. Say that you are here, read gt mail inbox, and wait.",
}
STORE_BROKEN: Final = (
    "THE TOWN'S DATABASE COULD NOT BE READ. This does not mean that you have no work.",
    "Do NOT run gt done. Wait a minute and run gt prime again; tell your person if it stays so.",
)

RALPH: Final = (
    "### again and again",
    "Work, then hold the whole of it against what it is done by. Whatever does not hold yet: begin",
    "again from the bead, in this session. gt done only when all of it holds.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Everything that a primed agent is told."""

    agent: str
    role: str
    rig: str = ""
    session: str = ""
    bead: Bead | None = None
    work: Assignment | None = None
    settings: Mapping[str, Any]
    directives: Sequence[tuple[str, str]] = ()  # (where it stands, text)
    earlier: Sequence[str] = ()  # branches with earlier work on the bead
    handoff: str = ""  # what the session before left for this one
    checkpoint: Checkpoint | None = None  # how far this very work was
    mail: Sequence[str] = ()
    remembered: Mapping[str, str] = field(default_factory=dict)  # texts by their keys


def primed(told: Told, *, compact: bool = False) -> list[str]:
    """The lines, in the order in which they matter."""
    lines = [_identity(told)]
    if compact:
        kept = told_of(told.remembered)
        return [*lines, *_continued(told), *_left(told), *kept, *told.mail]
    lines += ["", ROLES.get(told.role, "")]
    for where, text in told.directives:
        lines += ["", f"## Policy of {where} (it overrides everything below)", text.strip()]
    lines += _left(told)
    lines += ["", *(_hooked(told) if told.bead is not None else _nothing(told))]
    lines += told_of(told.remembered)
    return [*lines, *(["", *told.mail] if told.mail else [])]


def _identity(told: Told) -> str:
    session = f" · session {told.session}" if told.session else ""
    return f"[GAS TOWN] {told.agent} · role {told.role or 'overseer'}{session}"


def _continued(told: Told) -> list[str]:
    if told.bead is None:
        return _nothing(told)
    return [f"Go on with {told.bead.id}: {told.bead.title}", "gt prime tells it all again."]


def _left(told: Told) -> list[str]:
    left = ["", "## What the session before you left", told.handoff.strip()] if told.handoff else []
    return [*left, *_how_far(told.checkpoint)]


def _how_far(saved: Checkpoint | None) -> list[str]:
    if saved is None:
        return []
    lines = ["", "## How far this work was, by its last checkpoint"]
    lines += [f"step      {saved.step}"] if saved.step else []
    lines += [f"commit    {saved.last_commit[:12]}"] if saved.last_commit else []
    if saved.changed:
        lines.append(f"changed   {', '.join(saved.changed)}")
    return [*lines, *([saved.notes.strip()] if saved.notes.strip() else [])]


def _nothing(told: Told) -> list[str]:
    return [NOTHING.get(told.role, "Nothing is on your hook.")]


def _hooked(told: Told) -> list[str]:
    bead, work = told.bead, told.work
    if bead is None or work is None:
        return _nothing(told)
    lines = [
        "## YOUR HOOK: do this now. Say in one line what you begin, then begin; ask nobody.",
        f"bead      {bead.id}  P{bead.priority}  {bead.issue_type}",
        f"title     {bead.title}",
        f"work      {work.id}, attempt {work.attempt}, given by {work.dispatched_by}",
    ]
    lines += [f"branch    {work.branch}, to be merged into {work.base}"] if work.branch else []
    lines += [f"earlier   {name} has earlier work on this" for name in told.earlier]
    for title, text in (
        ("what was asked for", work.args),
        ("description", bead.description),
        ("design", bead.design),
        ("done when", bead.acceptance_criteria),
        ("notes", bead.notes),
    ):
        lines += ["", f"### {title}", text.strip()] if text.strip() else []
    lines += ["", *RALPH] if work.ralph else []
    if work.formula:
        lines += ["", f"### steps ({work.formula})"]
        listed = steps(work.base, told.settings)
        lines += [f"{at}. {step.title}: {step.words}" for at, step in enumerate(listed, 1)]
    return lines
