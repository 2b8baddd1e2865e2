"""Whether a target still has what it had: somebody may have moved it back.

What a refinery saw of a target is a ref of the rig's own repository, so that no tidying of git
takes away what only that has. It refuses nothing: the remote's word is the remote's.
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, unquote

from town.escalation.desk import Matter
from town.refinery.records import Records
from town.refinery.scratch import ORIGIN, Scratch

SEEN: Final = "refs/town/seen/"
RESCUE: Final = "rescue"
SHORT_CHARS: Final = 12
SHOWN_MAX: Final = 20


class Moved:
    """Remembers targets of one rig, and tells of those that lack something. After a fetch."""

    def __init__(self, records: Records, scratch: Scratch) -> None:
        self.records = records
        self.scratch = scratch
        self._known: dict[str, str] = {}  # what was seen of each target

    def look(self) -> None:
        """What a target lacks that it had lies on a branch, and a person is told, once."""
        self._known = self._remembered()
        for target, old in self._known.items():
            new = self.scratch.head(target)
            if new and not self.scratch.is_before(old, new):
                self._keep(target, old, new)

    def remember(self, targets: Iterable[str]) -> None:
        """What these targets have is known from now on."""
        for target in dict.fromkeys(targets):
            head = self.scratch.head(target)
            if head and head != self._known.get(target):
                self._run("update-ref", _ref(target), head)

    def _run(self, *argv: str) -> str:
        return self.scratch.run(*argv, at=self.scratch.folder.repository)

    def _remembered(self) -> dict[str, str]:
        told = self._run("for-each-ref", "--format=%(objectname) %(refname)", SEEN)
        lines = [line.split(" ", 1) for line in told.splitlines()]
        return {unquote(name.removeprefix(SEEN)): commit for commit, name in lines}

    def _keep(self, target: str, old: str, new: str) -> None:
        """Kept first, then told, then known: cut short anywhere, it is done again."""
        branch = f"{RESCUE}/{target}-{old[:SHORT_CHARS]}"
        self._run("update-ref", f"refs/heads/{branch}", old)
        lacks = self._run("log", "--format=%h %an: %s", f"-{SHOWN_MAX}", old, f"^{new}")
        self.records.alarms.escalate(self._matter(target, branch, lacks))
        self._run("update-ref", _ref(target), new)
        self._known[target] = new

    def _matter(self, target: str, branch: str, lacks: str) -> Matter:
        rig = self.records.rig
        place = f"{rig}/{self.scratch.folder.repository.name}"
        lines = (
            f"{target} of {rig} lacks what it had: somebody moved it back.",
            f"These are the newest of it, {SHOWN_MAX} at most:",
            "",
            lacks.strip(),
            "",
            f"Nothing of it is lost: {branch} of {place} has it. To look, and to bring it back:",
            f"git -C {place} log {branch}",
            f"git -C {place} push {ORIGIN} {branch}",
        )
        subject = f"{target} of {rig} lacks commits that it had"
        return Matter(about=f"moved:{rig}:{branch}", subject=subject, text="\n".join(lines))


def _ref(target: str) -> str:
    """Where it is remembered: flat, for of `a` and `a/b` only one could be a ref at a time."""
    return f"{SEEN}{quote(target, safe='')}"
