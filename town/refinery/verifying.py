"""Whether what waits to be merged could be: its branch is somewhere, its bead is still open.

Looks through the points of extension, so that beads which another program keeps count as well. It
changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ledger.beads.errors import BeadError
from ledger.beads.rows import TERMINAL
from ledger.workspace.work import OPEN_REQUESTS, MergeRequest
from town.extensions.of_town import RigBranches
from town.extensions.points import BranchChecker, IssueReader
from town.workspace.git import Git
from town.workspace.layout import Workspace

HERE: Final = "here"
REMOTE: Final = "remote"
GONE: Final = "gone"
NONE: Final = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Where the branch of a request is, how its bead stands, and what of it is wrong."""

    branch: str
    issue: str
    wrong: tuple[str, ...] = ()


def verified(
    requests: Iterable[MergeRequest], git: Git, workspace: Workspace, issues: IssueReader
) -> dict[str, Verdict]:
    """Of each that waits, by id, what is known of it, the remotes asked now. Raises GitError."""
    waiting = [one for one in requests if one.state in OPEN_REQUESTS]
    branches: dict[str, RigBranches] = {}
    for rig in dict.fromkeys(one.rig for one in waiting):
        repository = workspace.rig(rig).repository
        git.run("fetch", "-q", "--prune", "origin", at=repository)
        branches[rig] = RigBranches(git, repository)
    return {one.id: verdict(one, branches[one.rig], issues) for one in waiting}


def verdict(request: MergeRequest, branches: BranchChecker, issues: IssueReader) -> Verdict:
    """What is known of a request that waits."""
    branch, issue = _branch(request.branch, branches), _issue(request.bead, issues)
    wrong = []
    if branch == GONE:
        wrong.append(f"its branch {request.branch} is neither here nor at the remote")
    if issue == GONE:
        wrong.append(f"its bead {request.bead} is not there")
    elif issue in TERMINAL:
        wrong.append(f"its bead {request.bead} is {issue} already")
    return Verdict(branch=branch, issue=issue, wrong=tuple(wrong))


def _branch(name: str, branches: BranchChecker) -> str:
    if branches.branch_exists(name):
        return HERE
    return REMOTE if branches.remote_branch_exists(name) else GONE


def _issue(bead: str, issues: IssueReader) -> str:
    if not bead:
        return NONE
    try:
        return issues.show(bead).status
    except BeadError:
        return GONE
