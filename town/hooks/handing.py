"""Handing work in: everything is committed and pushed first, then one step says so.

Whatever is cut short can be repeated: a push that was made is seen to have been made, a request
that was made is found. Nothing is committed anywhere but in the work's own worktree.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from ledger.beads import rules
from ledger.beads.rows import BLOCKED, CLOSED, IN_PROGRESS, OPEN, Bead
from ledger.private.store import Change, PrivateStore
from ledger.workspace.rows import Agent
from ledger.workspace.work import (
    ACTIVE,
    DEFERRED_WORK,
    DONE,
    ESCALATED,
    IDLE,
    LOCAL,
    REMOTE_AWAY,
    STUCK,
    SUBMITTED,
    TO_QUEUE,
    Assignment,
    MergeRequest,
)
from town.beads.ports import BeadPorts
from town.hooks.desk import Hooks
from town.hooks.errors import (
    BadTargetError,
    HookError,
    NothingDoneError,
    NoWorkError,
    OtherWorkError,
    StaleError,
)
from town.hooks.sandbox import ORIGIN, commit_all
from town.workspace.git import Git, GitError
from town.workspace.layout import Workspace

COMPLETED: Final = "COMPLETED"
SAID_ESCALATED: Final = "ESCALATED"
SAID_DEFERRED: Final = "DEFERRED"
STATUSES: Final = (COMPLETED, SAID_ESCALATED, SAID_DEFERRED)
WITHIN: Final = "--recurse-submodules=check"  # what nobody could fetch is not handed in
SAVED: Final = "Saved by gt done: what was not committed yet"


class WrongBranchError(HookError):
    """The worktree is on another branch than the work's."""

    code = "work.branch"
    hint = "Switch back to the work's branch; what is on the other one stays there."

    def __init__(self, branch: str, wanted: str) -> None:
        super().__init__(f"the worktree is on {branch or 'no branch'}, the work on {wanted}")
        self.branch, self.wanted = branch, wanted


class UnseenError(HookError):
    """The remote's branch has what the worktree never had; it is not replaced."""

    code = "work.unseen"
    hint = (
        "git fetch, then git merge or git rebase onto origin's branch of this name, then gt done."
    )

    def __init__(self, branch: str, sha: str) -> None:
        super().__init__(f"somebody pushed {sha[:12]} to {branch}, which is not in your branch")
        self.branch, self.sha = branch, sha


class RemoteAwayError(HookError):
    """The remote gives no answer, so nothing can be handed in; that is no fault of the work."""

    code = REMOTE_AWAY
    hint = (
        "Nothing is lost: your commits are on the branch. gt done again once the remote answers;"
        " if this session ends first, the town goes on with the work by itself."
    )
    exit = 7
    retryable = True

    def __init__(self, work: Assignment, cause: GitError) -> None:
        super().__init__(f"the remote of {work.rig} cannot be asked: {cause.said or cause}")
        self.work, self.cause = work, cause


@dataclass(frozen=True, slots=True, kw_only=True)
class HandIn:
    """What a worker says at the end of its work."""

    agent: str
    assignment: str = ""  # what it believes to work on; empty: whatever is on its hook
    bead: str = ""  # the same, by its bead
    target: str = ""  # the branch it is to be merged into; empty: as it was given
    status: str = COMPLETED
    message: str = ""
    priority: int | None = None
    verified: bool = False  # it says that the gates passed on the target as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedIn:
    """What came of it. `again` is true where it had been handed in before."""

    work: Assignment
    bead: Bead
    request: MergeRequest | None = None
    saved: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A merge request to be made."""

    work: Assignment
    sha: str
    priority: int
    verified_base: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What git has of the work: the commit, the target's commit, whether something was saved."""

    sha: str = ""
    base: str = ""
    saved: bool = False


Request = Callable[[Wanted], tuple[MergeRequest, Change]]


class Handing(Hooks):
    """Work that is handed in, put off or given up."""

    def __init__(
        self,
        store: PrivateStore,
        ports: BeadPorts,
        workspace: Workspace,
        git: Git,
        request: Request,
    ) -> None:
        super().__init__(store, ports, workspace, git)
        self._request = request

    def done(self, said: HandIn) -> HandedIn:
        """The work is handed in. Raises HookError, RemoteAwayError among them, GitError."""
        bead, work = self.look(lambda: self._mine(said))
        self._check_target(said, work)
        if work.state == SUBMITTED:
            request = self.look(lambda: self.store.get(MergeRequest, work.request))
            return HandedIn(work=work, bead=bead, request=request, again=True)
        kept = self._kept(said, work) if work.worktree else _Kept()
        return self.act("gt done", lambda: self._step(said, work.id, kept))

    def _mine(self, said: HandIn) -> tuple[Bead, Assignment]:
        """The work that is meant. Raises StaleError, NoWorkError, OtherWorkError."""
        held = self.held(said.agent) or self._handed_in_before(said)
        if said.assignment and (held is None or held.id != said.assignment):
            known = self.store.get(Assignment, said.assignment)
            if known is None or known.agent != said.agent or known.state not in ACTIVE:
                raise StaleError(said.assignment, known.state if known is not None else "unknown")
            held = known
        if held is None:
            raise NoWorkError(said.agent)
        bead = self.store.get(Bead, held.bead)
        if bead is None:
            raise NoWorkError(said.agent)
        if said.bead and self.resolve(said.bead).id != bead.id:
            raise OtherWorkError(said.bead, bead.id)
        return bead, held

    def _handed_in_before(self, said: HandIn) -> Assignment | None:
        """The caller's work on the bead that it names, in the queue by now; None for none."""
        if not said.bead:
            return None
        works = self.assignments(self.resolve(said.bead).id, (SUBMITTED,))
        return next((work for work in works if work.agent == said.agent), None)

    def _check_target(self, said: HandIn, work: Assignment) -> None:
        """Raises BadTargetError where another target than the work's own makes no sense."""
        if not said.target:
            return
        if said.status != COMPLETED or not self._is_queued(work):
            raise BadTargetError(said.target, "nothing of it is merged this way")
        if work.state == SUBMITTED and said.target != work.base:
            raise BadTargetError(said.target, f"it is in the queue for {work.base} already")

    # --- git, outside of every turn

    def _kept(self, said: HandIn, work: Assignment) -> _Kept:
        """Everything is committed, and pushed as far as that is asked for or can be."""
        path = self.workspace.root / work.worktree
        self.sandboxes.standing(work.rig, path)
        self.sandboxes.reborn(path, None, work)
        branch = self.git.run("branch", "--show-current", at=path).strip()
        if said.status == COMPLETED and branch != work.branch:
            raise WrongBranchError(branch, work.branch)  # what lies there is saved nowhere else
        saved = commit_all(self.git, path, SAVED, self.author(work.agent))
        if said.status == COMPLETED:
            return self._pushed(path, replace(work, base=self._base(said, work, path)), saved=saved)
        self._preserved(path, work)
        return _Kept(saved=saved)

    def _base(self, said: HandIn, work: Assignment, path: Path) -> str:
        """The branch that the work is for. Raises BadTargetError for one that nobody has."""
        base = said.target or work.base
        if base == work.base:
            return base
        if base == work.branch or not self._is_there(base, path):
            raise BadTargetError(base, f"{ORIGIN} has no such branch to merge into")
        return base

    def _is_there(self, branch: str, path: Path) -> bool:
        told = self.git.run("ls-remote", ORIGIN, f"refs/heads/{branch}", at=path)
        return bool(told.strip())

    def _pushed(self, path: Path, work: Assignment, *, saved: bool) -> _Kept:
        """The commit that is handed in, pushed where the work's way asks for it, and its base."""
        sha = self.git.run("rev-parse", "HEAD", at=path).strip()
        try:
            self.git.run("fetch", "-q", ORIGIN, at=path)
        except GitError as error:
            raise RemoteAwayError(work, error) from error
        target = f"{ORIGIN}/{work.base}"
        if not self.git.tells("rev-parse", "-q", "--verify", target, at=path):
            target = f"{ORIGIN}/HEAD"  # its target is gone: the refinery waits for it
        known = self.git.tells("rev-parse", "-q", "--verify", target, at=path)
        base = self.git.run("rev-parse", target, at=path).strip() if known else ""
        words = (f"{target}..HEAD",) if known else ("HEAD",)
        ahead = int(self.git.run("rev-list", "--count", *words, at=path))
        if not ahead and not (work.no_merge or work.review_only):
            raise NothingDoneError(work.branch, work.base)
        if work.merge == TO_QUEUE and ahead:
            self._push_branch(path, work)
        return _Kept(sha=sha, base=base, saved=saved)

    def _push_branch(self, path: Path, work: Assignment) -> None:
        """The remote has the branch as it is here. Raises UnseenError, GitError.

        What it had there is replaced only where it was once the branch here.
        """
        ref = f"refs/heads/{work.branch}"
        old = self.git.run("ls-remote", ORIGIN, ref, at=path).partition("\t")[0].strip()
        if old and not self._was_ours(path, work.branch, old):
            raise UnseenError(work.branch, old)
        lease = f"--force-with-lease={ref}:{old}"
        self.git.run("push", "-q", WITHIN, lease, ORIGIN, f"{ref}:{ref}", at=path)

    def _was_ours(self, path: Path, branch: str, sha: str) -> bool:
        """Whether the commit is in the branch, or was its last one once; rebased work was."""
        if self.git.tells("merge-base", "--is-ancestor", sha, "HEAD", at=path):
            return True
        if any(one.sha == sha for one in self._requests_of(branch)):
            return True
        return sha in self.git.run("reflog", "show", "--format=%H", branch, "--", at=path).split()

    def _requests_of(self, branch: str) -> list[MergeRequest]:
        return self.look(lambda: [*self.store.find(MergeRequest, branch=branch)])

    def _preserved(self, path: Path, work: Assignment) -> None:
        """What was done so far lies at the remote too, where that can be reached."""
        branch = self.git.run("branch", "--show-current", at=path).strip()
        if branch == work.branch and work.merge != LOCAL:
            self.git.tells("push", "-q", ORIGIN, f"HEAD:refs/heads/{work.branch}", at=path)

    # --- the one step

    def _step(self, said: HandIn, began: str, kept: _Kept) -> tuple[HandedIn, Change]:
        bead, work = self._mine(said)
        if work.id != began or work.state == SUBMITTED:
            return HandedIn(work=work, bead=bead, again=True), Change()
        old, work = work, replace(work, base=said.target or work.base)
        queued = said.status == COMPLETED and self._is_queued(work)
        request: MergeRequest | None = None
        change = Change()
        if queued:
            priority = bead.priority if said.priority is None else said.priority
            base = kept.base if said.verified else ""
            wanted = Wanted(work=work, sha=kept.sha, priority=priority, verified_base=base)
            request, change = self._request(wanted)
        state, status = self._outcome(said, queued=queued)
        now = self.ports.now()
        over = replace(
            work,
            state=state,
            outcome=said.message or said.status,
            request=request.id if request is not None else "",
            ended_at=now,
        )
        moved = self._moved(bead, status, said, kept.sha)
        told = self.event("done", bead.id, assignment=work.id, status=said.status, sha=kept.sha)
        change += Change(puts=(over, moved), events=(told,), seen=(self.seen(old), self.seen(bead)))
        change += self._free(work, stuck=said.status == SAID_ESCALATED)
        return HandedIn(work=over, bead=moved, request=request, saved=kept.saved), change

    def _is_queued(self, work: Assignment) -> bool:
        """Whether it is to be merged; also what goes `direct` passes the gates first (I8)."""
        queued = work.merge != LOCAL and not work.no_merge and not work.review_only
        return queued and bool(work.branch)

    def _outcome(self, said: HandIn, *, queued: bool) -> tuple[str, str]:
        """How the assignment stands afterwards, and the bead."""
        if said.status == SAID_DEFERRED:
            return DEFERRED_WORK, OPEN
        if said.status == SAID_ESCALATED:
            return ESCALATED, BLOCKED
        return (SUBMITTED, IN_PROGRESS) if queued else (DONE, CLOSED)

    def _moved(self, bead: Bead, status: str, said: HandIn, sha: str) -> Bead:
        now = self.ports.now()
        if status == CLOSED:
            return rules.closed(bead, now=now, reason=f"Done in {sha}" if sha else "Done")
        if said.status == SAID_ESCALATED:
            note = f"{bead.notes}\nESCALATED: {said.message}".strip()
            return rules.moved(bead, BLOCKED, now=now, notes=note)
        if status == OPEN:
            note = f"{bead.notes}\nDEFERRED: {said.message}".strip() if said.message else bead.notes
            return rules.moved(bead, OPEN, now=now, assignee="", notes=note)
        return rules.moved(bead, IN_PROGRESS, now=now)

    def _free(self, work: Assignment, *, stuck: bool) -> Change:
        agent = self.store.get(Agent, work.agent)
        if agent is None or agent.assignment != work.id:
            return Change()
        state = STUCK if stuck else IDLE
        free = replace(agent, state=state, hook_bead="", assignment="")
        return Change(puts=(free,), seen=(self.seen(agent),))
