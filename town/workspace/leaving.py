"""Taking a town away: what it made and nothing else, and only when no work would be lost.

Work is what lies in no commit, in a stash, or in a commit that no remote has. The keys of an
account are never taken, nor is the history of the town's settings.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Final

from stamps.errors import WastelandError
from town.workspace.files import write_text
from town.workspace.git import Git, GitError, Standing
from town.workspace.install import text_of
from town.workspace.layout import RigFolder, Workspace
from town.workspace.managed import ANCHORS, GITIGNORE
from town.workspace.older import parts

DEPTH_MAX: Final = 4
SHOWN_MAX: Final = 10
HALF_GONE: Final = ".leaving-"  # what such a name begins was being removed


class UnsavedError(WastelandError):
    """There is work that would be lost."""

    code: ClassVar[str] = "town.unsaved"
    hint: ClassVar[str] = "Commit and push it, or move it away; then repeat the command."
    exit: ClassVar[int] = 1

    def __init__(self, reasons: Sequence[str]) -> None:
        more = len(reasons) - SHOWN_MAX
        shown = [*reasons[:SHOWN_MAX], *([f"and {more} more"] if more > 0 else [])]
        super().__init__("\n".join(shown))
        self.reasons = list(reasons)


class NodeRunsError(WastelandError):
    """The town's node is running."""

    code: ClassVar[str] = "node.runs"
    hint: ClassVar[str] = "Stop it first."
    exit: ClassVar[int] = 6
    try_: ClassVar[tuple[tuple[str, ...], ...]] = (("gt", "down"),)

    def __init__(self, pid: int) -> None:
        super().__init__(f"the node of this town runs as process {pid}")
        self.pid = pid


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What would be taken away, what would stay and why, and what forbids it."""

    removes: tuple[Path, ...]
    parts: tuple[Path, ...]  # files of a person that lose a part of ours
    folders: tuple[Path, ...]  # taken away where they are empty then, the deepest first
    keeps: tuple[tuple[Path, str], ...]
    unsaved: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the town's rows say of its work: sessions that go on, and commits that were merged.

    What was merged as one commit lies on its target, though no remote has the commits themselves.
    """

    live: Sequence[str] = ()
    merged: Sequence[str] = ()


def plan_of(workspace: Workspace, rigs: Sequence[str], git: Git, known: Known) -> Leaving:
    """What taking the town away would do; nothing is done."""
    folders = [workspace.rig(name) for name in rigs]
    removes = [path for folder in folders for path in _made_in(folder)]
    own = (
        *(workspace.rigs, workspace.overseer, workspace.settings, workspace.events),
        *parts(workspace.events),
        workspace.runtime,
    )
    managed = [(workspace.root / one.name, one) for one in (*ANCHORS, GITIGNORE)]
    ours = [
        (path, one) for path, one in managed if path.is_file() and one.ours(text_of(path) or "")
    ]
    whole = [path for path, one in ours if not one.without(text_of(path) or "").strip()]
    workers = [place for folder in folders for place in folder.polecats.glob("*")]
    dogs = workspace.root / "deacon" / "dogs"
    empty = [*workers, *(place for folder in folders for place in reversed(folder.folders))]
    empty += [*dogs.glob("*"), dogs]
    keeps = [(workspace.root / ".git", "the history of the town's settings")]
    return Leaving(
        removes=tuple(path for path in (*removes, *own, *whole) if path.exists()),
        parts=tuple(path for path, _ in ours if path not in whole),
        folders=(*empty, *reversed(workspace.folders[1:])),
        keeps=tuple((path, why) for path, why in keeps if path.exists()),
        unsaved=(
            *(f"{session} has not ended" for session in known.live),
            *(
                why
                for folder in folders
                for why in unsaved(folder, workspace.root, git, known.merged)
            ),
        ),
    )


def _made_in(folder: RigFolder) -> Iterator[Path]:
    for place in folder.folders:
        yield from place.glob(f"{HALF_GONE}*")
    yield from folder.polecats.glob(f"*/{HALF_GONE}*")
    yield from checkouts(folder)
    yield from (folder.config, folder.settings, folder.repository)


def checkouts(folder: RigFolder) -> list[Path]:
    """Every checkout within the rig's folder."""
    places = [folder.path / name for name in ("mayor", "refinery", "witness", "crew", "polecats")]
    return [found for place in places for found in _checkouts_in(place, DEPTH_MAX)]


def _checkouts_in(place: Path, depth: int) -> Iterator[Path]:
    if not place.is_dir() or place.is_symlink():
        return
    if (place / ".git").exists():
        yield place
    elif depth:
        for inner in sorted(place.iterdir()):
            if inner.name.startswith(HALF_GONE):
                continue
            yield from _checkouts_in(inner, depth - 1)


def unsaved(folder: RigFolder, root: Path, git: Git, merged: Sequence[str] = ()) -> Iterator[str]:
    """A line for each place of a rig with work that lies nowhere else, or that cannot be read."""
    put_away = 0
    for checkout in checkouts(folder):
        name = checkout.relative_to(root)
        try:
            standing = standing_of(checkout, git, merged)
        except GitError as error:
            yield f"{name} cannot be looked at: {error.said or error}"
            continue
        put_away += standing.stashes if (checkout / ".git").is_file() else 0
        if standing.lost:
            yield f"{name}: {', '.join(standing.lost)}"
    if folder.repository.is_dir():
        yield from _lonely(folder.repository, root, git, merged)
        yield from _put_away(folder.repository, root, git, put_away)


def standing_of(checkout: Path, git: Git, merged: Sequence[str] = ()) -> Standing:
    """How a clone or a worktree stands; what was merged is not lost with it. Raises GitError."""
    if (checkout / ".git").is_dir():
        return git.clone_standing(checkout)
    standing = git.standing(checkout)
    if standing.unpushed:
        done = _nowhere("HEAD", checkout, git, ()) - _nowhere("HEAD", checkout, git, merged)
        standing = replace(standing, unpushed=standing.unpushed - done)
    return standing


def _put_away(repository: Path, root: Path, git: Git, counted: int) -> Iterator[str]:
    """What was stashed on branches that no worktree is on."""
    if not git.tells("rev-parse", "-q", "--verify", "refs/stash", at=repository):
        return
    listed = git.run("log", "-g", "--format=%gs", "refs/stash", at=repository).splitlines()
    if (more := len(listed) - counted) > 0:
        yield f"{repository.relative_to(root)}: {more} stashed"


def _nowhere(start: str, at: Path, git: Git, merged: Sequence[str]) -> int:
    """How many commits behind this one neither a remote has nor any that was merged."""
    argv = ("rev-list", "--count", "--ignore-missing", "--stdin", start, "--not", "--remotes")
    return int(git.run(*argv, at=at, stdin="".join(f"^{commit}\n" for commit in merged)))


def _lonely(repository: Path, root: Path, git: Git, merged: Sequence[str]) -> Iterator[str]:
    """Branches in the bare repository whose commits no remote has."""
    name = repository.relative_to(root)
    try:
        argv = ("for-each-ref", "--format=%(refname:short)", "refs/heads")
        for branch in git.run(*argv, at=repository).split():
            if count := _nowhere(f"refs/heads/{branch}", repository, git, merged):
                yield f"{name}: {count} commits on {branch} that no remote has"
    except GitError as error:
        yield f"{name} cannot be looked at: {error.said or error}"


def take(plan: Leaving) -> None:
    """What the plan says is gone. Raises UnsavedError, OSError; repeating it goes on."""
    if plan.unsaved:
        raise UnsavedError(plan.unsaved)
    for path in plan.removes:
        if path.is_dir() and not path.is_symlink():
            _remove(path)
        else:
            path.unlink(missing_ok=True)
    managed = {one.name: one for one in (*ANCHORS, GITIGNORE)}
    for path in plan.parts:
        write_text(path, managed[path.name].without(text_of(path) or ""))
    for folder in plan.folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _remove(path: Path) -> None:
    """The folder is gone; where that is cut short, nobody takes what is left for a whole one."""
    if not path.name.startswith(HALF_GONE):
        path = path.rename(path.with_name(f"{HALF_GONE}{path.name}"))
    shutil.rmtree(path)


def take_home(workspace: Workspace, *, keys: bool) -> None:
    """The database is gone, and the home where no account lives in it; the mark goes last."""
    home = workspace.home
    if keys:
        for path in (home / "ledgers").glob("*town.db*"):
            path.unlink(missing_ok=True)
    else:
        for inner in home.iterdir():
            if inner.name != "run":
                shutil.rmtree(inner) if inner.is_dir() else inner.unlink()
    workspace.mark.unlink(missing_ok=True)
    mayor = workspace.mark.parent
    if mayor.is_dir() and not any(mayor.iterdir()):
        mayor.rmdir()
