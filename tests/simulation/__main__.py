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
        print(dict(Play(asked.seed).run()))
        return 0
    totals: Counter[str] = Counter()
    failed = []
    begun = time.monotonic()
    for seed in range(asked.first, asked.first + asked.seeds):
        try:
            totals += Play(seed).run()
        except AssertionError as error:
            failed.append(seed)
            print(f"seed {seed}: {error}\n  replay: make sim SEED={seed}", file=sys.stderr)
    if asked.json:
        print(json.dumps({"totals": totals, "failed": failed}))
        return 1 if failed else 0
    for name, count in sorted(totals.items()):
        print(f"{name:<28}{count:>10}")
    print(f"{asked.seeds} seeds in {time.monotonic() - begun:.0f} s, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
