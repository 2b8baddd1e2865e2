"""What may be spent by name: all of it at once, and as much again as time gives back.

Pure: time is given. The table of names is bounded; whoever spent longest ago is forgotten first.
It refuses nobody; whoever asks what is left decides what that means.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from stamps.clock import SECOND_US

NAMES_MAX: Final = 10_000


class Allowance:
    """`most` for each name, of which `per_s` comes back every second."""

    def __init__(self, most: float, *, per_s: float) -> None:
        self.most = float(most)
        self.per_s = per_s
        self._left: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self.changes = 0  # how often something was spent

    def __len__(self) -> int:
        return len(self._left)

    def left(self, name: str, *, now: int) -> float:
        """What the name may still spend, less than nothing for debt; `now` in microseconds."""
        left, at = self._left.get(name, (self.most, now))
        return min(self.most, left + max(now - at, 0) / SECOND_US * self.per_s)

    def spend(self, name: str, amount: float, *, now: int) -> None:
        """The name has so much less; a gain, below 0, fills it up to the most."""
        left = min(self.most, self.left(name, now=now) - amount)
        self._left.pop(name, None)
        while len(self._left) >= NAMES_MAX:
            self._left.popitem(last=False)
        self._left[name] = (left, now)
        self.changes += 1

    def facts(self, *, now: int) -> dict[str, list[int]]:
        """What is missing by name, so that it can be kept; whoever has all of it is left out."""
        missing = ((name, self.most - self.left(name, now=now)) for name in self._left)
        return {name: [round(spent), now] for name, spent in missing if round(spent) > 0}

    def restore(self, facts: Mapping[str, Any]) -> None:
        """What was missing when the facts were kept is missing still, time aside."""
        for name, (spent, at) in sorted(facts.items(), key=lambda pair: pair[1][1]):
            self._left[name] = (self.most - spent, at)
