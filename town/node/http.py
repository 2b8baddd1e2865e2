"""The node's HTTP side put together: peers' routes, the board, and two questions of health.

Every route comes from the package that owns it; here they share one port, one limit on what a
request may carry, and nothing else.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from town.node.compose import OpenTown

REQUEST_BYTES_MAX = 4 << 20  # the transport has its own, lower limits


def application(town: "OpenTown", *, url: str, is_ready: Callable[[], bool]) -> web.Application:
    """The application that answers peers, browsers and supervisors."""
    app = web.Application(client_max_size=REQUEST_BYTES_MAX)
    add_health(app, is_ready)
    town.add_routes(app, url=url)
    return app


def runner(app: web.Application, *, grace_s: float) -> web.AppRunner:
    """What serves the application: bodies come as they were sent, for it is these that are signed.

    At its end, requests that are being answered have so many seconds.
    """
    return web.AppRunner(app, auto_decompress=False, access_log=None, shutdown_timeout=grace_s)


def add_health(app: web.Application, is_ready: Callable[[], bool]) -> None:
    """`/healthz` says that the process lives, `/readyz` that it would answer."""

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def readyz(_: web.Request) -> web.Response:
        ready = is_ready()
        return web.json_response({"ready": ready}, status=200 if ready else 503)

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
