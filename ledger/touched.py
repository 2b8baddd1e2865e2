"""Which subjects a record touches: what must be folded again when it comes, goes or counts.

Pure. It errs on the side of too many: a subject folded twice gives the same rows.
"""

from collections.abc import Iterable
from typing import Protocol

from ledger.people import link_id
from stamps.kinds import ITEM_DECISION_KINDS
from stamps.record import Record


class Finder(Protocol):
    """Enough of the world to resolve what a record is about."""

    @property
    def wasteland(self) -> str:
        """The id of the wasteland."""
        ...

    def record(self, record_id: str) -> Record | None:
        """The held record of this id."""
        ...


def subjects_of(finder: Finder, record: Record) -> Iterable[str]:
    """The subjects to fold again for a record: items, accounts, links, stamps by id."""
    if record.scope == "identity":
        return _identity_subjects(record)
    if record.kind == "stamp.revoke":
        return _stamp_subjects(finder, record)
    if record.kind == "rig.join":
        return (record.account,)
    if record.kind in ("wanted.post", "stamp.give"):
        return (record.id,)
    return (record.about,) if record.about not in ("", finder.wasteland) else ()


def _identity_subjects(record: Record) -> Iterable[str]:
    if record.kind != "rig.link":
        return (record.account,)
    other = record.body["other"]
    return (record.account, other, link_id(record.account, other))


def _stamp_subjects(finder: Finder, record: Record) -> Iterable[str]:
    """A stamp lies with its giver's record, or with the item whose acceptance gave it."""
    given = finder.record(record.about)
    if given is not None and given.kind in ITEM_DECISION_KINDS:
        return (given.about,)
    return (record.about,)
