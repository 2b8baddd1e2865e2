"""What a session's program sees of the world: who it is, and the person's own variables.

Pure. Of whoever starts it only what belongs to the person passes on, keys for models among them;
what names another session, another agent or another repository never does.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ledger.workspace.rows import CREW, DOG, POLECAT
from town.agents.address import Address
from town.agents.presets import PRESETS, Preset

NAMED: Final[Mapping[str, str]] = {CREW: "GT_CREW", POLECAT: "GT_POLECAT", DOG: "GT_DOG"}
# Of the families that say who somebody is nothing passes; these are the person's all the same.
FAMILIES: Final = ("GT_", "BD_", "BEADS_", "WL_", "GIT_", "TMUX")
PASSES: Final = re.compile(
    r"WL_(NO_NODE|COVERAGE|DOLT|TRACEBACK)"
    r"|GIT_(SSH.*|ASKPASS|CONFIG.*|TERMINAL_PROMPT|SSL.*|HTTP.*|CURL.*|PROXY.*)"
)
OTHERS: Final = frozenset(
    (
        *("LD_PRELOAD", "_DOLTLITE_BOOTSTRAPPED", "STY", "PWD", "OLDPWD", "SHLVL", "_"),
        *("COLUMNS", "LINES", "TERMCAP", "CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT", "TERM"),
        *(preset.session_id_env for preset in PRESETS if preset.session_id_env),
    )
)
SYSTEM_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
TERMINAL: Final = "xterm-256color"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that a session is told of itself."""

    who: Address
    root: str
    session: str  # the row's id
    name: str  # the provider's
    preset: Preset
    email: str
    bin: str  # where our own programs lie
    worktree: str = ""
    assignment: str = ""
    bead: str = ""
    branch: str = ""
    attempt: int = 1


def passed_on(env: Mapping[str, str]) -> dict[str, str]:
    """What of the starter's variables is the person's."""
    return {
        name: value
        for name, value in env.items()
        if name not in OTHERS and (not name.startswith(FAMILIES) or PASSES.fullmatch(name))
    }


def session_env(env: Mapping[str, str], facts: Facts) -> dict[str, str]:
    """The whole environment of a session."""
    who = facts.who
    told = {
        "GT_ROLE": who.text,
        "GT_ROOT": facts.root,
        "GT_RIG": who.rig,
        NAMED.get(who.role, ""): who.name,
        "GT_SESSION": facts.name,
        "GT_SESSION_ID": facts.session,
        "GT_RUN": facts.session,
        "GT_AGENT": facts.preset.name,
        "GT_PROCESS_NAMES": ",".join(facts.preset.process_names),
        "GT_ASSIGNMENT": facts.assignment,
        "GT_BEAD": facts.bead,
        "GT_ATTEMPT": str(facts.attempt) if facts.assignment else "",
        "GT_BRANCH": facts.branch,
        "GT_POLECAT_PATH": facts.worktree if who.role == POLECAT else "",
        "BD_ACTOR": who.text,
        "BEADS_AGENT_NAME": who.text,
        "WL_HOME": f"{facts.root}/.wasteland",
        "GIT_AUTHOR_NAME": who.text,
        "GIT_AUTHOR_EMAIL": facts.email,
        "GIT_COMMITTER_NAME": who.text,
        "GIT_COMMITTER_EMAIL": facts.email,
    }
    mine = passed_on(env)
    path = f"{facts.bin}:{mine.get('PATH') or SYSTEM_PATH}"
    known = {name: value for name, value in told.items() if name and value}
    return {**mine, **facts.preset.env, **known, "PATH": path, "TERM": TERMINAL}
