"""Branches of work that somebody moves or deletes by hand, here or at the remote: real git."""

import pytest

from ledger.workspace.work import MergeRequest
from tests.town.test_hooks import commit, rows, sling, worktree
from tests.town.towns import git, town_in
from town.hooks.handing import HandIn, UnseenError


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
