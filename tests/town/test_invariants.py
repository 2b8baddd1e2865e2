"""What must hold among a town's rows: each rule by a town that keeps it and one that breaks it."""

import pytest
from msgspec.structs import replace

from ledger.beads.rows import Bead, Comment, Link
from ledger.private.memory import MemoryPrivate
from ledger.private.rows import Row
from ledger.private.store import Change
from ledger.workspace.invariants import RULES, broken
from ledger.workspace.link import ItemLink
from ledger.workspace.rows import ADDING, Agent, Making, Rig, Taken
from ledger.workspace.talk import Convoy, ConvoyItem, Delivery, Message
from ledger.workspace.work import (
    MERGED,
    SUBMITTED,
    WITHDRAWN,
    WORKING,
    Assignment,
    GateRun,
    MergeRequest,
    Session,
)

ASH = Agent(id="api/polecats/ash", rig="api", role="polecat", hook_bead="api-1", assignment="as-1")
WORK = Assignment(id="as-1", bead="api-1", agent=ASH.id, rig="api", state=WORKING)
BEAD = Bead(id="api-1", status="hooked", assignee=ASH.id)
DONE = Bead(id="api-2", status="closed", closed_at=1)
REQUEST = MergeRequest(id="mr-2", bead="api-2", assignment="as-2", state=MERGED, merge_commit="c")
OVER = Assignment(id="as-2", bead="api-2", agent=ASH.id, state=MERGED, request="mr-2")
RUN = GateRun(id="run-1", rig="api", sha="c", requests=("mr-2",), passed=True)
LINK = Link(issue_id="api-1", depends_on_id="api-2")
# A town in the midst of its work, with which nothing is wrong.
WHOLE: tuple[Row, ...] = (
    *(Rig(name="api", prefix="api"), Taken(kind="prefix", name="api", rig="api")),
    *(Rig(name="web", prefix="we", state=ADDING), Making(path="web", kind="rig", name="web")),
    *(ASH, Agent(id="api/crew/max", rig="api"), Agent(id="mayor")),
    *(WORK, OVER, Assignment(id="as-3", bead="api-1", agent="x", state=WITHDRAWN)),
    *(BEAD, DONE, Bead(id="hq-1", status="in_progress", assignee="Ada")),
    *(
        LINK,
        Link(issue_id="api-1", depends_on_id="external:x:1"),
        Comment(issue_id="api-1", id="1"),
    ),
    *(
        REQUEST,
        replace(REQUEST, id="mr-0", reason="main has all of it already"),
        RUN,
        GateRun(id="run-0", sha="b", requests=("mr-2",)),
    ),
    *(Session(id="s1", agent=ASH.id), Session(id="s0", agent="gone", ended_at=1)),
    *(ItemLink(item="w-1", bead="api-1"), ItemLink(item="w-3", bead="api-2", state="lost")),
    *(Message(id="m1"), Delivery(recipient="mayor", message="m1")),
    *(Convoy(id="hq-cv-1"), ConvoyItem(convoy="hq-cv-1", bead="api-1")),
    *(Convoy(id="hq-cv-0", status="closed"), ConvoyItem(convoy="hq-cv-0", bead="api-0")),
)

BREAKS: dict[str, list[tuple[Row, ...]]] = {
    "one-assignment": [
        (
            Assignment(
                id="as-9", bead="api-1", agent="api/crew/max", state=SUBMITTED, request="mr-2"
            ),
        )
    ],
    "hooks": [
        (replace(ASH, hook_bead="api-9"),),
        (replace(ASH, hook_bead="api-2"),),
        (replace(ASH, hook_bead=""),),
        (replace(ASH, assignment="as-2"),),
        (replace(ASH, assignment="as-8"),),
        (replace(ASH, hook_bead="hq-1"), replace(BEAD, status="open")),
        (Bead(id="hq-2", status="hooked"),),
        (replace(WORK, agent="api/crew/max"),),
    ],
    "sessions-known": [(Session(id="s2", agent="api/polecats/gone"),)],
    "merged-beads": [
        (replace(REQUEST, merge_commit=""),),
        (replace(OVER, request=""),),
        (replace(BEAD, status="closed", closed_at=1), replace(ASH, hook_bead="", assignment="")),
    ],
    "requests-kept": [
        (Assignment(id="as-9", bead="hq-1", agent="mayor", state=SUBMITTED, request="mr-9"),)
    ],
    "gates-passed": [
        (replace(RUN, passed=False),),
        (replace(RUN, requests=()),),
        (replace(RUN, sha="another"),),
    ],
    "letters-there": [
        (Delivery(recipient="mayor", message="m9"),),
        (Message(id="m1", recipients=("deacon",)),),
    ],
    "links-end": [
        (Link(issue_id="api-1", depends_on_id="api-9"),),
        (Link(issue_id="api-9", depends_on_id="api-1", type="related"),),
        (Comment(issue_id="api-9", id="1"),),
    ],
    "no-circles": [
        (Link(issue_id="api-2", depends_on_id="api-1"),),
        (Link(issue_id="hq-1", depends_on_id="hq-1"),),
    ],
    "closed-at": [(replace(DONE, closed_at=0),), (replace(BEAD, closed_at=5),)],
    "prefixes": [
        (Rig(name="web", prefix="api", state=ADDING),),
        (Rig(name="web", prefix="", state=ADDING),),
        (Taken(kind="prefix", name="x", rig="gone"),),
    ],
    "items-linked": [
        (ItemLink(item="w-2", bead="api-9"),),
        (ItemLink(item="w-2", bead="api-1"),),
    ],
    "convoy-items": [
        (ConvoyItem(convoy="hq-cv-1", bead="api-9"),),
        (ConvoyItem(convoy="hq-cv-9", bead="api-1"),),
        (Convoy(id="hq-cv-0", status="staged_ready"),),
    ],
    "rigs-made": [(Making(path="web", kind="crew", name="x"),)],
}


def with_rows(*rows: Row) -> MemoryPrivate:
    """A store that holds the whole town and these rows over it."""
    store = MemoryPrivate()
    store.apply(Change(puts=(*WHOLE, *rows)))
    return store


def test_a_town_in_the_midst_of_its_work_keeps_every_rule():
    """Nothing that is allowed is taken for a fault."""
    assert broken(with_rows(), capacity=1) == []


@pytest.mark.parametrize(
    ("rule", "rows"), [(rule, rows) for rule, ways in BREAKS.items() for rows in ways]
)
def test_what_breaks_a_rule_is_named_with_its_row(rule, rows):
    """The rule that is broken is among what is found, with words that say how."""
    found = [one for one in broken(with_rows(*rows)) if one.rule == rule]
    assert found
    assert all(one.subject and one.why for one in found)


def test_every_rule_is_broken_by_something():
    """A rule that nothing breaks would hold nothing."""
    assert {rule.__name__.replace("_", "-") for rule in RULES} == BREAKS.keys()


def test_no_more_may_work_at_once_than_there_may_be():
    """I7 counts workers with work in hand; fewer than one means any number."""
    oak = Agent(id="oak", hook_bead="hq-1", assignment="as-9")
    more = (oak, Assignment(id="as-9", bead="hq-1", agent="oak", state=WORKING))
    assert broken(with_rows(*more), capacity=2) == []
    assert broken(with_rows(*more), capacity=-1) == []
    found = broken(with_rows(*more), capacity=1)
    assert [(one.rule, one.subject) for one in found] == [
        ("working-at-once", "api/polecats/ash, oak")
    ]


def test_words_may_end_with_their_bead_open_elsewhere():
    """A tombstone has a moment or none; both are fine."""
    for at in (0, 1):
        assert broken(with_rows(Bead(id="hq-9", status="tombstone", closed_at=at))) == []
