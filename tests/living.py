"""Whether a process lives, asked in the one way that holds on every machine.

Who is dead and not yet waited for keeps its number: for a moment, and for ever where the first
process of the machine buries nobody, as in many containers.
"""

import psutil


def alive(pid: int) -> bool:
    """Whether a process of that number runs; one that only waits to be buried does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def gone(pid: int) -> bool:
    """Whether no process of that number runs any more."""
    return not alive(pid)
