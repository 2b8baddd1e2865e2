"""Sessions in tmux, on a server of the town's own: its socket is named by the town's folder.

No configuration of the person's own tmux is read, and no other tmux is ever asked.
"""

import contextlib
import hashlib
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from town.node.births import created_at
from town.node.families import end_families
from town.node.lifecycle import process_of
from town.node.session_entry import entry_argv, entry_file, keeper_argv
from town.sessions.port import (
    NoProviderError,
    NoSessionError,
    Running,
    SessionError,
    SessionPlan,
    SessionThereError,
)

NAME_HEX: Final = 12
TIMEOUT_S: Final = 20.0
HISTORY_LINES: Final = 50_000
GONE_WAIT_S: Final = 5.0
POLL_S: Final = 0.02
ENTER_AFTER_S: Final = 0.1
FORM: Final = "#{session_name}\t#{pane_pid}\t#{window_activity}\t#{pane_dead}\t#{pane_dead_status}"
KEEPING: Final = (
    *(";", "set-option", "-g", "remain-on-exit", "on"),
    *(";", "set-option", "-g", "history-limit", str(HISTORY_LINES)),
)
DEAD: Final = re.compile(r"Pane is dead[^\n]*\Z")  # tmux's own line under what was printed
ENDING: Final = "server exited"
NO_SERVER: Final = ("no server running", "error connecting to", "no current", ENDING)


@dataclass(frozen=True, slots=True)
class TmuxSessions:
    """The sessions of the town in this folder."""

    root: Path
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    @property
    def socket(self) -> str:
        """The name of the town's own tmux server."""
        return f"wl-{hashlib.sha256(os.fsencode(self.root)).hexdigest()[:NAME_HEX]}"

    def _argv(self, *words: str) -> list[str]:
        # -u: without it a locale that is not UTF-8 has every other letter, and tabs, replaced.
        return ["tmux", "-u", "-L", self.socket, "-f", "/dev/null", *words]

    def _run(self, *words: str, typed: str | None = None) -> "subprocess.CompletedProcess[str]":
        plain = {name: value for name, value in self.env.items() if name != "TMUX"}
        try:
            return subprocess.run(  # noqa: S603  # argv only
                self._argv(*words),
                env=plain,
                input=typed,
                stdin=subprocess.DEVNULL if typed is None else None,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=TIMEOUT_S,
            )
        except FileNotFoundError as error:
            raise NoProviderError("tmux is not on PATH") from error
        except subprocess.TimeoutExpired as error:
            raise SessionError("tmux", f"gave no answer in {TIMEOUT_S:.0f} s") from error

    def _done(self, name: str, *words: str, typed: str | None = None) -> str:
        done = self._run(*words, typed=typed)
        if done.returncode:
            raise _failed(name, done)
        return done.stdout

    def start(self, plan: SessionPlan) -> Running:
        """The session runs. Raises SessionThereError, NoProviderError, SessionError."""
        if self.find(plan.name) is not None:
            raise SessionThereError(plan.name)
        self._forget(plan.name)
        size = ("-x", str(plan.columns), "-y", str(plan.lines))
        # Neither the command line nor the server may carry what the program is to see: others
        # could read it there, and tmux takes no more than 16 KiB.
        try:
            kept = self._kept(plan)
            told = entry_file(plan, env={**plan.env, "TERM": "tmux-256color"})
        except OSError as error:
            raise SessionError(plan.name, str(error)) from error
        program = entry_argv(told)
        begin = ("new-session", "-d", "-s", plan.name, *size, "-c", str(plan.cwd), "--", *program)
        try:
            self._begun(plan.name, told, "start-server", *KEEPING, ";", *begin, *kept)
        except SessionError:
            told.unlink(missing_ok=True)
            raise
        for row in self._rows():
            if row.name == plan.name:
                return row.running
        raise SessionError(plan.name, "was not there after its start")

    def _begun(self, name: str, told: Path, *words: str) -> None:
        """A server did so; one that was ending with its last session is not the one to ask."""
        deadline = time.monotonic() + GONE_WAIT_S
        while True:
            done = self._run(*words)
            if not done.returncode:
                return
            ending = ENDING in done.stderr and told.exists()  # and the program was not begun
            if not ending or time.monotonic() > deadline:
                raise _failed(name, done)
            time.sleep(POLL_S)

    def _kept(self, plan: SessionPlan) -> tuple[str, ...]:
        """The words that keep what is printed, from the first letter on."""
        if plan.transcript is None:
            return ()
        keeper = shlex.join(keeper_argv(plan, plan.transcript))
        return (";", "pipe-pane", "-t", f"={plan.name}:", f"exec {keeper}")

    def _forget(self, name: str) -> None:
        """What stayed of an ended session of this name is gone."""
        self._run("kill-session", "-t", f"={name}")

    def _rows(self) -> "list[_Pane]":
        done = self._run("list-panes", "-a", "-F", FORM)
        if done.returncode:
            if any(word in done.stderr for word in NO_SERVER):
                return []
            raise SessionError("tmux", done.stderr.strip())
        return [_Pane.of(line) for line in done.stdout.splitlines() if line.count("\t") >= 4]  # noqa: PLR2004

    def running(self) -> Sequence[Running]:
        """Every session that runs, by name."""
        alive = [row.running for row in self._rows() if row.alive]
        return sorted(alive, key=lambda one: one.name)

    def find(self, name: str) -> Running | None:
        """The session, if it runs."""
        return next((one for one in self.running() if one.name == name), None)

    def stop(self, name: str, *, grace_s: float) -> bool:
        """Nothing of the session runs any more; whether anything did."""
        return bool(self.stop_all([name], grace_s=grace_s))

    def stop_all(self, names: Sequence[str], *, grace_s: float) -> Sequence[str]:
        """Nothing of these sessions runs any more; the names of those of which anything did."""
        rows = [row for row in self._rows() if row.name in names]
        ended = end_families([(row.pid, created_at(row.pid)) for row in rows], grace_s=grace_s)
        for name in names:
            self._forget(name)
        did = {row.name for row, ran in zip(rows, ended, strict=True) if ran}
        return [name for name in names if name in did]

    def interrupt(self, name: str) -> None:
        """Ctrl-C was typed into it. Raises NoSessionError."""
        self._known(name)
        self._done(name, "send-keys", "-t", f"={name}:", "C-c")

    def send(self, name: str, text: str) -> None:
        """The text was typed into it, whole, with Enter behind it. Raises NoSessionError."""
        self._known(name)
        buffer = f"told-{os.getpid()}-{time.monotonic_ns()}"
        self._done(name, "load-buffer", "-b", buffer, "-", typed=text)
        self._done(name, "paste-buffer", "-d", "-p", "-b", buffer, "-t", f"={name}:")
        time.sleep(ENTER_AFTER_S)  # a program that is told of a paste must see its end first
        self._done(name, "send-keys", "-t", f"={name}:", "Enter")

    def _known(self, name: str) -> None:
        if self.find(name) is None:
            raise NoSessionError(name)

    def peek(self, name: str, *, lines: int) -> str:
        """The last lines that it printed, also after its end. Raises NoSessionError."""
        done = self._run("capture-pane", "-p", "-J", "-S", "-", "-t", f"={name}:")
        if done.returncode:
            raise NoSessionError(name)
        text = DEAD.sub("", done.stdout.rstrip()).rstrip()
        return "\n".join(text.split("\n")[-lines:])

    def attach(self, name: str) -> tuple[str, ...]:
        """The argv that shows it to a person. Raises NoSessionError."""
        self._known(name)
        return tuple(self._argv("attach-session", "-t", f"={name}"))

    def exit_code(self, name: str) -> int | None:
        """How the last session of this name ended."""
        deadline = time.monotonic() + GONE_WAIT_S
        found = self._ended(name)
        while found is not None and found.unburied and self._hears_of_deaths():
            if time.monotonic() > deadline:
                break
            found = self._ended(name)
        return found.status if found is not None else None

    def _ended(self, name: str) -> "_Pane | None":
        return next((row for row in self._rows() if row.name == name and not row.alive), None)

    def _hears_of_deaths(self) -> bool:
        """The server looks for children that ended: at its start it can miss that one did."""
        server = self._server()
        if not server:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(server, signal.SIGCHLD)
        time.sleep(POLL_S)
        return True

    def end(self) -> None:
        """The town's own tmux server is gone, and every session with it."""
        self.stop_all([one.name for one in self.running()], grace_s=0)
        told = self._server()
        self._run("kill-server")
        deadline = time.monotonic() + GONE_WAIT_S
        # Whoever begins a session while it still goes would be refused by it.
        while told and process_of(told, created_at(told)) and time.monotonic() < deadline:
            time.sleep(POLL_S)

    def _server(self) -> int:
        """The number of the town's tmux server; 0 for none."""
        told = self._run("display-message", "-p", "#{pid}").stdout.strip()
        return int(told) if told.isdecimal() else 0


def _failed(name: str, done: "subprocess.CompletedProcess[str]") -> SessionError:
    return SessionError(name, done.stderr.strip() or f"tmux ended with {done.returncode}")


@dataclass(frozen=True, slots=True)
class _Pane:
    """What tmux says of a session's one pane."""

    name: str
    pid: int
    active_s: int
    dead: bool
    status: int | None

    @classmethod
    def of(cls, line: str) -> "_Pane":
        name, pid, active, dead, status = line.split("\t")[:5]
        ended = int(status) if status.lstrip("-").isdigit() else None
        return cls(name, int(pid), int(active or 0), dead == "1", ended)

    @property
    def alive(self) -> bool:
        """Whether its program runs."""
        return not self.dead and process_of(self.pid, created_at(self.pid)) is not None

    @property
    def unburied(self) -> bool:
        """Whether tmux has still to ask how its program ended; then the kernel knows its number."""
        return self.status is None and bool(created_at(self.pid))

    @property
    def running(self) -> Running:
        """The same, as the port has it."""
        created = created_at(self.pid)
        return Running(
            name=self.name, pid=self.pid, created=created, active_at=self.active_s * 1_000_000
        )
