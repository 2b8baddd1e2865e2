"""Checks of what must hold among the rows, and what can be mended of it without losing anything.

Which rules there are stands in `ledger.workspace.invariants`; each is a check of its own.
"""

from collections.abc import Callable, Iterable
from typing import Final

from msgspec.structs import replace

from ledger.beads import rules
from ledger.beads.rows import CLOSED, HOOKED, OPEN, Bead, Comment, Link
from ledger.private.rows import Row
from ledger.private.store import Change, Dropped, PrivateStore, Seen
from ledger.workspace import invariants
from ledger.workspace.invariants import Broken, Held
from ledger.workspace.rows import ADDING, Agent, Taken
from ledger.workspace.talk import Delivery
from ledger.workspace.work import HELD
from town.doctor.check import Check, Finding, Mend, Patient, of_lines
from town.workspace.settings_file import town_settings

ROWS = "rows"
BY_HAND: Final = "Look at it with gt show or bd show, and set it right by hand."
MEND: Final = "gt doctor --fix"
Change_ = Callable[[Held, int], Change]


def _seen(*rows: Row) -> tuple[Seen, ...]:
    return tuple(Seen(kind=type(row), key=row.key, row=row) for row in rows)


def _put(old: Row, new: Row) -> Change:
    return Change(puts=(new,), seen=_seen(old))


def _drop(row: Row) -> Change:
    return Change(drops=(Dropped(kind=type(row), key=row.key),), seen=_seen(row))


def _all(changes: Iterable[Change]) -> Change:
    return sum(changes, Change())


def _links(held: Held, now: int) -> Change:
    """Links and comments without their beads are gone."""
    del now
    gone: list[Link | Comment] = [
        link
        for link in held.links
        if any(
            end not in held.beads and not end.startswith(invariants.ELSEWHERE)
            for end in (link.issue_id, link.depends_on_id)
        )
    ]
    gone += [comment for comment in held.comments if comment.issue_id not in held.beads]
    return _all(map(_drop, gone))


def _closed_at(held: Held, now: int) -> Change:
    """A closed bead has the moment at which it was last changed, another one none."""
    wrong = {one.subject for one in invariants.closed_at(held)}
    beads = (held.beads[name] for name in wrong)
    return _all(
        _put(bead, replace(bead, closed_at=(bead.updated_at or now) if _is_closed(bead) else 0))
        for bead in beads
    )


def _is_closed(bead: Bead) -> bool:
    return bead.status == CLOSED


def _hooks(held: Held, now: int) -> Change:
    """A hook whose bead is not owned is empty; a hooked bead on nobody's hook is open again."""
    change = Change()
    freed: set[str] = set()
    in_hand = {work.id for work in held.assignments if work.state in HELD}
    for agent in held.agents.values():
        bead = held.beads.get(agent.hook_bead)
        lost = agent.hook_bead and (bead is None or bead.status not in invariants.OWNED)
        if lost and agent.assignment not in in_hand:
            change += _put(agent, replace(agent, hook_bead="", assignment="", state="idle"))
            freed.add(agent.id)
    hooked = {a.hook_bead for a in held.agents.values() if a.id not in freed}
    assigned = {work.bead for work in held.assignments if work.state in HELD}
    for bead in held.beads.values():
        if bead.status == HOOKED and bead.id not in hooked | assigned:
            change += _put(bead, rules.moved(bead, OPEN, now=now, assignee=""))
    return change


def _letters(held: Held, now: int) -> Change:
    """A box has letters only."""
    del now
    gone: list[Delivery] = [one for one in held.deliveries if one.message not in held.messages]
    return _all(map(_drop, gone))


def _prefixes(held: Held, now: int) -> Change:
    """Names of rigs that are no more are free."""
    del now
    known = {rig.name for rig in held.rigs}
    gone: list[Taken] = [row for row in held.taken if row.rig not in known]
    return _all(map(_drop, gone))


def _unmade(held: Held, now: int) -> Change:
    """A rig that nobody adds is no more."""
    del now
    at_work = {one.name for one in held.making}
    gone = [rig for rig in held.rigs if rig.state == ADDING and rig.name not in at_work]
    names = {rig.name for rig in gone}
    taken = [row for row in held.taken if row.rig in names]
    agents: list[Agent] = [one for one in held.agents.values() if one.rig in names]
    return _all(map(_drop, (*gone, *taken, *agents)))


def _check(
    name: str,
    what: str,
    rule: Callable[[Held], Iterable[Broken]],
    mend: Change_ | None = None,
    hint: str = BY_HAND,
) -> Check:
    """The check that this rule holds."""

    def look(patient: Patient) -> Finding:
        lines = (f"{one.subject} {one.why}" for one in rule(patient.held()))
        return of_lines(lines, good="holds", bad="break it", hint=MEND if mend else hint)

    return Check(
        name=name, what=what, category=ROWS, look=look, mend=_mender(mend) if mend else None
    )


def _mender(change_of: Change_) -> Mend:
    def mend(patient: Patient) -> None:
        def work() -> tuple[None, Change]:
            store: PrivateStore = patient.base.store
            return None, change_of(Held.of(store), patient.now)

        patient.base.rigs.act("gt doctor --fix", work)

    return mend


def _capacity(patient: Patient) -> Finding:
    capacity = town_settings(patient.workspace).read().scheduler.max_polecats
    found = invariants.working_at_once(patient.held(), capacity)
    return of_lines(
        (f"{one.subject} {one.why}" for one in found),
        good="within what there may be",
        bad="too much at once",
        hint="It passes as they end; gt config set scheduler.max_polecats changes it.",
        status="warning",
    )


CHECKS = (
    _check("one-assignment", "a bead is in one worker's hands", invariants.one_assignment),
    _check("hooks", "hooks and their beads know each other", invariants.hooks, _hooks),
    _check("sessions-known", "every session is an agent's", invariants.sessions_known),
    _check("merged-beads", "what is merged has its commit", invariants.merged_beads),
    _check("requests-kept", "what was handed in is a request", invariants.requests_kept),
    _check("gates-passed", "what was merged passed the gates", invariants.gates_passed),
    _check("letters-there", "boxes hold letters", invariants.letters_there, _letters),
    _check("links-end", "links end at beads", invariants.links_end, _links),
    _check(
        "no-circles", "no beads wait for each other", invariants.no_circles,
        hint="Take one of the links away: bd dep remove <bead> <bead>",
    ),
    _check("closed-at", "closed beads have a moment", invariants.closed_at, _closed_at),
    _check("prefixes", "no two rigs' beads begin alike", invariants.prefixes, _prefixes),
    _check("rigs-made", "every rig is whole or being made", invariants.rigs_made, _unmade),
    _check("items-linked", "claimed items have a bead each", invariants.items_linked),
    Check(name="working-at-once", what="no more work than may be", category=ROWS, look=_capacity),
)  # fmt: skip
