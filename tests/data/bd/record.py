"""Writes `history.json` anew: every command of it, run by a `bd`, with what that printed.

python record.py BD FOLDER        # FOLDER is made, and must not be there
"""

import json
import os
import subprocess
import sys
from pathlib import Path

HISTORY = Path(__file__).with_name("history.json")


def main(binary: str, folder: Path) -> None:
    """The history has the output of this `bd`."""
    folder.mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "BEADS_ACTOR": "ann"}

    def run(*argv: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            argv, cwd=folder, env=env, capture_output=True, text=True,
            timeout=60, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    run("git", "init", "-q", ".")
    run(binary, "init", "--prefix", "gt", "--stealth").check_returncode()
    told = []
    for step in json.loads(HISTORY.read_text()):
        done = run(binary, *step["argv"])
        try:
            out = json.loads(done.stdout)
        except ValueError:
            out = done.stdout
        told.append({"argv": step["argv"], "exit": done.returncode, "out": out, "err": done.stderr})
    HISTORY.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
