"""The two terminals a command may run at: this process's own, or a launcher's far end.

Text goes out as UTF-8 whatever the locale says. Nothing is buffered past the end of a command.
"""

import os
import sys
import threading
from typing import TYPE_CHECKING

from cli.soon import read_soon
from town.node import frames

if TYPE_CHECKING:
    from town.node.control import Conversation  # a node's: it brings the event loop

FLUSH_BYTES = 1 << 15


class HereTerminal:
    """The standard streams of this process."""

    def out(self, text: str) -> None:
        """The text is on standard output."""
        self.out_bytes(text.encode("utf-8", "backslashreplace"))

    def out_bytes(self, payload: bytes) -> None:
        """The bytes are on standard output, as they are."""
        _write(1, payload)

    def err(self, text: str) -> None:
        """The text is on standard error."""
        _write(2, text.encode("utf-8", "backslashreplace"))

    def flush(self) -> None:
        """Nothing is held back here."""

    def read_all(self) -> bytes:
        """All of standard input."""
        return sys.stdin.buffer.read(frames.INPUT_BYTES_MAX)

    def read_soon(self) -> bytes:
        """What stands on standard input already, or comes within a moment."""
        return read_soon(sys.stdin.fileno(), frames.INPUT_BYTES_MAX) if sys.stdin else b""

    def read_line(self) -> str:
        """One line of standard input; empty at its end."""
        return sys.stdin.buffer.readline().decode("utf-8", "replace")


def _write(descriptor: int, payload: bytes) -> None:
    while payload:
        payload = payload[os.write(descriptor, payload) :]


class FarTerminal:
    """The terminal of a launcher, reached over the control socket."""

    def __init__(self, talk: "Conversation") -> None:
        self.talk = talk
        self.held = bytearray()
        self.guard = threading.Lock()

    def out(self, text: str) -> None:
        """The text is on its way to the launcher's standard output."""
        self.out_bytes(text.encode("utf-8", "backslashreplace"))

    def out_bytes(self, payload: bytes) -> None:
        """The bytes are on their way to the launcher's standard output."""
        with self.guard:
            self.held += payload
        if len(self.held) >= FLUSH_BYTES:
            self.flush()

    def err(self, text: str) -> None:
        """The text is on its way to the launcher's standard error, after what went out before."""
        self.flush()
        self.talk.write(frames.ERR, text.encode("utf-8", "backslashreplace"))

    def flush(self) -> None:
        """Nothing written so far is still here."""
        with self.guard:
            ready, self.held = bytes(self.held), bytearray()
        self.talk.write(frames.OUT, ready)

    def read_all(self) -> bytes:
        """All of the launcher's standard input."""
        self.flush()
        return self.talk.read_all()

    def read_soon(self) -> bytes:
        """What stands on the launcher's standard input already."""
        self.flush()
        return self.talk.read_soon()

    def read_line(self) -> str:
        """One line of the launcher's standard input."""
        self.flush()
        return self.talk.read_line().decode("utf-8", "replace")
