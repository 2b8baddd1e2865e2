"""A reachable node between two that nobody can call: news travel with the word of them."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.transport.nodes import Node, joined, node

TRIES = 12
BUDGET_S = 0.1
SPIN_S = 0.05


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
        """All hold the same, and nobody asks anything any more."""
        await self.hub.settles(
            lambda: len({self.root(n) for n in (self.hub, self.near, self.far)}) == 1
        )
        before = -1
        while before != len(self.asked):
            before = len(self.asked)
            await asyncio.sleep(0.3)


async def street(stack: AsyncExitStack, folder: Path) -> Street:
    """Three nodes on one board; two accept no connection."""
    hub = await stack.enter_async_context(node(folder, "hub", public_url="yes", pull_s=60))
    near = await stack.enter_async_context(node(folder, "near", listens=False, pull_s=60))
    far = await stack.enter_async_context(node(folder, "far", listens=False, pull_s=60))
    await joined(hub, near, far)
    return Street(hub, near, far)


async def claimed(street: Street) -> float:
    """Seconds from a claim to the grant, through the hub."""
    item = (await street.near.use(lambda m: m.post({"title": "Fix it"}))).data["id"]
    await street.quiet()
    street.asked.clear()
    begun = time.perf_counter()
    answer = await street.far.use(lambda m: m.claim(item))
    took = time.perf_counter() - begun
    assert (answer.exit, answer.data["may_start"]) == (0, True)
    return took


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


def crowding() -> float:
    """How many times longer than its own work a piece of work takes on this machine now."""
    begun, worked = time.perf_counter(), time.thread_time()
    while time.thread_time() - worked < SPIN_S:
        pass
    return (time.perf_counter() - begun) / SPIN_S


@pytest.mark.slow
async def test_a_claim_through_a_carrier_is_granted_within_two_round_trips_and_100_ms(tmp_path):
    """The best of a dozen, beside what others take of the machine meanwhile."""
    async with AsyncExitStack() as stack:
        three = await street(stack, tmp_path)
        best = BUDGET_S * 100
        for _ in range(TRIES):
            took = await claimed(three)
            ping = (await three.far.use(lambda m: m.peer_ping("hub"))).data["round_trip_ms"]
            best = min(best, (took - 2 * ping / 1_000) / max(1.0, crowding()))
            if best <= BUDGET_S:
                break
        print(f"granted {best * 1_000:.0f} ms beyond two round trips")
        assert best <= BUDGET_S


@pytest.mark.slow
async def test_what_became_new_while_a_carrier_was_away_comes_when_it_is_back(tmp_path):
    """Its lines are held again, what waited is pushed, and the other end hears of it."""
    async with AsyncExitStack() as stack, AsyncExitStack() as hubs:
        hub = await hubs.enter_async_context(node(tmp_path, "hub", public_url="yes"))
        near = await stack.enter_async_context(node(tmp_path, "near", listens=False))
        far = await stack.enter_async_context(node(tmp_path, "far", listens=False))
        await joined(hub, near, far)
        port = int(hub.url.rsplit(":", 1)[1])
        await hubs.aclose()
        item = (await near.use(lambda m: m.post({"title": "Said meanwhile"}))).data["id"]
        await stack.enter_async_context(node(tmp_path, "hub", public_url="yes", port=port))
        await far.settles(lambda: item in ids(far), seconds=40)


def ids(one: Node) -> list[str]:
    """Items that a node knows."""
    return [row["id"] for row in one.town.market.browse({}).data["items"]]
