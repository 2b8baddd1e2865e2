"""The desk at which rigs are added, listed, parked and removed.

Adding one takes as long as git needs, outside of every turn: the name and the prefix are taken
first, and given back when something fails. The rows count; `mayor/rigs.json` shows them to others.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from ledger.beads import ids
from ledger.private.rows import Row
from ledger.private.store import Change, Dropped, PrivateStore
from ledger.workspace.rows import (
    ADDING,
    DOCKED,
    OPERATIONAL,
    PARKED,
    REFINERY,
    WITNESS,
    Agent,
    Making,
    Rig,
    Taken,
    Worktree,
)
from town.beads.desk import PREFIX
from town.beads.ports import BeadPorts
from town.leases.ports import Makers
from town.market.words import instant
from town.rigs import folder as folders
from town.rigs import names
from town.rigs.adopting import let_push, takes_pushes
from town.rigs.errors import DockedError, NoRigError, PrefixConflictError, RigThereError
from town.rigs.source import NewRig, shown
from town.rigs.unfinished import RIG, Unfinished
from town.workspace.files import write_json
from town.workspace.git import Git, Standing
from town.workspace.layout import RigFolder, Workspace, checked_rig

HQ: Final = "hq"
RIGS_VERSION: Final = 1
ADD: Final = "gt rig add"


@dataclass(frozen=True, slots=True)
class RigView:
    """A rig, and who is in it."""

    rig: Rig
    agents: tuple[Agent, ...]

    def count(self, role: str) -> int:
        """How many of a role there are."""
        return sum(agent.role == role for agent in self.agents)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with a rig's files, and how it stands; None where it is gone."""

    tree: Worktree
    standing: Standing | None


class Rigs(Unfinished):
    """The rigs of a town, as one caller works on them."""

    def __init__(
        self,
        store: PrivateStore,
        ports: BeadPorts,
        workspace: Workspace,
        git: Git,
        makers: Makers,
    ) -> None:
        super().__init__(store, ports, workspace, makers)
        self.git = git

    # --- looking

    def found(self, name: str) -> Rig:
        """The rig of this name. Only within a turn. Raises NoRigError."""
        rig = self.store.get(Rig, name.rstrip("/"))
        if rig is None or rig.state == ADDING:
            raise NoRigError(name, [one.name for one in self.whole()])
        return rig

    def rig(self, name: str) -> Rig:
        """The rig of this name. Raises NoRigError."""
        return self.look(lambda: self.found(name))

    def _view(self, rig: Rig) -> RigView:
        return RigView(rig, tuple(self.store.find(Agent, rig=rig.name)))

    def listed(self) -> list[RigView]:
        """Every rig, and who is in it."""
        return self.look(lambda: [self._view(rig) for rig in self.whole()])

    def view(self, name: str) -> RigView:
        """One rig, and who is in it. Raises NoRigError."""
        return self.look(lambda: self._view(self.found(name)))

    def places(self, name: str) -> list[Place]:
        """The folders with the rig's files, and how they stand."""
        trees = self.look(lambda: list(self.store.find(Worktree, rig=name)))
        return [Place(tree, self._standing(self.workspace.root / tree.path)) for tree in trees]

    def _standing(self, path: Path) -> Standing | None:
        if not path.is_dir():
            return None
        whole = (path / ".git").is_dir()
        return self.git.clone_standing(path) if whole else self.git.standing(path)

    # --- adding

    def add(self, wanted: NewRig) -> Rig:
        """The rig is part of the town. Raises RigError, BadNameError, GitError; then nothing is."""
        place = self.workspace.rig(checked_rig(wanted.name))
        self.clear_dead()
        rig, making = self._take(wanted, place)
        with self.or_nothing(making):
            folders.begin(place, making.token)
            branch = folders.fetch(place, wanted, self.git)
            rig = replace(self._settle(rig, wanted, branch), state=OPERATIONAL)
            if not wanted.submodules:
                folders.leave_submodules_out(place)
            folders.check_out(place, branch, rig.folders, self.git)
            if wanted.force and not takes_pushes(wanted.url, self.git):
                let_push(Path(wanted.url), self.git)
            folders.write_facts(place, rig, created_at=instant(rig.added_at))
            self._join(rig, place, making)
        folders.finish(place)
        self.publish()
        return rig

    def takes_pushes(self, rig: Rig) -> bool:
        """Whether git lets work be pushed to where the rig's work goes."""
        return takes_pushes(rig.push_url or rig.git_url, self.git)

    def _take(self, wanted: NewRig, place: RigFolder) -> tuple[Rig, Making]:
        """The name and the prefix are this rig's from now on."""

        def work() -> tuple[tuple[Rig, Making], Change]:
            names.check_name(self.store, wanted.name, place)
            if place.path.exists() or place.path.is_symlink():
                raise RigThereError(wanted.name, place.path)
            rig = self._drafted(wanted)
            making = self.begun(place.path, kind=RIG, name=rig.name)
            taken = (names.name_row(rig.name), names.prefix_row(rig.prefix, rig.name))
            rows = (rig, making, *taken)
            seen = tuple(self.missing(type(row), *row.key) for row in rows)
            return (rig, making), Change(puts=rows, seen=seen)

        return self.act(ADD, work)

    def _drafted(self, wanted: NewRig) -> Rig:
        prefix = ids.checked_prefix(wanted.prefix or ids.derived_prefix(wanted.name))
        names.check_prefix(self.store, prefix, rig=wanted.name, towns=self.towns_prefix())
        return Rig(
            name=wanted.name,
            prefix=prefix,
            git_url=wanted.url,
            push_url=wanted.push_url,
            upstream_url=wanted.upstream_url,
            local_repo=wanted.local_repo,
            fewer=wanted.filter,
            folders=wanted.sparse,
            state=ADDING,
            added_at=self.ports.now(),
            added_by=self.ports.caller.actor,
        )

    def towns_prefix(self) -> str:
        """What the ids of the town's own beads begin with. Only within a turn."""
        return self.setting(PREFIX) or HQ

    def _settle(self, rig: Rig, wanted: NewRig, branch: str) -> Rig:
        """The rig with its branch, and with the prefix that beads in its repository have."""
        found = names.prefix_in(self.workspace.rig(rig.name), branch, self.git)
        new = replace(rig, default_branch=branch)
        if not found or found == rig.prefix or (wanted.prefix and wanted.force):
            return self._written(rig, new)
        if wanted.prefix:
            raise PrefixConflictError(rig.prefix, found)
        return self._written(rig, replace(new, prefix=found))

    def _written(self, old: Rig, new: Rig) -> Rig:
        """The rig's row is the new one, and its prefix is taken."""

        def work() -> tuple[Rig, Change]:
            if old.prefix == new.prefix:
                return new, Change(puts=(new,), seen=(self.seen(old),))
            names.check_prefix(self.store, new.prefix, rig=new.name, towns=self.towns_prefix())
            mine = names.prefix_row(new.prefix, new.name)
            drop = Dropped(kind=Taken, key=names.prefix_row(old.prefix, old.name).key)
            seen = (self.seen(old), self.missing(Taken, *mine.key))
            return new, Change(puts=(new, mine), drops=(drop,), seen=seen)

        return self.act(ADD, work)

    def _join(self, rig: Rig, place: RigFolder, making: Making) -> None:
        """The rig and its own agents are rows, and nobody is making it any more."""
        told = self.event("rig.added", rig.name, prefix=rig.prefix, url=shown(rig.git_url))
        change = Change(
            puts=(rig, *self.own_rows(rig, place, self.ports.now())),
            drops=(Dropped(kind=Making, key=making.key),),
            events=(told,),
            seen=(self.seen(making), self.seen(replace(rig, state=ADDING))),
        )
        self.act(ADD, lambda: (None, change))

    def own_rows(self, rig: Rig, place: RigFolder, now: int) -> tuple[Row, ...]:
        """The agents that every rig has, and the worktrees of the refinery and the mayor."""
        agents = [
            Agent(
                id=f"{rig.name}/{role}", role=role, rig=rig.name, name=role, state="idle",
                created_at=now,
            )
            for role in (WITNESS, REFINERY)
        ]  # fmt: skip
        root = self.workspace.root
        refinery = Worktree(
            path=str(place.refinery.relative_to(root)), rig=rig.name,
            agent=f"{rig.name}/{REFINERY}", branch=rig.default_branch, made_at=now,
        )  # fmt: skip
        mayor = Worktree(path=str(place.mayor.relative_to(root)), rig=rig.name, made_at=now)
        return (*agents, refinery, mayor)

    # --- changing

    def move(self, name: str, state: str) -> Rig:
        """The rig in another state: parked, docked, operational."""
        return self.act(f"gt rig {state}", lambda: self._moved(self.found(name), state))

    def begin(self, name: str) -> Rig:
        """The rig is at work. Raises DockedError for one that rests for long."""

        def work() -> tuple[Rig, Change]:
            old = self.found(name)
            if old.state == DOCKED:
                raise DockedError(old.name)
            return self._moved(old, OPERATIONAL)

        return self.act("gt rig start", work)

    def rest(self, name: str) -> Rig:
        """The rig is parked; one that is docked stays so."""

        def work() -> tuple[Rig, Change]:
            old = self.found(name)
            return self._moved(old, DOCKED if old.state == DOCKED else PARKED)

        return self.act("gt rig stop", work)

    def _moved(self, old: Rig, state: str) -> tuple[Rig, Change]:
        new = replace(old, state=state)
        told = self.event(f"rig.{state}", old.name)
        change = Change(puts=(new,), events=(told,), seen=(self.seen(old),))
        return new, Change() if new == old else change

    def publish(self) -> None:
        """The file that other programs read says what the rows say."""

        def work() -> None:
            told = {rig.name: _published(rig) for rig in self.whole()}
            write_json(self.workspace.rigs, {"version": RIGS_VERSION, "rigs": told})

        self.look(work)  # in the turn, so that of two nobody writes what was so before


def _published(rig: Rig) -> dict[str, Any]:
    facts: dict[str, Any] = {"git_url": shown(rig.git_url), "added_at": instant(rig.added_at)}
    more = ("push_url", "upstream_url", "local_repo")
    facts |= {name: shown(getattr(rig, name)) for name in more if getattr(rig, name)}
    return {**facts, "beads": {"prefix": rig.prefix}}
