"""The check that of everything that a convoy follows it can be said why it stands (I9)."""

from collections.abc import Iterator
from typing import Final

from ledger.private.store import Change, Dropped, Seen
from ledger.workspace import invariants
from ledger.workspace.invariants import Held
from ledger.workspace.talk import CLOSED_CONVOY, ConvoyItem
from town.doctor.check import Check, Finding, Patient, of_lines

MEND: Final = "gt doctor --fix"


def _items(patient: Patient) -> Finding:
    lines = (f"{one.subject} {one.why}" for one in invariants.convoy_items(patient.held()))
    silent = (f"{bead} of {convoy} gives no reason" for convoy, bead in _silent(patient))
    return of_lines((*lines, *silent), good="each says why it stands", bad="break it", hint=MEND)


def _silent(patient: Patient) -> Iterator[tuple[str, str]]:
    """The members of convoys that are not closed of which nothing can be said."""
    desk = patient.base.convoys
    for view in desk.look(lambda: desk.views(desk.in_order())):
        for member in view.members:
            if not member.reason.code or not member.reason.words:
                yield view.convoy.id, member.id


def _strays(held: Held) -> list[ConvoyItem]:
    """What is followed by no convoy, and what an open one follows in vain."""
    over = {name for name, convoy in held.convoys.items() if convoy.status == CLOSED_CONVOY}
    return [
        item
        for item in held.convoy_items
        if item.convoy not in held.convoys
        or (item.convoy not in over and item.bead not in held.beads)
    ]


def _mend(patient: Patient) -> None:
    """Nothing is followed that is nowhere; the convoy lands by itself where that was all."""
    desk = patient.base.convoys

    def work() -> tuple[None, Change]:
        gone = _strays(Held.of(desk.store))
        drops = tuple(Dropped(kind=ConvoyItem, key=one.key) for one in gone)
        seen = tuple(Seen(kind=ConvoyItem, key=one.key, row=one) for one in gone)
        return None, Change(drops=drops, seen=seen)

    desk.act("gt doctor --fix", work)


CHECKS = (
    Check(
        name="convoy-items",
        what="whatever a convoy follows says why it stands",
        category="rows",
        look=_items,
        mend=_mend,
    ),
)
