"""How much a caller may ask: token buckets by key and by address, over a clock that is given.

An address is the socket's own, never a header's (H45); the table of callers is bounded, and whoever
was seen longest ago is forgotten first.
"""

from collections import OrderedDict
from typing import ClassVar, Final

from stamps.clock import SECOND_US
from stamps.errors import WastelandError

CALLERS_MAX: Final = 10_000


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


class Buckets:
    """One bucket a caller: `burst` at once, `per_s` afterwards."""

    def __init__(self, *, per_s: float, burst: int) -> None:
        self.per_s = per_s
        self.burst = burst
        self._left: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def take(self, caller: str, *, now: int, cost: float = 1.0) -> None:
        """The caller may. Raises TooManyError. `now` in microseconds."""
        left, at = self._left.pop(caller, (float(self.burst), now))
        left = min(float(self.burst), left + max(now - at, 0) / SECOND_US * self.per_s)
        if len(self._left) >= CALLERS_MAX:
            self._left.popitem(last=False)
        if left < cost:
            self._left[caller] = (left, now)
            raise TooManyError(max(1, round((cost - left) / self.per_s)))
        self._left[caller] = (left - cost, now)
