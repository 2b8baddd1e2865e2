"""The nonces of requests of the last minutes: each is good once (H44), and nobody fills the table.

Peers have a table of their own, because keys cost nothing: a crowd of strangers keeps out no peer.
Of either table one key has a share. It knows no request and reads no clock.
"""

import heapq
from collections import Counter
from typing import Final

NONCES_MAX: Final = 100_000
SHARES: Final = 16  # of a table, one key has one: all that the rate of requests lets it say
AHEAD_S_MAX: Final = 120  # none of an honest clock lasts longer


class FullError(Exception):
    """No room is left for another nonce, of this key or at all."""


class Nonces:
    """One table. Times in seconds."""

    def __init__(self, *, most: int = NONCES_MAX) -> None:
        self.most = most
        self._until: list[tuple[int, str, str]] = []  # a heap
        self._seen: set[tuple[str, str]] = set()
        self._held = Counter[str]()

    def __len__(self) -> int:
        return len(self._seen)

    def holds(self, key: str, nonce: str) -> bool:
        """Whether the nonce of this key came before."""
        return (key, nonce) in self._seen

    def take(self, key: str, nonce: str, *, until_s: int, now_s: int) -> None:
        """The nonce is remembered until nobody would take its request. Raises FullError."""
        while self._until and self._until[0][0] < now_s:
            self._forget(heapq.heappop(self._until))
        if len(self._seen) >= self.most:
            self._forget_the_far(now_s)
        if len(self._seen) >= self.most or self._held[key] >= self.most // SHARES:
            raise FullError
        heapq.heappush(self._until, (until_s, key, nonce))
        self._seen.add((key, nonce))
        self._held[key] += 1

    def _forget(self, one: tuple[int, str, str]) -> None:
        _, key, nonce = one
        self._seen.discard((key, nonce))
        self._held[key] -= 1
        if not self._held[key]:
            del self._held[key]

    def _forget_the_far(self, now_s: int) -> None:
        """What a clock that ran ahead left goes: it would keep its place for as long as that."""
        far = [one for one in self._until if one[0] > now_s + AHEAD_S_MAX]
        if not far:
            return
        for one in far:
            self._forget(one)
        self._until = [one for one in self._until if one[0] <= now_s + AHEAD_S_MAX]
        heapq.heapify(self._until)
