"""A program that is asked one question and ends: run in a folder, with a limit of time."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

ASK_S: Final = 300.0
NOT_RUN: Final = 127
TOO_LONG: Final = 124


def ask_program(argv: Sequence[str], at: Path, env: Mapping[str, str]) -> tuple[int, str, str]:
    """The exit code of the program, what it printed, and what it complained of."""
    folder = at if at.is_dir() else Path.cwd()
    try:
        done = subprocess.run(  # noqa: S603  # argv only
            list(argv),
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=ASK_S,
        )
    except OSError as error:
        return NOT_RUN, "", f"{argv[0]}: {error.strerror}"
    except subprocess.TimeoutExpired:
        return TOO_LONG, "", f"{argv[0]} took longer than {ASK_S:.0f} s"
    return done.returncode, done.stdout, done.stderr
