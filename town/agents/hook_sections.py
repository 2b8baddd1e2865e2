"""What each runtime's hooks call, in the form of its file.

Pure data. Compaction only tells again what stands on the hook: it never ends a session.
"""

from collections.abc import Mapping
from typing import Any, Final

from town.agents.beacon import autonomous
from town.agents.presets import HookFile

PRIME: Final = "gt prime --hook"
MAIL: Final = "gt mail check --inject"
TURN: Final = "gt tap turn"
GUARD: Final = "gt tap guard"
# Everything of ours, also of earlier versions: so are our own entries known.
OURS: Final = frozenset((PRIME, MAIL, TURN, GUARD, f"{PRIME} && {MAIL}", "gt costs record"))
TIMEOUT_S: Final = 30

Section = tuple[str, tuple[Any, ...]]  # an event, and its entries


def _nested(command: str, matcher: str) -> dict[str, Any]:
    return {"matcher": matcher, "hooks": [{"type": "command", "command": command}]}


def _claude(start: str) -> dict[str, Any]:
    return {
        "SessionStart": _nested(start, ""),
        "PreCompact": _nested(PRIME, ""),
        "UserPromptSubmit": _nested(MAIL, ""),
        "PreToolUse": _nested(GUARD, "Bash"),
        "Stop": _nested(TURN, ""),
    }


def _gemini(start: str) -> dict[str, Any]:
    return {
        "SessionStart": _nested(start, "*"),
        "PreCompress": _nested(PRIME, "*"),
        "BeforeAgent": _nested(MAIL, "*"),
        "BeforeTool": _nested(GUARD, "run_shell_command"),
        "AfterAgent": _nested(TURN, "*"),
    }


def _cursor(start: str) -> dict[str, Any]:
    return {
        "sessionStart": {"command": start},
        "preCompact": {"command": PRIME},
        "beforeSubmitPrompt": {"command": MAIL},
        "preToolUse": {"command": GUARD},
        "stop": {"command": TURN},
    }


def _copilot(start: str) -> dict[str, Any]:
    def entry(command: str) -> dict[str, Any]:
        return {"type": "command", "bash": command, "timeoutSec": TIMEOUT_S}

    return {
        "sessionStart": entry(start),
        "userPromptSubmitted": entry(MAIL),
        "preToolUse": entry(GUARD),
        "sessionEnd": entry(TURN),
    }


_FORMS: Final = {"claude": _claude, "gemini": _gemini, "cursor": _cursor, "copilot": _copilot}
BESIDE: Final[Mapping[str, Mapping[str, Any]]] = {
    "cursor": {"version": 1},
    "copilot": {"version": 1},
}


def sections(hooks: HookFile, role: str) -> tuple[Section, ...]:
    """The events of a runtime's file, each with our entries; none for one that is a script.

    Who works alone gets its mail at the start too: nobody types a prompt for it.
    """
    form = _FORMS.get(hooks.form)
    start = f"{PRIME} && {MAIL}" if autonomous(role) else PRIME
    return tuple((name, (entry,)) for name, entry in form(start).items()) if form else ()
