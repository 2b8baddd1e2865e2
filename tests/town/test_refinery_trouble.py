"""The refinery when things go wrong: it fails closed, says so once, and goes on by itself."""

import shutil
import threading

import pytest
from msgspec.structs import replace

from ledger.private.store import Change
from ledger.workspace.alarm import Escalation
from ledger.workspace.talk import Message
from ledger.workspace.work import (
    MERGED,
    READY,
    TRYING,
    Lease,
)
from tests.living import alive
from tests.town.refining import GATE, Yard, yard_in
from tests.town.towns import git
from tests.waiting import LONG_S, until
from town.leases.right import Held
from town.node import gates
from town.refinery.errors import BusyRefineryError, LeaseLostError


@pytest.fixture
def yard(tmp_path):
    """A town whose gate fails where a file is called BROKEN."""
    with yard_in(tmp_path) as found:
        yield found


# --- gates that cannot run


@pytest.mark.parametrize(
    ("cmd", "word"),
    [
        ("no-such-program-here", "127"),
        ("./README", "126"),
        ("", "no command"),
        ("kill -9 $$", "signal 9"),
    ],
)
def test_a_gate_that_cannot_run_merges_nothing(yard: Yard, cmd, word):
    """Scenario 18: an error of the refinery, told once; whoever waits, waits on."""
    yard.gates({"ok": {"cmd": "true"}, "check": {"cmd": cmd}})
    request = yard.handed_in("nux", {"a": "1"})
    for _ in range(3):
        cycle = yard.cycle(at_once=True)
        assert (cycle.broken, cycle.merged, cycle.failed) == ("gate", [], [])
        assert word in cycle.reason
    assert yard.main() == []
    assert yard.request(request).state == READY
    assert len(yard.events("refinery.broken")) == 1
    assert yard.state().times == 3
    rests = yard.cycle()
    assert rests.broken == "gate"
    assert rests.due == yard.state().rests_until
    assert len(yard.runs()) == 6, "it rests; each time the target alone was tried as well"
    yard.gates({"check": {"cmd": "true"}})
    assert yard.cycle(at_once=True).merged == [request.id]
    assert len(yard.events("refinery.mended")) == 1
    (alarm,) = yard.find(Escalation)
    assert (alarm.fingerprint, alarm.count) == ("refinery:api:gate", 3)
    assert alarm.closed_at
    assert [one.subject for one in yard.find(Message)] == ["The refinery of api cannot work: gate"]
    assert yard.state().broken == ""
    yard.whole()


def test_a_gate_that_takes_too_long_fails(yard: Yard, tmp_path, monkeypatch):
    """Scenario 18: a timeout is a failure of the work; nothing of the gate runs on."""
    pids, waited = tmp_path / "pids", gates._until_over
    slow = f"if test -e slow; then sleep 300 & echo $$ $! >> {pids}; sleep 300; fi"
    yard.gates({"check": {"cmd": slow, "timeout": "300ms"}})

    def fairly(process, limit_s, *more):
        """The time of a slow gate begins when it sleeps; a quick one has as long as it takes."""
        if not (yard.workspace.rig("api").refinery / "slow").exists():
            return waited(process, LONG_S, *more)
        until(lambda: pids.exists() and f"\n{process.pid} " in f"\n{pids.read_text()}")
        return waited(process, limit_s, *more)

    monkeypatch.setattr(gates, "_until_over", fairly)
    bad = yard.handed_in("slow", {"slow": "1"})
    good = yard.handed_in("good", {"good": "1"})
    cycle = yard.cycle()
    assert (cycle.merged, cycle.failed) == ([good.id], [bad.id])
    assert "took too long" in yard.bead_of(bad).notes
    for pid in pids.read_text().split():
        assert not alive(int(pid))


def test_without_a_gate_the_queue_merges_what_merges(yard: Yard):
    """Zero gates are allowed, and no secret: each run says that there was none."""
    yard.gates({})
    request = yard.handed_in("nux", {"BROKEN": "1"})
    assert yard.cycle().merged == [request.id]
    assert [dict(run.gates) for run in yard.runs()] == [{}]


def test_no_worktree_is_an_error_of_the_refinery(yard: Yard):
    """Somebody's folder in its place is not touched; one that is gone is made again."""
    request = yard.handed_in("nux", {"a": "1"})
    place = yard.workspace.rig("api").refinery
    shutil.rmtree(place)
    place.mkdir()
    (place / "mine").write_text("mine")
    assert yard.cycle().broken == "worktree"
    assert (place / "mine").read_text() == "mine"
    assert yard.request(request).state == READY
    shutil.rmtree(place)
    assert yard.cycle(at_once=True).merged == [request.id]
    yard.whole()


def test_a_target_that_is_broken_itself_blames_nobody(yard: Yard):
    """The gates fail on main: that is said; a request that mends it is merged."""
    git(yard.clone, "checkout", "-q", "main")
    (yard.clone / "BROKEN").write_text("x")
    git(yard.clone, "add", "-A")
    git(yard.clone, "commit", "-q", "-m", "Break main")
    git(yard.clone, "push", "-q", "origin", "main")
    first = yard.handed_in("one", {"one": "1"})
    second = yard.handed_in("two", {"two": "1"})
    cycle = yard.cycle()
    assert (cycle.broken, cycle.failed, cycle.merged) == ("target", [], [])
    assert yard.request(first).state == yard.request(second).state == READY
    bead = yard.bead("Mend main")
    sha = yard.remove(f"polecat/mend/{bead}", "BROKEN")
    mend = yard.submitted("mend", bead, f"polecat/mend/{bead}", sha)
    cycle = yard.cycle(at_once=True)
    assert cycle.failed == []
    assert set(cycle.merged) == {first.id, second.id, mend.id}
    yard.whole()


# --- others push


def pushing_gate(yard: Yard, tmp_path, name: str) -> str:
    """A gate that passes, and pushes a commit to main when it runs for the first time."""
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", str(yard.origin), str(other))
    env = "GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x"
    env += " GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x"
    return (
        f"test -e {other}/{name} || (cd {other} && touch {name} && git add {name}"
        f" && {env} git commit -q -m other && git push -q origin main); {GATE}"
    )


def test_somebody_pushed_meanwhile(yard: Yard, tmp_path):
    """Scenario 19: fetched, tried again on what is there now, merged; theirs is still there."""
    yard.gates({"test": {"cmd": pushing_gate(yard, tmp_path, "theirs")}})
    request = yard.handed_in("nux", {"a": "1"})
    cycle = yard.cycle()
    assert cycle.merged == [request.id]
    assert cycle.runs == 2
    assert yard.main_files() == {"README", "a", "theirs"}
    assert len(yard.main()) == 2
    yard.whole()


def test_a_target_that_was_moved_back_loses_nothing_and_is_told_of_once(yard: Yard):
    """What it lacks lies on a branch and in a letter; what is handed in next is merged onto it."""
    before = git(yard.origin, "rev-parse", "main").strip()
    yard.handed_in("nux", {"a": "1"}, message="Add a")
    yard.cycle()
    lost = git(yard.origin, "rev-parse", "main").strip()
    git(yard.clone, "push", "-q", "-f", "origin", f"{before}:main")
    for name in ("slit", "ace"):
        request = yard.handed_in(name, {name: "1"})
        assert yard.cycle().merged == [request.id]
    repository = yard.workspace.rig("api").repository
    assert git(repository, "rev-parse", f"rescue/main-{lost[:12]}").strip() == lost
    assert "a" not in yard.main_files()
    [letter] = [one for one in yard.find(Message) if one.type == "escalation"]
    assert letter.subject == "main of api lacks commits that it had"
    assert "Add a" in letter.body
    assert f"push origin rescue/main-{lost[:12]}" in letter.body


def test_what_they_pushed_breaks_the_gate_together(yard: Yard, tmp_path):
    """It passed before; on top of what somebody pushed it does not, so it goes back."""
    cmd = pushing_gate(yard, tmp_path, "theirs")
    yard.gates({"test": {"cmd": f"{cmd} && ! {{ test -e a && test -e theirs; }}"}})
    request = yard.handed_in("nux", {"a": "1"})
    cycle = yard.cycle()
    assert (cycle.merged, cycle.failed) == ([], [request.id])
    assert yard.main_files() == {"README", "theirs"}


def test_a_push_that_is_refused_merges_nothing(yard: Yard):
    """The remote says no: an error of the refinery, and the request waits on."""
    hook = yard.origin / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho frozen until Monday >&2\nexit 1\n")
    hook.chmod(0o755)
    # the branch itself came in before the remote was frozen
    hook.rename(hook.with_name("off"))
    request = yard.handed_in("nux", {"a": "1"})
    hook.with_name("off").rename(hook)
    cycle = yard.cycle()
    assert (cycle.broken, cycle.merged) == ("push", [])
    assert "frozen until Monday" in cycle.reason
    found = yard.request(request)
    assert (found.state, found.tip) == (READY, "")
    hook.unlink()
    assert yard.cycle(at_once=True).merged == [request.id]
    yard.whole()


# --- what its worker has tried already


def test_what_was_tried_on_the_very_target_is_not_tried_again(yard: Yard):
    """Scenario 20: no gate runs while the target has not moved, and the reason is kept."""
    yard.gates({"test": {"cmd": "false"}})
    base = yard.first()
    request = yard.handed_in("nux", {"a": "1"}, verified_base=base)
    assert yard.cycle().merged == [request.id]
    (run,) = yard.runs()
    assert run.why == "pre-verified"
    assert base in run.gates["pre-verified"]["why"]
    yard.whole()


def test_what_was_tried_on_an_older_target_is_tried_again(yard: Yard):
    """Scenario 20: the target moved, so the gates run."""
    yard.handed_in("one", {"one": "1"})
    late = yard.handed_in("two", {"BROKEN": "1"}, verified_base=yard.first())
    first = yard.cycle()
    assert late.id in first.failed or late.id in yard.cycle().failed
    assert "BROKEN" not in yard.main_files()


# --- one at a time


def test_two_refineries_never_work_one_rig(yard: Yard, tmp_path):
    """Whoever comes while another is at work is told so, and touches nothing."""
    go = tmp_path / "go"
    begun = tmp_path / "begun"
    yard.gates({"test": {"cmd": f"touch {begun}; while ! test -e {go}; do sleep 0.05; done"}})
    request = yard.handed_in("nux", {"a": "1"})
    found = []
    first = threading.Thread(target=lambda: found.append(yard.cycle()))
    first.start()
    until(begun.exists)
    assert yard.request(request).state == TRYING
    with pytest.raises(BusyRefineryError):
        yard.cycle()
    go.touch()
    first.join(LONG_S)
    assert found[0].merged == [request.id]
    yard.whole()


def test_a_refinery_that_slept_keeps_others_out_of_its_worktree(yard: Yard, tmp_path, monkeypatch):
    """Its lease has ended; whoever comes next finds the worktree taken, and waits."""
    monkeypatch.setattr(Held, "beat", lambda _: None)  # asleep, it renews nothing
    go, begun = tmp_path / "go", tmp_path / "begun"
    yard.gates({"test": {"cmd": f"touch {begun}; while ! test -e {go}; do sleep 0.05; done"}})
    request = yard.handed_in("nux", {"a": "1"})
    lost = []

    def sleeping() -> None:
        with pytest.raises(LeaseLostError) as error:
            yard.cycle()
        lost.append(error.value)

    first = threading.Thread(target=sleeping)
    first.start()
    until(begun.exists)
    lease = yard.get(Lease, "refinery:api")
    yard.private.run(lambda: yard.private.store.apply(Change(puts=(replace(lease, expires_at=1),))))
    with pytest.raises(BusyRefineryError):
        yard.cycle(at_once=True)
    go.touch()
    first.join(LONG_S)
    assert lost
    assert yard.main() == []
    yard.drained()
    assert yard.request(request).state == MERGED
    assert len(yard.main()) == 1
    yard.whole()


def test_a_refinery_that_is_told_to_end_says_nothing_of_broken_gates(yard: Yard, tmp_path):
    """Its gate is ended, the request waits as before, and nobody is alarmed."""
    begun = tmp_path / "begun"
    yard.gates({"test": {"cmd": f"echo $$ > {begun}; sleep 300"}})
    request = yard.handed_in("nux", {"a": "1"})
    refinery = yard.works().refinery
    refinery.stop = threading.Event()
    found = []
    first = threading.Thread(target=lambda: found.append(refinery.cycle("api")))
    first.start()
    until(lambda: begun.exists() and begun.read_text())
    refinery.stop.set()
    first.join(LONG_S)
    assert found[0].merged == []
    assert not alive(int(begun.read_text()))
    assert yard.request(request).state == READY
    assert yard.events("refinery.broken") == yard.find(Escalation) == []
    assert yard.clean()


def test_a_refinery_with_nothing_to_do_writes_nothing(yard: Yard):
    """However often it is woken: nothing waits, or what waits is not due."""
    yard.gates({"test": {"cmd": "true"}}, batch={"batch_wait_time": "1h"})
    yard.handed_in("nux", {"a": "1"})
    turns = []
    said = yard.private._note
    yard.private._note = lambda what: (turns.append(what), said(what))
    refinery = yard.works().refinery
    assert refinery.cycle("api").due
    assert refinery.cycle("api").due
    assert turns == []


def test_a_request_that_is_taken_away_meanwhile_is_not_merged(yard: Yard, tmp_path):
    """A newer commit replaces it while its gates run: the old one is not pushed."""
    go, begun = tmp_path / "go", tmp_path / "begun"
    yard.gates({"test": {"cmd": f"touch {begun}; while ! test -e {go}; do sleep 0.05; done"}})
    old = yard.handed_in("nux", {"a": "old"})
    other = yard.handed_in("other", {"b": "1"})
    found = []
    first = threading.Thread(target=lambda: found.append(yard.cycle()))
    first.start()
    until(begun.exists)
    newer = yard.handed_in("nux", {"a": "new"}, bead=old.bead)
    go.touch()
    first.join(LONG_S)
    merged = [*found[0].merged, *(one for cycle in yard.drained() for one in cycle.merged)]
    assert set(merged) == {other.id, newer.id}
    assert git(yard.origin, "show", "main:a") == "new"
    yard.whole()
