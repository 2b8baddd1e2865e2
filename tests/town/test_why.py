"""Every answer says state, reason, next act and who acts; every code of a reason has its words."""

import ast
from pathlib import Path

import pytest

from ledger.workspace import convoys
from tests.town.test_hooks import commit, sling, worktree
from tests.town.towns import town_in
from town.convoys.desk import NewConvoy
from town.hooks.handing import HandIn
from town.refinery.queue import Asked
from town.why.desk import NEXT, NothingCalledError
from town.workspace.settings_file import rig_settings


@pytest.fixture
def town(tmp_path):
    with town_in(tmp_path) as found:
        yield found


def test_a_bead_is_explained_from_its_filing_to_the_queue(town):
    """Nobody has it; on a hook; handed in: each time what comes next, and who does it."""
    bead = town.bead("Explain me")
    works = town.works()
    fresh = works.why.of(bead)
    assert (fresh.kind, fresh.state, fresh.who) == ("bead", "open", "you")
    assert "gt sling" in fresh.next
    slung = sling(town, bead)
    held = works.why.of(bead)
    assert held.state == "hooked"
    assert held.last[-1].endswith("sling by overseer")
    agent = works.why.of("api/" + slung.agent.name)
    assert (agent.kind, agent.id) == ("agent", slung.agent.id)
    assert bead in agent.reason
    commit(worktree(town, slung))
    done = town.works(slung.agent.id).hooks.done(HandIn(agent=slung.agent.id))
    queued = works.why.of(bead)
    assert queued.reason == "waits in the merge queue, the first of it, and nobody merges"
    assert (queued.who, "gt refinery run" in queued.next) == ("you", True)
    request = works.why.of(done.request.id)
    assert (request.kind, request.state, request.reason) == ("request", "ready", queued.reason)
    asked = Asked(rig="api", branch="max/x", sha="c" * 40, target="main")
    other = works.queue.submit(asked).id
    own = works.why.of(other)
    assert (own.state, "1 before it" in own.reason, own.who) == ("ready", True, "you")
    check_off(town, bead, done.request.id, other)


def check_off(town, *names):
    """Where the settings let nothing merge, that is the reason, and the line that changes it."""
    rig_settings(town.workspace.rig("api")).set("merge_queue.enabled", "false")
    for one in names:
        off = town.works().why.of(one)
        assert off.reason == "nothing is merged: merge_queue.enabled is false"
        assert off.next == "gt rig config set RIG merge_queue.enabled true"


def test_a_convoy_names_what_each_member_waits_for(town):
    """Each member that is not closed stands in the reason."""
    beads = [town.bead(f"b{n}") for n in range(2)]
    convoy = town.works().convoys.create(NewConvoy(title="X", beads=tuple(beads)))
    found = town.works().why.of(convoy.id)
    assert found.state == "0/2 closed"
    assert all(bead in found.reason for bead in beads)


def test_what_is_not_there_is_said(town):
    """Exit 3, and what could be asked instead."""
    with pytest.raises(NothingCalledError):
        town.works().why.of("ap-nothing")


def test_every_code_of_a_reason_has_its_next_act():
    """A code that `ledger.workspace.convoys` can give and that is not explained fails here."""
    tree = ast.parse(Path(convoys.__file__).read_text("utf-8"))
    codes = {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") == "Reason"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }
    assert codes
    assert codes <= set(NEXT)
