"""Holds one session: a program on a terminal of its own, what it prints in a file, what it is told.

Started as `python -S -E session_holder.py FOLDER`, and on nobody's behalf but the folder's:
`plan.json` says what to run, `input` is a pipe of what to type, `output` grows by what is printed,
a file of this very run has the program's number and in the end its exit code, so that whoever holds
the next run of the name is never mistaken for it. It outlives whoever began it.

As `session_holder.py --keep FILE BYTES` it only keeps what it is given, for a terminal that
somebody else holds. However much a session prints, no more bytes of it are kept, the newest, and
the first line says how many were not. Standard library only.
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
from typing import Any, NoReturn

PIECE_BYTES = 1 << 16
LINE_BYTES_MAX = 4 << 10
KEEP = "--keep"
NOT_KEPT = "[the first {} bytes that this session printed are not kept: keep.session_mb]\n"
NOT_RUN = 127
DEFAULT_AGAIN = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE, signal.SIGCHLD)


def _write(folder: str, name: str, value: dict[str, Any]) -> None:
    path = os.path.join(folder, name)  # noqa: PTH118
    fresh = f"{path}.{os.getpid()}"
    with open(fresh, "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump(value, file)
    os.replace(fresh, path)  # noqa: PTH105


class Kept:
    """The file of what a session prints: once it is full, the newer half of it and what comes."""

    def __init__(self, path: str, bytes_max: int) -> None:
        self.path = path
        self.bytes_max = bytes_max
        self.lost = 0
        self.mark = b""  # the line that stands before everything else
        self.file = open(path, "ab", buffering=0)  # noqa: PTH123, SIM115  # until the process ends

    def add(self, printed: bytes) -> None:
        """It is in the file, or counted as lost where the disk is full: no session ends of that."""
        try:
            self.lost += len(printed) - self.file.write(printed)
            size = self.file.tell()
            if size > self.bytes_max:
                self._trim(size)
        except OSError:
            self.lost += len(printed)

    def _trim(self, size: int) -> None:
        with open(self.path, "rb") as file:  # noqa: PTH123
            file.seek(-(self.bytes_max // 2), os.SEEK_END)
            newest = file.read()
        newest = newest[newest.find(b"\n", 0, LINE_BYTES_MAX) + 1 :]
        self.lost += size - len(self.mark) - len(newest)
        self.mark = NOT_KEPT.format(self.lost).encode()
        self.file.truncate(0)
        self.file.write(self.mark + newest)


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
        output = Kept(self.output, self.plan["bytes_max"])
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

    def _between(self, pid: int, terminal: int, pipe: int, woken: int, output: Kept) -> int:
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

    def _keep(self, terminal: int, output: Kept) -> bool:
        """Whether the terminal still had something to say, which is kept now."""
        try:
            printed = os.read(terminal, PIECE_BYTES)
        except OSError:  # the program and everybody who had its terminal are gone
            return False
        output.add(printed)
        return bool(printed)

    def _drain(self, terminal: int, output: Kept) -> None:
        while select.select([terminal], [], [], 0)[0] and self._keep(terminal, output):
            pass


def keep(path: str, bytes_max: int) -> None:
    """Everything that came on standard input was kept, as far as it may be."""
    kept = Kept(path, bytes_max)
    while printed := os.read(0, PIECE_BYTES):
        kept.add(printed)


def main(folder: str) -> None:
    """The session was held until it ended, by a process that nobody waits for."""
    if os.fork():
        os._exit(0)
    os.setsid()
    Holder(folder).run()


if __name__ == "__main__":
    if sys.argv[1] == KEEP:
        keep(sys.argv[2], int(sys.argv[3]))
    else:
        main(sys.argv[1])
