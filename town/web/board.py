"""The board's routes: pages for browsers on this machine, and their JSON twins.

Only loopback is answered, and only under a loopback name (so that no web site can reach it through
the visitor's browser); nothing may be framed, and no script runs but our own file.
"""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any, Final, Protocol

from aiohttp import web
from aiohttp_sse import sse_response
from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup

from stamps.errors import WastelandError
from town.market.errors import MarketError, NoTownHereError, WastelandUnknownError
from town.market.market import Market
from town.web import pages
from town.web.pages import Page

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
LINES_MAX: Final = 64
PING_S: Final = 15.0
STATIC: Final = {"board.css": "text/css", "board.js": "text/javascript"}
Make = Callable[[Market, web.Request], Page]


class Bell(Protocol):
    """Tells of changes: each listener has a queue."""

    def listen(self) -> "asyncio.Queue[int]":
        """A queue that gets a number at each change."""
        ...

    def leave(self, queue: "asyncio.Queue[int]") -> None:
        """Nobody listens any more."""
        ...


class Board:
    """The pages of one town."""

    def __init__(self, market: Market, bell: Bell) -> None:
        self.market = market
        self.bell = bell
        self._lines = 0
        self._pages = Environment(
            loader=PackageLoader("town.web"), autoescape=select_autoescape(default=True)
        )

    def add_to(self, app: web.Application) -> None:
        """The application answers browsers on this machine."""
        get = app.router.add_get
        makes: dict[str, Make] = {
            "/": lambda market, request: pages.board(market, request.query),
            "/w/{id}": lambda market, request: pages.item(market, request.match_info["id"]),
            "/peers": lambda market, _: pages.peers(market),
            "/rigs/{handle}": lambda market, request: pages.rig(
                market, request.match_info["handle"]
            ),
        }
        for path, make in makes.items():
            twin = "/board.json" if path == "/" else f"{path}.json"
            get(twin, self._guarded(self._json(make)))
        for path, make in makes.items():
            get(path, self._guarded(self._html(make)))
        get("/events", self._guarded(self._events))
        get("/static/{name}", self._guarded(self._static))

    def _guarded(
        self, answer: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handler(request: web.Request) -> web.StreamResponse:
            if not is_here(request):
                return web.json_response({"error": {"code": "not_found"}}, status=404)
            return await answer(request)

        return handler

    # --- pages

    def _html(self, make: Make) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handler(request: web.Request) -> web.StreamResponse:
            try:
                page = await asyncio.to_thread(make, self.market, request)
            except WastelandError as error:
                return self._problem(request, error)
            shown = {**page.data, **page.extra}
            if "description_html" in page.extra:
                shown["description"] = Markup(page.extra["description_html"])  # noqa: S704  # cleaned
            return self._page(request, page.template, shown)

        return handler

    def _json(self, make: Make) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handler(request: web.Request) -> web.StreamResponse:
            try:
                page = await asyncio.to_thread(make, self.market, request)
            except WastelandError as error:
                body = {"error": {"code": error.code, "message": str(error)}}
                return web.json_response(body, status=_status(error), headers=HEADERS)
            return web.json_response(dict(page.data), headers=HEADERS)

        return handler

    def _problem(self, request: web.Request, error: WastelandError) -> web.Response:
        facts = {"code": error.code, "why": str(error), "hint": error.hint}
        return self._page(request, "problem.html", facts, status=_status(error))

    def _page(
        self, request: web.Request, template: str, shown: dict[str, Any], *, status: int = 200
    ) -> web.Response:
        text = self._pages.get_template(template).render(
            town=self.market.town.handle or "a town without a name",
            pages=(("/", "Board"), ("/peers", "Peers")),
            here=request.path,
            **shown,
        )
        return web.Response(text=text, content_type="text/html", status=status, headers=HEADERS)

    async def _static(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in STATIC:
            return web.Response(status=404, headers=HEADERS)
        body = files("town.web").joinpath("static", name).read_bytes()
        return web.Response(body=body, content_type=STATIC[name], headers=HEADERS)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """A number at each change, until the browser leaves."""
        if self._lines >= LINES_MAX:
            return web.Response(status=503, headers=HEADERS)
        queue = self.bell.listen()
        self._lines += 1
        try:
            async with sse_response(request, headers=HEADERS, ping_interval=PING_S) as line:
                while line.is_connected() and (number := await queue.get()) >= 0:
                    await line.send(str(number), id=str(number))
                return line
        except ConnectionResetError:
            return web.Response()
        finally:
            self._lines -= 1
            self.bell.leave(queue)


def _status(error: WastelandError) -> int:
    if isinstance(error, NoTownHereError | WastelandUnknownError):
        return 503
    code = getattr(error, "exit", 1) if isinstance(error, MarketError) else 1
    return {2: 400, 3: 404}.get(int(code), 500)


def is_here(request: web.Request) -> bool:
    """Whether the request comes from this machine and is made under one of its own names."""
    try:
        loopback = ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False
    host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    origin = request.headers.get("Sec-Fetch-Site", "same-origin")
    return loopback and host in NAMES and origin in ("same-origin", "none")
