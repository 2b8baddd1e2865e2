"""A git on PATH that is the real one, and does one more thing at a chosen moment.

It lets a test end a process between two steps of it, hold it there, or let a step fail, without
anything of ours knowing that it is tested.
"""

import os
import shutil
from pathlib import Path

# What the wrapper does when git was called the n-th time with that word, behind one `-c` at most.
KILL = 'kill -9 "$PPID"; exit 137'
FAIL = 'echo "fatal: the disk is full" >&2; exit 128'


def wrapped_git(folder: Path, word: str, *, then: str, times: int = 1, before: bool = False) -> str:
    """A PATH on which `git word` does that after the n-th time it ran, or before it would."""
    real = shutil.which("git")
    assert real
    folder.mkdir(parents=True, exist_ok=True)
    count = folder / "count"
    act = f'if [ "$(wc -l < "{count}")" -eq {times} ]; then {then}; fi'
    script = f"""#!/bin/sh
echo "$*" >> "{folder / "log"}"
verb="$1"; if [ "$1" = "-c" ]; then verb="$3"; fi
if [ "$verb" != "{word}" ]; then exec "{real}" "$@"; fi
echo x >> "{count}"
{act if before else ""}
"{real}" "$@" || exit $?
{"" if before else act}
"""
    (folder / "git").write_text(script)
    (folder / "git").chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def lines_of(folder: Path) -> list[str]:
    """Every command line that git was called with through that wrapper."""
    return (folder / "log").read_text().splitlines()
