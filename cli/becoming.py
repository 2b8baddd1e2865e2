"""Giving this terminal to another program, which then is this process. Standard library only."""

import os
import sys
from collections.abc import Sequence


def become(argv: Sequence[str]) -> None:
    """The program has this terminal instead of us."""
    sys.stdout.flush()
    os.execvp(argv[0], list(argv))  # noqa: S606  # argv only
