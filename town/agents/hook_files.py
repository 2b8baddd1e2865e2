"""The hook files of a town's agents on disk: where each lies, brought up to date, taken away.

A runtime that can be pointed to a file has it outside of every worktree. For another one it lies in
the folder it works in; there git is told to overlook it, and one that the project itself keeps in
git is left alone: then the session is told by typing what its hooks would have told it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ledger.workspace.rows import CREW, POLECAT
from town.agents import hook_merging
from town.agents.address import Address
from town.agents.hook_scripts import MARK
from town.agents.jsonc import NotJsonError
from town.agents.presets import HookFile
from town.workspace.files import BadFileError, changing, write_text
from town.workspace.git import Git
from town.workspace.layout import Workspace

State = Literal["none", "missing", "good", "stale", "yours", "project", "broken"]
WORDS: Final = {
    "none": "this runtime has no hooks; it is told by typing",
    "missing": "is not there yet",
    "good": "is as it should be",
    "stale": "lacks something of ours",
    "yours": "is a file of yours and stays as it is; the session is told by typing",
    "project": "is kept in git by the project and stays as it is; the session is told by typing",
    "broken": "cannot be read; nothing of it was changed",
}
CALLED: Final = ("good", "missing", "stale")  # after a sync the runtime calls us


@dataclass(frozen=True, slots=True, kw_only=True)
class HookPlace:
    """The hook file of one agent, or of all of a kind that share it."""

    role: str
    hooks: HookFile
    path: Path
    worktree: Path | None = None  # in which it lies; None outside of every worktree

    @property
    def settings(self) -> str:
        """The path that the runtime is pointed to; empty where it looks for itself."""
        return str(self.path) if self.hooks.flag else ""

    def text(self) -> str | None:
        """What the file says; None where there is none. Raises BadFileError."""
        try:
            return self.path.read_text("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise BadFileError(self.path, str(error)) from error

    def wanted(self) -> str:
        """What the file should say. Raises BadFileError."""
        try:
            return hook_merging.merged(self.hooks, self.role, self.text())
        except NotJsonError as error:
            raise BadFileError(self.path, str(error)) from error


def place_of(workspace: Workspace, who: Address, hooks: HookFile, folder: Path) -> HookPlace:
    """Where the hook file of an agent lies, who works in `folder`."""
    if not hooks.flag:
        worktree = folder if who.rig else None
        return HookPlace(role=who.role, hooks=hooks, path=folder / hooks.path, worktree=worktree)
    return HookPlace(role=who.role, hooks=hooks, path=_outside(workspace, who, folder) / hooks.path)


def _outside(workspace: Workspace, who: Address, folder: Path) -> Path:
    """The folder beside the worktrees in which files that a runtime is pointed to lie."""
    if who.role in (CREW, POLECAT):
        rig = workspace.rig(who.rig)
        return rig.crew if who.role == CREW else rig.polecats
    return workspace.root / who.rig / who.role if who.rig else folder


def state_of(place: HookPlace, git: Git) -> State:
    """How a hook file stands."""
    try:
        text = place.text()
        if text is not None and place.hooks.form == "script" and MARK not in text:
            return "yours"
        if _tracked(place, git):
            return "project"
        if text is None:
            return "missing"
        return "good" if place.wanted() == text else "stale"
    except BadFileError:
        return "broken"


def _tracked(place: HookPlace, git: Git) -> bool:
    if place.worktree is None or not place.worktree.is_dir():
        return False
    name = str(place.path.relative_to(place.worktree))
    return git.tells("ls-files", "--error-unmatch", "--", name, at=place.worktree)


def bring(place: HookPlace, git: Git) -> State:
    """The file has all that it should; the state in which it was. Raises BadFileError."""
    if _tracked(place, git):
        return "project"
    with changing(place.path):
        text = place.text()
        wanted = place.wanted()
        if place.hooks.form == "script" and text is not None and MARK not in text:
            return "yours"
        if text == wanted:
            return "good"
        write_text(place.path, wanted)
    return "missing" if text is None else "stale"


def take(place: HookPlace, git: Git) -> bool:
    """Whether something of ours was in the file; it is no more. Raises BadFileError."""
    if not place.path.exists() or _tracked(place, git):
        return False
    with changing(place.path):
        text = place.text()
        if text is None:
            return False
        try:
            left = hook_merging.removed(place.hooks, text)
        except NotJsonError as error:
            raise BadFileError(place.path, str(error)) from error
        if left == text:
            return False
        if left is None:
            place.path.unlink()
        else:
            write_text(place.path, left)
    _empty_folders(place)
    return True


def _empty_folders(place: HookPlace) -> None:
    """Folders that were made for the file and hold nothing else are gone."""
    for folder in _above(place):
        try:
            folder.rmdir()
        except OSError:
            return


def _above(place: HookPlace) -> Iterator[Path]:
    folder = place.path.parent
    for _ in Path(place.hooks.path).parent.parts:
        yield folder
        folder = folder.parent
