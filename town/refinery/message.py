"""The message of a squashed commit: the branch's own words, and where it came from.

Pure. Of several commits the newest one's message leads and the others' subjects follow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

FIELD: Final = "\x1f"
END: Final = "\x1e"
FORMAT: Final = "%an%x1f%ae%x1f%aI%x1f%B%x1e"
SUBJECTS_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Said:
    """What one commit of a branch says."""

    author: str
    email: str
    at: str
    message: str

    @property
    def subject(self) -> str:
        """The first line of its message."""
        return self.message.strip().partition("\n")[0]


def read(text: str) -> list[Said]:
    """The commits of `git log --format=FORMAT`, the newest first."""
    found = []
    for entry in text.split(END):
        parts = entry.lstrip("\n").split(FIELD, 3)
        if len(parts) == 4:  # noqa: PLR2004  # as many as the format has
            found.append(Said(*parts))
    return found


def squashed(commits: Sequence[Said], *, saved: str, fallback: str) -> str:
    """One message for all of them; one that only says `saved` leads where there is no other."""
    own = [one for one in commits if one.subject != saved and one.subject] or list(commits)
    if not own or not own[0].message.strip():
        return fallback
    lead, others = own[0], own[1:]
    if not others:
        return lead.message.strip()
    lines = [f"* {one.subject}" for one in others[:SUBJECTS_MAX]]
    return "\n".join((lead.message.strip(), "", *lines))
