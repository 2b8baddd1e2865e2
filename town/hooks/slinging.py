"""Giving work to somebody: one step from a bead to an assignment on a hook.

Everything that can refuse is asked before anything is written; what is written is one change. The
worktree follows, and a session after that, both by whoever finds them missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as with_other
from datetime import UTC, datetime
from typing import Any, Final

from msgspec.structs import replace

from ledger.beads import ids, rules
from ledger.beads.rows import (
    DEFERRED,
    EPIC,
    HOOKED,
    OPEN,
    PINNED,
    TASK,
    TERMINAL,
    TOWN_TYPES,
    Bead,
)
from ledger.merging import integration
from ledger.private.store import Change, Seen
from ledger.workspace.link import branch_for
from ledger.workspace.rows import NUKED, OPERATIONAL, POLECAT, Agent, Rig
from ledger.workspace.talk import OPEN_CONVOY, Convoy, ConvoyItem
from ledger.workspace.work import (
    ACTIVE,
    HELD,
    IDLE,
    OPEN_REQUESTS,
    TO_QUEUE,
    WITHDRAWN,
    WORKING,
    Assignment,
    MergeRequest,
    assignment_id,
)
from stamps.clock import SECOND_US
from town.hooks.errors import (
    BusyError,
    FullError,
    NoPlaceError,
    NotWorkError,
    NotYoursToGiveError,
    OtherRigError,
    RestingError,
    TakenError,
)
from town.hooks.pool import names_of, next_name
from town.hooks.sandbox import branch_of, stamp_of
from town.hooks.target import POLECATS, Target
from town.hooks.unqueuing import Unqueuing

CONVOY_PREFIX: Final = "hq-cv"
WORKING_MAX: Final = 25
FORMULA: Final = "mol-polecat-work"
OF_EPIC: Final = "integration_branch_polecat_enabled"
BRANCH_TEMPLATE: Final = "polecat_branch_template"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Work to be given: which bead, to whom, and how."""

    bead: str
    target: Target
    args: str = ""
    merge: str = ""  # empty: as its convoy says, else through the queue
    base: str = ""
    runtime: str = ""
    formula: str = ""
    raw: bool = False  # without a formula: no steps are told
    vars: Mapping[str, str] = field(default_factory=dict)
    no_merge: bool = False
    review_only: bool = False
    ralph: bool = False
    no_convoy: bool = False
    owned: bool = False
    force: bool = False
    template: str = ""  # how its branch is called, as the rig's settings say
    as_before: bool = False  # nobody says how: whatever was said when it was last given holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Slung:
    """What became of an order. `fresh` is false where it had been given to them before."""

    bead: Bead
    agent: Agent
    work: Assignment
    convoy: str = ""
    fresh: bool = True


class Slinging(Unqueuing):
    """Gives work, within a turn."""

    def step(self, order: Order, settings: Mapping[str, Any]) -> tuple[Slung, Change]:
        """What the order comes to, and the change that does it. Raises HookError, BeadError."""
        self._check_caller()
        bead = self.resolve(order.bead)
        rig = self._rig(order, bead)
        held = self.assignments(bead.id, ACTIVE)
        same = [work for work in held if self._is_same(work, order.target)]
        if same and not order.force:
            return self._as_it_is(bead, same[0]), Change()
        self._check_bead(bead, order, held)
        back = self._taken_back(held, order)
        agent, rests = self._agent(order, rig, settings)
        gone = {row.id for row in back.puts if isinstance(row, Bead)}
        off = self._off_the_hook(agent, order, gone)
        work = self._work(self._gathered(order, bead, settings), bead, agent, rig)
        hooked = rules.moved(
            bead, HOOKED, now=self.ports.now(), assignee=agent.id, attempts=0
        )  # whoever gives it out again means that it be tried again
        busy = replace(agent, state=WORKING, hook_bead=bead.id, assignment=work.id)
        convoy, convoy_rows = self._convoy(order, bead)
        work = replace(work, convoy=convoy)
        told = self.event("sling", bead.id, target=agent.id, assignment=work.id, convoy=convoy)
        change = Change(
            puts=(hooked, busy, work, *convoy_rows),
            events=(told,),
            seen=(self.seen(bead), rests, self.missing(Assignment, work.id)),
        )
        slung = Slung(bead=hooked, agent=busy, work=work, convoy=convoy)
        return slung, back + off + change

    def _gathered(self, order: Order, bead: Bead, settings: Mapping[str, Any]) -> Order:
        """The order, its work meant for where its convoy says, or an integration branch above."""
        order = with_other(order, template=str(settings.get(BRANCH_TEMPLATE) or ""))
        convoy = self._following(bead)
        if convoy is not None:
            way, base = order.merge or convoy.merge, order.base or convoy.base_branch
            order = with_other(order, merge=way, base=base)
        queue = settings.get("merge_queue")
        off = isinstance(queue, Mapping) and queue.get(OF_EPIC) is False
        if order.base or off:
            return order
        above = integration.above(bead.id, self.near().parent, self.bead_of)
        return order if above is None else with_other(order, base=integration.branch_of(above))

    # --- what can refuse

    def _check_caller(self) -> None:
        me = self.ports.caller.actor
        if f"/{POLECATS}/" in me:
            raise NotYoursToGiveError(me)

    def _rig(self, order: Order, bead: Bead) -> Rig | None:
        name = order.target.rig
        rig = self.store.get(Rig, name) if name else None
        if rig is None:
            return None
        if rig.state != OPERATIONAL:
            raise RestingError(rig.name, rig.state)
        known = [one.prefix for one in self.store.find(Rig)]
        if ids.prefix_of(bead.id, known) != rig.prefix and not order.force:
            raise OtherRigError(bead.id, rig.name, rig.prefix)
        return rig

    def assignments(self, bead: str, states: Sequence[str]) -> list[Assignment]:
        """The bead's assignments that stand so."""
        return list(self.store.find(Assignment, bead=bead, state=tuple(states)))

    def _is_same(self, work: Assignment, target: Target) -> bool:
        if target.any_worker:
            return work.rig == target.rig
        return work.agent == target.agent

    def _as_it_is(self, bead: Bead, work: Assignment) -> Slung:
        agent = self.store.get(Agent, work.agent) or Agent(id=work.agent)
        return Slung(bead=bead, agent=agent, work=work, convoy=work.convoy, fresh=False)

    def _check_bead(self, bead: Bead, order: Order, held: Sequence[Assignment]) -> None:
        if bead.status in TERMINAL:
            raise NotWorkError(bead.id, f"is {bead.status}; open it again first")
        if bead.issue_type in (EPIC, *TOWN_TYPES):
            raise NotWorkError(bead.id, f"is of type {bead.issue_type}, which nobody works on")
        if bead.title.startswith("-"):
            raise NotWorkError(bead.id, f"is called {bead.title!r}, which looks like an option")
        if order.force:
            return
        if held:
            raise TakenError(bead.id, held[0].agent)
        if bead.status in (DEFERRED, PINNED):
            raise NotWorkError(bead.id, f"is {bead.status}")
        if bead.assignee and bead.status != OPEN:
            raise TakenError(bead.id, bead.assignee)

    # --- what force takes away

    def _taken_back(self, held: Sequence[Assignment], order: Order) -> Change:
        """Whoever works on the bead does so no more."""
        change = Change()
        for work in held if order.force else ():
            change += self.ended(work, WITHDRAWN, "given to somebody else")
            request = self.store.get(MergeRequest, work.request) if work.request else None
            if request is not None and request.state in OPEN_REQUESTS:
                change += self.superseded(request, "given to somebody else")
        return change

    def ended(self, work: Assignment, state: str, outcome: str) -> Change:
        """The assignment is over, and its worker's hook empty."""
        now = self.ports.now()
        over = replace(work, state=state, ended_at=now, outcome=outcome)
        agent = self.store.get(Agent, work.agent)
        change = Change(
            puts=(over,),
            events=(self.event(f"work.{state}", work.bead, assignment=work.id, agent=work.agent),),
            seen=(self.seen(work),),
        )
        if agent is None or agent.assignment != work.id:
            return change
        free = replace(agent, state=IDLE, hook_bead="", assignment="")
        return change + Change(puts=(free,), seen=(self.seen(agent),))

    def _off_the_hook(self, agent: Agent, order: Order, gone: set[str]) -> Change:
        """What the worker had on its hook, but for what is `gone`, is open again; only by force."""
        if not agent.hook_bead:
            return Change()
        if not order.force:
            raise BusyError(agent.id, agent.hook_bead)
        change = Change()
        for work in self.store.find(Assignment, agent=agent.id, state=HELD):
            if work.bead in gone:
                continue
            old = self.store.get(Bead, work.bead)
            over = replace(work, state=WITHDRAWN, ended_at=self.ports.now(), outcome="replaced")
            change += Change(puts=(over,), seen=(self.seen(work),))
            if old is not None and old.id != order.bead and old.status not in TERMINAL:
                opened = rules.moved(old, OPEN, now=self.ports.now(), assignee="")
                change += Change(puts=(opened,), seen=(self.seen(old),))
        return change

    # --- who gets it

    def _agent(
        self, order: Order, rig: Rig | None, settings: Mapping[str, Any]
    ) -> tuple[Agent, Seen]:
        """The worker, and what the step rests on: as it was, or that it was not there."""
        target = order.target
        if target.any_worker and rig is not None:
            free = self._free_worker(rig, settings)
            if free is not None:
                return free, self.seen(free)
            name = self._new_name(rig, settings)
            target = Target(
                rig=rig.name, agent=f"{rig.name}/{POLECATS}/{name}", role=POLECAT, name=name
            )
        known = self.store.get(Agent, target.agent)
        if known is not None and known.role == POLECAT and known.state == NUKED:
            raise NoPlaceError(known.id)
        if known is not None:
            return known, self.seen(known)
        made = Agent(
            id=target.agent, role=target.role, rig=target.rig, name=target.name, state=IDLE,
            created_at=self.ports.now(),
        )  # fmt: skip
        return made, self.missing(Agent, made.id)

    def _free_worker(self, rig: Rig, settings: Mapping[str, Any]) -> Agent | None:
        """The first worker whose hook is empty and whose last work is not under way any more."""
        workers = self.store.find(Agent, rig=rig.name, role=POLECAT)
        busy = [agent for agent in workers if agent.hook_bead]
        most = _number(settings, "operational", "polecat", "working_max", default=WORKING_MAX)
        if len(busy) >= most:
            raise FullError(rig.name, len(busy))
        waiting = {
            request.worker
            for request in self.store.find(MergeRequest, rig=rig.name, state=OPEN_REQUESTS)
        }
        free = [one for one in workers if not one.hook_bead and one.state == IDLE]
        return next((one for one in free if one.id not in waiting), None)

    def _new_name(self, rig: Rig, settings: Mapping[str, Any]) -> str:
        taken = {agent.name for agent in self.store.find(Agent)}
        return next_name(names_of(rig.name, settings), taken)

    # --- what is written

    def _work(self, order: Order, bead: Bead, agent: Agent, rig: Rig | None) -> Assignment:
        now = self.ports.now()
        worker = agent.role == POLECAT
        before = [one for one in self.store.find(Assignment, bead=bead.id) if one.branch]
        again = max(before, key=lambda one: one.created_at, default=None)
        if order.as_before and again is not None:
            order = _as_before(order, again)
        base = order.base or (rig.default_branch if rig is not None else "")
        branch = branch_for(bead, [one.branch for one in before])
        branch = branch or self._templated(order.template, bead, agent, base)
        branch = branch or branch_of(agent.name, bead.id, now)
        return Assignment(
            id=assignment_id(self.ports.new_secret()),
            bead=bead.id,
            agent=agent.id,
            rig=agent.rig,
            branch=branch if worker else "",
            base=again.base if again is not None and not order.base else base,
            worktree=f"{agent.rig}/{POLECATS}/{agent.name}/{agent.rig}" if worker else "",
            runtime=order.runtime,
            formula="" if order.raw else order.formula or (FORMULA if worker else ""),
            args=order.args,
            vars=dict(order.vars),
            merge=order.merge or TO_QUEUE,
            no_merge=order.no_merge,
            review_only=order.review_only,
            ralph=order.ralph,
            dispatched_by=self.ports.caller.actor,
            created_at=now,
        )

    def _templated(self, template: str, bead: Bead, agent: Agent, base: str) -> str:
        """The branch as the settings would have it called; empty where they say nothing usable."""
        if not template:
            return ""
        now = self.ports.now()
        month = datetime.fromtimestamp(now / SECOND_US, UTC)
        name = integration.filled(
            template,
            {
                "user": integration.slug(self.ports.caller.owner.partition("@")[0]),
                "year": f"{month:%Y}", "month": f"{month:%m}", "name": integration.slug(agent.name),
                "issue": bead.id, "description": integration.slug(bead.title),
                "timestamp": stamp_of(now),
            },
        )  # fmt: skip
        taken = {base, *(one.branch for one in self.store.find(Assignment, rig=agent.rig))}
        return integration.free_name(name, taken.__contains__) if name else ""

    def _following(self, bead: Bead) -> Convoy | None:
        """The open convoy that follows the bead; None for none."""
        for item in self.store.find(ConvoyItem, bead=bead.id):
            convoy = self.store.get(Convoy, item.convoy)
            if convoy is not None and convoy.status == OPEN_CONVOY:
                return convoy
        return None

    def _convoy(self, order: Order, bead: Bead) -> tuple[str, tuple[Convoy | ConvoyItem, ...]]:
        """The convoy that follows the bead: the one that does already, else one of its own."""
        there = self._following(bead)
        if there is not None:
            return there.id, ()
        if order.no_convoy:
            return "", ()
        now, me = self.ports.now(), self.ports.caller.actor
        name = ids.new_id(
            CONVOY_PREFIX,
            self.ports.new_secret,
            lambda one: self.store.get(Convoy, one) is not None,
        )
        made = Convoy(
            id=name, title=f"Work: {bead.title}", owner=me, merge=order.merge or TO_QUEUE,
            owned=order.owned, automatic=True, created_at=now, created_by=me,
        )  # fmt: skip
        return name, (made, ConvoyItem(convoy=name, bead=bead.id, added_at=now))


def _as_before(order: Order, work: Assignment) -> Order:
    """The order, with whatever was said when the bead was given the last time."""
    return with_other(
        order, args=work.args, formula=work.formula, vars=work.vars, runtime=work.runtime,
        merge=order.merge or work.merge, no_merge=work.no_merge, review_only=work.review_only,
        ralph=work.ralph, raw=not work.formula,
    )  # fmt: skip


def _number(settings: Mapping[str, Any], *path: str, default: int) -> int:
    """The whole number at this place of the settings."""
    found: Any = settings
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else default


def slingable(beads: Sequence[Bead]) -> list[Bead]:
    """Those that can be given to workers: open work, but no epic and nothing of the town's own."""
    kinds = (TASK, "bug", "feature", "chore", "")
    return [bead for bead in beads if bead.status == OPEN and bead.issue_type in kinds]
