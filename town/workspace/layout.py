"""Where everything lies in a town's workspace, and the names that its folders may have.

It names paths and reads nothing. The root is marked by `mayor/town.json`; of nested ones the
outermost counts.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from stamps.errors import WastelandError

HOME_FOLDER: Final = ".wasteland"  # as `town.node.place` has it, which may import nothing
NAME_CHARS_MAX: Final = 40
# Names of the town itself; a rig of such a name could not be told from it.
RESERVED: Final = frozenset(
    (
        *("hq", "town", "mayor", "deacon", "boot", "dog", "dogs", "witness", "refinery", "crew"),
        *("rig", "rigs", "polecat", "polecats", "overseer", "settings", "config", "daemon"),
        *("plugins", "directives", "logs", "docs", "self", "human"),
    )
)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")
_PERSON: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class BadNameError(WastelandError):
    """A rig or an agent cannot be called so."""

    code: ClassVar[str] = "name.bad"
    hint: ClassVar[str] = "Letters, digits and _ are fine; names of the town itself are not."
    exit: ClassVar[int] = 2

    def __init__(self, what: str, name: str, why: str) -> None:
        super().__init__(f"a {what} cannot be called {name!r}: {why}")
        self.name = name


def checked_rig(name: str) -> str:
    """The name, if a rig may have it. Raises BadNameError."""
    if not _NAME.fullmatch(name) or len(name) > NAME_CHARS_MAX:
        raise BadNameError("rig", name, f"letters, digits and _, at most {NAME_CHARS_MAX}")
    if name.lower() in RESERVED:
        raise BadNameError("rig", name, "the town calls something of its own so")
    return name


def checked_person(name: str) -> str:
    """The name, if a member of a crew or a polecat may have it. Raises BadNameError."""
    if not _PERSON.fullmatch(name) or len(name) > NAME_CHARS_MAX:
        raise BadNameError("worker", name, f"letters, digits, _ and -, at most {NAME_CHARS_MAX}")
    if name.lower() in RESERVED:
        raise BadNameError("worker", name, "the town calls something of its own so")
    return name


@dataclass(frozen=True, slots=True)
class RigFolder:
    """The folder of one rig."""

    path: Path

    @property
    def config(self) -> Path:
        """What the rig is: written once, when it is added."""
        return self.path / "config.json"

    @property
    def settings(self) -> Path:
        """How it works, as a person wants it."""
        return self.path / "settings" / "config.json"

    @property
    def repository(self) -> Path:
        """The bare repository from which every worktree of the rig is made."""
        return self.path / ".repo.git"

    @property
    def mayor(self) -> Path:
        """The project's files as its default branch has them, for the mayor to read."""
        return self.path / "mayor" / "rig"

    @property
    def refinery(self) -> Path:
        """The worktree in which work is merged."""
        return self.path / "refinery" / "rig"

    @property
    def crew(self) -> Path:
        """The folder of the crew's checkouts."""
        return self.path / "crew"

    @property
    def polecats(self) -> Path:
        """The folder of the workers' worktrees."""
        return self.path / "polecats"

    @property
    def folders(self) -> tuple[Path, ...]:
        """Every folder that a rig has from the beginning."""
        names = ("settings", "mayor", "refinery", "witness", "crew", "polecats", "plugins")
        return (self.path, *(self.path / name for name in names))


@dataclass(frozen=True, slots=True)
class Workspace:
    """A town's folder. `root` is absolute."""

    root: Path

    @property
    def home(self) -> Path:
        """The node's home: keys, ledgers, the private database."""
        return self.root / HOME_FOLDER

    @property
    def mark(self) -> Path:
        """What makes the folder a town."""
        return self.root / "mayor" / "town.json"

    @property
    def rigs(self) -> Path:
        """The rigs as programs read them; the rows of the database are what counts."""
        return self.root / "mayor" / "rigs.json"

    @property
    def overseer(self) -> Path:
        """Who the person behind the town is."""
        return self.root / "mayor" / "overseer.json"

    @property
    def settings(self) -> Path:
        """The town's settings."""
        return self.root / "settings" / "config.json"

    @property
    def events(self) -> Path:
        """What happened, a JSON object a line."""
        return self.root / ".events.jsonl"

    @property
    def runtime(self) -> Path:
        """What sessions leave: their transcripts, and how they are reached."""
        return self.root / ".runtime"

    @property
    def transcripts(self) -> Path:
        """What each session printed."""
        return self.runtime / "transcripts"

    def rig(self, name: str) -> RigFolder:
        """The folder of a rig."""
        return RigFolder(self.root / name)

    @property
    def folders(self) -> tuple[Path, ...]:
        """Every folder that a town has from the beginning."""
        names = ("mayor", "deacon", "settings", "config", "directives", "plugins")
        return (self.root, *(self.root / name for name in names))
