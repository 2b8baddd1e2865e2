"""The desk of the town itself: that it is there, how it stands, what happened in it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ledger.beads.choosing import Filter
from ledger.beads.rows import BLOCKED, LIVE, TOWN_TYPES, Bead
from ledger.private.rows import Event, Setting
from ledger.private.store import Change, PrivateStore
from ledger.workspace.convoys import first_line, progress
from ledger.workspace.link import DRAFT, CompletionDraft
from ledger.workspace.rows import CREW, POLECAT, Agent, Rig
from ledger.workspace.talk import OPEN_CONVOY, Convoy, ConvoyItem
from ledger.workspace.work import (
    MERGED,
    OPEN_REQUESTS,
    STUCK,
    Assignment,
    Hindrance,
    MergeRequest,
    RefineryState,
    Session,
)
from town.beads.acting import Acting
from town.beads.desk import PREFIX, Beads
from town.beads.ports import BeadPorts
from town.workspace.events_file import last_seq
from town.workspace.files import read_json
from town.workspace.install import Overseer, overseer_of
from town.workspace.layout import Workspace
from town.workspace.leaving import Known

HQ: Final = "hq"
NEEDS_SHOWN_MAX: Final = 20
PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for the person, and the command that shows or does it."""

    words: str
    cmd: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RigCount:
    """A rig in one line."""

    name: str
    state: str
    prefix: str
    polecats: int
    crew: int
    beads: int | None
    queue: int = 0  # what was handed in and is not merged


@dataclass(frozen=True, slots=True, kw_only=True)
class AtWork:
    """An agent with something on its hook, or with a session."""

    id: str
    state: str
    runtime: str
    bead: str
    live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """An open convoy that somebody made: how many of its beads are done."""

    id: str
    title: str
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the town stands."""

    name: str
    overseer: Overseer
    rigs: tuple[RigCount, ...]
    at_work: tuple[AtWork, ...] = ()
    convoys: tuple[Followed, ...] = ()
    beads: dict[str, int] = field(default_factory=dict)  # empty where it was not looked
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which events are meant."""

    at_most: int = 20
    kinds: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()

    def takes(self, *, kind: str, actor: str) -> bool:
        """Whether an event of this kind, by this actor, is meant; a kind may be only its start."""
        kinds = not self.kinds or any(kind == k or kind.startswith(f"{k}.") for k in self.kinds)
        return kinds and (not self.actors or actor in self.actors)


class Town(Acting):
    """The town as a whole, as one caller sees it."""

    def __init__(self, store: PrivateStore, ports: BeadPorts, workspace: Workspace) -> None:
        super().__init__(store, ports)
        self.workspace = workspace

    def found(self) -> None:
        """The database knows that it is a town's."""

        def work() -> tuple[None, Change]:
            if self.setting(PREFIX):
                return None, Change()
            row = Setting(name=PREFIX, value=HQ)
            told = self.event("town.installed", str(self.workspace.root))
            seen = self.missing(Setting, PREFIX)
            return None, Change(puts=(row,), events=(told,), seen=(seen,))

        self.act("gt install", work)

    def name(self) -> str:
        """What the town is called. Raises BadFileError."""
        return str(read_json(self.workspace.mark).get("name") or self.workspace.root.name)

    def rig_names(self) -> list[str]:
        """Every rig, also one that is being added."""
        return self.look(lambda: [rig.name for rig in self.store.find(Rig)])

    def known(self) -> Known:
        """What the rows say of work that is under way, and of work that was merged."""

        def work() -> Known:
            sessions = self.store.find(Session, ended_at=0)
            merged = self.store.find(MergeRequest, state=MERGED)
            return Known(
                live=[f"the session of {session.agent}" for session in sessions],
                merged=list(dict.fromkeys(request.sha for request in merged if request.sha)),
            )

        return self.look(work)

    # --- how it stands

    def status(self, *, fast: bool = False) -> Standing:
        """How the town stands; `fast` leaves out what means reading every bead."""

        def work() -> Standing:
            overseer = overseer_of(self.workspace)
            beads = None if fast else [bead for bead in self._beads() if _is_work(bead)]
            agents = self.store.find(Agent)
            queued = Counter(one.rig for one in self.store.find(MergeRequest, state=OPEN_REQUESTS))
            rigs = [_counted(rig, agents, beads) for rig in self.store.find(Rig)]
            return Standing(
                name=self.name(),
                overseer=overseer,
                rigs=tuple(replace(rig, queue=queued[rig.name]) for rig in rigs),
                at_work=tuple(self._at_work(agents)),
                convoys=() if fast else tuple(self._followed()),
                beads=self._bead_counts(beads) if beads is not None else {},
                needs=tuple(self._needs(overseer, beads or [])),
            )

        return self.look(work)

    def _at_work(self, agents: Sequence[Agent]) -> Iterator[AtWork]:
        live = {one.agent: one for one in self.store.find(Session, ended_at=0)}
        for agent in agents:
            session = live.get(agent.id)
            if session is not None or agent.hook_bead:
                yield AtWork(
                    id=agent.id,
                    state=agent.state,
                    runtime=session.runtime if session is not None else agent.runtime,
                    bead=agent.hook_bead,
                    live=session is not None,
                )

    def _followed(self) -> Iterator[Followed]:
        """The open convoys but for those that a sling made, the oldest first."""
        found = [one for one in self.store.find(Convoy, status=OPEN_CONVOY) if not one.automatic]
        for one in sorted(found, key=lambda convoy: (convoy.created_at, convoy.id)):
            items = self.store.find(ConvoyItem, convoy=one.id)
            done, total = progress([self.store.get(Bead, item.bead) for item in items])
            yield Followed(id=one.id, title=one.title, done=done, total=total)

    def _beads(self) -> Sequence[Bead]:
        return self.store.find(Bead, status=LIVE)

    def _bead_counts(self, beads: Sequence[Bead]) -> dict[str, int]:
        counts = Counter(bead.status for bead in beads)
        ready = Beads(self.store, self.ports).ready(Filter())
        return {**{status: counts[status] for status in LIVE}, "ready": len(ready)}

    def _needs(self, overseer: Overseer, beads: Sequence[Bead]) -> list[Need]:
        """What waits for the person, the most urgent first."""
        needs = [
            Need(f"{work.agent} is stuck on {work.bead}", ("bd", "show", work.bead))
            for work in self.store.find(Assignment, state=STUCK)
        ]
        needs += self._hindered()
        needs += [
            Need(
                f"merging in {state.rig} rests ({state.broken}): {first_line(state.reason)}",
                ("gt", "refinery", "status", state.rig),
            )
            for state in self.store.find(RefineryState)
            if state.broken
        ]
        needs += [
            Need(f"{draft.bead} is merged, and not handed in on the market yet", ("gt", "drafts"))
            for draft in self.store.find(CompletionDraft, state=DRAFT)
        ]
        needs += [
            Need(f"{bead.id} is blocked until you decide: {bead.title}", ("gt", "why", bead.id))
            for bead in beads
            if bead.status == BLOCKED
        ]
        mine = {"overseer", overseer.name, overseer.email} - {""}
        waiting = [bead for bead in beads if bead.assignee in mine and bead.status != BLOCKED]
        waiting.sort(key=lambda bead: (bead.priority, bead.created_at))
        needs += [
            Need(f"{bead.id} is yours: {bead.title}", ("bd", "show", bead.id)) for bead in waiting
        ]
        if not self.store.find(Rig):
            needs.append(Need("no project yet", ("gt", "rig", "add", "<name>", "<repo>")))
        return needs[:NEEDS_SHOWN_MAX]

    def _hindered(self) -> list[Need]:
        """What keeps work from being begun, once a cause."""
        causes: dict[str, list[Hindrance]] = {}
        for one in self.store.find(Hindrance):
            causes.setdefault(one.about, []).append(one)
        found = []
        for several in causes.values():
            first = min(several, key=lambda one: one.since)
            more = f" and {len(several) - 1} more" if len(several) > 1 else ""
            waits = "wait" if more else "waits"
            words = f"{first.bead}{more} {waits} on the hook: {first_line(first.why)}"
            found.append(Need(words, ("gt", "why", first.bead)))
        return found

    # --- what happened

    def log(self, asked: Asked) -> list[Event]:
        """The newest events that are meant, the oldest of them first."""

        def work() -> list[Event]:
            found: list[Event] = []
            end = last_seq(self.store)
            while end > 0 and len(found) < asked.at_most:
                start = max(0, end - PAGE)
                page = self.store.events(start, at_most=end - start)
                taken = [
                    event
                    for event in page
                    if event.seq <= end and asked.takes(kind=event.kind, actor=event.actor)
                ]
                found = [*taken, *found]
                end = start
            return found[-asked.at_most :] if asked.at_most else []

        return self.look(work)


def _is_work(bead: Bead) -> bool:
    return bead.issue_type not in TOWN_TYPES and not bead.ephemeral


def _counted(rig: Rig, agents: Sequence[Agent], beads: Sequence[Bead] | None) -> RigCount:
    def of_role(role: str) -> int:
        return sum(agent.rig == rig.name and agent.role == role for agent in agents)

    mine = None
    if beads is not None:
        mine = sum(bead.id.startswith(f"{rig.prefix}-") for bead in beads)
    return RigCount(
        name=rig.name,
        state=rig.state,
        prefix=rig.prefix,
        polecats=of_role(POLECAT),
        crew=of_role(CREW),
        beads=mine,
    )
