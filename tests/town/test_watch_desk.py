"""The watch meets bad luck, round by round: real sessions, real git, and no attempt that counts."""

import os
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from ledger.beads import rules
from ledger.beads.rows import Bead
from ledger.workspace.rows import Agent
from ledger.workspace.talk import Message
from ledger.workspace.work import HELD, Assignment, Hindrance, Session
from tests.town.test_hooks import commit, rows, sling, worktree
from tests.town.watched import API, LATER, watched_town
from tests.waiting import until
from town.agents.address import of_polecat
from town.hooks.handing import HandIn, RemoteAwayError
from town.hooks.target import Target
from town.node.handing_in import hand_in
from town.node.watching import WatchLoop, newest_sign
from town.sessions.starting import SessionRequest, WorkOverError
from town.watch.deciding import Limits
from town.workspace.files import BadFileError

pytestmark = pytest.mark.slow


@pytest.fixture
def watched(tmp_path):
    """A watched town."""
    with watched_town(tmp_path) as found:
        yield found


def test_work_for_a_program_that_is_not_there_waits_and_goes_on_by_itself(watched):
    """No session, no attempt, one letter for two beads; when the program comes the work begins."""
    watched.settings()
    first, second = watched.sling("one"), watched.sling("two")
    for _ in range(4):
        watched.round()
    assert rows(watched.town, Session) == []
    assert watched.attempts() == [0, 0]
    assert watched.letters() == ["Work cannot begin: ghost-agent is not on PATH"]
    works = watched.town.works()
    why = works.why.of(first.bead.id)
    assert (why.reason, why.who) == (
        f"{first.agent.id} cannot begin: ghost-agent is not on PATH", "you",
    )  # fmt: skip
    [need] = works.town.status().needs
    assert need.words.endswith("and 1 more wait on the hook: ghost-agent is not on PATH")
    [alarm] = watched.open_alarms()
    assert (alarm.fingerprint, alarm.count) == ("agent/ghost-agent", 2)
    assert (worktree(watched.town, second) / "README").exists()  # a person may work there

    watched.install("ghost-agent", "exec sleep 600")
    watched.round()
    assert {row.bead for row in watched.open_sessions()} == {first.bead.id, second.bead.id}
    watched.round(LATER)
    assert rows(watched.town, Hindrance) == []
    assert watched.open_alarms() == []
    assert works.town.status().needs == ()
    assert watched.attempts() == [0, 0]


@pytest.mark.parametrize("code", [126, 127])
def test_a_program_that_cannot_be_run_is_no_fault_of_the_work(watched, code):
    """It is tried again after a while and longer each time, told once, and never counted."""
    watched.settings(broken=f"echo no such interpreter >&2; exit {code}")
    slung = watched.sling()
    for number in range(1, 5):
        watched.round()
        watched.ended()
        watched.round()
        [hindrance] = rows(watched.town, Hindrance)
        assert hindrance.times == number
    assert watched.attempts() == [0]
    [subject] = watched.letters()
    assert subject.endswith(f"broken could not be run (exit {code}): no such interpreter")
    assert {row.reason for row in rows(watched.town, Session)} == {"not run"}
    waits = Limits(backoff_us=60_000_000)
    watched.round(waits)  # SOON's rest is over: tried once more
    watched.ended()
    watched.round(waits)
    [hindrance] = rows(watched.town, Hindrance)
    assert hindrance.rests_until - hindrance.at == waits.backoff_max_us
    before = len(rows(watched.town, Session))
    watched.round(waits)
    assert len(rows(watched.town, Session)) == before
    assert slung.bead.id in watched.town.works().why.of(slung.agent.id).reason


def test_a_program_that_ran_and_failed_is_an_attempt(watched):
    """Another exit code, or one that comes late, is the work's own."""
    watched.settings(short="exit 1")
    watched.sling()
    watched.round()
    watched.ended()
    watched.round()
    assert watched.attempts() == [1]
    watched.settings(short="exit 127")
    watched.round(LATER)
    watched.ended()
    watched.round(LATER)
    assert watched.attempts() == [2]
    assert rows(watched.town, Hindrance) == []


def test_work_that_was_given_up_and_is_given_out_again_is_tried_again(watched):
    """Opened by a person and slung: it counts from one, and a second end is told of as well."""
    watched.settings(short="echo no key; exit 1")
    bead = watched.sling().bead.id
    for letters in (1, 2):
        for _ in range(3):
            watched.round()
            watched.ended()
            assert rows(watched.town, Assignment, state=HELD) != []
            watched.round()
        watched.round()
        assert rows(watched.town, Bead)[0].status == "blocked"
        assert "The last of them printed: no key" in rows(watched.town, Bead)[0].notes
        assert len(watched.letters()) == letters
        assert len(watched.open_alarms()) == 1
        [row] = rows(watched.town, Bead)
        opened = rules.moved(row, "open", now=row.updated_at, assignee="")
        watched.put(opened)
        again = sling(watched.town, bead, API)
        assert again.work.attempt == 1
    watched.settings(calm="exec sleep 600")
    watched.round()
    assert watched.open_alarms() == []
    assert [row.attempt for row in watched.open_sessions()] == [1]


def test_a_remote_that_is_away_keeps_work_waiting_and_is_told_of_at_the_third_time(watched):
    """The worktree was deleted by hand, the remote cannot be reached; then it is back."""
    watched.settings(calm="exec sleep 600")
    slung = watched.sling()
    place = worktree(watched.town, slung)
    (place / "F").write_text("committed\n")
    git = watched.town.works().git
    git.run("add", "F", at=place)
    git.run("commit", "-q", "-m", "F", at=place)
    shutil.rmtree(place)
    away = watched.town.origin.with_name("away.git")
    watched.town.origin.rename(away)
    for told in (0, 0, 1, 1):
        failed = watched.round().failed
        assert [code for code, _ in failed] == ["git.failed"]
        assert len(watched.letters()) == told
    assert watched.attempts() == [0]
    away.rename(watched.town.origin)
    watched.round()
    watched.round(LATER)
    assert len(watched.open_sessions()) == 1
    assert (place / "F").read_text() == "committed\n"
    assert watched.open_alarms() == []


def test_work_that_cannot_be_handed_in_waits_for_its_remote_and_counts_no_attempt(watched):
    """Its sessions end over it again and again; a person is told, and it is merged from later."""
    go = watched.bin / "go"
    watched.settings(worker=f"while ! test -e {go}; do sleep 0.1; done; exit 1")
    slung = watched.sling()
    commit(worktree(watched.town, slung))
    works, said = watched.town.works(slung.agent.id), HandIn(agent=slung.agent.id)
    away = watched.town.origin.rename(watched.town.origin.with_name("away.git"))
    for _ in range(4):
        watched.round()
        with pytest.raises(RemoteAwayError):
            hand_in(works, said)
        go.touch()
        watched.ended()
        watched.round()
        go.unlink()
    assert watched.attempts() == [0]
    [letter] = [one for one in rows(watched.town, Message) if one.type == "escalation"]
    assert letter.sender == "deacon"
    assert letter.subject.startswith("Work cannot be handed in: the remote of api cannot be asked")
    assert "\n" not in letter.subject
    away.rename(watched.town.origin)
    assert hand_in(works, said).request is not None
    watched.round()
    assert rows(watched.town, Hindrance) == []
    assert watched.open_alarms() == []


def test_settings_that_cannot_be_read_are_told_of_and_stop_nobody_else(watched):
    """Work of the project whose file is broken waits; that of another one goes on."""
    watched.settings(calm="exec sleep 600")
    watched.town.add_rig("web", "we")
    broken = watched.sling()
    fine = sling(watched.town, watched.town.bead("other", prefix="we"), Target(rig="web"))
    watched.town.workspace.rig("api").settings.write_text("{no json")
    watched.round()
    assert [row.bead for row in watched.open_sessions()] == [fine.bead.id]
    assert len(watched.letters()) == 1
    watched.town.workspace.rig("api").settings.write_text("{}")
    time.sleep(0.01)
    watched.round()
    assert broken.bead.id in {row.bead for row in watched.open_sessions()}


def test_a_watch_whose_settings_cannot_be_read_goes_on_with_what_they_said(watched):
    """The loop begins work, and what it told of the settings it told once."""
    watched.settings(calm="exec sleep 600")
    watched.sling()

    def unreadable() -> dict:
        raise BadFileError(watched.town.workspace.settings, "is no JSON")

    loop = WatchLoop(watched.town.works("deacon").watch, {}, unreadable)
    loop.start()
    until(watched.open_sessions)
    loop.stop(wait_s=10)


def test_a_file_of_a_later_day_is_no_sign_of_work(watched):
    """Unpacked so, or from before a clock was set back: the newest of the others counts."""
    watched.settings(calm="exec sleep 600")
    slung = watched.sling()
    place = worktree(watched.town, slung)
    now = time.time()
    for path in (place, *place.rglob("*")):
        os.utime(path, (now - 500, now - 500))
    os.utime(place / "README", (now - 100, now - 100))
    (place / "odd").write_text("x")
    os.utime(place / "odd", (now + 86_400, now + 86_400))
    os.utime(place, (now - 500, now - 500))
    seen = newest_sign(watched.town.workspace.root, slung.work, now=int(now * 1_000_000))
    assert abs(seen - (now - 100) * 1_000_000) < 1_000_000


def test_work_that_was_taken_back_meanwhile_is_not_begun(watched):
    """Between the look and the act somebody took it off the hook: the program is gone again."""
    watched.settings(calm="exec sleep 600")
    slung = watched.sling()
    watched.town.works().hooks.unsling(slung.bead.id)
    who = of_polecat("api", slung.agent.name)
    desk = watched.town.works("deacon").agents
    with pytest.raises(WorkOverError):
        desk.begin(SessionRequest(who=who, assignment=slung.work.id, bead=slung.bead.id))
    assert rows(watched.town, Session) == []
    assert desk.around.sessions("process").running() == []


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"status": "closed", "closed_at": 1}, "its bead was set to closed"),
        ({"status": "open"}, "its bead was set to open"),
        ({"assignee": "bob"}, "its bead was given to bob"),
    ],
)
def test_a_bead_that_somebody_put_elsewhere_is_off_the_hook(watched, how, words):
    """Its worker is free, its session ends, its branch stays, and the bead is as it was put."""
    watched.settings(calm="exec sleep 600")
    slung = watched.sling()
    watched.round()
    assert len(watched.open_sessions()) == 1
    [bead] = rows(watched.town, Bead)
    put = replace(bead, **how)
    watched.put(put)
    watched.round()
    watched.round()
    [work] = rows(watched.town, Assignment)
    assert (work.state, work.outcome) == ("withdrawn", words)
    assert rows(watched.town, Assignment, state=HELD) == []
    [agent] = [one for one in rows(watched.town, Agent) if one.id == slung.agent.id]
    assert (agent.hook_bead, agent.state) == ("", "idle")
    assert watched.open_sessions() == []
    [bead] = rows(watched.town, Bead)
    assert (bead.assignee, bead.closed_at) == (put.assignee, put.closed_at)
    assert bead.status == ("open" if put.status == "hooked" else put.status)


def test_two_who_sling_one_bead_at_once_begin_one_session(watched):
    """Scenario 4: twenty times two at one moment: one assignment, one session, each time."""
    watched.settings(calm="exec sleep 600")
    beads = [watched.town.bead(f"b{number}") for number in range(20)]
    with ThreadPoolExecutor(2) as pool:
        for bead in beads:
            start = threading.Barrier(2)

            def give(_: int, bead: str = bead, start: threading.Barrier = start) -> str:
                start.wait()
                return sling(watched.town, bead, API).work.id

            assert len(set(pool.map(give, range(2)))) == 1
    assert watched.round().failed == []
    assert watched.round().did == []
    assert sorted(one.bead for one in rows(watched.town, Assignment)) == sorted(beads)
    assert sorted(one.bead for one in watched.open_sessions()) == sorted(beads)
    assert len({one.pid for one in watched.open_sessions()}) == len(beads)
