"""How much a caller may ask: by key and by address, over a clock that is given.

An address is the socket's own, never a header's (H45).
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address, ip_network
from typing import ClassVar, Final

from ledger.allowance import Allowance
from stamps.errors import WastelandError

AGAIN_S: Final = 10
ONE_SITE_BITS: Final = 64  # of an IPv6 address; whoever has one has as many as it likes of the rest


class TooManyError(WastelandError):
    """The caller asks more than it may; `retry_after_s` says when it may again."""

    code: ClassVar[str] = "peer.limit"
    hint: ClassVar[str] = "Wait, then ask again."
    retryable: ClassVar[bool] = True
    problem: ClassVar[str] = "too many requests"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"{self.problem}; again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class BusyError(TooManyError):
    """The caller's own records are on their way in: what it would bring meanwhile comes twice."""

    code: ClassVar[str] = "peer.busy"
    problem: ClassVar[str] = "your own records are on their way in"


def caller_at(remote: str | None) -> str:
    """Whom an address stands for: itself, or in IPv6 the network of whoever has it."""
    said = remote or ""
    try:
        address = ip_address(said.partition("%")[0])
    except ValueError:
        return said
    if not isinstance(address, IPv6Address):
        return said
    mapped = address.ipv4_mapped
    return str(mapped or ip_network((address, ONE_SITE_BITS), strict=False))


class Buckets:
    """One bucket a caller: `burst` at once, `per_s` afterwards."""

    def __init__(self, *, per_s: float, burst: int) -> None:
        self.allowance = Allowance(burst, per_s=per_s)

    def take(self, caller: str, *, now: int, cost: float = 1.0) -> None:
        """The caller may. Raises TooManyError. `now` in microseconds."""
        left = self.allowance.left(caller, now=now)
        if left < cost:
            self.allowance.spend(caller, 0, now=now)  # it was seen
            raise TooManyError(max(1, round((cost - left) / self.allowance.per_s)))
        self.allowance.spend(caller, cost, now=now)


class Places:
    """Places for what lasts: so many in all, and so many of them for one caller."""

    def __init__(self, most: int, *, each: int) -> None:
        self.most = most
        self.each = each
        self.taken = Counter[str]()

    @contextmanager
    def take(self, caller: str) -> Iterator[None]:
        """The caller has one inside the block. Raises TooManyError."""
        if self.taken.total() >= self.most or self.taken[caller] >= self.each:
            raise TooManyError(AGAIN_S)
        self.taken[caller] += 1
        try:
            yield
        finally:
            self.taken -= Counter((caller,))  # whoever has none is forgotten
