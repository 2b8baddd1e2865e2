"""Making a rig's folder: a bare repository that everybody shares, and the first worktrees.

The bare repository holds what the remote has under `refs/remotes/origin`; local branches in it are
the town's own, so that nobody mistakes an old copy for work. The folder must not be there before;
it bears the token of who makes it until it is whole.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from ledger.workspace.rows import Rig
from town.rigs import remotes
from town.rigs.errors import EmptyRepositoryError, NoBranchError, RigThereError
from town.rigs.excluded import exclude
from town.rigs.remotes import ORIGIN
from town.rigs.source import NewRig, shown
from town.workspace import submodules
from town.workspace.files import write_json
from town.workspace.git import NO_HOOKS, Git
from town.workspace.layout import RigFolder

MARK: Final = ".making"
FETCH_S: Final = 6 * 3_600.0  # a large repository on a slow line


def begin(folder: RigFolder, token: str) -> None:
    """The folder is there, empty but for its token. Raises RigThereError."""
    try:
        folder.path.mkdir()
    except FileExistsError as error:
        raise RigThereError(folder.path.name, folder.path) from error
    (folder.path / MARK).write_text(token, "utf-8")


def finish(folder: RigFolder) -> None:
    """The folder is whole, and nobody's work in progress."""
    (folder.path / MARK).unlink(missing_ok=True)


def fetch(folder: RigFolder, wanted: NewRig, git: Git) -> str:
    """The default branch of the repository that is there now. Raises RigError, GitError."""
    for path in folder.folders:
        path.mkdir(exist_ok=True)
    repository = folder.repository
    remotes.begin(repository, wanted, git)
    heads = git.heads(ORIGIN, at=repository)
    if heads.form != "sha1" and not wanted.local_repo:
        shutil.rmtree(repository)  # it was only there to ask
        remotes.begin(repository, wanted, git, form=heads.form)
    if not heads.branches:
        raise EmptyRepositoryError(shown(wanted.url))
    branch = wanted.branch or heads.default
    if branch not in heads.branches:
        raise NoBranchError(shown(wanted.url), branch, heads.branches)
    fewer = ("--filter", wanted.filter) if wanted.filter else ()
    git.run("fetch", "-q", *fewer, ORIGIN, at=repository, limit_s=FETCH_S)
    remotes.forget_branches(repository, git)
    git.run("symbolic-ref", "HEAD", f"refs/heads/{branch}", at=repository)
    exclude(repository / "info" / "exclude")
    return branch


def leave_submodules_out(folder: RigFolder) -> None:
    """The rig's settings say that no checkout of it has submodules."""
    told = {"type": "rig-settings", "version": 1, submodules.SETTING: False}
    write_json(folder.settings, told)


def check_out(folder: RigFolder, branch: str, folders: Iterable[str], git: Git) -> None:
    """The worktrees of the refinery and of the mayor are there."""
    start = f"{ORIGIN}/{branch}"
    few = tuple(folders)
    worktree(folder, folder.refinery, ("-B", branch), git, start=start, folders=few)
    worktree(folder, folder.mayor, ("--detach",), git, start=start, folders=few)


def worktree(
    folder: RigFolder,
    path: Path,
    how: tuple[str, ...],
    git: Git,
    *,
    start: str,
    folders: tuple[str, ...] = (),
) -> None:
    """A worktree of the rig is there, as `how` says: on a branch or on none; begun at `start`.

    Of a sparse checkout only the folders that are asked for are ever fetched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    at = folder.repository
    add = (*NO_HOOKS, "worktree", "add", "-q")
    if not folders:
        git.run(*add, *how, str(path), start, at=at, limit_s=FETCH_S)
    else:
        git.run(*add, "--no-checkout", *how, str(path), start, at=at)
        git.run("sparse-checkout", "set", *folders, at=path)
        git.run(*NO_HOOKS, "checkout", "-q", at=path, limit_s=FETCH_S)
    submodules.fetch(path, folder, git)


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
