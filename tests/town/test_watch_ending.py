"""Sessions end in every way, and the watch goes on: what is left behind, begun twice, or away."""

import dataclasses
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable
from functools import partial

import pytest
from msgspec.structs import replace

from ledger.workspace.work import Lease
from tests.living import alive, gone
from tests.town.test_hooks import rows, worktree
from tests.town.towns import git
from tests.town.watched import watched_town
from tests.waiting import until
from town.agents.address import of_polecat
from town.sessions.port import NoProviderError, Running, SessionPlan, Sessions
from town.sessions.starting import BeingBegunError, SessionRequest

pytestmark = pytest.mark.slow


@pytest.fixture(
    params=[
        "process",
        pytest.param("tmux", marks=pytest.mark.skipif(not shutil.which("tmux"), reason="no tmux")),
    ]
)
def provider(request) -> str:
    """What runs the sessions."""
    return request.param


@pytest.fixture
def watched(tmp_path):
    """A watched town."""
    with watched_town(tmp_path) as found:
        yield found


@pytest.mark.skipif(not shutil.which("tmux"), reason="no tmux")
def test_a_tmux_server_that_was_killed_takes_nothing_with_it_but_sessions(watched):
    """Everybody's session begins anew in the same worktree, on a new server."""
    watched.settings("tmux", calm="exec sleep 600")
    watched.sling("one")
    watched.sling("two")
    watched.round()
    tmux = watched.town.works().agents.around.sessions("tmux")
    pids = {one.pid for one in tmux.running()}
    assert len(pids) == 2
    server = tmux._server()
    subprocess.run(tmux._argv("kill-server"), check=True, capture_output=True)
    until(partial(gone, server))
    watched.round()
    watched.round()
    again = {one.pid for one in tmux.running()}
    assert len(again) == 2
    assert not pids & again
    assert watched.attempts() == [1, 1]


def test_what_a_dead_session_left_behind_is_ended_before_the_next_begins(watched, provider):
    """Its children write in the same worktree no more; so it is at the end of the town."""
    kids = watched.bin / "kids"
    # A child says that it is there once nothing that ends its terminal ends it.
    stays = f"trap '' HUP; echo $$ >> {kids}; exec sleep 600"
    watched.settings(provider, parent=f"sh -c {shlex.quote(stays)} & exec sleep 600")
    watched.sling()

    def are_born(number: int) -> bool:
        return kids.exists() and len(kids.read_text().split()) == number

    for number in (1, 2):
        watched.round()
        until(partial(are_born, number))
        [row] = watched.open_sessions()
        os.kill(row.pid, signal.SIGKILL)
        until(partial(gone, row.pid))
        assert alive(int(kids.read_text().split()[-1]))
        if number == 1:
            watched.round()
    assert watched.town.works("deacon").watch.stop_all() != []
    assert [alive(int(pid)) for pid in kids.read_text().split()] == [False, False]


def test_a_lock_of_git_that_a_killed_session_held_stops_nobody(watched):
    """Killed in the midst of a commit: the next session of the work can commit again."""
    dies = 'touch "$(git rev-parse --git-dir)/index.lock"; kill -9 $$'
    goes_on = "git commit -q --allow-empty -m again; exec sleep 600"
    watched.settings(agent=f'if [ "$GT_ATTEMPT" = 1 ]; then {dies}; fi; {goes_on}')
    slung = watched.sling()
    watched.round()
    watched.ended()
    watched.round()
    watched.round()
    place = worktree(watched.town, slung)
    until(lambda: git(place, "log", "-1", "--format=%s") == "again\n")


class Taken:
    """Sessions of which somebody else takes each over while it is being begun."""

    def __init__(self, real: Sessions, take: Callable[[], object]) -> None:
        self.real, self.take = real, take

    def start(self, plan: SessionPlan) -> Running:
        """It runs, and then the other's does."""
        mine = self.real.start(plan)
        self.take()
        return mine

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)


def test_whoever_was_too_slow_to_begin_a_session_does_not_end_the_next_ones(watched):
    """Its lease lapsed while its program started: another began, whose session lives on."""
    watched.settings(calm="exec sleep 600")
    slung = watched.sling()
    slow, other = watched.town.works("deacon").agents, watched.town.works("deacon").agents
    request = SessionRequest(
        who=of_polecat("api", slung.agent.name), assignment=slung.work.id, bead=slung.bead.id
    )

    def take() -> None:
        [lease] = rows(watched.town, Lease)
        watched.put(replace(lease, expires_at=1))
        other.begin(request)

    real = slow.around.sessions
    slow.around = dataclasses.replace(slow.around, sessions=lambda name: Taken(real(name), take))
    with pytest.raises(BeingBegunError):
        slow.begin(request)
    [row] = watched.open_sessions()
    assert alive(row.pid)
    assert watched.round().did == []


def test_a_provider_that_is_away_keeps_no_other_session_from_ending(watched):
    """`gt down` says which could not be asked; whatever else ran runs no more."""
    watched.settings(calm="exec sleep 600")
    watched.sling("one")
    watched.sling("two")
    watched.round()
    first, second = watched.open_sessions()
    watched.put(replace(first, provider="script:not-there"))
    with pytest.raises(NoProviderError):
        watched.town.works("deacon").watch.stop_all()
    assert not alive(second.pid)
    assert [row.id for row in watched.open_sessions()] == [first.id]
    watched.put(first)


def test_who_cannot_be_asked_is_left_as_it_is_and_keeps_nobody_else(watched):
    """A provider's script is gone: its session is neither over nor begun twice; others go on."""
    watched.settings(calm="exec sleep 600")
    first, second = watched.sling("one"), watched.sling("two")
    watched.round()
    [row] = [one for one in watched.open_sessions() if one.bead == first.bead.id]
    elsewhere = replace(row, provider="script:not-there")
    watched.put(elsewhere)
    [other] = [one for one in watched.open_sessions() if one.bead == second.bead.id]
    os.kill(other.pid, signal.SIGKILL)
    until(partial(gone, other.pid))
    told = watched.round()
    assert [code for code, _ in told.failed] == ["session.provider"]
    watched.round()
    [kept] = [one for one in watched.open_sessions() if one.bead == first.bead.id]
    assert kept == elsewhere
    [again] = [one for one in watched.open_sessions() if one.bead == second.bead.id]
    assert again.pid != other.pid
    watched.put(row)  # it is found, and ended
