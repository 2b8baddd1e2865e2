"""The one thread that owns a town's ledgers: every read of memory and every write runs there.

Callers wait for their turn, so that a use case sees nothing change under it. What was begun is
finished, also when the caller has given up.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

Result = TypeVar("Result")


class Writer:
    """A queue of work with one worker. `after` runs there after each piece of work."""

    def __init__(self, after: Callable[[], None]) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._after = after
        self._thread: int | None = None

    def run(self, work: Callable[[], Result]) -> Result:
        """The result of the work, done in the ledger's thread; at once if this is it.

        What the caller knows of itself (which agent asks) goes with the work.
        """
        if threading.get_ident() == self._thread:
            return work()
        asker = copy_context()
        return self._pool.submit(self._turn, lambda: asker.run(work)).result()

    async def do(self, work: Callable[[], Result]) -> Result:
        """The same for a coroutine: the loop goes on meanwhile."""
        from asyncio import get_running_loop  # noqa: PLC0415  # a node has a loop, a command none

        loop = get_running_loop()
        return await loop.run_in_executor(self._pool, self._turn, work)

    def _turn(self, work: Callable[[], Result]) -> Result:
        self._thread = threading.get_ident()
        try:
            return work()
        finally:
            self._after()

    def close(self) -> None:
        """All work is done and the thread has ended."""
        self._pool.shutdown(wait=True)
