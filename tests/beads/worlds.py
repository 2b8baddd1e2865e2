"""Beads and links as Hypothesis makes them, and desks at which several people work on one store."""

from hypothesis import strategies as st

from ledger.beads.rows import LINK_KINDS, STATUSES, Bead, Link
from ledger.private.memory import MemoryPrivate
from ledger.private.rows import Setting
from ledger.private.store import Change, PrivateStore
from tests.beads.desks import NOW, Clock
from town.beads.desk import Beads
from town.beads.ports import BeadPorts, Caller

NAMES = tuple(f"gt-{letter}aa" for letter in "abcdefgh")
LABELS = ("api", "auth", "ui")
PEOPLE = ("", "ann", "bob")
DAY = 86_400_000_000

BEADS = st.builds(
    Bead,
    id=st.sampled_from(NAMES),
    title=st.sampled_from(["Fix the race", "fix it", "Ünïcode", "other"]),
    description=st.sampled_from(["", "  ", "the RACE is on", "x"]),
    notes=st.sampled_from(["", "race"]),
    status=st.sampled_from(STATUSES),
    priority=st.integers(0, 4),
    issue_type=st.sampled_from(["task", "bug", "epic", "gate", "agent"]),
    assignee=st.sampled_from(PEOPLE),
    labels=st.lists(st.sampled_from(LABELS), unique=True).map(lambda found: tuple(sorted(found))),
    created_at=st.integers(NOW - 3 * DAY, NOW),
    updated_at=st.integers(NOW - 3 * DAY, NOW),
    defer_until=st.sampled_from([0, 0, NOW - DAY, NOW + DAY]),
    due_at=st.sampled_from([0, NOW - DAY, NOW + DAY]),
    close_reason=st.sampled_from(["", "done", "it failed"]),
    pinned=st.booleans(),
    is_template=st.booleans(),
    ephemeral=st.booleans(),
    metadata=st.sampled_from([{}, {"team": "core"}, {"n": 1, "ok": True}]),
)
WORLDS = st.lists(BEADS, max_size=8).map(lambda found: {bead.id: bead for bead in found})
LINKS = st.lists(
    st.builds(
        Link,
        issue_id=st.sampled_from(NAMES),
        depends_on_id=st.sampled_from(NAMES),
        type=st.sampled_from([*LINK_KINDS[:4], "blocks", "blocks", "related"]),
        metadata=st.sampled_from(["", '{"gate": "any-children"}']),
    ),
    max_size=10,
).map(lambda found: [*{link.key: link for link in found}.values()])


class Secrets:
    """Chance that is the same each time."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> bytes:
        self.count += 1
        return self.count.to_bytes(8, "big")


def desk(
    store: PrivateStore | None = None, *, actor: str = "ann", clock: Clock | None = None
) -> Beads:
    """A desk at which this person works; ids begin with gt."""
    found = store if store is not None else MemoryPrivate()
    if found.get(Setting, "issue_prefix") is None:
        found.apply(Change(puts=(Setting(name="issue_prefix", value="gt"),)))
    ports = BeadPorts(
        now=clock or Clock(),
        new_secret=Secrets(),
        run=lambda work: work(),
        caller=Caller(actor=actor),
    )
    return Beads(found, ports)
