"""Which adapter runs a town's sessions: as its settings say, else tmux where it is there."""

import shutil
import sysconfig
from collections.abc import Mapping
from typing import Final

from town.node.session_processes import ProcessSessions
from town.node.session_script import ScriptSessions
from town.node.session_tmux import TmuxSessions
from town.sessions.port import NoProviderError, Sessions
from town.workspace.layout import Workspace
from town.workspace.settings_file import town_settings

AUTO: Final = "auto"
TMUX: Final = "tmux"
PROCESS: Final = "process"
SCRIPT: Final = "script:"
FOLDER: Final = (".runtime", "sessions")


def provider_of(workspace: Workspace, env: Mapping[str, str]) -> str:
    """The name of what runs new sessions. Raises BadFileError, SettingValueError."""
    said = town_settings(workspace).read().session.provider
    if said != AUTO:
        return said
    return TMUX if shutil.which(TMUX, path=env.get("PATH")) else PROCESS


def sessions_called(provider: str, workspace: Workspace, env: Mapping[str, str]) -> Sessions:
    """The sessions of a provider of this name. Raises NoProviderError."""
    if provider == TMUX:
        return TmuxSessions(workspace.root, dict(env))
    if provider == PROCESS:
        return ProcessSessions(workspace.root.joinpath(*FOLDER))
    if provider.startswith(SCRIPT):
        path = str(workspace.root / provider.removeprefix(SCRIPT))
        return ScriptSessions(path, dict(env))
    raise NoProviderError(f"nothing that runs sessions is called {provider!r}")


def sessions_of(workspace: Workspace, env: Mapping[str, str]) -> Sessions:
    """What runs the town's new sessions. Raises NoProviderError, BadFileError."""
    return sessions_called(provider_of(workspace, env), workspace, env)


def own_programs() -> str:
    """The folder in which `gt`, `bd` and `wl` of this installation lie."""
    return sysconfig.get_path("scripts")
