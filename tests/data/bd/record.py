"""Writes a history anew: every command of it, run by a `bd`, with what that printed.

python record.py BD FOLDER history.json        # FOLDER is made, and must not be there
"""

import json
import os
import subprocess
import sys
from pathlib import Path


def main(binary: str, folder: Path, history: Path) -> None:
    """The history has the output of this `bd`."""
    folder.mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "BEADS_ACTOR": "ann"}

    def run(*argv: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            argv, cwd=folder, env=env, capture_output=True, text=True,
            timeout=60, check=False, input=stdin,
        )  # fmt: skip

    run("git", "init", "-q", ".")
    run(binary, "init", "--prefix", "gt", "--stealth").check_returncode()
    told = []
    for step in json.loads(history.read_text()):
        done = run(binary, *step["argv"], stdin=step.get("stdin", ""))
        try:
            out = json.loads(done.stdout)
        except ValueError:
            out = done.stdout
        asked = {name: step[name] for name in ("argv", "stdin") if name in step}
        told.append({**asked, "exit": done.returncode, "out": out, "err": done.stderr})
    lines = ",\n".join(json.dumps(step, ensure_ascii=False) for step in told)
    history.write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
