"""Starting and ending a town's processes, and proving that they are gone.

One lock a town: whoever holds it writes the ledger. A process is known by its number and the
moment it was created, so that a number used again is never mistaken for ours, and a node killed
in the middle leaves nothing that could stop the next one.
"""

import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from stamps.errors import WastelandError
from town.node.births import created_at
from town.node.home import Home
from town.node.lock import FileLock

if TYPE_CHECKING:
    import psutil  # a command that looks for no process does without

LOCK_WAIT_S = 5.0
LOCK_LOOK_S = 0.5  # how often who waits looks whether another one has it
START_WAIT_S = 60.0  # without a sign
STOP_WAIT_S = 20.0
ORPHAN_WAIT_S = 3.0  # what the node began and did not end itself
POLL_S = 0.02
CREATED_TOLERANCE_S = 0.05  # what rounding makes of the moment in a file
LOG_TAIL_LINES = 5
ROOM_BYTES = 1 << 20  # with less nothing can be begun


class LockedError(WastelandError):
    """Another process of this town is writing."""

    code: ClassVar[str] = "store.locked"
    hint: ClassVar[str] = "Start the node (wl up): commands then share it and never wait."
    exit: ClassVar[int] = 6
    retryable: ClassVar[bool] = True
    retry_after_s: ClassVar[int] = 1
    try_: ClassVar[tuple[tuple[str, ...], ...]] = (("wl", "up"),)

    def __init__(self, pid: int | None, doing: str) -> None:
        line = doing if doing.startswith(("gt ", "bd ")) else f"wl {doing}"
        who = f"process {pid} ({line})" if pid else "another process"
        super().__init__(f"{who} holds this town's ledger")
        self.pid = pid
        self.doing = doing


class StartError(WastelandError):
    """The node did not come up."""

    code: ClassVar[str] = "node.start_failed"
    hint: ClassVar[str] = "wl doctor says what is wrong; logs/node.log has the whole story."
    exit: ClassVar[int] = 6
    try_: ClassVar[tuple[tuple[str, ...], ...]] = (("wl", "doctor"),)


class StopError(WastelandError):
    """Something that the node began is still there."""

    code: ClassVar[str] = "node.not_gone"
    hint: ClassVar[str] = "End these processes by their numbers, then repeat wl down."
    exit: ClassVar[int] = 1

    def __init__(self, pids: Sequence[int]) -> None:
        super().__init__("still running: " + ", ".join(str(pid) for pid in pids))
        self.pids = list(pids)


class NodeDownError(WastelandError):
    """The command needs a running node and there is none."""

    code: ClassVar[str] = "node.down"
    hint: ClassVar[str] = "wl up"
    exit: ClassVar[int] = 6
    retryable: ClassVar[bool] = True
    try_: ClassVar[tuple[tuple[str, ...], ...]] = (("wl", "up"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFacts:
    """The running node, as `run/node.json` has it."""

    pid: int
    created: float
    url: str
    public_url: str
    started_at: int  # microseconds


@dataclass(frozen=True, slots=True)
class Stopped:
    """What `down` ended: nothing, or a process and how many it had begun."""

    pid: int | None
    processes: int
    forced: bool = False


def process_of(pid: int, created: float) -> "psutil.Process | None":
    """The living process with this number and creation time, zombies not counted."""
    import psutil  # noqa: PLC0415

    try:
        process = psutil.Process(pid)
        alive = process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        same = abs(created_at(pid) - created) < CREATED_TOLERANCE_S
    except psutil.Error:
        return None
    return process if alive and same else None


def lives(process: "psutil.Process") -> bool:
    """Whether this very process runs still; who only waits to be buried does not."""
    import psutil  # noqa: PLC0415

    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def write_whole(path: Path, value: Mapping[str, object], *, durable: bool = False) -> None:
    """The file has this JSON, or what it had before: never half of it, after a power cut either."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(json.dumps(value) + "\n")
            file.flush()
            if durable:
                os.fsync(file.fileno())
        fresh.chmod(0o600)
        os.replace(fresh, path)  # noqa: PTH105
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def _read(path: Path) -> dict[str, object]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def running(home: Home) -> NodeFacts | None:
    """The node of this home, if it lives; what a dead one left behind is not believed."""
    try:
        facts = NodeFacts(**_read(home.facts))  # type: ignore[arg-type]
        alive = process_of(facts.pid, facts.created) is not None
    except TypeError:
        return None
    return facts if alive else None


def announce(home: Home, facts: NodeFacts) -> None:
    """Everybody who looks finds the running node."""
    write_whole(home.facts, asdict(facts))


def forget(home: Home) -> None:
    """No trace of a running node is left."""
    for path in (home.facts, home.holder, Path(home.socket)):
        with contextlib.suppress(OSError):
            path.unlink()


def _forget_dead(home: Home) -> None:
    """No trace of a node that ended is left; whoever has the town by now keeps what is its own."""
    lock = FileLock(home.lock)
    try:
        taken = lock.acquire(wait_s=0)
    except OSError:
        return  # there is no home
    if taken:
        forget(home)
        lock.release()


@contextmanager
def town_lock(home: Home, *, doing: str, wait_s: float = LOCK_WAIT_S) -> Iterator[None]:
    """The process is the town's one writer until the block ends. Raises LockedError."""
    home.furnish()
    lock = FileLock(home.lock)
    if not _taken(lock, home, wait_s):
        raise _locked(home)
    try:
        write_whole(home.holder, {"pid": os.getpid(), "doing": doing})
        yield
    finally:
        with contextlib.suppress(OSError):
            home.holder.unlink()
        lock.release()


def _taken(lock: FileLock, home: Home, wait_s: float) -> bool:
    """Whether the lock is ours; `wait_s` is for one holder, so that a crowd comes to its turns."""
    holder, deadline = _read(home.holder).get("pid"), time.monotonic() + wait_s
    while not lock.acquire(wait_s=min(wait_s, LOCK_LOOK_S)):
        now, other = time.monotonic(), _read(home.holder).get("pid")
        if other != holder:
            holder, deadline = other, now + wait_s
        elif now >= deadline:
            return False
    return True


def _locked(home: Home) -> LockedError:
    facts = _read(home.holder)
    pid = facts.get("pid")  # whoever has the lock wrote it, right after taking it
    if isinstance(pid, int) and _exists(pid):
        return LockedError(pid, str(facts.get("doing", "")))
    return LockedError(None, "")


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def start(home: Home, argv: Sequence[str], env: Mapping[str, str]) -> tuple[NodeFacts, bool]:
    """The node runs detached and answers; whether it was started now. Raises StartError."""
    home.furnish()
    if (facts := running(home)) is not None:
        return facts, False
    _forget_dead(home)
    printed = home.logs / "start.log"
    with printed.open("wb") as talk:
        child = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            list(argv),
            env=dict(env),
            cwd=home.path,
            stdin=subprocess.DEVNULL,
            stdout=talk,
            stderr=talk,
            start_new_session=True,
        )
    try:
        return _until_up(home, child, printed)
    finally:
        child.returncode = child.returncode or 0  # it outlives us; nobody here waits for it


def _last_sign(home: Home) -> float:
    """When the holder of the town last showed that it goes on, as after a part of a rebuild."""
    try:
        return home.holder.stat().st_mtime
    except OSError:
        return 0.0


def _until_up(
    home: Home, child: "subprocess.Popen[bytes]", printed: Path
) -> tuple[NodeFacts, bool]:
    sign, deadline = _last_sign(home), time.monotonic() + START_WAIT_S
    while time.monotonic() < deadline:
        facts = running(home)
        if facts is not None and Path(home.socket).exists():
            return facts, facts.pid == child.pid
        if child.poll() is not None and running(home) is None:
            raise StartError(_last_words(printed) or _silence(home, child.returncode))
        time.sleep(POLL_S)
        if (last := _last_sign(home)) != sign:
            sign, deadline = last, time.monotonic() + START_WAIT_S
    child.terminate()
    raise StartError(f"it gave no sign of work within {START_WAIT_S:.0f} s")


def _silence(home: Home, code: int) -> str:
    """Why a node that ended has said nothing: on a full disk no word can be kept."""
    if shutil.disk_usage(home.logs).free < ROOM_BYTES:
        return f"the disk is full, so that not even its words could be kept (it ended with {code})"
    return f"it ended with code {code}"


def _last_words(printed: Path) -> str:
    try:
        lines = printed.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    return "\n".join([line for line in lines if line.strip()][-LOG_TAIL_LINES:])


def stop(home: Home, *, wait_s: float = STOP_WAIT_S) -> Stopped:
    """The node and everything it began are gone. Raises StopError with what is left."""
    facts = running(home)
    process = process_of(facts.pid, facts.created) if facts else None
    if process is None:
        _forget_dead(home)
        return Stopped(None, 0)
    family = [process, *_children(process)]
    created = {one.pid: created_at(one.pid) for one in family}  # read when they were found
    forced = _ended([process], wait_s)
    forced |= _ended([one for one in family[1:] if one.is_running()], ORPHAN_WAIT_S)
    alive = [pid for pid, moment in created.items() if process_of(pid, moment)]
    if alive:
        raise StopError(alive)
    _forget_dead(home)
    return Stopped(process.pid, len(family), forced)


def _ended(processes: "Sequence[psutil.Process]", wait_s: float) -> bool:
    """Asked to end, and made to after `wait_s`; whether any had to be made to."""
    import psutil  # noqa: PLC0415

    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    left = _left_after(processes, wait_s)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _left_after(left, STOP_WAIT_S)  # nobody can refuse that; it may take its time
    return bool(left)


def _left_after(processes: "Sequence[psutil.Process]", wait_s: float) -> "list[psutil.Process]":
    # psutil's own wait takes a zombie that its parent has not reaped yet for a living process.
    deadline = time.monotonic() + wait_s
    while True:
        left = [one for one in processes if lives(one)]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(POLL_S)


def _children(process: "psutil.Process") -> "list[psutil.Process]":
    import psutil  # noqa: PLC0415

    try:
        return list(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return []
