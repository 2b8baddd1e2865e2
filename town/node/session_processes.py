"""Sessions as plain processes: each held by a small process of its own, its files in one folder.

For towns without tmux. A session can be written to, looked at, interrupted and ended, also by a
process that did not begin it; a person cannot attach to it.
"""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from town.node.births import created_at
from town.node.families import end_families
from town.node.lifecycle import process_of, write_whole
from town.node.session_entry import HOLDER, made
from town.sessions.port import (
    NoSessionError,
    Running,
    SessionError,
    SessionPlan,
    SessionThereError,
)

START_WAIT_S: Final = 10.0
LAST_WORD_S: Final = (
    10.0  # a holder writes at once how its program ended, as soon as it has its turn
)
POLL_S: Final = 0.02
PEEK_BYTES: Final = 256 << 10


@dataclass(frozen=True, slots=True)
class ProcessSessions:
    """The sessions whose folders lie in `folder`."""

    folder: Path

    def start(self, plan: SessionPlan) -> Running:
        """The session runs. Raises SessionThereError, SessionError."""
        if self.find(plan.name) is not None:
            raise SessionThereError(plan.name)
        try:
            self._begin(plan)
        except (OSError, subprocess.SubprocessError) as error:
            raise SessionError(plan.name, str(error)) from error
        return self._until_running(plan.name)

    def _begin(self, plan: SessionPlan) -> None:
        """Its holder was started; what an earlier session of this name left is gone."""
        place = self.folder / plan.name
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("born.json", "input", "output"):
            (place / name).unlink(missing_ok=True)
        for path in place.glob("state-*"):
            path.unlink(missing_ok=True)
        os.mkfifo(place / "input", 0o600)
        if plan.transcript is not None:
            (place / "output").symlink_to(made(plan.transcript))
        told = {
            "argv": list(plan.argv),
            "cwd": str(plan.cwd),
            "env": dict(plan.env),
            "columns": plan.columns,
            "lines": plan.lines,
            "bytes_max": plan.transcript_bytes_max,
            "run": secrets.token_hex(8),
        }
        write_whole(place / "plan.json", told)
        argv = [sys.executable, "-S", "-E", str(HOLDER), str(place)]
        nothing = subprocess.DEVNULL  # it outlives us, and would keep open whatever it was given
        subprocess.run(  # noqa: S603
            argv, check=True, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True
        )

    def _until_running(self, name: str) -> Running:
        deadline = time.monotonic() + START_WAIT_S
        while time.monotonic() < deadline:
            state = self._state(name)
            if "pid" in state:
                born = {"pid": state["pid"], "created": created_at(state["pid"])}
                write_whole(self.folder / name / "born.json", born)
                return Running(name=name, pid=born["pid"], created=born["created"])
            time.sleep(POLL_S)
        raise SessionError(name, "its holder gave no sign")

    def _state(self, name: str) -> dict[str, Any]:
        """What is known of the newest run of the session."""
        run = self._told(name, "plan.json").get("run", "")
        return self._told(name, f"state-{run}.json")

    def _told(self, name: str, file: str) -> dict[str, Any]:
        try:
            found = json.loads((self.folder / name / file).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _program(self, name: str) -> tuple[int, float]:
        """The number of the session's program, and when it was created; 0 for none."""
        born = self._told(name, "born.json")
        return int(born.get("pid", 0)), float(born.get("created", 0.0))

    def running(self) -> Sequence[Running]:
        """Every session that runs, by name."""
        names = sorted(one.name for one in self.folder.glob("*") if one.is_dir())
        return [found for name in names if (found := self.find(name)) is not None]

    def find(self, name: str) -> Running | None:
        """The session, if it runs."""
        pid, created = self._program(name)
        if not pid or process_of(pid, created) is None:
            return None
        output = self.folder / name / "output"
        active = output.stat().st_mtime_ns // 1_000 if output.exists() else 0
        return Running(name=name, pid=pid, created=created, active_at=active)

    def stop(self, name: str, *, grace_s: float) -> bool:
        """Nothing of the session runs any more; whether anything did."""
        return bool(self.stop_all([name], grace_s=grace_s))

    def stop_all(self, names: Sequence[str], *, grace_s: float) -> Sequence[str]:
        """Nothing of these sessions runs any more; the names of those of which anything did."""
        ended = end_families([self._program(name) for name in names], grace_s=grace_s)
        return [name for name, did in zip(names, ended, strict=True) if did]

    def interrupt(self, name: str) -> None:
        """Ctrl-C was typed into it. Raises NoSessionError."""
        self._type(name, b"\x03")

    def send(self, name: str, text: str) -> None:
        """The text was typed into it, with Enter behind it. Raises NoSessionError."""
        self._type(name, text.encode("utf-8", "replace") + b"\r")

    def _type(self, name: str, typed: bytes) -> None:
        if self.find(name) is None:
            raise NoSessionError(name)
        try:
            pipe = os.open(self.folder / name / "input", os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            raise NoSessionError(name) from error
        with os.fdopen(pipe, "wb", buffering=0) as file:
            os.set_blocking(pipe, True)
            file.write(typed)

    def peek(self, name: str, *, lines: int) -> str:
        """The last lines that it printed, also after its end. Raises NoSessionError."""
        try:
            with (self.folder / name / "output").open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - PEEK_BYTES))
                text = file.read().decode("utf-8", "replace")
        except OSError as error:
            raise NoSessionError(name) from error
        return "\n".join(text.replace("\r\n", "\n").rstrip("\n").split("\n")[-lines:])

    def attach(self, name: str) -> tuple[str, ...]:
        """A plain process shows itself to nobody. Raises NoSessionError, SessionError."""
        if self.find(name) is None:
            raise NoSessionError(name)
        raise SessionError(name, "runs without tmux, so nobody can attach; look with gt peek")

    def exit_code(self, name: str) -> int | None:
        """How the last session of this name ended."""
        deadline = time.monotonic() + LAST_WORD_S
        while self._is_to_say(name) and time.monotonic() < deadline:
            time.sleep(POLL_S)
        found = self._state(name).get("exit")
        return found if isinstance(found, int) else None

    def _is_to_say(self, name: str) -> bool:
        """Whether its program is gone, and its holder lives and has not said yet how it ended."""
        state = self._state(name)
        holder = state.get("holder", 0)
        if not holder or "exit" in state or self.find(name) is not None:
            return False
        return process_of(holder, created_at(holder)) is not None

    def end(self) -> None:
        """No session runs; each holder ends with its own."""
        self.stop_all([one.name for one in self.running()], grace_s=0)
