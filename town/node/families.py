"""A program and all that came of it, found and ended: by number and creation time, never by name.

A number that another program has by now is nobody of ours, and nothing is done to it.
"""

import contextlib
import os
import signal
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from town.node.births import created_at
from town.node.lifecycle import CREATED_TOLERANCE_S, lives, process_of

if TYPE_CHECKING:
    import psutil

POLL_S: Final = 0.02
BECOMING_S: Final = 5.0  # so long whoever becomes another program may have nothing to show
Program = tuple[int, float]  # its number, and when it was created


def family_of(pid: int, created: float) -> "list[psutil.Process]":
    """The program that leads a session, its children, and whoever is in its session.

    When it is gone, those of its session that stayed: while one of them lives the kernel gives its
    number to nobody else.
    """
    return families_of([(pid, created)])[0]


def families_of(programs: Sequence[Program]) -> "list[list[psutil.Process]]":
    """The family of each of these programs."""
    import psutil  # noqa: PLC0415

    wanted = {pid for pid, _ in programs}
    by_leader: dict[int, list[psutil.Process]] = {}
    # Not by `process_iter`: it keeps a number as whoever had it when it looked last.
    for number in psutil.pids():
        with contextlib.suppress(OSError, psutil.Error):
            leader = os.getsid(number)
            if leader in wanted:
                by_leader.setdefault(leader, []).append(psutil.Process(number))
    return [_family(pid, created, by_leader.get(pid, ())) for pid, created in programs]


def _family(pid: int, created: float, led: "Sequence[psutil.Process]") -> "list[psutil.Process]":
    import psutil  # noqa: PLC0415

    found: dict[int, psutil.Process] = {}
    program = process_of(pid, created) if pid else None
    if not pid or (program is None and _is_anothers(pid, created)):
        return []
    if program is not None:
        with contextlib.suppress(psutil.Error):
            found = {one.pid: one for one in (program, *program.children(recursive=True))}
    found |= {one.pid: one for one in led}
    return [one for one in found.values() if lives(one)]


def _is_anothers(pid: int, created: float) -> bool:
    """Whether the number is another process's by now; one that waits to be buried has it still."""
    found = created_at(pid)  # asked once: it can be buried at any moment
    return bool(found) and abs(found - created) >= CREATED_TOLERANCE_S


def end_family(pid: int, created: float, *, grace_s: float) -> bool:
    """Nothing of the family runs any more: asked to end, then made to; whether anything did."""
    return end_families([(pid, created)], grace_s=grace_s)[0]


def end_families(programs: Sequence[Program], *, grace_s: float) -> list[bool]:
    """Nothing of the families runs any more; of each, whether anything did.

    All are asked to end at once, and those that have not done so in time are made to.
    """
    families = families_of(programs)
    asked = [one for family in families for one in family]
    _signal(asked, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while any(lives(one) for one in asked) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    later = [one for family in families_of(programs) for one in family]
    left = {one.pid: one for one in (*asked, *later)}
    _signal(list(left.values()), signal.SIGKILL)
    while any(lives(one) for one in left.values()):
        time.sleep(POLL_S)
    return [bool(family) for family in families]


def environment_of(process: "psutil.Process") -> dict[str, str]:
    """What the process was told. Raises psutil.Error.

    Whoever becomes another program shows neither that nor its words for a moment, which is waited
    for, lest it is taken for somebody who was told nothing.
    """
    deadline = time.monotonic() + BECOMING_S
    while not (told := process.environ()):
        if process.cmdline():
            return process.environ()  # it may have become another since it was asked
        if not process.exe() or time.monotonic() > deadline:
            break
        time.sleep(POLL_S)
    return told


def _signal(processes: "Sequence[psutil.Process]", number: int) -> None:
    import psutil  # noqa: PLC0415

    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)
