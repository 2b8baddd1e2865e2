"""Who may look: a browser on this machine that asks under one of the machine's own names.

A web site that resolves its name to loopback sends its own name as the host, and one that fetches
or frames sends where it comes from; both are told that there is nothing here. A link that a person
follows is let through: looking changes nothing.
"""

import ipaddress
from typing import Final

from aiohttp import web

NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
# What a proxy adds. Whoever comes through one is not a browser on this machine.
OF_PROXIES: Final = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
OUR_OWN: Final = ("same-origin", "none")


def is_here(request: web.Request) -> bool:
    """Whether the request comes from this machine and is made under one of its own names."""
    try:
        loopback = ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False
    direct = not any(name in request.headers for name in OF_PROXIES)
    return loopback and direct and _host(request) in NAMES and _asked_by_us(request)


def _host(request: web.Request) -> str:
    host = request.host
    return host if host.endswith("]") else host.rsplit(":", 1)[0]


def _asked_by_us(request: web.Request) -> bool:
    """Whether no other site made the request; a followed link is the reader's own."""
    said = request.headers
    if said.get("Sec-Fetch-Site", "same-origin") in OUR_OWN:
        return True
    followed = said.get("Sec-Fetch-Mode") == "navigate" and said.get("Sec-Fetch-Dest") == "document"
    return followed and request.method in ("GET", "HEAD")
