"""The first moments of a session: its questions are answered, and it is told what it must know.

Waits, so it belongs into a thread of the node or a process of its own. A session is told once: its
row says so before anything is typed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar

from msgspec.structs import replace

from ledger.private.store import Change, PrivateStore
from ledger.workspace.work import Session
from stamps.errors import WastelandError
from town.agents.address import parsed
from town.agents.beacon import autonomous
from town.agents.presets import Preset
from town.agents.readiness import Dialog, asked, ready
from town.agents.runtime import fallback
from town.beads.ports import BeadPorts
from town.sessions.port import NoSessionError
from town.sessions.starting import SessionPorts, Starting

POLL_S: Final = 0.1
SCREEN_LINES: Final = 60
Result = TypeVar("Result")
BETWEEN_S: Final = 0.3  # between two lines, so that a program reads them one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """A session at its beginning, and what is to be typed into it."""

    row: Session
    preset: Preset
    lines: tuple[str, ...]
    answered: set[Dialog] = field(default_factory=set)


class Settling(Starting):
    """Sees sessions through their beginning."""

    def __init__(
        self,
        store: PrivateStore,
        ports: BeadPorts,
        sessions: SessionPorts,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(store, ports, sessions)
        self.sleep = sleep

    def unsettled(self) -> list[Session]:
        """The sessions that run and were not seen to take input yet."""
        return self.look(lambda: list(self.store.find(Session, ended_at=0, ready_at=0)))

    def settle(self, identifier: str) -> bool:
        """The session took input and was told; False where it ended, or somebody else saw to it.

        Raises SessionError, BadFileError.
        """
        first = self.first(identifier)
        if first is None or not self.waited(first) or not self.marked(first):
            return False
        self.tell(first)
        return True

    def first(self, identifier: str) -> First | None:
        """What is to be seen to; None for a session that is over or was seen to."""
        row = self.look(lambda: self.store.get(Session, identifier))
        who = parsed(row.agent) if row is not None else None
        if row is None or who is None or row.ended_at or row.ready_at:
            return None
        preset = self.preset(who, runtime=row.runtime)
        called = self.called(who, preset, self.folder(who))
        lines = () if called.by_hooks else fallback(autonomous=autonomous(who.role))
        return First(row=row, preset=preset, lines=lines)

    def waited(self, first: First) -> bool:
        """Whether it takes input; False where it ended before. The database is not asked."""
        while (found := self._looked(first)) is None:
            self.sleep(POLL_S)
        return found

    def _looked(self, first: First) -> bool | None:
        """True where it takes input, False where it ended, None where that is still to come."""
        row = first.row
        sessions = self.around.sessions(row.provider)
        running = sessions.find(row.name)
        if running is None or running.pid != row.pid:
            return False
        after_ms = max(0, self.ports.now() - row.started_at) // 1_000
        screen = sessions.peek(row.name, lines=SCREEN_LINES)
        question = asked(screen)
        if question is not None and question not in first.answered:
            first.answered.add(question)
            sessions.send(row.name, question.answer)
            return None
        return True if ready(first.preset, screen, after_ms=after_ms) else None

    def marked(self, first: First) -> bool:
        """Whether it is ours to tell it: its row says since now that it takes input."""

        def work() -> tuple[bool, Change]:
            row = self.store.get(Session, first.row.id)
            if row is None or row.ready_at or row.ended_at:
                return False, Change()
            now = replace(row, ready_at=self.ports.now())
            return True, Change(puts=(now,), seen=(self.seen(row),))

        return self.act("session ready", work)

    def tell(self, first: First) -> None:
        """What its hooks would have said is typed into it. The database is not asked."""
        sessions = self.around.sessions(first.row.provider)
        for line in first.lines:
            try:
                sessions.send(first.row.name, line)
            except NoSessionError:
                return  # it ended; whoever watches sees that
            self.sleep(BETWEEN_S)

    def settle_all(
        self,
        failed: Callable[[Session, WastelandError], None],
        *,
        going: Callable[[], bool] = lambda: True,
    ) -> None:
        """Every session was seen through its beginning, all of them at once.

        `failed` hears of those for which that could not be; it ends early where `going` says no.
        """
        seen: dict[str, First | None] = {}
        while going():
            rows = [row for row in self.unsettled() if row.id not in seen]
            for row in rows:
                seen[row.id] = self._tried(row, failed, partial(self.first, row.id))
            waiting = {name: first for name, first in seen.items() if first is not None}
            if not waiting:
                return
            for name, first in waiting.items():
                if self._tried(first.row, failed, partial(self._went_on, first)):
                    continue
                seen[name] = None
            self.sleep(POLL_S)

    def _went_on(self, first: First) -> bool:
        """Whether there is still something to wait for."""
        found = self._looked(first)
        if found and self.marked(first):
            self.tell(first)
        return found is None

    def _tried(
        self,
        row: Session,
        failed: Callable[[Session, WastelandError], None],
        work: Callable[[], Result],
    ) -> Result | None:
        try:
            return work()
        except WastelandError as error:
            failed(row, error)
            return None
