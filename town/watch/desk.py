"""The desk of the watch: it looks at rows and processes, and carries out what was decided.

An act that fails is tried again in the next round; what an act changed in the database is one step
each. It never deletes a worktree, and it ends only sessions of its own town.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from msgspec.structs import replace

from ledger.beads import rules
from ledger.beads.rows import BLOCKED, TERMINAL, Bead
from ledger.private.store import Change, PrivateStore
from ledger.workspace.rows import Agent, Rig
from ledger.workspace.work import FAILED, HELD, Assignment, Session
from stamps.errors import WastelandError
from town.beads.ports import BeadPorts
from town.escalation.desk import Escalations, Matter
from town.hooks.desk import Hooks
from town.sessions.port import NoSessionError, Running, Sessions
from town.watch.deciding import (
    SILENT,
    Act,
    Ended,
    GiveUp,
    Held,
    Limits,
    Seen,
    Start,
    Stop,
    Wake,
    plan,
)

MARKS: Final = {"nudge": "nudged_at", "interrupt": "interrupted_at"}
STOP_GRACE_S: Final = 3.0
NUDGE: Final = "You have been silent for long. Go on with your work, or gt done --status ESCALATED."


class Starter(Protocol):
    """Begins sessions."""

    def begin(self, held: Held, *, attempt: int, reason: str) -> None:
        """The session runs, and its row says so. Raises SessionError, NoAgentError."""
        ...


@dataclass(slots=True)
class Round:
    """What one round did, in words, and what failed."""

    did: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)  # (code, why)
    busy: bool = False  # sessions run, or work waits for one


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPorts:
    """What the watch needs beside the database."""

    sessions: Callable[[str], Sessions]  # by a provider's name
    provider: Callable[[], str]  # the name of the one that new sessions get
    starter: Starter
    active_at: Callable[[Assignment], int]  # the newest sign of work in a worktree


class Watch(Hooks):
    """Keeps sessions running for the work that is on hooks."""

    def __init__(
        self, store: PrivateStore, ports: BeadPorts, hooks: Hooks, watch: WatchPorts
    ) -> None:
        super().__init__(store, ports, hooks.workspace, hooks.git)
        self.watch = watch
        self.alarms = Escalations(store, ports)

    def round(self, limits: Limits) -> Round:
        """Everything that was to be done is done, as far as it could be."""
        told = Round()
        held, sessions = self._observed()
        told.busy = bool(held or sessions)
        for act in plan(held, sessions, now=self.ports.now(), limits=limits):
            try:
                told.did.append(self._carry_out(act))
            except WastelandError as error:
                told.failed.append((error.code, str(error)))
        return told

    # --- looking

    def _observed(self) -> tuple[list[Held], list[Seen]]:

        def work() -> tuple[list[Held], list[tuple[Session, Assignment | None]]]:
            held = [
                Held(
                    work=one,
                    agent=self.store.get(Agent, one.agent) or Agent(id=one.agent),
                    bead=self.store.get(Bead, one.bead),
                    rig=self.store.get(Rig, one.rig),
                )
                for one in self.store.find(Assignment, state=HELD)
            ]
            rows = self.store.find(Session, ended_at=0)
            return held, [(row, self.store.get(Assignment, row.assignment)) for row in rows]

        held, rows = self.look(work)
        providers = {row.provider for row, _ in rows}
        running = {
            (name, one.name): one
            for name in providers
            for one in self.watch.sessions(name).running()
        }
        seen = [self._seen(row, mine, running.get((row.provider, row.name))) for row, mine in rows]
        return held, seen

    def _seen(self, row: Session, mine: Assignment | None, process: Running | None) -> Seen:
        """The session, and what its process and its worktree show of it."""
        over = mine.ended_at if mine is not None else 0
        if process is None or process.pid != row.pid:
            ended = self.watch.sessions(row.provider).exit_code(row.name)
            return Seen(row=row, alive=False, exit=ended, over_at=over)
        sign = process.active_at
        if mine is not None and mine.state in HELD:
            sign = max(sign, self.watch.active_at(mine))
        return Seen(row=row, alive=True, active_at=sign, over_at=over)

    # --- acting

    def _carry_out(self, act: Act) -> str:
        match act:
            case Start(held=held):
                return self._start(held, act.attempt, act.reason)
            case Ended(seen=seen):
                why = "crash" if act.crashed else seen.row.reason or "done"
                return self._ended(seen, why, again=act.crashed)
            case Stop(seen=seen):
                return self._stop(seen, act.reason)
            case GiveUp(held=held):
                return self._give_up(held)
            case Wake(seen=seen):
                return self._wake(seen, act.how)

    def _start(self, held: Held, attempt: int, reason: str) -> str:
        self.furnish(held.work)
        self.watch.starter.begin(held, attempt=attempt, reason=reason)
        return f"started {held.agent.id} on {held.work.bead}, attempt {attempt}"

    def _ended(self, seen: Seen, reason: str, *, again: bool) -> str:
        """The session's row is closed; work that it was to do was tried once more in vain."""
        row = seen.row

        def work() -> tuple[str, Change]:
            old = self.store.get(Session, row.id)
            if old is None or old.ended_at:
                return "", Change()
            now = self.ports.now()
            over = replace(old, ended_at=now, exit=seen.exit, reason=reason)
            kind = "session_death" if again else "session_end"
            told = self.event(kind, row.agent, session=row.id, exit=seen.exit, bead=row.bead)
            change = Change(puts=(over,), events=(told,), seen=(self.seen(old),))
            return f"{row.agent}: {kind}", change + (self._tried(row) if again else Change())

        return self.act("gt watch", work)

    def _tried(self, row: Session) -> Change:
        mine = self.store.get(Assignment, row.assignment)
        bead = self.store.get(Bead, row.bead)
        if mine is None or bead is None or mine.state not in HELD:
            return Change()
        now = self.ports.now()
        tried = replace(bead, attempts=bead.attempts + 1, updated_at=now)
        later = replace(mine, session_ended_at=now, attempt=tried.attempts + 1)
        return Change(puts=(tried, later), seen=(self.seen(bead), self.seen(mine)))

    def _stop(self, seen: Seen, reason: str) -> str:
        self.watch.sessions(seen.row.provider).stop(seen.row.name, grace_s=STOP_GRACE_S)
        silent = reason == SILENT
        why = "hung" if silent else seen.row.reason or "done"
        return self._ended(seen, why, again=silent)

    def _give_up(self, held: Held) -> str:
        """The bead is blocked with the reason, its worker free, and a person told once."""
        why = f"{held.bead.attempts if held.bead else 0} sessions ended without gt done"

        def work() -> tuple[str, Change]:
            mine = self.store.get(Assignment, held.work.id)
            bead = self.store.get(Bead, held.work.bead)
            if mine is None or bead is None or mine.state not in HELD:
                return "", Change()
            if bead.status in TERMINAL:
                return "", self.ended(mine, FAILED, "the bead is closed")
            note = f"{bead.notes}\nBLOCKED: {why}; the last was on {mine.branch}".strip()
            stuck = rules.moved(bead, BLOCKED, now=self.ports.now(), notes=note)
            matter = Matter(
                about=f"attempts/{bead.id}",
                subject=f"{bead.id} is blocked: {why}",
                text=f"{why}. Its branch {mine.branch} keeps what was done.\nbd show {bead.id}",
                bead=bead.id,
            )
            change = self.ended(mine, FAILED, why) + self.alarms.raised(matter)
            return bead.id, change + Change(puts=(stuck,), seen=(self.seen(bead),))

        return f"gave up on {self.act('gt watch', work)}"

    def _wake(self, seen: Seen, how: str) -> str:
        row = seen.row
        sessions = self.watch.sessions(row.provider)
        try:
            if how == "nudge":
                sessions.send(row.name, NUDGE)
            else:
                sessions.interrupt(row.name)
        except NoSessionError:
            return ""  # it ended meanwhile; the next round sees that
        at: dict[str, Any] = {MARKS[how]: self.ports.now()}

        def work() -> tuple[str, Change]:
            old = self.store.get(Session, row.id)
            if old is None:
                return "", Change()
            told = self.event(how, row.agent, session=row.id)
            return "", Change(puts=(replace(old, **at),), events=(told,), seen=(self.seen(old),))

        self.act("gt watch", work)
        return f"{how} {row.agent}"

    # --- the end

    def stop_all(self) -> list[str]:
        """No session of the town runs; the names of those that did. Work stays on its hooks."""
        ended = [
            one.name
            for sessions in self._providers()
            for one in sessions.running()
            if sessions.stop(one.name, grace_s=STOP_GRACE_S)
        ]

        for sessions in self._providers():
            sessions.end()

        def work() -> tuple[None, Change]:
            now = self.ports.now()
            rows = self.store.find(Session, ended_at=0)
            over = tuple(replace(row, ended_at=now, reason="stopped") for row in rows)
            told = tuple(
                self.event("session_end", row.agent, session=row.id, reason="stopped")
                for row in rows
            )
            return None, Change(puts=over, events=told)

        self.act("gt down", work)
        return ended

    def left(self) -> list[int]:
        """The numbers of the programs of sessions that run."""
        return [one.pid for sessions in self._providers() for one in sessions.running()]

    def _providers(self) -> list[Sessions]:
        """What runs sessions of the town, or ran one that was not seen to end."""
        rows = self.look(lambda: self.store.find(Session, ended_at=0))
        names = {self.watch.provider(), *(row.provider for row in rows)}
        return [self.watch.sessions(name) for name in sorted(names) if name]
