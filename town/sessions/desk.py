"""The desk of sessions: which there are, what they print, and how a person tells or ends them."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from pathlib import Path
from typing import ClassVar, Final

from msgspec.structs import replace

from ledger.private.store import Change
from ledger.workspace.rows import MAYOR, POLECAT, Agent
from ledger.workspace.work import HELD, Assignment, Session
from stamps.errors import WastelandError
from town.agents.address import Address, of_crew, of_polecat, parsed
from town.agents.presets import Preset
from town.seance.passages import plain
from town.sessions.environment import passed_on
from town.sessions.port import NoSessionError, Running, stop_this
from town.sessions.programs import ELSEWHERE, NoProgramError, is_program
from town.sessions.settling import Settling
from town.sessions.starting import SessionRequest

GRACE_S: Final = 5.0
STOPPED: Final = "stopped"
LISTED_MAX: Final = 10_000
PARTS_OF_SHORT: Final = 2
TAIL_BYTES: Final = 256 << 10


class NoAgentCalledError(WastelandError):
    """Nobody in the town has this address."""

    code: ClassVar[str] = "agent.unknown"
    hint: ClassVar[str] = "`gt agents --all` shows everybody."
    exit: ClassVar[int] = 3
    try_: ClassVar[tuple[tuple[str, ...], ...]] = (("gt", "agents", "--all"),)

    def __init__(self, said: str) -> None:
        super().__init__(f"nobody here is called {said!r}")
        self.said = said


class RestsError(NoSessionError):
    """The agent has no session that runs."""

    code = "session.rests"

    def __init__(self, agent: str) -> None:
        super().__init__(agent)
        self.agent = agent


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """A session, and whether its program runs."""

    row: Session
    alive: bool
    active_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """Somebody in the town: its session, and what it works on."""

    agent: Agent
    session: SessionView | None = None
    work: Assignment | None = None

    @property
    def alive(self) -> bool:
        """Whether it has a session that runs."""
        return self.session is not None and self.session.alive


class SessionDesk(Settling):
    """The sessions of a town, as one caller sees them."""

    # --- who is meant

    def agent(self, said: str) -> Address:
        """The agent that a person means: an address, `rig/name`, or a name that only one has.

        Raises NoAgentCalledError.
        """
        word = said.strip().strip("/")
        words = word.split("/")
        known = self.look(lambda: {one.id for one in self.store.find(Agent)})
        near: list[Address] = []
        if len(words) == PARTS_OF_SHORT:
            near = [of_polecat(*words), of_crew(*words)]
        else:
            near = _called(word, known)
        found = [one for one in near if one.text in known]
        whole = parsed(word)
        if whole is not None and whole.role and (whole.text in known or not whole.rig):
            return whole
        if not found:
            raise NoAgentCalledError(said)
        return found[0]

    # --- looking

    def open(self) -> list[SessionView]:
        """The sessions that are not over, by agent, each as its provider sees it."""
        rows = self.look(lambda: list(self.store.find(Session, ended_at=0)))
        rows.sort(key=lambda row: row.agent)
        running = self._running(rows)
        return [self._seen(row, running) for row in rows]

    def _running(self, rows: Sequence[Session]) -> dict[tuple[str, str], Running]:
        """What runs, by provider and name."""
        found = {}
        for provider in {row.provider for row in rows}:
            for one in self.around.sessions(provider).running():
                found[provider, one.name] = one
        return found

    def _seen(self, row: Session, running: dict[tuple[str, str], Running]) -> SessionView:
        process = running.get((row.provider, row.name))
        alive = process is not None and process.pid == row.pid
        active = max(row.active_at, process.active_at) if process is not None and alive else 0
        return SessionView(row=row, alive=alive, active_at=active or row.active_at)

    def roster(self, *, every: bool) -> list[AgentView]:
        """Everybody by role and name; without `every` only whoever runs or has work."""

        def work() -> tuple[list[Agent], dict[str, Assignment]]:
            held = {one.agent: one for one in self.store.find(Assignment, state=HELD)}
            return list(self.store.find(Agent)), held

        agents, held = self.look(work)
        sessions = {view.row.agent: view for view in self.open()}
        if not any(agent.id == MAYOR for agent in agents):
            agents.append(Agent(id=MAYOR, role=MAYOR, name=MAYOR))
        views = [
            AgentView(agent=one, session=sessions.get(one.id), work=held.get(one.id))
            for one in agents
        ]
        return [one for one in views if every or one.alive or one.work is not None]

    def of(self, who: Address) -> SessionView | None:
        """The agent's session that is not over; None for none."""
        return next((view for view in self.open() if view.row.agent == who.text), None)

    def living(self, who: Address) -> SessionView:
        """The agent's session, which runs. Raises RestsError."""
        found = self.of(who)
        if found is None or not found.alive:
            raise RestsError(who.text)
        return found

    def newest(self, who: Address) -> Session:
        """The agent's newest session, whether or not it runs. Raises RestsError."""
        rows = self.look(lambda: list(self.store.find(Session, agent=who.text)))
        if not rows:
            raise RestsError(who.text)
        return max(rows, key=lambda row: (row.started_at, row.id))

    def peek(self, who: Address, *, lines: int) -> tuple[Session, str]:
        """The last lines of an agent's newest session. Raises NoSessionError."""
        row = self.newest(who)
        try:
            return row, self.around.sessions(row.provider).peek(row.name, lines=lines)
        except NoSessionError:
            kept = plain(_tail(row.transcript))
            if not kept:
                raise
            return row, "\n".join(kept[-lines:])

    def attach(self, who: Address) -> tuple[str, ...]:
        """The argv that shows the agent's session to a person. Raises SessionError."""
        row = self.living(who).row
        return self.around.sessions(row.provider).attach(row.name)

    # --- telling and ending

    def inject(self, who: Address, text: str) -> Session:
        """The text was typed into the agent's session. Raises SessionError."""
        row = self.living(who).row
        self.around.sessions(row.provider).send(row.name, text)
        return row

    def stop(self, who: Address, *, reason: str = STOPPED, grace_s: float = GRACE_S) -> bool:
        """Nothing of the agent's session runs; whether anything did."""
        found = self.of(who)
        if found is None:
            return False
        sessions = self.around.sessions(found.row.provider)
        name, pid = found.row.name, found.row.pid
        ended = found.alive and stop_this(sessions, name, pid=pid, grace_s=grace_s)
        self.ended(found.row.id, reason=reason, code=sessions.exit_code(found.row.name))
        return ended

    def stop_workers(self, rig: str, *, reason: str) -> list[str]:
        """No worker of the rig has a session that runs; who had. Their work stays on its hooks."""
        return self.stop_those(lambda row: _works_in(row, rig), reason=reason)

    def stop_those(self, which: Callable[[Session], bool], *, reason: str = STOPPED) -> list[str]:
        """None of the sessions that are meant runs, all asked at once; whose did."""
        by_provider: dict[str, list[Session]] = {}
        for view in self.open():
            if which(view.row):
                by_provider.setdefault(view.row.provider, []).append(view.row)
        found = [self._stop_all(rows, reason) for rows in by_provider.values()]
        return [agent for gone in found for agent in gone]

    def _stop_all(self, rows: Sequence[Session], reason: str) -> list[str]:
        """Nothing of these sessions of one provider runs; whose did. All are asked at once."""
        sessions = self.around.sessions(rows[0].provider)
        there = {one.name: one.pid for one in sessions.running()}
        # One of the same name that somebody else has begun since is not touched.
        names = [row.name for row in rows if there.get(row.name) == row.pid]
        ended = sessions.stop_all(names, grace_s=GRACE_S)
        for row in rows:
            self.ended(row.id, reason=reason, code=sessions.exit_code(row.name))
        return [row.agent for row in rows if row.name in ended]

    def ended(self, identifier: str, *, reason: str, code: int | None = None) -> None:
        """The row says that the session is over, and why; what it said before stays."""

        def work() -> tuple[None, Change]:
            row = self.store.get(Session, identifier)
            if row is None or row.ended_at:
                return None, Change()
            over = replace(row, ended_at=self.ports.now(), reason=reason, exit=code)
            told = self.event("session_end", row.agent, session=row.id, reason=reason, exit=code)
            return None, Change(puts=(over,), events=(told,), seen=(self.seen(row),))

        self.act("session ended", work)

    def restart(self, who: Address, *, runtime: str = "", topic: str = "restart") -> Session:
        """The agent has a new session, with the runtime that the last one had."""
        before = self.of(who)
        runtime = runtime or (before.row.runtime if before else "")
        self.check_program(who, runtime=runtime)
        request = self.request(who, runtime=runtime)
        self.stop(who, reason="restarted")
        return self.begin(changed(request, topic=topic))

    def request(self, who: Address, *, runtime: str = "", topic: str = "") -> SessionRequest:
        """What a session of this agent is begun with: its work, where some is on its hook."""

        def work() -> Assignment | None:
            held = self.store.find(Assignment, agent=who.text, state=HELD)
            return held[0] if held else None

        held = self.look(work)
        sender = self.ports.caller.actor
        if held is None:
            return SessionRequest(who=who, sender=sender, runtime=runtime, topic=topic or "started")
        return SessionRequest(
            who=who,
            sender=sender,
            topic=topic or "assigned",
            runtime=runtime or held.runtime,
            assignment=held.id,
            bead=held.bead,
            branch=held.branch,
            attempt=held.attempt,
        )

    def preset_of(self, row: Session) -> Preset:
        """The program that a session ran. Raises NoAgentError."""
        return self.preset(parsed(row.agent) or Address(), runtime=row.runtime)

    def environment_of(self, row: Session, preset: Preset) -> Mapping[str, str]:
        """What a program that answers for a session sees: the person's variables, nobody's role."""
        path = f"{self.around.bin}:{self.around.env.get('PATH', '')}"
        return {**passed_on(self.around.env), **preset.env, "PATH": path, "GT_SEANCE": row.id}

    def check_program(self, who: Address, *, runtime: str = "") -> None:
        """Raises NoProgramError where the agent's program is not here, NoAgentError, BadFileError.

        What a script of the person's starts may lie elsewhere; that is not looked for.
        """
        if self.around.provider().startswith(ELSEWHERE):
            return
        command = self.preset(who, runtime=runtime).command
        folder, around = self.folder(who), self.around
        if not is_program(command, folder=folder, env=around.env, first=around.bin):
            raise NoProgramError(who.text, command)

    # --- what a runtime says of itself

    def turned(self, identifier: str, *, native: str = "") -> bool:
        """The session showed a sign of life, and what its runtime calls it; whether it is known."""

        def work() -> tuple[bool, Change]:
            row = self.store.get(Session, identifier)
            if row is None or row.ended_at:
                return False, Change()
            now = replace(row, active_at=self.ports.now(), native_id=native or row.native_id)
            return True, Change(puts=(now,), seen=(self.seen(row),))

        return self.act("a turn of a session", work)

    # --- two of one name

    def doubles(self) -> list[tuple[str, list[SessionView]]]:
        """Agents with more than one session that is not over, and sessions that are no more."""
        by_agent: dict[str, list[SessionView]] = {}
        for view in self.open():
            by_agent.setdefault(view.row.agent, []).append(view)
        return [
            (agent, views)
            for agent, views in by_agent.items()
            if len(views) > 1 or not views[0].alive
        ]

    def settle_doubles(self) -> list[str]:
        """Rows of sessions that run no more say so; what runs is not touched."""
        mended = []
        for agent, views in self.doubles():
            for view in views:
                if not view.alive:
                    code = self.around.sessions(view.row.provider).exit_code(view.row.name)
                    self.ended(view.row.id, reason="gone", code=code)
                    mended.append(f"{agent}: {view.row.id} is over")
        return mended


def _works_in(row: Session, rig: str) -> bool:
    """Whether the session is of a worker of that rig."""
    who = parsed(row.agent)
    return who is not None and (who.rig, who.role) == (rig, POLECAT)


def _tail(transcript: str) -> str:
    """The last part of what a session printed; empty where nothing was kept."""
    try:
        with Path(transcript).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _called(name: str, known: Collection[str]) -> list[Address]:
    """The worker, member of a crew or dog of this name, where it is the only one."""
    named = [parsed(one) for one in known if one.rpartition("/")[2] == name]
    people = [one for one in named if one is not None and one.name]
    return people if len(people) == 1 else []
