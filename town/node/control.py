"""The control socket: commands that launchers hand to the running node, each in a thread.

One connection carries one command. A launcher that hangs up or sends Ctrl-C cancels it: waiting
ends at once, a write that began is finished whole. It knows no command: what runs is given.
"""

import asyncio
import contextlib
import json
import os
import socket
import stat
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from town.node import frames

COMMANDS_MAX = 64  # at once; waiting agents included
OUT_BYTES = 1 << 16
LOG = structlog.get_logger("control")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One command line and the terminal it was typed at."""

    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    tty: tuple[bool, bool, bool]  # stdin, stdout, stderr
    columns: int = 0
    program: str = "wl"

    @classmethod
    def parse(cls, payload: bytes) -> "Request":
        """The request in these bytes. Raises frames.FrameError."""
        try:
            facts = json.loads(payload.decode("utf-8", "surrogateescape"))
            first, second, third = (bool(fact) for fact in facts["tty"])
            return cls(
                argv=tuple(str(word) for word in facts["argv"]),
                cwd=str(facts["cwd"]),
                env={str(name): str(value) for name, value in facts["env"].items()},
                tty=(first, second, third),
                columns=int(facts.get("columns", 0)),
                program=str(facts.get("program", "wl")),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise frames.FrameError("this is no command request") from error


@dataclass(slots=True, eq=False)
class Conversation:
    """What a command running in a thread sees of the launcher's terminal. Thread-safe."""

    loop: asyncio.AbstractEventLoop
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    cancelled: threading.Event = field(default_factory=threading.Event)
    arrived: "asyncio.Queue[bytes | None]" = field(default_factory=asyncio.Queue)
    on_cancel: list[Callable[[], None]] = field(default_factory=list)

    def write(self, kind: bytes, payload: bytes) -> None:
        """The bytes are on their way; waits while the launcher is slow. Raises BrokenPipeError."""
        if payload:
            self._do(self._send(frames.pieces(kind, payload)))

    def read_all(self) -> bytes:
        """Everything on the launcher's standard input."""
        return bytes(self._do(self._ask(b"all")))

    def read_soon(self) -> bytes:
        """What stands on the launcher's standard input already, or comes within a moment."""
        return bytes(self._do(self._ask(frames.SOON)))

    def read_line(self) -> bytes:
        """One line of the launcher's standard input, with its newline unless it is the last."""
        return bytes(self._do(self._ask(b"line")))

    def cancel(self) -> None:
        """The command knows that nobody waits for it any more."""
        self.cancelled.set()
        for tell in tuple(self.on_cancel):
            tell()

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    async def _send(self, ready: list[bytes]) -> None:
        try:
            for frame in ready:
                self.writer.write(frame)
                await self.writer.drain()
        except ConnectionError as error:
            raise BrokenPipeError from error

    async def _ask(self, what: bytes) -> bytes:
        await self._send([frames.pack(frames.ASK, what)])
        held = bytearray()
        while (piece := await self.arrived.get()) is not None:
            held += piece
            if len(held) > frames.INPUT_BYTES_MAX:
                raise frames.FrameError("standard input is too large")
        return bytes(held)

    async def listen(self) -> None:
        """Returns when the launcher hung up; takes its input and its Ctrl-C meanwhile."""
        try:
            while True:
                kind, length = frames.unpack_head(await self.reader.readexactly(frames.HEAD_BYTES))
                payload = await self.reader.readexactly(length)
                if kind == frames.INPUT:
                    self.arrived.put_nowait(payload)
                elif kind == frames.INPUT_END:
                    self.arrived.put_nowait(None)
                elif kind == frames.CANCEL:
                    self.cancel()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.arrived.put_nowait(None)
            self.cancel()


Execute = Callable[[Request, Conversation], int]


class Control:
    """The listening socket and the commands in flight."""

    def __init__(self, path: str, execute: Execute) -> None:
        self.path = path
        self.execute = execute
        self.pool = ThreadPoolExecutor(COMMANDS_MAX, thread_name_prefix="command")
        self.server: asyncio.Server | None = None
        self.talking: set[Conversation] = set()
        self.busy: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Launchers of this user, and only of this user, can connect."""
        folder = Path(self.path).parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISSOCK(os.lstat(self.path).st_mode):
                os.unlink(self.path)  # noqa: PTH108  # of a node that died; we hold the town's lock
        line = socket.socket(socket.AF_UNIX)
        try:
            line.bind(self.path)  # in a folder of nobody else's; other threads make files meanwhile
            os.chmod(self.path, 0o600)  # noqa: PTH101
            self.server = await asyncio.start_unix_server(self._serve, sock=line, backlog=256)
        except BaseException:
            line.close()
            raise

    async def stop(self, *, grace_s: float) -> None:
        """No new command is taken, those in flight are cancelled and given a moment to end."""
        if self.server is not None:
            self.server.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)  # noqa: PTH108
        for talk in tuple(self.talking):
            talk.cancel()
        if self.busy:
            await asyncio.wait(tuple(self.busy), timeout=grace_s)
        self.pool.shutdown(wait=False, cancel_futures=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # start_unix_server runs us as one
        self.busy.add(task)
        try:
            await self._one(reader, writer)
        except (frames.FrameError, asyncio.IncompleteReadError, ConnectionError):
            LOG.info("launcher gone")
        finally:
            self.busy.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kind, length = frames.unpack_head(await reader.readexactly(frames.HEAD_BYTES))
        payload = await reader.readexactly(length)
        if kind != frames.REQUEST:
            raise frames.FrameError("the first frame is no request")
        request = Request.parse(payload)
        talk = Conversation(asyncio.get_running_loop(), reader, writer)
        self.talking.add(talk)
        listening = asyncio.create_task(talk.listen())
        try:
            writer.write(frames.pack(frames.BEGUN))
            await writer.drain()
            code = await talk.loop.run_in_executor(self.pool, self.execute, request, talk)
            with contextlib.suppress(ConnectionError):
                writer.write(frames.pack(frames.EXIT, str(code).encode()))
                await writer.drain()
        finally:
            self.talking.discard(talk)
            listening.cancel()
