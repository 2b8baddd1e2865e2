"""What a command costs, start-up included, through a node and without one."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from town.node.boot import child_environment

TURNS = 25
PROGRAM = (sys.executable, "-m", "cli.launcher")


def run(env: dict[str, str], *argv: str) -> float:
    """Milliseconds of one command."""
    start = time.perf_counter()
    subprocess.run([*PROGRAM, *argv], env=env, check=True, capture_output=True)
    return (time.perf_counter() - start) * 1e3


def main() -> None:
    """One run."""
    with tempfile.TemporaryDirectory() as place:
        env = child_environment({**os.environ, "HOME": place, "WL_HOME": str(Path(place) / "t")})
        run(env, "init", "--handle", "bench")
        run(env, "post", "one", "--json")
        bare = [_python(env) for _ in range(TURNS)]
        without = [run(env, "browse", "--json") for _ in range(TURNS)]
        run(env, "up", "--port", "0")
        try:
            through = [run(env, "browse", "--json") for _ in range(TURNS)]
            posts = [run(env, "post", f"item {n}", "--json") for n in range(TURNS)]
        finally:
            run(env, "down")
    figures = {
        "bare Python": bare,
        "browse without a node": without,
        "browse through a node": through,
        "post through a node": posts,
    }
    for name, spent in figures.items():
        print(f"{name:<24}{statistics.median(spent):>8.0f} ms median{min(spent):>8.0f} least")


def _python(env: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", ""], env=env, check=True)
    return (time.perf_counter() - start) * 1e3


if __name__ == "__main__":
    main()
