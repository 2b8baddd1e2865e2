"""The desk of the workers: who there is, what of their work lies nowhere else, whose place can go.

A name and its history stay for good; a worktree goes only when nothing in it would be lost, or when
a person says so of what is named. Whoever gets the next work has a worktree made anew.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from ledger.private.store import Change, Dropped, PrivateStore
from ledger.workspace.rows import NUKED, POLECAT, Agent, Worktree
from ledger.workspace.work import (
    HELD,
    IDLE,
    MERGED,
    OPEN_REQUESTS,
    Assignment,
    MergeRequest,
    Session,
)
from town.beads.acting import Acting
from town.beads.ports import BeadPorts
from town.polecats.errors import AtWorkError, KeptError, NoPolecatError, PolecatError
from town.workspace.git import Git, GitError, Standing
from town.workspace.layout import Workspace
from town.workspace.leaving import standing_of

REMOVE: Final = "gt polecat remove"

# What may become of a worktree, in the predecessor's words.
SAFE: Final = "SAFE_TO_NUKE"
QUEUED: Final = "NEEDS_MQ_SUBMIT"
RECOVERY: Final = "NEEDS_RECOVERY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A worker, what it has in hand, and how its worktree stands; None where there is none."""

    agent: Agent
    path: Path
    work: Assignment | None = None
    session: Session | None = None
    request: MergeRequest | None = None  # the one of its that is open
    history: Mapping[str, int] = field(default_factory=dict)  # how its works ended
    standing: Standing | None = None
    unreadable: str = ""

    @property
    def there(self) -> bool:
        """Whether it has a worktree, or something in its place."""
        return self.standing is not None or bool(self.unreadable)

    @property
    def busy(self) -> str:
        """What it has in hand, in words; empty for nothing."""
        if self.agent.hook_bead or self.work is not None:
            return f"works on {self.agent.hook_bead or (self.work.bead if self.work else '')}"
        return f"has a session that runs, {self.session.name}" if self.session is not None else ""

    @property
    def lost(self) -> tuple[str, ...]:
        """What would be lost with its worktree, in words."""
        return (
            (self.unreadable,) if self.unreadable else self.standing.lost if self.standing else ()
        )

    @property
    def kept(self) -> tuple[str, ...]:
        """Why its worktree is to stay, although it has nothing in hand."""
        waits = (f"{self.request.id} is not merged yet",) if self.request is not None else ()
        return (*self.lost, *waits)

    @property
    def verdict(self) -> str:
        """Whether its worktree can go, in a word."""
        if self.busy or self.lost:
            return RECOVERY
        return QUEUED if self.request is not None else SAFE


class Polecats(Acting):
    """The workers of a town, for one caller."""

    def __init__(
        self, store: PrivateStore, ports: BeadPorts, workspace: Workspace, git: Git
    ) -> None:
        super().__init__(store, ports)
        self.workspace = workspace
        self.git = git

    # --- looking

    def named(self, said: str) -> Agent:
        """The worker of an address, of `rig/name`, or of a name. Raises NoPolecatError."""
        words = said.rstrip("/").split("/")

        def work() -> Agent:
            every = self.store.find(Agent, role=POLECAT)
            for one in every:
                if one.name == words[-1] and (len(words) == 1 or one.rig == words[0]):
                    return one  # names are unique in the town
            raise NoPolecatError(said, [one.id for one in every])

        return self.look(work)

    def listed(self, rig: str = "", *, every: bool = False) -> list[Worker]:
        """The workers with a worktree or something in hand; `every` one also without."""

        def work() -> list[Worker]:
            where = {"rig": rig} if rig else {}
            return [self._with_rows(one) for one in self.store.find(Agent, role=POLECAT, **where)]

        found = [self._with_files(one) for one in self.look(work)]
        return [one for one in found if every or one.there or one.busy]

    def worker(self, agent: Agent) -> Worker:
        """The worker, and how its worktree stands."""
        return self._with_files(self.look(lambda: self._with_rows(agent)))

    def _path(self, agent: Agent) -> Path:
        return self.workspace.rig(agent.rig).polecats / agent.name / agent.rig

    def _with_rows(self, agent: Agent) -> Worker:
        works = self.store.find(Assignment, agent=agent.id)
        requests = self.store.find(MergeRequest, rig=agent.rig, state=OPEN_REQUESTS)
        sessions = self.store.find(Session, agent=agent.id, ended_at=0)
        return Worker(
            agent=agent,
            path=self._path(agent),
            work=next((one for one in works if one.state in HELD), None),
            session=next(iter(sessions), None),
            request=next((one for one in requests if one.worker == agent.id), None),
            history=Counter(one.state for one in works if one.state not in HELD),
        )

    def _with_files(self, worker: Worker) -> Worker:
        """The same, looked at by git; what is there and no worktree counts as unsaved."""
        path = worker.path
        if not path.exists() and not path.is_symlink():
            return worker
        standing, wrong = None, f"{path} is no worktree of its rig"
        if self._is_worktree(path, worker.agent.rig):
            try:
                standing, wrong = standing_of(path, self.git, self._merged(worker.agent.rig)), ""
            except GitError as error:
                wrong = f"git cannot look at it: {error.said}"
        return Worker(
            agent=worker.agent, path=path, work=worker.work, session=worker.session,
            request=worker.request, history=worker.history, standing=standing, unreadable=wrong,
        )  # fmt: skip

    def _is_worktree(self, path: Path, rig: str) -> bool:
        if path.is_symlink() or not (path / ".git").is_file():
            return False
        repository = self.workspace.rig(rig).repository
        try:
            told = self.git.run("rev-parse", "--git-common-dir", at=path).strip()
        except GitError:
            return False
        return (path / told).resolve() == repository.resolve()

    def _merged(self, rig: str) -> Sequence[str]:
        """The commits of the rig that lie on their target, though as others."""
        found = self.look(lambda: self.store.find(MergeRequest, rig=rig, state=MERGED))
        return [one.sha for one in found if one.sha]

    # --- removing

    def check(self, worker: Worker, *, force: bool) -> None:
        """Raises AtWorkError, KeptError where the worker's worktree may not go."""
        if worker.busy:
            raise AtWorkError(worker.agent.id, worker.busy)
        if worker.unreadable or (worker.kept and not force):
            raise KeptError(worker.agent.id, worker.kept)

    def remove(self, agent: Agent, *, force: bool = False) -> Worker:
        """The worker has no worktree any more; how it stood. Raises PolecatError, GitError.

        Its branches stay in the rig's repository, and its name stays its own.
        """
        worker = self.worker(agent)
        self.check(worker, force=force)
        resting = self._resting(agent)  # from now on nobody gives it work
        try:
            if worker.there:
                self._removed(worker, force=force)
        finally:
            self._rested(resting, gone=not worker.path.exists())
        return worker

    def _removed(self, worker: Worker, *, force: bool) -> None:
        """The folder is gone. Git itself refuses what became dirty since we looked."""
        within = (worker.path / ".gitmodules").is_file()  # which git never removes by itself
        how = ("--force",) if force or within else ()
        at = self.workspace.rig(worker.agent.rig).repository
        self.git.run("worktree", "remove", *how, str(worker.path), at=at)
        with suppress(OSError):
            worker.path.parent.rmdir()

    def _resting(self, agent: Agent) -> Agent:
        def work() -> tuple[Agent, Change]:
            now = self.store.get(Agent, agent.id)
            if now is None:
                raise NoPolecatError(agent.id, [])
            if busy := self._with_rows(now).busy:
                raise AtWorkError(now.id, busy)
            rests = replace(now, state=NUKED)
            return rests, Change(puts=(rests,), seen=(self.seen(now),))

        return self.act(REMOVE, work)

    def _rested(self, resting: Agent, *, gone: bool) -> None:
        def work() -> tuple[None, Change]:
            now = self.store.get(Agent, resting.id)
            if now is None or now.state != NUKED:
                return None, Change()
            free = Change(puts=(replace(now, state=IDLE),), seen=(self.seen(now),))
            if not gone:
                return None, free
            path = str(self._path(now).relative_to(self.workspace.root))
            tree = self.store.get(Worktree, path)
            drops = (Dropped(kind=Worktree, key=tree.key),) if tree is not None else ()
            told = self.event("worktree.removed", path, agent=now.id)
            return None, free + Change(drops=drops, events=(told,))

        self.act(REMOVE, work)

    def trees(self) -> list[str]:
        """The worktrees of workers that are there, below the workspace's root, in order."""
        workers = self.look(lambda: list(self.store.find(Agent, role=POLECAT)))
        there = [path for one in workers if (path := self._path(one)).exists()]
        return sorted(str(path.relative_to(self.workspace.root)) for path in there)

    def tidy(self, paths: Sequence[str]) -> tuple[list[str], list[str]]:
        """Of these worktrees those that are gone, and those that were kept."""
        gone = [path for path in paths if self._tidied(path)]
        return gone, [path for path in paths if path not in gone]

    def _tidied(self, path: str) -> bool:
        address = "/".join(path.split("/")[:3])  # <rig>/polecats/<name>/<rig>
        agent = self.look(lambda: self.store.get(Agent, address))
        try:
            return agent is not None and not self.remove(agent).path.exists()
        except (PolecatError, GitError):
            return False

    def collect(self, rig: str = "", *, dry: bool = False) -> tuple[list[Worker], list[Worker]]:
        """The workers whose worktrees went, and those that keep theirs; when `dry`, would go."""
        gone: list[Worker] = []
        kept: list[Worker] = []
        for worker in self.listed(rig, every=True):
            if not worker.there:
                if worker.agent.state == NUKED and not dry:
                    self._rested(worker.agent, gone=True)  # whoever removed it died behind that
                continue
            if worker.verdict != SAFE:
                kept.append(worker)
                continue
            try:
                gone.append(worker if dry else self.remove(worker.agent))
            except (AtWorkError, KeptError, GitError):
                kept.append(worker)  # something came in between
        return gone, kept
