"""Begins the sessions of work on hooks for the watch, and sees each through its beginning.

The watch never waits for an agent's program: a thread does that, and what it left undone when it
died is found again by `settle_left`.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from ledger.workspace.work import Assignment, Session
from stamps.errors import WastelandError
from town.agents.address import parsed
from town.node.log import Logger
from town.sessions.desk import NoAgentCalledError, SessionDesk
from town.sessions.starting import SessionRequest

if TYPE_CHECKING:
    from ledger.workspace.rows import Agent

LOG = Logger("sessions")


class HeldWork(Protocol):
    """Work on somebody's hook, as the watch has it."""

    @property
    def work(self) -> Assignment:
        """What is to be done."""
        ...

    @property
    def agent(self) -> "Agent":
        """Who is to do it."""
        ...


class WorkStarter:
    """Begins sessions for work."""

    def __init__(self, desk: SessionDesk, furnish: Callable[[Assignment], None]) -> None:
        self._desk = desk
        self._furnish = furnish
        self._settling: set[str] = set()
        self._lock = threading.Lock()

    def begin(self, held: HeldWork, *, attempt: int, reason: str) -> None:
        """The session runs, and its row says so. Raises SessionError, NoAgentError, GitError."""
        work = held.work
        who = parsed(work.agent)
        if who is None:
            raise NoAgentCalledError(work.agent)
        self._furnish(work)
        row = self._desk.begin(
            SessionRequest(
                who=who,
                sender=work.dispatched_by or "overseer",
                topic=reason,
                runtime=work.runtime,
                assignment=work.id,
                bead=work.bead,
                branch=work.branch,
                attempt=attempt,
            )
        )
        self.settle(row)

    def settle_left(self) -> None:
        """Sessions that nobody sees through their beginning are seen through it."""
        for row in self._desk.unsettled():
            self.settle(row)

    def settle(self, row: Session) -> None:
        """A thread sees the session through its beginning, unless one does already."""
        with self._lock:
            if row.id in self._settling:
                return
            self._settling.add(row.id)
        threading.Thread(target=self._settle, args=(row,), name=row.name, daemon=True).start()

    def _settle(self, row: Session) -> None:
        try:
            self._desk.settle(row.id)
        except WastelandError as error:
            LOG.warning("session not seen through its beginning", session=row.id, why=str(error))
        finally:
            with self._lock:
                self._settling.discard(row.id)
