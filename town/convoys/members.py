"""The members of a convoy with the rows around them, as its rules want them.

Everything here is for use within a turn. A member of any project is a row of the same database.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledger.beads import ids
from ledger.beads.rows import Bead
from ledger.beads.waiting import Graph
from ledger.merging.queue import rests
from ledger.private.store import PrivateReader, PrivateStore
from ledger.workspace import convoys
from ledger.workspace.convoys import Dispatch, Reason, Standing
from ledger.workspace.rows import POLECAT, Agent, Rig
from ledger.workspace.talk import OPEN_CONVOY, STAGES, Convoy, ConvoyItem, Subscription
from ledger.workspace.work import (
    ACTIVE,
    HELD,
    OPEN_REQUESTS,
    READY,
    REJECTED,
    Assignment,
    Hindrance,
    MergeRequest,
    RefineryState,
    Session,
)
from town.beads.finding import Finding
from town.beads.ports import BeadPorts
from town.convoys.errors import ManyConvoysError, NoConvoyError

CONVOY_PREFIX = "hq-cv"
PAUSED = "scheduler.paused"
NOT_FED = "the setting convoy.feed"
NOT_MERGED = "merge_queue.enabled is false"
FOUND_MAX = 10
READY_CODE = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvoyPorts:
    """What convoys ask of their town: its settings, and whether anybody dispatches."""

    dispatching: Callable[[], bool] = lambda: False
    workers_max: Callable[[], int] = lambda: -1  # of the town; fewer than one: any number
    rig_max: Callable[[str], int] = lambda _: -1  # of one rig
    tells_mayor: Callable[[], bool] = lambda: False  # when one lands
    feeds: Callable[[], bool] = lambda: True  # whether work is given out by itself
    merges: Callable[[str], bool] = lambda _: True  # whether a rig's settings let anything merge


@dataclass(frozen=True, slots=True)
class Member:
    """A bead of a convoy; None where it is there no more; and how it stands."""

    id: str
    bead: Bead | None
    reason: Reason
    standing: Standing | None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A convoy, its members and who is told of its end."""

    number: int  # among the open ones; 0 for none
    convoy: Convoy
    members: Sequence[Member]
    told: Sequence[Subscription]
    progress: tuple[int, int]


def rigs_by_prefix(store: PrivateReader) -> dict[str, Rig]:
    """Every rig, by what its beads' ids begin with."""
    return {rig.prefix: rig for rig in store.find(Rig) if rig.prefix}


class Members(Finding):
    """Looks at convoys for one caller."""

    def __init__(
        self, store: PrivateStore, ports: BeadPorts, town: ConvoyPorts | None = None
    ) -> None:
        super().__init__(store, ports)
        self.town = town or ConvoyPorts()

    # --- which convoy

    def in_order(self, *, everything: bool = False) -> list[Convoy]:
        """The convoys that are not closed, the oldest first; their numbers are their places."""
        where = {} if everything else {"status": (OPEN_CONVOY, *STAGES)}
        return sorted(self.store.find(Convoy, **where), key=lambda c: (c.created_at, c.id))

    def convoy(self, said: str) -> Convoy:
        """The convoy with this id, number or beginning. Raises ConvoyError."""
        word = said.strip().lower().removeprefix("#")
        if word.isdigit():
            known = self.in_order()
            if not 1 <= int(word) <= len(known):
                raise NoConvoyError(said)
            return known[int(word) - 1]
        for start in (word, f"{CONVOY_PREFIX}-{word}"):
            exact = self.store.get(Convoy, start) if word else None
            if exact is not None:
                return exact
        starts = [s for s in (word, f"{CONVOY_PREFIX}-{word}") if word]
        keys = [k for s in starts for k in self.store.keys(Convoy, s, at_most=FOUND_MAX)]
        if len(keys) > 1:
            raise ManyConvoysError(said, [str(key[0]) for key in keys])
        found = self.store.get(Convoy, *keys[0]) if keys else None
        if found is None:
            raise NoConvoyError(said)
        return found

    def items(self, convoy: str) -> list[ConvoyItem]:
        """What the convoy follows, in the order in which it was added."""
        found = self.store.find(ConvoyItem, convoy=convoy)
        return sorted(found, key=lambda item: (item.added_at, item.bead))

    def beads(self, convoy: str) -> list[tuple[str, Bead | None]]:
        """The members by id; None for one that is there no more."""
        return [(item.bead, self.bead_of(item.bead)) for item in self.items(convoy)]

    # --- how it stands

    def dispatch(self) -> Dispatch:
        """Whether and how the town gives work to workers."""
        most = self.town.workers_max()
        return Dispatch(
            running=self.town.dispatching(),
            paused=self.setting(PAUSED) or ("" if self.town.feeds() else NOT_FED),
            free=max(most - self.busy(), 0) if most > 0 else None,
        )

    def busy(self) -> int:
        """How many workers have something on their hook."""
        workers = self.store.find(Agent, role=POLECAT)
        return sum(bool(agent.hook_bead) for agent in workers)

    def room(self, rig: str) -> int | None:
        """How many more workers may have work in the rig; None where nothing limits it."""
        most = self.town.rig_max(rig)
        workers = self.store.find(Agent, rig=rig, role=POLECAT) if most > 0 else ()
        return max(most - sum(bool(one.hook_bead) for one in workers), 0) if most > 0 else None

    def views(self, said: Sequence[Convoy]) -> list[View]:
        """These convoys with everything that is told of them."""
        numbers = {c.id: n for n, c in enumerate(self.in_order(), 1)}
        near = self.near()
        dispatch = self.dispatch()
        return [self._view(one, numbers.get(one.id, 0), near, dispatch) for one in said]

    def _view(self, convoy: Convoy, number: int, near: Graph, dispatch: Dispatch) -> View:
        members = [
            self._member(name, bead, convoy, near, dispatch) for name, bead in self.beads(convoy.id)
        ]
        return View(
            number=number,
            convoy=convoy,
            members=members,
            told=self.store.find(Subscription, convoy=convoy.id),
            progress=convoys.progress(member.bead for member in members),
        )

    def _member(
        self, name: str, bead: Bead | None, convoy: Convoy, near: Graph, dispatch: Dispatch
    ) -> Member:
        if bead is None:
            return Member(name, None, Reason("gone", "is not there any more"), None)
        standing = self.standing(bead, near)
        reason = convoys.reason(standing, convoy, dispatch, now=self.ports.now())
        if reason.code == READY_CODE and standing.rig is not None:
            full = self.room(standing.rig.name) == 0
            reason = convoys.full(standing.rig) if full else reason
        return Member(name, bead, reason, standing)

    def standing(self, bead: Bead, near: Graph) -> Standing:
        """The member, and the rows around it."""
        rig = self.rig_of(bead.id)
        works = self.store.find(Assignment, bead=bead.id, state=ACTIVE)
        work = max(works, key=lambda one: (one.state in HELD, one.created_at), default=None)
        requests = self.store.find(MergeRequest, bead=bead.id)
        opened = [one for one in requests if one.state in OPEN_REQUESTS]
        request = max(opened, key=lambda one: one.submitted_at, default=None)
        return Standing(
            bead=bead,
            blockers=near.blockers(bead.id),
            deferred_above=near.deferred_above(bead.id, now=self.ports.now()),
            rig=rig,
            agent=self.store.get(Agent, bead.assignee) if bead.assignee else None,
            work=work,
            session=self._session(work) if work is not None else None,
            hindrance=self.store.get(Hindrance, work.id) if work is not None else None,
            request=request,
            ahead=self._ahead(request) if request is not None else 0,
            rests=self._rests(request.rig) if request is not None else "",
            off=self._off(request.rig) if request is not None else "",
            rejections=sum(one.state == REJECTED or one.retries > 0 for one in requests),
        )

    def asked_for(self, request: MergeRequest) -> Standing:
        """A request that is about no bead of ours, and the rows around it."""
        return Standing(
            bead=Bead(id="", title=""),
            rig=self.store.get(Rig, request.rig),
            request=request,
            ahead=self._ahead(request),
            rests=self._rests(request.rig),
            off=self._off(request.rig),
        )

    def _off(self, rig: str) -> str:
        return "" if self.town.merges(rig) else NOT_MERGED

    def rig_of(self, bead: str) -> Rig | None:
        """The rig whose beads begin as this one does; None for none."""
        rigs = self.store.made((Rig,), rigs_by_prefix)
        return rigs.get(ids.prefix_of(bead, rigs))

    def _session(self, work: Assignment) -> Session | None:
        found = [s for s in self.store.find(Session, agent=work.agent) if s.assignment == work.id]
        return max(found, key=lambda one: (one.started_at, one.id), default=None)

    def _ahead(self, request: MergeRequest) -> int:
        mine = (request.priority, request.submitted_at, request.id)
        queue = self.store.find(MergeRequest, rig=request.rig, state=READY)
        return sum((one.priority, one.submitted_at, one.id) < mine for one in queue)

    def _rests(self, rig: str) -> str:
        state = self.store.get(RefineryState, rig)
        if state is None or not rests(state, now=self.ports.now()):
            return ""
        return state.reason or state.broken
