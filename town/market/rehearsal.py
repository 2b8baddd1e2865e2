"""What a rehearsal (`--dry-run`) would have said, in plain words: record names are for `wl log`."""

from collections.abc import Mapping
from typing import Any

PLAIN: Mapping[str, str] = {
    "rig.register": "make an account",
    "rig.join": "join this wasteland",
    "rig.admit": "admit or suspend a town",
    "wasteland.create": "make a wasteland",
    "wasteland.policy": "change the rules for later posts",
    "wanted.post": "post an item",
    "wanted.update": "change the item",
    "wanted.withdraw": "withdraw the item",
    "claim.bid": "ask for the item",
    "claim.grant": "give the item away",
    "claim.renew": "keep the item longer",
    "claim.release": "give it back, or take the request back",
    "claim.end": "take the item back",
    "work.submit": "hand in",
    "work.accept": "accept and stamp",
    "work.reject": "send back",
    "work.close": "close without a stamp",
    "note.add": "say something about the item",
    "stamp.give": "give a stamp",
    "stamp.revoke": "take a stamp back",
    "device.add": "let another machine sign for this account",
    "device.revoke": "end a device",
    "key.rotate": "replace the recovery key",
}
VALUE_CHARS = 60
POINTERS = frozenset({"decides", "under", "seen", "grant", "bid", "submission", "renew", "release"})


def rehearsal_lines(what: str, facts: Mapping[str, Any]) -> tuple[str, ...]:
    """The line that says what would happen, and what it would say."""
    body = facts.get("body")
    said = body if isinstance(body, Mapping) else facts
    lines = [
        f"{f'  {name}':<14}{_shown(value)}"
        for name, value in said.items()
        if name not in POINTERS and _tells(value)
    ]
    return (f"would   {PLAIN.get(what, what)}; nothing was said, nothing was sent", *lines)


def _tells(value: Any) -> bool:
    return value not in (None, "", 0, [], (), {})


def _shown(value: Any) -> str:
    plain = " ".join(_said(value).split())
    return plain if len(plain) <= VALUE_CHARS else plain[: VALUE_CHARS - 1] + "…"


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{name} {_said(each)}" for name, each in value.items() if _tells(each))
    if isinstance(value, list | tuple):
        return ", ".join(map(_said, value))
    return str(value)
