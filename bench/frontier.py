"""Bytes of a frontier exchange: said by whole, and as what changed since both last agreed.

Frontiers of many devices without their records: what is measured is what crosses beside them.
"""

import hashlib
import random

from federation.compare import Verdict, compare
from federation.frontier import Nonces, describe, encode_frontier
from federation.letters import Answer, encode_answer
from federation.outline import Outline, outline_of
from ledger.replica import Frontier, Head
from stamps.identity import DeviceKey
from stamps.record import ChainKey

NONCES = Nonces(b"a" * 16, b"b" * 16)
ROUNDS = 2


def chains(count: int) -> list[ChainKey]:
    """So many devices of one wasteland."""
    keys = (DeviceKey.from_seed(hashlib.sha256(b"%d" % n).digest()).device for n in range(count))
    return [ChainKey("0" * 64, f"{n:064x}", str(key)) for n, key in enumerate(keys)]


def frontier(heads: dict[ChainKey, int]) -> Outline:
    """The outline of a set with these heads."""
    told = {
        key: Head(seq, hashlib.sha256(f"{key}{seq}".encode()).hexdigest())
        for key, seq in heads.items()
    }
    root = hashlib.sha256(repr(sorted(heads.items())).encode()).digest()
    return outline_of(
        Frontier(wasteland="0" * 64, chains=told, logs={}, forks={}, pins=frozenset(), root=root)
    )


def measured(mine: Outline, theirs: Outline, base: Outline | None) -> int:
    """Bytes of the question and its answer, without records."""
    said = describe(mine, NONCES, base=base)

    def slot(_part: object, name: bytes, seq: int) -> bytes:
        return bytes.fromhex(hashlib.sha256(f"{theirs.keys[name]}{seq}".encode()).hexdigest())

    found = compare(said.said, theirs, base=base, slot=slot)
    if found.verdict is not Verdict.ANSWERED:
        raise RuntimeError(f"answered {found.verdict}")
    answer = Answer(
        verdict=found.verdict,
        nonce=NONCES.answerer,
        root=theirs.root,
        wishes=tuple(tuple(wishes) for wishes in found.wishes),
        they_lack=found.they_lack,
        we_lack=found.we_lack,
    )
    return len(encode_frontier(said.said)) + len(encode_answer(answer))


def main() -> None:
    """The two cases of the targets."""
    keys = chains(1_000)
    for differences, acknowledged in ((100, True), (10_000, False), (10_000, True)):
        chance = random.Random(1)
        common = dict.fromkeys(keys, 999)
        mine, theirs = dict(common), dict(common)
        for number in range(differences):
            side = mine if number % 2 else theirs
            side[chance.choice(keys[: max(100, differences // 10)])] += 1
        base = frontier(common) if acknowledged else None
        size = measured(frontier(mine), frontier(theirs), base)
        how = "acknowledged before" if acknowledged else "said whole"
        print(f"frontier, 1M records, {differences:>6} differences, {how:<20} "
              f"{size:>7,} B in {ROUNDS} round trips")  # fmt: skip
    print("equal sets: 48 B in 1 round trip")


if __name__ == "__main__":
    main()
