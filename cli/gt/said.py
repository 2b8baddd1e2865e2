"""What a runtime says of itself to the hook that it calls: an object on standard input.

The forms differ by runtime; what cannot be read counts as nothing said.
"""

import json
from typing import Any, Final

from cli.context import Call

NATIVE: Final = ("session_id", "sessionId", "conversation_id")
BEFORE_CUT: Final = frozenset(("precompact", "precompress"))  # events, in small letters
GOES_ON: Final = frozenset(("compact", "resume"))  # of an event that begins a session


def said_by_runtime(call: Call, *, waits: bool) -> dict[str, Any]:
    """What the runtime says; nothing where it says nothing. Where nobody `waits`, what is there."""
    if call.tty[0]:
        return {}
    raw = call.terminal.read_all() if waits else call.terminal.read_soon()
    try:
        found = json.loads(raw or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def native_of(said: dict[str, Any]) -> str:
    """What the runtime itself calls the session; empty where it does not say."""
    return next((str(said[name]) for name in NATIVE if isinstance(said.get(name), str)), "")


def goes_on(said: dict[str, Any]) -> bool:
    """Whether the session was told before: its context was cut, or is about to be, or came back."""
    event = str(said.get("hook_event_name") or said.get("hookEventName") or "").lower()
    return event in BEFORE_CUT or str(said.get("source") or "").lower() in GOES_ON
