"""A lock on a file, which the system gives back when the process that holds it ends, however.

Every command takes two of them, so this asks the system itself; what the library for it costs is in
docs/adr/0015. It locks nothing but the file it is given.
"""

import fcntl
import os
import time
from pathlib import Path

POLL_S = 0.02
MODE = 0o600


class FileLock:
    """An exclusive lock on one file, made where it is not there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def acquire(self, *, wait_s: float) -> bool:
        """Whether this process holds the lock now, after waiting at most so long."""
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
        deadline = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(file)
                    return False
                time.sleep(POLL_S)
            except BaseException:
                os.close(file)
                raise
            else:
                self._file = file
                return True

    def release(self) -> None:
        """Another process may have it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
