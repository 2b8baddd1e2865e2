"""Where a rig's repository is: what a person typed, as an address for git.

Pure but for looking whether a path is there.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from town.rigs.errors import NoRepositoryError

_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+.-]*://|[^/\s]+@[^/\s:]+:|[^/\s:]+\.[a-z]+:")
_SECRET: Final = re.compile(r"(?<=://)[^/@\s]+@")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRig:
    """A rig to be added, as a person asked for it."""

    name: str
    url: str
    prefix: str = ""
    branch: str = ""
    push_url: str = ""
    upstream_url: str = ""
    local_repo: str = ""
    filter: str = ""
    sparse: tuple[str, ...] = ()


def address_of(said: str, *, cwd: Path) -> str:
    """The address of a repository: one as it was typed, or the absolute path of a folder."""
    if _ADDRESS.match(said):
        return said
    path = (cwd / Path(said).expanduser()).resolve()
    if not path.is_dir():
        raise NoRepositoryError(said)
    return str(path)


def shown(url: str) -> str:
    """The address without a name or a password in it."""
    return _SECRET.sub("", url)
