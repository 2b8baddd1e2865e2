"""The desk at which words are said to live sessions, and what became of each is recorded.

A nudge is typed into a session by one process at a time, or waits for the end of a turn. Whatever
happens, its row says so: it waits, arrived, came too late, or was refused and why.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

from msgspec.structs import replace

from ledger.private.store import Change, PrivateStore
from ledger.workspace import letters
from ledger.workspace.addresses import OVERSEER, one
from ledger.workspace.rows import BOOT, DEACON, REFINERY, WITNESS, Agent, Rig
from ledger.workspace.talk import DELIVERED, PENDING, REFUSED, SENDING, Nudge
from ledger.workspace.work import Lease
from stamps.clock import SECOND_US
from stamps.errors import WastelandError
from town.beads.ports import BeadPorts
from town.leases.ports import Makers
from town.leases.right import Right, Rights
from town.mail.posting import Lists
from town.mail.telling import Telling
from town.nudge.errors import (
    AsleepError,
    FullError,
    MutedError,
    NudgeRefusedError,
    PersonError,
)
from town.sessions.names import session_name
from town.sessions.port import Sessions

Mode = Literal["wait-idle", "queue", "immediate"]
WAIT_IDLE: Final = "wait-idle"
QUEUE: Final = "queue"
IMMEDIATE: Final = "immediate"
MODES: Final = (WAIT_IDLE, QUEUE, IMMEDIATE)
SERVICES: Final = (DEACON, BOOT, WITNESS, REFINERY)  # they are code: they hear it at once
FRESH_US: Final = 60 * SECOND_US
LOCK_US: Final = 30 * SECOND_US
ORPHAN_US: Final = 300 * SECOND_US
PREFIX: Final = "nudge"
# What would steer a terminal is not typed into one.
_STEERING: Final = dict.fromkeys((*range(32), *range(127, 160)), " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a nudge waits for a session that works, and what counts as idle."""

    wait_us: int = 10 * SECOND_US
    idle_us: int = 3 * SECOND_US
    poll_s: float = 0.25
    sleep: Callable[[float], object] = time.sleep
    given_up: Callable[[], bool] = lambda: False  # whether nobody waits for the answer any more


@dataclass(frozen=True, slots=True)
class Line:
    """The way to an agent: what its session is called, and what runs it, empty for the usual."""

    name: str
    provider: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What is said, and how. `fresh_only`: only from a session that has just begun."""

    text: str
    mode: Mode = "wait-idle"
    urgent: bool = False
    force: bool = False
    fresh_only: bool = False


class Nudges(Telling):
    """Says things to agents, for one caller."""

    def __init__(
        self,
        store: PrivateStore,
        ports: BeadPorts,
        lists: Lists,
        sessions: Callable[[str], Sessions],
        *,
        patience: Patience | None = None,
        makers: Makers | None = None,
    ) -> None:
        super().__init__(store, ports, lists)
        self.sessions = sessions
        self.patience = patience or Patience()
        self.rights = Rights(store, ports, makers)

    def nudge(self, target: str, saying: Saying) -> Nudge | None:
        """What became of the words; None where they were not due from this session.

        Raises AddressError, BadLetterError, NudgeRefusedError.
        """
        text = _checked(saying.text)
        agent, level = self.look(lambda: self._agent(target))
        if saying.fresh_only and not self.look(self._fresh):
            return None
        said = self.look(lambda: self._new(agent.id, text, saying))
        if agent.id == OVERSEER:
            raise self._refused(said, PersonError(agent.id))
        if agent.role in SERVICES:
            return self._heard(said)
        if level == letters.MUTED and not saying.force:
            raise self._refused(said, MutedError(agent.id))
        if saying.mode == QUEUE:
            return self._queued(said)
        if saying.mode == IMMEDIATE:
            return self._typed(said, self._line(agent))
        return self._when_idle(said, self._line(agent))

    # --- who it is

    def _agent(self, target: str) -> tuple[Agent, str]:
        """The recipient, also one without a row, and what it wants to be told."""
        address = one(target, self.directory_at_any_rate())
        found = self.store.get(Agent, address)
        role = {"deacon-boot": BOOT}.get(address, address)
        return found or Agent(id=address, role=role, name=role), self.level_of(address)

    def _line(self, agent: Agent) -> Line:
        """The way to the agent, as its session was begun."""

        def work() -> Line:
            rig = self.store.get(Rig, agent.rig) if agent.rig else None
            live = self.live_session(agent.id)
            name = session_name(agent, rig.prefix if rig is not None else "")
            return Line(name, live.provider if live is not None else "")

        return self.look(work)

    def _fresh(self) -> bool:
        """Whether the caller's own session began a moment ago."""
        began = self.session_began(self.me())
        return self.ports.now() - began < FRESH_US

    def _new(self, recipient: str, text: str, saying: Saying) -> Nudge:
        now = self.ports.now()
        ttl = letters.URGENT_TTL_US if saying.urgent else letters.NUDGE_TTL_US
        return Nudge(
            id=self.free(Nudge, PREFIX),
            recipient=recipient,
            sender=self.me(),
            text=text,
            mode=saying.mode,
            urgent=saying.urgent,
            forced=saying.force,
            sent_at=now,
            expires_at=now + ttl,
        )

    # --- what becomes of it

    def _put(self, new: Nudge, kind: str, **more: str) -> Nudge:
        def work() -> tuple[Nudge, Change]:
            old = self.store.get(Nudge, new.id)
            rests = self.seen(old) if old is not None else self.missing(Nudge, new.id)
            told = self.event(
                kind, new.recipient, nudge=new.id, sender=new.sender, mode=new.mode, **more
            )
            return new, Change(puts=(new,), events=(told,), seen=(rests,))

        return self.act("gt nudge", work)

    def _refused(self, said: Nudge, error: NudgeRefusedError) -> NudgeRefusedError:
        """The error to raise, once it is recorded."""
        why = str(error)
        row = replace(said, state=REFUSED, settled_at=self.ports.now(), outcome=why)
        self._put(row, "nudge.refused", why=why)
        return error

    def _heard(self, said: Nudge) -> Nudge:
        now = self.ports.now()
        row = replace(
            said, state=DELIVERED, settled_at=now, acked_at=now, outcome="heard by the town"
        )
        return self._put(row, "nudge.heard", text=said.text[: letters.LINE_CHARS_MAX])

    def _queued(self, said: Nudge) -> Nudge:
        """It waits for a turn's end. Raises FullError."""

        def work() -> tuple[int, Change]:
            waiting = len(self.store.find(Nudge, recipient=said.recipient, state=PENDING))
            if waiting >= letters.NUDGES_MAX:
                return waiting, Change()
            door = self.store.get(Lease, f"nudges of {said.recipient}")
            rests = self.seen(door) if door else self.missing(Lease, f"nudges of {said.recipient}")
            # Two who count at once both rest on this row, so that only one of them is the 50th.
            puts = (said, Lease(resource=f"nudges of {said.recipient}", holder=said.id))
            told = self.event(
                "nudge.queued", said.recipient, nudge=said.id, sender=said.sender, mode=said.mode
            )
            return 0, Change(puts=puts, events=(told,), seen=(rests,))

        waiting = self.act("gt nudge", work)
        if waiting:
            raise self._refused(said, FullError(said.recipient, waiting))
        return said

    def _when_idle(self, said: Nudge, line: Line) -> Nudge:
        """Typed once its session is idle; else it waits for a turn's end, else it interrupts."""
        if self._idle_in_time(line):
            with suppress(AsleepError):  # it ended meanwhile
                return self._typed(said, line)
        try:
            return self._queued(said)
        except FullError:
            if self.idle(line) is None:
                raise
            return self._typed(said, line)

    def idle(self, line: Line) -> bool | None:
        """Whether the session waits for somebody; None where it does not run."""
        try:
            found = self.sessions(line.provider).find(line.name)
        except WastelandError:
            return None
        if found is None:
            return None
        return self.ports.now() - found.active_at >= self.patience.idle_us

    def _idle_in_time(self, line: Line) -> bool:
        until = self.ports.now() + self.patience.wait_us
        while (idle := self.idle(line)) is False and self._waits(until):
            self.patience.sleep(self.patience.poll_s)
        return bool(idle)

    def _waits(self, until: int) -> bool:
        return self.ports.now() < until and not self.patience.given_up()

    def _typed(self, said: Nudge, line: Line) -> Nudge:
        """It is in the session. Raises AsleepError, NudgeRefusedError."""
        name = line.name
        if self.idle(line) is None:
            raise self._refused(said, AsleepError(said.recipient, name))
        with self.rights.alive(said.id) as holder:
            if not self._locked(said, name, holder):
                why = "others keep typing to it"
                raise self._refused(said, NudgeRefusedError(said.recipient, why))
            try:
                self.sessions(line.provider).send(name, typed(said))
            except WastelandError as error:
                raise self._refused(said, NudgeRefusedError(said.recipient, str(error))) from error
            finally:
                self.act("gt nudge", lambda: (None, self.rights.giving_back(typing(name), holder)))
        now = self.ports.now()
        row = replace(
            said, state=DELIVERED, settled_at=now, acked_at=now, outcome=f"typed into {name}"
        )
        return self._put(row, "nudge.delivered", session=name)

    def _locked(self, said: Nudge, name: str, holder: str) -> bool:
        """Whether we alone may type into the session now; the row says that we do."""

        def work() -> tuple[bool, Change]:
            taking = self.rights.taking(typing(name), holder)
            if taking is None:
                return False, Change()
            before = self.store.get(Nudge, said.id)
            known = self.seen(before) if before is not None else self.missing(Nudge, said.id)
            return True, taking + Change(puts=(replace(said, state=SENDING),), seen=(known,))

        until = self.ports.now() + LOCK_US
        while not (mine := self.act("gt nudge", work)) and self._waits(until):
            self.patience.sleep(self.patience.poll_s)
        return mine


def typing(name: str) -> Right:
    """The right to type into a session of this name."""
    return Right(name=f"typing to {name}", lasts_us=LOCK_US)


def typed(said: Nudge) -> str:
    """The words as they are typed: whose they are, on one line, with nothing that steers."""
    return f"[from {said.sender}] {said.text}".translate(_STEERING)


def _checked(text: str) -> str:
    if not text.strip():
        raise letters.BadLetterError("text", "is missing")
    if len(text) > letters.NUDGE_CHARS_MAX:
        raise letters.BadLetterError("text", f"is longer than {letters.NUDGE_CHARS_MAX} characters")
    return text.strip()
