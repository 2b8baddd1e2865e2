"""Whole towns with homes, files and real sockets, in one process of a test."""

import asyncio
import contextlib
import dataclasses
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import pytest
from aiohttp import web

from federation.peers import Peer
from federation.transport.client import Client
from stamps.identity import DeviceKey
from tests.waiting import LONG_S
from town.market import membership
from town.node import clock
from town.node.compose import OpenTown
from town.node.home import Home
from town.node.http import application
from town.node.http import runner as runner_of

Result = TypeVar("Result")


class Node:
    """An open town that listens on loopback."""

    def __init__(self, town: OpenTown, url: str, runner: web.AppRunner) -> None:
        self.town = town
        self.url = url
        self.runner = runner

    async def use(self, work: Callable[..., Result]) -> Result:
        """What a use case answers, called from a thread as a command is."""
        return await asyncio.to_thread(work, self.town.market)

    @property
    def key(self) -> str:
        """The node's did:key."""
        return self.town._resident().hosting.key()

    async def settles(self, holds: Callable[[], bool], seconds: float = LONG_S) -> None:
        """It came to hold; a wait, never a measurement."""
        async with asyncio.timeout(seconds):
            while not await asyncio.to_thread(holds):  # noqa: ASYNC110  # it looks at files
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def node(
    folder: Path,
    handle: str,
    *,
    listens: bool = True,
    public_url: str = "",
    now: Callable[[], int] = clock.now,
    pull_s: int = 1,
    port: int = 0,
    env: Mapping[str, str] | None = None,
) -> AsyncIterator[Node]:
    """A town in this folder, up until the block ends; one that does not listen only calls.

    `now` is the market's clock from the first record on.
    """
    home = Home(folder / handle)
    home.furnish()
    patient = {"WL_SYNC_PULL_S": str(pull_s), "WL_CLAIM_WAIT_S": str(round(LONG_S))}
    said = {"HOME": str(folder), **patient, **(env or {})}
    town = await asyncio.to_thread(OpenTown, home, said, resident=True)
    town.market.ports = town.conduct.ports = dataclasses.replace(town.market.ports, now=now)
    await asyncio.to_thread(town.market.init, handle)
    app = application(town, url="http://127.0.0.1", is_ready=lambda: True)
    runner = runner_of(app, grace_s=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    host, port = runner.addresses[0][:2]
    url = f"http://{host}:{port}"
    await town.start_loops(url if listens else "", public_url=public_url and url)
    try:
        yield Node(town, url, runner)
    finally:
        await town.stop_loops()
        await runner.cleanup()
        await asyncio.to_thread(town.close)


def stranger(seed: bytes = b"stranger".ljust(32, b".")) -> Client:
    """A client with a key that nobody knows."""
    key = DeviceKey.from_seed(seed)
    return Client(key=lambda: key, now=clock.now, new_secret=clock.new_secret)


def as_peer(target: Node) -> Peer:
    """A node as somebody who has its address and key sees it."""
    return Peer(key=target.key, addresses=(target.url,), allow_private=True)


async def joined(first: Node, *others: Node) -> str:
    """The others are on a board that the first founded; its id."""
    await first.use(lambda market: market.create("hop/commons"))
    for other in others:
        await joins(first, other)
    return first.town.town.current


async def joins(first: Node, other: Node) -> None:
    """The other was admitted to the board that the first stands at, however long that took."""
    token = (await first.use(lambda market: market.invite())).data["invite"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(membership, "ADMIT_WAIT_S", LONG_S)
        answer = await other.use(lambda market: market.join(token))
    assert answer.exit == 0


def root(one: Node) -> str:
    """The root of a node's board."""
    return str(one.town.market.verify().data["root"])


async def same_root(*nodes: Node) -> None:
    """All come to one root."""
    await nodes[0].settles(lambda: len({root(one) for one in nodes}) == 1)


@contextlib.contextmanager
def kept_port() -> Iterator[int]:
    """A port that is nobody else's until the block ends, so that a node may leave it and return.

    It is bound and listened to by nobody: whoever sets SO_REUSEADDR, as nodes do, may.
    """
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", 0))
        yield int(keeper.getsockname()[1])
