"""Closed beads that nobody needs any more are deleted, many at once: old work, and wisps."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ledger.beads.errors import InTownError
from ledger.beads.rows import CLOSED, TERMINAL, Bead, Comment, Link
from ledger.private.store import Change, Dropped
from town.beads.desk import Beads


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was deleted, or would be; what stays because something that is not closed needs it."""

    beads: Sequence[Bead]
    links: int
    needed: Sequence[Bead]


class Pruning(Beads):
    """Deletes closed beads of a project for one caller."""

    def prune(
        self, *, before: int = 0, pattern: str = "*", wisps: bool = False, dry: bool = True
    ) -> Pruned:
        """Closed beads are no more: wisps, or work; closed before a moment, of a pattern of ids.

        Pinned ones and what something live is linked to stay. Raises InTownError.
        """

        def work() -> tuple[Pruned, Change]:
            if self.in_town():
                raise InTownError("are not swept out")
            mark = self.mark()
            old = [bead for bead in self.store.find(Bead, status=CLOSED) if _meant(bead, wisps)]
            old = [bead for bead in old if fnmatchcase(bead.id, pattern)]
            meant = {b.id: b for b in old if not before or 0 < b.closed_at < before}
            links = [x for x in self.store.find(Link) if {x.issue_id, x.depends_on_id} & {*meant}]
            needed = {x.depends_on_id for x in links if self._is_live(x.issue_id)}
            gone = {one: bead for one, bead in meant.items() if one not in needed}
            cut = {x.key: x for x in links if {x.issue_id, x.depends_on_id} & {*gone}}
            stay = [bead for one, bead in meant.items() if one in needed]
            told = Pruned(beads=list(gone.values()), links=len(cut), needed=stay)
            if dry or not gone:
                return told, Change()
            if not wisps:
                return told, self._deleted(gone, cut, mark)
            return told, self._dropped(gone) + self.linked((), cut=cut.values(), mark=mark)

        return self.act("bd purge" if wisps else "bd prune", work)

    def _is_live(self, bead: str) -> bool:
        found = self.bead_of(bead)
        return found is not None and found.status not in TERMINAL

    def _dropped(self, beads: dict[str, Bead]) -> Change:
        """Wisps leave nothing behind: no file has ever named them."""
        words = [one for one in self.store.find(Comment) if one.issue_id in beads]
        rows = [*beads.values(), *words]
        return Change(
            drops=tuple(Dropped(kind=type(row), key=row.key) for row in rows),
            events=tuple(self.event("bead.deleted", b.id, title=b.title) for b in beads.values()),
            seen=tuple(self.seen(bead) for bead in beads.values()),
        )


def _meant(bead: Bead, wisps: bool) -> bool:  # noqa: FBT001
    return bead.ephemeral == wisps and not bead.pinned
