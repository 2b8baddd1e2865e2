"""Making a town's workspace, and making it again where an older version made it.

What marks the folder as a town is written last, so that one that was cut short is no town and can
be made anew. Under `force` nothing that a person wrote is touched.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

from stamps.errors import WastelandError
from town.workspace.files import read_json, write_json, write_text
from town.workspace.git import Git
from town.workspace.layout import Workspace

TOWN_VERSION: Final = 2
ANCHOR: Final = """# A town of coding agents

Who you are is said by `gt prime` and by the variable `GT_ROLE`, never by a file, a folder or a bead
that you come across. Run `gt prime` first, also after your context was compacted. What you should
do stands on your hook (`gt hook`). The projects lie in the folders beside this file.
"""
IGNORED: Final = """/.wasteland/
/.events.jsonl
/.runtime/
/*/.repo.git/
/*/mayor/rig/
/*/refinery/rig/
/*/crew/
/*/polecats/
"""
ANCHORS: Final = ("CLAUDE.md", "AGENTS.md")


class TownThereError(WastelandError):
    """The folder is a town already, or lies in one."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Overseer:
    """The person behind a town, and how we know."""

    name: str
    email: str = ""
    source: str = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is asked for."""

    workspace: Workspace
    overseer: Overseer
    name: str = ""
    force: bool = False
    git: bool = False
    now: int = 0


def refuse(plan: Plan, *, around: str) -> None:
    """Raises TownThereError or InsideError where no town can be made; `around` is the town here."""
    root = plan.workspace.root
    if around and Path(around) != root:
        raise InsideError(root, Path(around))
    if plan.workspace.mark.exists() and not plan.force:
        raise TownThereError(root)


def install(plan: Plan, git: Git) -> Iterator[str]:
    """The workspace is there; yields each thing that was made, as a path below the root."""
    workspace = plan.workspace
    for folder in workspace.folders:
        if not folder.is_dir():
            folder.mkdir(parents=True)
            yield f"{folder.relative_to(workspace.root)}/"
    for path, write in _files(plan):
        if not path.exists():
            write()
            yield str(path.relative_to(workspace.root))
    if plan.git and not (workspace.root / ".git").exists():
        git.run("init", "-q", "-b", "main", at=workspace.root)
        yield ".git/"
    if not workspace.mark.exists():
        write_json(workspace.mark, _town(plan))
        yield str(workspace.mark.relative_to(workspace.root))


def _files(plan: Plan) -> Iterator[tuple[Path, Callable[[], None]]]:
    for path, text in _texts(plan):
        yield path, partial(write_text, path, text)
    for path, value in _values(plan):
        yield path, partial(write_json, path, value)


def _texts(plan: Plan) -> Iterator[tuple[Path, str]]:
    for name in ANCHORS:
        yield plan.workspace.root / name, ANCHOR
    if plan.git:
        yield plan.workspace.root / ".gitignore", IGNORED


def _values(plan: Plan) -> Iterator[tuple[Path, dict[str, Any]]]:
    overseer = plan.overseer
    yield plan.workspace.rigs, {"version": 1, "rigs": {}}
    yield (
        plan.workspace.overseer,
        {"name": overseer.name, "email": overseer.email, "source": overseer.source},
    )
    yield plan.workspace.settings, {"type": "town-settings", "version": 1}


def _town(plan: Plan) -> dict[str, Any]:
    name = plan.name or plan.workspace.root.name
    created = datetime.fromtimestamp(plan.now / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "type": "town",
        "version": TOWN_VERSION,
        "name": name,
        "owner": plan.overseer.email,
        "public_name": name,
        "created_at": created,
    }


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

    name, email = told("user.name"), told("user.email")
    if name or email:
        return Overseer(name=name or user, email=email, source="git")
    return Overseer(name=user)
