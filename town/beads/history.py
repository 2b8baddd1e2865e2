"""What became of a bead: how it stood after each commit, and who changed it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ledger.beads.rows import Bead
from ledger.private.rows import Event
from ledger.private.store import EVENTS_MAX, Version
from town.beads.looking import Looking

TOLD_US: Final = 1_000  # some events are told a moment behind their change
SILENT: Final = ("updated_at", "created_at")  # they say when, not what


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A bead as it was from a commit on: what that changed, and who did."""

    version: Version
    bead: Bead
    changes: Mapping[str, Sequence[Any]]  # what a field was and is; of a new bead what it is
    actors: Sequence[str]


class History(Looking):
    """Tells the past of beads, for one caller."""

    def history(self, said: str, *, at_most: int = 0) -> tuple[str, list[Past]]:
        """The bead's id, and its past, the newest first. Raises NoBeadError.

        A bead that was deleted still has one, under its whole id.
        """

        def work() -> tuple[str, list[Past]]:
            bead = self.bead_of(said.strip()) or self.resolve(said)
            versions = self.store.versions(Bead, bead.id)
            events = self.store.events_of(bead.id, at_most=EVENTS_MAX)
            return bead.id, _past(versions, events)[: at_most or None]

        return self.look(work)


def _past(versions: Sequence[Version], events: Sequence[Event]) -> list[Past]:
    beads = [version.row for version in versions if isinstance(version.row, Bead)]
    actors = _actors(beads, events)
    return [
        Past(
            version=version,
            bead=bead,
            changes=_between(beads[at + 1] if at + 1 < len(beads) else None, bead),
            actors=actors[at],
        )
        for at, (version, bead) in enumerate(zip(versions, beads, strict=True))
    ]


def _between(old: Bead | None, new: Bead) -> dict[str, Sequence[Any]]:
    """The fields that differ; of the first one those that say something."""
    names = [name for name in new.__struct_fields__ if name not in SILENT]
    if old is None:
        plain = Bead(id="", status="", priority=-1, issue_type="")
        differs = [name for name in names if getattr(new, name) != getattr(plain, name)]
        return {name: (getattr(new, name),) for name in differs if name != "id"}
    pairs = {name: (getattr(old, name), getattr(new, name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _actors(beads: Sequence[Bead], events: Sequence[Event]) -> list[list[str]]:
    """Whoever had a hand in each, as far as events are remembered; several may be one commit."""
    found: list[dict[str, None]] = [{} for _ in beads]
    for event in events:
        later = [at for at, one in enumerate(beads) if one.updated_at + TOLD_US >= event.at]
        if later and event.actor:
            found[later[-1]][event.actor] = None
    return [list(names) for names in found]
