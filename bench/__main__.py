"""`make bench`: every measurement, one after the other, each in a process of its own.

At the end one table: each target, its figure, and whether it is met. It is kept beside the data.
"""

import argparse
import subprocess
import sys

from bench.result import START, folder, head

DEFAULT = (10_000, 100_000)
JOINED_MAX = 100_000  # what the target of a cold join is given for
SERVED_MAX = 10_000  # rows in a server cost three times as much


def runs(sizes: list[int]) -> list[list[str]]:
    """What is measured at these sizes."""
    largest = str(max(sizes))
    found = [["bench.frontier"], ["bench.claim"], ["bench.negentropy", *map(str, sizes)]]
    for size in sizes:
        found += [["bench.ingest", "--records", str(size)], ["bench.board", "--items", str(size)]]
    found += [["bench.server", "--records", str(min(SERVED_MAX, max(sizes)))]]
    found += [["bench.join", "--records", str(min(JOINED_MAX, max(sizes)))]]
    found += [["bench.commands", "--items", str(min(JOINED_MAX, max(sizes)))], ["bench.beads"]]
    found += [["bench.refinery"], ["bench.town"]]
    found += [[f"bench.{name}", "--records", largest] for name in ("refold", "rest")]
    return found


def measured(argv: list[str]) -> tuple[list[str], int]:
    """The rows of one measurement, and how it ended; all it prints is printed."""
    print(f"\n# {' '.join(argv)}", flush=True)
    rows = []
    with subprocess.Popen([sys.executable, "-m", *argv], stdout=subprocess.PIPE, text=True) as run:
        for line in run.stdout or ():
            print(line, end="", flush=True)
            rows += [line.rstrip()] if line.startswith(START) else []
    return rows, run.returncode


def main() -> int:
    """0 when all of them ran."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=0, help="instead of 10,000 and 100,000")
    parser.add_argument("--only", default="", help="one measurement, such as board")
    asked = parser.parse_args()
    rows: list[str] = []
    failed: list[str] = []
    for argv in runs([asked.records] if asked.records else list(DEFAULT)):
        if asked.only and argv[0] != f"bench.{asked.only}":
            continue
        found, code = measured(argv)
        rows += found
        failed += [" ".join(argv)] if code else []
    table = "\n".join([head(), *rows]) + "\n"
    print(f"\n{table}", flush=True)
    (folder() / f"table-{asked.records or 'default'}.md").write_text(table, encoding="utf-8")
    for name in failed:
        print(f"did not run: {name}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
