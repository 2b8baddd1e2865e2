"""Staging convoys: what can be begun together is worked out before anything is, then launched.

What cannot run at all is refused with every fault at once; what is odd is a warning, and then a
launch needs `--force`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from ledger.beads import ids
from ledger.beads.rows import BLOCKING, EPIC, PARENT_CHILD, TERMINAL, Bead
from ledger.private.store import Change
from ledger.workspace import convoys
from ledger.workspace.rows import OPERATIONAL, Rig
from ledger.workspace.talk import OPEN_CONVOY, STAGED, STAGED_WARNINGS, STAGES, Convoy
from town.convoys.desk import Convoys, NewConvoy
from town.convoys.errors import BadConvoyError, NoConvoyError, StageError, WarnedError
from town.convoys.members import rigs_by_prefix

WAVE_MAX: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A convoy that can be launched: its waves, and what is odd about it."""

    convoy: Convoy
    waves: Sequence[Sequence[str]]
    warnings: Sequence[str]


@dataclass(slots=True)
class _Found:
    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    waves: list[list[str]] = field(default_factory=list)


class Staging(Convoys):
    """Stages and launches convoys."""

    def stage(self, said: Sequence[str], *, title: str = "", launch: bool = False) -> Staged:
        """The convoy of an epic, of some beads, or one that is there. Raises StageError.

        With `launch` it is launched too, unless there are warnings.
        """

        def work() -> tuple[Staged, Change]:
            old = self._staged_already(said)
            beads = self._to_stage(said, old)
            found = self._judged(beads)
            if found.faults:
                raise StageError(found.faults)
            status = STAGED_WARNINGS if found.warnings else OPEN_CONVOY if launch else STAGED
            convoy, change = self._as_staged(said, old, beads, title=title, status=status)
            return Staged(convoy=convoy, waves=found.waves, warnings=found.warnings), change

        return self.act("gt convoy stage", work)

    def launch(self, said: Sequence[str], *, force: bool = False) -> Staged:
        """The convoy is open, so that its first wave is given to workers. Raises WarnedError."""
        if not self._is_convoy(said):
            staged = self.stage(said)
            said = (staged.convoy.id,)

        def work() -> tuple[Staged, Change]:
            convoy = self.convoy(said[0])
            found = self._judged([b for _, b in self.beads(convoy.id) if b is not None])
            if convoy.status not in STAGES:
                raise BadConvoyError(f"{convoy.id} is {convoy.status}, so it cannot be launched")
            if found.faults:
                raise StageError(found.faults)
            if found.warnings and not force:
                raise WarnedError(convoy.id)
            new = replace(convoy, status=OPEN_CONVOY, changed_at=self.ports.now())
            told = self.event("convoy.launched", convoy.id, waves=len(found.waves))
            change = Change(puts=(new,), events=(told,), seen=(self.seen(convoy),))
            return Staged(convoy=new, waves=found.waves, warnings=found.warnings), change

        return self.act("gt convoy launch", work)

    def _is_convoy(self, said: Sequence[str]) -> bool:
        return self.look(lambda: self._staged_already(said) is not None)

    def _staged_already(self, said: Sequence[str]) -> Convoy | None:
        if len(said) != 1:
            return None
        try:
            return self.convoy(said[0])
        except NoConvoyError:
            return None

    def _to_stage(self, said: Sequence[str], old: Convoy | None) -> list[Bead]:
        if old is not None:
            return [bead for _, bead in self.beads(old.id) if bead is not None]
        beads = [self.resolve(one) for one in said]
        if len(beads) == 1 and beads[0].issue_type == EPIC:
            return self.below(beads[0].id)
        return list({bead.id: bead for bead in beads}.values())

    def _as_staged(
        self,
        said: Sequence[str],
        old: Convoy | None,
        beads: Sequence[Bead],
        *,
        title: str,
        status: str,
    ) -> tuple[Convoy, Change]:
        if old is None:
            first = self.resolve(said[0])
            wanted = NewConvoy(title=title or first.title)
            return self.made(wanted, beads, status=status)
        if old.status not in STAGES and self.busy_with(beads):
            raise BadConvoyError(f"{old.id} is under way")
        new = replace(old, status=status, title=title or old.title, changed_at=self.ports.now())
        told = self.event("convoy.staged", old.id, status=status)
        return new, Change(puts=(new,), events=(told,), seen=(self.seen(old),))

    def busy_with(self, beads: Sequence[Bead]) -> bool:
        """Whether somebody works on one of the beads."""
        near = self.near()
        found = [self.standing(bead, near) for bead in beads]
        return any(one.work is not None or one.request is not None for one in found)

    def _judged(self, beads: Sequence[Bead]) -> _Found:
        found = _Found()
        left = {bead.id: bead for bead in beads if bead.status not in TERMINAL}
        found.waves, circle = convoys.waves({one: self._needs(one) for one in left})
        if circle:
            found.faults.append(f"they wait for each other: {', '.join(circle)}")
        rigs = self.store.made((Rig,), rigs_by_prefix)
        homes: dict[str, None] = {}
        for name in left:
            rig = rigs.get(ids.prefix_of(name, rigs))
            if rig is None:
                found.faults.append(f"{name}: its prefix is that of no rig")
                continue
            homes[rig.name] = None
            if rig.state != OPERATIONAL:
                found.warnings.append(f"{name}: rig {rig.name} is {rig.state}")
        found.warnings += self._odd(left, homes)
        found.warnings += [
            f"wave {number} has {len(wave)} beads, more than {WAVE_MAX} workers"
            for number, wave in enumerate(found.waves, 1)
            if len(wave) > WAVE_MAX
        ]
        return found

    def _odd(self, left: dict[str, Bead], homes: dict[str, None]) -> list[str]:
        """What lies outside of the convoy and yet decides about it."""
        odd = [f"it spans {len(homes)} rigs: {', '.join(homes)}"] if len(homes) > 1 else []
        for name in left:
            near = self.near()
            outside = [b.id for b in near.blockers(name) if b.id not in left and b.how == "open"]
            if outside:
                odd.append(f"{name} waits for {', '.join(outside)}, which it does not follow")
        return odd

    def _needs(self, bead: str) -> list[str]:
        links = self.near().needs(bead)
        return [
            link.depends_on_id
            for link in links
            if link.type in BLOCKING and link.type != PARENT_CHILD
        ]
