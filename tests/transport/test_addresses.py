"""H41-H43: where a node connects to, whoever names the place."""

import asyncio
import socket
from collections.abc import Iterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from federation.peers import Peer
from federation.transport.client import PeerDownError, PeerRefusedError
from federation.transport.guard import AddressError, GuardedResolver, check_url
from stamps.identity import DeviceKey
from tests.transport.nodes import joined, node, stranger

KEY = DeviceKey.from_seed(b"hostile".ljust(32, b"."))


@pytest.fixture
async def rust(tmp_path):
    """A node with a board."""
    async with node(tmp_path, "rust") as one:
        await joined(one)
        yield one


PRIVATE = [
    "http://127.0.0.1:80",
    "http://[::1]",
    "http://[::ffff:127.0.0.1]",
    "http://0.0.0.0",
    "http://169.254.169.254",
    "http://100.64.0.1",
    "http://[fc00::1]",
    "http://[fe80::1]",
    "http://[64:ff9b::7f00:1]",
    "http://[2002:7f00:1::]",
    "http://[64:ff9b:1::7f00:1]",
    "http://[::127.0.0.1]",
    "http://[::ffff:0:127.0.0.1]",
    "http://[fec0::1]",
    "http://10.1.2.3",
    "http://224.0.0.1",
    "http://localhost:7331",
    "http://printer.local",
    "http://intranet",
]
DISGUISED = [
    "http://2130706433",
    "http://0177.0.0.1",
    "http://0x7f000001",
    "http://127.1",
    "http://user@example.org",
    "http://exa%6dple.org",
    "http://ex\u0430mple.org",
    "file:///etc/passwd",
    "gopher://example.org",
    "http://example.org/path",
    "http://example.org?x=1",
    "http://example.org:99999",
    "http://",
]


@pytest.mark.parametrize("url", PRIVATE)
def test_h41_an_address_inside_is_refused_unless_it_was_given_by_hand(url):
    """Loopback, link-local, shared, mapped and translated ones: never at a stranger's word."""
    with pytest.raises(AddressError) as refused:
        check_url(url, allow_private=False)
    assert refused.value.code == "peer.address"
    assert check_url(url, allow_private=True).startswith("http://")


@pytest.mark.parametrize("url", DISGUISED)
def test_h41_an_address_in_disguise_is_refused_in_any_case(url):
    """Numbers in other bases, users, look-alikes, other schemes: not even by hand."""
    with pytest.raises(AddressError):
        check_url(url, allow_private=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://wl.example.org",
        "http://93.184.216.34:8080",
        "http://[2a00:1450:4001:81a::200e]",
        "http://[64:ff9b::5db8:d822]",
    ],
)
def test_h41_an_address_outside_passes(url):
    """The open internet may be called."""
    assert check_url(url, allow_private=False) == url


def rebound(host: str, port: int, answers: Iterator[str]) -> list[tuple]:
    """A resolver that says something else each time."""
    found = next(answers, "127.0.0.1") if host == "evil.example" else host
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))]


async def test_h42_a_name_that_leads_inside_is_refused_when_connecting(monkeypatch):
    """The check is made on the answer that is connected to: nothing is left to rebind."""
    reached: list[str] = []
    answers = iter(["93.184.216.34", "127.0.0.1"])  # outside when looked at, inside when called

    async def trap(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append((await reader.readline()).decode())
        writer.close()

    server = await asyncio.start_server(trap, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, **_: rebound(host, port, answers))
    assert [
        a["host"] for a in await GuardedResolver(allow_private=False).resolve("evil.example", 1)
    ]
    client = stranger()
    for url in (f"http://evil.example:{port}", f"http://127.0.0.1:{port}"):
        with pytest.raises(AddressError) as refused:
            await client.card(url, allow_private=False)
        assert refused.value.code == "peer.address"
    peer = Peer(key=str(KEY.device), addresses=(f"http://evil.example:{port}",))
    with pytest.raises(AddressError):
        await client.call(peer, "GET", "/v1/ping", b"")
    assert reached == []
    with pytest.raises(PeerDownError):  # given by hand for this range, it is called
        await client.card(f"http://evil.example:{port}", allow_private=True)
    assert set(reached) == {"GET /.well-known/wasteland HTTP/1.1\r\n"}
    await client.close()
    server.close()


async def test_h43_a_redirect_is_never_followed(rust):
    """Neither to the inside nor to a file: it is an answer that is no answer."""
    app = web.Application()
    seen: list[str] = []

    async def away(request: web.Request) -> web.Response:
        seen.append(request.path)
        raise web.HTTPFound(rust.url + "/healthz")

    app.router.add_route("*", "/{tail:.*}", away)
    async with TestServer(app) as server:
        client = stranger()
        with pytest.raises(PeerRefusedError):
            await client.card(f"http://127.0.0.1:{server.port}", allow_private=True)
        peer = Peer(
            key=rust.key, addresses=(f"http://127.0.0.1:{server.port}",), allow_private=True
        )
        with pytest.raises(PeerRefusedError):
            await client.call(peer, "GET", "/v1/ping", b"")
        await client.close()
    assert seen == ["/.well-known/wasteland", "/v1/ping"]
