"""Where this node may connect to: addresses of others, checked at the moment of connecting.

A peer's words name addresses; a stranger's must never lead into the operator's own network. Names
are resolved here, every answer is classified, and the connection goes to the checked answer. The
classes come from the standard library; nothing is classified by hand but the translation prefixes
that carry another address inside.
"""

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

from stamps.errors import WastelandError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
SHARED: Final = ipaddress.ip_network("100.64.0.0/10")
HOST_CHARS_MAX: Final = 253
LOOK_UPS_MAX: Final = 16  # at once; threads of their own, begun when they are needed


class AddressError(WastelandError):
    """An address to which this node does not connect; `reason` says why."""

    code: ClassVar[str] = "peer.address"
    hint: ClassVar[str] = "For a node on your own network: wl peer add ADDRESS --allow-private"
    exit: ClassVar[int] = 4

    def __init__(self, reason: str, address: str) -> None:
        super().__init__(f"{address[:120]}: {reason}")
        self.reason = reason
        self.address = address


def check_url(url: str, *, allow_private: bool) -> str:
    """The address in its plain form: scheme, host, port. Raises AddressError."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise AddressError("it is no address", url) from None
    if parts.scheme not in ("http", "https"):
        raise AddressError("only http and https are spoken", url)
    if parts.username is not None or parts.password is not None:
        raise AddressError("an address with a user in it", url)
    if not host or len(host) > HOST_CHARS_MAX or not host.isascii() or "%" in host:
        raise AddressError("the host is not plain", url)
    if parts.query or parts.fragment or parts.path not in ("", "/"):
        raise AddressError("an address is scheme, host and port alone", url)
    check_host(host, allow_private=allow_private, url=url)
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port is not None else "")


def check_host(host: str, *, allow_private: bool, url: str = "") -> None:
    """Nothing happens for a name, or a literal that may be connected to. Raises AddressError."""
    literal = _literal(host)
    if literal is not None:
        if not allow_private and not is_public(literal):
            raise AddressError("it lies in a private or special range", url or host)
        return
    last = host.rstrip(".").rsplit(".", 1)[-1]
    if last.isdigit() or last.lower().startswith("0x"):
        raise AddressError("a number in disguise", url or host)
    if not allow_private and (
        last.lower() in ("localhost", "local", "internal") or "." not in host
    ):
        raise AddressError("it names this machine or its network", url or host)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether an address belongs to the open internet, whatever form it is written in."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _inner(address)
        if inner is not None:
            return is_public(inner)
        if address.is_reserved or address.is_site_local:  # also ways to carry another one inside
            return False
    elif address in SHARED:
        return False
    return address.is_global and not address.is_multicast


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one carries to, if it does."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


class GuardedResolver(AbstractResolver):
    """Resolves names and hands on only answers that may be connected to (H41, H42).

    What is handed on is what is connected to: there is no second look-up to rebind. Literals never
    come here in aiohttp, so the client checks them by itself before each request. A look-up holds
    a thread for as long as a stranger's name server likes: none that pages and files wait for.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self.allow_private = allow_private
        self._threads = ThreadPoolExecutor(LOOK_UPS_MAX, thread_name_prefix="names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises AddressError when any of them is private."""
        look_up = partial(
            socket.getaddrinfo,
            host,
            port,
            type=socket.SOCK_STREAM,
            family=family,
            proto=socket.IPPROTO_TCP,
        )
        try:
            answers = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        except socket.gaierror as error:
            raise OSError(None, f"{host} has no address: {error}") from error
        found = [_result(host, answer) for answer in answers]
        if not self.allow_private:
            for one in found:
                if not is_public(ipaddress.ip_address(one["host"].partition("%")[0])):
                    raise AddressError("its name leads to a private or special range", host)
        return found

    async def close(self) -> None:
        """No look-up is begun any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _result(host: str, answer: tuple[Any, ...]) -> ResolveResult:
    family, _, proto, _, place = answer
    return ResolveResult(
        hostname=host,
        host=str(place[0]),
        port=int(place[1]),
        family=family,
        proto=proto,
        flags=socket.AI_NUMERICHOST,
    )
