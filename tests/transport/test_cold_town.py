"""A town that has no node decides as one would: it listens first, and says it before it ends."""

import asyncio
from contextlib import contextmanager

import pytest

from tests.transport.nodes import joined, kept_port, node
from town.market.market import Market
from town.node.compose import OpenTown
from town.node.home import Home


@contextmanager
def cold(folder, handle: str):
    """The town of a command that no node runs."""
    town = OpenTown(Home(folder / handle), {"HOME": str(folder)}, resident=False)
    try:
        yield town.market
    finally:
        town.close()


def run_cold(folder, handle: str, use):
    """What one command came to."""
    with cold(folder, handle) as market:
        return use(market)


@pytest.fixture
def port():
    """Where ash is called, also when its node comes back."""
    with kept_port() as number:
        yield number


async def test_what_waited_for_a_peer_is_decided_and_told_in_the_command_that_hears_one(
    tmp_path, port
):
    """Given back while nobody answered, asked for while its home slept: one `wl sync` does both."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash", port=port) as ash:
        await joined(rust, ash)
        own, wished = [
            (await rust.use(lambda m, t=title: m.post({"title": t}))).data["id"]
            for title in ("kept", "wished")
        ]
        assert (await rust.use(lambda m: m.claim(own))).exit == 0
        both = {"status": ("open", "claimed")}
        await ash.settles(lambda: len(ash.town.market.browse(both).data["items"]) > 1)

    async def typed(use):
        return await asyncio.to_thread(run_cold, tmp_path, "rust", use)

    def status(item):
        return lambda market: market.show(item).data["status"]

    back = await typed(lambda m: m.unclaim(own))
    assert back.words[0].endswith("it is open again once this node has heard a peer.")
    assert await typed(status(own)) == "claimed"
    async with node(tmp_path, "ash", port=port) as ash:
        assert (await ash.use(lambda m: m.claim(wished, wait_s=0))).exit == 9
        assert (await typed(Market.sync)).exit == 0
        assert await typed(status(own)) == "open"
        assert (await ash.use(status(own))) == "open"
        assert (await ash.use(lambda m: m.show(wished))).data["claimed_by"] == "ash"
