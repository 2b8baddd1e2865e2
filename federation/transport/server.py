"""The routes by which other nodes call this one.

Each request is limited by its socket's address, read within bounds, verified as signed by a key
for this node, limited by that key, and only then looked at. A wasteland that is unknown and one
that the caller may not see get the same answer.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from aiohttp import web
from aiohttp_sse import sse_response

from federation.errors import Fault, PeerError
from federation.invite import InviteError
from federation.letters import What
from federation.limits import MESSAGE_BYTES_MAX
from federation.transport.blobs import Sending
from federation.transport.bodies import READ_S, packed, read_body, unpacked
from federation.transport.client import TIME
from federation.transport.limits import Buckets, Places, TooManyError, caller_at
from federation.transport.signing import Message, Verifier
from stamps.errors import WastelandError
from stamps.kinds import is_id

STATUS: Final = {
    "peer.limit": 429,
    "peer.busy": 503,
    "request.signature": 401,
    "invite.refused": 403,
    "blob.limit": 413,
    "quota.blobs": 507,
    "store.full": 507,
    "store.down": 503,
}
LINES_MAX: Final = 200  # that are held here
LINES_EACH_MAX: Final = 64  # of them by one caller, one a board
PING_S: Final = 15.0
SMALL_BYTES_MAX: Final = 256 << 10
READING_MAX: Final = 32  # larger bodies that are held
READING_EACH_MAX: Final = 8  # of them from one address


class News(NamedTuple):
    """What a listener is told: the root, and the record lines that lead to it from the last one.

    Without a root: the node is going down.
    """

    root: str
    lines: tuple[bytes, ...] = ()

    @property
    def text(self) -> str:
        """The event's data, a line each."""
        return "\n".join((self.root, *(line.decode().rstrip("\n") for line in self.lines)))


LINE_END: Final = News("")
Answer = Callable[["Call"], Awaitable[web.StreamResponse]]


class UnknownError(WastelandError):
    """There is nothing here, or nothing that the caller may see."""

    code = "not_found"


class Host(Protocol):
    """What the routes ask of the node behind them; every method hops to the ledger's thread."""

    def now(self) -> int:
        """Microseconds since 1970 UTC."""
        ...

    def key(self) -> str:
        """The did:key of this node."""
        ...

    def knows(self, key: str) -> bool:
        """Whether the node of this key is a peer; asked before anything else, and at once."""
        ...

    def url(self) -> str:
        """An address of this node; its host is what a request's target is rebuilt with."""
        ...

    async def card(self) -> bytes:
        """The signed card."""
        ...

    async def wastelands(self, caller: str) -> list[str]:
        """The wastelands that the caller may sync."""
        ...

    async def answer(self, caller: str, wasteland: str, what: What, body: bytes) -> bytes | None:
        """The answer of the session, None where the caller may not."""
        ...

    async def redeem(self, caller: str, wasteland: str, body: bytes, remote: str) -> bytes | None:
        """The lines that open the wasteland to whoever redeemed its invite."""
        ...

    async def entrust(self, caller: str, wasteland: str, body: bytes) -> bool:
        """An invite of the caller is kept here; False where the caller may not."""
        ...

    async def record(self, caller: str, record_id: str) -> bytes | None:
        """One record's line, where the caller may see its wasteland."""
        ...

    async def blob(self, caller: str, sha256: str) -> Path | None:
        """The file of a blob, where the caller may see a record that brought it here."""
        ...

    async def hand(
        self, caller: str, wasteland: str, record: str, sha256: str, body: bytes
    ) -> bool:
        """The blob that the record names is kept here; False where that may not be. Raises."""
        ...

    def changes(self, wasteland: str) -> "asyncio.Queue[News]":
        """A queue of what becomes new in the wasteland."""
        ...

    def ended(self, wasteland: str, queue: "asyncio.Queue[News]") -> None:
        """Nobody listens to the queue any more."""
        ...


class Call:
    """One verified request: who asks, and what."""

    def __init__(self, request: web.Request, caller: str, body: bytes) -> None:
        self.request = request
        self.caller = caller
        self.body = body

    @property
    def wasteland(self) -> str:
        """The wasteland in the path. Raises UnknownError for what cannot be one."""
        return _id(self.request, "wasteland")


def _id(request: web.Request, name: str) -> str:
    said = request.match_info[name]
    if not is_id(said):
        raise UnknownError
    return said


class Routes:
    """The routes of one node."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.verifier = Verifier(audience=host.key, now=host.now, known=host.knows)
        self.by_address = Buckets(per_s=100, burst=400)
        self.by_key = Buckets(per_s=100, burst=400)
        self.read_s = READ_S
        self.reading = Places(READING_MAX, each=READING_EACH_MAX)
        self.sending = Sending()
        self.listening = Places(LINES_MAX, each=LINES_EACH_MAX)

    def add_to(self, app: web.Application) -> None:
        """The application answers peers."""
        add = app.router.add_route
        add("GET", "/.well-known/wasteland", self._card)
        add("GET", "/v1/wastelands", self._verified(self._wastelands))
        add("GET", "/v1/ping", self._verified(self._ping))
        add("GET", "/v1/w/{wasteland}/root", self._verified(self._root))
        add("GET", "/v1/w/{wasteland}/events", self._verified(self._events))
        for what in ("frontier", "records", "reconcile"):
            add("POST", f"/v1/w/{{wasteland}}/{what}", self._verified(self._session))
        add("POST", "/v1/w/{wasteland}/redeem", self._verified(self._redeem))
        add("POST", "/v1/w/{wasteland}/invites", self._verified(self._entrust))
        add("GET", "/v1/records/{record}", self._verified(self._record))
        add("GET", "/v1/blobs/{sha256}", self._verified(self._blob))
        add("POST", "/v1/w/{wasteland}/blobs/{record}/{sha256}", self._verified(self._hand))

    # --- before an answer

    def _verified(self, answer: Answer) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handler(request: web.Request) -> web.StreamResponse:
            try:
                with self._place(request):
                    return await answer(await self._call(request))
            except WastelandError as error:
                return self._refused(error)

        return handler

    async def _call(self, request: web.Request) -> Call:
        remote = caller_at(request.remote)
        self.by_address.take(remote, now=self.host.now())
        raw = await read_body(request.content, most=MESSAGE_BYTES_MAX, seconds=self.read_s)
        headers = {name.lower(): value for name, value in request.headers.items()}
        url = self.host.url() + request.raw_path
        message = Message(request.method, url, headers)
        caller = self.verifier.caller_of(message, raw)
        self.by_key.take(caller, now=self.host.now())
        return Call(request, caller, unpacked(raw, headers.get("content-encoding", "")))

    def _place(self, request: web.Request) -> AbstractContextManager[None]:
        """A place for a large body, held before it is known whose it is, until it is answered."""
        size = request.content_length
        if not request.can_read_body or (size is not None and size <= SMALL_BYTES_MAX):
            return nullcontext()
        return self.reading.take(caller_at(request.remote))

    def _refused(self, error: WastelandError) -> web.Response:
        status = STATUS.get(error.code, 404 if isinstance(error, UnknownError) else 400)
        if isinstance(error, PeerError) and error.fault is Fault.CPU:
            status = STATUS[TooManyError.code]
        body = {
            "error": {
                "code": error.code,
                "message": str(error) or error.code,
                "reason": str(getattr(error, "reason", getattr(error, "fault", ""))),
                "retry_after_s": getattr(error, "retry_after_s", None),
            }
        }
        response = self._json(body, status=status)
        if isinstance(error, TooManyError):
            response.headers["Retry-After"] = str(error.retry_after_s)
        return response

    def _headers(self) -> dict[str, str]:
        return {TIME: str(self.host.now()), "Cache-Control": "no-store"}

    def _json(self, body: Any, *, status: int = 200) -> web.Response:
        return web.json_response(body, status=status, headers=self._headers())

    def _bytes(self, body: bytes) -> web.Response:
        small, headers = packed(body)
        return web.Response(
            body=small,
            headers={**self._headers(), **headers},
            content_type="application/octet-stream",
        )

    # --- answers

    async def _card(self, request: web.Request) -> web.StreamResponse:
        try:
            self.by_address.take(caller_at(request.remote), now=self.host.now())
        except TooManyError as error:
            return self._refused(error)
        return web.Response(
            body=await self.host.card(),
            headers=self._headers(),
            content_type="application/json",
        )

    async def _wastelands(self, call: Call) -> web.StreamResponse:
        return self._json({"wastelands": await self.host.wastelands(call.caller)})

    async def _ping(self, call: Call) -> web.StreamResponse:
        return self._json({"now": self.host.now(), "you": call.caller})

    async def _root(self, call: Call) -> web.StreamResponse:
        body = await self.host.answer(call.caller, call.wasteland, "root", b"")
        if body is None:
            raise UnknownError
        tag = f'"{body.hex()}"'
        if call.request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={**self._headers(), "ETag": tag})
        response = self._bytes(body)
        response.headers["ETag"] = tag
        return response

    async def _session(self, call: Call) -> web.StreamResponse:
        last = call.request.path.rsplit("/", 1)[1]
        whats: dict[str, What] = {
            "frontier": "frontier",
            "records": "records",
            "reconcile": "reconcile",
        }
        body = await self.host.answer(call.caller, call.wasteland, whats[last], call.body)
        if body is None:
            raise UnknownError
        return self._bytes(body)

    async def _redeem(self, call: Call) -> web.StreamResponse:
        if len(call.body) > SMALL_BYTES_MAX:
            raise InviteError("form", "that is too large for an account's log")
        remote = caller_at(call.request.remote)
        body = await self.host.redeem(call.caller, call.wasteland, call.body, remote)
        if body is None:
            raise UnknownError
        return self._bytes(body)

    async def _entrust(self, call: Call) -> web.StreamResponse:
        if not await self.host.entrust(call.caller, call.wasteland, call.body):
            raise UnknownError
        return self._json({"kept": True})

    async def _record(self, call: Call) -> web.StreamResponse:
        line = await self.host.record(call.caller, _id(call.request, "record"))
        if line is None:
            raise UnknownError
        return self._bytes(line)

    async def _blob(self, call: Call) -> web.StreamResponse:
        sha256 = _id(call.request, "sha256")
        with self.sending.places.take(call.caller):
            path = await self.host.blob(call.caller, sha256)
            if path is None:
                raise UnknownError
            return await self.sending.send(
                call.request,
                path,
                caller=call.caller,
                now=self.host.now(),
                headers=self._headers(),
            )

    async def _hand(self, call: Call) -> web.StreamResponse:
        record, sha256 = _id(call.request, "record"), _id(call.request, "sha256")
        if not await self.host.hand(call.caller, call.wasteland, record, sha256, call.body):
            raise UnknownError
        return self._json({"kept": True})

    async def _events(self, call: Call) -> web.StreamResponse:
        """The roots of a wasteland as they come; a caller that missed some is told the last one.

        The queue is there before the root is looked at: what becomes new meanwhile is told, too.
        """
        queue = self.host.changes(call.wasteland)
        try:
            root = await self.host.answer(call.caller, call.wasteland, "root", b"")
            if root is None:
                raise UnknownError
            with self.listening.take(call.caller):
                return await self._line(call.request, root[:32].hex(), queue)
        except ConnectionResetError:
            return web.Response()
        finally:
            self.host.ended(call.wasteland, queue)

    async def _line(
        self, request: web.Request, now: str, queue: "asyncio.Queue[News]"
    ) -> web.StreamResponse:
        """The line, once it has ended; until then what the queue gives is told."""
        async with sse_response(request, headers=self._headers(), ping_interval=PING_S) as line:
            if request.headers.get("Last-Event-ID", "") != now:
                await line.send(now, id=now)
            while line.is_connected() and (news := await queue.get()) != LINE_END:
                if news.root != now:  # it was looked at since
                    await line.send(news.text, id=news.root)
                now = news.root
            return line


def body_json(body: bytes) -> dict[str, Any]:
    """A body that is one JSON object. Raises PeerError."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise InviteError("form", "no JSON") from None
    if not isinstance(value, dict):
        raise InviteError("form", "no JSON object")
    return value
