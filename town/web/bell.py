"""Tells open pages that something changed: one queue a listener, in the node's loop.

The newest change is enough: whoever does not keep up misses numbers and no fact.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio  # a node has a loop, a command none

QUEUE_MAX = 8
END = -1


class Bell:
    """Rung from the ledger's thread, heard in the loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queues: set[asyncio.Queue[int]] = set()
        self._rung = 0

    def start(self) -> None:
        """Listeners are told from now on; call it in the loop."""
        from asyncio import get_running_loop  # noqa: PLC0415

        self._loop = get_running_loop()

    def stop(self) -> None:
        """Every listener is let go."""
        self._tell(END)
        self._loop = None

    def ring(self) -> None:
        """Something changed. Any thread may call it."""
        if self._loop is not None:
            self._rung += 1
            self._loop.call_soon_threadsafe(self._tell, self._rung)

    def _tell(self, number: int) -> None:
        for queue in self._queues:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(number)

    def listen(self) -> "asyncio.Queue[int]":
        """A queue that gets a number at each change, and -1 at the end."""
        from asyncio import Queue  # noqa: PLC0415

        queue: asyncio.Queue[int] = Queue(QUEUE_MAX)
        self._queues.add(queue)
        return queue

    def leave(self, queue: "asyncio.Queue[int]") -> None:
        """Nobody listens to the queue any more."""
        self._queues.discard(queue)
