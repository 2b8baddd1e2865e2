"""The node's process: the service of `town.node` with this command tree in its memory.

It boots the ledger's engine before anything can import another one, and turns each command that
a launcher hands over into a call of the tree.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cli.app import command_tree, run
from cli.context import Call
from cli.output import error_lines
from cli.terminal import FarTerminal
from stamps.errors import WastelandError
from town.node import frames
from town.node.boot import load_engine
from town.node.changes import cancellable
from town.node.control import Conversation, Request
from town.node.place import asked_home

if TYPE_CHECKING:
    from town.node.compose import OpenTown
    from town.node.private import OpenPrivate

STARTED = 0


class Shell:
    """Runs command lines on one open town."""

    def __init__(self, town: "OpenTown") -> None:
        self.town = town
        command_tree()  # built once, before the first command waits for it

    def __call__(self, request: Request, talk: Conversation) -> int:
        """The exit code of the command; what it printed is on its way to the launcher."""
        terminal = FarTerminal(talk)
        call = Call(
            argv=request.argv,
            cwd=Path(request.cwd),
            env=request.env,
            terminal=terminal,
            tty=request.tty,
            town=self._shared,
            private=self._private,
            program=request.program,
            resident=True,
            columns=request.columns,
            home=str(self.town.home.path),
            cancelled=talk.cancelled,
        )
        talk.on_cancel.append(self.town.changes.ring)
        with cancellable(talk.cancelled), self.town.caller(request.env, call.say, call.show):
            code = run(call)
        try:
            terminal.flush()
            if call.then and code == 0:
                talk.write(frames.THEN, json.dumps(call.then).encode())
        except BrokenPipeError:
            return code
        return code

    @contextmanager
    def _private(self, call: Call) -> "Iterator[OpenPrivate]":
        del call
        yield self.town.private()

    @contextmanager
    def _shared(self, call: Call) -> "Iterator[OpenTown]":
        del call
        yield self.town


def stay(home: str, env: Mapping[str, str]) -> int:
    """The exit code of a node that ran in this process until it was told to end."""
    load_engine()  # before anything that imports SQLite
    from town.node.home import Home  # noqa: PLC0415
    from town.node.service import serve  # noqa: PLC0415  # aiohttp and the ledger

    serve(Home(Path(home)), env, Shell)
    return STARTED


def main() -> int:
    """The exit code of the detached node."""
    import os  # noqa: PLC0415

    try:
        return stay(asked_home(sys.argv[1:]), dict(os.environ))
    except WastelandError as error:
        sys.stderr.write("\n".join(error_lines(error)) + "\n")
        return int(getattr(error, "exit", 1))


if __name__ == "__main__":
    sys.exit(main())
