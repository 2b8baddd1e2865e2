"""What a node gets that calls somebody who answers with anything but what it was asked."""

import asyncio
import contextlib
import gzip
import json
import socket
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from federation.card import Card, signed
from federation.errors import PeerError
from federation.invite import SECRET_BYTES, InviteError, Token, spell
from federation.limits import MESSAGE_BYTES_MAX
from federation.peers import Peer
from federation.transport import guard
from federation.transport.client import (
    Client,
    NotMetError,
    PeerDownError,
    PeerRefusedError,
)
from federation.transport.guard import LOOK_UPS_MAX, AddressError
from ledger.allowance import Allowance
from stamps.identity import DeviceKey
from stamps.record import sign, to_line
from tests.transport.nodes import node, stranger
from tests.waiting import LONG_S
from town.node import clock
from town.node.knocking import knock

KEY = DeviceKey.from_seed(b"liar".ljust(32, b"."))
ROOT = "a" * 64
WASTELAND = "b" * 64


@contextlib.asynccontextmanager
async def says(*said: bytes, ends: bool = True) -> AsyncIterator[Peer]:
    """Somebody who answers every request with these bytes, the last ones without end if so told."""
    async with speaks(said, ends=ends) as peer:
        yield peer


@contextlib.asynccontextmanager
async def speaks(pieces: Sequence[bytes], *, ends: bool = True) -> AsyncIterator[Peer]:
    """The same, saying what stands in `pieces` when it is asked."""
    ended = asyncio.Event()
    lines: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            while not ends and not ended.is_set():
                writer.write(pieces[-1])
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield Peer(key=str(KEY.device), addresses=(f"http://127.0.0.1:{port}",), allow_private=True)
    finally:
        ended.set()
        server.close()
        for line in lines:
            line.transport.abort()
            with contextlib.suppress(ConnectionError):
                await line.wait_closed()


@pytest.fixture
async def caller() -> AsyncIterator[Client]:
    """A node's calls."""
    client = stranger()
    yield client
    await client.close()


def answered(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A whole answer."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join((*head, "", "")).encode() + body


BOMB = gzip.compress(bytes(MESSAGE_BYTES_MAX + 1))
LIES: dict[str, tuple[bytes, type[Exception]]] = {
    "half": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc", PeerDownError),
    "no http": (b"\x16\x03\x01\x02\x00\x01", PeerDownError),
    "headers": (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 100_000 + b"\r\n", PeerDownError),
    "long header": (b"HTTP/1.1 200 OK\r\na: " + b"b" * 100_000 + b"\r\n\r\n", PeerDownError),
    "two lengths": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        PeerDownError,
    ),
    "bad chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
        PeerDownError,
    ),
    "bomb": (answered(BOMB, "Content-Encoding: gzip"), PeerError),
    "half a gzip": (answered(BOMB[:100], "Content-Encoding: gzip"), PeerError),
    "other packing": (answered(b"abc", "Content-Encoding: br"), PeerError),
    "too large": (answered(bytes(MESSAGE_BYTES_MAX + 1)), PeerError),
    "redirect": (
        answered(b"", "Location: http://169.254.169.254/", status="307 No"),
        PeerRefusedError,
    ),
    "nonsense in the error": (
        answered(b'{"error": {"code": [1], "message": {"a": 1}}}', status="400 No"),
        PeerRefusedError,
    ),
    "no error": (answered(b"[" * 60_000, status="500 No"), PeerRefusedError),
    "no json": (answered(b"\xff\xfe{"), PeerError),
    "deep json": (answered(b"[" * 60_000), PeerError),
}


@pytest.mark.parametrize("lie", LIES)
async def test_h10_h46_an_answer_that_is_none_is_a_typed_error(caller, lie):
    """Whatever comes back: its code, in bounded memory, and the next call is made all the same."""
    said, error = LIES[lie]
    async with says(said) as peer:
        with pytest.raises(error):
            await caller.ask_json(peer, "GET", "/v1/ping")
    async with says(answered(b'{"now": 1}')) as honest:
        assert await caller.ask_json(honest, "GET", "/v1/ping") == {"now": 1}


@pytest.mark.parametrize("said", ["²", "-1", "1e9", "1_000", "9" * 20, "", "٣"])
async def test_a_time_that_is_no_number_says_nothing_of_the_clock(said):
    """A header is a stranger's text: digits of other scripts are digits to Python, too."""
    heard: list[int] = []
    key = stranger().key
    client = Client(
        key=key,
        now=clock.now,
        new_secret=clock.new_secret,
        heard=lambda _, at, __: heard.append(at),
    )
    async with says(answered(b"{}", f"wl-time: {said}")) as peer:
        assert await client.ask_json(peer, "GET", "/v1/ping") == {}
    async with says(answered(b"{}", "wl-time: 1700000000000000")) as peer:
        await client.ask_json(peer, "GET", "/v1/ping")
    await client.close()
    assert heard == [1_700_000_000_000_000]


# --- the line that is held

LINE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
NOISE = {
    "pings": b": ping\r\n\r\n" * 4_096,
    "blank lines": b"\n" * 65_536,
    "one line": b"x" * 65_536,
    "data": b"data: x\n" * 8_192,
    "events": f"data: {ROOT}\n\n".encode() * 1_000,
}


@pytest.mark.parametrize("noise", NOISE)
async def test_h33_a_line_that_never_ends_and_says_nothing_is_let_go(caller, noise):
    """As fast as it can, for as long as it likes: after some bytes the line is let go, typed."""
    caller._hearing = Allowance(1 << 20, per_s=0)
    told: list[str] = []

    async def changed(root: str, _lines: tuple[bytes, ...]) -> None:
        told.append(root)

    async with says(LINE, NOISE[noise], ends=False) as peer, asyncio.timeout(LONG_S):
        with pytest.raises(PeerDownError):
            await caller.events(peer, WASTELAND, changed)
    assert set(told) <= {ROOT}
    async with says(LINE, f"data: {ROOT}\n\n".encode()) as honest:
        told.clear()
        other = Peer(
            key=str(stranger().key().device), addresses=honest.addresses, allow_private=True
        )
        with pytest.raises(PeerDownError):  # it ended
            await caller.events(other, WASTELAND, changed)
    assert told == [ROOT]


@pytest.mark.parametrize("root", [b"x", b"a\rb", b"\xff", ROOT.upper().encode(), b"0" * 65])
async def test_an_event_that_names_no_root_is_not_said_to_the_peer_again(caller, root):
    """What was heard last goes into the next request: a stranger's bytes would spoil that, too."""

    async def changed(_root: str, _lines: tuple[bytes, ...]) -> None:
        raise AssertionError

    async with says(LINE, b"data: " + root + b"\n\n") as peer:
        with pytest.raises(PeerDownError):
            await caller.events(peer, WASTELAND, changed)
    assert caller._events == {}


# --- names


async def test_h42_name_servers_that_do_not_answer_hold_up_no_page_and_no_file(monkeypatch):
    """As many look-ups as there may be hang for as long as they like: other threads are free."""
    free = threading.Event()

    def hangs(*_: object, **__: object) -> list[tuple]:
        free.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    client = stranger()
    tarpits = [
        Peer(key=str(KEY.device), addresses=(f"http://n{number}.example:80",))
        for number in range(3 * LOOK_UPS_MAX)
    ]
    calls = [asyncio.create_task(client.call(one, "GET", "/v1/ping", b"")) for one in tarpits]
    try:
        async with asyncio.timeout(LONG_S):
            await asyncio.sleep(0)
            assert await asyncio.to_thread(lambda: "a page") == "a page"
        assert not any(call.done() for call in calls)
    finally:
        free.set()
        ended = await asyncio.gather(*calls, return_exceptions=True)
        await client.close()
    assert {type(one) for one in ended} == {PeerDownError}


# --- the invite


def opening(**facts: object) -> bytes:
    """An inviter's answer."""
    return json.dumps({"account": "c" * 64, "name": "rust", "lines": [], **facts}).encode()


def genesis(*, forged: bool) -> tuple[str, list[str]]:
    """A wasteland's id, and the lines that open it; its signature is another record's if forged."""
    paper = DeviceKey.from_seed(b"paper".ljust(32, b"."))
    log = sign(
        key=KEY, scope="account", author="", seq=0, prev="", at=clock.now() - 10**9,
        kind="rig.register",
        body={"handle": "rust", "type": "town", "rotation": [paper.device], "device": KEY.device},
    )  # fmt: skip
    made = sign(
        key=KEY, scope="new:" + "0" * 32, author=str(log.record.id), seq=0, prev="",
        at=clock.now() - 10**8, kind="wasteland.create",
        body={"name": "hop/l", "title": "Lies", "maintainers": [], "policy": {}, "schema": "1.2"},
    )  # fmt: skip
    line = to_line(made).decode()
    if forged:
        line = to_line(log).decode().split(" ", 1)[0] + " " + line.split(" ", 1)[1]
    return str(made.record.id), [to_line(log).decode(), line]


NAMELESS = Card(
    key=str(KEY.device), account="no account", name=str(KEY.device), addresses=(), carries=False,
    made_at=1,
)  # fmt: skip
OPENINGS: dict[str, bytes] = {
    "nothing": opening(),
    "no list": opening(lines=5),
    "numbers": opening(lines=[5, None, {}]),
    "half a character": opening(lines=["\ud800"]),
    "another wasteland": opening(lines=genesis(forged=False)[1]),
    "ten thousand lines": opening(lines=["x"] * 10_000),
    "no object": b"[]",
    "no json": b"\xff",
}


async def test_an_inviter_that_lies_leaves_nothing_behind(tmp_path):
    """No half-joined board, no file, no peer; and a genesis that is one opens it all the same."""
    said: list[bytes] = []
    async with speaks(said) as liar, node(tmp_path, "ash") as ash:

        def here() -> tuple:
            files = sorted(path.name for path in ash.town.home.path.rglob("*") if path.is_file())
            ledgers = [name for name in files if not name.endswith(".log")]
            return ledgers, ash.town.town.members(), ash.town._resident().book.all()

        async def joins(wasteland: str, answer: bytes) -> None:
            said[:] = [answered(answer)]
            token = Token(
                wasteland=wasteland, name="lies", key=liar.key, via=liar.addresses,
                secret=bytes(SECRET_BYTES), expires_at=clock.now() + 10**9,
            )  # fmt: skip
            await asyncio.to_thread(
                ash.town._resident().redeem, spell(token), handle="ash", timeout_s=LONG_S
            )

        before = here()
        forged, lines = genesis(forged=True)
        lies = [(WASTELAND, lie) for lie in OPENINGS.values()]
        for wasteland, answer in (*lies, (forged, opening(lines=lines))):
            with pytest.raises(InviteError) as refused:
                await joins(wasteland, answer)
            assert refused.value.reason in ("form", "genesis")
            assert here() == before
        honest, lines = genesis(forged=False)
        await joins(honest, opening(lines=lines, account="\x1b[31m", name=str(KEY.device)))
        assert ash.town.town.members() == [honest]
        [peer] = ash.town._resident().book.all()
        assert (peer.name, peer.account, peer.allow_private) == ("", "", True)
        said[:] = [answered(signed(NAMELESS, KEY))]
        await asyncio.to_thread(ash.town._resident().add, liar.addresses[0], allow_private=True)
        assert [(p.name, p.account) for p in ash.town._resident().book.all()] == [("", "")]


async def test_h42_a_pasted_address_leads_inside_later_only_if_it_did_then(caller, monkeypatch):
    """An inviter outside stays outside: its name may lead elsewhere tomorrow, not to us inside."""
    async with says(answered(opening())) as inviter:
        token = Token(
            wasteland=WASTELAND, name="hop/lies", key=inviter.key, via=inviter.addresses,
            secret=bytes(SECRET_BYTES), expires_at=clock.now() + 10**9,
        )  # fmt: skip
        with monkeypatch.context() as world:
            world.setattr(guard, "is_public", lambda _: True)  # where loopback is the internet
            outside, _ = await knock(caller, token, b"{}")
        assert not outside.allow_private
        with pytest.raises(AddressError):
            await caller.call(outside, "GET", "/v1/ping", b"")
        inside, answer = await knock(caller, token, b"{}")
        assert inside.label == "hop/lies"  # until it says what it is called
        assert (inside.allow_private, answer) == (True, opening())
        assert await caller.call(inside, "GET", "/v1/ping", b"") == opening()
    with pytest.raises(NotMetError) as away:
        await knock(caller, token, b"{}")
    assert (away.value.code, away.value.peer, away.value.exit) == ("peer.down", "hop/lies", 7)
    assert "Nothing was kept" in away.value.hint
    with pytest.raises(NotMetError):
        await knock(caller, replace(token, via=()), b"{}")
