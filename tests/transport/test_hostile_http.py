"""Hostile callers and hostile addresses: each case a typed answer, nothing stored, the node up."""

import asyncio
import contextlib
import gzip
import json
import zlib
from collections.abc import AsyncIterator

import aiohttp
import pytest

from federation.errors import PeerError
from federation.peers import Peer
from federation.transport.bodies import unpacked
from federation.transport.client import Client, PeerDownError, PeerRefusedError
from federation.transport.limits import Buckets, Places, TooManyError
from federation.transport.server import SMALL_BYTES_MAX
from federation.transport.signing import Message, sign_request
from ledger.allowance import NAMES_MAX
from stamps.identity import DeviceKey
from stamps.record import parse_line
from tests.transport.nodes import Node, as_peer, joined, kept_port, node, stranger
from tests.waiting import LONG_S
from town.node import clock

pytestmark = pytest.mark.slow  # `make check` waits for none of these

KEY = DeviceKey.from_seed(b"hostile".ljust(32, b"."))


@pytest.fixture
async def rust(tmp_path) -> AsyncIterator[Node]:
    """A node with a board."""
    async with node(tmp_path, "rust") as one:
        await joined(one)
        yield one


async def asked(one: Node, message: Message, body: bytes = b"") -> tuple[int, dict]:
    """The status and JSON of a raw request."""
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.request(message.method, message.url, headers=message.headers, data=body) as answer,
    ):
        return answer.status, await answer.json(content_type=None)


def request(one: Node, path: str, *, method: str = "GET", body: bytes = b"", **said) -> Message:
    """A signed request, with what a test wants to be wrong about it."""
    message = Message(method, one.url + path)
    facts = {"audience": one.key, "nonce": clock.new_secret().hex(), "now": clock.now(), **said}
    sign_request(message, key=KEY, body=body, **facts)
    return message


async def still_up(one: Node) -> None:
    """The node answers an honest question."""
    async with aiohttp.ClientSession() as session, session.get(one.url + "/healthz") as answer:
        assert answer.status == 200


# --- requests


@pytest.fixture
def stopped(rust) -> int:
    """When it is, and stays, for the node that looks at a request: it may come late."""
    now = clock.now()
    rust.town._resident().routes.verifier.now = lambda: now
    return now


@pytest.mark.parametrize("seconds", [-50, 0, 50])
async def test_h44_a_clock_within_the_window_is_good_enough(rust, stopped, seconds):
    """A minute either way: clocks of honest nodes differ (records 2.6)."""
    message = request(rust, "/v1/ping", now=stopped + seconds * 1_000_000)
    assert (await asked(rust, message))[0] == 200


@pytest.mark.parametrize("seconds", [-70, 70])
async def test_h44_a_clock_beyond_the_window_is_not(rust, stopped, seconds):
    """Ten seconds more are too many, late or early."""
    message = request(rust, "/v1/ping", now=stopped + seconds * 1_000_000)
    status, said = await asked(rust, message)
    assert (status, said["error"]["reason"]) == (401, "created")


@pytest.mark.parametrize("hours", [-1, 1])
async def test_h44_a_request_for_another_hour_is_refused(rust, hours):
    """A signature is worth something now, once."""
    message = request(rust, "/v1/ping", now=clock.now() + hours * 3_600_000_000)
    status, said = await asked(rust, message)
    assert (status, said["error"]["code"]) == (401, "request.signature")


async def test_h44_a_request_for_another_node_is_refused(rust):
    """A signature is worth something here."""
    other = "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH"
    status, said = await asked(rust, request(rust, "/v1/ping", audience=other))
    assert (status, said["error"]["code"]) == (401, "request.signature")


async def test_h44_a_request_sent_twice_is_answered_once(rust):
    """The same nonce again is a replay."""
    message = request(rust, "/v1/ping")
    assert (await asked(rust, message))[0] == 200
    status, said = await asked(rust, message)
    assert (status, said["error"]["reason"]) == (401, "nonce")


async def test_h44_a_changed_body_or_path_is_refused(rust):
    """The digest and the path are under the signature."""
    path = f"/v1/w/{rust.town.town.current}/records"
    message = request(rust, path, method="POST", body=b"one")
    assert (await asked(rust, message, b"two"))[0] == 401
    moved = request(rust, "/v1/ping")
    moved.url = rust.url + "/v1/wastelands"
    assert (await asked(rust, moved))[0] == 401


@pytest.mark.parametrize("headers", [{}, {"Signature": "x", "Signature-Input": "y"}], ids=str)
async def test_h44_an_unsigned_request_learns_nothing(rust, headers):
    """Without a good signature every route gives the same answer."""
    headers = {**headers, "wl-audience": rust.key}
    known = Message("GET", f"{rust.url}/v1/w/{rust.town.town.current}/root", headers)
    unknown = Message("GET", f"{rust.url}/v1/w/{'0' * 64}/root", headers)
    assert (await asked(rust, known))[0] == (await asked(rust, unknown))[0] == 401


async def test_h48_unknown_and_forbidden_wastelands_get_the_same_answer(rust):
    """A stranger cannot tell which boards a node has."""
    answers = [
        await asked(rust, request(rust, f"/v1/w/{wasteland}/{what}"))
        for wasteland in (rust.town.town.current, "0" * 64)
        for what in ("root", "events")
    ]
    assert {status for status, _ in answers} == {404}
    assert len({json.dumps(said) for _, said in answers}) == 1
    assert (await asked(rust, request(rust, "/v1/wastelands")))[1] == {"wastelands": []}


async def test_h48_no_answer_is_sent_anywhere_but_to_the_caller(rust):
    """A request names no callback: nothing here can be aimed at a third party."""
    body = json.dumps({"addresses": ["http://93.184.216.34"], "callback": "http://x.y"}).encode()
    path = f"/v1/w/{rust.town.town.current}/redeem"
    status, said = await asked(rust, request(rust, path, method="POST", body=body), body)
    assert (status, said["error"]["code"]) == (403, "invite.refused")
    assert rust.town.peers.book.all() == []


async def test_h20_a_record_is_asked_for_by_the_hash_of_its_bytes(tmp_path):
    """The id in the address is what the bytes hash to; anything else is not found."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        genesis = rust.town.town.current
        peer = as_peer(rust)
        line = await ash.town._resident().client.call(peer, "GET", f"/v1/records/{genesis}", b"")
        assert parse_line(line).record.id == genesis
        for wrong in ("0" * 64, "x", genesis.upper()):
            with pytest.raises(PeerRefusedError) as refused:
                await ash.town._resident().client.call(peer, "GET", f"/v1/records/{wrong}", b"")
            assert refused.value.status == 404


# --- bodies


async def test_h10_a_body_that_unpacks_without_end_is_refused(rust):
    """Limits count what is unpacked."""
    bomb = gzip.compress(b"0" * (32 << 20))
    assert len(bomb) < 1 << 16
    path = f"/v1/w/{rust.town.town.current}/records"
    message = Message("POST", rust.url + path, {"Content-Encoding": "gzip"})
    sign_request(message, key=KEY, audience=rust.key, nonce="n1", now=clock.now(), body=bomb)
    status, said = await asked(rust, message, bomb)
    assert (status, said["error"]["reason"]) == (400, "size")
    await still_up(rust)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"x", "br"),
        (b"x", "gzip"),
        (zlib.compress(b"x"), "gzip"),
        (gzip.compress(b"x")[:-3], "gzip"),
        (gzip.compress(b"x") + b"more", "gzip"),
    ],
    ids=["unknown", "noise", "zlib", "cut", "trailing"],
)
def test_h10_a_body_in_another_packing_is_refused(body, encoding):
    """One packing, whole, and nothing behind it."""
    with pytest.raises(PeerError):
        unpacked(body, encoding)


async def test_h33_a_body_that_comes_byte_by_byte_is_not_waited_for(rust):
    """A slow caller costs its own line, for a bounded time; the node says why and serves others."""
    rust.town._resident().routes.read_s = 0.3
    reader, writer = await asyncio.open_connection("127.0.0.1", int(rust.url.rsplit(":", 1)[1]))
    writer.write(b"POST /v1/w/x/records HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n0")

    async def drip() -> None:
        while True:
            writer.write(b"0")
            await asyncio.sleep(0.02)

    dripping = asyncio.create_task(drip())
    said = await asyncio.wait_for(reader.readuntil(b"}}"), LONG_S)
    dripping.cancel()
    await still_up(rust)
    writer.close()
    assert said.startswith(b"HTTP/1.1 400")
    assert b'"peer.message"' in said
    assert b'"stalled"' in said


async def test_h33_only_so_many_large_bodies_are_held_at_once(rust):
    """Each is up to two megabytes, of anybody: one more has to wait, a small one is answered."""
    rust.town._resident().routes.reading = Places(9, each=2)
    rust.town._resident().routes.read_s = 2 * LONG_S  # they are waited for while this goes on
    large, path = b"x" * (SMALL_BYTES_MAX + 1), f"/v1/w/{rust.town.town.current}/records"
    lines = []
    for _ in range(2):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(rust.url.rsplit(":", 1)[1]))
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(large)}\r\n\r\n"
        writer.write(head.encode() + large[:-1])
        lines.append((reader, writer))
    await rust.settles(lambda: rust.town._resident().routes.reading.taken.total() == 2)
    status, said = await asked(rust, request(rust, path, method="POST", body=large), large)
    assert (status, said["error"]["code"]) == (429, "peer.limit")
    assert (await asked(rust, request(rust, "/v1/ping")))[0] == 200
    small = large[:SMALL_BYTES_MAX]
    assert (await asked(rust, request(rust, path, method="POST", body=small), small))[0] == 404
    for _, writer in lines:
        writer.close()
    await rust.settles(lambda: not rust.town._resident().routes.reading.taken)
    assert (await asked(rust, request(rust, path, method="POST", body=large), large))[0] == 404


async def test_h33_many_idle_lines_hold_up_nobody(rust):
    """A hundred callers that say half a request; the node answers the next one."""
    lines = []
    for _ in range(100):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(rust.url.rsplit(":", 1)[1]))
        writer.write(b"POST /v1/ping HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n0")
        lines.append((reader, writer))
    await still_up(rust)
    for _, writer in lines:
        writer.close()


RAW = {
    "headers": b"GET /v1/ping HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 100_000 + b"\r\n",
    "smuggle": b"POST /v1/ping HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "long line": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "noise": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("name", RAW)
async def test_h46_a_request_that_is_none_ends_its_own_line_alone(rust, name):
    """A hundred thousand headers, two lengths, noise: an error or a hang-up, and the node up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(rust.url.rsplit(":", 1)[1]))
    answer = b""
    with contextlib.suppress(ConnectionError):  # it may hang up while we still talk
        writer.write(RAW[name])
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), LONG_S)
    assert not answer.startswith(b"HTTP/1.1 200")
    writer.close()
    await still_up(rust)


def test_h45_a_caller_is_limited_by_its_own_socket_and_bounded_memory():
    """Buckets by caller; whoever was seen longest ago is forgotten first."""
    buckets = Buckets(per_s=1, burst=3)
    for _ in range(3):
        buckets.take("a", now=0)
    with pytest.raises(TooManyError) as refused:
        buckets.take("a", now=0)
    assert refused.value.retry_after_s >= 1
    buckets.take("b", now=0)
    buckets.take("a", now=2_000_000)
    for number in range(NAMES_MAX + 10):
        buckets.take(f"c{number}", now=3_000_000)
    assert len(buckets.allowance) <= NAMES_MAX


async def test_h45_forwarded_headers_change_nobody(rust):
    """What a header says of the caller's address is not believed: all of it is one socket's."""
    routes = rust.town._resident().routes
    routes.by_address = Buckets(per_s=0.001, burst=20)  # nothing comes back while a test runs
    names = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Host")
    answers = []
    for number in range(24):
        said = f"9.9.9.{number}"
        headers = {names[number % 4]: f"for={said}" if number % 4 == 1 else said}
        answers.append(await asked(rust, Message("GET", rust.url + "/v1/ping", headers)))
    assert [status for status, _ in answers] == [401] * 20 + [429] * 4
    error = answers[-1][1]["error"]
    assert error["code"] == "peer.limit"
    assert 900 <= error["retry_after_s"] <= 1000


async def test_h47_another_key_at_a_known_address_is_noticed(tmp_path):
    """A request is for a key, not for a place: whoever took the address over gets nothing."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        taken_over = Peer(key=str(KEY.device), addresses=(rust.url,), allow_private=True)
        with pytest.raises(PeerRefusedError) as refused:
            await ash.town._resident().client.call(taken_over, "GET", "/v1/ping", b"")
        assert refused.value.theirs == "request.signature"


async def test_a_node_that_is_gone_is_down_and_not_an_error_of_ours(tmp_path):
    """A port that nobody listens on: a typed error that says trying again may help."""
    client: Client = stranger()
    with kept_port() as port, pytest.raises(PeerDownError) as down:
        await client.card(f"http://127.0.0.1:{port}", allow_private=True)
    assert (down.value.exit, down.value.retryable) == (7, True)
    await client.close()


async def test_h62_markup_in_a_strangers_text_is_text_on_the_board(tmp_path):
    """A title that is a script is shown and never run, on every page that shows it."""
    async with node(tmp_path, "rust") as rust, node(tmp_path, "ash") as ash:
        await joined(rust, ash)
        evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
        item = (await ash.use(lambda m: m.post({"title": evil, "description": evil}))).data["id"]
        await rust.settles(lambda: bool(rust.town.market.browse({}).data["items"]))
        async with aiohttp.ClientSession() as session:
            for path in ("/", f"/w/{item}", "/rigs/ash", "/peers"):
                async with session.get(rust.url + path) as answer:
                    assert answer.status == 200
                    page = await answer.text()
                    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
                    assert "<script>alert" not in page
                    assert "<img src=x" not in page
