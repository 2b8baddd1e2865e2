"""Sessions that a script of the person's own runs: `SCRIPT OPERATION SESSION [ARGUMENT]`.

Exit 0 is done, 1 is failed with the reason on standard error, 2 is an operation that the script
does not know, which counts as done. What each operation is given and prints: docs/agents.md.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, Final

from stamps.clock import SECOND_US
from town.node.births import created_at
from town.node.families import end_families
from town.sessions.port import (
    NoProviderError,
    NoSessionError,
    Running,
    SessionError,
    SessionPlan,
    SessionThereError,
)

TIMEOUT_S: Final = 60.0
AT_ONCE_MAX: Final = 16  # of a script's runs
EVERY: Final = "-"  # in the place of a session, where none is meant
UNKNOWN: Final = 2
REASON_CHARS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class ScriptSessions:
    """The sessions that the script at `path` runs; it is given `env` and nothing else."""

    path: str
    env: Mapping[str, str]

    def _ask(self, *words: str, told: str = "") -> str | None:
        """What the script printed; None where it does not know the operation."""
        with TemporaryFile("w+") as said, TemporaryFile("w+") as why:
            code = self._run(words, told, said, why)
            said.seek(0)
            why.seek(0)
            if code and code != UNKNOWN:
                reason = why.read().strip()[-REASON_CHARS_MAX:] or f"it ended with {code}"
                raise SessionError(words[1], f"{self.path} {words[0]}: {reason}")
            return said.read() if code == 0 else None

    def _run(self, words: Sequence[str], told: str, said: IO[str], why: IO[str]) -> int:
        """The script's exit code. What it leaves running may keep the files open."""
        try:
            done = subprocess.run(  # noqa: S603  # argv only
                [self.path, *words],
                env=dict(self.env),
                input=told,
                stdout=said,
                stderr=why,
                text=True,
                check=False,
                timeout=TIMEOUT_S,
            )
        except OSError as error:
            raise NoProviderError(f"{self.path}: {error.strerror}") from error
        except subprocess.TimeoutExpired as error:
            raise SessionError(
                words[1], f"{self.path} {words[0]} took {TIMEOUT_S:.0f} s"
            ) from error
        return done.returncode

    def start(self, plan: SessionPlan) -> Running:
        """The session runs. Raises SessionThereError, NoProviderError, SessionError."""
        if self.find(plan.name) is not None:
            raise SessionThereError(plan.name)
        told = {
            "argv": list(plan.argv),
            "cwd": str(plan.cwd),
            "env": dict(plan.env),
            "columns": plan.columns,
            "lines": plan.lines,
            "transcript": str(plan.transcript) if plan.transcript is not None else None,
            "transcript_bytes_max": plan.transcript_bytes_max,
        }
        self._ask("start", plan.name, told=json.dumps(told))
        started = self.find(plan.name)
        # What is not listed any more has ended already.
        return started or Running(name=plan.name, pid=0, created=0.0)

    def running(self) -> Sequence[Running]:
        """Every session that runs, by name."""
        lines = (self._ask("list", EVERY) or "").splitlines()
        found = [one for line in lines if (one := _running(line.split())) is not None]
        return sorted(found, key=lambda one: one.name)

    def find(self, name: str) -> Running | None:
        """The session, if it runs."""
        return next((one for one in self.running() if one.name == name), None)

    def stop(self, name: str, *, grace_s: float) -> bool:
        """Nothing of the session runs any more; whether anything did."""
        return bool(self.stop_all([name], grace_s=grace_s))

    def stop_all(self, names: Sequence[str], *, grace_s: float) -> Sequence[str]:
        """Nothing of these sessions runs any more; the names of those of which anything did."""
        there = [one for one in self.running() if one.name in names]

        def ask(one: Running) -> None:
            self._ask("stop", one.name, f"{grace_s:g}")

        try:
            with ThreadPoolExecutor(AT_ONCE_MAX) as pool:  # all are asked, whoever fails
                asked = [pool.submit(ask, one) for one in there]
            for one in asked:
                one.result()
        finally:  # whatever the script could not do: what it names by number is ended
            end_families([(one.pid, one.created) for one in there if one.pid], grace_s=0)
        return [one.name for one in there]

    def interrupt(self, name: str) -> None:
        """Its program was interrupted. Raises NoSessionError."""
        self._known(name)
        self._ask("interrupt", name)

    def send(self, name: str, text: str) -> None:
        """The text was typed into it, with Enter behind it. Raises NoSessionError."""
        self._known(name)
        self._ask("send", name, told=text)

    def _known(self, name: str) -> None:
        if self.find(name) is None:
            raise NoSessionError(name)

    def peek(self, name: str, *, lines: int) -> str:
        """The last lines that it printed. Raises NoSessionError where nothing is known of it."""
        try:
            said = self._ask("peek", name, str(lines))
        except SessionError as error:
            raise NoSessionError(name) from error
        return (said or "").removesuffix("\n")

    def attach(self, name: str) -> tuple[str, ...]:
        """The argv that shows it to a person. Raises NoSessionError, SessionError."""
        self._known(name)
        words = (self._ask("attach", name) or "").splitlines()
        if not words:
            raise SessionError(name, f"{self.path} shows it to nobody; look with gt peek")
        return tuple(words)

    def exit_code(self, name: str) -> int | None:
        """How the last session of this name ended; None where that is not known."""
        said = (self._ask("exit-code", name) or "").strip()
        return int(said) if said.lstrip("-").isdecimal() else None

    def end(self) -> None:
        """No session runs; what the script keeps for them is its own business."""
        self.stop_all([one.name for one in self.running()], grace_s=0)


def _running(words: Sequence[str]) -> Running | None:
    """A line of `list`: a name, its process or 0, and when it last printed, in seconds."""
    if not words:
        return None
    name, pid, active = [*words, "0", "0"][:3]
    number = int(pid) if pid.isdecimal() else 0
    at = int(float(active)) if active.replace(".", "", 1).isdecimal() else 0
    created = created_at(number) if number else 0.0
    if number and not created:
        return None  # it is gone, whatever the script believes
    return Running(name=name, pid=number, created=created, active_at=at * SECOND_US)
