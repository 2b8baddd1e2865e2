"""A prompt in a folder at which lines of `gt`, `bd` and `wl` are typed, and git repositories.

Lines run in this process as the launcher runs them where no node is: each opens the town and closes
it again. `asked` hands one to the town's node where one runs, as the launcher does; `spawn` runs
one as a process of its own.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cli.app import run
from cli.context import Call
from cli.launcher import HERE, connect, first_word
from cli.local import open_here, open_private_here
from tests.cli.paper import Paper
from tests.house.children import measured
from town.node import frames
from town.node.place import home_of

PERSON = {
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "user.name",
    "GIT_CONFIG_VALUE_0": "Ada",
    "GIT_CONFIG_KEY_1": "user.email",
    "GIT_CONFIG_VALUE_1": "ada@example.org",
}


class Prompt:
    """Somebody at a shell in a folder, with a home folder of their own."""

    def __init__(self, folder: Path, *, person: bool = True) -> None:
        self.at = folder / "work"
        self.at.mkdir(parents=True, exist_ok=True)
        self.counted = True  # whether lines of processes count where this run counts lines
        self.tty = (False, False, False)
        home = folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        self.env = {
            "HOME": str(home),
            "USER": "ada",
            "PATH": os.environ["PATH"],
            "NO_COLOR": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "XDG_STATE_HOME": str(folder / "state"),
            **(PERSON if person else {}),
        }

    def gt(self, *argv: str, **more: Any) -> Paper:
        """What a line of `gt` printed, and its exit code."""
        return self.type("gt", *argv, **more)

    def bd(self, *argv: str, **more: Any) -> Paper:
        """The same of `bd`."""
        return self.type("bd", *argv, **more)

    def type(
        self, program: str, *argv: str, stdin: bytes = b"", env: dict[str, str] | None = None
    ) -> Paper:
        """The same of a program."""
        paper = Paper(stdin)
        told = {**self.env, **(env or {})}
        call = Call(
            argv=argv,
            cwd=self.at,
            env=told,
            terminal=paper,
            tty=(bool(stdin), *self.tty[1:]),
            town=open_here,
            private=open_private_here,
            program=program,
            columns=80,
            home=home_of(program, argv, cwd=str(self.at), env=told),
        )
        paper.code = run(call)
        return paper

    def json(self, program: str, *argv: str, **more: Any) -> dict[str, Any]:
        """The envelope that a line printed; it is all that stands on standard output."""
        paper = self.type(program, *argv, "--json", **more)
        assert paper.text.count("\n") == 1, paper.text
        return {**json.loads(paper.text), "exit": paper.code}

    def asked(self, program: str, *argv: str) -> Paper:
        """What the node that runs printed on standard output; without one the line runs here."""
        home = home_of(program, argv, cwd=str(self.at), env=self.env)
        line = None if first_word(argv) in HERE[program] or not home else connect(home)
        if line is None:
            return self.type(program, *argv)
        facts = {
            "program": program, "argv": argv, "cwd": str(self.at), "env": self.env,
            "tty": [False] * 3, "columns": 0,
        }  # fmt: skip
        try:
            with line:
                return through(line, json.dumps(facts).encode())
        except ConnectionError:  # it died over the line, which is typed again
            return self.type(program, *argv)

    def done(self, *argv: str) -> dict[str, Any]:
        """What a line of `gt` said that ended well."""
        told = self.json("gt", *argv)
        assert told["exit"] == 0, told
        return dict(told["data"])

    def refused(self, *argv: str, **more: Any) -> tuple[int, str]:
        """The exit code and the code of the error that a line of `gt` ended with."""
        found = self.json("gt", *argv, **more)
        assert found["error"], found
        return found["exit"], found["error"]["code"]

    def spawn(
        self, program: str, *argv: str, prelude: str = "", **more: Any
    ) -> subprocess.CompletedProcess[str]:
        """The line as a process of its own, `prelude` being Python that runs before it.

        With a prelude its lines are not counted: nearly all are there to kill the process.
        """
        counted = self.counted and not prelude
        return subprocess.run(
            self.command(program, *argv, prelude=prelude),
            cwd=self.at, env=measured(self.env) if counted else self.env,
            capture_output=True, text=True, timeout=300,
            check=False, **more,
        )  # fmt: skip

    def line(self, program: str, *argv: str) -> dict[str, Any]:
        """The envelope of a line that is a process of its own; a node answers it where one runs."""
        done = self.spawn(program, *argv, "--json")
        assert done.stdout.count("\n") == 1, (argv, done.stdout, done.stderr)
        return {**json.loads(done.stdout), "exit": done.returncode}

    @contextmanager
    def node(self) -> Iterator[None]:
        """The town at this prompt has a running node until the block ends."""
        home = ("--home", str(self.at / ".wasteland"))
        up = self.line("wl", "up", "--detach", "--port", "0", *home)
        assert up["exit"] == 0, up
        try:
            yield
        finally:
            down = self.line("wl", "down", *home)
        assert down["exit"] == 0, down

    def command(self, program: str, *argv: str, prelude: str = "") -> list[str]:
        """The words that start such a process."""
        code = f"{prelude}\nimport cli.launcher, sys; cli.launcher.main({program!r})"
        return [sys.executable, "-c", code, *argv]

    def git(self, *argv: str, at: Path | None = None) -> str:
        """What git printed."""
        env = {**os.environ, **self.env}
        argv_ = ["git", *argv]
        done = subprocess.run(
            argv_, cwd=at or self.at, env=env, capture_output=True, text=True, check=True
        )
        return done.stdout

    def repository(self, name: str, *, branch: str = "main") -> Path:
        """A bare repository with a commit on that branch, and a checkout of it beside it."""
        checkout, bare = self.at / name, self.at / f"{name}.git"
        checkout.mkdir()
        self.git("init", "-q", "-b", branch, at=checkout)
        (checkout / "README").write_text("begun\n")
        self.git("add", "README", at=checkout)
        self.git("commit", "-q", "-m", "begin", at=checkout)
        self.git("clone", "-q", "--bare", str(checkout), str(bare))
        self.git("remote", "add", "origin", str(bare), at=checkout)
        self.git("fetch", "-q", "origin", at=checkout)
        return checkout


def through(line: socket.socket, request: bytes) -> Paper:
    """What a node printed on standard output over this connection. Raises ConnectionError."""
    paper = Paper(b"")
    line.sendall(frames.pack(frames.REQUEST, request))
    with line.makefile("rb") as reader:
        while True:
            kind, payload = frames.read_frame(reader.read)
            if kind == frames.EXIT:
                paper.code = int(payload)
                return paper
            if kind == frames.OUT:
                paper.out_bytes(payload)
            elif kind == frames.ASK:
                line.sendall(frames.pack(frames.INPUT_END))


def files(root: Path) -> dict[str, bytes]:
    """Every file below the folder by its name, but those of repositories and of the home."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not {".git", ".wasteland"} & set(path.relative_to(root).parts)
    }
