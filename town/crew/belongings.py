"""What an address has besides its folder: letters, nudges, beads, a place in groups, convoys.

They go along when a member gets another name, and are given up when nobody has it any more.
"""

from typing import Final

from msgspec.structs import replace

from ledger.beads.rows import HOOKED, IN_PROGRESS, LIVE, OPEN, Bead
from ledger.private.rows import Row
from ledger.private.store import Change, Dropped, PrivateReader
from ledger.workspace.talk import (
    Convoy,
    Delivery,
    MailGroup,
    Message,
    Nudge,
    Subscription,
)

IN_HAND: Final = (IN_PROGRESS, HOOKED)


def _beads(store: PrivateReader, address: str) -> list[Bead]:
    return list(store.find(Bead, status=LIVE, assignee=address))


def handed(store: PrivateReader, old: str, new: str) -> Change:
    """Whatever the old address had is the new one's."""
    letters = store.find(Delivery, recipient=old)
    nudges = store.find(Nudge, recipient=old)
    groups = [group for group in store.find(MailGroup) if old in group.members]
    told = [one for one in store.find(Subscription) if one.address == old]
    written = store.find(Message, id=tuple(one.message for one in letters))
    puts: list[Row] = [
        *(replace(one, recipient=new) for one in letters),
        *(replace(one, recipient=new) for one in nudges),
        *(replace(one, assignee=new) for one in _beads(store, old)),
        *(replace(one, members=_swapped(one.members, old, new)) for one in groups),
        *(replace(one, recipients=_swapped(one.recipients, old, new)) for one in written),
        *(replace(one, address=new) for one in told),
        *(replace(one, owner=new) for one in store.find(Convoy) if one.owner == old),
    ]
    drops = [Dropped(kind=Delivery, key=one.key) for one in letters]
    drops += [Dropped(kind=Subscription, key=one.key) for one in told]
    return Change(puts=tuple(puts), drops=tuple(drops))


def _swapped(members: tuple[str, ...], old: str, new: str) -> tuple[str, ...]:
    return tuple(new if member == old else member for member in members)


def given_up(store: PrivateReader, address: str, *, now: int) -> Change:
    """Its beads are nobody's and open, its letters are gone; the puts are those beads."""
    beads = [
        replace(
            bead,
            assignee="",
            status=OPEN if bead.status in IN_HAND else bead.status,
            updated_at=now,
        )
        for bead in _beads(store, address)
    ]
    rows: list[Row] = [
        *store.find(Delivery, recipient=address),
        *store.find(Nudge, recipient=address),
    ]
    return Change(
        puts=tuple(beads), drops=tuple(Dropped(kind=type(row), key=row.key) for row in rows)
    )
