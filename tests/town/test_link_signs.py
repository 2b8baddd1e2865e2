"""What counts as a sign of work: what somebody did, and nothing that the node does by itself."""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from ledger.private.store import Change
from ledger.workspace.work import MergeRequest, Session
from tests.town.towns import git, town_in
from town.hooks.slinging import Order
from town.hooks.target import Target
from town.node.linking import Signs

SECOND = 1_000_000


@pytest.fixture
def town(tmp_path):
    """A town with a bead of an item, in the hands of a worker whose worktree is there."""
    with town_in(tmp_path) as found:
        bead = found.bead(external_ref="w-12", source_system="wasteland")
        found.work = found.works().hooks.sling(Order(bead=bead, target=Target(rig="api"))).work
        found.path = found.workspace.root / found.work.worktree
        age(found.path, 0)
        yield found


def age(path, seconds):
    """Every file below lies so far behind the moment at which the worktree was there."""
    told = path / ".git"
    places = [path, *path.rglob("*")] if path.is_dir() else [path]
    if told.is_file():
        places.append(Path(told.read_text().split(":", 1)[1].strip()) / "logs" / "HEAD")
    for one in places:
        os.utime(one, (1_000 + seconds, 1_000 + seconds))


def signs(town):
    """The newest sign of work on the bead."""
    return Signs(town.works("deacon")).of(town.work.bead)


def put(town, *rows):
    town.private.run(lambda: town.private.store.apply(Change(puts=rows)))


def test_a_worktree_that_was_made_and_a_session_that_was_begun_are_no_signs(town):
    """The node did both: nobody has worked yet."""
    work = replace(town.work, furnished_at=2_000 * SECOND)
    put(
        town, work, Session(id="s", agent=work.agent, assignment=work.id, started_at=9, active_at=9)
    )
    assert signs(town) == 0


def test_what_the_node_wrote_to_begin_a_session_is_no_sign(town):
    """Files of an agent's program come before its session is ready; what is newer is work."""
    work = replace(town.work, furnished_at=2_000 * SECOND)
    begun = Session(
        id="s", agent=work.agent, assignment=work.id, started_at=2_500 * SECOND,
        ready_at=2_600 * SECOND,
    )  # fmt: skip
    put(town, work, begun)
    file = town.path / "A"
    file.write_text("x\n", "utf-8")
    os.utime(town.path, (1_000, 1_000))
    for at, sign in ((2_550, 0), (2_601, 2_601 * SECOND)):
        os.utime(file, (at, at))
        assert signs(town) == sign


def test_a_file_a_commit_a_turn_and_a_hand_in_are_signs(town):
    """Each of them, when it was done."""
    work = replace(town.work, furnished_at=2_000 * SECOND)
    put(town, work)
    file = town.path / "A"
    file.write_text("x\n", "utf-8")
    os.utime(file, (3_000, 3_000))
    os.utime(town.path, (1_000, 1_000))
    assert signs(town) == 3_000 * SECOND
    git(town.path, "add", ".")
    git(town.path, "commit", "-q", "-m", "half")
    os.utime(file, (1_000, 1_000))
    committed = signs(town)
    assert committed > 1_000_000_000 * SECOND  # just now
    age(town.path, 0)
    assert signs(town) == 0
    turn = Session(
        id="s", agent=work.agent, assignment=work.id, started_at=9, active_at=4_000 * SECOND
    )
    other = replace(turn, id="t", assignment="as-other", active_at=9_000 * SECOND)
    put(town, turn, other, MergeRequest(id="mr-1", bead=work.bead, submitted_at=5_000 * SECOND))
    assert signs(town) == 5_000 * SECOND
    assert Signs(town.works()).of("ap-none") == 0
