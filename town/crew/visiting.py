"""Work in another rig under one's own name: a clone there that belongs to who came.

A member or a worker of one rig gets a folder in the crew of another. It is no new address: whoever
stands in it is who they were, and what they make there says so.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.private.store import Change, Dropped
from ledger.workspace.rows import ADDING, CREW, NUKED, POLECAT, Agent, Making, Rig, Worktree
from town.crew import checkout
from town.crew.desk import Crew, mark_as
from town.crew.errors import (
    MemberThereError,
    NoVisitError,
    NoVisitorError,
    OwnRigError,
    WouldLoseError,
)
from town.rigs.unfinished import aside
from town.workspace.git import Standing

VISIT: Final = "gt worktree"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A clone in another rig; `standing` is None where its folder is gone."""

    who: str
    rig: str
    path: Path
    standing: Standing | None = None
    fresh: bool = False
    warn: str = ""

    @property
    def lost(self) -> tuple[str, ...]:
        """What would be lost with it, in words."""
        return self.standing.lost if self.standing is not None else ()


class Visiting(Crew):
    """The crews of a town, and who works in another rig than their own."""

    def visitor(self, address: str) -> Agent:
        """Who would come. Raises NoVisitorError."""
        found = self.look(lambda: self.store.get(Agent, address))
        if found is None or found.role not in (CREW, POLECAT) or found.state in (ADDING, NUKED):
            raise NoVisitorError(address)
        return found

    def visit(self, who: Agent, rig: Rig) -> Visit:
        """A clone of that rig is there for its visitor. Raises CrewError, GitError."""
        if rig.name == who.rig:
            raise OwnRigError(who.id, rig.name)
        folder = self.workspace.rig(rig.name)
        path = folder.crew / f"{who.rig}-{who.name}"
        known = self.look(lambda: self.store.get(Worktree, self._key(path)))
        if known is not None and known.agent == who.id and path.is_dir():
            return self._visit(known)
        self.clear_dead()
        making = self._take_place(path)
        with self.or_nothing(making):
            path.parent.mkdir(exist_ok=True)
            self.reserve(path, who.id)
            beside = aside(path, making.token)
            warn = checkout.make(beside, rig, folder, self.git, branch="", token=making.token)
            beside.rename(path)
            tree = self._arrived(who, rig, path, making)
        checkout.finish(path)
        made = self._visit(tree)
        return Visit(
            who=made.who, rig=made.rig, path=path, standing=made.standing, fresh=True, warn=warn
        )

    def _key(self, path: Path) -> str:
        return str(path.relative_to(self.workspace.root))

    def _take_place(self, path: Path) -> Making:
        def work() -> tuple[Making, Change]:
            making = self.begun(path, kind=CREW, name="")
            if path.exists() or path.is_symlink():
                raise MemberThereError(making.path, path)
            return making, Change(puts=(making,), seen=(self.missing(Making, making.path),))

        return self.act(VISIT, work)

    def _arrived(self, who: Agent, rig: Rig, path: Path, making: Making) -> Worktree:
        tree = Worktree(
            path=making.path,
            rig=rig.name,
            agent=who.id,
            branch=rig.default_branch,
            made_at=self.ports.now(),
        )
        told = self.event("crew.visits", who.id, rig=rig.name, path=self._key(path))
        drop = Dropped(kind=Making, key=making.key)
        change = Change(puts=(tree,), drops=(drop,), events=(told,), seen=(self.seen(making),))
        self.act(VISIT, lambda: (None, change))
        return tree

    def _visit(self, tree: Worktree) -> Visit:
        path = self.workspace.root / tree.path
        there = (path / ".git").exists()
        standing = self.git.clone_standing(path) if there else None
        return Visit(who=tree.agent, rig=tree.rig, path=path, standing=standing)

    def visits(self, who: Agent) -> list[Visit]:
        """Every clone that somebody has in another rig."""
        trees = self.look(lambda: self.trees_elsewhere(who))
        return [self._visit(tree) for tree in trees]

    def leave(self, who: Agent, rig: str, *, force: bool = False) -> Visit:
        """The clone in that rig is gone. Raises NoVisitError, WouldLoseError."""
        found = [tree for tree in self.look(lambda: self.trees_elsewhere(who)) if tree.rig == rig]
        if not found:
            raise NoVisitError(who.id, rig)
        visit = self._visit(found[0])
        if visit.lost and not force:
            raise WouldLoseError(who.id, visit.lost)
        making = Making(
            path=found[0].path,
            kind=CREW,
            token=self.ports.new_secret().hex(),
            begun_at=self.ports.now(),
        )
        there = visit.path.exists()
        if there:
            mark_as(visit.path, making.token)
        told = self.event("crew.left", who.id, rig=rig)
        change = Change(
            puts=(making,) if there else (),
            drops=tuple(Dropped(kind=Worktree, key=tree.key) for tree in found),
            events=(told,),
            seen=tuple(map(self.seen, found)),
        )
        self.act(VISIT, lambda: (None, change))
        if there:
            self.clear(making)
        return visit
