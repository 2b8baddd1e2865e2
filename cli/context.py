"""One call of a program: its words, its terminal, what it wants printed, the town it works on.

The same command runs in the launcher's process or in a thread of the node; this is all it sees
of where it is. It reads no clock and keeps nothing between calls.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NoReturn, Protocol

from cli.escape import escape
from stamps.errors import WastelandError

if TYPE_CHECKING:
    from town.node.compose import OpenTown
    from town.node.private import OpenPrivate

COLUMNS_DEFAULT = 80
COLUMNS_MIN = 40
DIGITS_MAX = 15  # of a number that a person types


def whole_number(said: str) -> int | None:
    """The number that these digits are; None for whatever else was typed."""
    plain = said.isascii() and said.isdigit() and len(said) <= DIGITS_MAX
    return int(said) if plain else None


class UsageError(WastelandError):
    """The command line asks for something that cannot be: wrong words, not a wrong world."""

    code: ClassVar[str] = "usage"
    hint: ClassVar[str] = "Add --help to the command to see what it takes."
    exit: ClassVar[int] = 2


class NeedsYesError(UsageError):
    """The command would ask a person, and there is none."""

    code: ClassVar[str] = "usage.needs_yes"
    hint: ClassVar[str] = "Repeat the command with --yes."


class NoPlaceError(WastelandError):
    """The folder belongs to no town and has no beads."""

    code: ClassVar[str] = "town.none"
    hint: ClassVar[str] = "Make a town with gt install, or beads for this project with bd init."
    exit: ClassVar[int] = 3

    def __init__(self, folder: Path, program: str) -> None:
        beads = "" if program == "gt" else f" and has no beads for {program} to work on"
        super().__init__(f"{folder} is in no town{beads}")
        town = ("gt", "install", "~/gt")
        self.try_ = (("bd", "init"), town) if beads else (town,)
        self.folder = str(folder)


class NoBeadsError(WastelandError):
    """The folder is where beads would be, and nobody has made a place for them yet."""

    code: ClassVar[str] = "beads.none"
    hint: ClassVar[str] = "bd init makes the database, with the beads of issues.jsonl."
    exit: ClassVar[int] = 3
    try_: ClassVar[tuple[tuple[str, ...], ...]] = (("bd", "init"),)

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} has no database of beads; nothing was read or written")
        self.folder = str(folder)


class Terminal(Protocol):
    """Where the command was typed."""

    def out(self, text: str) -> None:
        """The text is on standard output."""
        ...

    def out_bytes(self, payload: bytes) -> None:
        """The bytes are on standard output, as they are."""
        ...

    def err(self, text: str) -> None:
        """The text is on standard error."""
        ...

    def flush(self) -> None:
        """What was printed so far is seen, though the command goes on."""
        ...

    def read_all(self) -> bytes:
        """All of standard input."""
        ...

    def read_soon(self) -> bytes:
        """What stands on standard input already, or comes within a moment."""
        ...

    def read_line(self) -> str:
        """One line of standard input; empty at its end."""
        ...


@dataclass(slots=True)
class Wants:
    """What the shared options ask for."""

    json: bool = False
    quiet: bool = False
    verbose: int = 0
    yes: bool = False
    dry_run: bool = False


TownSource = Callable[["Call"], AbstractContextManager["OpenTown"]]
PrivateSource = Callable[["Call"], AbstractContextManager["OpenPrivate"]]


def _nowhere(call: "Call") -> NoReturn:
    raise RuntimeError(f"{call.program} was given no private database")


@dataclass(slots=True, kw_only=True)
class Call:
    """One command line on its way through the tree."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    terminal: Terminal
    tty: tuple[bool, bool, bool]  # stdin, stdout, stderr
    town: TownSource
    private: PrivateSource = _nowhere
    program: str = "wl"
    behind: str = ""  # the program that this one was typed behind, as in `gt wl`
    resident: bool = False  # whether this runs inside the node
    columns: int = 0
    home: str = ""  # absolute; empty where `gt` or `bd` stand in none
    wants: Wants = field(default_factory=Wants)
    cancelled: threading.Event = field(default_factory=threading.Event)
    answered: bool = False  # something stands on standard output
    streams: bool = False  # a document a line stands there, not one alone
    then: tuple[str, ...] = ()  # the program that is to have the terminal after a good end

    @property
    def width(self) -> int:
        """Cells a line may take: the terminal's, `COLUMNS`, else 80."""
        said = self.env.get("COLUMNS", "")
        chosen = whole_number(said) or self.columns
        return max(chosen or COLUMNS_DEFAULT, COLUMNS_MIN)

    @property
    def colour(self) -> bool:
        """Whether standard output may carry colour (no-color.org; a dumb terminal never)."""
        if self.env.get("NO_COLOR"):
            return False
        if self.env.get("FORCE_COLOR"):
            return True
        return self.tty[1] and self.env.get("TERM", "") != "dumb"

    def say(self, line: str) -> None:
        """A person at a terminal sees what a slow command is doing; nobody else does."""
        if self.tty[2] and not self.wants.json and not self.wants.quiet:
            self.terminal.err(escape(line) + "\n")

    def show(self, line: str) -> None:
        """The same in the place of the line shown before; an empty one ends it."""
        if self.tty[2] and not self.wants.json and not self.wants.quiet:
            self.terminal.err(f"\r{escape(line)}\x1b[K" if line else "\n")

    def path(self, name: str) -> Path:
        """A file named on the command line, from where the command was typed."""
        if name.startswith("~/"):
            name = str(Path(self.env.get("HOME", "/")) / name[2:])
        return self.cwd / name

    def confirm(self, question: str) -> bool:
        """Whether the person says yes. Raises NeedsYesError where no person can be asked."""
        if self.wants.yes:
            return True
        if not self.tty[0] or self.wants.json:
            raise NeedsYesError(question)
        self.terminal.err(f"{question} [y/N] ")
        return self.terminal.read_line().strip().lower() in ("y", "yes")


def wants_json(argv: tuple[str, ...]) -> bool:
    """Whether `--json` stands among the options, also of a line that cannot be parsed."""
    options = argv[: argv.index("--")] if "--" in argv else argv
    return "--json" in options
