"""Commits that name beads as theirs: by the id in the subject, or by a word for it below.

Pure. `Closes gt-x7k2m` below the subject says that the work is done; an id in running text there
says nothing.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

COMMIT_FORMAT: Final = "%h%x1f%B%x1e"
_COMMIT_END: Final = "\x1e"
_PART_END: Final = "\x1f"
_NAMES: Final = re.compile(r"[A-Za-z0-9][\w-]*-[a-z0-9]+(?:\.[0-9]+)*(?![\w-])", re.ASCII)
_SAYS: Final = re.compile(
    r"\s*[-*]?\s*(?:closes|closed|close|fixes|fixed|fix|resolves|resolved|resolve|implements|beads?)"
    r"\b[:\s]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit as it is spoken of: how its name begins, and its first line."""

    name: str
    subject: str


def naming(log: str, beads: Collection[str]) -> dict[str, Commit]:
    """The newest commit that names each of these beads; `log` is as COMMIT_FORMAT asks for it."""
    found: dict[str, Commit] = {}
    for one in log.split(_COMMIT_END):
        name, _, message = one.strip("\n").partition(_PART_END)
        lines = message.strip().splitlines()
        for bead in _named(lines):
            if bead in beads and bead not in found:
                found[bead] = Commit(name=name, subject=lines[0])
    return found


def _named(lines: Sequence[str]) -> Iterable[str]:
    """The ids that a message names."""
    said = [*lines[:1], *(line for line in lines[1:] if _SAYS.match(line))]
    return dict.fromkeys(word.lower() for line in said for word in _NAMES.findall(line))
