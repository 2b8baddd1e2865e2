"""How people name a commit of a ledger: by its hash, `HEAD`, `HEAD~n`, or a moment.

Pure. A moment is a day, or a time of RFC 3339; it means the last commit that is not after it.
"""

import re
from datetime import UTC, datetime
from typing import ClassVar, Final

from ledger.store import StoreError

_HASH: Final = re.compile(r"[0-9a-v]{7,40}")
_HEAD: Final = re.compile(r"HEAD(?:~([0-9]{1,6}))?")
_DAY_CHARS: Final = len("2026-12-31")


class NoCommitError(StoreError):
    """No commit is called so, or none is so old."""

    code: ClassVar[str] = "id.commit"
    hint: ClassVar[str] = "`wl log` lists the commits."
    exit: ClassVar[int] = 3

    def __init__(self, said: str) -> None:
        super().__init__(f"no commit is {said!r}")
        self.said = said


def back_from_head(said: str) -> int | None:
    """How many commits before the newest one; None for a name of another form."""
    head = _HEAD.fullmatch(said)
    return int(head[1] or 0) if head is not None else None


def is_hash(said: str) -> bool:
    """Whether it could be a hash, or how one begins."""
    return _HASH.fullmatch(said) is not None


def moment(said: str) -> str:
    """The last second of a day, or a time, as `YYYY-MM-DD HH:MM:SS` in UTC. NoCommitError."""
    try:
        when = datetime.fromisoformat(said)
    except ValueError:
        raise NoCommitError(said) from None
    if len(said) <= _DAY_CHARS:
        return f"{when:%Y-%m-%d} 23:59:59"
    plain = (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    return plain.strftime("%Y-%m-%d %H:%M:%S")
