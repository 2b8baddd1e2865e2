"""What can be wrong with beads that are all as they should be by themselves: among each other.

Pure. Only an import can bring it, or a setting that was taken back; nothing is repaired here.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from ledger.beads import waiting
from ledger.beads.errors import way_of
from ledger.beads.rows import IN_PROGRESS, STATUSES, TOMBSTONE, TYPES, Bead, Link
from ledger.beads.waiting import OUTSIDE


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check has found: nothing, or what is wrong line by line, and what mends it."""

    name: str
    well: str  # what is so where nothing was found
    wrong: str = ""  # what is so where something was
    lines: Sequence[str] = ()
    mend: tuple[str, ...] = ()


def findings(
    beads: Iterable[Bead],
    links: Sequence[Link],
    *,
    statuses: Collection[str],
    types: Collection[str],
) -> list[Finding]:
    """What each check finds; `statuses` and `types` are the database's own ones."""
    there = [bead for bead in beads if bead.status != TOMBSTONE]
    known = {bead.id for bead in there}
    return [
        _circles(links),
        _ends(links, known),
        _words(there, (*STATUSES, *statuses), (*TYPES, *types)),
        _hands(there),
    ]


def _circles(links: Sequence[Link]) -> Finding:
    ways = waiting.cycles(links)
    return Finding(
        name="circles",
        well="no bead waits for itself",
        wrong="beads wait for each other, so that none of them can begin",
        lines=[way_of(way) for way in ways],
        mend=("bd", "dep", "remove", *ways[0][:2]) if ways else (),
    )


def _ends(links: Sequence[Link], known: Collection[str]) -> Finding:
    """Links that lead nowhere; what is outside is nobody's to know."""
    lost = [
        link
        for link in links
        if link.issue_id in known
        and link.depends_on_id not in known
        and not link.depends_on_id.startswith(OUTSIDE)
    ]
    return Finding(
        name="links",
        well="every link leads to a bead",
        wrong="links lead to beads that are not here; they hold nothing up",
        lines=[f"{link.issue_id} -> {link.depends_on_id} ({link.type})" for link in lost],
        mend=("bd", "dep", "remove", lost[0].issue_id, lost[0].depends_on_id) if lost else (),
    )


def _words(beads: Sequence[Bead], statuses: Collection[str], types: Collection[str]) -> Finding:
    odd = [f"{b.id}: status {b.status}" for b in beads if b.status not in statuses]
    kinds = [f"{b.id}: type {b.issue_type}" for b in beads if b.issue_type not in types]
    setting = "status.custom" if odd else "types.custom"
    return Finding(
        name="words",
        well="every status and type is known",
        wrong="beads have a status or a type that is no word here",
        lines=[*odd, *kinds],
        mend=("bd", "config", "set", setting, "WORDS") if odd or kinds else (),
    )


def _hands(beads: Sequence[Bead]) -> Finding:
    lost = [bead.id for bead in beads if bead.status == IN_PROGRESS and not bead.assignee]
    return Finding(
        name="hands",
        well="whatever is in progress is somebody's",
        wrong="beads are in progress and nobody's, so that nobody takes them up",
        lines=lost,
        mend=("bd", "update", lost[0], "--status", "open") if lost else (),
    )
