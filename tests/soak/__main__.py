"""`make soak`: real towns, worked and killed for some minutes; SEED=x says which chance."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.soak.play import Soak


def main() -> int:
    """0 when everything acknowledged was there at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        totals = Soak(Path(place), asked.seed).run(asked.minutes * 60)
    for name, count in sorted(totals.items()):
        print(f"{name:<20}{count:>8}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
