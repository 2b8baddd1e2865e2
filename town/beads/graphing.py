"""Beads and what hangs together with them, looked up to be drawn."""

from ledger.beads.choosing import Filter
from ledger.beads.layout import Cluster, around, clusters
from ledger.beads.rows import Link
from town.beads.looking import Looking


class Graphing(Looking):
    """Looks graphs up for one caller."""

    def cluster(self, said: str) -> Cluster:
        """Everything that hangs together with the bead, closed or not. Raises NoBeadError."""
        return self.look(lambda: around(self.near(), self.resolve(said)))

    def clusters(self) -> list[Cluster]:
        """Every bead that a list shows, by what hangs together among them."""

        def work() -> list[Cluster]:
            wanted = Filter()
            beads = list(filter(wanted.test(), self._all(wanted, everything=False)))
            return clusters(beads, self.store.find(Link))

        return self.look(work)
