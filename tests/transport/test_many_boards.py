"""Two nodes that share several boards: each has a line of its own, and none is in another's way."""

import asyncio
from dataclasses import replace

import aiohttp
import pytest

from federation.driver import EventLine, PeerLoop
from federation.transport.client import CALLS_MAX
from stamps.identity import DeviceKey
from tests.transport.nodes import as_peer, joined, node
from town.node.keeping import own_heads

pytestmark = pytest.mark.slow  # real sockets
KEY, OTHER = (str(DeviceKey.from_seed(bytes([n]) * 32).device) for n in (1, 2))


async def test_more_boards_than_calls_at_once_leave_room_for_calls(tmp_path):
    """A line is held for every board; what is asked beside them is answered at once."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        for number in range(CALLS_MAX):
            await rust.use(lambda m, n=number: m.create(f"hop/board{n}"))
            token = (await rust.use(lambda m: m.invite())).data["invite"]
            await ash.use(lambda m, t=token: m.join(t))
        lines = rust.town._resident().routes.listening
        await ash.settles(lambda: lines.taken[ash.key] == CALLS_MAX + 1)
        item = str((await ash.use(lambda m: m.post({"title": "Fix it"}))).data["id"])
        await rust.settles(
            lambda: item in {line["id"] for line in rust.town.market.browse({}).data["items"]}
        )


async def test_a_caller_holds_so_many_lines_and_leaves_the_others_theirs(tmp_path, monkeypatch):
    """One more of the same caller is told to wait; somebody else is told what is new."""
    async with (
        node(tmp_path, "rust") as rust,
        node(tmp_path, "ash") as ash,
        node(tmp_path, "elm") as elm,
    ):
        lines = rust.town._resident().routes.listening
        monkeypatch.setattr(lines, "each", 1)
        await joined(rust, ash, elm)
        await ash.settles(lambda: lines.taken[ash.key] == lines.taken[elm.key] == 1)
        url = f"{rust.url}/v1/w/{rust.town.town.current}/events"
        calls = ash.town._resident().client
        message = calls._signed(as_peer(rust), "GET", url, b"", {})
        async with (
            aiohttp.ClientSession() as session,
            session.get(url, headers=message.headers) as answer,
        ):
            assert answer.status == 429


async def test_a_peer_has_one_loop_however_many_look_after_it_at_once(tmp_path):
    """Two who redeem at one moment begin none twice, and none is begun while the node ends."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        desk = ash.town._resident()
        begin, begun = desk._begin, list[tuple[PeerLoop, EventLine]]()
        desk._begin = lambda *said: begun.append(begin(*said)) or begun[-1]
        peer = desk.book.get(rust.key)
        assert peer is not None
        await ash.town.writer.do(lambda: desk.book.put(replace(peer, key=KEY)))
        await asyncio.gather(desk._follow(), desk._follow())
        assert len(begun) == 1
        await ash.town.writer.do(lambda: desk.book.put(replace(peer, key=OTHER)))
        await asyncio.gather(desk._follow(), desk.stop(), desk._follow())
        assert desk._loops == {}
        assert all(loop._task is not None and loop._task.done() for loop, _ in begun)


async def test_what_a_command_says_when_the_node_has_no_loop_any_more_is_kept_all_the_same(
    tmp_path,
):
    """It began before the node was told to end, and is finished whole."""
    async with node(tmp_path, "rust") as rust:
        await joined(rust)
        desk, over = rust.town._resident(), asyncio.new_event_loop()
        over.close()
        await desk.stop()
        desk._loop = over
        posted = await rust.use(lambda m: m.post({"title": "At the last moment"}))
        assert rust.town.mark._written == own_heads(rust.town.town)
        assert (await rust.use(lambda m: m.show(posted.data["id"]))).exit == 0
