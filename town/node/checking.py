"""Lines looked at in a second process: the port `ledger.checks` over a spool file and a pipe.

Lines go through a file and only their places through the pipe, which never holds more than it can
take. While this process waits it looks at lines itself. The child is spawned, never forked, loads
no ledger, and ends when its input does.
"""

import os
import selectors
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Sequence
from typing import Final

from stamps.checker import HOLDS, checked
from town.node.boot import child_environment

CHUNK: Final = 250  # lines a turn: some 20 ms
AHEAD_MAX: Final = 40  # turns that the child may have before it: a whole projection's time
ANSWER_BYTES: Final = 1 << 16
STOP_S: Final = 5.0


class _Chunk:
    """Some lines, where they lie in the spool, and what was found."""

    __slots__ = ("count", "data", "found", "offset")

    def __init__(self, data: bytes, offset: int, count: int) -> None:
        self.data = data
        self.offset = offset
        self.count = count
        self.found: bytes | None = None


class CheckTicket:
    """Lines that were put together."""

    def __init__(self, checking: "Checking", chunks: list[_Chunk]) -> None:
        self._checking = checking
        self._chunks = chunks

    def verdicts(self) -> Sequence[bool]:
        """Whether each line's signature holds."""
        found: list[bool] = []
        for chunk in self._chunks:
            digits = self._checking.wait(chunk)
            found += [digit == HOLDS[0] for digit in digits]
        self._chunks = []
        return found

    def forget(self) -> None:
        """Nobody asks any more: what was not begun is not looked at."""
        self._checking.forget(self._chunks)
        self._chunks = []


class Checking:
    """The second process, begun with the first lines. One thread at a time may use it."""

    def __init__(self) -> None:
        self._spool = tempfile.TemporaryFile(prefix="wl-spool-")  # noqa: SIM115  # until `close`
        self._end = 0
        self._child: subprocess.Popen[bytes] | None = None
        self._selector = selectors.DefaultSelector()
        self._waiting: deque[_Chunk] = deque()  # not given to the child yet
        self._given: deque[_Chunk] = deque()
        self._answer = b""

    @property
    def pid(self) -> int:
        """The child's process, 0 for none."""
        return self._child.pid if self._child is not None else 0

    def put(self, lines: Sequence[bytes]) -> CheckTicket:
        """The lines are being looked at."""
        if not self._waiting and not self._given:
            self._spool.truncate(0)
            self._end = 0
        chunks = []
        for at in range(0, len(lines), CHUNK):
            part = [line.removesuffix(b"\n") for line in lines[at : at + CHUNK]]
            data = b"".join((b"" if b"\n" in line else line) + b"\n" for line in part)
            chunks.append(self._spooled(_Chunk(data, self._end, len(part))))
        self._waiting.extend(chunk for chunk in chunks if chunk.found is None)
        self._give()
        return CheckTicket(self, chunks)

    def _spooled(self, chunk: _Chunk) -> _Chunk:
        """The chunk lies in the spool; on a disk too full for it, it was looked at here."""
        try:
            whole = os.pwrite(self._spool.fileno(), chunk.data, chunk.offset) == len(chunk.data)
        except OSError:
            whole = False
        if whole:
            self._end += len(chunk.data)
        else:
            chunk.found, chunk.data = checked(chunk.data), b""
        return chunk

    def wait(self, chunk: _Chunk) -> bytes:
        """What was found of the chunk; other chunks are looked at here meanwhile."""
        while chunk.found is None:
            self._hear(wait=not self._waiting)
            if chunk.found is None and self._waiting:
                mine = self._waiting.pop()
                mine.found = checked(mine.data)
                mine.data = b""
            self._give()
        return chunk.found

    def forget(self, chunks: Sequence[_Chunk]) -> None:
        """Of these chunks only those that the child has are still looked at."""
        gone = set(chunks)
        self._waiting = deque(chunk for chunk in self._waiting if chunk not in gone)

    def _give(self) -> None:
        if self._waiting and self._child is None:
            try:
                self._child = self._begin()
            except OSError:
                return  # no process can be begun now: what waits is looked at here
        while self._waiting and len(self._given) < AHEAD_MAX and self._child is not None:
            chunk = self._waiting.popleft()
            self._given.append(chunk)
            turn = f"{chunk.offset} {len(chunk.data)}\n".encode()
            try:
                os.write(self._child.stdin.fileno(), turn)  # type: ignore[union-attr]  # a pipe
            except BrokenPipeError:
                self._lost()

    def _begin(self) -> "subprocess.Popen[bytes]":
        spool = self._spool.fileno()
        child = subprocess.Popen(  # noqa: S603  # this interpreter, a module of ours
            [sys.executable, "-m", "stamps.checker", str(spool)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=child_environment(os.environ),
            pass_fds=(spool,),
        )
        self._selector.register(child.stdout, selectors.EVENT_READ)  # type: ignore[arg-type]
        return child

    def _hear(self, *, wait: bool) -> None:
        """Answers that are there were taken; with `wait`, at least one."""
        while self._child is not None and self._selector.select(None if wait else 0):
            said = os.read(self._child.stdout.fileno(), ANSWER_BYTES)  # type: ignore[union-attr]
            if not said:
                self._lost()
                return
            *whole, self._answer = (self._answer + said).split(b"\n")
            for answer in whole:
                chunk = self._given.popleft()
                right = len(answer) == chunk.count
                chunk.found = answer if right else checked(chunk.data)
                chunk.data = b""
            if whole:
                return

    def _lost(self) -> None:
        """The child is gone: what it had is looked at here, and so is what comes."""
        self._drop()
        while self._given:
            chunk = self._given.popleft()
            chunk.found = checked(chunk.data)

    def _drop(self) -> None:
        child, self._child, self._answer = self._child, None, b""
        if child is None:
            return
        self._selector.unregister(child.stdout)  # type: ignore[arg-type]
        child.stdin.close()  # type: ignore[union-attr]
        child.stdout.close()  # type: ignore[union-attr]
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def rest(self) -> None:
        """The process has ended, unless it has lines before it; the next lines begin one."""
        self._hear(wait=False)
        if not self._waiting and not self._given:
            self._drop()
            self._spool.truncate(0)
            self._end = 0

    def close(self) -> None:
        """No process and no file is left."""
        self._drop()
        self._selector.close()
        self._spool.close()
