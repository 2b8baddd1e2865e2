"""What is left over in a project is cleared: what sessions left, old letters, forgotten beads."""

import pytest
from msgspec.structs import replace

from ledger.beads.rows import Bead
from ledger.private.store import Change
from ledger.workspace.letters import Letter
from ledger.workspace.talk import ARCHIVED, Delivery
from ledger.workspace.work import Handoff
from tests.town.test_hooks import rows, sling
from tests.town.towns import TestTown, town_in
from town.beads.ports import Caller
from town.rigs.errors import NoRigError
from town.rigs.resetting import Asked, Reset

EVERYTHING = Asked(handoff=True, mail=True, stale=True)
DAY_US = 24 * 3_600_000_000


@pytest.fixture
def town(tmp_path):
    with town_in(tmp_path) as found:
        yield found


def claimed(town: TestTown, who: str) -> str:
    """A bead that is in progress and said to be theirs, with no work of the town."""
    bead = town.bead(f"Of {who}")
    beads = town.private.beads(Caller(actor="overseer"))
    beads.update(bead, {"status": "in_progress", "assignee": who})
    return bead


def aged(town: TestTown, who: str) -> None:
    """Every letter in that box was sent two days ago."""
    store = town.private.store

    def turn() -> None:
        boxes = tuple(store.find(Delivery, recipient=who))
        store.apply(Change(puts=tuple(replace(b, sent_at=b.sent_at - 2 * DAY_US) for b in boxes)))

    town.private.run(turn)


def test_a_reset_clears_what_nobody_needs_and_leaves_what_is_in_hand(town):
    """Shown first and changed once; work on a hook, people's own beads, new letters stay."""
    works = town.works()
    slung = sling(town, town.bead("In hand"))
    me = slung.agent.id
    left, own = claimed(town, "api/polecats/gone"), claimed(town, "ann")
    works.mail.send(Letter(to=(me,), subject="old"))
    works.mail.send(Letter(to=(me,), subject="to stay", pinned=True))
    aged(town, me)
    works.mail.send(Letter(to=(me,), subject="new"))
    works.hooks.handoff(me, "half done")
    there = Reset(handoffs=[me], letters={me: 1}, beads=[(left, "api/polecats/gone")])
    assert works.resets.found("api", EVERYTHING) == there
    assert works.resets.found("api", Asked(mail=True, stale=True, role="crew")) == Reset(
        handoffs=[], beads=[]
    )
    with pytest.raises(NoRigError):
        works.resets.reset("web", EVERYTHING)
    assert works.resets.reset("api", EVERYTHING) == there
    assert works.resets.reset("api", EVERYTHING) == Reset(handoffs=[], beads=[])
    beads = {bead.id: (bead.status, bead.assignee) for bead in rows(town, Bead)}
    assert beads[left] == ("open", "")
    assert beads[own] == ("in_progress", "ann")
    assert beads[slung.bead.id] == ("hooked", me)
    boxes = rows(town, Delivery, recipient=me)
    assert sorted(box.state == ARCHIVED for box in boxes) == [False, False, True]
    assert rows(town, Handoff) == []
