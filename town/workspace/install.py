"""Making a town's workspace, and making it again where an older version made it.

What marks the folder as a town is written last, so that one that was cut short is no town and can
be made anew. Under `force` nothing that a person wrote is touched.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

from stamps.errors import WastelandError
from town.market.words import instant
from town.workspace.files import BadFileError, read_json, write_json, write_text
from town.workspace.git import Git, NoGitError
from town.workspace.layout import Workspace
from town.workspace.managed import ANCHORS, GITIGNORE, Managed
from town.workspace.settings_file import TOWN_TYPE, VERSION

TOWN_VERSION: Final = 2
NAME_CHARS_MAX: Final = 100
EVERYTHING: Final = "*\n"
FIRST_COMMIT: Final = "Begin a town of coding agents"
Verb = Literal["Created", "Updated", "Kept"]


class TownThereError(WastelandError):
    """The folder is a town already."""

    code: ClassVar[str] = "town.there"
    hint: ClassVar[str] = "Add --force to bring it up to date; its settings and rigs stay."
    exit: ClassVar[int] = 1

    def __init__(self, root: Path) -> None:
        super().__init__(f"{root} is a town already")
        self.root = str(root)


class InsideError(WastelandError):
    """A town may not lie within another one."""

    code: ClassVar[str] = "town.inside"
    hint: ClassVar[str] = "Choose a folder outside of that town."
    exit: ClassVar[int] = 1

    def __init__(self, path: Path, root: Path) -> None:
        super().__init__(f"{path} lies within the town {root}")
        self.root = str(root)


class AroundError(WastelandError):
    """A town may not lie around another one, which nobody would find any more."""

    code: ClassVar[str] = "town.around"
    hint: ClassVar[str] = "Choose another folder, or go on in the town that is there."
    exit: ClassVar[int] = 1

    def __init__(self, path: Path, root: Path) -> None:
        super().__init__(f"{path} has the town {root} in it")
        self.root = str(root)


class BadPlaceError(WastelandError):
    """No town can be made there."""

    code: ClassVar[str] = "town.place"
    hint: ClassVar[str] = "Choose a folder that you may write, or one that is not there yet."
    exit: ClassVar[int] = 2

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = str(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overseer:
    """The person behind a town, and how we know."""

    name: str
    email: str = ""
    source: str = "user"

    @property
    def mail(self) -> str:
        """What commits say: the address, else one of this machine."""
        return self.email or f"{'.'.join(self.name.split())}@localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is asked for."""

    workspace: Workspace
    overseer: Overseer
    name: str = ""
    public_name: str = ""
    owner: str = ""
    force: bool = False
    git: bool = False
    now: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done, by its path below the root."""

    verb: Verb
    path: str


def refuse(plan: Plan, *, around: str) -> None:
    """Raises where no town can be made; `around` is the town that the folder lies in."""
    root = plan.workspace.root
    if root.exists() and not root.is_dir():
        raise BadPlaceError(root, "is no folder")
    for name in (plan.name, plan.public_name, plan.owner):
        if len(name) > NAME_CHARS_MAX or not name.isprintable():
            raise BadPlaceError(
                root, f"{name[:20]!r} is no name: one line, {NAME_CHARS_MAX} letters"
            )
    if around and Path(around) != root:
        raise InsideError(root, Path(around))
    if plan.workspace.mark.exists():
        if not plan.force:
            raise TownThereError(root)
    elif inner := next(root.glob(f"*/{plan.workspace.mark.relative_to(root)}"), None):
        raise AroundError(root, inner.parent.parent)


def install(plan: Plan, git: Git, remember: Callable[[], None]) -> Iterator[Step]:
    """The workspace is there; `remember` makes what its database must know.

    Raises BadPlaceError, BadFileError, GitError; what was made until then is made use of next time.
    """
    try:
        yield from _furnish(plan)
        remember()
        if not plan.workspace.mark.exists():
            write_json(plan.workspace.mark, _town(plan))
            yield Step("Created", _shown(plan, plan.workspace.mark))
        if plan.git:
            yield from keep_in_git(plan.workspace, git)
    except OSError as error:
        raise BadPlaceError(plan.workspace.root, error.strerror or str(error)) from error


def _shown(plan: Plan, path: Path) -> str:
    return str(path.relative_to(plan.workspace.root))


def _furnish(plan: Plan) -> Iterator[Step]:
    workspace = plan.workspace
    for folder in workspace.folders:
        if not folder.is_dir():
            folder.mkdir(parents=True)
            name = f"{_shown(plan, folder)}/"
            yield Step("Created", str(folder) if name == "./" else name)
    for path, value in _values(plan):
        if not path.exists():
            write_json(path, value)
            yield Step("Created", _shown(plan, path))
        else:
            read_json(path)
    for managed in ANCHORS:
        yield from bring(workspace, managed)
    hide_home(workspace)


def hide_home(workspace: Workspace) -> None:
    """No repository around the town takes its keys and databases in."""
    path = workspace.home / ".gitignore"
    if workspace.home.is_dir() and text_of(path) != EVERYTHING:
        write_text(path, EVERYTHING)


def bring(workspace: Workspace, managed: Managed) -> Iterator[Step]:
    """The part is in its file as it should be; a file of a person's own stays as it is."""
    path = workspace.root / managed.name
    there = text_of(path)
    wanted = managed.brought(there)
    if wanted != there:
        write_text(path, wanted)
        yield Step("Created" if there is None else "Updated", managed.name)
    elif there is not None and not managed.ours(there):
        yield Step("Kept", managed.name)


def text_of(path: Path) -> str | None:
    """What stands in the file; None where there is none. Raises BadFileError."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BadFileError(path, str(error)) from error


def keep_in_git(workspace: Workspace, git: Git) -> Iterator[Step]:
    """The town's own files are in a repository, committed where git knows who the person is."""
    root = workspace.root
    yield from bring(workspace, GITIGNORE)
    if (root / ".git").exists():
        return
    git.run("init", "-q", "-b", "main", at=root)
    yield Step("Created", ".git/")
    if git.tells("config", "user.email", at=root) and git.tells("config", "user.name", at=root):
        files = [path for path in _own_files(workspace) if path.is_file()]
        names = [str(path.relative_to(root)) for path in files]
        git.run("add", "--", *names, at=root)
        calm = ("-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null")
        git.run(*calm, "commit", "-q", "-m", FIRST_COMMIT, "--", *names, at=root)
        yield Step("Created", f"the first commit, {len(names)} files")


def _own_files(workspace: Workspace) -> list[Path]:
    names = [managed.name for managed in (*ANCHORS, GITIGNORE)]
    own = (workspace.mark, workspace.rigs, workspace.overseer, workspace.settings)
    return [*(workspace.root / name for name in names), *own]


def _values(plan: Plan) -> Iterator[tuple[Path, dict[str, Any]]]:
    yield plan.workspace.rigs, {"version": 1, "rigs": {}}
    yield plan.workspace.overseer, overseer_facts(plan.overseer)
    yield plan.workspace.settings, {"type": TOWN_TYPE, "version": VERSION}


def _town(plan: Plan) -> dict[str, Any]:
    name = plan.name or plan.workspace.root.name or "town"
    return town_facts(
        name,
        owner=plan.owner or plan.overseer.email,
        public_name=plan.public_name or name,
        now=plan.now,
    )


def town_facts(name: str, *, owner: str, public_name: str, now: int) -> dict[str, Any]:
    """What marks a town, as its file says it."""
    created = instant(now)
    return {
        "type": "town",
        "version": TOWN_VERSION,
        "name": name,
        "owner": owner,
        "public_name": public_name,
        "created_at": created,
    }


def overseer_facts(overseer: Overseer) -> dict[str, Any]:
    """The person, as the file says it."""
    return {"name": overseer.name, "email": overseer.email, "source": overseer.source}


def overseer_of(workspace: Workspace) -> Overseer:
    """The person that the workspace names. Raises BadFileError."""
    told = read_json(workspace.overseer)
    return Overseer(
        name=str(told.get("name") or "overseer"),
        email=str(told.get("email") or ""),
        source=str(told.get("source") or "file"),
    )


def detected(git: Git, *, user: str, at: Path) -> Overseer:
    """The person at this machine: as git knows them, else the user's name."""

    def told(name: str) -> str:
        known = git.tells("config", "--get", name, at=at)
        return git.run("config", "--get", name, at=at).strip() if known else ""

    try:
        name, email = told("user.name"), told("user.email")
    except NoGitError:
        return Overseer(name=user)
    if name or email:
        return Overseer(name=name or user, email=email, source="git")
    return Overseer(name=user)
