"""What the town asks of whatever runs its sessions, and what can go wrong with one.

One port, three adapters: tmux, plain processes, and a script of the person's own. A session
outlives whoever began it. A process is known by its number and the moment it was created, never by
a name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol

from stamps.errors import WastelandError


class SessionError(WastelandError):
    """A session could not be begun, asked or ended."""

    code: ClassVar[str] = "session.failed"
    hint: ClassVar[str] = "`gt agents` shows what runs; `gt peek` what a session printed last."
    exit: ClassVar[int] = 1

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"session {name}: {why}")
        self.name = name


class SessionThereError(SessionError):
    """A session of this name runs already."""

    code: ClassVar[str] = "session.there"
    hint: ClassVar[str] = "Attach to it, or stop it first."

    def __init__(self, name: str) -> None:
        super().__init__(name, "runs already")


class NoSessionError(SessionError):
    """No session of this name runs."""

    code: ClassVar[str] = "session.none"
    exit: ClassVar[int] = 3

    def __init__(self, name: str) -> None:
        super().__init__(name, "does not run")


class NoProviderError(WastelandError):
    """What should run the sessions is not on this machine."""

    code: ClassVar[str] = "session.provider"
    hint: ClassVar[str] = "Install tmux, or set session.provider to process."
    exit: ClassVar[int] = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPlan:
    """A session to be begun. `env` is all that its program sees.

    What it prints is kept in the file `transcript`, where one is named: the newest of it, once it
    is more than may be kept, and then its first line says so.
    """

    name: str
    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    columns: int = 120
    lines: int = 40
    transcript: Path | None = None
    transcript_bytes_max: int = 32 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A session that runs: its first process, and when it last printed, in microseconds."""

    name: str
    pid: int
    created: float
    active_at: int = 0


def stop_this(sessions: "Sessions", name: str, *, pid: int, grace_s: float) -> bool:
    """Nothing of this very run of the session runs any more; whether anything did.

    One of the same name that somebody else has begun since is not touched.
    """
    there = sessions.find(name)
    if there is None or there.pid != pid:
        return False
    return sessions.stop(name, grace_s=grace_s)


class Sessions(Protocol):
    """Runs sessions. Every method may raise SessionError."""

    def start(self, plan: SessionPlan) -> Running:
        """The session runs. Raises SessionThereError."""
        ...

    def running(self) -> Sequence[Running]:
        """Every session of this town that runs, by name."""
        ...

    def find(self, name: str) -> Running | None:
        """The session, if it runs."""
        ...

    def stop(self, name: str, *, grace_s: float) -> bool:
        """Nothing of the session runs any more; whether anything did."""
        ...

    def stop_all(self, names: Sequence[str], *, grace_s: float) -> Sequence[str]:
        """Nothing of these sessions runs any more; the names of those of which anything did.

        All are asked to end at once, and waited for together.
        """
        ...

    def interrupt(self, name: str) -> None:
        """Its program was interrupted, as by Ctrl-C. Raises NoSessionError."""
        ...

    def send(self, name: str, text: str) -> None:
        """The text was typed into it, with Enter behind it. Raises NoSessionError."""
        ...

    def peek(self, name: str, *, lines: int) -> str:
        """The last lines that it printed. Raises NoSessionError where nothing is known of it."""
        ...

    def attach(self, name: str) -> tuple[str, ...]:
        """The argv that shows it to a person. Raises NoSessionError, SessionError."""
        ...

    def exit_code(self, name: str) -> int | None:
        """How the last session of this name ended; None where that is not known."""
        ...

    def end(self) -> None:
        """Nothing runs any more that only ran for sessions; those that run are ended with it."""
        ...
