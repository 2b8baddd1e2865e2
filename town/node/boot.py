"""Loading the embedded engine, before anything else of the process can load another one.

`doltlite` takes SQLite's place in this process, and leaves marks in the environment that would make
a child process silently run stock SQLite instead. Here it is loaded and the marks are removed. It
never falls back to another store: without the engine it refuses, with the ways out.
"""

import gc
import os
import sys
from collections.abc import Mapping
from typing import ClassVar, Final

from stamps.errors import WastelandError

MARKER: Final = "_DOLTLITE_BOOTSTRAPPED"
PRELOADS: Final = ("LD_PRELOAD", "DYLD_INSERT_LIBRARIES")
LIBRARY: Final = "doltlite"
COLLECT_AFTER: Final = (50_000, 20, 50)
# `mallopt` of glibc: M_ARENA_MAX, M_TRIM_THRESHOLD and M_MMAP_THRESHOLD, in bytes.
MALLOC: Final = ((-8, 1), (-1, 128 << 10), (-3, 128 << 10))


class EngineMissingError(WastelandError):
    """The embedded engine cannot take SQLite's place in this interpreter."""

    code: ClassVar[str] = "store.engine"
    hint: ClassVar[str] = (
        "Use a Python that links SQLite as a library (a system or Homebrew Python, not uv's)."
    )
    exit: ClassVar[int] = 6


def load_engine() -> None:
    """The embedded engine answers behind `sqlite3`. Raises EngineMissingError."""
    if "doltlite" not in sys.modules:
        if "_sqlite3" in sys.modules:  # the loader would start this process anew, half way
            raise EngineMissingError("SQLite was loaded before the embedded engine")
        os.environ.pop(MARKER, None)  # inherited: believing it would give us the stock engine
        try:
            import doltlite  # noqa: F401, PLC0415  # importing it loads the engine
        except (ImportError, OSError, RuntimeError) as error:
            raise EngineMissingError(str(error)) from error
    _clean(os.environ)
    _assert_loaded()


def _assert_loaded() -> None:
    import sqlite3  # noqa: PLC0415  # only now: the engine must be there first

    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("SELECT doltlite_engine()")
    except sqlite3.OperationalError as error:
        why = f"{sys.executable} does not let the embedded engine take SQLite's place"
        raise EngineMissingError(why) from error
    finally:
        connection.close()


def _clean(env: "os._Environ[str] | dict[str, str]") -> None:
    env.pop(MARKER, None)
    for name in PRELOADS:
        kept = [one for one in env.get(name, "").split(":") if one and LIBRARY not in one]
        if kept:
            env[name] = ":".join(kept)
        else:
            env.pop(name, None)


def calm_collector() -> None:
    """The cycle collector looks less often: a ledger makes many objects and hardly a cycle."""
    gc.set_threshold(*COLLECT_AFTER)


def give_back_memory() -> None:
    """What a burst of work took goes back to the system when it is over.

    The C library keeps freed memory for later, in one heap a thread, and keeps the more the more
    was ever taken: after a join a fifth of the node's. Where it is another library, nothing.
    """
    import ctypes  # noqa: PLC0415  # a command does not need it

    try:
        tune = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    for option, value in MALLOC:
        tune(option, value)


def child_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The environment for a child process: nothing in it makes the child miss the engine."""
    child = dict(env)
    _clean(child)
    return child
