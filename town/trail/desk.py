"""The desk of trails: who did what, in commits, beads and events, and what was finished.

It only reads. Commits count by their author, which for an agent's work is its address.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.beads import ids
from ledger.beads.rows import CLOSED, TOWN_TYPES, Bead
from ledger.private.store import PrivateStore
from ledger.workspace.rows import ADDING, Rig
from stamps.clock import SECOND_US
from town.beads.acting import Acting
from town.beads.ports import BeadPorts
from town.workspace.desk import Asked as AskedEvents
from town.workspace.desk import Town
from town.workspace.git import Git, GitError
from town.workspace.layout import Workspace

COMMITS: Final = "commits"
BEADS: Final = "beads"
HOOKS: Final = "hooks"
EVENTS: Final = "events"
KINDS: Final = (COMMITS, BEADS, HOOKS)
ON_HOOKS: Final = ("sling", "work", "done", "handoff")  # how the kinds of their events begin
TOLD: Final = ("bead", "status", "target", "title")  # of what an event carries
READ_MAX: Final = 5_000  # commits and events that are looked through
_FORMAT: Final = "--format=%H%x1f%at%x1f%an%x1f%s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that somebody did."""

    at: int
    kind: str  # commit, bead, or that of the event
    who: str
    id: str
    what: str
    rig: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Of whom, since when and how much; of everybody where nobody is named."""

    since: int = 0
    actor: str = ""
    rig: str = ""
    at_most: int = 20

    def takes(self, at: int, who: str) -> bool:
        """Whether that is meant."""
        return at >= self.since and self.actor in ("", who)


class Trail(Acting):
    """Looks back for one caller."""

    def __init__(
        self, store: PrivateStore, ports: BeadPorts, workspace: Workspace, git: Git
    ) -> None:
        super().__init__(store, ports)
        self.workspace = workspace
        self.git = git

    def of(self, kinds: Sequence[str], asked: Asked) -> list[Entry]:
        """What is meant of these kinds, the newest first."""
        found: list[Entry] = []
        if COMMITS in kinds:
            found += self._commits(asked)
        if BEADS in kinds:
            found += self._beads(asked)
        if HOOKS in kinds or EVENTS in kinds:
            found += self._events(asked, ON_HOOKS if EVENTS not in kinds else ())
        found.sort(key=lambda entry: (entry.at, entry.id), reverse=True)
        return found[: asked.at_most]

    def _rigs(self) -> list[Rig]:
        return self.look(lambda: [one for one in self.store.find(Rig) if one.state != ADDING])

    def _commits(self, asked: Asked) -> Iterator[Entry]:
        """Commits of every rig's repository, whatever branch they are on."""
        for rig in self._rigs():
            if asked.rig not in ("", rig.name):
                continue
            for line in self._log(rig, asked):
                sha, at, who, what = (line.split("\x1f", 3) + [""] * 3)[:4]
                moment = int(at or 0) * SECOND_US
                if asked.takes(moment, who):
                    yield Entry(at=moment, kind="commit", who=who, id=sha, what=what, rig=rig.name)

    def _log(self, rig: Rig, asked: Asked) -> list[str]:
        place = self.workspace.rig(rig.name).repository
        who = ("--fixed-strings", f"--author={asked.actor}") if asked.actor else ()
        since = (f"--since=@{asked.since // SECOND_US} +0000",) if asked.since else ()
        words = ("log", "--all", "--no-merges", "-n", str(READ_MAX), *since, *who, _FORMAT)
        try:
            return self.git.run(*words, at=place).splitlines()
        except GitError:
            return []  # the doctor says what is wrong with the repository

    def _beads(self, asked: Asked) -> Iterator[Entry]:
        """Beads as they were made and finished, by who did it."""
        for bead, rig in self._mine(asked.rig):
            if asked.takes(bead.created_at, bead.created_by):
                what = f"filed: {bead.title}"
                yield Entry(
                    at=bead.created_at, kind="bead", who=bead.created_by, id=bead.id,
                    what=what, rig=rig,
                )  # fmt: skip
            if bead.status == CLOSED and asked.takes(bead.closed_at, bead.assignee):
                what = f"closed: {bead.title}"
                yield Entry(
                    at=bead.closed_at, kind="bead", who=bead.assignee, id=bead.id,
                    what=what, rig=rig,
                )  # fmt: skip

    def _mine(self, rig: str) -> list[tuple[Bead, str]]:
        """Beads that people work on, and whose rig's they are; empty for the town's own."""

        def work() -> list[tuple[Bead, str]]:
            rigs = {one.prefix: one.name for one in self.store.find(Rig)}
            found = [
                (bead, rigs.get(ids.prefix_of(bead.id, rigs), ""))
                for bead in self.store.find(Bead)
                if bead.issue_type not in TOWN_TYPES and not bead.ephemeral
            ]
            return [(bead, of) for bead, of in found if rig in ("", of)]

        return self.look(work)

    def _events(self, asked: Asked, kinds: tuple[str, ...]) -> Iterator[Entry]:
        actors = (asked.actor,) if asked.actor else ()
        events = Town(self.store, self.ports, self.workspace).log(
            AskedEvents(at_most=READ_MAX, kinds=kinds, actors=actors)
        )
        for event in events:
            if asked.takes(event.at, event.actor) and not asked.rig:
                named = (str(event.payload.get(name, "")) for name in TOLD)
                yield Entry(
                    at=event.at, kind=event.kind, who=event.actor, id=event.subject,
                    what=" ".join(word for word in named if word),
                )  # fmt: skip

    def finished(self, asked: Asked) -> list[tuple[str, Bead]]:
        """The beads that were closed since then, each with its rig, the newest first."""
        found = [
            (rig, bead)
            for bead, rig in self._mine(asked.rig)
            if bead.status == CLOSED and asked.takes(bead.closed_at, bead.assignee)
        ]
        return sorted(found, key=lambda one: (one[1].closed_at, one[1].id), reverse=True)
