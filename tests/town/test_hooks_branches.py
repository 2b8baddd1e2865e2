"""Branches of work that somebody moves or deletes by hand, here or at the remote: real git."""

import subprocess
from pathlib import Path

import pytest

from ledger.workspace.work import MergeRequest
from tests.town.test_hooks import commit, rows, sling, worktree
from tests.town.towns import TestTown, git, town_in
from town.hooks.handing import HandIn, UnseenError, WrongBranchError
from town.hooks.pool import POOL_MAX
from town.hooks.slinging import Order
from town.hooks.target import Target
from town.workspace.settings_file import rig_settings


@pytest.fixture
def town(tmp_path):
    with town_in(tmp_path) as found:
        yield found


def test_a_branch_that_was_deleted_at_the_remote_is_handed_in_again(town):
    """Pushed once, sent back, deleted there by hand: the second hand-in makes it anew."""
    slung = sling(town, town.bead())
    me, place = slung.agent.id, worktree(town, slung)
    commit(place)
    hooks = town.works(me).hooks
    git(place, "push", "-q", "origin", "HEAD")
    git(town.origin, "branch", "-D", slung.work.branch)
    commit(place, "G")
    done = hooks.done(HandIn(agent=me))
    assert git(town.origin, "rev-parse", slung.work.branch).strip() == done.request.sha


def test_a_branch_that_somebody_else_moved_at_the_remote_is_not_replaced(town):
    """What is there and was never here stays, until it is merged here; rebased work goes."""
    slung = sling(town, town.bead())
    me, place = slung.agent.id, worktree(town, slung)
    commit(place)
    git(place, "push", "-q", "origin", "HEAD")
    other = town.folder / "other"
    git(town.folder, "clone", "-q", "-b", slung.work.branch, str(town.origin), str(other))
    commit(other, "theirs")
    git(other, "push", "-q", "origin", "HEAD")
    commit(place, "G")
    hooks = town.works(me).hooks
    with pytest.raises(UnseenError):
        hooks.done(HandIn(agent=me))
    assert git(town.origin, "show", f"{slung.work.branch}:theirs") == "new\n"
    assert rows(town, MergeRequest) == []
    git(place, "rebase", "-q", f"origin/{slung.work.branch}")
    git(place, "push", "-q", "origin", "HEAD")
    git(place, "commit", "-q", "--amend", "-m", "Another word for it")
    done = hooks.done(HandIn(agent=me))
    assert git(town.origin, "rev-parse", slung.work.branch).strip() == done.request.sha


def test_a_branch_that_was_deleted_under_its_worktree_is_there_again(town):
    """By hand, in the bare repository: what was committed is not lost, and no commit is a first."""
    slung = sling(town, town.bead())
    me, place = slung.agent.id, worktree(town, slung)
    commit(place)
    repository = town.workspace.rig("api").repository
    for name in ("G", "H"):
        git(repository, "update-ref", "-d", f"refs/heads/{slung.work.branch}")
        if name == "H":  # so does whoever begins the next session
            town.works().hooks.furnish(slung.work)
        (place / name).write_text("not committed yet", "utf-8")
    done = town.works(me).hooks.done(HandIn(agent=me))
    told = git(town.origin, "log", "--format=%s", done.request.sha).splitlines()
    assert told == ["Saved by gt done: what was not committed yet", "Write F", "first"]


def conflicting(town: TestTown, place: Path) -> None:
    """A rebase onto the target stands still at a conflict."""
    (place / "README").write_text("mine\n", "utf-8")
    git(place, "commit", "-q", "-a", "-m", "Mine")
    other = town.folder / "other"
    git(town.folder, "clone", "-q", str(town.origin), str(other))
    (other / "README").write_text("theirs\n", "utf-8")
    git(other, "commit", "-q", "-a", "-m", "Theirs")
    git(other, "push", "-q", "origin", "HEAD")
    git(place, "fetch", "-q", "origin")
    with pytest.raises(subprocess.CalledProcessError):
        git(place, "rebase", "origin/main")
    assert git(place, "branch", "--show-current") == ""


def test_a_rebase_of_the_work_itself_is_left_to_its_next_session(town):
    """Whoever was killed in it goes on where it stood, and hands in."""
    slung = sling(town, town.bead())
    me, place = slung.agent.id, worktree(town, slung)
    conflicting(town, place)
    town.works().hooks.furnish(slung.work)
    with pytest.raises(WrongBranchError):
        town.works(me).hooks.done(HandIn(agent=me))
    (place / "README").write_text("both\n", "utf-8")
    git(place, "add", "README")
    git(place, "-c", "core.editor=true", "rebase", "--continue")
    done = town.works(me).hooks.done(HandIn(agent=me))
    assert git(town.origin, "show", f"{done.request.sha}:README") == "both\n"


@pytest.mark.parametrize("killed", [False, True])
def test_other_work_finds_nothing_of_a_rebase_and_loses_nothing_of_it(town, killed):
    """All of it is on a branch of its own, also where the rescuer was killed in its midst."""
    zed = Target(rig="api", agent="api/polecats/zed", role="polecat", name="zed")
    place = worktree(town, sling(town, town.bead("one"), zed))
    conflicting(town, place)
    (place / "loose").write_text("not committed", "utf-8")
    order = Order(bead=town.bead("two"), target=zed, force=True)
    hooks = town.works().hooks
    new = town.works().hooks.act("gt sling", lambda: hooks.step(order, {}))
    rescue = f"rescue/{new.work.id}"
    if killed:  # it had switched, and committed nothing yet
        git(place, "add", "-A")
        git(place, "rebase", "--quit")
        git(place, "switch", "-q", "-c", rescue)
    hooks.furnish(new.work)
    assert git(place, "branch", "--show-current").strip() == new.work.branch
    assert git(place, "status", "--porcelain") == ""
    assert git(place, "show", f"{rescue}:loose") == "not committed"
    assert "theirs" in git(place, "show", f"{rescue}:README")
    assert "mine" in git(place, "show", f"{rescue}:README")
    hooks.furnish(new.work)
    assert git(place, "branch", "--list", "rescue/*").split() == [rescue]


def test_branches_and_workers_are_called_as_the_settings_say(town):
    """A template with its words filled in, free and no target; a pool that is as large as said."""
    settings = rig_settings(town.workspace.rig("api"))
    settings.set("namepool.names", "amos,bo")
    settings.set("namepool.max", "1")
    settings.set("polecat_branch_template", "{user}/{name}/{issue}-{description}")
    one = sling(town, town.bead("Fix: the Parser!"))
    assert one.work.branch == f"ann/amos/{one.bead.id}-fix-the-parser"
    assert git(worktree(town, one), "branch", "--show-current").strip() == one.work.branch
    for template, wanted in (("work", "work"), ("work", "work-2"), ("main", "main-2")):
        settings.set("polecat_branch_template", template)
        assert sling(town, town.bead()).work.branch == wanted
    settings.set("polecat_branch_template", "..")
    last = sling(town, town.bead())
    assert last.work.branch.startswith(f"polecat/{last.agent.name}/{last.bead.id}@")
    assert last.agent.name == str(POOL_MAX + 4)
