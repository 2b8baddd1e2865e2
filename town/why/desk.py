"""The desk that explains: a bead, a convoy, a merge request or an agent, in five lines.

It computes everything from rows when it is asked, keeps nothing, and changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import ClassVar, Final

from ledger.beads.errors import BeadError
from ledger.beads.rows import Bead
from ledger.workspace import convoys
from ledger.workspace.convoys import Reason
from ledger.workspace.rows import Agent
from ledger.workspace.talk import Convoy
from ledger.workspace.work import HELD, OPEN_REQUESTS, Assignment, MergeRequest, Session
from stamps.errors import WastelandError
from town.convoys.members import Members

LAST: Final = 3
WATCH: Final = "the watch (gt up)"
REFINERY: Final = "the refinery"
PERSON: Final = "you"
# By the code of a reason: what comes next, who does it ({who} is whom the reason names), and when.
NEXT: Final[Mapping[str, tuple[str, str, str]]] = {
    "done": ("nothing; it is closed", "", ""),
    "gone": ("nothing; it was deleted", "", ""),
    "merging": ("its gates run; it is merged or given back", REFINERY, "now"),
    "conflict": ("its conflict is resolved, then it is tried again", "{who}", ""),
    "in-review": ("a person merges it, as gt mq status says; or gt mq reject", PERSON, ""),
    "queue-off": ("gt rig config set RIG merge_queue.enabled true", PERSON, ""),
    "queue-rests": ("merging goes on after the rest, or gt refinery run", REFINERY, ""),
    "nobody-merges": ("gt up, or once and here: gt refinery run", PERSON, ""),
    "target-gone": ("its branch is made again, then gt mq retry; or gt mq reject", PERSON, ""),
    "conflicts-before": ("the other conflict is resolved, then it has its turn", REFINERY, ""),
    "queued": (
        "it is tried with others; the oldest waits merge_queue.batch.batch_wait_time for them",
        REFINERY,
        "as soon as it is its turn",
    ),
    "handed-in": ("somebody merges its branch by hand", PERSON, ""),
    "worker-stuck": ("read what it says: gt mail inbox, then gt sling --force", PERSON, ""),
    "working": ("the worker says gt done", "{who}", ""),
    "starting": ("its session begins", WATCH, "within seconds"),
    "crew-away": ("its member of the crew goes on with it", "{who}", ""),
    "worker-dead": ("its session begins anew", WATCH, "within seconds"),
    "not-begun": ("gt up begins its session; by hand: gt prime in its worktree", PERSON, ""),
    "hindered": (
        "mend that, or give it another program: gt sling --force --agent NAME",
        PERSON,
        "",
    ),
    "blocked": ("what it waits for is closed", "{who}", ""),
    "given-up": ("read its notes, mend it, bd update --status open", PERSON, ""),
    "deferred": ("its day comes, or bd undefer", PERSON, ""),
    "pinned": ("nothing; it is no work", "", ""),
    "orphaned": ("gt unsling, or gt sling --force to somebody", PERSON, ""),
    "in-hands": ("whoever has it closes it", "{who}", ""),
    "assigned": ("whoever it is assigned to begins, or gt sling", "{who}", ""),
    "set-aside": ("bd update --status open", PERSON, ""),
    "staged": ("gt convoy launch", PERSON, ""),
    "not-slung": ("somebody does it by hand", PERSON, ""),
    "no-rig": ("somebody does it by hand", PERSON, ""),
    "unassigned": ("gt sling gives it to a worker", PERSON, ""),
    "paused": ("dispatch goes on", "{who}", ""),
    "nobody-dispatches": ("gt sling gives it to a worker; gt up does so for convoys", PERSON, ""),
    "no-capacity": ("a worker becomes free", WATCH, ""),
    "ready": ("it is given to the next free worker", WATCH, "within seconds"),
}
RESTING: Final = ("gt rig unpark, or undock", PERSON, "")


class NothingCalledError(WastelandError):
    """Nothing in this town is called so."""

    code: ClassVar[str] = "id.none"
    hint: ClassVar[str] = "A bead, a convoy, a merge request or an agent: bd list, gt agents."
    exit: ClassVar[int] = 3

    def __init__(self, said: str) -> None:
        super().__init__(f"nothing here is called {said!r}")
        self.said = said


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """An explanation."""

    kind: str
    id: str
    title: str
    state: str
    reason: str
    next: str
    who: str = ""
    when: str = ""
    last: tuple[str, ...] = ()


class Explaining(Members):
    """Explains things to one caller."""

    def of(self, said: str) -> Why:
        """Why the thing of this name is as it is. Raises NothingCalledError, ManyBeadsError."""
        return self.look(lambda: self._of(said.rstrip("/")))

    def _of(self, said: str) -> Why:
        request = self.store.get(MergeRequest, said)
        if request is not None:
            return self._request(request)
        convoy = self.store.get(Convoy, said)
        if convoy is not None:
            return self._convoy(convoy)
        agent = self._agent_called(said)
        if agent is not None:
            return self._agent(agent)
        try:
            return self._bead(self.resolve(said))
        except BeadError as error:
            if error.code != "id.none":
                raise
            raise NothingCalledError(said) from error

    def _agent_called(self, said: str) -> Agent | None:
        exact = self.store.get(Agent, said)
        rig, slash, name = said.partition("/")
        if exact is not None or not slash:
            return exact
        found = [one for one in self.store.find(Agent, rig=rig) if one.name == name]
        return found[0] if len(found) == 1 else None

    # --- each kind

    def _bead(self, bead: Bead) -> Why:
        standing = self.standing(bead, self.near())
        nowhere = Convoy(id="", status="open", owner=PERSON, owned=not self.town.dispatching())
        why = convoys.reason(standing, nowhere, self.dispatch(), now=self.ports.now())
        return self._told("bead", bead.id, bead.title, bead.status, why)

    def _convoy(self, convoy: Convoy) -> Why:
        [view] = self.views([convoy])
        closed, whole = view.progress
        left = [one for one in view.members if one.reason.code not in ("done", "gone")]
        words = "; ".join(f"{one.id} {one.reason.words}" for one in left) or "all are closed"
        first = next((one.reason for one in left if not one.reason.moving), None)
        why = first or (left[0].reason if left else Reason("done", words))
        told = self._told("convoy", convoy.id, convoy.title, f"{closed}/{whole} closed", why)
        return replace(told, reason=words)

    def _request(self, request: MergeRequest) -> Why:
        bead = self.bead_of(request.bead)
        title = f"{request.branch} into {request.target}"
        if request.state not in OPEN_REQUESTS:
            why = Reason("done", request.reason or request.merge_commit or request.state)
        elif bead is None:
            why = convoys.merging(self.asked_for(request), self.dispatch())
        else:
            near = self.near()
            nowhere = Convoy(id="", status="open", owner=PERSON)
            standing = self.standing(bead, near)
            why = convoys.reason(standing, nowhere, self.dispatch(), now=self.ports.now())
        return self._told("request", request.id, title, request.state, why)

    def _agent(self, agent: Agent) -> Why:
        held = self.store.find(Assignment, agent=agent.id, state=HELD)
        if held:
            bead = self.bead_of(held[0].bead)
            if bead is not None:
                found = self._bead(bead)
                words = f"{bead.id} is on its hook: {found.reason}"
                return replace(found, kind="agent", id=agent.id, state=agent.state, reason=words)
        runs = self.store.find(Session, agent=agent.id, ended_at=0)
        words = "its session runs, with nothing on its hook" if runs else "nothing on its hook"
        idle = Reason("idle", words)
        return self._told("agent", agent.id, agent.role, agent.state or "idle", idle)

    def _told(self, kind: str, name: str, title: str, state: str, why: Reason) -> Why:
        resting = why.code.startswith("rig-")
        what, who, when = RESTING if resting else NEXT.get(why.code, ("gt sling", PERSON, ""))
        named = ", ".join(why.by) or PERSON
        return Why(
            kind=kind,
            id=name,
            title=title,
            state=state,
            reason=why.words,
            next=what,
            who=who.format(who=named),
            when=when,
            last=self._last(name),
        )

    def _last(self, name: str) -> tuple[str, ...]:
        found = self.store.events_of(name, at_most=LAST)
        return tuple(f"{_moment(event.at)} {event.kind} by {event.actor}" for event in found)


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
