"""A project that a person has checked out already, as a rig.

The checkout stays where it is and as it is; the rig is made from where its work goes, and borrows
what the checkout has fetched already.
"""

import re
from pathlib import Path
from typing import Final

from town.rigs.errors import NoRemoteError, NoRepositoryError
from town.rigs.source import NewRig, address_of, secretless
from town.workspace.git import Git
from town.workspace.layout import checked_rig

RECEIVE: Final = "receive.denyCurrentBranch"
UPDATE: Final = "updateInstead"


def adopted(
    checkout: Path, git: Git, *, name: str = "", url: str = "", force: bool = False
) -> NewRig:
    """The rig of the checkout's project. Raises RigError, BadNameError.

    Under `force` one that has no remote is the place to which its own rig's work goes.
    """
    if not checkout.is_dir() or not git.tells("rev-parse", "--show-toplevel", at=checkout):
        raise NoRepositoryError(str(checkout))
    top = Path(git.run("rev-parse", "--show-toplevel", at=checkout).rstrip("\n"))
    called = checked_rig(name or re.sub(r"[^A-Za-z0-9_]+", "_", top.name).strip("_"))
    said = url or _setting(git, "remote.origin.url", at=top)
    if not said and not force:
        raise NoRemoteError(top)
    found = NewRig(
        name=called,
        url=address_of(said, cwd=top) if said else str(top),
        push_url=_setting(git, "remote.origin.pushurl", at=top) if not url else "",
        local_repo=str(top) if said and _whole(top, git) else "",
        force=force,
    )
    return secretless(found)


def takes_pushes(url: str, git: Git) -> bool:
    """Whether work can be pushed there; of what is not on this machine nobody knows: yes."""
    place = Path(url.removeprefix("file://"))
    if not place.is_absolute() or not place.is_dir():
        return True
    if git.run("rev-parse", "--is-bare-repository", at=place).strip() == "true":
        return True
    return _setting(git, RECEIVE, at=place) in ("ignore", "warn", "false", UPDATE)


def let_push(checkout: Path, git: Git) -> None:
    """Work that is pushed to the checkout's own branch is checked out in it where it is clean."""
    git.run("config", RECEIVE, UPDATE, at=checkout)


def _setting(git: Git, name: str, *, at: Path) -> str:
    known = git.tells("config", "--get", name, at=at)
    return git.run("config", "--get", name, at=at).strip() if known else ""


def _whole(top: Path, git: Git) -> bool:
    """Whether the checkout has all of its history and all of its files."""
    shallow = git.run("rev-parse", "--is-shallow-repository", at=top).strip() == "true"
    return not shallow and not git.tells("config", "--get-regexp", r"remote\..*\.promisor", at=top)
