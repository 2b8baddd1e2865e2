"""Invites: a token that leads a newcomer to a wasteland, and the inviter's count of it.

Pure. The token holds a secret; the inviter keeps only its hash, how many towns it is good for and
until when. Redeeming links two nodes; whether the newcomer is admitted is the registrar's to say
(records 4.2).
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from stamps.errors import WastelandError
from stamps.kinds import is_id

HEAD: Final = "wl1:"
SECRET_BYTES: Final = 16
TOKEN_CHARS_MAX: Final = 4_096
VIA_MAX: Final = 8
COUNT_MAX: Final = 1_000
OPEN_MAX: Final = 100  # that one member may leave with a carrier
LIVES_US_MAX: Final = 90 * 86_400_000_000


class InviteError(WastelandError):
    """The token is no invite, or not one that is still good; `reason` says why."""

    code: ClassVar[str] = "invite.refused"
    hint: ClassVar[str] = "Ask for a new invite: wl invite"
    exit: ClassVar[int] = 4

    def __init__(self, reason: str, why: str) -> None:
        super().__init__(why)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What an invite says. `expires_at` in microseconds; `key` is the inviting node's did:key."""

    wasteland: str
    name: str
    key: str
    via: tuple[str, ...]
    secret: bytes
    expires_at: int


def spell(token: Token) -> str:
    """The token as one word."""
    body = {
        "e": token.expires_at,
        "k": token.key,
        "n": token.name,
        "s": token.secret.hex(),
        "v": list(token.via),
        "w": token.wasteland,
    }
    raw = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
    return HEAD + base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def read(said: str) -> Token:
    """The token of a word, blanks and line breaks within it left out. Raises InviteError."""
    plain = "".join(said.split())
    if not plain.startswith(HEAD) or len(plain) > TOKEN_CHARS_MAX:
        raise InviteError("form", "that is no invite: one begins with wl1:")
    spelled = plain[len(HEAD) :]
    try:
        raw = base64.b64decode(spelled + "=" * (-len(spelled) % 4), altchars=b"-_", validate=True)
        body = json.loads(raw)
        token = Token(
            wasteland=str(body["w"]),
            name=str(body["n"]),
            key=str(body["k"]),
            via=tuple(str(one) for one in body["v"][:VIA_MAX]),
            secret=bytes.fromhex(body["s"]),
            expires_at=int(body["e"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise InviteError("form", "the invite is not whole") from None
    if not is_id(token.wasteland) or len(token.secret) != SECRET_BYTES:
        raise InviteError("form", "the invite is not whole")
    return token


def hash_of(secret: bytes) -> str:
    """What the inviter keeps of a secret."""
    return hashlib.sha256(b"wasteland/invite/1\0" + secret).hexdigest()


def note_of(token: Token, *, count: int) -> dict[str, Any]:
    """The inviter's note of a token that is good for so many towns."""
    return {
        "wasteland": token.wasteland,
        "count": count,
        "expires_at": token.expires_at,
        "redeemed": [],
    }


def redeemed(
    note: Mapping[str, Any] | None, *, wasteland: str, account: str, now: int
) -> dict[str, Any]:
    """The note after an account redeemed it; the same account again changes nothing.

    Raises InviteError with reason `unknown`, `expired` or `used`.
    """
    if note is None or note.get("wasteland") != wasteland:
        raise InviteError("unknown", "the inviter does not know this invite")
    already = [str(one) for one in note["redeemed"]]
    if account in already:
        return dict(note)
    if now > int(note["expires_at"]):
        raise InviteError("expired", "the invite is over")
    if len(already) >= int(note["count"]):
        raise InviteError("used", "the invite was used by others")
    return {**note, "redeemed": [*already, account]}


def outlived(notes: Mapping[str, Any], *, of: str, now: int) -> list[str]:
    """Which invites over their time a member's new one takes the places of, the oldest first.

    All that it ever left are no more than may be open: short-lived ones fill no disk.
    """
    theirs = [
        (int(note["expires_at"]), name) for name, note in notes.items() if note.get("of") == of
    ]
    over = sorted((until, name) for until, name in theirs if until <= now)
    return [name for _, name in over[: max(0, len(theirs) - OPEN_MAX + 1)]]


def entrusted(
    notes: Mapping[str, Any], facts: Mapping[str, Any], *, wasteland: str, of: str, now: int
) -> tuple[str, dict[str, Any]]:
    """The hash and the note of an invite that a member leaves with a carrier.

    The same one again changes nothing. Raises InviteError: `form`, `used` for somebody else's,
    `full` for too many.
    """
    name, count, expires_at = facts.get("hash"), facts.get("count"), facts.get("expires_at")
    if not is_id(name) or type(count) is not int or type(expires_at) is not int:
        raise InviteError("form", "the invite is not whole")
    if not 1 <= count <= COUNT_MAX or not now < expires_at <= now + LIVES_US_MAX:
        raise InviteError("form", f"an invite is for 1 to {COUNT_MAX} towns and up to 90 days")
    before = notes.get(str(name))
    if before is not None:
        if before.get("of") != of or before.get("wasteland") != wasteland:
            raise InviteError("used", "that invite is somebody else's")
        return str(name), dict(before)
    open_ones = [n for n in notes.values() if n.get("of") == of and n["expires_at"] > now]
    if len(open_ones) >= OPEN_MAX:
        raise InviteError("full", f"{OPEN_MAX} invites are open already")
    note = {"wasteland": wasteland, "count": count, "expires_at": expires_at, "redeemed": []}
    return str(name), {**note, "of": of}
