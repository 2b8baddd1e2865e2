"""Calls to other nodes: signed, bounded, and only to addresses that the guard lets pass.

It follows no redirect, believes no header, and says of every failure whether trying again helps.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from federation.card import CARD_BYTES_MAX, Card, read_card
from federation.contents import NEWS_LINES_MAX
from federation.driver import Told
from federation.errors import Fault, PeerError
from federation.letters import What
from federation.limits import MESSAGE_BYTES_MAX
from federation.peers import Peer
from federation.transport.bodies import PIECE, packed, read_body, unpacked
from federation.transport.guard import AddressError, GuardedResolver, check_url
from federation.transport.signing import Message, sign_request
from ledger.allowance import Allowance
from stamps.errors import WastelandError
from stamps.identity import DeviceKey
from stamps.kinds import is_id

CONNECT_S: Final = 5.0
ANSWER_S: Final = 30.0
SILENCE_S: Final = 45.0  # an event line pings every 15 s
CALLS_MAX: Final = 4  # to one host at once
LINES_MAX: Final = 64  # held to one host, one a board: they take no place from calls
HEARD_BYTES_MAX: Final = 8 << 20  # of one peer's lines, at once
HEARD_PER_S: Final = 512 << 10  # what comes back of it: eight long events a second
LINE_COST: Final = 128  # bytes that reading a line is worth, however short it is
NOT_FOUND: Final = 404
JSON_BYTES_MAX: Final = 64 << 10
TIME: Final = "wl-time"
BROKEN: Final = (aiohttp.ClientError, TimeoutError, OSError)


class PeerDownError(WastelandError):
    """The peer was not reached, or broke off."""

    code: ClassVar[str] = "peer.down"
    hint: ClassVar[str] = "Your part is kept and goes out by itself; wl peer list says when."
    exit: ClassVar[int] = 7
    retryable: ClassVar[bool] = True

    def __init__(self, peer: str, why: str) -> None:
        super().__init__(f"{peer}: {why}")
        self.peer = peer
        self.cause = why


class NotMetError(PeerDownError):
    """A node that was to become a peer was not reached: nothing of it is kept."""

    hint: ClassVar[str] = "Nothing was kept. Try again while that node is up."


class PeerRefusedError(WastelandError):
    """The peer answered no; `theirs` is its code."""

    code: ClassVar[str] = "peer.refused"
    hint: ClassVar[str] = "Ask whoever runs it; an invite links two nodes."
    exit: ClassVar[int] = 7

    def __init__(self, peer: str, *, status: int, theirs: str, why: str) -> None:
        super().__init__(f"{peer} refused: {why or theirs or status}")
        self.peer = peer
        self.status = status
        self.theirs = theirs


class Client:
    """One node's calls. `heard` is told each peer's clock with the moment it was read."""

    def __init__(
        self,
        *,
        key: Callable[[], DeviceKey],
        now: Callable[[], int],
        new_secret: Callable[[], bytes],
        heard: Callable[[str, int, int], None] = lambda _key, _theirs, _ours: None,
    ) -> None:
        self.key = key
        self.now = now
        self.new_secret = new_secret
        self.heard = heard
        self._sessions: dict[tuple[bool, int], aiohttp.ClientSession] = {}
        self._resolvers: list[GuardedResolver] = []
        self._events: dict[tuple[str, str], str] = {}  # the last one heard, by peer and wasteland
        self._hearing = Allowance(HEARD_BYTES_MAX, per_s=HEARD_PER_S)  # by peer

    def _session(self, *, allow_private: bool, most: int = CALLS_MAX) -> aiohttp.ClientSession:
        session = self._sessions.get((allow_private, most))
        if session is None or session.closed:
            resolver = GuardedResolver(allow_private=allow_private)
            self._resolvers.append(resolver)
            connector = aiohttp.TCPConnector(
                resolver=resolver,
                use_dns_cache=False,
                limit_per_host=most,
            )
            session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=ANSWER_S, sock_connect=CONNECT_S),
            )
            self._sessions[allow_private, most] = session
        return session

    async def close(self) -> None:
        """No connection is left."""
        for session in self._sessions.values():
            await session.close()
        for resolver in self._resolvers:
            await resolver.close()
        self._sessions.clear()
        self._resolvers.clear()

    # --- questions

    async def card(self, address: str, *, allow_private: bool) -> Card:
        """The card of the node at an address, its signature good. Raises."""
        url = check_url(address, allow_private=allow_private)
        session = self._session(allow_private=allow_private)
        try:
            async with session.get(
                url + "/.well-known/wasteland", allow_redirects=False
            ) as response:
                if response.status != 200:  # noqa: PLR2004
                    raise PeerRefusedError(
                        address, status=response.status, theirs="", why="no node answers there"
                    )
                raw = await read_body(response.content, most=CARD_BYTES_MAX)
                return read_card(unpacked(raw, response.headers.get("Content-Encoding", "")))
        except BROKEN as error:
            raise NotMetError(address, _why(error)) from error

    async def ask(self, peer: Peer, wasteland: str, what: What, body: bytes) -> bytes:
        """A message of a session, and the peer's answer. Raises PeerDownError and others."""
        path = f"/v1/w/{wasteland}/{what}"
        method = "GET" if what == "root" else "POST"
        return await self.call(peer, method, path, body)

    async def ask_json(self, peer: Peer, method: str, path: str, body: Any = None) -> Any:
        """A question whose answer is JSON."""
        raw = await self.call(
            peer, method, path, b"" if body is None else json.dumps(body).encode()
        )
        try:
            return json.loads(raw)
        except (ValueError, RecursionError):
            raise PeerError(Fault.FORM, "no JSON") from None

    async def call(self, peer: Peer, method: str, path: str, body: bytes) -> bytes:
        """The answer from the first of the peer's addresses that answers."""
        if not peer.addresses:
            raise PeerDownError(peer.label, "it has no address: it calls us")
        failure: WastelandError | None = None
        for address in peer.addresses:
            try:
                return await self._call(peer, address, method, path, body)
            except (PeerDownError, AddressError) as error:
                failure = error
        raise failure or PeerDownError(peer.label, "it has no address")

    async def _call(self, peer: Peer, address: str, method: str, path: str, body: bytes) -> bytes:
        base = check_url(address, allow_private=peer.allow_private)
        sent, headers = packed(body)
        message = self._signed(peer, method, base + path, sent, headers)
        session = self._session(allow_private=peer.allow_private)
        try:
            async with session.request(
                method,
                message.url,
                data=sent or None,
                headers={**message.headers, "Accept-Encoding": "gzip"},
                allow_redirects=False,
            ) as response:
                raw = await read_body(response.content, most=MESSAGE_BYTES_MAX, seconds=ANSWER_S)
                self._note_time(peer, response)
                plain = unpacked(raw, response.headers.get("Content-Encoding", ""))
                if response.status != 200:  # noqa: PLR2004
                    raise _refusal(peer, response.status, plain)
                return plain
        except BROKEN as error:
            raise PeerDownError(peer.label, _why(error)) from error

    async def pieces(
        self, peer: Peer, address: str, path: str, *, seconds: float
    ) -> AsyncIterator[bytes]:
        """A long answer as it comes, unpacked by nobody. Raises PeerDownError and others."""
        base = check_url(address, allow_private=peer.allow_private)
        message = self._signed(peer, "GET", base + path, b"", {})
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_S, sock_read=ANSWER_S)
        try:
            async with self._session(allow_private=peer.allow_private).get(
                message.url,
                headers={**message.headers, "Accept-Encoding": "identity"},
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                self._note_time(peer, response)
                if response.status != 200:  # noqa: PLR2004
                    raw = await read_body(response.content, most=JSON_BYTES_MAX, seconds=ANSWER_S)
                    raise _refusal(peer, response.status, raw)
                async for piece in response.content.iter_chunked(PIECE):
                    yield piece
        except BROKEN as error:
            raise PeerDownError(peer.label, _why(error)) from error

    def _signed(
        self, peer: Peer, method: str, url: str, body: bytes, headers: dict[str, str]
    ) -> Message:
        message = Message(method, url, dict(headers))
        sign_request(
            message,
            key=self.key(),
            audience=peer.key,
            nonce=self.new_secret().hex(),
            now=self.now(),
            body=body,
        )
        return message

    def _note_time(self, peer: Peer, response: aiohttp.ClientResponse) -> None:
        said = response.headers.get(TIME, "")
        if said.isascii() and said.isdigit() and len(said) < 20:  # noqa: PLR2004  # 64 bits
            self.heard(peer.key, int(said), self.now())

    # --- the line that is held

    async def events(self, peer: Peer, wasteland: str, changed: Told) -> None:
        """Each change at the peer was told, until the line breaks. Raises PeerDownError."""
        failure: WastelandError = PeerDownError(peer.label, "it has no address")
        for address in peer.addresses:
            try:
                await self._line(peer, address, wasteland, changed)
            except (PeerDownError, AddressError) as error:
                failure = error
        raise failure

    async def _line(self, peer: Peer, address: str, wasteland: str, changed: Told) -> None:
        base = check_url(address, allow_private=peer.allow_private)
        message = self._signed(peer, "GET", f"{base}/v1/w/{wasteland}/events", b"", {})
        heard = self._events.get((peer.key, wasteland), "")
        headers = {**message.headers, **({"Last-Event-ID": heard} if heard else {})}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=SILENCE_S)
        try:
            async with self._session(allow_private=peer.allow_private, most=LINES_MAX).get(
                message.url, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                if response.status != 200:  # noqa: PLR2004
                    raise _refusal(peer, response.status, b"")
                async for root, lines in _events(self._patiently(peer, response.content)):
                    self._events[peer.key, wasteland] = root
                    await changed(root, lines)
        except (*BROKEN, HttpProcessingError, ValueError) as error:  # the former: too long a line
            raise PeerDownError(peer.label, _why(error)) from error
        raise PeerDownError(peer.label, "the line ended")

    async def _patiently(self, peer: Peer, content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
        """The lines of a peer, as many as it may say. Raises ValueError for more.

        A line is held for days, so that no limit on a body ends it: one that says nothing without
        end, as fast as it can, would have this node read for ever.
        """
        async for line in content:
            self._hearing.spend(peer.key, len(line) + LINE_COST, now=self.now())
            if self._hearing.left(peer.key, now=self.now()) <= 0:
                raise ValueError("it says more than it may on a line")
            yield line


async def _events(lines: AsyncIterator[bytes]) -> AsyncIterator[tuple[str, tuple[bytes, ...]]]:
    """Each event: a root, and record lines that lead to it. Raises ValueError for what is none."""
    said: list[bytes] = []
    async for line in lines:
        if line.startswith(b"data: ") and len(said) <= NEWS_LINES_MAX:
            said.append(line[6:].rstrip(b"\r\n"))
        elif not line.strip() and said:
            root, *records = said
            yield _root(root), tuple(one + b"\n" for one in records)
            said = []


def _root(said: bytes) -> str:
    """The root that an event names; it is said to the peer again when the line was cut."""
    root = said.decode("ascii")
    if not is_id(root):
        raise ValueError("an event names no root")
    return root


def _refusal(peer: Peer, status: int, body: bytes) -> WastelandError:
    try:
        error = json.loads(body[:JSON_BYTES_MAX])["error"]
        theirs, why = str(error["code"])[:64], str(error["message"])[:200]
    except (ValueError, KeyError, TypeError, RecursionError):
        theirs, why = "", ""
    return PeerRefusedError(peer.label, status=status, theirs=theirs, why=why)


def _why(error: BaseException) -> str:
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"not reached ({error.os_error.strerror or error.os_error})"
    return f"{type(error).__name__}: {error}"[:200]


def host_of(address: str) -> str:
    """The host of an address, without brackets."""
    return urlsplit(address).hostname or ""
