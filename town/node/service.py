"""The running node: HTTP for peers and the board, the control socket, and the loops between.

One asyncio thread talks, one thread owns the ledgers, commands run in threads of their own. It
holds the town's lock from before the ledger is opened until after it is closed, and is ready
only when a command and a peer would both be answered.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from aiohttp import web

from stamps.errors import WastelandError
from town.node import clock, http
from town.node.births import own_created
from town.node.boot import give_back_memory
from town.node.compose import OpenTown, open_town
from town.node.config import Config
from town.node.configured import config_of
from town.node.control import Control, Execute
from town.node.home import Home
from town.node.lifecycle import NodeFacts, StartError, announce, forget, town_lock
from town.node.log import log_to

GRACE_S = 5.0
BACKLOG = 512
LOG = structlog.get_logger("node")

Shells = Callable[[OpenTown], Execute]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the node listens, and how others reach it."""

    host: str
    port: int
    public_url: str

    @property
    def url(self) -> str:
        """The address for this machine's own use."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def serve(home: Home, env: Mapping[str, str], shells: Shells) -> None:
    """The node ran until it was told to end; nothing of it is left. Raises StartError and others.

    Raises LockedError when another process has the town.
    """
    home.furnish()
    config = config_of(home.config, env)
    give_back_memory()
    with town_lock(home, doing="up"):
        log_to(home.log, level=config.text("node.log_level"))
        line, address = listen(config)
        town = open_town(home, env=env, resident=True)
        try:
            asyncio.run(_Node(town, shells, address).run(line))
        finally:
            town.close()
            forget(home)
    LOG.info("ended")


def listen(config: Config) -> tuple[socket.socket, Address]:
    """A bound socket as configured; the default port, when taken, gives way to any free one."""
    host = config.text("node.listen")
    chosen = config.choose("node.port")
    port = int(chosen.value)
    try:
        line = _bound(host, port)
    except OSError as error:
        if chosen.origin != "default":
            raise StartError(f"cannot listen on {host} port {port}: {error.strerror}") from error
        line = _bound(host, 0)
    actual = int(line.getsockname()[1])
    public = config.text("node.public_url")
    return line, Address(host=host, port=actual, public_url=public)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    line = socket.socket(family, socket.SOCK_STREAM)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        line.bind((host, port))
        line.listen(BACKLOG)
    except OSError:
        line.close()
        raise
    line.setblocking(False)  # noqa: FBT003
    return line


class _Node:
    """What runs between a node's first and last moment."""

    def __init__(self, town: OpenTown, shells: Shells, address: Address) -> None:
        self.town = town
        self.address = address
        self.control = Control(town.home.socket, shells(town))
        self.ready = False

    async def run(self, line: socket.socket) -> None:
        """Returns when the node was told to end and has let go of everything."""
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, ended.set)
        runner = await self._open(line)
        try:
            await self.control.start()
            await self.town.start_loops(self.address.url, public_url=self.address.public_url)
            self._announce()
            await ended.wait()
        finally:
            await self._close(runner)

    async def _open(self, line: socket.socket) -> web.AppRunner:
        app = http.application(self.town, url=self.address.url, is_ready=lambda: self.ready)
        runner = http.runner(app, grace_s=GRACE_S)
        await runner.setup()
        await web.SockSite(runner, line, backlog=BACKLOG).start()
        return runner

    def _announce(self) -> None:
        self.ready = True
        facts = NodeFacts(
            pid=os.getpid(),
            created=own_created(),
            url=self.address.url,
            public_url=self.address.public_url,
            started_at=clock.now(),
        )
        announce(self.town.home, facts)
        LOG.info("up", url=self.address.url, pid=facts.pid)

    async def _close(self, runner: web.AppRunner) -> None:
        self.ready = False
        with contextlib.suppress(FileNotFoundError):
            self.town.home.facts.unlink()
        await self.control.stop(grace_s=GRACE_S)
        try:
            await self.town.stop_loops()
        except WastelandError as error:
            LOG.warning("a loop ended badly", code=error.code)
        await runner.cleanup()
