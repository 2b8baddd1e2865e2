"""What keeps work from being begun, through no fault of its own: kept, told once, over by itself.

A program that is not there, a remote that cannot be reached, settings that cannot be read: none of
it counts as an attempt. It is tried again, less and less often; what is only looked for, each time.
"""

from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from ledger.private.store import Change, Dropped, PrivateStore
from ledger.store_errors import StoreError
from ledger.workspace.convoys import first_line
from ledger.workspace.work import HELD, REMOTE_AWAY, Assignment, Hindrance, Session
from stamps.errors import WastelandError
from town.agents.runtime import NoAgentError
from town.beads.ports import BeadPorts
from town.escalation.desk import Escalations, Matter, key_of
from town.hooks.desk import Hooks
from town.hooks.handing import RemoteAwayError
from town.sessions.port import NoProviderError, SessionError, SessionThereError
from town.sessions.programs import NoProgramError, unbegun
from town.watch.deciding import Limits
from town.workspace.files import BadFileError
from town.workspace.git import GitError, NoGitError

TOLD_AFTER: Final = 3  # so often in vain where it may pass by itself
DISK: Final = "disk"
NOT_RUN: Final = "not run"
WHY_CHARS_MAX: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A cause: what it is about, and its words. `passes` by itself, or is only `looked_at`."""

    about: str
    code: str
    why: str
    hint: str
    passes: bool = False
    looked_at: bool = False


def fault_of(error: WastelandError | OSError, work: Assignment) -> Fault | None:
    """The cause that an error names; None for one that the next round meets anew."""
    if isinstance(error, OSError):
        hint = "Make room, or give the town the rights that it needs."
        return Fault(about=DISK, code="disk.failed", why=str(error), hint=hint, passes=True)
    if isinstance(error, StoreError | SessionThereError) or getattr(error, "retryable", False):
        return None
    about, passes = f"start/{work.bead}", isinstance(error, SessionError)
    match error:
        case NoProgramError():
            about, passes = f"agent/{error.command}", False
        case NoAgentError():
            about = f"agent/{error.name}"
        case BadFileError():
            about = f"file/{error.path}"
        case NoProviderError():
            about = "sessions"
        case GitError() | NoGitError():
            about, passes = f"git/{work.rig}", True
        case _:
            pass
    return Fault(
        about=about,
        code=error.code,
        why=unbegun(error),
        hint=error.hint,
        passes=passes,
        looked_at=isinstance(error, NoProgramError),
    )


def away(error: RemoteAwayError) -> Fault:
    """The cause where work could not be handed in, for its remote gave no answer."""
    rig = error.work.rig
    hint = f"See whether the remote can be reached: gt rig status {rig}."
    return Fault(about=f"remote/{rig}", code=REMOTE_AWAY, why=str(error), hint=hint, passes=True)


def stillborn(row: Session, code: int | None, said: str) -> Fault:
    """The cause where a program ended before it ran."""
    words = f"{row.runtime} could not be run (exit {code})"
    return Fault(
        about=f"agent/{row.runtime}",
        code="agent.not_run",
        why=f"{words}: {said}" if said else words,
        hint=f"gt peek {row.agent} shows what it printed; gt config agent list what is begun.",
    )


class Hindered(Hooks):
    """Keeps the causes by which work cannot be begun."""

    def __init__(self, store: PrivateStore, ports: BeadPorts, hooks: Hooks) -> None:
        super().__init__(store, ports, hooks.workspace, hooks.git)
        self.alarms = Escalations(store, ports)

    def hinder(self, work: str, fault: Fault, limits: Limits) -> None:
        """The cause is known, and a person told once, for all the work that it keeps."""
        self.act("gt watch", lambda: (None, self.hindered(work, fault, limits)))

    def hindered(self, work: str, fault: Fault, limits: Limits) -> Change:
        """The step that keeps it; only within a turn."""
        mine = self.store.get(Assignment, work)
        if mine is None or mine.state not in HELD:
            return Change()
        old = self.store.get(Hindrance, work)
        about = key_of(fault.about)
        same = old is not None and old.about == about
        if same and old is not None and fault.looked_at and old.why == fault.why:
            return Change()
        now = self.ports.now()
        times = old.times + 1 if same and old is not None else 1
        rest = min(limits.backoff_us << min(times - 1, 20), limits.backoff_max_us)
        new = Hindrance(
            assignment=work,
            bead=mine.bead,
            about=about,
            code=fault.code,
            why=fault.why[:WHY_CHARS_MAX],
            times=times,
            since=old.since if same and old is not None else now,
            at=now,
            rests_until=0 if fault.looked_at else now + rest,
        )
        rests = self.seen(old) if old is not None else self.missing(Hindrance, work)
        told = self.event("work.hindered", mine.bead, assignment=work, code=fault.code)
        change = Change(puts=(new,), events=() if same else (told,), seen=(rests, self.seen(mine)))
        if times != (TOLD_AFTER if fault.passes else 1):
            return change
        return change + self.alarms.raised(_matter(new, fault))

    def freed(self, hindrance: Hindrance, *, why: str) -> Change:
        """The step that forgets it, and settles the matter when nothing else waits for it."""
        old = self.store.get(Hindrance, hindrance.assignment)
        if old is None or old.about != hindrance.about:
            return Change()
        gone = Dropped(kind=Hindrance, key=old.key)
        change = Change(drops=(gone,), seen=(self.seen(old),))
        others = self.store.find(Hindrance, about=old.about)
        if any(one.assignment != old.assignment for one in others):
            return change
        return change + self.alarms.settled(old.about, reason=why)

    def not_run(self, row: Session, code: int | None, fault: Fault, limits: Limits) -> Change:
        """A session that never ran is over, and its work as it was before; only within a turn."""
        old = self.store.get(Session, row.id)
        if old is None or old.ended_at:
            return Change()
        over = replace(old, ended_at=self.ports.now(), exit=code, reason=NOT_RUN)
        told = self.event("session_end", row.agent, session=row.id, exit=code, reason=NOT_RUN)
        change = Change(puts=(over,), events=(told,), seen=(self.seen(old),))
        return change + self.hindered(row.assignment, fault, limits)


def _matter(row: Hindrance, fault: Fault) -> Matter:
    what = "be handed in" if row.code == REMOTE_AWAY else "begin"
    lines = (
        f"{row.bead} waits on its hook: {row.why.strip()}",
        fault.hint,
        "Nothing of the work is lost, and no attempt is counted; it goes on by itself.",
        f"gt why {row.bead}",
    )
    return Matter(
        about=fault.about,
        subject=f"Work cannot {what}: {first_line(row.why)}",
        text="\n".join(line for line in lines if line),
        bead=row.bead,
    )
