"""Beads that commits name as theirs and nobody closed: found in a project's history, and closed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.beads.choosing import Filter
from ledger.beads.errors import BeadError
from ledger.beads.naming import COMMIT_FORMAT, Commit, naming
from ledger.beads.rows import IN_PROGRESS, OPEN, Bead
from ledger.private.store import Change
from town.beads.looking import Looking

COMMITS_MAX: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """A bead that is open, and the newest commit that names it."""

    bead: Bead
    commit: Commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What became of an orphan: it is closed, or `why` it is not."""

    bead: Bead
    why: str = ""


class Orphans(Looking):
    """Finds orphans for one caller."""

    def orphans(
        self, ask: Callable[[Sequence[str]], str], wanted: Filter, *, every_branch: bool = False
    ) -> list[Orphan]:
        """The open beads that a project's history names; `ask` is what its git answers."""
        where = ("--all",) if every_branch else ()
        log = ask(("log", f"--format={COMMIT_FORMAT}", f"--max-count={COMMITS_MAX}", *where, "--"))

        def work() -> list[Orphan]:
            live = filter(wanted.test(), self.live().values())
            beads = {bead.id: bead for bead in live if bead.status in (OPEN, IN_PROGRESS)}
            found = naming(log, beads)
            return [Orphan(bead=beads[bead], commit=found[bead]) for bead in sorted(found)]

        return self.look(work)

    def adopt(self, orphans: Sequence[Orphan]) -> list[Adopted]:
        """Each that can be is closed, in one step; of the others the reason is told."""

        def work() -> tuple[list[Adopted], Change]:
            told: list[Adopted] = []
            done: dict[str, Bead] = {}
            change = Change()
            for one in orphans:
                old = self.resolve(one.bead.id)
                try:
                    new = self._closed(old, done, reason=f"Implemented in {one.commit.name}")
                except BeadError as error:
                    told.append(Adopted(bead=old, why=str(error)))
                    continue
                done[new.id] = new
                change += self.changed(old, new, "bead.closed")
                told.append(Adopted(bead=new))
            return told, change

        return self.act("bd orphans --fix", work)
