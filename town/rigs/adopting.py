"""A project that a person has checked out already, as the first rig of a town.

The checkout stays where it is and as it is; the rig is made from where its work goes.
"""

import re
from pathlib import Path

from town.rigs.errors import NoRemoteError, NoRepositoryError
from town.rigs.source import NewRig, address_of
from town.workspace.git import Git
from town.workspace.layout import checked_rig


def adopted(checkout: Path, git: Git) -> NewRig:
    """The rig of the checkout's project. Raises RigError, BadNameError."""
    if not checkout.is_dir() or not git.tells("rev-parse", "--show-toplevel", at=checkout):
        raise NoRepositoryError(str(checkout))
    top = Path(git.run("rev-parse", "--show-toplevel", at=checkout).rstrip("\n"))
    if not git.tells("remote", "get-url", "origin", at=top):
        raise NoRemoteError(top)
    url = git.run("remote", "get-url", "origin", at=top).strip()
    name = checked_rig(re.sub(r"[^A-Za-z0-9_]+", "_", top.name).strip("_"))
    return NewRig(name=name, url=address_of(url, cwd=top))
