"""Beginning a session: one way for everybody, whoever asks and whatever runtime it is.

It returns when the program runs and its row says so. Whether the program takes input is waited for
afterwards (`settling`), by the node or by a process of its own, never by whoever asked. Two that
begin the session of one agent at once: one of them does.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from ledger.private.store import Change, PrivateStore
from ledger.workspace.rows import Agent, Rig
from ledger.workspace.work import HELD, Assignment, Session
from stamps.clock import SECOND_US
from stamps.errors import WastelandError
from town.agents import hook_files
from town.agents.address import Address
from town.agents.beacon import beacon, prompt
from town.agents.hook_files import HookPlace, place_of
from town.agents.presets import Preset
from town.agents.runtime import Asked, chosen, launch
from town.beads.acting import Acting
from town.beads.ports import BeadPorts
from town.leases.ports import Makers
from town.leases.right import Held, Right, Rights, Terms
from town.sessions.environment import Facts, session_env
from town.sessions.names import session_name
from town.sessions.places import folder_of
from town.sessions.port import (
    Running,
    SessionError,
    SessionPlan,
    Sessions,
    SessionThereError,
    stop_this,
)
from town.workspace.files import read_json
from town.workspace.git import Git
from town.workspace.install import overseer_of
from town.workspace.layout import Workspace
from town.workspace.settings_file import town_settings

START_LEASE_US: Final = 20 * SECOND_US
ASSIGNED: Final = "assigned"


def beginning(name: str) -> Right:
    """The right to begin a session of this name."""
    return Right(name=f"session:{name}", lasts_us=START_LEASE_US)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRequest:
    """A session that is wanted. What is empty is found out by whoever it is for."""

    who: Address
    sender: str = "deacon"
    topic: str = ASSIGNED
    runtime: str = ""  # asked for by this very start
    assignment: str = ""
    bead: str = ""
    branch: str = ""
    attempt: int = 1
    prompt: str = ""  # instead of the usual one
    resume: str = ""  # the runtime's own id of a session to go on with


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPorts:
    """What a session is begun with beside the database."""

    workspace: Workspace
    git: Git
    sessions: Callable[[str], Sessions]  # by a provider's name
    provider: Callable[[], str]  # the name of the one that new sessions get
    makers: Makers  # to know who begins a session, and whether they live
    env: Mapping[str, str]  # of whoever starts
    bin: str  # where our own programs lie


class BeingBegunError(SessionError):
    """Somebody else is beginning this very session."""

    code = "session.starting"
    hint = "Look again in a moment: gt agents."
    retryable = True

    def __init__(self, name: str) -> None:
        super().__init__(name, "is being begun by somebody else")


class WorkOverError(SessionError):
    """The work that a session was to do is on no hook any more."""

    code = "session.over"
    hint = "Nothing was begun: the work was taken back, or is over."
    retryable = True

    def __init__(self, name: str, bead: str) -> None:
        super().__init__(name, f"{bead} is on its hook no more")
        self.bead = bead


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """Whether a session's runtime calls us at its turns, and the file that it is pointed to."""

    by_hooks: bool
    settings: str = ""


@dataclass(frozen=True, slots=True)
class _Found:
    """Who is to have a session, with what."""

    agent: Agent
    name: str
    preset: Preset
    folder: Path
    open: tuple[Session, ...] = field(default=())


class Starting(Acting):
    """Begins sessions."""

    def __init__(self, store: PrivateStore, ports: BeadPorts, sessions: SessionPorts) -> None:
        super().__init__(store, ports)
        self.around = sessions

    @property
    def workspace(self) -> Workspace:
        """The town's folder."""
        return self.around.workspace

    def begin(self, request: SessionRequest) -> Session:
        """The session runs, and its row and an event say so.

        Raises SessionThereError where it ran already, SessionError, NoProviderError, NoAgentError,
        BadFileError, SettingError; then nothing of it runs.
        """
        found = self.look(lambda: self._found(request))
        provider = self.around.provider()
        sessions = self.around.sessions(provider)
        identifier = f"ses-{self.ports.new_secret().hex()[:16]}"
        with self._alone(found.name, identifier) as mine:
            running = self._started(request, found, identifier, sessions)
            row = self._row(request, found, identifier, provider, running)
            return self._recorded(row, found, sessions, mine)

    # --- who and what

    def preset(self, who: Address, *, runtime: str = "") -> Preset:
        """The program that an agent runs. Raises NoAgentError, BadAgentError, BadFileError."""
        town = read_json(self.workspace.settings)
        rig = read_json(self.workspace.rig(who.rig).settings) if who.rig else {}
        asked = Asked(flag=runtime, worker=who.name, role=who.role, town=town, rig=rig)
        return chosen(asked)

    def _found(self, request: SessionRequest) -> _Found:
        who = request.who
        known = self.store.get(Agent, who.text)
        agent = known or Agent(
            id=who.text,
            role=who.role,
            rig=who.rig,
            name=who.name,
            created_at=self.ports.now(),
        )
        rig = self.store.get(Rig, who.rig) if who.rig else None
        return _Found(
            agent=agent,
            name=session_name(agent, rig.prefix if rig is not None else ""),
            preset=self.preset(who, runtime=request.runtime),
            folder=self.folder(who),
            open=tuple(self.store.find(Session, agent=who.text, ended_at=0)),
        )

    def folder(self, who: Address) -> Path:
        """Where an agent works."""
        return folder_of(self.workspace, who)

    # --- one starter at a time

    @property
    def rights(self) -> Rights:
        """The rights to begin sessions."""
        return Rights(self.store, self.ports, self.around.makers)

    def being_begun(self, name: str) -> bool:
        """Whether somebody who lives begins a session of this name. Only within a turn."""
        return self.rights.holder(beginning(name)) is not None

    def _alone(self, name: str, identifier: str) -> AbstractContextManager[Held]:
        """Nobody else begins this session until the block ends. Raises BeingBegunError."""
        late = partial(BeingBegunError, name)
        terms = Terms(what="session begun", busy=late, lost=late)
        return self.rights.held(beginning(name), identifier, terms)

    # --- the program

    def _started(
        self, request: SessionRequest, found: _Found, identifier: str, sessions: Sessions
    ) -> Running:
        there = sessions.find(found.name)
        if there is not None:
            if any(row.pid == there.pid for row in found.open):
                raise SessionThereError(found.name)
            # Whoever began it died before it could say so: nobody knows what it was told.
            sessions.stop(found.name, grace_s=0)
        if not found.folder.is_dir():
            raise SessionError(found.name, f"its folder {found.folder} is not there")
        called = self.called(request.who, found.preset, found.folder)
        return sessions.start(self._plan(request, found, identifier, called))

    def called(self, who: Address, preset: Preset, folder: Path) -> Called:
        """The runtime's hook file is as it should be, and whether its hooks call us then.

        Raises BadFileError.
        """
        place = self.place(who, preset, folder)
        if place is None:
            return Called(by_hooks=False)
        state = hook_files.bring(place, self.around.git)
        return Called(by_hooks=state in hook_files.CALLED, settings=place.settings)

    def place(self, who: Address, preset: Preset, folder: Path) -> HookPlace | None:
        """Where the agent's hook file lies; None for a runtime without one."""
        if preset.hooks is None:
            return None
        return place_of(self.workspace, who, preset.hooks, folder)

    def _plan(
        self, request: SessionRequest, found: _Found, identifier: str, called: Called
    ) -> SessionPlan:
        who, preset = request.who, found.preset
        line = beacon(who, sender=request.sender, topic=request.topic, now=self.ports.now())
        said = request.prompt or prompt(line, by_hooks=called.by_hooks)
        person = overseer_of(self.workspace)
        facts = Facts(
            who=who,
            root=str(self.workspace.root),
            session=identifier,
            name=found.name,
            preset=preset,
            email=person.mail,
            bin=self.around.bin,
            worktree=str(found.folder),
            assignment=request.assignment,
            bead=request.bead,
            branch=request.branch,
            attempt=request.attempt,
        )
        return SessionPlan(
            name=found.name,
            argv=launch(preset, prompt=said, resume=request.resume, settings=called.settings),
            cwd=found.folder,
            env=session_env(self.around.env, facts),
            transcript=self._transcript(identifier),
            transcript_bytes_max=town_settings(self.workspace).read().keep.session_mb << 20,
        )

    def _transcript(self, identifier: str) -> Path:
        return self.workspace.transcripts / f"{identifier}.log"

    # --- the row

    def _row(
        self,
        request: SessionRequest,
        found: _Found,
        identifier: str,
        provider: str,
        running: Running,
    ) -> Session:
        return Session(
            id=identifier,
            name=found.name,
            agent=found.agent.id,
            assignment=request.assignment,
            bead=request.bead,
            provider=provider,
            runtime=found.preset.name,
            native_id=request.resume,
            pid=running.pid,
            created=repr(running.created),
            cwd=str(found.folder),
            transcript=str(self._transcript(identifier)),
            topic=request.topic,
            started_at=self.ports.now(),
            attempt=request.attempt,
        )

    def _recorded(self, row: Session, found: _Found, sessions: Sessions, mine: Held) -> Session:
        """The row is written, or the program gone."""
        try:
            return self._written(row, found, mine)
        except WastelandError:
            stop_this(sessions, row.name, pid=row.pid, grace_s=0)
            raise

    def _written(self, row: Session, found: _Found, mine: Held) -> Session:
        def work() -> tuple[Session, Change]:
            lease = mine.still()
            self._check_work(row)
            agent = self.store.get(Agent, row.agent)
            seen = self.seen(agent) if agent is not None else self.missing(Agent, row.agent)
            runs = replace(agent or found.agent, runtime=row.runtime)
            older = self.store.find(Session, agent=row.agent, ended_at=0)
            over = [replace(one, ended_at=row.started_at, reason="gone") for one in older]
            told = self.event(
                "session_start",
                row.agent,
                session=row.id,
                name=row.name,
                runtime=row.runtime,
                topic=row.topic,
                cwd=row.cwd,
                assignment=row.assignment,
                bead=row.bead,
                attempt=row.attempt,
            )
            puts = (row, runs, *over)
            return row, Change(puts=puts, events=(told,), seen=(seen, self.seen(lease)))

        return self.act("session begun", work)

    def _check_work(self, row: Session) -> None:
        """Raises WorkOverError where what it is to do was taken back meanwhile."""
        work = self.store.get(Assignment, row.assignment) if row.assignment else None
        if row.assignment and (work is None or work.state not in HELD):
            raise WorkOverError(row.name, row.bead)
