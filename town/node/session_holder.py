"""Holds one session: a program on a terminal of its own, what it prints in a file, what it is told.

Started as `python -S -E session_holder.py FOLDER`, and on nobody's behalf but the folder's:
`plan.json` says what to run, `input` is a pipe of what to type, `output` grows by what is printed,
a file of this very run has the program's number and in the end its exit code, so that whoever holds
the next run of the name is never mistaken for it. It outlives whoever began it.
Standard library only.
"""

import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
from typing import Any, BinaryIO, NoReturn

PIECE_BYTES = 1 << 16
OUTPUT_BYTES_MAX = 8 << 20
KEPT_BYTES = 2 << 20
NOT_RUN = 127
DEFAULT_AGAIN = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE, signal.SIGCHLD)


def _write(folder: str, name: str, value: dict[str, Any]) -> None:
    path = os.path.join(folder, name)  # noqa: PTH118
    fresh = f"{path}.{os.getpid()}"
    with open(fresh, "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump(value, file)
    os.replace(fresh, path)  # noqa: PTH105


class Holder:
    """The terminal between a program and the files of its folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        with open(os.path.join(folder, "plan.json"), encoding="utf-8") as file:  # noqa: PTH118, PTH123
            self.plan: dict[str, Any] = json.load(file)
        self.output = os.path.join(folder, "output")  # noqa: PTH118
        self.state = f"state-{self.plan['run']}.json"

    def run(self) -> None:
        """The program has ended, and everything that it printed is kept."""
        woken, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        pid, terminal = pty.fork()
        if pid == 0:
            self._become()
        size = struct.pack("HHHH", self.plan["lines"], self.plan["columns"], 0, 0)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)
        pipe = os.open(os.path.join(self.folder, "input"), os.O_RDWR | os.O_NONBLOCK)  # noqa: PTH118
        state = {"holder": os.getpid(), "pid": pid}
        with open(self.output, "ab", buffering=0) as output:  # noqa: PTH123
            _write(self.folder, self.state, state)  # from now on it can be looked at
            code = self._between(pid, terminal, pipe, woken, output)
        _write(self.folder, self.state, state | {"exit": code})

    def _become(self) -> NoReturn:
        signal.set_wakeup_fd(-1)
        for number in DEFAULT_AGAIN:
            signal.signal(number, signal.SIG_DFL)
        try:
            os.chdir(self.plan["cwd"])
            os.execvpe(self.plan["argv"][0], self.plan["argv"], self.plan["env"])  # noqa: S606
        except OSError as error:
            os.write(2, f"{self.plan['argv'][0]}: {error.strerror}\n".encode())
        os._exit(NOT_RUN)

    def _between(self, pid: int, terminal: int, pipe: int, woken: int, output: BinaryIO) -> int:
        """The program's exit code."""
        while True:
            ready, _, _ = select.select([terminal, pipe, woken], [], [])
            if pipe in ready:
                self._type(terminal, pipe)
            if terminal in ready and not self._keep(terminal, output):
                return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            if woken in ready:
                os.read(woken, PIECE_BYTES)
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    self._drain(terminal, output)
                    return os.waitstatus_to_exitcode(status)

    def _type(self, terminal: int, pipe: int) -> None:
        with contextlib.suppress(OSError):
            left = os.read(pipe, PIECE_BYTES)
            while left:
                left = left[os.write(terminal, left) :]

    def _keep(self, terminal: int, output: BinaryIO) -> bool:
        """Whether the terminal still had something to say, which is kept now."""
        try:
            printed = os.read(terminal, PIECE_BYTES)
        except OSError:  # the program and everybody who had its terminal are gone
            return False
        output.write(printed)
        if output.tell() > OUTPUT_BYTES_MAX:
            self._trim(output)
        return bool(printed)

    def _drain(self, terminal: int, output: BinaryIO) -> None:
        while select.select([terminal], [], [], 0)[0] and self._keep(terminal, output):
            pass

    def _trim(self, output: BinaryIO) -> None:
        """Only the newest part is kept of what is too much."""
        with open(self.output, "rb") as file:  # noqa: PTH123
            file.seek(-KEPT_BYTES, os.SEEK_END)
            kept = file.read()
        output.truncate(0)
        output.write(kept)


def main(folder: str) -> None:
    """The session was held until it ended, by a process that nobody waits for."""
    if os.fork():
        os._exit(0)
    os.setsid()
    Holder(folder).run()


if __name__ == "__main__":
    main(sys.argv[1])
