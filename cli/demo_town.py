"""A town of the demonstration: a real home, real processes, and what a person would see.

Every command is a process of its own, typed as a person would type it. What it prints is
printed; what it promised is checked, and a broken promise ends the demonstration.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import psutil

from cli.escape import escape
from cli.output import command_line
from stamps.errors import WastelandError

COMMAND_S = 300  # a demonstration measures nothing: a busy machine may take its time
ANSWER_S = 120  # for a claim, which a user would be told of sooner
RUN = "from cli.launcher import main; main({!r})"
Say = Callable[[str], None]


class DemoError(WastelandError):
    """The demonstration saw something else than it promised."""

    code: ClassVar[str] = "demo.surprise"
    hint: ClassVar[str] = "Please report it, with everything that was printed."
    exit: ClassVar[int] = 1


def expect(promise: str, *, holds: bool, seen: object = "") -> None:
    """Nothing happens while the promise holds. Raises DemoError."""
    if not holds:
        raise DemoError(f"{promise}: not so" + (f" ({seen})" if seen != "" else ""))


@dataclass(frozen=True, slots=True)
class Seen:
    """What one command printed and how it ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoTown:
    """One town: a name, a home of its own, and the folder its commands are typed in."""

    name: str
    folder: Path
    env: Mapping[str, str]
    say: Say
    program: str = "wl"

    @property
    def home(self) -> Path:
        """The town's home."""
        return self.folder / self.name

    @property
    def place(self) -> Path:
        """Where its commands are typed."""
        return self.folder

    def environment(self) -> dict[str, str]:
        """What a command of this town finds around it: its own home and nothing of the user's."""
        kept = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "WL_COVERAGE", "SYSTEMROOT", "TMPDIR")
        own = {name: self.env[name] for name in kept if name in self.env}
        root = str(Path(__file__).resolve().parent.parent)
        path = os.pathsep.join(filter(None, (own.get("PYTHONPATH", ""), root)))
        user = str(self.folder / "user")
        return {
            **own,
            "PYTHONPATH": path,
            "HOME": user,
            "WL_HOME": str(self.home),
            "NO_COLOR": "1",
            "COLUMNS": "96",
            "WL_CLAIM_WAIT_S": str(ANSWER_S),
        }

    def begin(self, *argv: str) -> "subprocess.Popen[str]":
        """The command runs; `finish` waits for it."""
        return subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-c", RUN.format(self.program), *argv],
            env=self.environment(),
            cwd=self.place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def type(self, *argv: str, code: int = 0) -> Seen:
        """The command was typed here, shown with what it printed, and ended as promised."""
        return self.show(argv, self._done(self.begin(*argv)), code=code)

    def show(self, argv: Sequence[str], seen: Seen, *, code: int) -> Seen:
        """The command and its output are printed, and it ended as promised. Raises DemoError."""
        self.say(f"\n[{self.name}]$ {shown_line(argv, self.program)}\n")
        self.say("".join(f"{escape(line)}\n" for line in (seen.out + seen.err).splitlines()))
        if seen.code:
            self.say(f"(exit {seen.code})\n")
        line = command_line((self.program, *argv))
        expect(f"`{line}` ends with {code}", holds=seen.code == code, seen=seen.code)
        return seen

    def ask(self, *argv: str, code: int = 0) -> Any:
        """The `data` of a command's JSON, nothing printed. Raises DemoError."""
        seen = self._done(self.begin(*argv, "--json"))
        line = command_line((self.program, *argv))
        expect(f"`{line}` ends with {code}", holds=seen.code == code, seen=seen.out + seen.err)
        return json.loads(seen.out)["data"]

    def finish(self, process: "subprocess.Popen[str]") -> Seen:
        """What the command printed. Raises DemoError when it takes too long."""
        return self._done(process)

    def _done(self, process: "subprocess.Popen[str]") -> Seen:
        try:
            out, err = process.communicate(timeout=COMMAND_S)
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.communicate()
            raise DemoError(f"a command took more than {COMMAND_S} s") from error
        return Seen(process.returncode, out, err)


def left_in(folder: Path) -> list[int]:
    """Processes whose command line names this folder of a demonstration.

    Who was told to keep it there names it too: this process, and those that began it.
    """
    ours = {os.getpid(), *(one.pid for one in psutil.Process().parents())}
    return [
        int(process.info["pid"])
        for process in psutil.process_iter(["pid", "cmdline"])
        if process.info["pid"] not in ours
        and str(folder) in command_line(process.info["cmdline"] or ())
    ]


def shown_line(argv: Sequence[str], program: str = "wl") -> str:
    """The command as typed; a long token is shortened."""
    return command_line((program, *(short(word) for word in argv)))


def short(word: str) -> str:
    """The word, or its start where it is an invite."""
    return f"{word[:16]}…" if word.startswith("wl1:") else word
