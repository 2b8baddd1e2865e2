"""How work is merged: by the queue, at once, or not at all; as it was said, or its convoy says."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from ledger.beads.rows import Bead
from ledger.private.store import Change
from ledger.workspace.rows import Agent
from ledger.workspace.work import (
    BLOCKED_REQUEST,
    DONE,
    MERGED,
    READY,
    SUBMITTED,
    SUPERSEDED,
    TRYING,
    WITHDRAWN,
    Assignment,
    MergeRequest,
)
from tests.town.refining import Yard, yard_in
from tests.town.towns import git
from town.convoys.desk import NewConvoy
from town.hooks.errors import BeingMergedError
from town.hooks.handing import HandedIn, HandIn
from town.hooks.slinging import Order, Slung
from town.hooks.target import Target
from town.node.town_services import Dispatch

API = Target(rig="api")


@pytest.fixture
def yard(tmp_path):
    """A town whose gate fails where a file is called BROKEN."""
    with yard_in(tmp_path) as found:
        yield found


def sling(yard: Yard, bead: str, **more) -> Slung:
    """The bead is given."""
    return yard.works().hooks.sling(Order(bead=bead, target=API, **more))


def done(yard: Yard, slung: Slung, name: str) -> HandedIn:
    """Its worker wrote a file of that name, and says that it is done."""
    place: Path = yard.workspace.root / slung.work.worktree
    (place / name).write_text("new\n", "utf-8")
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", f"Write {name}")
    return yard.works(slung.agent.id).hooks.done(HandIn(agent=slung.agent.id))


def heads(yard: Yard) -> set[str]:
    """The branches of the remote."""
    told = git(yard.origin, "for-each-ref", "--format=%(refname:short)", "refs/heads/")
    return set(told.split())


def test_direct_work_waits_for_nobody_and_passes_the_gates_like_any(yard: Yard):
    """I8: no branch at the remote, no waiting; what breaks the gate never gets to the target."""
    yard.gates({"test": {"cmd": "test ! -e BROKEN"}}, batch={"batch_wait_time": "1h"})
    bad = done(yard, sling(yard, yard.bead("bad"), merge="direct"), "BROKEN")
    assert bad.request is not None
    assert (bad.request.at_once, bad.work.state, bad.bead.status) == (
        True, SUBMITTED, "in_progress",
    )  # fmt: skip
    assert (yard.main(), heads(yard)) == ([], {"main"})
    assert yard.cycle().failed == [bad.request.id]
    assert yard.main() == []
    assert "MERGE REJECTION" in yard.bead_of(bad.request).notes
    good = done(yard, sling(yard, yard.bead("good"), merge="direct"), "good")
    assert good.request is not None
    assert yard.cycle().merged == [good.request.id]
    assert yard.bead_of(good.request).status == "closed"
    assert (yard.main_files(), heads(yard)) == ({"README", "good"}, {"main"})
    yard.whole()


def test_work_that_is_not_to_be_merged_never_is(yard: Yard):
    """`local` stays here, `--no-merge` on its branch, `--review-only` nowhere: all are closed."""
    for number, how in enumerate(
        ({"merge": "local"}, {"no_merge": True}, {"merge": "direct", "no_merge": True})
    ):
        over = done(yard, sling(yard, yard.bead(f"work {number}"), **how), f"file{number}")
        assert (over.request, over.work.state, over.bead.status) == (None, DONE, "closed")
    slung = sling(yard, yard.bead("look"), review_only=True)
    over = yard.works(slung.agent.id).hooks.done(HandIn(agent=slung.agent.id))
    assert (over.request, over.bead.status) == (None, "closed")
    assert len(heads(yard)) == 2, "main, and the one branch that was to be left there"
    assert (yard.cycle().words, yard.main()) == ("nothing to merge", [])


def test_a_convoy_says_how_its_work_is_merged_whoever_gives_it(yard: Yard):
    """By hand without a word, and fed by the town: the convoy's way and branch; a word wins."""
    yard.branch("next", {"n": "1"})
    beads = [yard.bead(f"work {number}") for number in range(3)]
    wanted = NewConvoy(title="x", beads=beads, merge="local", base_branch="next")
    yard.works().convoys.create(wanted)
    by_hand = sling(yard, beads[0])
    said = sling(yard, beads[1], merge="mr", base="main")
    Dispatch(yard.works("deacon")).cycle()
    [fed] = yard.find(Assignment, bead=beads[2])
    ways = [(one.merge, one.base) for one in (by_hand.work, said.work, fed)]
    assert ways == [("local", "next"), ("mr", "main"), ("local", "next")]


def test_what_is_fed_again_is_done_as_it_was_asked_for(yard: Yard):
    """A worker is taken off; whoever gets the bead next has the same words, and merges nothing."""
    bead = yard.bead("look")
    yard.works().convoys.create(NewConvoy(title="x", beads=[bead]))
    first = sling(yard, bead, args="only the parser", no_merge=True, runtime="fake", merge="direct")
    yard.works().hooks.unsling(bead)
    Dispatch(yard.works("deacon")).cycle()
    [again] = [one for one in yard.find(Assignment, bead=bead) if one.id != first.work.id]
    told = (again.args, again.no_merge, again.runtime, again.merge, again.formula)
    assert told == ("only the parser", True, "fake", "direct", first.work.formula)


def conflicting(yard: Yard) -> tuple[MergeRequest, Bead]:
    """A request that waits for a conflict's task, which is on its worker's hook."""
    yard.handed_in("one", {"README": "one\n"})
    second = yard.handed_in("two", {"README": "two\n"})
    yard.drained()
    return second, yard.get(Bead, yard.request(second).blocked_by)


def test_work_given_to_somebody_else_leaves_no_task_of_the_old_one(yard: Yard):
    """The request is replaced, its conflict's task closed, and that one's worker free."""
    second, task = conflicting(yard)
    slung = sling(yard, second.bead, force=True)
    assert yard.request(second).state == SUPERSEDED
    assert yard.get(Bead, task.id).status == "closed"
    works = {one.bead: one.state for one in yard.find(Assignment, agent="api/polecats/two")}
    assert works == {second.bead: WITHDRAWN, task.id: WITHDRAWN}
    assert slung.agent.id != "api/polecats/two" or slung.agent.hook_bead == second.bead
    yard.check_sound()


def test_the_same_worker_can_be_given_its_work_anew_while_it_resolves_a_conflict(yard: Yard):
    """By force: the task is over, and not open for anybody else to begin."""
    second, task = conflicting(yard)
    target = Target(rig="api", agent="api/polecats/two", role="polecat", name="two")
    yard.works().hooks.sling(Order(bead=second.bead, target=target, force=True))
    assert yard.get(Bead, task.id).status == "closed"
    assert yard.get(Agent, "api/polecats/two").hook_bead == second.bead
    yard.check_sound()


def test_a_newer_commit_leaves_no_task_of_the_old_one(yard: Yard):
    """Handed in anew past the task: one request, no task, nobody at work on it."""
    second, task = conflicting(yard)
    newer = yard.handed_in("two", {"b": "1"}, bead=second.bead)
    assert yard.request(second).state == SUPERSEDED
    assert yard.get(Bead, task.id).status == "closed"
    assert yard.find(MergeRequest, state=BLOCKED_REQUEST) == []
    assert yard.cycle().merged == [newer.id]
    yard.whole()


def test_nobody_takes_away_what_is_being_pushed(yard: Yard):
    """It may be on the target by now: whoever wants the bead waits until that is known."""
    request = yard.handed_in("nux", {"a": "1"})
    held = replace(request, state=TRYING, tip="c" * 40)
    yard.private.run(lambda: yard.private.store.apply(Change(puts=(held,))))
    with pytest.raises(BeingMergedError):
        sling(yard, request.bead, force=True)
    assert yard.find(Assignment, state=WITHDRAWN) == []
    assert yard.cycle(at_once=True).merged == [request.id]
    assert yard.request(request).state == MERGED
    assert READY not in {one.state for one in yard.find(MergeRequest)}
    yard.whole()
