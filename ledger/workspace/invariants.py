"""What must hold among a town's rows at every moment, whoever died in the midst of what.

Pure. The doctor asks it, and every scenario after it was played. What breaks a rule is named with
its row; nothing is repaired here.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ledger.beads.rows import BLOCKING, CLOSED, HOOKED, IN_PROGRESS, TOMBSTONE, Bead, Comment, Link
from ledger.beads.waiting import cycles
from ledger.private.store import PrivateReader
from ledger.workspace.link import ItemLink
from ledger.workspace.rows import ADDING, Agent, Making, Rig, Taken
from ledger.workspace.talk import CLOSED_CONVOY, Convoy, ConvoyItem, Delivery, Message
from ledger.workspace.work import (
    ACTIVE,
    HELD,
    MERGED,
    SUBMITTED,
    Assignment,
    GateRun,
    MergeRequest,
    Session,
)

ELSEWHERE: Final = "external:"
OWNED: Final = (HOOKED, IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that does not hold: which, of what, and how one sees it."""

    rule: str
    subject: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A town's rows, as they were read in one turn."""

    beads: Mapping[str, Bead] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    comments: tuple[Comment, ...] = ()
    rigs: tuple[Rig, ...] = ()
    agents: Mapping[str, Agent] = field(default_factory=dict)
    taken: tuple[Taken, ...] = ()
    making: tuple[Making, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    sessions: tuple[Session, ...] = ()
    requests: Mapping[str, MergeRequest] = field(default_factory=dict)
    gate_runs: tuple[GateRun, ...] = ()
    messages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # with their recipients
    deliveries: tuple[Delivery, ...] = ()
    item_links: tuple[ItemLink, ...] = ()
    convoys: Mapping[str, Convoy] = field(default_factory=dict)
    convoy_items: tuple[ConvoyItem, ...] = ()

    @classmethod
    def of(cls, store: PrivateReader) -> "Held":
        """Everything that a rule looks at."""
        return cls(
            beads={bead.id: bead for bead in store.find(Bead)},
            links=tuple(store.find(Link)),
            comments=tuple(store.find(Comment)),
            rigs=tuple(store.find(Rig)),
            agents={agent.id: agent for agent in store.find(Agent)},
            taken=tuple(store.find(Taken)),
            making=tuple(store.find(Making)),
            assignments=tuple(store.find(Assignment)),
            sessions=tuple(store.find(Session)),
            requests={one.id: one for one in store.find(MergeRequest)},
            gate_runs=tuple(store.find(GateRun)),
            messages={one.id: one.recipients for one in store.find(Message)},
            deliveries=tuple(store.find(Delivery)),
            item_links=tuple(store.find(ItemLink)),
            convoys={convoy.id: convoy for convoy in store.find(Convoy)},
            convoy_items=tuple(store.find(ConvoyItem)),
        )


def one_assignment(held: Held) -> Iterator[Broken]:
    """I1: a bead has at most one assignment that is not over, and so has a worker."""
    beads, workers = defaultdict(list), defaultdict(list)
    for work in held.assignments:
        if work.state in ACTIVE:
            beads[work.bead].append(work.id)
        if work.state in HELD:
            workers[work.agent].append(work.id)
    for name, works in (*beads.items(), *workers.items()):
        if len(works) > 1:
            yield Broken("one-assignment", name, f"has {', '.join(sorted(works))} at once")


def hooks(held: Held) -> Iterator[Broken]:
    """I2: a hook and its bead know each other, through the same assignment."""
    works = {work.id: work for work in held.assignments}
    on_hooks = {agent.hook_bead for agent in held.agents.values() if agent.hook_bead}
    for agent in held.agents.values():
        if why := _hook(agent, held.beads.get(agent.hook_bead), works.get(agent.assignment)):
            yield Broken("hooks", agent.id, why)
    for bead in held.beads.values():
        if bead.status == HOOKED and bead.id not in on_hooks:
            yield Broken("hooks", bead.id, "is hooked, and on nobody's hook")
    for work in works.values():
        worker = held.agents.get(work.agent)
        if work.state in HELD and (worker is None or worker.assignment != work.id):
            yield Broken("hooks", work.id, f"is in hand, and not in that of {work.agent}")


def _hook(agent: Agent, bead: Bead | None, work: Assignment | None) -> str:
    """What is wrong with one hook; nothing for none."""
    if not agent.hook_bead:
        return f"has the assignment {agent.assignment} and no bead" if agent.assignment else ""
    if bead is None or bead.status not in OWNED:
        told = "nowhere" if bead is None else bead.status
        return f"has {agent.hook_bead} on its hook, which is {told}"
    if agent.assignment and (work is None or work.state not in HELD):
        return f"works under {agent.assignment}, which is over"
    if work is not None and (work.bead, work.agent) != (bead.id, agent.id):
        return f"works under {work.id}, which is about {work.bead} and {work.agent}"
    return ""


def sessions_known(held: Held) -> Iterator[Broken]:
    """I3: no session is live whose agent is no row."""
    for session in held.sessions:
        if not session.ended_at and session.agent not in held.agents:
            yield Broken("sessions-known", session.id, f"is of {session.agent}, whom nobody knows")


def merged_beads(held: Held) -> Iterator[Broken]:
    """I5: a merged assignment names the commit, and a closed bead has nobody at work."""
    for work in held.assignments:
        request = held.requests.get(work.request)
        bead = held.beads.get(work.bead)
        if work.state == MERGED and (request is None or not request.merge_commit):
            yield Broken("merged-beads", work.id, "is merged, and no request names the commit")
        if work.state in ACTIVE and bead is not None and bead.status == CLOSED:
            yield Broken("merged-beads", bead.id, f"is closed while {work.id} goes on")


def requests_kept(held: Held) -> Iterator[Broken]:
    """I6: what was handed in is a merge request."""
    for work in held.assignments:
        if work.state == SUBMITTED and work.request not in held.requests:
            yield Broken("requests-kept", work.id, "was handed in, and there is no merge request")


def gates_passed(held: Held) -> Iterator[Broken]:
    """I8: what was merged lies below a commit on which all gates passed, as it was pushed.

    But for what its target had already.
    """
    merged = {one.id: one for one in held.requests.values() if one.state == MERGED}
    passed = {
        request
        for run in held.gate_runs
        if run.passed and run.requests
        # The last of a run is the commit that was tried, and pushed if it was the one.
        if (last := merged.get(run.requests[-1])) is not None and last.merge_commit == run.sha
        for request in run.requests
    }
    for request in merged.values():
        # A reason says why nothing was tried: the target had all of it.
        if not request.reason and request.id not in passed:
            yield Broken("gates-passed", request.id, "was merged without a run that passed")


def letters_there(held: Held) -> Iterator[Broken]:
    """I10: whatever lies in a box is a letter, and one that was meant for it."""
    for one in held.deliveries:
        meant = held.messages.get(one.message)
        if meant is None:
            yield Broken("letters-there", one.recipient, f"has {one.message}, which is no letter")
        elif meant and one.recipient not in meant:
            yield Broken("letters-there", one.recipient, f"has {one.message}, a letter to others")


def links_end(held: Held) -> Iterator[Broken]:
    """A link, and what was said about a bead, has a bead at each end of this town."""
    for link in held.links:
        for end in (link.issue_id, link.depends_on_id):
            if end not in held.beads and not end.startswith(ELSEWHERE):
                told = f"{link.issue_id} → {link.depends_on_id}"
                yield Broken("links-end", told, f"{end} is nowhere")
                break
    for comment in held.comments:
        if comment.issue_id not in held.beads:
            told = f"{comment.issue_id} / {comment.id}"
            yield Broken("links-end", told, f"{comment.issue_id} is nowhere")


def no_circles(held: Held) -> Iterator[Broken]:
    """No beads wait for each other in a circle."""
    for way in cycles(link for link in held.links if link.type in BLOCKING):
        yield Broken("no-circles", way[0], f"waits for itself: {' → '.join(way)}")


def closed_at(held: Held) -> Iterator[Broken]:
    """A bead has a moment of closing, and only if it is closed."""
    for bead in held.beads.values():
        if bead.status != TOMBSTONE and bool(bead.closed_at) != (bead.status == CLOSED):
            told = "no moment of closing" if not bead.closed_at else "a moment of closing"
            yield Broken("closed-at", bead.id, f"is {bead.status} and has {told}")


def prefixes(held: Held) -> Iterator[Broken]:
    """Beads of two rigs never begin alike, and the rows by which names are taken say so."""
    taken = {(row.kind, row.name): row.rig for row in held.taken}
    by_prefix = defaultdict(list)
    for rig in held.rigs:
        by_prefix[rig.prefix].append(rig.name)
    for prefix, names in by_prefix.items():
        named = " and ".join(sorted(names))
        if not prefix:
            yield Broken("prefixes", named, "has no prefix")
        elif len(names) > 1:
            yield Broken("prefixes", prefix, f"is the prefix of {named}")
    known = {rig.name for rig in held.rigs}
    for (kind, name), rig_name in taken.items():
        if rig_name not in known:
            yield Broken("prefixes", name, f"is taken as a {kind} of {rig_name}, which is no rig")


def rigs_made(held: Held) -> Iterator[Broken]:
    """A rig that is being added has somebody who adds it."""
    at_work = {one.name for one in held.making}
    for rig in held.rigs:
        if rig.state == ADDING and rig.name not in at_work:
            yield Broken("rigs-made", rig.name, "is being added by nobody")


def items_linked(held: Held) -> Iterator[Broken]:
    """A claimed item of a board has its bead, and no two have the same one."""
    whose: dict[str, str] = {}
    for link in held.item_links:
        if link.bead not in held.beads:
            yield Broken("items-linked", link.item, f"is of {link.bead}, which is not there")
        elif whose.setdefault(link.bead, link.item) != link.item:
            yield Broken("items-linked", link.item, f"shares {link.bead} with another item")


def convoy_items(held: Held) -> Iterator[Broken]:
    """I9: whatever an open convoy follows is a bead, so that it can be said why it stands."""
    for item in held.convoy_items:
        convoy = held.convoys.get(item.convoy)
        if convoy is None:
            yield Broken("convoy-items", item.bead, f"is followed by {item.convoy}, no convoy")
        elif convoy.status != CLOSED_CONVOY and item.bead not in held.beads:
            yield Broken("convoy-items", convoy.id, f"follows {item.bead}, which is nowhere")


def working_at_once(held: Held, capacity: int) -> Iterator[Broken]:
    """I7: no more workers have work in hand than there may be; fewer than one means any number."""
    working = sorted({work.agent for work in held.assignments if work.state in HELD})
    if 0 < capacity < len(working):
        yield Broken("working-at-once", ", ".join(working), f"are more than {capacity}")


Rule = Callable[[Held], Iterable[Broken]]
RULES: Final[tuple[Rule, ...]] = (
    one_assignment,
    hooks,
    sessions_known,
    merged_beads,
    requests_kept,
    gates_passed,
    letters_there,
    links_end,
    no_circles,
    closed_at,
    prefixes,
    rigs_made,
    items_linked,
    convoy_items,
)


def broken(store: PrivateReader, *, capacity: int = 0) -> list[Broken]:
    """Every rule that does not hold among the rows of a town; in a turn of its database."""
    held = Held.of(store)
    found = [one for rule in RULES for one in rule(held)]
    return [*found, *working_at_once(held, capacity)]
