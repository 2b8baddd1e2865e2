"""The desk of the seance: the sessions that were, the newest first, and questions to one of them.

A session is asked by its runtime's own fork where it has one, which leaves the original as it is;
else its transcript answers, and no model is asked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from ledger.private.store import PrivateStore
from ledger.workspace.work import Session
from stamps.errors import WastelandError
from town.agents.address import parsed
from town.agents.presets import Preset
from town.agents.runtime import NoAgentError, forked, question
from town.beads.acting import Acting
from town.beads.ports import BeadPorts
from town.seance.passages import Passage, answering, last_of, plain

TRANSCRIPT_BYTES_MAX: Final = 32 << 20
SHOWN_MAX: Final = 5
IN_FOLDER: Final = 'cd "$1" && shift && exec "$@"'


class NoSuchSessionError(WastelandError):
    """No session has an id that begins so."""

    code: ClassVar[str] = "seance.unknown"
    hint: ClassVar[str] = "`gt seance` lists the sessions."
    exit: ClassVar[int] = 3
    try_: ClassVar[tuple[tuple[str, ...], ...]] = (("gt", "seance"),)

    def __init__(self, said: str) -> None:
        super().__init__(f"no session's id begins with {said!r}")
        self.said = said


class ManySessionsError(WastelandError):
    """More than one session has an id that begins so."""

    code: ClassVar[str] = "seance.ambiguous"
    hint: ClassVar[str] = "Write more of the id."
    exit: ClassVar[int] = 3

    def __init__(self, said: str, found: Sequence[str]) -> None:
        shown = ", ".join(found[:SHOWN_MAX]) + (" …" if len(found) > SHOWN_MAX else "")
        super().__init__(f"{said!r} begins {len(found)} ids: {shown}")
        self.said = said


class SilentError(WastelandError):
    """Nothing of the session can answer: it has no transcript, and its runtime no fork."""

    code: ClassVar[str] = "seance.silent"
    hint: ClassVar[str] = "Its bead may say more: bd show ID; what it did: gt log."
    exit: ClassVar[int] = 3

    def __init__(self, identifier: str, why: str) -> None:
        super().__init__(f"session {identifier} cannot answer: {why}")
        self.identifier = identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer: a model's, from a fork of the session, or passages of its transcript."""

    session: Session
    text: str = ""
    passages: tuple[Passage, ...] = ()
    lines: int = 0  # of the transcript
    matched: bool = True  # False: no word of the question stands there; its end is shown
    forked: bool = False
    warn: str = ""


# Runs an argv in a folder with an environment: exit code, what it printed, what went wrong.
Run = Callable[[Sequence[str], Path, Mapping[str, str]], tuple[int, str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeancePorts:
    """What the seance needs beside the database."""

    preset: Callable[[Session], Preset]
    run: Run
    env: Callable[[Session, Preset], Mapping[str, str]]


class Seance(Acting):
    """The sessions that were."""

    def __init__(self, store: PrivateStore, ports: BeadPorts, around: SeancePorts) -> None:
        super().__init__(store, ports)
        self.around = around

    def listed(self, *, at_most: int, role: str = "", rig: str = "") -> list[Session]:
        """The sessions, the newest first."""

        def work() -> list[Session]:
            return list(self.store.find(Session))

        rows = sorted(self.look(work), key=lambda row: (-row.started_at, row.id))
        found = []
        for row in rows:
            who = parsed(row.agent)
            if role and (who is None or who.role != role):
                continue
            if rig and (who is None or who.rig != rig):
                continue
            found.append(row)
        return found[:at_most]

    def called(self, said: str) -> Session:
        """The session whose id, or whose runtime's id, begins so.

        Raises NoSuchSessionError, ManySessionsError.
        """
        if not said:
            raise NoSuchSessionError(said)
        rows = self.look(lambda: list(self.store.find(Session)))
        exact = [row for row in rows if said in (row.id, row.native_id)]
        short = f"ses-{said}"
        found = exact or [
            row
            for row in rows
            if row.id.startswith((said, short)) or row.native_id.startswith(said)
        ]
        if not found:
            raise NoSuchSessionError(said)
        if len(found) > 1:
            raise ManySessionsError(said, sorted(row.id for row in found))
        return found[0]

    def ask(self, said: str, text: str) -> Said:
        """What the session says to the question; it and its transcript stay as they are.

        Raises NoSuchSessionError, ManySessionsError, SilentError.
        """
        row = self.called(said)
        warn = ""
        try:
            preset = self.around.preset(row)
        except NoAgentError:
            preset, warn = None, f"no agent is called {row.runtime!r} any more"
        if preset is not None and preset.forks and row.native_id:
            argv = question(preset, text, session=row.native_id)
            code, out, err = self.around.run(argv, Path(row.cwd), self.around.env(row, preset))
            if code == 0 and out.strip():
                return Said(session=row, text=out.strip(), forked=True)
            last = err.strip().splitlines()[-1:] or [f"it ended with {code}"]
            warn = f"{preset.name} could not be asked: {last[0]}"
        return self._quoted(row, text, warn)

    def conversation(self, said: str) -> tuple[str, ...]:
        """The argv of a conversation with a fork of the session, in the folder that it had.

        Raises NoSuchSessionError, ManySessionsError, SilentError where its runtime has no fork.
        """
        row = self.called(said)
        preset = self.around.preset(row)
        if not preset.forks or not row.native_id:
            why = f"{row.runtime} forks no session, so it answers one question at a time: -p"
            raise SilentError(row.id, why)
        return ("/bin/sh", "-c", IN_FOLDER, "sh", row.cwd, *forked(preset, row.native_id))

    def _quoted(self, row: Session, text: str, warn: str) -> Said:
        lines = plain(_read(row))
        if not lines:
            raise SilentError(row.id, "it printed nothing")
        found = answering(text, lines)
        return Said(
            session=row,
            passages=tuple(found or last_of(lines)),
            lines=len(lines),
            matched=bool(found),
            warn=warn,
        )


def _read(row: Session) -> str:
    """The newest part of a transcript. Raises SilentError."""
    if not row.transcript:
        raise SilentError(row.id, "no transcript of it was kept")
    try:
        with Path(row.transcript).open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TRANSCRIPT_BYTES_MAX))
            return file.read().decode("utf-8", "replace")
    except OSError as error:
        raise SilentError(row.id, f"its transcript {row.transcript} is not there") from error
