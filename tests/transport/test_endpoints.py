"""What each address of a node answers, asked as a peer would ask."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from federation.card import read_card
from federation.errors import PeerError
from federation.letters import decode_root
from federation.peers import Peer
from federation.transport.client import Client, PeerDownError, PeerRefusedError
from federation.transport.signing import Message, sign_request
from stamps.identity import DeviceKey
from stamps.record import parse_line
from tests.transport.nodes import Node, as_peer, joined, node, stranger
from tests.waiting import LONG_S
from town.node import clock

pytestmark = pytest.mark.slow  # `make check` waits for none of these


def client(one: Node) -> Client:
    """The calls of a node."""
    return one.town._resident().client


@contextlib.asynccontextmanager
async def fresh(one: Node) -> AsyncIterator[Client]:
    """Calls in a node's name by somebody who heard nothing yet."""
    key = one.town.town.device
    assert key is not None
    calls = Client(key=lambda: key, now=clock.now, new_secret=clock.new_secret)
    yield calls
    await calls.close()


def signed(caller: Node, target: Node, path: str, **headers: str) -> Message:
    """A good request of a node, with more headers beside what is signed."""
    message = Message("GET", target.url + path)
    sign_request(
        message,
        key=caller.town.town.device,
        audience=target.key,
        nonce=clock.new_secret().hex(),
        now=clock.now(),
        body=b"",
    )
    message.headers.update(headers)
    return message


async def test_the_card_is_signed_and_says_who_answers(pair):
    """Key, account, versions, and no address that others could not use."""
    rust, _ = pair
    async with (
        aiohttp.ClientSession() as session,
        session.get(rust.url + "/.well-known/wasteland") as answer,
    ):
        raw = await answer.read()
    card = read_card(raw)
    assert (card.key, card.account, card.name) == (rust.key, rust.town.town.account, "rust")
    assert (card.speaks, card.carries, card.addresses) == (True, False, ())
    forged = json.loads(raw)
    forged["card"]["addresses"] = ["http://evil.example"]
    with pytest.raises(PeerError):
        read_card(json.dumps(forged).encode())


async def test_a_member_lists_what_it_may_sync_and_a_stranger_nothing(pair):
    """The same address, two answers."""
    rust, ash = pair
    said = await client(ash).ask_json(as_peer(rust), "GET", "/v1/wastelands")
    assert said == {"wastelands": [rust.town.town.current]}
    other = stranger()
    assert await other.ask_json(as_peer(rust), "GET", "/v1/wastelands") == {"wastelands": []}
    await other.close()


async def test_a_root_that_did_not_change_is_not_sent_again(pair):
    """An ETag, and 304 to whoever has it; another one after a change."""
    rust, ash = pair
    path = f"/v1/w/{rust.town.town.current}/root"
    async with aiohttp.ClientSession() as session:
        message = signed(ash, rust, path)
        async with session.get(message.url, headers=message.headers) as answer:
            tag, body = answer.headers["ETag"], await answer.read()
        assert len(body) <= 64
        assert decode_root(body)[0].hex() in tag
        message = signed(ash, rust, path, **{"If-None-Match": tag})
        async with session.get(message.url, headers=message.headers) as answer:
            assert (answer.status, await answer.read()) == (304, b"")
        await rust.use(lambda m: m.post({"title": "New"}))
        message = signed(ash, rust, path, **{"If-None-Match": tag})
        async with session.get(message.url, headers=message.headers) as answer:
            assert (answer.status, answer.headers["ETag"] == tag) == (200, False)


async def test_a_line_that_was_cut_goes_on_behind_the_last_event(pair):
    """Nothing for whoever heard the last one, the newest root for whoever missed some."""
    rust, ash = pair
    path = f"/v1/w/{rust.town.town.current}/events"
    first = await first_event(signed(ash, rust, path))
    assert first is not None
    again = signed(ash, rust, path, **{"Last-Event-ID": first["id"]})
    assert await first_event(again, seconds=1.5) is None
    await rust.use(lambda m: m.post({"title": "Missed"}))
    later = await first_event(signed(ash, rust, path, **{"Last-Event-ID": first["id"]}))
    assert later is not None
    assert later["id"] == later["data"] != first["id"]


async def test_what_becomes_new_while_a_line_is_begun_is_told_on_it(tmp_path):
    """Between the look at the root and the first word of the line nothing gets lost."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        board = await joined(rust, ash)
        hosting, key = rust.town._resident().hosting, DeviceKey.from_seed(b"l".ljust(32, b"."))
        answer, told = hosting.answer, list[str]()

        async def slowly(caller: str, *asked: Any) -> bytes | None:
            root = await answer(ash.key if caller == key.device else caller, *asked)
            if caller == key.device:
                before = hosting._published[board].root
                await rust.use(lambda m: m.post({"title": "Meanwhile"}))
                await rust.settles(lambda: hosting._published[board].root != before)
            return root

        async def heard(root: str, _: tuple[bytes, ...]) -> None:
            told.append(root)

        hosting.answer = slowly
        calls = Client(key=lambda: key, now=clock.now, new_secret=clock.new_secret)
        line = asyncio.create_task(calls.events(as_peer(rust), board, heard))
        await rust.settles(lambda: hosting._published[board].root.hex() in told)
        line.cancel()
        await calls.close()


async def first_event(message: Message, *, seconds: float = LONG_S) -> dict[str, str] | None:
    """The first event of a line, None when none came in time."""
    found: dict[str, str] = {}
    async with (
        aiohttp.ClientSession() as session,
        session.get(message.url, headers=message.headers) as answer,
    ):
        assert answer.status == 200
        try:
            async with asyncio.timeout(seconds):
                async for line in answer.content:
                    name, _, value = line.decode().strip().partition(": ")
                    if not name and found:
                        return found
                    if name in ("id", "data"):
                        found.setdefault(name, value)
        except TimeoutError:
            return None
    return None


async def test_an_event_carries_the_records_that_lead_to_its_root(pair):
    """Whoever held what was told before needs no question."""
    rust, ash = pair
    told: list[tuple[str, tuple[bytes, ...]]] = []

    async def heard(root: str, lines: tuple[bytes, ...]) -> None:
        told.append((root, lines))

    def ids() -> list[str]:
        return [str(parse_line(one).record.id) for _, lines in list(told) for one in lines]

    async with fresh(ash) as calls:
        line = asyncio.create_task(calls.events(as_peer(rust), rust.town.town.current, heard))
        await rust.settles(lambda: bool(told))
        item = (await rust.use(lambda m: m.post({"title": "News"}))).data["id"]
        await rust.settles(lambda: any(one.startswith(item[2:]) for one in ids()))
        line.cancel()


async def test_what_is_not_here_is_one_answer(pair):
    """Unknown paths, records and blobs: not found, with nothing to tell them apart."""
    rust, ash = pair
    for path in (f"/v1/records/{'0' * 64}", f"/v1/w/{'0' * 64}/root", "/v1/records/x"):
        with pytest.raises(PeerRefusedError) as refused:
            await client(ash).call(as_peer(rust), "GET", path, b"")
        assert (refused.value.status, refused.value.theirs) == (404, "not_found")
    async with aiohttp.ClientSession() as session, session.get(rust.url + "/v1/other") as answer:
        assert answer.status == 404


async def test_a_peer_is_called_at_its_next_address_when_the_first_is_dead(pair):
    """A list of addresses is tried in order, for questions and for the line."""
    rust, ash = pair
    peer = Peer(key=rust.key, addresses=("http://127.0.0.1:9", rust.url), allow_private=True)
    assert (await client(ash).ask_json(peer, "GET", "/v1/ping"))["you"] == ash.key
    told: list[str] = []

    async def heard(root: str, _: tuple[bytes, ...]) -> None:
        told.append(root)

    async with fresh(ash) as calls:
        line = asyncio.create_task(calls.events(peer, rust.town.town.current, heard))
        await rust.settles(lambda: bool(told))
        line.cancel()
    nowhere = Peer(key=rust.key)
    with pytest.raises(PeerDownError):
        await client(ash).events(nowhere, rust.town.town.current, heard)
    with pytest.raises(PeerDownError):
        await client(ash).call(nowhere, "GET", "/v1/ping", b"")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"hash": "0" * 64, "count": 0, "expires_at": 1}, "form"),
        ({"hash": "0" * 64, "count": 5_000, "expires_at": 1}, "form"),
        ({"hash": "x", "count": 1, "expires_at": 1}, "form"),
        ({"hash": "0" * 64, "count": True, "expires_at": 1}, "form"),
    ],
    ids=["none", "many", "no hash", "no number"],
)
async def test_a_carrier_keeps_only_whole_and_bounded_invites(pair, said, code):
    """1 to 1,000 towns, up to 90 days, and a hash."""
    rust, ash = pair
    path = f"/v1/w/{rust.town.town.current}/invites"
    with pytest.raises(PeerRefusedError) as refused:
        await client(ash).ask_json(as_peer(rust), "POST", path, said)
    assert refused.value.theirs == "invite.refused"
    assert rust.town.town.notes("invites").keys() == {  # the one that ash joined with
        name for name, note in rust.town.town.notes("invites").items() if note["redeemed"]
    }


async def test_nobody_replaces_an_invite_that_another_left(tmp_path):
    """The same hash by its maker changes nothing; by somebody else it is refused."""
    async with (
        node(tmp_path, "rust") as rust,
        node(tmp_path, "ash") as ash,
        node(tmp_path, "elm") as elm,
    ):
        await joined(rust, ash, elm)
        path = f"/v1/w/{rust.town.town.current}/invites"
        later = clock.now() + 3_600_000_000
        said = {"hash": "a" * 64, "count": 2, "expires_at": later}
        for count in (2, 40):
            again = {**said, "count": count}
            await client(ash).ask_json(as_peer(rust), "POST", path, again)
        kept = rust.town.town.note("invites", "a" * 64)
        assert kept is not None
        assert kept["count"] == 2
        with pytest.raises(PeerRefusedError) as refused:
            await client(elm).ask_json(as_peer(rust), "POST", path, said)
        assert refused.value.theirs == "invite.refused"


async def test_an_invite_that_is_over_is_refused_with_its_reason(tmp_path):
    """Expired: said as such to whoever has the token."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        await rust.use(lambda m: m.create("hop/commons"))
        token = (await rust.use(lambda m: m.invite(expires_s=1))).data["invite"]
        await asyncio.sleep(1.1)
        with pytest.raises(Exception, match="over") as refused:
            await ash.use(lambda m: m.join(token))
        assert refused.value.code in ("invite.refused", "peer.refused", "invite.expired")
