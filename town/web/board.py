"""The board's routes: pages for browsers on this machine, and their JSON twins.

Only loopback is answered, and only under a loopback name (so that no web site can reach it through
the visitor's browser); nothing may be framed, and no script runs but our own file. It is read-only:
what changes something is a command, and each page says which.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, Protocol

from aiohttp import web
from aiohttp_sse import sse_response
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from stamps.errors import WastelandError
from town.market.answer import error_facts
from town.market.errors import MarketError, NoTownHereError, WastelandUnknownError
from town.market.market import Market
from town.web import pages
from town.web.files import Files
from town.web.here import is_here
from town.web.pages import Page
from town.web.twins import twin, twin_of_error
from town.web.words import FILTERS

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
LINES_MAX: Final = 64
PING_S: Final = 15.0
OF_PEERS: Final = ("/v1/", "/.well-known/")
NOT_OURS: Final = {"error": {"code": "not_found"}}
STEPS: Final = {
    404: ("page.none", "There is no such page here.", "The board lists everything there is."),
    405: ("page.read_only", "The board only shows.", "Type a command: each page says which."),
}
Make = Callable[[Market, web.Request], Page]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


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
        self.files = Files()
        self._lines = 0
        self._pages = Environment(
            loader=PackageLoader("town.web"),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._pages.filters.update(FILTERS)
        self._pages.globals["asset"] = self.files.address

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
            get("/board.json" if path == "/" else f"{path}.json", self._guarded(self._json(make)))
        for path, make in makes.items():
            get(path, self._guarded(self._html(make)))
        get("/events", self._guarded(self._events), allow_head=False)
        get("/static/{name}", self._guarded(self._static))
        app.middlewares.append(self._astray)

    def _guarded(self, answer: Handler) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            if not is_here(request):
                return web.json_response(NOT_OURS, status=404)
            return await answer(request)

        return handler

    # --- pages

    def _html(self, make: Make) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            return await asyncio.to_thread(self._made, make, request)

        return handler

    def _made(self, make: Make, request: web.Request) -> web.Response:
        """The page, made in a thread of its own: the loop talks to others meanwhile."""
        try:
            page = make(self.market, request)
        except WastelandError as error:
            return self._problem(request, error_facts(error), status=_status(error))
        shown = {"data": page.answer.data, "next": page.answer.next, **page.extra}
        return self._page(request, page.template, shown)

    def _json(self, make: Make) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            try:
                page = await asyncio.to_thread(make, self.market, request)
            except WastelandError as error:
                body = twin_of_error(error_facts(error))
                return web.json_response(body, status=_status(error), headers=HEADERS)
            body = twin(page.answer, now=self.market.now())
            return web.json_response(body, headers=HEADERS)

        return handler

    def _problem(
        self, request: web.Request, facts: Mapping[str, Any], *, status: int
    ) -> web.Response:
        title = HTTPStatus(status).phrase
        return self._page(request, "problem.html", {"problem": facts, "title": title}, status)

    def _page(
        self, request: web.Request, template: str, shown: Mapping[str, Any], status: int = 200
    ) -> web.Response:
        handle = self.market.town.handle
        text = self._pages.get_template(template).render(
            town=handle or "a town without a name",
            handle=handle,
            here=request.path,
            twin="/board.json" if request.path == "/" else f"{request.path}.json",
            asked=request.query_string,
            now=self.market.now(),
            **shown,
        )
        return web.Response(text=text, content_type="text/html", status=status, headers=HEADERS)

    @web.middleware
    async def _astray(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Whoever asks for a page that is not there, or to change one, gets a next step."""
        try:
            return await handler(request)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
            if request.path.startswith(OF_PEERS) or not is_here(request):
                raise
            code, why, hint = STEPS[error.status]
            facts = {"code": code, "message": why, "why": hint, "try": []}
            allow = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
            if request.path.endswith(".json"):
                body = twin_of_error(facts)
                return web.json_response(body, status=error.status, headers={**HEADERS, **allow})
            answer = self._problem(request, facts, status=error.status)
            answer.headers.update(allow)
            return answer

    # --- files and events

    async def _static(self, request: web.Request) -> web.StreamResponse:
        found = self.files.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        tag = f'"{found.digest}"'
        named = request.query.get("v") == found.digest
        kept = "public, max-age=31536000, immutable" if named else "no-cache"
        headers = {**HEADERS, "Cache-Control": kept, "ETag": tag}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=found.body, content_type=found.type, headers=headers)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """A number at each change, until the browser leaves."""
        if self._lines >= LINES_MAX:
            return web.Response(status=503, headers={**HEADERS, "Retry-After": "30"})
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
