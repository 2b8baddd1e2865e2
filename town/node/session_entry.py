"""How a session's program is told its environment: by a file for it alone, gone once it is read.

A command line can be read by everybody on the machine, and an agent's environment has keys in it.
"""

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from town.sessions.port import SessionPlan

BECOME: Final = Path(__file__).with_name("session_become.py")
HOLDER: Final = Path(__file__).with_name("session_holder.py")
KEEP: Final = "--keep"


def entry_file(plan: SessionPlan, *, env: Mapping[str, str]) -> Path:
    """The file that `session_become.py` reads: readable by this user alone."""
    told = {"argv": list(plan.argv), "cwd": str(plan.cwd), "env": dict(env)}
    descriptor, name = tempfile.mkstemp(prefix="wl-session-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(told, file)
    return Path(name)


def entry_argv(told: Path) -> tuple[str, ...]:
    """The argv of a process that becomes the session's program."""
    return (sys.executable, "-S", "-E", str(BECOME), str(told))


def keeper_argv(plan: SessionPlan, transcript: Path) -> tuple[str, ...]:
    """The argv of a process that keeps what it is given, the newest of it."""
    keeps = (KEEP, str(made(transcript)), str(plan.transcript_bytes_max))
    return (sys.executable, "-S", "-E", str(HOLDER), *keeps)


def made(transcript: Path) -> Path:
    """The file in which a session's words are kept: there, and this user's alone."""
    transcript.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(transcript, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600))
    return transcript
