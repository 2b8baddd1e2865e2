"""`make bench`: every measurement, one after the other, each in a process of its own."""

import argparse
import subprocess
import sys


def main() -> int:
    """0 when all of them ran."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=0, help="instead of 10,000 and 100,000")
    asked = parser.parse_args().records
    sizes = [asked] if asked else [10_000, 100_000]
    runs = [["bench.frontier"], ["bench.commands"]]
    runs += [["bench.negentropy", *(str(size) for size in sizes)]]
    runs += [[name, "--records", str(n)] for n in sizes for name in ("bench.ingest", "bench.board")]
    failed = 0
    for argv in runs:
        print(f"\n# {' '.join(argv)}", flush=True)
        failed |= subprocess.run([sys.executable, "-m", *argv], check=False).returncode
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
