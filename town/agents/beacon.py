"""The line that a session begins with: who is meant, who asks, when and why; people search for it.

Pure.
"""

from datetime import UTC, datetime
from typing import Final

from ledger.workspace.rows import CREW, MAYOR
from stamps.clock import SECOND_US
from town.agents.address import Address

INTERACTIVE: Final = (MAYOR, CREW)  # a person talks to them; everybody else goes on by itself


def autonomous(role: str) -> bool:
    """Whether nobody talks to an agent of this role while it works."""
    return role not in INTERACTIVE


def recipient(who: Address) -> str:
    """Whom a beacon names: the role, the name, the rig."""
    if not who.rig:
        return who.text
    words = who.role if who.name in ("", who.role) else f"{who.role} {who.name}"
    return f"{words} (rig: {who.rig})"


def beacon(who: Address, *, sender: str, topic: str, now: int) -> str:
    """The line; `now` is in microseconds."""
    at = datetime.fromtimestamp(now // SECOND_US, UTC).strftime("%Y-%m-%dT%H:%M")
    return f"[GAS TOWN] {recipient(who)} <- {sender} • {at} • {topic}"


def prompt(line: str, *, by_hooks: bool) -> str:
    """What a session is told as it begins: the beacon, and how it learns the rest.

    Hooks tell it by themselves; who has none is to ask.
    """
    if not by_hooks:
        return f"{line}\n\nRun `gt prime --hook` and begin work on your hook."
    return (
        f"{line}\n\nBegin work on your hook. If nobody told you what stands on it, run `gt prime`."
    )
