"""Names that only one rig can have: its own, also but for capitals, and the prefix of its beads.

Each is a row, so that of two who want one at the same moment, in whatever process, one has it.
"""

import json
from collections import Counter
from typing import Final

from ledger.beads import ids
from ledger.beads.errors import BadFieldError
from ledger.private.store import PrivateReader
from ledger.workspace.rows import ADDING, PREFIX_NAME, RIG_NAME, Rig, Taken
from town.rigs.errors import LikeNamedError, PrefixTakenError, RigThereError, UnderWayError
from town.rigs.remotes import ORIGIN
from town.workspace.git import Git
from town.workspace.layout import RigFolder

ISSUES: Final = ".beads/issues.jsonl"
ISSUES_BYTES_MAX: Final = 256 << 20
LINES_LOOKED_AT_MAX: Final = 1_000


def name_row(name: str) -> Taken:
    """The name as a row."""
    return Taken(kind=RIG_NAME, name=name.lower(), rig=name)


def prefix_row(prefix: str, rig: str) -> Taken:
    """The prefix as a row."""
    return Taken(kind=PREFIX_NAME, name=prefix, rig=rig)


def check_name(store: PrivateReader, name: str, place: RigFolder) -> None:
    """Raises where a rig has this name, or one that differs only in capitals."""
    for rig in store.find(Rig):
        if rig.name == name and rig.state == ADDING:
            raise UnderWayError(name)
        if rig.name == name:
            raise RigThereError(name, place.path)
        if rig.name.lower() == name.lower():
            raise LikeNamedError(name, rig.name)


def check_prefix(store: PrivateReader, prefix: str, *, rig: str, towns: str) -> None:
    """Raises PrefixTakenError where beads of another rig, or of the town, begin so."""
    if prefix == towns:
        raise PrefixTakenError(prefix, "the town")
    for other in store.find(Rig):
        if other.prefix == prefix and other.name != rig:
            raise PrefixTakenError(prefix, other.name)


def prefix_in(folder: RigFolder, branch: str, git: Git) -> str:
    """The prefix that most beads in the repository have; empty where it has none."""
    what = f"refs/remotes/{ORIGIN}/{branch}:{ISSUES}"
    if not git.tells("cat-file", "-e", what, at=folder.repository):
        return ""
    if int(git.run("cat-file", "-s", what, at=folder.repository)) > ISSUES_BYTES_MAX:
        return ""
    lines = git.run("cat-file", "blob", what, at=folder.repository).splitlines()
    counted = Counter(filter(None, map(_prefix_on, lines[:LINES_LOOKED_AT_MAX])))
    return counted.most_common(1)[0][0] if counted else ""


def _prefix_on(line: str) -> str:
    """The prefix of the bead on a line; empty where it is no bead."""
    try:
        found = json.loads(line)
        said = found.get("id") if isinstance(found, dict) else None
        return ids.checked_prefix(ids.prefix_of(said)) if isinstance(said, str) else ""
    except (ValueError, BadFieldError):
        return ""
