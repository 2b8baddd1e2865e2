"""A reachable node between two that nobody can call: news travel with the word of them."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.transport.nodes import Node, joined, kept_port, node
from tests.waiting import LONG_S


class Street:
    """A hub, and two towns behind routers; what the hub is asked is written down."""

    def __init__(self, hub: Node, near: Node, far: Node) -> None:
        self.hub, self.near, self.far = hub, near, far
        self.asked: list[tuple[str, str]] = []
        hosting = hub.town._resident().hosting
        answer = hosting.answer

        async def noted(caller: str, wasteland: str, what: Any, body: bytes) -> bytes | None:
            self.asked.append((caller, what))
            return await answer(caller, wasteland, what, body)

        hosting.answer = noted

    def root(self, one: Node) -> str:
        """A node's root, looked at in the ledger's thread."""
        desk = one.town._resident()

        def look() -> str:
            board = desk.board(one.town.town.current)
            assert board is not None
            return board.outlines.now().root.hex()

        return one.town.writer.run(look)

    async def quiet(self) -> None:
        """All hold the same, and nobody has anything left to ask."""
        await self.hub.settles(
            lambda: len({self.root(n) for n in (self.hub, self.near, self.far)}) == 1
        )
        async with asyncio.timeout(LONG_S):
            while not (self.rests(self.near) and self.rests(self.far)):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    def rests(self, one: Node) -> bool:
        """Whether a node's loop has nothing to tell the hub or to ask it; looked at in the loop."""
        [(loop, _)] = one.town._resident()._loops.values()
        standing, last = loop.board.standing(self.hub.key), loop.board.memory(self.hub.key).last
        if loop._news.is_set() or loop._later is not None or standing.turn.locked():
            return False
        return last is not None and last.root == loop.board.outlines.known_root


async def street(stack: AsyncExitStack, folder: Path) -> Street:
    """Three nodes on one board; two accept no connection."""
    hub = await stack.enter_async_context(node(folder, "hub", public_url="yes", pull_s=60))
    near = await stack.enter_async_context(node(folder, "near", listens=False, pull_s=60))
    far = await stack.enter_async_context(node(folder, "far", listens=False, pull_s=60))
    await joined(hub, near, far)
    return Street(hub, near, far)


async def claimed(street: Street) -> None:
    """A claim was granted, through the hub."""
    item = (await street.near.use(lambda m: m.post({"title": "Fix it"}))).data["id"]
    await street.quiet()
    street.asked.clear()
    answer = await street.far.use(lambda m: m.claim(item))
    assert (answer.exit, answer.data["may_start"]) == (0, True)


@pytest.mark.slow
async def test_a_claim_through_a_carrier_takes_two_messages(tmp_path):
    """The request goes out with one, the grant with another; the rest is on held lines."""
    async with AsyncExitStack() as stack:
        three = await street(stack, tmp_path)
        assert {p.addresses for p in three.near.town.peers.book.all()} == {(three.hub.url,)}
        known = three.hub.town.peers.book.get(three.far.key)
        assert known is not None
        assert known.addresses == ()
        await claimed(three)
        await claimed(three)
        asked = [(caller, what) for caller, what in three.asked if what != "root"]
        assert asked[:2] == [(three.far.key, "records"), (three.near.key, "records")]


@pytest.mark.slow
async def test_what_became_new_while_a_carrier_was_away_comes_when_it_is_back(tmp_path):
    """Its lines are held again, what waited is pushed, and the other end hears of it."""
    async with AsyncExitStack() as stack, AsyncExitStack() as hubs:
        port = stack.enter_context(kept_port())
        hub = await hubs.enter_async_context(node(tmp_path, "hub", public_url="yes", port=port))
        near = await stack.enter_async_context(node(tmp_path, "near", listens=False))
        far = await stack.enter_async_context(node(tmp_path, "far", listens=False))
        await joined(hub, near, far)
        await hubs.aclose()
        item = (await near.use(lambda m: m.post({"title": "Said meanwhile"}))).data["id"]
        await stack.enter_async_context(node(tmp_path, "hub", public_url="yes", port=port))
        await far.settles(lambda: item in ids(far))


def ids(one: Node) -> list[str]:
    """Items that a node knows."""
    return [row["id"] for row in one.town.market.browse({}).data["items"]]
