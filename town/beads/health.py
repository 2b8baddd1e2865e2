"""How the beads of a database stand among each other, and with the file that git keeps of them."""

from typing import Final

from ledger.beads.errors import BeadError
from ledger.beads.health import Finding, findings
from ledger.beads.rows import Bead, Link
from town.beads.syncing import Place, Syncing

FILE: Final = "file"
SYNC: Final = ("bd", "sync")


class Health(Syncing):
    """Looks after the beads of one database, for one caller; changes nothing."""

    def findings(self, place: Place | None) -> list[Finding]:
        """What each check finds; of the file only where there is one."""

        def work() -> list[Finding]:
            return findings(
                self.store.find(Bead),
                self.store.find(Link),
                statuses=self.statuses(),
                types=self.own_types(),
            )

        return [*self.look(work), *([self._of_file(place)] if place is not None else [])]

    def _of_file(self, place: Place) -> Finding:
        """Whether the file and the database have the same beads."""
        name, well = place.path.name, "the file of beads is as the database is"
        try:
            found = self.sync(place, dry_run=True)
        except BeadError as error:
            return Finding(
                name=FILE, well=well, wrong=f"{name} cannot be taken in", lines=[str(error)]
            )
        come = [*found.imported.new, *found.imported.changed]
        lines = [f"{len(come)} would come in"] if come else []
        lines += [f"{len(found.given)} would go out"] if found.given else []
        wrong = f"{name} and the database differ"
        return Finding(name=FILE, well=well, wrong=wrong, lines=lines, mend=SYNC if lines else ())
