"""Clearing what is left over in a rig: what sessions left, old letters, beads that nobody works on.

Rows alone, in one step: no file is touched, and whatever somebody works on is left alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from ledger.beads import ids, rules
from ledger.beads.rows import HOOKED, IN_PROGRESS, OPEN, Bead
from ledger.private.store import Change, Dropped
from ledger.workspace.rows import CREW, NUKED, POLECAT, Agent, Rig
from ledger.workspace.talk import ARCHIVED, Delivery, Message
from ledger.workspace.work import ACTIVE, OPEN_REQUESTS, Assignment, Handoff, MergeRequest
from town.agents.address import parsed
from town.beads.finding import Finding
from town.rigs.errors import NoRigError

RESET: Final = "gt rig reset"
OLD_US: Final = 24 * 3_600_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of a rig is to be cleared, of agents of which role; of any where none is named."""

    handoff: bool = False
    mail: bool = False
    stale: bool = False
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """What is left over: for whom, how many letters in whose box, which beads of whom."""

    handoffs: Sequence[str] = ()
    letters: Mapping[str, int] = field(default_factory=dict)
    beads: Sequence[tuple[str, str]] = ()


class Resetting(Finding):
    """Clears rigs for one caller."""

    def found(self, rig: str, asked: Asked) -> Reset:
        """What would be cleared. Raises NoRigError."""
        return self.look(lambda: self._step(rig, asked)[0])

    def reset(self, rig: str, asked: Asked) -> Reset:
        """What was cleared. Raises NoRigError."""
        return self.act(RESET, lambda: self._step(rig, asked))

    def _step(self, rig: str, asked: Asked) -> tuple[Reset, Change]:
        if self.store.get(Rig, rig) is None:
            raise NoRigError(rig, [one.name for one in self.store.find(Rig)])
        agents = [one for one in self.store.find(Agent, rig=rig) if asked.role in ("", one.role)]
        left = self._left(agents) if asked.handoff else []
        boxes = self._old(agents) if asked.mail else []
        beads = list(self._stale(rig, asked.role)) if asked.stale else []
        letters: dict[str, int] = {}
        for box in boxes:
            letters[box.recipient] = letters.get(box.recipient, 0) + 1
        told = Reset(
            handoffs=[one.agent for one in left],
            letters=letters,
            beads=[(bead.id, bead.assignee) for bead in beads],
        )
        return told, self._cleared(rig, left, boxes, beads)

    def _cleared(
        self, rig: str, left: Sequence[Handoff], boxes: Sequence[Delivery], beads: Sequence[Bead]
    ) -> Change:
        if not (left or boxes or beads):
            return Change()
        now = self.ports.now()
        away = tuple(replace(box, state=ARCHIVED) for box in boxes)
        change = Change(
            puts=away,
            drops=tuple(Dropped(kind=Handoff, key=one.key) for one in left),
            events=(self.event("rig.reset", rig, handoffs=len(left), letters=len(boxes)),),
            seen=(*map(self.seen, left), *map(self.seen, boxes)),
        )
        for bead in beads:
            opened = rules.moved(bead, OPEN, now=now, assignee="")
            change += self.changed(bead, opened, "bead.updated")
        return change

    def _left(self, agents: Sequence[Agent]) -> list[Handoff]:
        rows = (self.store.get(Handoff, one.id) for one in agents)
        return [row for row in rows if row is not None]

    def _old(self, agents: Sequence[Agent]) -> list[Delivery]:
        """Letters older than a day in these boxes; one that is to stay stays."""
        before = self.ports.now() - OLD_US
        return [
            box
            for agent in agents
            for box in self.store.find(Delivery, recipient=agent.id)
            if box.state != ARCHIVED and box.sent_at < before and not self._stays(box)
        ]

    def _stays(self, box: Delivery) -> bool:
        letter = self.store.get(Message, box.message)
        return letter is not None and (letter.pinned or letter.permanent)

    def _stale(self, rig: str, role: str) -> Iterator[Bead]:
        """Beads of the rig that are said to be somebody's who cannot be working on them."""
        rigs = {one.prefix: one.name for one in self.store.find(Rig)}
        for bead in self.store.find(Bead, status=(HOOKED, IN_PROGRESS)):
            if rigs.get(ids.prefix_of(bead.id, rigs)) != rig or not self._is_left(bead, role):
                continue
            held = self.store.find(Assignment, bead=bead.id, state=ACTIVE)
            waits = self.store.find(MergeRequest, bead=bead.id, state=OPEN_REQUESTS)
            if not held and not waits:
                yield bead

    def _is_left(self, bead: Bead, role: str) -> bool:
        """Whether it is a worker's, or that of a member who is gone; people work by hand too."""
        who = parsed(bead.assignee)
        if who is None or who.role not in (POLECAT, CREW) or role not in ("", who.role):
            return False
        agent = self.store.get(Agent, bead.assignee)
        return who.role == POLECAT or agent is None or agent.state == NUKED
