"""Making a rig's folder: a bare repository that everybody shares, and the first worktrees.

The bare repository holds what the remote has under `refs/remotes/origin`; local branches in it are
the town's own, so that nobody mistakes an old copy for work.
"""

from pathlib import Path
from typing import Any, Final

from ledger.workspace.rows import Rig
from town.rigs.errors import EmptyRepositoryError, NoBranchError
from town.rigs.source import NewRig, shown
from town.workspace.files import write_json
from town.workspace.git import Git
from town.workspace.layout import RigFolder

FETCH: Final = "+refs/heads/*:refs/remotes/origin/*"
ORIGIN: Final = "origin"


def make(folder: RigFolder, wanted: NewRig, git: Git) -> str:
    """The default branch of the rig whose repository and worktrees are there. Raises RigError."""
    for path in folder.folders:
        path.mkdir(parents=True, exist_ok=True)
    branch = wanted.branch or git.default_branch(wanted.url, at=folder.path)
    if not branch:
        raise EmptyRepositoryError(shown(wanted.url))
    _make_repository(folder.repository, wanted, git)
    if not git.tells("rev-parse", "-q", "--verify", f"{ORIGIN}/{branch}", at=folder.repository):
        raise NoBranchError(shown(wanted.url), branch)
    git.run("symbolic-ref", "HEAD", f"refs/heads/{branch}", at=folder.repository)
    worktree(folder, folder.refinery, branch, git, start=f"{ORIGIN}/{branch}")
    mayor = ("worktree", "add", "-q", "--detach", str(folder.mayor), f"{ORIGIN}/{branch}")
    git.run(*mayor, at=folder.repository)
    if wanted.sparse:
        for place in (folder.refinery, folder.mayor):
            git.run("sparse-checkout", "set", *wanted.sparse, at=place)
    return branch


def _make_repository(repository: Path, wanted: NewRig, git: Git) -> None:
    git.run("init", "-q", "--bare", str(repository), at=repository.parent)
    if wanted.local_repo:
        objects = git.run("rev-parse", "--git-path", "objects", at=Path(wanted.local_repo)).strip()
        source = (Path(wanted.local_repo) / objects).resolve()
        (repository / "objects" / "info" / "alternates").write_text(f"{source}\n", "utf-8")
    git.run("remote", "add", ORIGIN, wanted.url, at=repository)
    git.run("config", f"remote.{ORIGIN}.fetch", FETCH, at=repository)
    if wanted.push_url:
        git.run("remote", "set-url", "--push", ORIGIN, wanted.push_url, at=repository)
    if wanted.upstream_url:
        git.run("remote", "add", "upstream", wanted.upstream_url, at=repository)
    fewer = ("--filter", wanted.filter) if wanted.filter else ()
    git.run("fetch", "-q", *fewer, ORIGIN, at=repository)


def worktree(folder: RigFolder, path: Path, branch: str, git: Git, *, start: str) -> None:
    """A worktree of the rig is there, on a branch that begins at `start`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    git.run("worktree", "add", "-q", "-B", branch, str(path), start, at=folder.repository)


def write_facts(folder: RigFolder, rig: Rig, *, created_at: str) -> None:
    """The files by which programs know a rig; settings that are there stay."""
    facts: dict[str, Any] = {
        "type": "rig",
        "version": 1,
        "name": rig.name,
        "git_url": shown(rig.git_url),
        "default_branch": rig.default_branch,
        "created_at": created_at,
        "beads": {"prefix": rig.prefix},
    }
    for name in ("push_url", "upstream_url", "local_repo"):
        if getattr(rig, name):
            facts[name] = shown(getattr(rig, name))
    write_json(folder.config, facts)
    if not folder.settings.exists():
        write_json(folder.settings, {"type": "rig-settings", "version": 1})
