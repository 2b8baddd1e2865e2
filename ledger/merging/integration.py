"""Integration branches: where the work below an epic is gathered before all of it goes to main.

Pure. Its name, its base and which epic it belongs to stand on the epic itself.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ledger.beads.rows import TERMINAL, Bead

BRANCH: Final = "integration_branch"
BASE: Final = "integration_base"
TEMPLATE: Final = "integration/{title}"
NAME_CHARS_MAX: Final = 60
LEVELS_MAX: Final = 10
_ODD: Final = re.compile(r"[^a-z0-9._/-]+")
_BAD: Final = re.compile(r"\.\.|//|^[./-]|[./-]$|\.lock(/|$)|/[.-]")


def slug(text: str) -> str:
    """The text as part of a branch's name."""
    return _ODD.sub("-", text.lower()).replace("/", "-").strip("-.")


def name_of(template: str, epic: Bead, *, prefix: str, user: str) -> str:
    """The name that a template stands for; empty where nothing sensible is left of it."""
    told = {"title": slug(epic.title), "epic": epic.id, "prefix": prefix, "user": slug(user)}
    return filled(template, told)


def filled(template: str, told: Mapping[str, str]) -> str:
    """The branch's name that a template stands for; empty where nothing sensible is left of it."""
    name = template
    for key, value in told.items():
        name = name.replace(f"{{{key}}}", value)
    name = _ODD.sub("-", name.lower())[:NAME_CHARS_MAX].rstrip("-./")
    return "" if not name or _BAD.search(name) else name


def free_name(name: str, taken: Callable[[str], bool]) -> str:
    """The name, or with a number behind it where it is taken."""
    found, number = name, 1
    while taken(found):
        number += 1
        end = f"-{number}"
        found = f"{name[: NAME_CHARS_MAX - len(end)]}{end}"
    return found


def branch_of(bead: Bead) -> str:
    """The integration branch of an epic; empty for none."""
    found = bead.metadata.get(BRANCH)
    return found if isinstance(found, str) and bead.status not in TERMINAL else ""


def base_of(bead: Bead) -> str:
    """The branch that an epic's integration branch lands on; empty for none."""
    found = bead.metadata.get(BASE)
    return found if isinstance(found, str) else ""


def above(
    bead: str, parent_of: Callable[[str], str], bead_of: Callable[[str], Bead | None]
) -> Bead | None:
    """The nearest bead with an integration branch: the bead, or one above it; None for none."""
    at = bead
    for _ in range(LEVELS_MAX + 1):
        found = bead_of(at) if at else None
        if found is None:
            return None
        if branch_of(found):
            return found
        at = parent_of(at)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What an integration branch still lacks before it may land."""

    ahead: int = 0
    children: int = 0
    closed: int = 0
    pending: int = 0  # requests that are not merged into it yet

    @property
    def missing(self) -> tuple[str, ...]:
        """What keeps it from landing, in words; nothing for ready."""
        found = []
        if not self.ahead:
            found.append("it has nothing that its base does not have")
        if not self.children:
            found.append("its epic has no children")
        if self.closed < self.children:
            found.append(f"{self.children - self.closed} of {self.children} children are open")
        if self.pending:
            found.append(f"{self.pending} merge requests wait for it")
        return tuple(found)
