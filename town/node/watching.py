"""The watch's thread in a node: a round after each change in the database, and one every moment.

While sessions run the moment is a second, so that a death is seen at once; else ten. An idle town
costs a look at a few rows. A round that fails is logged and tried again.
"""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from ledger.workspace.work import Assignment
from stamps.errors import WastelandError
from town.node.log import Logger
from town.node.turns import turns
from town.watch.deciding import SECOND_US, Limits
from town.watch.desk import Round, Watch

LOG = Logger("watch")
BUSY_S: Final = 1.0
IDLE_S: Final = 10.0
FILES_MAX: Final = 5_000
LONGEST_S: Final = 10 * 365 * 86_400
SECONDS: Final[Mapping[str, str]] = {
    "backoff_s": "backoff_us",
    "backoff_max_s": "backoff_max_us",
    "silent_s": "silent_us",
    "interrupt_after_s": "interrupt_after_us",
    "restart_after_s": "restart_after_us",
    "settle_s": "settle_us",
    "grace_s": "grace_us",
}


def limits_of(settings: Mapping[str, Any]) -> Limits:
    """The limits that a town's settings give, under `operational.session`."""
    told = _table(_table(settings, "operational"), "session")
    found: dict[str, int] = {
        field: int(told[name] * SECOND_US)
        for name, field in SECONDS.items()
        if _number(told.get(name)) and 0 <= told[name] <= LONGEST_S
    }
    most = told.get("attempts_max")
    if isinstance(most, int) and _number(most) and most > 0:
        found["attempts_max"] = most
    return Limits(**found)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _table(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The table of this name; what is none says nothing, and the doctor names it."""
    found = settings.get(name)
    return found if isinstance(found, Mapping) else {}


def newest_sign(root: Path, work: Assignment, *, now: int) -> int:
    """When a file of the work's worktree, or its branch, last changed; microseconds.

    A file from a later time than now says nothing: it was unpacked so, or the clock was set back.
    """
    if not work.worktree:
        return 0
    newest, left = 0, [root / work.worktree]
    looked = 0
    while left and looked < FILES_MAX:
        for one in _listed(left.pop()):
            looked += 1
            try:
                facts = one.stat(follow_symlinks=False)
            except OSError:
                continue
            at = facts.st_mtime_ns // 1_000
            newest = max(newest, at if at <= now + SECOND_US else 0)
            if one.is_dir() and not one.is_symlink() and one.name != ".git":
                left.append(one)
    return newest


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


class WatchLoop:
    """Runs rounds until it is told to end."""

    def __init__(
        self, watch: Watch, services: Mapping[str, Callable[[], Any]], settings: Callable[[], Any]
    ) -> None:
        self.watch = watch
        self.services = services
        self.settings = settings
        self._woken = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._failed: set[str] = set()
        self._limits = Limits()
        self._unread = ""  # why the settings could not be read

    def start(self) -> None:
        """Rounds begin."""
        self._thread.start()

    def wake(self) -> None:
        """Something has changed; the next round comes at once."""
        self._woken.set()

    def stop(self, *, wait_s: float) -> None:
        """No round begins any more; one that runs has so long to end."""
        self._ended.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(wait_s)

    def _run(self) -> None:
        for _ in turns(self._ended, self._woken):
            busy = self._round()
            self._woken.wait(BUSY_S if busy else IDLE_S)

    def _round(self) -> bool:
        """Whether sessions run, or work waits for one."""
        try:
            told = self.watch.round(self._told_limits())
        except Exception:  # the outermost place of this thread
            LOG.warning("a round failed", exc_info=True)
            return True
        self._log(told)
        for name, cycle in self.services.items():
            if not self._ended.is_set():
                self._serve(name, cycle)
        return told.busy

    def _told_limits(self) -> Limits:
        """What the settings say; where they cannot be read, what they said last."""
        try:
            self._limits = limits_of(self.settings())
            self._unread = ""
        except WastelandError as error:
            if str(error) != self._unread:
                LOG.warning("settings", code=error.code, why=str(error))
            self._unread = str(error)
        return self._limits

    def _serve(self, name: str, cycle: Callable[[], Any]) -> None:
        try:
            cycle()
        except Exception:  # one service that fails stops no other
            LOG.warning("a service failed", service=name, exc_info=True)

    def _log(self, told: Round) -> None:
        for line in told.did:
            if line:
                LOG.info("watch", did=line)
        for code, why in told.failed:
            if why not in self._failed:  # the same trouble is told once
                LOG.warning("watch", code=code, why=why)
        self._failed = {why for _, why in told.failed}
