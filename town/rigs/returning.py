"""A rig that left the town and whose folder stayed: it comes back with everything that lies in it.

Nothing is fetched and no file is changed; what the folder says is written as rows again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ledger.beads import ids
from ledger.private.rows import Row
from ledger.private.store import Change
from ledger.workspace.rows import CREW, POLECAT, Agent, Rig, Worktree
from town.agents.address import of_crew, of_polecat
from town.rigs import names
from town.rigs.desk import ADD
from town.rigs.errors import NoRepositoryError
from town.rigs.remotes import ORIGIN, UPSTREAM
from town.rigs.removing import Removing
from town.workspace.files import read_json
from town.workspace.layout import RigFolder, checked_rig

HEADS = "refs/heads/"


class Returning(Removing):
    """Brings rigs back whose folders stayed."""

    def is_here(self, name: str, path: Path) -> bool:
        """Whether the path is the folder that a rig of this name left in the town."""
        place = self.workspace.rig(name)
        return path == place.path and place.repository.is_dir()

    def back(self, name: str, *, prefix: str = "") -> Rig:
        """The rig is part of the town again. Raises RigError, BadNameError, BadFileError."""
        place = self.workspace.rig(checked_rig(name))
        rig = self._as_it_was(place, prefix)
        self.clear_dead()

        def work() -> tuple[Rig, Change]:
            names.check_name(self.store, name, place)
            names.check_prefix(self.store, rig.prefix, rig=name, towns=self.towns_prefix())
            taken = (names.name_row(name), names.prefix_row(rig.prefix, name))
            unique: tuple[Row, ...] = (rig, *taken)
            now = self.ports.now()
            people = (*self._crew(place, rig, now), *_workers(place, rig, now))
            told = self.event("rig.added", name, prefix=rig.prefix, before=True)
            change = Change(
                puts=(*unique, *self.own_rows(rig, place, now), *people),
                events=(told,),
                seen=tuple(self.missing(type(row), *row.key) for row in unique),
            )
            return rig, change

        found = self.act(ADD, work)
        self.publish()
        return found

    def _as_it_was(self, place: RigFolder, prefix: str) -> Rig:
        at = place.repository
        if not self.git.tells("rev-parse", "--git-dir", at=at):
            raise NoRepositoryError(str(at))
        told: dict[str, Any] = read_json(place.config)
        beads = told.get("beads")
        had = str(beads.get("prefix") or "") if isinstance(beads, dict) else ""
        name = place.path.name
        return Rig(
            name=name,
            prefix=ids.checked_prefix(prefix or had or ids.derived_prefix(name)),
            git_url=self._setting(at, f"remote.{ORIGIN}.url"),
            push_url=self._setting(at, f"remote.{ORIGIN}.pushurl"),
            upstream_url=self._setting(at, f"remote.{UPSTREAM}.url"),
            fewer=self._setting(at, f"remote.{ORIGIN}.partialclonefilter"),
            folders=self._folders(place.refinery),
            default_branch=self.git.run("symbolic-ref", "HEAD", at=at).strip().removeprefix(HEADS),
            added_at=self.ports.now(),
            added_by=self.ports.caller.actor,
        )

    def _setting(self, at: Path, name: str) -> str:
        known = self.git.tells("config", "--get", name, at=at)
        return self.git.run("config", "--get", name, at=at).strip() if known else ""

    def _folders(self, refinery: Path) -> tuple[str, ...]:
        """The folders of a sparse checkout; empty for all."""
        if not refinery.is_dir() or self._setting(refinery, "core.sparseCheckout") != "true":
            return ()
        return tuple(self.git.run("sparse-checkout", "list", at=refinery).splitlines())

    def _crew(self, place: RigFolder, rig: Rig, now: int) -> Iterator[Row]:
        """The members whose clones lie in the folder."""
        for clone in sorted(place.crew.glob("*/.git")):
            name = clone.parent.name
            address = of_crew(rig.name, name).text
            yield Agent(
                id=address, role=CREW, rig=rig.name, name=name, state="idle", created_at=now
            )
            path = str(clone.parent.relative_to(self.workspace.root))
            yield Worktree(path=path, rig=rig.name, agent=address, made_at=now)


def _workers(place: RigFolder, rig: Rig, now: int) -> Iterator[Row]:
    """The workers whose worktrees lie in the folder."""
    for mark in sorted(place.polecats.glob(f"*/{rig.name}/.git")):
        name = mark.parent.parent.name
        address = of_polecat(rig.name, name).text
        yield Agent(id=address, role=POLECAT, rig=rig.name, name=name, state="idle", created_at=now)
