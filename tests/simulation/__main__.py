"""`make sim`: many seeds with totals, or one that is replayed."""

import argparse
import json
import sys
import time
from collections import Counter

from town.node.boot import load_engine

load_engine()

from tests.simulation.play import Play  # noqa: E402  # the engine comes first


def main() -> int:
    """0 when every seed held; a failing one is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--json", action="store_true", help="totals and failures as one line")
    asked = parser.parse_args()
    if asked.seed is not None:
        play = Play(asked.seed)
        shown(play.run())
        print(f"trace {play.world.trace.hexdigest()}")
        return 0
    begun = time.monotonic()
    totals, failed = played(range(asked.first, asked.first + asked.seeds))
    if asked.json:
        print(json.dumps({"totals": totals, "failed": failed}))
        return 1 if failed else 0
    shown(totals)
    print(f"{asked.seeds} seeds in {time.monotonic() - begun:.0f} s, {len(failed)} failed")
    return 1 if failed else 0


def played(seeds: range) -> tuple[Counter[str], list[int]]:
    """The totals of these seeds, and those that failed."""
    totals: Counter[str] = Counter()
    failed = []
    for seed in seeds:
        play = Play(seed)
        try:
            totals += play.run()
        except Exception as error:  # noqa: BLE001  # it is named, and the others go on
            failed.append(seed)
            why = f"{type(error).__name__}: {error}"
            print(f"seed {seed}: {why}\n  replay: make sim SEED={seed}", file=sys.stderr)
        totals.update({f"died at {point}": n for point, n in play.world.died.items()})
    return totals, failed


def shown(totals: Counter[str]) -> None:
    """The totals are printed."""
    for name, count in sorted(totals.items()):
        print(f"{name:<32}{count:>10}")


if __name__ == "__main__":
    sys.exit(main())
