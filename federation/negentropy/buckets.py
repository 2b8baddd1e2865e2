"""An index that holds sums of buckets and asks its store for the items of one (records 2.5).

Pure. At a million items it takes a few megabytes where the keys alone would take forty. It writes
nothing: a change returns what the store must hold before the index is read again, and when the
store fails to, the index is made anew from the store's buckets.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate, islice, pairwise
from typing import NamedTuple

from federation.negentropy.codec import INFINITY, KEY_BYTES, SUM_MODULUS, key_id, sum_of
from federation.negentropy.index import prefix_sums

BUCKET_ITEMS = 128
LEAVES_KEPT = 16


class Bucket(NamedTuple):
    """A run of items in key order: its number for the store, first key, size and sum of ids."""

    number: int
    first: bytes
    size: int
    total: int


class BucketWrite(NamedTuple):
    """What the store must hold of a bucket: the bucket and its keys joined; size 0 means gone."""

    bucket: Bucket
    leaf: bytes


class _Leaf(NamedTuple):
    """The items of one bucket, and the sums of the ids before each."""

    keys: list[bytes]
    sums: list[int]


def bucketed(keys: Iterable[bytes], *, items: int = BUCKET_ITEMS) -> Iterator[BucketWrite]:
    """The buckets of `items` each, numbered from 0, of ascending keys without repeats."""
    source = iter(keys)
    number = 0
    while piece := list(islice(source, items)):
        yield _write(number, piece)
        number += 1


class BucketIndex:
    """A `RangeIndex` over buckets whose items a store keeps.

    `leaf` gives the joined 40-byte keys of a bucket by its number. A bucket is split when it
    holds over twice `items`.
    """

    def __init__(
        self,
        buckets: Iterable[Bucket],
        leaf: Callable[[int], bytes],
        *,
        items: int = BUCKET_ITEMS,
    ) -> None:
        held = sorted(buckets, key=lambda bucket: bucket.first)
        self._numbers = [bucket.number for bucket in held]
        self._firsts = [bucket.first for bucket in held]
        self._sizes = [bucket.size for bucket in held]
        self._totals = [bucket.total for bucket in held]
        self._next_number = max(self._numbers, default=-1) + 1
        self._items = items
        self._fetch = leaf
        self._leaves: dict[int, _Leaf] = {}
        self._starts = [0]  # positions and sums before each bucket, true up to `_true_places`
        self._sums = [0]
        self._true_places = 0

    def size(self) -> int:
        """How many items it holds."""
        self._settle()
        return self._starts[-1]

    def total(self, span: range) -> int:
        """The sum mod 2**256 of the ids at these positions."""
        return (self._sum_before(span.stop) - self._sum_before(span.start)) % SUM_MODULUS

    def item(self, position: int) -> bytes:
        """The key of the item at a position."""
        if not 0 <= position < self.size():
            raise IndexError(position)
        place = bisect_right(self._starts, position) - 1
        return self._leaf(place).keys[position - self._starts[place]]

    def lower_bound(self, bound: bytes) -> int:
        """The position of the first item whose key is not below the bound."""
        self._settle()
        place = bisect_left(self._firsts, bound)
        if place == 0:
            return 0
        if bound == INFINITY:
            return self._starts[-1]
        return self._starts[place - 1] + bisect_left(self._leaf(place - 1).keys, bound)

    def ids(self, span: range) -> Iterator[bytes]:
        """The ids at these positions, in key order, one bucket in memory at a time."""
        self._settle()
        place = bisect_right(self._starts, span.start) - 1
        start = span.start
        while start < span.stop:
            before = self._starts[place]
            yield from map(key_id, self._leaf(place).keys[start - before : span.stop - before])
            place += 1
            start = self._starts[place]

    def add(self, keys: Iterable[bytes]) -> list[BucketWrite]:
        """The set holds these items too; returns what the store must now write."""
        return self._change(keys, set.union)

    def remove(self, keys: Iterable[bytes]) -> list[BucketWrite]:
        """The set holds none of these items; returns what the store must now write."""
        return self._change(keys, set.difference)

    def buckets(self) -> list[Bucket]:
        """The buckets as they stand, in key order."""
        columns = zip(self._numbers, self._firsts, self._sizes, self._totals, strict=True)
        return [Bucket(*row) for row in columns]

    def _change(
        self,
        keys: Iterable[bytes],
        combine: Callable[[set[bytes], list[bytes]], set[bytes]],
    ) -> list[BucketWrite]:
        """Combine each touched bucket with the keys that fall into it, the last bucket first."""
        writes: list[BucketWrite] = []
        for place, group in reversed(self._grouped(sorted(set(keys)))):
            held = self._leaf(place).keys if self._numbers else []
            combined = combine(set(held), group)
            if len(combined) != len(held):
                writes += self._replace(place, sorted(combined))
        return writes

    def _grouped(self, keys: list[bytes]) -> list[tuple[int, list[bytes]]]:
        """Ascending keys by the place of the bucket they fall into; what lies below all, first."""
        if any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"a key is {KEY_BYTES} bytes")
        groups: list[tuple[int, list[bytes]]] = []
        start = 0
        while start < len(keys):
            after = max(1, bisect_right(self._firsts, keys[start]))
            last = after >= len(self._firsts)
            stop = len(keys) if last else bisect_left(keys, self._firsts[after], lo=start)
            groups.append((after - 1, keys[start:stop]))
            start = stop
        return groups

    def _replace(self, place: int, keys: list[bytes]) -> list[BucketWrite]:
        """The bucket at a place holds these keys, or is split, or is gone."""
        old = self._numbers[place : place + 1]
        for number in old:
            self._leaves.pop(number, None)
        pieces = self._pieces(keys)
        numbers = [*old, *range(self._next_number, self._next_number + len(pieces))]
        writes = [_write(*pair) for pair in zip(numbers, pieces, strict=False)]
        self._next_number += len(pieces) - len(old) if pieces else 0
        self._put(place, [write.bucket for write in writes])
        if old and not pieces:
            writes.append(BucketWrite(Bucket(old[0], b"", 0, 0), b""))
        return writes

    def _put(self, place: int, buckets: list[Bucket]) -> None:
        """These buckets stand where the one at `place` stood; sums from there on are untrue."""
        where = slice(place, place + 1)
        self._numbers[where] = [bucket.number for bucket in buckets]
        self._firsts[where] = [bucket.first for bucket in buckets]
        self._sizes[where] = [bucket.size for bucket in buckets]
        self._totals[where] = [bucket.total for bucket in buckets]
        self._true_places = min(self._true_places, place)

    def _pieces(self, keys: list[bytes]) -> list[list[bytes]]:
        """The keys as they are, or in nearly equal parts of about `items` when there are many."""
        if len(keys) <= 2 * self._items:
            return [keys] if keys else []
        parts = -(-len(keys) // self._items)
        edges = [len(keys) * part // parts for part in range(parts + 1)]
        return [keys[start:stop] for start, stop in pairwise(edges)]

    def _sum_before(self, position: int) -> int:
        self._settle()
        place = bisect_right(self._starts, position) - 1
        inside = position - self._starts[place]
        if inside == 0:
            return self._sums[place]
        return self._sums[place] + self._leaf(place).sums[inside]

    def _settle(self) -> None:
        """Positions and sums before each bucket are true again after a change."""
        true = self._true_places
        if true == len(self._sizes) and len(self._starts) == true + 1:
            return
        self._starts[true:] = accumulate(self._sizes[true:], initial=self._starts[true])
        self._sums[true:] = accumulate(self._totals[true:], initial=self._sums[true])
        self._true_places = len(self._sizes)

    def _leaf(self, place: int) -> _Leaf:
        """The items of the bucket at a place: kept from just before, or fetched."""
        number = self._numbers[place]
        leaf = self._leaves.pop(number, None)
        if leaf is None:
            joined = self._fetch(number)
            if len(joined) != self._sizes[place] * KEY_BYTES:
                raise LookupError(f"bucket {number} holds not what its index was told")
            keys = [joined[at : at + KEY_BYTES] for at in range(0, len(joined), KEY_BYTES)]
            leaf = _Leaf(keys, prefix_sums(keys))
        self._leaves[number] = leaf  # the newest stands last
        if len(self._leaves) > LEAVES_KEPT:
            del self._leaves[next(iter(self._leaves))]
        return leaf


def _write(number: int, keys: list[bytes]) -> BucketWrite:
    total = sum_of(map(key_id, keys))
    return BucketWrite(Bucket(number, keys[0], len(keys), total), b"".join(keys))
