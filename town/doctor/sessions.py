"""Checks that nothing runs in the town's name that its rows do not know (I3), and of what it left.

It asks only what runs the town's own sessions: its tmux server, its holders of plain processes, the
script that its settings name. What else runs on the machine is nobody's business here.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from ledger.private.store import PrivateStore
from ledger.workspace.work import Session
from town.doctor.check import Check, Finding, Patient, of_lines
from town.sessions.port import NoProviderError, Running, Sessions, stop_this

OURS: Final = ("process", "tmux")
GRACE_S: Final = 3.0


def _providers(patient: Patient) -> Iterator[Sessions]:
    """Whatever may run a session of this town: what is chosen now, and what was chosen once."""
    desk = patient.base.agents
    rows = patient.turn(lambda store: store.find(Session, ended_at=0))
    named = {desk.around.provider(), *(row.provider for row in rows)}
    for name in sorted(named | set(OURS)):
        with suppress(NoProviderError):
            yield desk.around.sessions(name)


def _unknown(patient: Patient) -> list[tuple[Sessions, Running]]:
    """The sessions that run and are in no row, and that nobody is beginning at this moment."""
    running: list[tuple[Sessions, Running]] = []
    for sessions in _providers(patient):
        with suppress(NoProviderError):
            running += [(sessions, one) for one in sessions.running()]

    def strange(store: PrivateStore) -> list[tuple[Sessions, Running]]:
        # Read after the processes: whoever begins one has the right to until its row is there.
        rows = {(row.name, row.pid) for row in store.find(Session, ended_at=0)}
        return [
            (sessions, one)
            for sessions, one in running
            if (one.name, one.pid) not in rows and not patient.base.agents.being_begun(one.name)
        ]

    return patient.turn(strange)


def _running(patient: Patient) -> Finding:
    lines = (f"{one.name} runs as process {one.pid}, in no row" for _, one in _unknown(patient))
    hint = "gt doctor --fix ends it; what it did is in its worktree."
    return of_lines(lines, good="every one that runs is known", bad="are not known", hint=hint)


def _end(patient: Patient) -> None:
    for sessions, one in _unknown(patient):
        stop_this(sessions, one.name, pid=one.pid, grace_s=GRACE_S)


def _transcripts(patient: Patient) -> Finding:
    due = patient.base.transcripts.due(patient.workspace)
    size = sum(one.size for one in due) >> 20
    hint = (
        "gt up and gt doctor --fix remove them; gt config set keep.transcripts_for 90d keeps more."
    )
    return of_lines(
        (one.path.name for one in due),
        good="as many as there may be",
        bad=f"are old, {size} MiB",
        hint=hint,
        status="warning",
    )


def _prune(patient: Patient) -> None:
    patient.base.transcripts.prune(patient.workspace)


def _old_rows(patient: Patient) -> Finding:
    due = patient.base.old_rows.due(patient.workspace)
    hint = "gt up and gt doctor --fix remove them; gt config set keep.events_for 180d keeps more."
    return of_lines(
        (f"{count} {name}" for name, count in due.items()),
        good="as many as there may be",
        bad="are older than they are kept",
        hint=hint,
        status="warning",
    )


def _prune_rows(patient: Patient) -> None:
    patient.base.old_rows.prune(patient.workspace)


CHECKS = (
    Check(
        name="sessions-running",
        what="no session runs that the rows do not know",
        category="rows",
        look=_running,
        mend=_end,
    ),
    Check(
        name="transcripts",
        what="what sessions printed does not grow for ever",
        category="files",
        look=_transcripts,
        mend=_prune,
    ),
    Check(
        name="old-rows",
        what="what is over does not fill the database for ever",
        category="rows",
        look=_old_rows,
        mend=_prune_rows,
    ),
)
