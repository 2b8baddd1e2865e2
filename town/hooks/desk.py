"""The desk of hooks: work is given, looked at, taken back.

Git works outside of every turn, after the change that needs it, and can be repeated: a worktree
that is missing is made by whoever comes next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec.structs import replace

from ledger.beads import ids, rules
from ledger.beads.rows import EPIC, IN_PROGRESS, OPEN, Bead
from ledger.private.store import Change, PrivateStore
from ledger.workspace.rows import CREW, Agent, Rig
from ledger.workspace.talk import CLOSED_CONVOY, OPEN_CONVOY, Convoy, ConvoyItem
from ledger.workspace.work import (
    ACTIVE,
    FAILED,
    HELD,
    SPAWNING,
    WITHDRAWN,
    WORKING,
    Assignment,
)
from town.beads.ports import BeadPorts
from town.hooks.errors import NotWorkError, NoWorkError, StaleError
from town.hooks.sandbox import Author, Sandboxes
from town.hooks.slinging import Order, Slinging, Slung, slingable
from town.hooks.target import Target
from town.workspace.files import read_json
from town.workspace.git import Git, GitError
from town.workspace.install import overseer_of
from town.workspace.layout import Workspace

HQ: Final = "hq"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooked:
    """What is on a hook: nothing, or a bead with its assignment."""

    agent: Agent
    bead: Bead | None = None
    work: Assignment | None = None


class Hooks(Slinging):
    """Who works on what."""

    def __init__(
        self, store: PrivateStore, ports: BeadPorts, workspace: Workspace, git: Git
    ) -> None:
        super().__init__(store, ports)
        self.workspace = workspace
        self.git = git
        self.sandboxes = Sandboxes(workspace, git)

    # --- giving

    def sling(self, order: Order) -> Slung:
        """The bead is on the hook, its worktree ready. Raises HookError, BeadError, GitError.

        Where git cannot make the worktree the work is taken back, and nothing is on the hook.
        """
        settings = self.settings(order.target.rig)
        slung = self.act("gt sling", lambda: self.step(order, settings))
        if slung.work.worktree and slung.fresh:
            try:
                self.furnish(slung.work)
            except GitError as error:
                self._undo(slung, str(error))
                raise
        return slung

    def rehearse(self, order: Order) -> Slung:
        """What an order would come to; nothing is done. Raises HookError, BeadError."""
        settings = self.settings(order.target.rig)
        return self.look(lambda: self.step(order, settings)[0])

    def settings(self, rig: str) -> dict[str, Any]:
        """The settings of a rig; empty for none."""
        return read_json(self.workspace.rig(rig).settings) if rig else {}

    def furnish(self, work: Assignment) -> None:
        """The work's worktree is there, on its branch. Raises GitError."""
        rig = self.look(lambda: self.store.get(Rig, work.rig))
        if rig is None or not work.worktree:
            return
        self.sandboxes.ready(rig, work, self.author(work.agent))
        if not work.furnished_at:
            self.act("gt sling", lambda: (None, self._furnished(work.id)))

    def _furnished(self, work: str) -> Change:
        old = self.store.get(Assignment, work)
        if old is None or old.furnished_at:
            return Change()
        there = replace(old, furnished_at=self.ports.now())
        return Change(puts=(there,), seen=(self.seen(old),))

    def author(self, agent: str) -> Author:
        """Who commits an agent's work: the agent by name, the person by address."""
        return Author(agent, overseer_of(self.workspace).mail)

    def _undo(self, slung: Slung, why: str) -> None:
        def work() -> tuple[None, Change]:
            now = self.store.get(Assignment, slung.work.id)
            bead = self.store.get(Bead, slung.bead.id)
            if now is None or bead is None or now.state != SPAWNING:
                return None, Change()
            opened = rules.moved(bead, OPEN, now=self.ports.now(), assignee="")
            change = Change(puts=(opened,), seen=(self.seen(bead),))
            return None, self.ended(now, FAILED, why) + change

        self.act("gt sling undone", work)

    def several(self, said: Sequence[str]) -> list[str]:
        """The beads that are meant; an epic stands for those below it, a convoy for its own."""

        def work() -> list[str]:
            found: list[str] = []
            for one in said:
                convoy = self.store.get(Convoy, one)
                if convoy is not None:
                    items = self.store.find(ConvoyItem, convoy=convoy.id)
                    beads = [self.store.get(Bead, item.bead) for item in items]
                    found += [bead.id for bead in slingable([bead for bead in beads if bead])]
                    continue
                bead = self.resolve(one)
                below = self._below(bead) if bead.issue_type == EPIC else [bead.id]
                found += below
            return list(dict.fromkeys(found))

        return self.look(work)

    def _below(self, epic: Bead) -> list[str]:
        graph = self.near()
        beads = [self.store.get(Bead, child) for child in graph.below(epic.id)]
        found = [bead.id for bead in slingable([bead for bead in beads if bead is not None])]
        if not found:
            raise NotWorkError(epic.id, "has nothing below it that could be begun")
        return found

    def rig_of(self, bead: str) -> str:
        """The rig that a bead belongs to by its prefix; empty for the town's own."""

        def work() -> str:
            rigs = {rig.prefix: rig.name for rig in self.store.find(Rig)}
            return rigs.get(ids.prefix_of(bead, rigs), "")

        return self.look(work)

    def rigs(self) -> list[str]:
        """The names of the rigs."""
        return self.look(lambda: [rig.name for rig in self.store.find(Rig)])

    # --- looking

    def hooked(self, agent: str) -> Hooked:
        """What is on somebody's hook."""

        def work() -> Hooked:
            found = self.store.get(Agent, agent) or Agent(id=agent)
            held = self.held(agent)
            if held is None:
                return Hooked(agent=found)
            return Hooked(agent=found, bead=self.store.get(Bead, held.bead), work=held)

        return self.look(work)

    def address(self, said: str) -> str:
        """The whole address of a worker that is named shortly, as `RIG/NAME`."""

        def work() -> str:
            if self.store.get(Agent, said) is not None:
                return said
            rig, _, name = said.rstrip("/").partition("/")
            known = [one.id for one in self.store.find(Agent, rig=rig) if one.name == name]
            return known[0] if len(known) == 1 else said.rstrip("/")

        return self.look(work)

    def held(self, agent: str) -> Assignment | None:
        """The assignment on somebody's hook. Only within a turn."""
        found = self.store.find(Assignment, agent=agent, state=HELD)
        return found[0] if found else None

    def all_hooked(self) -> list[Hooked]:
        """Everybody with work on the hook."""

        def work() -> list[Hooked]:
            return [
                Hooked(
                    agent=self.store.get(Agent, one.agent) or Agent(id=one.agent),
                    bead=self.store.get(Bead, one.bead),
                    work=one,
                )
                for one in self.store.find(Assignment, state=HELD)
            ]

        return self.look(work)

    # --- beginning and taking back

    def begin(self, agent: str, *, assignment: str = "") -> Hooked:
        """What is on the hook, begun by who asks: the bead is in progress. Raises StaleError."""

        def work() -> tuple[Hooked, Change]:
            found = self.store.get(Agent, agent) or Agent(id=agent)
            held = self.held(agent)
            if assignment and (held is None or held.id != assignment):
                self._refuse_stale(assignment)
            if held is None:
                return Hooked(agent=found), Change()
            bead = self.store.get(Bead, held.bead)
            if bead is None or held.state != SPAWNING:
                return Hooked(agent=found, bead=bead, work=held), Change()
            now = self.ports.now()
            begun = replace(held, state=WORKING, started_at=held.started_at or now)
            moved = rules.moved(bead, IN_PROGRESS, now=now)
            change = Change(
                puts=(begun, moved),
                events=(self.event("work.begun", bead.id, assignment=held.id),),
                seen=(self.seen(held), self.seen(bead)),
            )
            return Hooked(agent=found, bead=moved, work=begun), change

        return self.act("gt prime", work)

    def _refuse_stale(self, assignment: str) -> None:
        """Raises StaleError where the assignment is not one that is under way."""
        old = self.store.get(Assignment, assignment)
        if old is None or old.state not in ACTIVE:
            raise StaleError(assignment, old.state if old is not None else "unknown")

    def unsling(self, said: str, *, agent: str = "") -> Hooked:
        """The bead is open again, the hook empty; what was done stays on the branch."""

        def work() -> tuple[Hooked, Change]:
            bead: Bead | None
            if said:
                bead = self.resolve(said)
                held = self.assignments(bead.id, HELD)
            else:
                mine = self.held(agent)
                held = [mine] if mine is not None else []
                bead = self.store.get(Bead, mine.bead) if mine is not None else None
            if not held or bead is None:
                raise NoWorkError(agent or said)
            opened = rules.moved(bead, OPEN, now=self.ports.now(), assignee="")
            change = self.ended(held[0], WITHDRAWN, "taken off the hook") + self._let_go(held[0])
            change += Change(puts=(opened,), seen=(self.seen(bead),))
            found = self.store.get(Agent, held[0].agent) or Agent(id=held[0].agent)
            return Hooked(agent=found, bead=opened, work=held[0]), change

        return self.act("gt unsling", work)

    def _let_go(self, work: Assignment) -> Change:
        """The convoy that the sling made for this bead alone gives it to nobody any more."""
        convoy = self.store.get(Convoy, work.convoy) if work.convoy else None
        if convoy is None or not convoy.automatic or convoy.status != OPEN_CONVOY:
            return Change()
        if len(self.store.find(ConvoyItem, convoy=convoy.id)) > 1:
            return Change()
        why = "its work was taken off the hook"
        over = replace(convoy, status=CLOSED_CONVOY, closed_at=self.ports.now(), close_reason=why)
        told = self.event("convoy.closed", convoy.id, reason=why)
        return Change(puts=(over,), events=(told,), seen=(self.seen(convoy),))

    def member(self, target: Target) -> bool:
        """Whether a member of a crew that is meant is there."""
        if target.role != CREW:
            return True
        return self.look(lambda: self.store.get(Agent, target.agent)) is not None
