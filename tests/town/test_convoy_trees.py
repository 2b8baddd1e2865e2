"""Landing an owned convoy: worktrees go, and never one with something that lies nowhere else."""

import pytest

from tests.town.towns import git, town_in
from town.convoys.desk import NewConvoy
from town.hooks.slinging import Order
from town.hooks.target import Target


@pytest.fixture
def town(tmp_path):
    """A town with the project `api`."""
    with town_in(tmp_path) as found:
        yield found


def worked_on(town, count: int) -> list:
    """So many beads of one owned convoy, each with a worker and a worktree."""
    beads = [town.bead(f"B{n}") for n in range(count)]
    town.works().convoys.create(NewConvoy(title="Own", beads=beads, owned=True))
    return [town.works().hooks.sling(Order(bead=bead, target=Target(rig="api"))) for bead in beads]


def test_what_is_nowhere_else_keeps_its_worktree(town):
    """Uncommitted work, unpushed work, a worker with work again: kept. The rest is removed."""
    dirty, unpushed, busy, clean = slung = worked_on(town, 4)
    places = [town.workspace.root / one.work.worktree for one in slung]
    (places[0] / "F").write_text("precious\n", "utf-8")
    (places[1] / "G").write_text("precious\n", "utf-8")
    git(places[1], "add", "G")
    git(places[1], "commit", "-q", "-m", "only here")
    for one in (dirty, unpushed, clean):
        town.works().hooks.unsling(one.bead.id)
    works = town.works()
    ended = works.convoys.land("1", force=True)
    assert sorted(ended.worktrees) == sorted(one.work.worktree for one in (dirty, unpushed, clean))
    gone, kept = works.tidy(ended.worktrees)
    assert gone == [clean.work.worktree]
    assert sorted(kept) == sorted((dirty.work.worktree, unpushed.work.worktree))
    assert [place.exists() for place in places] == [True, True, True, False]
    assert (places[0] / "F").read_text("utf-8") == "precious\n"
    assert works.tidy([busy.work.worktree]) == ([], [busy.work.worktree])
    assert works.tidy([clean.work.worktree]) == ([clean.work.worktree], [])


def test_a_worker_without_a_worktree_gets_one_with_its_next_work(town):
    """What was removed is made anew: the worker works on."""
    (first,) = worked_on(town, 1)
    town.works().hooks.unsling(first.bead.id)
    ended = town.works().convoys.land("1", force=True)
    assert town.works().tidy(ended.worktrees) == ([first.work.worktree], [])
    again = town.works().hooks.sling(Order(bead=town.bead("Next"), target=Target(rig="api")))
    assert again.agent.id == first.agent.id
    assert (town.workspace.root / again.work.worktree / "README").exists()
