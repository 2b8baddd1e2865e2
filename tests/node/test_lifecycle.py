import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.living import alive
from tests.waiting import until
from town.node import lifecycle
from town.node.births import created_at, own_created
from town.node.home import Home, HomeError
from town.node.lock import FileLock

DAY_S = 86_400
# A stand-in for the node: it announces itself as a node does, and may have children.
NODE = """
import os, signal, socket, subprocess, sys, threading
from pathlib import Path
from town.node import lifecycle
from town.node.births import own_created
from town.node.home import Home

home = Home(Path(sys.argv[1]))
with lifecycle.town_lock(home, doing="up", wait_s=1):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    line = socket.socket(socket.AF_UNIX)
    line.bind(home.socket)
    line.listen()
    facts = lifecycle.NodeFacts(pid=os.getpid(), created=own_created(),
                                url="http://127.0.0.1:1", public_url="", started_at=1)
    ended = threading.Event()
    stubborn = len(sys.argv) > 2
    signal.signal(signal.SIGTERM, signal.SIG_IGN if stubborn else lambda *_: ended.set())
    lifecycle.announce(home, facts)  # from here on it may be told to end
    ended.wait()
"""


@pytest.fixture
def home(tmp_path):
    found = Home(tmp_path / "town")
    found.furnish()
    yield found
    facts = lifecycle.running(found)
    if facts is not None:
        lifecycle.stop(found, wait_s=1)


def start(home, *more):
    argv = [sys.executable, "-c", textwrap.dedent(NODE), str(home.path), *more]
    return lifecycle.start(home, argv, dict(os.environ))


def test_a_node_that_was_started_is_found_and_ended_with_all_it_began(home):
    """After stop neither the node nor its child exists, and no run file is left."""
    facts, fresh = start(home)
    family = [facts.pid, *(child.pid for child in psutil.Process(facts.pid).children())]
    ended = lifecycle.stop(home)
    assert fresh
    assert len(family) == 2
    assert (ended.pid, ended.processes) == (facts.pid, 2)
    assert not any(alive(pid) for pid in family)
    assert not home.facts.exists()
    assert not os.path.lexists(home.socket)


def test_starting_twice_gives_the_same_node(home):
    """The second start finds the first one's node and begins nothing."""
    first, _ = start(home)
    second, fresh = start(home)
    assert (second, fresh) == (first, False)


def test_stopping_twice_is_no_error(home):
    """The second stop says that nothing was running."""
    start(home)
    assert lifecycle.stop(home).pid is not None
    assert lifecycle.stop(home) == lifecycle.Stopped(None, 0)


def test_a_node_killed_in_the_middle_leaves_nothing_that_stops_the_next(home):
    """Its lock is free, its facts are not believed, and a start works at once."""
    facts, _ = start(home)
    children = psutil.Process(facts.pid).children()
    os.kill(facts.pid, signal.SIGKILL)
    until(lambda: not alive(facts.pid))
    assert home.facts.exists()
    assert lifecycle.running(home) is None
    again, fresh = start(home)
    assert fresh
    assert again.pid != facts.pid
    for child in children:
        child.kill()


def test_a_node_that_will_not_end_is_killed_and_that_is_said(home):
    """Stop proves that the processes are gone, by force if it must."""
    facts, _ = start(home, "stubborn")
    ended = lifecycle.stop(home, wait_s=0.5)
    assert ended.forced
    assert lifecycle.process_of(facts.pid, facts.created) is None


def test_a_number_used_again_is_not_taken_for_the_node(home):
    """Facts that name a living process of another creation time are stale."""
    facts = {"pid": os.getpid(), "created": 1.0, "url": "", "public_url": "", "started_at": 1}
    home.facts.write_text(json.dumps(facts))
    assert lifecycle.running(home) is None
    assert lifecycle.stop(home).pid is None


def test_a_clock_that_is_set_hides_no_node(home, monkeypatch):
    """An hour on, or back: it is found as before, and ended with what it began."""
    facts, _ = start(home)
    system = psutil._psplatform
    told = system.boot_time
    for hour in (3_600, -3_600):
        # As the kernel tells it after such a step: the boot was an hour later, or earlier.
        monkeypatch.setattr(system, "boot_time", lambda by=hour: told() + by)
        assert lifecycle.running(home) == facts
    children = psutil.Process(facts.pid).children()
    assert lifecycle.stop(home).pid == facts.pid
    assert [child.pid for child in children if lifecycle.lives(child)] == []


def test_a_birth_is_read_whatever_a_program_is_called(tmp_path):
    """Its name may have spaces and brackets; of a process that is gone nothing is read."""
    odd = tmp_path / "a) 1 (b"
    odd.symlink_to(shutil.which("sleep") or "")
    with subprocess.Popen([odd, "60"]) as child:
        assert 0 <= created_at(child.pid) - own_created() < DAY_S
        assert lifecycle.process_of(child.pid, created_at(child.pid)) is not None
        assert lifecycle.process_of(child.pid, created_at(child.pid) - 1) is None
        child.kill()
    assert created_at(child.pid) == 0


def test_a_node_that_cannot_say_why_it_ended_for_the_disk_is_full(home, monkeypatch):
    """Nothing could be printed: whoever started it hears of the disk, else of the code alone."""
    argv = [sys.executable, "-c", "raise SystemExit(3)"]
    with pytest.raises(lifecycle.StartError, match=r"^it ended with code 3$"):
        lifecycle.start(home, argv, dict(os.environ))
    full = shutil.disk_usage(home.path)._replace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with pytest.raises(lifecycle.StartError, match="the disk is full"):
        lifecycle.start(home, argv, dict(os.environ))


def test_a_node_that_cannot_start_says_why(home):
    """The last lines that it printed are in the error, and no process is left."""
    argv = [sys.executable, "-c", "import sys; sys.exit('the disk is on fire')"]
    with pytest.raises(lifecycle.StartError, match="the disk is on fire"):
        lifecycle.start(home, argv, dict(os.environ))


def test_two_processes_without_a_node_contend_and_the_second_says_with_whom(home):
    """The one that cannot have the ledger gets store.locked with the holder's number."""
    script = """
    import sys
    from pathlib import Path
    from town.node import lifecycle
    from town.node.home import Home
    with lifecycle.town_lock(Home(Path(sys.argv[1])), doing="post"):
        print("held", flush=True)
        sys.stdin.read()
    """
    argv = [sys.executable, "-c", textwrap.dedent(script), str(home.path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(lifecycle.LockedError) as caught,
            lifecycle.town_lock(home, doing="claim", wait_s=0.1),
        ):
            pass
        holder.communicate("")
    assert caught.value.code == "store.locked"
    assert (caught.value.pid, caught.value.doing) == (holder.pid, "post")
    with lifecycle.town_lock(home, doing="claim", wait_s=0.1):
        assert home.lock.exists()


@pytest.mark.parametrize("moves", [True, False])
def test_one_of_a_crowd_waits_while_others_have_their_turns(home, monkeypatch, moves):
    """What it waits for one holder begins anew with the next; who keeps the ledger is named."""
    acquire, turns = FileLock.acquire, iter(range(1, 10))

    def taken(lock, *, wait_s):
        turn = next(turns, None)
        holder = {"pid": turn if moves else 1, "doing": "post"}
        home.holder.write_text(json.dumps(holder))
        return turn is None and acquire(lock, wait_s=wait_s)

    monkeypatch.setattr(FileLock, "acquire", taken)
    home.furnish()
    refused = contextlib.nullcontext() if moves else pytest.raises(lifecycle.LockedError)
    with refused, lifecycle.town_lock(home, doing="claim", wait_s=0):
        assert moves


def test_a_home_that_cannot_be_made_is_a_clear_error(tmp_path):
    """A file in the way gives home.unusable with its path."""
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeError) as caught:
        Home(tmp_path / "file" / "town").furnish()
    assert caught.value.code == "home.unusable"


def test_every_folder_of_a_home_is_its_owners_alone(home):
    """Nobody else on the machine can list keys, ledgers, sockets or logs."""
    for folder in (home.path, home.keys, home.ledgers, home.run, home.logs):
        assert folder.stat().st_mode & 0o777 == 0o700


class Hours:
    """A clock that goes on by a second at each sleep, in which something may happen."""

    def __init__(self, happens: Callable[[int], object]) -> None:
        self.now = 0
        self.happens = happens

    def monotonic(self) -> float:
        return float(self.now)

    def sleep(self, _: float) -> None:
        self.now += 1
        self.happens(self.now)


def test_a_start_that_makes_indexes_anew_is_waited_for_while_it_shows_signs(home, monkeypatch):
    """However long it takes: each part that was done is a sign."""
    up = 20 * lifecycle.START_WAIT_S
    home.holder.touch()
    Path(home.socket).touch()
    with subprocess.Popen(["sleep", "600"]) as child:
        facts = lifecycle.NodeFacts(
            pid=child.pid, created=created_at(child.pid), url="", public_url="", started_at=1
        )

        def goes_on(second: int) -> None:
            if second % 50 == 0:
                os.utime(home.holder, (second, second))
            if second == up:
                lifecycle.announce(home, facts)

        monkeypatch.setattr(lifecycle, "time", Hours(goes_on))
        found = lifecycle._until_up(home, child, home.logs / "start.log")
        child.kill()
    assert found == (facts, True)


def test_who_has_the_town_loses_nothing_to_others_that_start_and_stop(home):
    """Before a node is announced its socket is there: it stays, and so does who has the town."""
    argv = [sys.executable, "-c", "raise SystemExit(3)"]
    with lifecycle.town_lock(home, doing="up"):
        Path(home.socket).touch()
        with pytest.raises(lifecycle.StartError):
            lifecycle.start(home, argv, dict(os.environ))
        assert lifecycle.stop(home).pid is None
        assert Path(home.socket).exists()
        assert json.loads(home.holder.read_text())["pid"] == os.getpid()
    assert lifecycle.stop(home).pid is None
    assert not Path(home.socket).exists()


def test_a_start_without_a_sign_is_given_up(home, monkeypatch):
    """It is ended, and says so."""
    monkeypatch.setattr(lifecycle, "START_WAIT_S", 1.5)
    argv = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(lifecycle.StartError, match="gave no sign of work"):
        lifecycle.start(home, argv, dict(os.environ))
