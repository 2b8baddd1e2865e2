"""Work that reaches main by itself, in a town that is killed in every way."""

import shutil
import subprocess
import sys
import time

import pytest

from tests.living import alive
from tests.town.living import AGENT, living_town
from tests.waiting import until

pytestmark = pytest.mark.slow
PROVIDERS = [
    "process",
    pytest.param("tmux", marks=pytest.mark.skipif(not shutil.which("tmux"), reason="no tmux")),
]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_slung_bead_reaches_main_and_everybody_is_told(tmp_path, provider):
    """Scenarios 3, 51, 51b: one commit by its worker, closed after the merge, one letter."""
    with living_town(tmp_path, provider=provider) as town:
        town.up()
        bead = town.bead("Add F", "write F new; commit Add F; done")
        until(lambda: town.closed(bead))
        worker, email, subject = town.on_main()[0]
        assert worker.startswith("api/polecats/")
        assert (email, subject) == ("ada@example.org", "Add F")
        assert town.show(bead)["close_reason"].startswith("Merged in ")
        until(lambda: not town.gt("convoy", "list")["data"]["convoys"])
        inbox = town.gt("mail", "inbox")["data"]
        assert len(inbox["messages"]) == 1, inbox
        assert len(town.sessions()) == 1
        worktree = next((town.prompt.at / "api" / "polecats").glob("*/api"))
        assert town.prompt.git("status", "--porcelain", at=worktree) == ""
        told = town.down()
        assert (told["exit"], told["data"]["left"]) == (0, [])
        until(lambda: not town.left())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_killed_agent_goes_on_in_its_worktree(tmp_path, provider):
    """Scenario 6: what was committed and what was not are there, attempt 2, merged once."""
    with living_town(tmp_path, provider=provider) as town:
        town.up()
        script = "write A one; commit Add A; write B two; die9 1; run test -f B; commit Add B; done"
        bead = town.bead("Survive", script)
        begun = until(town.sessions)
        until(lambda: len(town.sessions()) > 1)
        assert alive(begun[0][0]) is False
        until(lambda: town.closed(bead))
        assert {"A", "B"} <= town.files_on_main()
        assert [attempt for _, _, _, attempt in town.sessions()] == [1, 2]
        assert [subject for _, _, subject in town.on_main()].count("Survive") <= 1
        assert len(town.on_main()) == 2  # the seed's commit, and the work once


def test_a_death_is_seen_and_answered(tmp_path):
    """The work goes on in another session; how soon, `bench.town` says."""
    with living_town(tmp_path) as town:
        town.up()
        town.bead("Wait", "sleep 300")
        pid = until(town.sessions)[0][0]
        time.sleep(1)
        town.kill(pid)
        until(lambda: len(town.sessions()) > 1)


def test_a_killed_watch_disturbs_nobody_and_goes_on_where_it_was(tmp_path):
    """Scenario 8: five agents at work, the node killed and begun anew: all merge, nobody twice."""
    with living_town(tmp_path) as town:
        node = town.up()
        beads = [
            town.bead(f"W{n}", f"write W{n} x; run {town.gate()}; commit W{n}; done")
            for n in range(5)
        ]
        written = town.prompt.at / "api" / "polecats"
        until(lambda: len(list(written.glob("*/api/W*"))) == len(beads))  # all are at work
        until(lambda: len(town.gt("session", "list")["data"]["sessions"]) == len(beads))
        assert {town.show(bead)["status"] for bead in beads} == {"in_progress"}
        pids = [pid for pid, _, _, _ in town.sessions()]
        town.kill(node)
        until(lambda: not town.is_up())
        assert all(alive(pid) for pid in pids)
        town.up()
        town.open_gate()
        until(lambda: all(town.closed(bead) for bead in beads))
        assert len(town.sessions()) == 5
        assert {f"W{n}" for n in range(5)} <= town.files_on_main()
        assert len(town.on_main()) == 6


def test_work_that_kills_its_agents_is_given_up_and_told_once(tmp_path):
    """Scenario 10: three sessions, then blocked with a reason, one escalation, the worker free."""
    with living_town(tmp_path) as town:
        town.up()
        bead = town.bead("Deadly", "write half x; die9")
        until(lambda: town.show(bead)["status"] == "blocked")
        time.sleep(2)
        assert [attempt for _, _, _, attempt in town.sessions()] == [1, 2, 3]
        assert "3 sessions ended without gt done" in town.show(bead)["notes"]
        letters = town.gt("mail", "inbox")["data"]["messages"]
        told = [one for one in letters if bead in one["untrusted"]["subject"]]
        assert len(told) == 1, letters
        assert town.gt("hook", "--all")["data"]["hooks"] == []


def test_a_silent_agent_is_nudged_then_interrupted_then_begun_anew(tmp_path):
    """Scenario 11: in that order; one that writes files all the while is never touched."""
    quick = {"silent_s": 2, "interrupt_after_s": 1, "restart_after_s": 1, "grace_s": 2}
    with living_town(tmp_path, **quick) as town:
        town.agent("ticking", f"(while :; do touch tick; sleep 0.1; done) & exec sh {AGENT}")
        town.up()
        busy = town.bead("Busy", f"run {town.gate()}", "--agent", "ticking")
        silent = town.bead("Silent", "hang 1; write S x; commit S; done")
        until(lambda: [s for s in town.sessions() if s[2:] == (silent, 2)])
        [first] = [session for _, session, *of in town.sessions() if of == [silent, 1]]
        told = [one for one in events(town) if one["payload"].get("session") == first]
        # A slow machine may take so long to begin the other that it is asked once, too.
        kinds = [event["type"] for event in told if event["type"] in WAKING]
        assert kinds == ["nudge", "interrupt", "session_death"]
        assert [s for s in town.sessions() if s[2] == busy and s[3] > 1] == []


WAKING = ("nudge", "interrupt", "session_death")


def events(town) -> list[dict]:
    """What the town's log has, the oldest first."""
    found = town.gt("log", "-n", "500")["data"]
    rows = found["events"] if isinstance(found, dict) else found
    return sorted(rows, key=lambda one: one["seq"])


def test_a_handoff_goes_on_in_a_fresh_session_that_is_told(tmp_path):
    """Scenario 32: the new session is told what the old one left, once; it is no new attempt."""
    with living_town(tmp_path) as town:
        town.up()
        bead = town.bead("Hand on", f"run sh {town.handing()}; write P x; commit Add P; done")
        until(lambda: town.closed(bead))
        assert [attempt for _, _, _, attempt in town.sessions()] == [1, 1]
        told = [text for text in town.transcripts() if "left-this" in text]
        assert len(told) == 1


def test_a_broken_gate_sends_the_work_back_and_it_is_mended(tmp_path):
    """The target never has it; its worker is told what the gate printed, and hands in again."""
    with living_town(tmp_path) as town:
        town.up()
        mend = "run test -e BROKEN && rm BROKEN || touch BROKEN"
        bead = town.bead("Mend", f"{mend}; write P page; commit Add P; done")
        until(lambda: town.closed(bead))
        assert "BROKEN" not in town.files_on_main()
        assert "MERGE REJECTION" in town.show(bead)["notes"]
        assert len(town.sessions()) == 2


def test_down_ends_what_hears_nothing_and_leaves_others_alone(tmp_path):
    """Scenarios 45, 46: no process of the town is left; the user's own of the same name lives."""
    with living_town(tmp_path / "one") as town, living_town(tmp_path / "two") as other:
        town.up()
        other.up()
        town.bead("Stubborn", "hang")
        other.bead("Neighbour", "hang")
        until(town.sessions)
        until(other.sessions)
        code = "import time; time.sleep(100)"
        with subprocess.Popen([sys.executable, "-c", code, "claude"]) as own:
            told = town.down()
            assert (told["exit"], told["data"]["left"]) == (0, [])
            until(lambda: not town.left())
            assert own.poll() is None
            assert alive(other.sessions()[0][0])
            own.kill()
        assert town.down()["exit"] == 0
        assert town.gt("hook", "--all")["data"]["hooks"] != []


def test_work_begins_when_the_town_comes_up_and_not_before(tmp_path):
    """Scenario 48: without a node everything is recorded; a person runs it, or `gt up` does."""
    with living_town(tmp_path) as town:
        bead = town.bead("Later", "write L x; commit L; done")
        assert town.sessions() == []
        worktree = next((town.prompt.at / "api" / "polecats").glob("*/api"))
        assert town.show(bead)["status"] == "hooked"
        assert (worktree / "README").exists()
        town.up()
        until(lambda: town.closed(bead))
