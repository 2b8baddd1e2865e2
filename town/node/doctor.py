"""What could be wrong with a town: checks that look and never touch.

Each has an id, what was found, the cause when it is bad, and the command that helps. A check that
could not look says `unknown`, which is never shown as good.
"""

import os
import shutil
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ledger.loose import LOOSE_RECORDS_MAX
from stamps.clock import SECOND_US, Drift, judge_drift
from town.market.partial import loose_words
from town.market.words import bytes_text, counted
from town.node.clock import now
from town.node.home import Home
from town.node.lifecycle import running

State = Literal["good", "warn", "bad", "unknown"]

STORE_BYTES_LARGE = 10 << 30
DISK_BYTES_LOW = 256 << 20
YEAR_2020_US = 1_577_836_800_000_000
PROGRAMS = ("wl", "gt", "bd")
SCRIPT_HEAD_BYTES = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding. `command` is what to type, empty when nothing is to be done."""

    id: str
    state: State
    found: str
    cause: str = ""
    command: tuple[str, ...] = ()
    mend: Callable[[], None] | None = None  # what `--fix` would do by itself

    def plain(self) -> dict[str, Any]:
        """The finding as JSON."""
        return {
            "id": self.id,
            "state": self.state,
            "found": self.found,
            "cause": self.cause,
            "command": list(self.command),
            "mends": self.mend is not None,
        }


def look(home: Home, env: Mapping[str, str]) -> list[Check]:
    """What can be seen from outside the ledger."""
    return [
        check_node(home),
        *check_modes(home),
        check_recovery(home),
        check_clock(now()),
        *check_programs(env.get("PATH", "")),
        check_size(home),
        check_disk(home),
    ]


def check_node(home: Home) -> Check:
    """Whether the node runs, and whether a dead one left files."""
    facts = running(home)
    if facts is not None:
        return Check(id="node", state="good", found=f"up at {facts.url}, pid {facts.pid}")
    left = [path for path in (home.facts, Path(home.socket)) if path.exists()]
    if left:
        return Check(
            id="node",
            state="warn",
            found="not running; a node that was killed left its run files",
            cause="it was ended without a chance to clean up; nothing acknowledged is lost",
            command=("wl", "up"),
        )
    return Check(id="node", state="good", found="not running (commands open the ledger themselves)")


def check_modes(home: Home) -> list[Check]:
    """Whether anybody else on this machine can read the keys."""
    if not home.path.exists():
        return [Check(id="home", state="unknown", found=f"{home.path} does not exist")]
    keys = sorted(home.keys.glob("*")) if home.keys.is_dir() else []
    found = [_mode("home", home.path, 0o700), *(_mode("key", key, 0o600) for key in keys)]
    bad = [check for check in found if check.state != "good"]
    good = Check(id="modes", state="good", found=f"home and {len(keys)} key files are yours alone")
    return bad or [good]


def _mode(what: str, path: Path, wanted: int) -> Check:
    facts = path.stat()
    mode = stat.S_IMODE(facts.st_mode)
    if facts.st_uid == os.getuid() and not mode & ~wanted & 0o777:
        return Check(id=f"{what}.mode", state="good", found=f"{path} {mode:o}")
    return Check(
        id=f"{what}.mode",
        state="bad",
        found=f"{path} has mode {mode:o}",
        cause="others on this machine can read it",
        command=("chmod", f"{wanted:o}", str(path)),
        mend=lambda: path.chmod(wanted),
    )


def check_recovery(home: Home) -> Check:
    """Whether the recovery key was put away from this disk."""
    if not home.inhabited:
        return Check(id="recovery", state="unknown", found="no town here yet")
    here = [path for path in home.keys.glob("*") if "rotation" in path.name]
    if not here:
        return Check(id="recovery", state="good", found="the recovery key is not on this disk")
    return Check(
        id="recovery",
        state="warn",
        found="NOT SAVED",
        cause="if this disk dies, this name and its stamps are gone",
        command=("wl", "key", "backup", "recovery.txt"),
    )


def check_clock(now_us: int) -> Check:
    """Whether the clock can be right at all; peers say more."""
    if now_us >= YEAR_2020_US:
        return Check(id="clock", state="good", found="after 2020")
    return Check(
        id="clock",
        state="bad",
        found="before 2020",
        cause="no record can have been made then; nothing can be signed",
        command=("date",),
    )


def check_blobs(sizes: Iterable[int], *, lost: int) -> Check:
    """How many blobs are here, and whether one that should be is gone."""
    known = list(sizes)
    found = f"{counted(len(known), 'blob')}, {bytes_text(sum(known))}"
    if not lost:
        return Check(id="blobs", state="good", found=found)
    return Check(
        id="blobs",
        state="warn",
        found=f"{found}; {lost} of them gone",
        cause="a file was damaged or taken away; what names it still holds",
        command=("wl", "blob", "get", "<item>"),
    )


def check_loose(counts: Iterable[int]) -> list[Check]:
    """How many records wait for their chain in each ledger, and whether one takes no more of them.

    A ledger without any has no line.
    """
    return [
        Check(id="loose", state="good", found=loose_words(count))
        if count < LOOSE_RECORDS_MAX
        else Check(
            id="loose",
            state="warn",
            found=loose_words(count),
            cause="there is no room for more; what counts has room of its own",
            command=("wl", "doctor", "--fix"),
        )
        for count in counts
        if count
    ]


def check_drift(ahead_s: int | None) -> Check:
    """How the clock stands to the peers' (records 2.6)."""
    if ahead_s is None:
        return Check(id="clock.peers", state="unknown", found="no peer has said its time yet")
    way = "ahead of" if ahead_s > 0 else "behind"
    drift = judge_drift(ahead_s * SECOND_US)
    if drift is Drift.CLOSE:
        return Check(id="clock.peers", state="good", found="within a minute of the peers'")
    return Check(
        id="clock.peers",
        state="bad" if drift is Drift.REFUSE else "warn",
        found=f"{abs(ahead_s)} s {way} the peers'",
        cause="nothing is signed beyond 8 minutes" if drift is Drift.REFUSE else "set it right",
        command=("date",),
    )


def check_programs(path: str) -> list[Check]:
    """Whether another program of one of our names comes first on PATH."""
    return [check for name in PROGRAMS if (check := _program(name, path)) is not None] or [
        Check(id="path", state="good", found="no other wl, gt or bd on PATH")
    ]


def _program(name: str, path: str) -> Check | None:
    places = [shutil.which(name, path=folder) for folder in path.split(os.pathsep) if folder]
    found = list(dict.fromkeys(place for place in places if place))
    others = [place for place in found if not _is_ours(Path(place))]
    if not others:
        return None
    first = found[0] in others
    return Check(
        id=f"path.{name}",
        state="warn",
        found=f"{others[0]} is another program of this name",
        cause=f"it {'comes first on PATH and wins' if first else 'is shadowed by ours'}",
        command=("command", "-v", name),
    )


def _is_ours(program: Path) -> bool:
    try:
        with program.open("rb") as file:
            head = file.read(SCRIPT_HEAD_BYTES)
    except OSError:
        return False
    return b"cli.launcher" in head or b"cli.later" in head


def check_size(home: Home) -> Check:
    """How much the ledgers take."""
    size = sum(_bytes(home.ledgers.rglob("*"))) if home.ledgers.is_dir() else 0
    found = f"{size / (1 << 20):.1f} MiB"
    if size < STORE_BYTES_LARGE:
        return Check(id="store.size", state="good", found=found)
    return Check(
        id="store.size",
        state="warn",
        found=found,
        cause="a ledger of this size is better off in a Dolt server",
        command=("wl", "export", "backup.wlb"),
    )


def _bytes(paths: Iterable[Path]) -> Iterable[int]:
    for path in paths:
        try:
            facts = path.lstat()
        except FileNotFoundError:
            continue
        if stat.S_ISREG(facts.st_mode):
            yield facts.st_size


def check_disk(home: Home) -> Check:
    """Whether there is room to write."""
    place = next(path for path in (home.path, *home.path.parents) if path.exists())
    free = int(shutil.disk_usage(place).free)
    found = f"{free / (1 << 30):.1f} GiB free"
    if free >= DISK_BYTES_LOW:
        return Check(id="disk", state="good", found=found)
    return Check(
        id="disk",
        state="bad",
        found=found,
        cause="writes will be refused soon; nothing acknowledged is lost",
        command=("df", "-h", str(place)),
    )
