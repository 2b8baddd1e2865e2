"""A crew member's own clone: whole, with the rig's address as origin, and with a person's own name.

What the rig has fetched already is linked on the disk, not fetched again and not shared: the clone
goes on when the rig is gone. It is made beside its place and moved there when it is whole.
"""

from pathlib import Path
from typing import Final

from ledger.workspace.rows import Rig
from town.crew.errors import GoneError, NotPristineError
from town.rigs.errors import NoBranchError
from town.rigs.excluded import exclude
from town.rigs.remotes import (
    ORIGIN,
    remote_lines,
    secrets_of,
    stand_alone,
    write_remotes,
)
from town.rigs.source import NewRig, shown
from town.workspace import submodules
from town.workspace.git import NO_HOOKS, Git, GitError
from town.workspace.layout import RigFolder

MARK: Final = "making"  # below .git; whose work in progress this is
RIG: Final = "rig"  # what the rig's own repository is called, as long as the clone knows it
NEAR: Final = "refs/near/"
HERE: Final = f"+refs/remotes/{ORIGIN}/*:{NEAR}*"
FETCH_S: Final = 6 * 3_600.0


def make(path: Path, rig: Rig, folder: RigFolder, git: Git, *, branch: str, token: str) -> str:
    """Why the clone at this path may be old; empty for one that has just asked. Raises GitError."""
    copied = (*NO_HOOKS, "clone", "-q", "--local", "--no-checkout", "--no-tags", "--origin", RIG)
    near = (*copied, "-c", f"remote.{RIG}.fetch={HERE}", "--", str(folder.repository), str(path))
    git.run(*near, at=path.parent, limit_s=FETCH_S)
    (path / ".git" / MARK).write_text(token, "utf-8")
    stand_alone(path / ".git" / "objects", path, git)
    _turn(path, rig, folder, git)
    old = _asked(path, rig, git)
    exclude(path / ".git" / "info" / "exclude")
    _check_out(path, rig, git, branch=branch or rig.default_branch, made=bool(branch))
    submodules.fetch(path, folder, git)
    return old


def _turn(path: Path, rig: Rig, folder: RigFolder, git: Git) -> None:
    """The clone knows the rig's remotes, and what they had, and nothing of the rig's repository."""
    seen = ("for-each-ref", f"--format=%(objectname) %(refname:lstrip={len(NEAR.split('/')) - 1})")
    listed = [line.split(" ", 1) for line in git.run(*seen, NEAR, at=path).splitlines()]
    git.run("remote", "remove", RIG, at=path)
    moves = [
        f"create refs/remotes/{ORIGIN}/{name} {commit}\ndelete {NEAR}{name}\n"
        for commit, name in listed
    ]
    git.run("update-ref", "--stdin", at=path, stdin="".join(moves))
    asked = NewRig(
        name=rig.name, url=rig.git_url, push_url=rig.push_url, upstream_url=rig.upstream_url
    )
    told = remote_lines(asked)
    if rig.fewer:
        told += [(ORIGIN, "promisor", "true"), (ORIGIN, "partialclonefilter", rig.fewer)]
    write_remotes(path / ".git" / "config", told, secrets=secrets_of(folder.repository))


def _asked(path: Path, rig: Rig, git: Git) -> str:
    """Why origin could not be asked what is new; empty where it could."""
    try:
        git.run("fetch", "-q", "--prune", ORIGIN, at=path, limit_s=FETCH_S)
    except GitError as error:
        return f"{shown(rig.git_url)} did not answer, so this is as the rig last saw it: {error}"
    return ""


def _check_out(path: Path, rig: Rig, git: Git, *, branch: str, made: bool) -> None:
    """The branch is checked out; one of a person's own begins where the rig's branch stands."""
    start = f"refs/remotes/{ORIGIN}/{branch}"
    if rig.folders:
        git.run("sparse-checkout", "set", *rig.folders, at=path)
    if git.tells("show-ref", "-q", "--verify", start, at=path):
        how = ("-B", branch, "--track", f"{ORIGIN}/{branch}")
    elif made:
        how = ("-B", branch, "--no-track", f"{ORIGIN}/{rig.default_branch}")
    else:
        raise NoBranchError(shown(rig.git_url), branch, [])
    git.run(*NO_HOOKS, "checkout", "-q", *how, at=path, limit_s=FETCH_S)


def finish(path: Path) -> None:
    """The clone is whole, and nobody's work in progress."""
    (path / ".git" / MARK).unlink(missing_ok=True)


def pull(path: Path, address: str, git: Git) -> tuple[str, str]:
    """The checkout stood there and stands there now. Raises NotPristineError, GitError.

    It only ever moves forward, to what its branch is at origin; work that is not committed stays.
    """
    if not path.is_dir():
        raise GoneError(address, path)
    before = git.run("rev-parse", "HEAD", at=path).strip()
    git.run("fetch", "-q", "--prune", ORIGIN, at=path, limit_s=FETCH_S)
    upstream = "@{upstream}"
    if not git.tells("rev-parse", "-q", "--verify", upstream, at=path):
        raise NotPristineError(address, "its branch has none at origin to follow")
    if not git.tells("merge-base", "--is-ancestor", "HEAD", upstream, at=path):
        if git.tells("merge-base", "--is-ancestor", upstream, "HEAD", at=path):
            return before, before
        raise NotPristineError(address, "its commits and those at origin went different ways")
    try:
        git.run("merge", "-q", "--ff-only", "--no-autostash", upstream, at=path)
    except GitError as error:
        raise NotPristineError(address, error.said) from error
    return before, git.run("rev-parse", "HEAD", at=path).strip()
