"""Whether the program that an agent should run is on this machine, before anything is begun.

It looks and runs nothing.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from stamps.errors import WastelandError
from town.sessions.environment import SYSTEM_PATH
from town.sessions.port import SessionError

ELSEWHERE: Final = "script:"  # what a script of the person's starts may lie on another machine


class NoProgramError(SessionError):
    """The program that an agent should run is not on this machine."""

    code = "agent.missing"
    hint = "Install it, or choose another one: --agent NAME, gt config default-agent NAME."
    exit = 6

    def __init__(self, agent: str, command: str) -> None:
        super().__init__(agent, lacking(command))
        self.command = command


def lacking(command: str) -> str:
    """What is wrong with a command that is not here."""
    where = "no program that could be run" if os.sep in command else "not on PATH"
    return f"{command} is {where}"


def unbegun(error: WastelandError) -> str:
    """Why a session cannot begin, without whose it is."""
    return lacking(error.command) if isinstance(error, NoProgramError) else str(error)


def is_program(command: str, *, folder: Path, env: Mapping[str, str], first: str) -> bool:
    """Whether a session in that folder would find the command; `first` leads its PATH."""
    path = f"{first}{os.pathsep}{env.get('PATH') or SYSTEM_PATH}"
    place = str(folder / command) if os.sep in command else command
    return shutil.which(place, path=path) is not None
