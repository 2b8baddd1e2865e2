import subprocess
import sys

from tests.house.tree import ROOT
from tests.waiting import LONG_S
from town.node.lock import FileLock

HOLD = (
    "import sys, time; from pathlib import Path; from town.node.lock import FileLock;"
    "print(FileLock(Path(sys.argv[1])).acquire(wait_s=0), flush=True); time.sleep(60)"
)


def test_one_process_at_a_time_has_the_lock(tmp_path):
    """A second one waits as long as it may, then is told no; after the release it has it."""
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.acquire(wait_s=0)
    assert not second.acquire(wait_s=0.05)
    first.release()
    assert second.acquire(wait_s=0)
    second.release()
    second.release()


def test_a_killed_process_has_no_lock(tmp_path):
    """The system gives it back: nothing that died can stop the next one."""
    argv = [sys.executable, "-c", HOLD, str(tmp_path / "lock")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        lock = FileLock(tmp_path / "lock")
        assert not lock.acquire(wait_s=0)
        holder.kill()
    assert lock.acquire(wait_s=LONG_S)
    lock.release()


def test_the_lock_is_its_owners_alone_and_no_childs(tmp_path):
    """Nobody else reads or writes the file, and a child process does not keep it locked."""
    lock = FileLock(tmp_path / "lock")
    assert lock.acquire(wait_s=0)
    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600
    with subprocess.Popen(["sleep", "60"]) as child:
        lock.release()
        assert FileLock(tmp_path / "lock").acquire(wait_s=0)
        child.kill()
