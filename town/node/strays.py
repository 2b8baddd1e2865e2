"""Programs that the town's sessions began and that left them: a daemon, an editor, another tmux.

Each has in its environment which town's session began it. They are named and never ended: whoever
began them may share them by now with what is no part of the town.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from town.node.families import environment_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """A program that runs on, and the agent whose session began it."""

    pid: int
    line: str
    agent: str


def strays_of(root: Path) -> list[Stray]:
    """What runs that a session of the town in this folder began, but for whoever asks."""
    import psutil  # noqa: PLC0415  # only the end of a town asks

    asking = {os.getpid(), *(one.pid for one in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            env = environment_of(process)
            ours = env.get("GT_ROOT") == str(root) and env.get("GT_SESSION_ID")
            if not ours or process.pid in asking or process.status() == psutil.STATUS_ZOMBIE:
                continue
            line = " ".join(process.cmdline()) or process.name()
            found.append(Stray(pid=process.pid, line=line, agent=env.get("GT_ROLE", "")))
    return found
