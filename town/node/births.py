"""When a process was born, in a form that no setting of the clock moves: to compare, not to read.

On Linux it is the time since the machine's boot, behind a number of that very boot; computed from
the wall clock it would be another after each correction, and a living process taken for a dead one.
Elsewhere it is the moment that the system wrote down.
"""

import os
from functools import cache
from pathlib import Path
from typing import Final

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
BOOT_LETTERS: Final = 5
BOOT_SPAN_S: Final = 100_000_000  # three years, longer than a boot lasts
STARTED: Final = 19  # among the words behind the name, which may have spaces and brackets itself


def created_at(pid: int) -> float:
    """The birth of the process that has this number; 0 for one that is gone."""
    try:
        told = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0.0 if BOOT_ID.exists() else _as_the_system_says(pid)
    ticks = int(told.rpartition(b")")[2].split()[STARTED])
    return _boot() * BOOT_SPAN_S + ticks / os.sysconf("SC_CLK_TCK")


def own_created() -> float:
    """The birth of this process."""
    return created_at(os.getpid())


@cache
def _boot() -> int:
    """A number of this boot; a process of the same number and age before it is another one."""
    try:
        return int(BOOT_ID.read_text("ascii").replace("-", "")[:BOOT_LETTERS], 16)
    except (OSError, ValueError):
        return 0


def _as_the_system_says(pid: int) -> float:
    import psutil  # noqa: PLC0415

    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0
