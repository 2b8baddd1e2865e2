"""The command `gt`: a reserved name that says so.

They pretend nothing: no option is read, nothing is started, and the exit code is a failure.
"""

import sys

NOT_YET = 1


def gt() -> int:
    """One line on stderr, and exit code 1: the town's own tools are not here yet."""
    return _not_yet("gt", "the town's agents and rigs")


def _not_yet(command: str, what: str, /) -> int:
    line = f"{command} is not yet part of this release; {what} come later. Try `wl --help`.\n"
    sys.stderr.write(line)
    return NOT_YET
