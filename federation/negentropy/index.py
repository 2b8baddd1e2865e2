"""The port by which a reconciliation reads a set, and the plain adapter for small sets.

Pure. A position counts items in key order from 0. Nothing here writes messages, and
`SortedIndex` never changes after it was made.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise
from typing import Protocol

from federation.negentropy.codec import KEY_BYTES, SUM_MODULUS, key_id


class RangeIndex(Protocol):
    """A set of items in key order, with sums of the ids of any stretch."""

    def size(self) -> int:
        """How many items it holds."""
        ...

    def total(self, span: range) -> int:
        """The sum mod 2**256 of the ids at these positions; the count is `len(span)`."""
        ...

    def item(self, position: int) -> bytes:
        """The key of the item at a position below `size()`."""
        ...

    def lower_bound(self, bound: bytes) -> int:
        """The position of the first item whose key is not below the bound."""
        ...

    def ids(self, span: range) -> Iterator[bytes]:
        """The ids at these positions, in key order."""
        ...


class SortedIndex:
    """A set held in memory, about 150 bytes an item: for tests, filters and small sets."""

    def __init__(self, keys: Iterable[bytes]) -> None:
        self._keys = sorted(keys)
        if any(len(key) != KEY_BYTES for key in self._keys):
            raise ValueError(f"a key is {KEY_BYTES} bytes")
        if any(before == after for before, after in pairwise(self._keys)):
            raise ValueError("the same item twice")
        self._sums = prefix_sums(self._keys)

    def size(self) -> int:
        """How many items it holds."""
        return len(self._keys)

    def total(self, span: range) -> int:
        """The sum mod 2**256 of the ids at these positions."""
        return (self._sums[span.stop] - self._sums[span.start]) % SUM_MODULUS

    def item(self, position: int) -> bytes:
        """The key of the item at a position."""
        return self._keys[position]

    def lower_bound(self, bound: bytes) -> int:
        """The position of the first item whose key is not below the bound."""
        return bisect_left(self._keys, bound)

    def ids(self, span: range) -> Iterator[bytes]:
        """The ids at these positions, in key order."""
        return map(key_id, self._keys[span.start : span.stop])


def prefix_sums(keys: Iterable[bytes]) -> list[int]:
    """The sums of the ids before each position, not reduced; one longer than the keys."""
    numbers = (int.from_bytes(key_id(key), "little") for key in keys)
    return list(accumulate(numbers, initial=0))
