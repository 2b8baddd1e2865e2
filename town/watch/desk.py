"""The desk of the watch: it looks at rows and processes, and carries out what was decided.

An act that fails is tried again in the next round; what an act changed in the database is one step
each. It never deletes a worktree, and it ends only sessions of its own town.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from msgspec.structs import replace

from ledger.beads import rules
from ledger.beads.rows import BLOCKED, HOOKED, OPEN, TERMINAL, Bead
from ledger.private.store import Change, PrivateStore
from ledger.workspace.rows import Agent, Rig
from ledger.workspace.work import FAILED, HELD, WITHDRAWN, Assignment, Hindrance, Session
from stamps.errors import WastelandError
from town.beads.ports import BeadPorts
from town.escalation.desk import Matter
from town.hooks.desk import Hooks
from town.sessions.port import NoSessionError, Running, Sessions, stop_this
from town.watch.deciding import (
    CRASH,
    SILENT,
    Act,
    Ended,
    Freed,
    GiveUp,
    Held,
    Limits,
    Release,
    Seen,
    Start,
    Stop,
    Wake,
    plan,
)
from town.watch.hindered import Hindered, fault_of, stillborn

MARKS: Final = {"nudge": "nudged_at", "interrupt": "interrupted_at"}
STOP_GRACE_S: Final = 3.0
STOPPED: Final = "stopped"
SAID_CHARS: Final = 300
AWAY: Final = "remote away"
SESSION_END: Final = "session_end"
NUDGE: Final = "You have been silent for long. Go on with your work, or gt done --status ESCALATED."


class Starter(Protocol):
    """Begins sessions."""

    def check(self, held: Held) -> None:
        """Raises NoProgramError where what it would run is not here, NoAgentError, BadFileError."""
        ...

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


class Watch(Hindered):
    """Keeps sessions running for the work that is on hooks."""

    def __init__(
        self, store: PrivateStore, ports: BeadPorts, hooks: Hooks, watch: WatchPorts
    ) -> None:
        super().__init__(store, ports, hooks)
        self.watch = watch

    def round(self, limits: Limits) -> Round:
        """Everything that was to be done is done, as far as it could be."""
        told = Round()
        held, sessions = self._observed(told)
        told.busy = bool(held or sessions)
        for act in self._acts(held, sessions, limits):
            try:
                told.did.append(self._carry_out(act, limits))
            except (WastelandError, OSError) as error:
                told.failed.append((getattr(error, "code", "disk.failed"), str(error)))
        return told

    # --- looking

    def _observed(self, told: Round) -> tuple[list[Held], list[Seen]]:
        """Work on hooks, and sessions. Who cannot be looked at is left as it is for this round."""

        def work() -> tuple[list[Held], list[tuple[Session, Assignment | None]]]:
            rows = self.store.find(Session, ended_at=0)
            held = [self._held(one) for one in self.store.find(Assignment, state=HELD)]
            return held, [(row, self.store.get(Assignment, row.assignment)) for row in rows]

        held, rows = self.look(work)
        running: dict[tuple[str, str], Running] = {}
        unseen: set[str] = set()
        for name in {row.provider for row, _ in rows}:
            try:
                running |= {(name, one.name): one for one in self.watch.sessions(name).running()}
            except WastelandError as error:
                told.failed.append((error.code, str(error)))
                unseen.add(name)
        blind = {row.agent for row, _ in rows if row.provider in unseen}
        seen = [
            self._seen(row, mine, running.get((row.provider, row.name)))
            for row, mine in rows
            if row.provider not in unseen
        ]
        return [one for one in held if one.agent.id not in blind], seen

    def _held(self, work: Assignment) -> Held:
        return Held(
            work=work,
            agent=self.store.get(Agent, work.agent) or Agent(id=work.agent),
            bead=self.store.get(Bead, work.bead),
            rig=self.store.get(Rig, work.rig),
            hindrance=self.store.get(Hindrance, work.id),
        )

    def _acts(self, held: Sequence[Held], sessions: Sequence[Seen], limits: Limits) -> list[Act]:
        forgotten = [Freed(hindrance=one) for one in self.look(self._forgotten)]
        return [*forgotten, *plan(held, sessions, now=self.ports.now(), limits=limits)]

    def _forgotten(self) -> list[Hindrance]:
        """What kept work from being begun that is on no hook any more."""

        def over(one: Hindrance) -> bool:
            work = self.store.get(Assignment, one.assignment)
            return work is None or work.state not in HELD

        return [one for one in self.store.find(Hindrance) if over(one)]

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

    def _carry_out(self, act: Act, limits: Limits) -> str:
        match act:
            case Start():
                return self._start(act, limits)
            case Ended():
                return self._over(act, limits)
            case Stop(seen=seen):
                return self._stop(seen, act.reason)
            case Wake(seen=seen):
                return self._wake(seen, act.how)
            case GiveUp() | Release() | Freed():
                return self._write(act)

    def _write(self, act: GiveUp | Release | Freed) -> str:
        match act:
            case GiveUp(held=held):
                return self._give_up(held)
            case Release(held=held):
                return self._release(held, act.why)
            case Freed(hindrance=hindrance):
                return self._free(hindrance)

    def _over(self, act: Ended, limits: Limits) -> str:
        row = act.seen.row
        said = self._last_line(row) if act.stillborn else ""
        sessions = self.watch.sessions(row.provider)
        if sessions.find(row.name) is None:
            sessions.stop(row.name, grace_s=0)  # what it began and left behind
        if act.stillborn:
            return self._not_run(act.seen, said, limits)
        why = CRASH if act.crashed else AWAY if act.away else row.reason or "done"
        return self._ended(act.seen, why, again=act.crashed)

    def _start(self, act: Start, limits: Limits) -> str:
        """The session runs; what keeps it from that is kept, and is no fault of the work."""
        held = act.held
        try:
            self._begin(act)
        except (WastelandError, OSError) as error:
            fault = fault_of(error, held.work)
            if fault is not None:
                self.hinder(held.work.id, fault, limits)
            raise
        if act.attempt == 1:
            self.alarms.settle(_about(held.work), reason="it was given out again")
        return f"started {held.agent.id} on {held.work.bead}, attempt {act.attempt}"

    def _begin(self, act: Start) -> None:
        held = act.held
        if not held.work.furnished_at:
            self.furnish(held.work)  # whoever works by hand needs it too
        self.watch.starter.check(held)
        if act.reason == CRASH:
            self.sandboxes.unlock(held.work)
        self.furnish(held.work)
        self.watch.starter.begin(held, attempt=act.attempt, reason=act.reason)

    def _not_run(self, seen: Seen, said: str, limits: Limits) -> str:
        """The session's row is closed; nothing is counted against its work."""
        row = seen.row
        fault = stillborn(row, seen.exit, said)
        self.act("gt watch", lambda: (None, self.not_run(row, seen.exit, fault, limits)))
        return f"{row.agent}: not run"

    def _last_line(self, row: Session) -> str:
        try:
            said = self.watch.sessions(row.provider).peek(row.name, lines=5)
        except WastelandError:
            return ""
        return next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "")

    def _free(self, hindrance: Hindrance) -> str:
        why = "its session runs, or it is on no hook any more"
        self.act("gt watch", lambda: (None, self.freed(hindrance, why=why)))
        return f"{hindrance.bead} is hindered no more"

    def _release(self, held: Held, why: str) -> str:
        """The hook is empty; the bead stays where it was put, the branch keeps what was done."""

        def work() -> tuple[None, Change]:
            mine = self.store.get(Assignment, held.work.id)
            bead = self.store.get(Bead, held.work.bead)
            if mine is None or mine.state not in HELD or bead != held.bead:
                return None, Change()
            change = self.ended(mine, WITHDRAWN, why)
            if bead is None or bead.status != HOOKED:
                return None, change
            opened = rules.moved(bead, OPEN, now=self.ports.now())  # it is on nobody's hook now
            return None, change + Change(puts=(opened,), seen=(self.seen(bead),))

        self.act("gt watch", work)
        return f"took {held.work.bead} off the hook of {held.work.agent}: {why}"

    def _ended(self, seen: Seen, reason: str, *, again: bool) -> str:
        """The session's row is closed; work that it was to do was tried once more in vain."""
        row = seen.row

        def work() -> tuple[str, Change]:
            old = self.store.get(Session, row.id)
            if old is None or old.ended_at:
                return "", Change()
            now = self.ports.now()
            over = replace(old, ended_at=now, exit=seen.exit, reason=reason)
            kind = "session_death" if again else SESSION_END
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
        row, sessions = seen.row, self.watch.sessions(seen.row.provider)
        stop_this(sessions, row.name, pid=row.pid, grace_s=STOP_GRACE_S)
        silent = reason == SILENT
        why = "hung" if silent else seen.row.reason or "done"
        return self._ended(seen, why, again=silent)

    def _give_up(self, held: Held) -> str:
        """The bead is blocked with the reason, its worker free, and a person told once."""
        why = f"{held.bead.attempts if held.bead else 0} sessions ended without gt done"
        rows = self.look(lambda: self.store.find(Session, assignment=held.work.id))
        newest = max(rows, key=lambda row: row.started_at, default=None)
        said = self._last_line(newest)[:SAID_CHARS] if newest is not None else ""

        def work() -> tuple[str, Change]:
            mine = self.store.get(Assignment, held.work.id)
            bead = self.store.get(Bead, held.work.bead)
            if mine is None or bead is None or mine.state not in HELD:
                return "", Change()
            if bead.status in TERMINAL:
                return "", self.ended(mine, FAILED, "the bead is closed")
            last = f"\nThe last of them printed: {said}" if said else ""
            note = f"{bead.notes}\nBLOCKED: {why}; the last was on {mine.branch}{last}".strip()
            stuck = rules.moved(bead, BLOCKED, now=self.ports.now(), notes=note)
            matter = Matter(
                about=_about(mine),
                subject=f"{bead.id} is blocked: {why}",
                text=f"{why}. Its branch {mine.branch} keeps what was done.{last}"
                f"\nbd show {bead.id}",
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
        """No session of the town runs; the names of those that did. Work stays on its hooks.

        Raises WastelandError where one that runs sessions cannot be asked; the others are ended.
        """
        rows = self.look(lambda: self.store.find(Session, ended_at=0))
        ended: list[str] = []
        failed: dict[str, WastelandError] = {}
        for provider in self._providers():
            known = {row.name for row in rows if row.provider == provider}
            try:
                ended += self._end(self.watch.sessions(provider), known)
            except WastelandError as error:
                failed[provider] = error
        self.act("gt down", lambda: (None, self._all_stopped(failed.keys())))
        for first in failed.values():
            raise first
        return ended

    def _end(self, sessions: Sessions, known: AbstractSet[str]) -> list[str]:
        """Nothing of these sessions runs, nor of any other; the names of those that did."""
        names = sorted(known | {one.name for one in sessions.running()})
        ended = list(sessions.stop_all(names, grace_s=STOP_GRACE_S))
        sessions.end()
        return ended

    def _all_stopped(self, unasked: AbstractSet[str]) -> Change:
        now = self.ports.now()
        found = self.store.find(Session, ended_at=0)
        rows = [row for row in found if row.provider not in unasked]
        over = tuple(replace(row, ended_at=now, reason=STOPPED) for row in rows)
        told = (self.event(SESSION_END, row.agent, session=row.id, reason=STOPPED) for row in rows)
        return Change(puts=over, events=tuple(told))

    def left(self) -> list[int]:
        """The numbers of the programs of sessions that run."""
        providers = [self.watch.sessions(name) for name in self._providers()]
        return [one.pid for sessions in providers for one in sessions.running()]

    def _providers(self) -> list[str]:
        """What runs sessions of the town, or ran one that was not seen to end."""
        rows = self.look(lambda: self.store.find(Session, ended_at=0))
        names = {self.watch.provider(), *(row.provider for row in rows)}
        return [name for name in sorted(names) if name]


def _about(work: Assignment) -> str:
    """The matter of work that is given up."""
    return f"attempts/{work.bead}"
