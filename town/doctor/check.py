"""What a check of the doctor is, what it is given, and how it is run.

A check looks and touches nothing; what it can mend it mends only when it is told to, and then it is
run again. One that cannot look says so, and is never taken for a good one. A town goes on while it
is looked at: what is wrong between two looks alone, as a session that ended after it was seen to
run and before the rows were read, is not wrong.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, TypeVar

from ledger.private.store import PrivateStore
from ledger.workspace.invariants import Held
from ledger.workspace.rows import ADDING, Rig
from stamps.errors import WastelandError
from town.convoys.members import Members
from town.growth.rows import OldRows
from town.growth.transcripts import Transcripts
from town.hooks.desk import Hooks
from town.rigs.desk import Rigs
from town.rigs.errors import NoRigError
from town.sessions.desk import SessionDesk
from town.workspace.git import Git
from town.workspace.install import Overseer
from town.workspace.layout import Workspace

Status = Literal["ok", "warning", "error"]
Result = TypeVar("Result")
SHOWN_MAX = 20
# The words by which findings are told of many, and those of one.
OF_ONE: Final[Mapping[str, str]] = {
    "are": "is", "were": "was", "they": "it", "break": "breaks", "differ": "differs",
    "agents": "agent", "files": "file", "folders": "folder", "merges": "merge", "rigs": "rig",
    "repositories": "repository", "settings": "setting", "things": "thing",
    "worktrees": "worktree",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found."""

    status: Status
    message: str
    details: tuple[str, ...] = ()
    hint: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing is to be done."""
        return self.status == "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A finding of the node's own checks (`wl doctor`), and how it is mended, if it can be."""

    id: str
    status: Status
    words: str
    mend: Callable[[], None] | None = None


class Shape(Protocol):
    """Looks whether the tables are as the row types say, and makes what is missing."""

    def lacking(self) -> Sequence[str]:
        """What is missing: `table` or `table.column`."""
        ...

    def complete(self) -> None:
        """Nothing is missing any more."""
        ...


class NotOpenError(WastelandError):
    """The database did not open, so that nothing in it can be looked at."""

    code = "doctor.closed"
    hint = "See what the check `store` says."


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The town's database, as the doctor uses it."""

    store: PrivateStore
    rigs: Rigs
    shape: Shape
    agents: SessionDesk
    hooks: Hooks
    convoys: Members
    transcripts: Transcripts
    old_rows: OldRows


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A town, and everything by which a check looks at it."""

    workspace: Workspace
    git: Git
    now: int
    person: Callable[[], Overseer]
    node: Callable[[], Sequence[Reported]]
    opened: Opened | None
    closed_because: str = ""
    env: Mapping[str, str] = field(default_factory=dict)  # the caller's
    rig: str = ""  # only this one; empty for all
    seen: list[Held] = field(default_factory=list)  # the rows, read once until something is mended

    @property
    def base(self) -> Opened:
        """The database. Raises NotOpenError."""
        if self.opened is None:
            raise NotOpenError("not looked at: the database did not open")
        return self.opened

    def turn(self, work: Callable[[PrivateStore], Result]) -> Result:
        """What the work finds in one turn at the database. Raises NotOpenError."""
        base = self.base
        return base.rigs.look(lambda: work(base.store))

    def held(self) -> Held:
        """The town's rows. Raises NotOpenError."""
        if not self.seen:
            self.seen.append(self.turn(Held.of))
        return self.seen[0]

    def rigs(self) -> list[Rig]:
        """The rigs that are meant and whole. Raises NotOpenError, NoRigError."""
        found = [rig for rig in self.turn(lambda store: store.find(Rig)) if rig.state != ADDING]
        if not self.rig:
            return found
        meant = [rig for rig in found if rig.name == self.rig]
        if not meant:
            raise NoRigError(self.rig, [rig.name for rig in found])
        return meant


Look = Callable[[Patient], Finding]
Mend = Callable[[Patient], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that could be wrong with a town."""

    name: str
    what: str
    category: str
    look: Look
    mend: Mend | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found in the end, and whether something was mended."""

    check: Check
    finding: Finding
    mended: bool = False


def ok(message: str) -> Finding:
    """Nothing is wrong."""
    return Finding(status="ok", message=message)


def of_lines(
    lines: Iterable[str], *, good: str, bad: str, hint: str, status: Status = "error"
) -> Finding:
    """A finding of as many things as there are lines."""
    found = tuple(lines)
    if not found:
        return ok(good)
    more = len(found) - SHOWN_MAX
    shown = (*found[:SHOWN_MAX], *([f"and {more} more"] if more > 0 else []))
    words = bad if len(found) > 1 else " ".join(OF_ONE.get(word, word) for word in bad.split())
    return Finding(status=status, message=f"{len(found)} {words}", details=shown, hint=hint)


def examine(check: Check, patient: Patient, *, fix: bool) -> Outcome:
    """The check was run, and where it was wanted what can be mended was, and it was run again."""
    try:
        first = _found(check, patient)
    except NotOpenError as error:  # nobody mends what nobody could look at
        return Outcome(check, Finding(status="warning", message=str(error), hint=error.hint))
    if first.good or not fix or check.mend is None:
        return Outcome(check, first)
    try:
        patient.seen.clear()
        check.mend(patient)
    except (WastelandError, OSError) as error:
        told = (*first.details, f"could not be mended: {error}")
        return Outcome(check, Finding(status=first.status, message=first.message, details=told))
    again = _found(check, patient)
    return Outcome(check, again, mended=again.good)


def _found(check: Check, patient: Patient) -> Finding:
    """What is good at the first look, or else at the second, at rows that are read anew."""
    first = _looked(check, patient)
    if first.good:
        return first
    patient.seen.clear()
    return _looked(check, patient)


def _looked(check: Check, patient: Patient) -> Finding:
    try:
        return check.look(patient)
    except (NotOpenError, NoRigError):
        raise
    except WastelandError as error:
        return Finding(status="error", message=f"{error.code}: {error}", hint=error.hint)
    except OSError as error:
        return Finding(status="error", message=str(error), hint="Look at that file's permissions.")
