"""Gathers what a primed agent is told, from the hook, the settings and the town's policies."""

from ledger.workspace.rows import Agent
from ledger.workspace.work import Assignment, Checkpoint
from town.agents.address import parsed
from town.beads.remembering import Remembering
from town.hooks.desk import Hooked, Hooks
from town.hooks.leaving import Leaving
from town.hooks.priming import Told
from town.workspace.layout import Workspace

DIRECTIVE_CHARS_MAX = 20_000


def told(hooks: Leaving, agent: str, *, assignment: str, session: str, begin: bool) -> Told:
    """What this agent is told. Raises StaleError, BadFileError, StoreError."""
    found = hooks.begin(agent, assignment=assignment) if begin else hooks.hooked(agent)
    role, rig = _role(found.agent)
    return Told(
        agent=agent,
        role=role,
        rig=rig,
        session=session,
        bead=found.bead,
        work=found.work,
        settings=hooks.settings(rig),
        directives=_directives(hooks.workspace, role, rig),
        earlier=_earlier(hooks, found),
        handoff=(hooks.left_for if begin else hooks.waiting_for)(agent, session=session),
        checkpoint=_how_far(hooks, found),
        remembered=Remembering(hooks.store, hooks.ports).found(),
    )


def _role(agent: Agent) -> tuple[str, str]:
    """The role and the rig of somebody, also of one who has no row."""
    if agent.role:
        return agent.role, agent.rig
    address = parsed(agent.id)
    return (address.role, address.rig) if address is not None else ("", "")


def _directives(workspace: Workspace, role: str, rig: str) -> list[tuple[str, str]]:
    """The policies for a role: the town's, then the rig's."""
    if not role:
        return []
    places = [("the town", workspace.root / "directives" / f"{role}.md")]
    if rig:
        places.append((rig, workspace.rig(rig).path / "directives" / f"{role}.md"))
    return [
        (where, path.read_text("utf-8", "replace")[:DIRECTIVE_CHARS_MAX])
        for where, path in places
        if path.is_file()
    ]


def _how_far(hooks: Hooks, found: Hooked) -> Checkpoint | None:
    """The last checkpoint of this very assignment."""
    saved = hooks.look(lambda: hooks.store.get(Checkpoint, found.agent.id))
    mine = saved is not None and found.work is not None and saved.assignment == found.work.id
    return saved if mine else None


def _earlier(hooks: Hooks, found: Hooked) -> list[str]:
    """Branches on which somebody worked on the bead before."""
    if found.bead is None or found.work is None:
        return []
    bead, mine = found.bead.id, found.work.branch

    def work() -> list[str]:
        known = hooks.store.find(Assignment, bead=bead)
        return sorted({one.branch for one in known if one.branch and one.branch != mine})

    return hooks.look(work)
