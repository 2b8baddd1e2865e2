"""Beads that say the same: found, and made one."""

from collections.abc import Sequence

from ledger.beads import alike, rules
from ledger.beads.alike import Pair, Weighed
from ledger.beads.errors import BadFieldError
from ledger.beads.rows import TERMINAL, TOMBSTONE, Bead, Link
from ledger.private.store import Change
from town.beads.finding import joined
from town.beads.linking import Linking

DUPLICATES = "duplicates"


class Likening(Linking):
    """Finds beads that are alike, for one caller."""

    def duplicates(self) -> list[list[Weighed]]:
        """Beads with the same words, in groups; the one that stays is the first."""
        return self.look(self._groups)

    def _groups(self) -> list[list[Weighed]]:
        whole = self.whole()
        work = [b for b in self.store.find(Bead) if b.status != TOMBSTONE and not b.ephemeral]

        def ends(bead: str) -> tuple[int, int]:
            return len(whole.graph.needed(bead)), len(whole.graph.needs(bead))

        return alike.same(work, ends)

    def merge_duplicates(self) -> list[tuple[Bead, Bead]]:
        """Of each group of live beads all but the first are closed, and linked to it; the pairs."""

        def work() -> tuple[list[tuple[Bead, Bead]], Change]:
            groups = [g for g in self._groups() if g[0].bead.status not in TERMINAL]
            pairs = [(one.bead, group[0].bead) for group in groups for one in group[1:]]
            return pairs, joined(self._merged(*pair) for pair in pairs) + self._links(pairs)

        return self.act("bd duplicates", work)

    def _merged(self, old: Bead, stays: Bead) -> Change:
        closed = rules.closed(old, now=self.ports.now(), reason=f"Duplicate of {stays.id}")
        return self.changed(old, closed, "bead.closed")

    def _links(self, pairs: Sequence[tuple[Bead, Bead]]) -> Change:
        """One step for all links: each bead says whose duplicate it is."""
        links: list[Link] = []
        for old, stays in pairs:
            if self.store.get(Link, old.id, stays.id) is None:
                links.append(self.asked_link(old.id, stays.id, DUPLICATES))
        return self.linked(links)

    def similar(self, *, least: float, statuses: tuple[str, ...] = ()) -> list[Pair]:
        """Pairs of beads in much the same words. Raises BadFieldError."""
        if not 0 < least <= 1:
            raise BadFieldError("threshold", f"is more than 0 and at most 1, not {least}")

        def work() -> list[Pair]:
            live = self.live().values()
            beads = self.store.find(Bead, status=statuses) if statuses else [*live]
            return alike.similar([b for b in beads if b.status != TOMBSTONE], least=least)

        return self.look(work)
