"""The desk at which members of crews are added, looked at, renamed, brought up to date and removed.

A member is a person, or an agent that a person directs, with a clone of their own. What lies in it
and nowhere else is never removed unless somebody named it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from ledger.private.rows import Event, Row
from ledger.private.store import Change, Dropped, PrivateStore
from ledger.workspace.rows import ADDING, CREW, NUKED, Agent, Making, Rig, Worktree
from town.agents.address import of_crew
from town.beads.ports import BeadPorts
from town.crew import belongings, checkout
from town.crew.errors import (
    GoneError,
    GuestNameError,
    HasWorkError,
    ManyMembersError,
    MemberThereError,
    MemberUnderWayError,
    NoMemberError,
    WhichRigError,
    WouldLoseError,
)
from town.leases.ports import Makers
from town.rigs.errors import NoRigError
from town.rigs.unfinished import MOVE, Unfinished, aside
from town.workspace.git import Git, Standing
from town.workspace.layout import Workspace, checked_person

ADD: Final = "gt crew add"
RENAME: Final = "gt crew rename"
IDLE: Final = "idle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of a crew, the folder of its clone, and how that stands; None where it is gone."""

    agent: Agent
    path: Path
    branch: str = ""
    standing: Standing | None = None

    @property
    def lost(self) -> tuple[str, ...]:
        """What would be lost with the clone, in words."""
        if self.standing is not None:
            return self.standing.lost
        return (f"uncommitted files in {self.path}",) if self.path.exists() else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A member that was removed, and what was lost with its clone."""

    member: Member
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A member that was added, and why its clone may be old."""

    member: Member
    warn: str = ""


class Crew(Unfinished):
    """The crews of a town, as one caller works on them."""

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

    # --- finding

    def rig_of(self, said: str = "") -> Rig:
        """The rig that is meant: as said, where the caller stands, else the only one.

        Raises NoRigError, WhichRigError.
        """
        found = self.rigs_of(said)
        if len(found) > 1:
            raise WhichRigError([rig.name for rig in found])
        return found[0]

    def rigs_of(self, said: str = "") -> list[Rig]:
        """The rigs that are meant: as `rig_of`, and all where nobody says which of several.

        Raises NoRigError, and WhichRigError where there is none.
        """

        def work() -> list[Rig]:
            rigs = {rig.name: rig for rig in self.whole()}
            if said:
                if said.rstrip("/") not in rigs:
                    raise NoRigError(said, list(rigs))
                return [rigs[said.rstrip("/")]]
            if not rigs:
                raise WhichRigError([])
            here = rigs.get(self.ports.caller.rig)
            return [here] if here is not None else list(rigs.values())

        return self.look(work)

    def named(self, said: str, rig: str = "") -> Agent:
        """The member that is meant by a name, `rig/name`, or an address.

        Raises NoMemberError, ManyMembersError.
        """
        self._put_back()
        words = said.rstrip("/").split("/")
        name, of = words[-1], rig.rstrip("/") or ("" if len(words) == 1 else words[0])

        def work() -> Agent:
            every = [one for one in self.store.find(Agent) if _whole(one)]
            same = [one for one in every if one.name == name and of in ("", one.rig)]
            near = [one for one in same if one.rig == self.ports.caller.rig]
            if len(same) > 1 and len(near) == 1:
                return near[0]
            if len(same) > 1:
                raise ManyMembersError(said, [one.id for one in same])
            if not same:
                raise NoMemberError(said, [one.id for one in every])
            return same[0]

        return self.look(work)

    def _put_back(self) -> None:
        """Clones that somebody was renaming who died lie where their rows say."""
        moving = self.look(lambda: [one for one in self.store.find(Making) if one.kind == MOVE])
        for one in moving:
            if not self.lives(one):
                self.clear(one)

    def known(self, address: str) -> bool:
        """Whether somebody has this address; the town's own are always there."""
        if "/" not in address:
            return True
        return self.look(lambda: self.store.get(Agent, address)) is not None

    def _place(self, agent: Agent) -> Path:
        return self.workspace.rig(agent.rig).crew / agent.name

    def member(self, agent: Agent) -> Member:
        """The member, and how its clone stands."""
        path = self._place(agent)
        there = (path / ".git").exists()
        standing = self.git.clone_standing(path) if there else None
        branch = standing.branch if standing is not None else ""
        return Member(agent=agent, path=path, branch=branch, standing=standing)

    def listed(self, rig: str = "") -> list[Member]:
        """The members of one crew, or of every one, without a look at their clones."""
        self._put_back()

        def work() -> list[Member]:
            where = {"rig": rig} if rig else {}
            found = [one for one in self.store.find(Agent, **where) if _whole(one)]
            trees = {tree.agent: tree for tree in self.store.find(Worktree)}
            return [
                Member(
                    agent=one,
                    path=self._place(one),
                    branch=trees[one.id].branch if one.id in trees else "",
                )
                for one in found
            ]

        return self.look(work)

    # --- adding

    def add(self, rig: Rig, name: str, *, branch: str = "") -> Added:
        """The member has an address and a clone. Raises CrewError, BadNameError, GitError."""
        folder = self.workspace.rig(rig.name)
        path = folder.crew / checked_person(name)
        self.clear_dead()
        agent, making = self._take(rig, name, path)
        with self.or_nothing(making):
            path.parent.mkdir(exist_ok=True)
            self.reserve(path, agent.id)
            beside = aside(path, making.token)
            warn = checkout.make(beside, rig, folder, self.git, branch=branch, token=making.token)
            beside.rename(path)  # over the empty folder that is ours
            agent = self._join(agent, path, making, branch=branch or rig.default_branch)
        checkout.finish(path)
        return Added(member=self.member(agent), warn=warn)

    def reserve(self, path: Path, address: str) -> None:
        """An empty folder is there, which was not. Raises MemberThereError."""
        try:
            path.mkdir()
        except FileExistsError as error:
            raise MemberThereError(address, path) from error

    def _take(self, rig: Rig, name: str, path: Path) -> tuple[Agent, Making]:
        address = of_crew(rig.name, name).text

        def work() -> tuple[tuple[Agent, Making], Change]:
            self._check_free(rig.name, name, path)
            if self.store.get(Rig, rig.name) != rig:
                raise NoRigError(rig.name, [])  # it went, or moved, since it was looked for
            before = self.store.get(Agent, address)
            fresh = Agent(
                id=address, role=CREW, rig=rig.name, name=name, created_at=self.ports.now()
            )
            agent = replace(before or fresh, state=ADDING)
            making = self.begun(path, kind=CREW, name=agent.id)
            known = self.missing(Agent, address) if before is None else self.seen(before)
            seen = (known, self.missing(Making, making.path), self.seen(rig))
            return (agent, making), Change(puts=(agent, making), seen=seen)

        return self.act(ADD, work)

    def _check_free(self, rig: str, name: str, path: Path, *, besides: str = "") -> None:
        """Raises where the name is taken, also but for capitals."""
        for one in self.store.find(Agent, rig=rig):
            same = one.role == CREW and one.name.lower() == name.lower()
            if not same or one.id == besides or (one.state == NUKED and one.name == name):
                continue
            if one.state == ADDING:
                raise MemberUnderWayError(one.id)
            raise MemberThereError(one.id, self._place(one))
        if (of := name.partition("-")[0]) != name and self.store.get(Rig, of) is not None:
            raise GuestNameError(name, of)
        same_folder = path.name.lower() == besides.rpartition("/")[2].lower()
        if (path.exists() or path.is_symlink()) and not (besides and same_folder):
            raise MemberThereError(of_crew(rig, name).text, path)

    def _join(self, agent: Agent, path: Path, making: Making, *, branch: str) -> Agent:
        """The member and its clone are rows, and nobody is making it any more."""
        whole = replace(agent, state=IDLE)
        tree = self._tree(whole, path, branch=branch)
        told = self.event("crew.added", agent.id, rig=agent.rig)
        change = Change(
            puts=(whole, tree),
            drops=(Dropped(kind=Making, key=making.key),),
            events=(told,),
            seen=(self.seen(making), self.seen(agent)),
        )
        self.act(ADD, lambda: (None, change))
        return whole

    def _tree(self, agent: Agent, path: Path, *, branch: str) -> Worktree:
        return Worktree(
            path=str(path.relative_to(self.workspace.root)),
            rig=agent.rig,
            agent=agent.id,
            branch=branch,
            made_at=self.ports.now(),
        )

    # --- changing

    def pristine(self, agent: Agent) -> tuple[str, str]:
        """The clone stood and stands there; it only ever moves forward. Raises CrewError."""
        return checkout.pull(self._place(agent), agent.id, self.git)

    def rename(self, agent: Agent, name: str) -> Member:
        """The member has another name, its folder, mail and beads too. Raises CrewError."""
        old = self._place(agent)
        new = old.with_name(checked_person(name))
        if not old.is_dir():
            raise GoneError(agent.id, old)

        def check() -> None:
            self._check_free(agent.rig, name, new, besides=agent.id)
            self._still(agent)

        self.look(check)
        moving = self._moving(old, new)
        with self.or_nothing(moving):
            old.rename(new)
            called = self.act(RENAME, lambda: self._renamed(agent, name, new, moving))
        return self.member(called)

    def _moving(self, old: Path, new: Path) -> Making:
        """The row by which the next command puts the folder back, should this one die."""

        def work() -> tuple[Making, Change]:
            moving = self.begun(new, kind=MOVE, name=str(old.relative_to(self.workspace.root)))
            return moving, Change(puts=(moving,), seen=(self.missing(Making, moving.path),))

        return self.act(RENAME, work)

    def _renamed(self, agent: Agent, name: str, path: Path, moving: Making) -> tuple[Agent, Change]:
        now = self._still(agent)
        called = replace(now, id=of_crew(now.rig, name).text, name=name)
        rows = self._rows(now)
        branch = next((row.branch for row in rows if isinstance(row, Worktree)), "")
        told = self.event("crew.renamed", called.id, before=now.id)
        change = Change(
            puts=(called, self._tree(called, path, branch=branch)),
            drops=tuple(Dropped(kind=type(row), key=row.key) for row in (*rows, moving)),
            events=(told,),
            seen=(*map(self.seen, (*rows, moving)), self.missing(Agent, called.id)),
        )
        return called, change + belongings.handed(self.store, now.id, called.id)

    def _still(self, agent: Agent) -> Agent:
        """The member as it is now. Only within a turn. Raises NoMemberError, HasWorkError."""
        now = self.store.get(Agent, agent.id)
        if now is None or now.state in (ADDING, NUKED):
            raise NoMemberError(agent.id, [])
        if why := self.in_hand(now):
            raise HasWorkError(now.id, why)
        if elsewhere := self.trees_elsewhere(now):
            raise HasWorkError(now.id, f"has a clone in {elsewhere[0].rig} too (gt worktree)")
        return now

    def trees_elsewhere(self, agent: Agent) -> list[Worktree]:
        """The clones that somebody has in other rigs. Only within a turn."""
        every = self.store.find(Worktree)
        return [tree for tree in every if tree.agent == agent.id and tree.rig != agent.rig]

    def _rows(self, agent: Agent) -> list[Agent | Worktree]:
        trees = self.store.find(Worktree, rig=agent.rig)
        return [agent, *(tree for tree in trees if tree.agent == agent.id)]

    def remove(self, agent: Agent, *, force: bool = False, purge: bool = False) -> Removed:
        """The member's clone is gone; its address too under `purge`. Raises CrewError.

        What the clone has and no other place has goes only under `force`.
        """
        self.look(lambda: self._still(agent))
        member = self.member(agent)
        lost = member.lost
        if lost and not force:
            raise WouldLoseError(agent.id, lost)
        making = Making(
            path=str(member.path.relative_to(self.workspace.root)),
            kind=CREW,
            token=self.ports.new_secret().hex(),
            begun_at=self.ports.now(),
        )
        there = member.path.exists()
        if there:
            mark_as(member.path, making.token)
        self.act(
            "gt crew remove",
            lambda: (None, self._removal(agent, making if there else None, purge=purge)),
        )
        if there:
            self.clear(making)
        return Removed(member=member, lost=lost)

    def _removal(self, agent: Agent, making: Making | None, *, purge: bool) -> Change:
        """The clone is rubbish from now on, whoever dies; under `purge` nobody is left."""
        now = self._still(agent)
        rows = self._rows(now)
        told = self.event("crew.removed", agent.id, rig=agent.rig)
        change = Change(
            puts=(making,) if making is not None else (),
            drops=tuple(
                Dropped(kind=type(row), key=row.key) for row in rows if purge or row != now
            ),
            events=(told,),
            seen=tuple(map(self.seen, rows)),
        )
        if purge:
            gone = belongings.given_up(self.store, now.id, now=self.ports.now())
            return change + gone + Change(events=tuple(map(self._unassigned, gone.puts)))
        return change + Change(puts=(replace(now, state=NUKED),))

    def _unassigned(self, bead: Row) -> Event:
        return self.event("bead.updated", str(bead.key[0]), assignee="")


def _whole(agent: Agent) -> bool:
    return agent.role == CREW and agent.state not in (ADDING, NUKED)


def mark_as(path: Path, token: str) -> None:
    """The folder bears the token of who takes it away."""
    inside = path / ".git"
    mark = inside / checkout.MARK if inside.is_dir() else path / ".making"
    mark.write_text(token, "utf-8")
