"""Waiting for the ledger: a command sleeps until something changed, was cancelled or is over.

No polling: every write of the node rings once, and each sleeper looks again.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ClassVar

from stamps.errors import WastelandError
from town.node.clock import monotonic


class InterruptedByUserError(WastelandError):
    """The person pressed Ctrl-C; what was said before stands."""

    code: ClassVar[str] = "interrupted"
    hint: ClassVar[str] = "What was written before stays; repeat the command to go on."
    exit: ClassVar[int] = 130


CANCELLED: ContextVar[threading.Event | None] = ContextVar("CANCELLED", default=None)


class Changes:
    """A bell that rings when the ledger of this process changes."""

    def __init__(self) -> None:
        self._bell = threading.Condition()
        self._rung = 0

    def ring(self) -> None:
        """Everyone who waits looks again. Any thread may call it."""
        with self._bell:
            self._rung += 1
            self._bell.notify_all()

    def wait(self, predicate: Callable[[], bool], timeout_s: float) -> bool:
        """Whether the predicate came true in time. Raises InterruptedByUserError."""
        deadline = monotonic() + timeout_s
        cancelled = CANCELLED.get()
        while True:
            with self._bell:
                seen = self._rung
            if predicate():
                return True
            if monotonic() >= deadline or not self._sleep(seen, deadline, cancelled):
                return predicate()

    def _sleep(self, seen: int, deadline: float, cancelled: threading.Event | None) -> bool:
        with self._bell:
            while self._rung == seen:
                if cancelled is not None and cancelled.is_set():
                    raise InterruptedByUserError
                left = deadline - monotonic()
                if left <= 0:
                    return False
                self._bell.wait(left)
        return True


@contextmanager
def cancellable(cancelled: threading.Event) -> Iterator[None]:
    """Waits inside the block end when the event is set."""
    mark = CANCELLED.set(cancelled)
    try:
        yield
    finally:
        CANCELLED.reset(mark)
