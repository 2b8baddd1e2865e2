"""Prints bytes, round trips and CPU of a Negentropy session between two bucket indexes.

    python -m bench.negentropy [ITEMS ...]     (default 10000 100000 1000000)

Half of the differences are on either side. `recent` differences are the newest items, `scattered`
ones lie anywhere. Leaves come from memory, so the CPU of a store is not in the figures. A session
that did not find the difference ends the run.
"""

import sys
from hashlib import sha256
from random import Random
from time import process_time
from tracemalloc import get_traced_memory
from tracemalloc import start as trace
from tracemalloc import stop as trace_no_more

from bench.result import row
from federation.negentropy import (
    REFERENCE_LEAF,
    REFERENCE_SPLIT,
    SCATTER_LEAF,
    SCATTER_SPLIT,
    BucketIndex,
    Initiator,
    Responder,
    bucketed,
    item_key,
)
from federation.negentropy.codec import decode_message

PARAMETERS = ((REFERENCE_SPLIT, REFERENCE_LEAF), (SCATTER_SPLIT, SCATTER_LEAF))
DIFFERENCES = (0, 1, 100, 10_000)
START = 1_700_000_000  # timestamps are seconds (records 2.5), here one item in each
TRIPS_MAX, BYTES_MAX, CPU_S_MAX = 4, 4_700_000, 2.0
HEADINGS = ("up", "down", "bytes", "trips", "largest", "ranges")


def indexed(keys: list[bytes]) -> BucketIndex:
    """An index of the keys, its leaves in memory."""
    writes = list(bucketed(keys))
    leaves = {write.bucket.number: write.leaf for write in writes}
    return BucketIndex((write.bucket for write in writes), leaves.__getitem__)


def index_bytes(keys: list[bytes]) -> int:
    """What the index itself takes, beside its leaves, after it was read."""
    writes = list(bucketed(keys))
    leaves = {write.bucket.number: write.leaf for write in writes}
    trace()
    index = BucketIndex((write.bucket for write in writes), leaves.__getitem__)
    for position in range(0, index.size(), 1 + index.size() // 100):
        index.total(range(position, index.size()))
    taken = get_traced_memory()[0]
    trace_no_more()
    return taken


def sides(keys: list[bytes], lacking: list[int]) -> tuple[list[bytes], list[bytes]]:
    """Both sets: the first lacks every second of these positions, the second the others."""
    first, second = set(lacking[::2]), set(lacking[1::2])
    return (
        [key for place, key in enumerate(keys) if place not in first],
        [key for place, key in enumerate(keys) if place not in second],
    )


def measure(keys: list[bytes], lacking: list[int], split: int, leaf: int) -> str:
    """One line: bytes up and down, round trips, CPU of each side, largest message."""
    here, there = (indexed(side) for side in sides(keys, lacking))
    initiator = Initiator(here, split=split, leaf=leaf)
    responder = Responder(there, split=split, leaf=leaf)
    spent = [0.0, 0.0]
    up, down, ranges, found = [], [], 0, set()
    mark = process_time()
    asked: bytes | None = initiator.initiate()
    spent[0] += process_time() - mark
    while asked is not None:
        mark = process_time()
        answer = responder.received(asked)
        spent[1] += process_time() - mark
        up.append(len(asked))
        down.append(len(answer))
        ranges = max(ranges, len(decode_message(asked)), len(decode_message(answer)))
        mark = process_time()
        asked, have, need = initiator.received(answer)
        spent[0] += process_time() - mark
        found |= {*have, *need}
    if len(found) != len(lacking):
        raise RuntimeError(f"found {len(found)} of {len(lacking)} differences")
    cells = (sum(up), sum(down), sum(up) + sum(down), len(up), max(up + down), ranges)
    if (split, leaf, len(lacking)) == (SCATTER_SPLIT, SCATTER_LEAF, 10_000) and scattered(lacking):
        told(len(keys), cells, spent)
    return " ".join(f"{cell:>10,}" for cell in cells) + "".join(f"{1e3 * s:>9.1f}" for s in spent)


def scattered(lacking: list[int]) -> bool:
    """Whether the differences lie all over the set."""
    return max(lacking) - min(lacking) > 2 * len(lacking)


def told(count: int, cells: tuple[int, ...], spent: list[float]) -> None:
    """The row of 10,000 scattered differences."""
    size, trips = cells[2], cells[3]
    met = trips <= TRIPS_MAX and size <= BYTES_MAX and max(spent) <= CPU_S_MAX
    figure = f"{trips} round trips, {size / 1e6:.2f} MB, CPU {spent[0]:.2f} and {spent[1]:.2f} s"
    row(f"10,000 scattered of {count:,}, layer 2", "≤ 4 round trips, ≤ 4.7 MB, ≤ 2 s CPU a side",
        figure, met=met)  # fmt: skip


def main(counts: list[int]) -> None:
    """Print the table for each size."""
    print(f"{'':31}" + "".join(f"{w:>11}" for w in HEADINGS) + "  ask ms  answer ms")
    for count in counts:
        random = Random(count)
        keys = [item_key(START + place, sha256(b"%d" % place).digest()) for place in range(count)]
        print(f"N={count:,} index {index_bytes(keys) / 1e6:.2f} MB")
        for split, leaf in PARAMETERS:
            for amount in DIFFERENCES:
                if amount > count // 2:
                    continue
                recent = list(range(count - amount, count))
                scattered = random.sample(range(count), amount)
                for name, lacking in (("recent", recent), ("scattered", scattered)):
                    label = f"b{split}/leaf{leaf} {amount:,} {name}"
                    print(f"  {label:30}{measure(keys, lacking, split, leaf)}", flush=True)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [10_000, 100_000, 1_000_000])
