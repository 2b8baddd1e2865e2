"""The desk at which rigs are added, listed, parked and removed.

Adding one takes as long as git needs, outside of every turn: the name and the prefix are taken
first, and given back when something fails. The rows count; `mayor/rigs.json` shows them to others.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from msgspec.structs import replace

from ledger.beads import ids
from ledger.private.store import Change, Dropped, PrivateStore
from ledger.workspace.rows import (
    ADDING,
    OPERATIONAL,
    REFINERY,
    WITNESS,
    Agent,
    Rig,
    Worktree,
)
from town.beads.acting import Acting
from town.beads.desk import PREFIX
from town.beads.ports import BeadPorts
from town.rigs import folder as folders
from town.rigs.errors import NoRigError, PrefixTakenError, RigThereError
from town.rigs.source import NewRig, shown
from town.workspace.files import write_json
from town.workspace.git import Git
from town.workspace.layout import RigFolder, Workspace, checked_rig

HQ: Final = "hq"
RIGS_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class RigView:
    """A rig, and who is in it."""

    rig: Rig
    agents: tuple[Agent, ...]

    def count(self, role: str) -> int:
        """How many of a role there are."""
        return sum(agent.role == role for agent in self.agents)


def instant(at: int) -> str:
    """A moment in microseconds since 1970 UTC, in RFC 3339."""
    return datetime.fromtimestamp(at / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Rigs(Acting):
    """The rigs of a town, as one caller works on them."""

    def __init__(
        self, store: PrivateStore, ports: BeadPorts, workspace: Workspace, git: Git
    ) -> None:
        super().__init__(store, ports)
        self.workspace = workspace
        self.git = git

    # --- looking

    def rig(self, name: str) -> Rig:
        """The rig of this name. Raises NoRigError."""

        def work() -> Rig:
            found = self.store.get(Rig, name.rstrip("/"))
            if found is None or found.state == ADDING:
                raise NoRigError(name, [rig.name for rig in self._whole()])
            return found

        return self.look(work)

    def _whole(self) -> list[Rig]:
        return [rig for rig in self.store.find(Rig) if rig.state != ADDING]

    def listed(self) -> list[RigView]:
        """Every rig, and who is in it."""

        def work() -> list[RigView]:
            return [
                RigView(rig, tuple(self.store.find(Agent, rig=rig.name))) for rig in self._whole()
            ]

        return self.look(work)

    # --- adding

    def add(self, wanted: NewRig) -> Rig:
        """The rig is part of the town. Raises RigError, BadNameError, GitError; then nothing is."""
        place = self.workspace.rig(checked_rig(wanted.name))
        rig = self._take(wanted, place)
        with self._or_nothing(rig, place):
            branch = folders.make(place, wanted, self.git)
            rig = replace(rig, default_branch=branch, state=OPERATIONAL)
            folders.write_facts(place, rig, created_at=instant(rig.added_at))
            self._join(rig, place)
        self.publish()
        return rig

    def _take(self, wanted: NewRig, place: RigFolder) -> Rig:
        """The name and the prefix are this rig's from now on."""

        def work() -> tuple[Rig, Change]:
            there = self.store.get(Rig, wanted.name)
            if (there is not None and there.state != ADDING) or place.path.exists():
                raise RigThereError(wanted.name, place.path)
            rig = Rig(
                name=wanted.name,
                prefix=self._free_prefix(wanted),
                git_url=wanted.url,
                push_url=wanted.push_url,
                upstream_url=wanted.upstream_url,
                local_repo=wanted.local_repo,
                state=ADDING,
                added_at=self.ports.now(),
                added_by=self.ports.caller.actor,
            )
            rests = self.missing(Rig, rig.name) if there is None else self.seen(there)
            return rig, Change(puts=(rig,), seen=(rests,))

        return self.act("gt rig add", work)

    def _free_prefix(self, wanted: NewRig) -> str:
        taken = {rig.prefix: rig.name for rig in self.store.find(Rig) if rig.name != wanted.name}
        taken[self.setting(PREFIX) or HQ] = "the town"
        prefix = ids.checked_prefix(wanted.prefix or ids.derived_prefix(wanted.name))
        if prefix in taken:
            raise PrefixTakenError(prefix, taken[prefix])
        return prefix

    @contextmanager
    def _or_nothing(self, rig: Rig, place: RigFolder) -> Iterator[None]:
        """If the block fails, neither the folder nor the name is taken."""
        try:
            yield
        except BaseException:
            shutil.rmtree(place.path, ignore_errors=True)
            drop = Dropped(kind=Rig, key=rig.key)
            self.look(lambda: self.store.apply(Change(drops=(drop,))))
            raise

    def _join(self, rig: Rig, place: RigFolder) -> None:
        """The rig and its own agents are rows."""
        now = self.ports.now()
        agents = [
            Agent(
                id=f"{rig.name}/{role}", role=role, rig=rig.name, name=role, state="idle",
                created_at=now,
            )
            for role in (WITNESS, REFINERY)
        ]  # fmt: skip
        root = self.workspace.root
        trees = [
            Worktree(
                path=str(place.refinery.relative_to(root)), rig=rig.name,
                agent=f"{rig.name}/{REFINERY}", branch=rig.default_branch, made_at=now,
            ),
            Worktree(path=str(place.mayor.relative_to(root)), rig=rig.name, made_at=now),
        ]  # fmt: skip
        told = self.event("rig.added", rig.name, prefix=rig.prefix, url=shown(rig.git_url))
        change = Change(puts=(rig, *agents, *trees), events=(told,))
        self.act("gt rig add", lambda: (None, change))

    # --- changing

    def move(self, name: str, state: str) -> Rig:
        """The rig in another state: parked, docked, operational."""

        def work() -> tuple[Rig, Change]:
            old = self.rig(name)
            new = replace(old, state=state)
            told = self.event(f"rig.{state}", old.name)
            change = Change(puts=(new,), events=(told,), seen=(self.seen(old),))
            return new, Change() if new == old else change

        return self.act(f"gt rig {state}", work)

    def remove(self, name: str) -> Rig:
        """The town knows the rig no more; its folder stays where it is."""

        def work() -> tuple[Rig, Change]:
            rig = self.rig(name)
            rows: Sequence[Any] = (
                rig,
                *self.store.find(Agent, rig=rig.name),
                *self.store.find(Worktree, rig=rig.name),
            )
            drops = tuple(Dropped(kind=type(row), key=row.key) for row in rows)
            told = self.event("rig.removed", rig.name)
            return rig, Change(drops=drops, events=(told,), seen=(self.seen(rig),))

        rig = self.act("gt rig remove", work)
        self.publish()
        return rig

    def publish(self) -> None:
        """The file that other programs read says what the rows say."""
        rigs = self.look(self._whole)
        told: dict[str, Any] = {}
        for rig in rigs:
            facts = {"git_url": shown(rig.git_url), "added_at": instant(rig.added_at)}
            more = ("push_url", "upstream_url", "local_repo")
            facts |= {name: shown(getattr(rig, name)) for name in more if getattr(rig, name)}
            told[rig.name] = {**facts, "beads": {"prefix": rig.prefix}}
        write_json(self.workspace.rigs, {"version": RIGS_VERSION, "rigs": told})
