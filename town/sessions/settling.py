"""The first moments of a session: its questions are answered, and it is told what it must know.

Waits, so it belongs into a thread of the node or a process of its own. A session is told once: its
row says so before anything is typed.
"""

import time
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from ledger.private.store import Change, PrivateStore
from ledger.workspace.work import Session
from stamps.errors import WastelandError
from town.agents.address import Address, parsed
from town.agents.beacon import autonomous
from town.agents.presets import Preset
from town.agents.readiness import DELAY_MAX_MS, Dialog, asked, ready
from town.agents.runtime import fallback
from town.beads.ports import BeadPorts
from town.sessions.port import NoSessionError, SessionError
from town.sessions.starting import SessionPorts, Starting

POLL_S: Final = 0.1
SCREEN_LINES: Final = 60
BETWEEN_S: Final = 0.3  # between two lines, so that a program reads them one by one


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
        self._sleep = sleep

    def unsettled(self) -> list[Session]:
        """The sessions that run and were not seen to take input yet."""
        return self.look(lambda: list(self.store.find(Session, ended_at=0, ready_at=0)))

    def settle(self, identifier: str) -> Session | None:
        """The session once it took input and was told; None where it ended before that.

        Raises SessionError, BadFileError.
        """
        row = self.look(lambda: self.store.get(Session, identifier))
        if row is None or row.ended_at or row.ready_at:
            return row
        who = parsed(row.agent)
        if who is None:
            return None
        preset = self.preset(who, runtime=row.runtime)
        if not self._waited(row, preset):
            return None
        told = self._mark(identifier)
        if told is None:
            return self.look(lambda: self.store.get(Session, identifier))
        self._tell(told, who, preset)
        return told

    def _waited(self, row: Session, preset: Preset) -> bool:
        """Whether it takes input; False where it ended before."""
        sessions = self.around.sessions(row.provider)
        answered: set[Dialog] = set()
        waited_ms = max(0, self.ports.now() - row.started_at) // 1_000
        while waited_ms <= DELAY_MAX_MS:
            running = sessions.find(row.name)
            if running is None or running.pid != row.pid:
                return False
            screen = sessions.peek(row.name, lines=SCREEN_LINES)
            question = asked(screen)
            if question is not None and question not in answered:
                answered.add(question)
                sessions.send(row.name, question.answer)
            elif ready(preset, screen, after_ms=waited_ms):
                return True
            self._sleep(POLL_S)
            waited_ms = max(0, self.ports.now() - row.started_at) // 1_000
        return True

    def _mark(self, identifier: str) -> Session | None:
        """The row, which says now that the session takes input; None where it said so before."""

        def work() -> tuple[Session | None, Change]:
            row = self.store.get(Session, identifier)
            if row is None or row.ready_at or row.ended_at:
                return None, Change()
            now = replace(row, ready_at=self.ports.now())
            return now, Change(puts=(now,), seen=(self.seen(row),))

        return self.act("session ready", work)

    def _tell(self, row: Session, who: Address, preset: Preset) -> None:
        """What its hooks would have said is typed into a session that has none."""
        place = self.place(who, preset, self.folder(who))
        if place is not None and self.called(who, preset, self.folder(who)).by_hooks:
            return
        sessions = self.around.sessions(row.provider)
        for line in fallback(autonomous=autonomous(who.role)):
            try:
                sessions.send(row.name, line)
            except (NoSessionError, SessionError):
                return  # it ended; whoever watches sees that
            self._sleep(BETWEEN_S)

    def settle_all(self, told: Callable[[Session, WastelandError], None]) -> None:
        """Every session was seen through its beginning; `told` hears of those that were not."""
        for row in self.unsettled():
            try:
                self.settle(row.id)
            except WastelandError as error:
                told(row, error)
