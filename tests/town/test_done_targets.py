"""Handing in what is meant, into the branch that is meant; nothing is done where one is wrong."""

import pytest

from ledger.workspace.work import MergeRequest
from tests.town.test_hooks import commit, consistent, rows, sling, worktree
from tests.town.towns import git, town_in
from town.hooks.errors import BadTargetError, NoWorkError, OtherWorkError
from town.hooks.handing import COMPLETED, SAID_DEFERRED, HandIn


@pytest.fixture
def town(tmp_path):
    with town_in(tmp_path) as found:
        yield found


def test_done_is_told_what_it_hands_in_and_where_to(town):
    """--issue names what is on the hook or nothing is done; --target is a branch that is there."""
    git(town.origin, "branch", "next", "main")
    other, bead = town.bead("Other"), town.bead()
    slung = sling(town, bead)
    commit(worktree(town, slung))
    me = slung.agent.id
    done = town.works(me).hooks.done
    with pytest.raises(OtherWorkError):
        done(HandIn(agent=me, bead=other))
    for target, status in (("nowhere", COMPLETED), ("next", SAID_DEFERRED)):
        with pytest.raises(BadTargetError):
            done(HandIn(agent=me, bead=bead, target=target, status=status))
    assert rows(town, MergeRequest) == []
    handed = done(HandIn(agent=me, bead=bead, target="next"))
    assert handed.request is not None
    assert (handed.request.target, handed.work.base) == ("next", "next")
    again = done(HandIn(agent=me, bead=bead))
    assert (again.again, again.request) == (True, handed.request)
    with pytest.raises(BadTargetError):
        done(HandIn(agent=me, bead=bead, target="main"))
    with pytest.raises(NoWorkError):
        done(HandIn(agent=me, bead=other))
    consistent(town)
