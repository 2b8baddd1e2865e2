"""Handing a branch in by hand: from a clone of the crew, or from any checkout of the rig.

The branch is pushed first; asking again changes nothing. Which bead it is for stands in the
branch's name, unless it is said.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from ledger.beads.rows import Bead
from ledger.private.store import Change, PrivateStore
from ledger.workspace.rows import Agent, Rig
from ledger.workspace.talk import Convoy, ConvoyItem
from ledger.workspace.work import SUBMITTED, Assignment, MergeRequest
from town.beads.ports import BeadPorts
from town.refinery.errors import NoBranchError
from town.refinery.queue import Asked, Queue
from town.workspace.git import Git

ORIGIN: Final = "origin"
_PARTS: Final = re.compile(r"[/@]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A branch that somebody hands in. What is empty is found out."""

    checkout: Path
    branch: str = ""
    issue: str = ""
    target: str = ""
    priority: int | None = None
    again: bool = False


class Submitting(Queue):
    """Hands branches in, for one caller."""

    def __init__(self, store: PrivateStore, ports: BeadPorts, git: Git) -> None:
        super().__init__(store, ports)
        self.git = git

    def hand_in(self, rig: Rig, said: Submission) -> MergeRequest:
        """The request of the branch, which is pushed. Raises MergeError, GitError."""
        place = said.checkout
        branch = said.branch or self.git.run("branch", "--show-current", at=place).strip()
        if not branch or branch == rig.default_branch:
            raise NoBranchError(f"{branch or 'no branch'} is nothing to be merged")
        if not self.git.tells("rev-parse", "-q", "--verify", f"refs/heads/{branch}", at=place):
            raise NoBranchError(f"{place} has no branch {branch}")
        sha = self.git.run("rev-parse", f"refs/heads/{branch}", at=place).strip()
        target = said.target or rig.default_branch
        self._push(place, branch, sha, target)
        return self.act("gt mq submit", lambda: self._asked(rig, said, branch, sha, target))

    def _push(self, place: Path, branch: str, sha: str, target: str) -> None:
        """The remote has the commit as the branch; what it had there is replaced if known."""
        self.git.run("fetch", "-q", ORIGIN, at=place)
        base = f"refs/remotes/{ORIGIN}/{target}"
        if not self.git.tells("rev-parse", "-q", "--verify", base, at=place):
            raise NoBranchError(f"the remote has no branch {target} to merge into")
        ahead = int(self.git.run("rev-list", "--count", f"{base}..{sha}", at=place))
        if not ahead:
            raise NoBranchError(f"{branch} has no commit that {target} does not have")
        there = f"refs/remotes/{ORIGIN}/{branch}"
        known = self.git.tells("rev-parse", "-q", "--verify", there, at=place)
        was = self.git.run("rev-parse", there, at=place).strip() if known else ""
        if was != sha:
            lease = f"--force-with-lease=refs/heads/{branch}:{was}"
            within = "--recurse-submodules=check"  # what nobody could fetch is not handed in
            refs = f"{sha}:refs/heads/{branch}"
            self.git.run("push", "-q", within, lease, ORIGIN, refs, at=place)

    def _asked(
        self, rig: Rig, said: Submission, branch: str, sha: str, target: str
    ) -> tuple[MergeRequest, Change]:
        bead = self.resolve(said.issue) if said.issue else self._of_branch(branch)
        work = self._held(bead)
        priority = said.priority
        if priority is None:
            priority = bead.priority if bead is not None else 2
        request, change = self.asked(
            Asked(
                rig=rig.name,
                branch=branch,
                sha=sha,
                target=target,
                bead=bead.id if bead is not None else "",
                assignment=work.id if work is not None else "",
                worker=self.ports.caller.actor,
                priority=priority,
                convoy=self._convoy(bead),
                again=said.again,
            )
        )
        if work is not None and change:
            change += self._over(work, request)
        return request, change

    def _of_branch(self, branch: str) -> Bead | None:
        """The bead whose id is part of the branch's name; None for none."""
        found = (self.store.get(Bead, word) for word in reversed(_PARTS.split(branch)) if word)
        return next((bead for bead in found if bead is not None), None)

    def _held(self, bead: Bead | None) -> Assignment | None:
        """The caller's own work on the bead, which is on its hook."""
        agent = self.store.get(Agent, self.ports.caller.actor)
        if bead is None or agent is None or agent.hook_bead != bead.id:
            return None
        return self.store.get(Assignment, agent.assignment) if agent.assignment else None

    def _over(self, work: Assignment, request: MergeRequest) -> Change:
        """The work is handed in, the hook empty."""
        agent = self.store.get(Agent, work.agent)
        over = replace(work, state=SUBMITTED, request=request.id, branch=request.branch)
        change = Change(puts=(over,), seen=(self.seen(work),))
        if agent is None:
            return change
        free = replace(agent, state="idle", hook_bead="", assignment="")
        return change + Change(puts=(free,), seen=(self.seen(agent),))

    def _convoy(self, bead: Bead | None) -> str:
        """The open convoy that follows the bead; empty for none."""
        for item in self.store.find(ConvoyItem, bead=bead.id) if bead is not None else ():
            convoy = self.store.get(Convoy, item.convoy)
            if convoy is not None and not convoy.closed_at:
                return convoy.id
        return ""
