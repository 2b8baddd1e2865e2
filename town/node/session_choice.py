"""Which adapter runs a town's sessions: as its settings say, else tmux where it is there."""

import shutil
from collections.abc import Mapping
from typing import Final

from town.node.session_processes import ProcessSessions
from town.node.session_tmux import TmuxSessions
from town.sessions.port import NoProviderError, Sessions
from town.workspace.layout import Workspace
from town.workspace.settings_file import town_settings

TMUX: Final = "tmux"
PROCESS: Final = "process"
FOLDER: Final = (".runtime", "sessions")


def sessions_of(workspace: Workspace, env: Mapping[str, str]) -> Sessions:
    """What runs the town's sessions. Raises NoProviderError, BadFileError."""
    told = town_settings(workspace).told().get("session", {})
    said = str(told.get("provider", "")) if isinstance(told, dict) else ""
    chosen = said or (TMUX if shutil.which(TMUX, path=env.get("PATH")) else PROCESS)
    if chosen == TMUX:
        return TmuxSessions(workspace.root, dict(env))
    if chosen == PROCESS:
        return ProcessSessions(workspace.root.joinpath(*FOLDER))
    raise NoProviderError(f"session.provider is {chosen!r}, which is neither tmux nor process")
