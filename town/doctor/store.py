"""Checks of the database, of the file that shows what happened, and of the programs around them."""

import os
import re
from typing import Final

from town.doctor.check import Check, Finding, Patient, Reported, Status, of_lines, ok
from town.workspace.events_file import file_seq, last_seq
from town.workspace.files import put_aside

STORE = "database"
TOOLS = "programs"
GIT_MIN: Final = (2, 34)
_VERSION: Final = re.compile(r"(\d+)\.(\d+)")
MODES: Final = ("home.mode", "key.mode", "modes", "home")


def _opens(patient: Patient) -> Finding:
    if patient.opened is None:
        return Finding(
            status="error",
            message=f"does not open: {patient.closed_because}",
            hint="Put .wasteland/ledgers/town.db back from a copy; nothing was changed.",
        )
    return ok(f"opens, {patient.turn(last_seq)} events")


def _shape(patient: Patient) -> Finding:
    missing = patient.base.shape.lacking()
    return of_lines(missing, good="every table is whole", bad="are missing", hint="gt doctor --fix")


def _complete(patient: Patient) -> None:
    patient.base.shape.complete()


def _events(patient: Patient) -> Finding:
    path = patient.workspace.events
    newest = patient.turn(last_seq)
    if path.exists() and not (path.is_file() and os.access(path, os.R_OK | os.W_OK)):
        return _events_wrong(f"{path.name} cannot be written")
    in_file = file_seq(path)
    if in_file > newest:
        return _events_wrong(f"{path.name} tells of event {in_file}, the newest is {newest}")
    return ok(f"up to event {in_file} of {newest}")


def _events_wrong(message: str) -> Finding:
    return Finding(status="warning", message=message, hint="gt doctor --fix puts it aside")


def _mend_events(patient: Patient) -> None:
    put_aside(patient.workspace.events)


def _git(patient: Patient) -> Finding:
    said = patient.git.run("version", at=patient.workspace.root).strip()
    found = _VERSION.search(said)
    number = tuple(int(part) for part in found.groups()) if found else (0, 0)
    wanted = ".".join(str(part) for part in GIT_MIN)
    if number < GIT_MIN:
        return Finding(
            status="error", message=f"{said or 'git'} is too old",
            hint=f"Install git {wanted} or newer.",
        )  # fmt: skip
    return ok(said)


def _reports(patient: Patient, *, modes: bool) -> list[Reported]:
    return [one for one in patient.node() if (one.id in MODES) is modes]


def _reported(found: list[Reported], *, good: str, hint: str) -> Finding:
    """The node's own findings as one, as bad as the worst of them."""
    wrong = [one for one in found if one.status != "ok"]
    worst: Status = "error" if any(one.status == "error" for one in wrong) else "warning"
    lines = (f"{one.id}: {one.words}" for one in wrong)
    return of_lines(lines, good=good, bad="things to look at", hint=hint, status=worst)


def _modes(patient: Patient) -> Finding:
    found = _reports(patient, modes=True)
    return _reported(found, good=".wasteland is yours alone", hint="gt doctor --fix")


def _node(patient: Patient) -> Finding:
    found = _reports(patient, modes=False)
    return _reported(found, good=f"{len(found)} checks of wl doctor", hint="wl doctor")


def _mend_modes(patient: Patient) -> None:
    for one in _reports(patient, modes=True):
        if one.status != "ok" and one.mend is not None:
            one.mend()


CHECKS = (
    Check(
        name="store", what="the private database opens", category=STORE, look=_opens,
    ),
    Check(
        name="store-shape", what="its tables are as this program's rows", category=STORE,
        look=_shape, mend=_complete,
    ),
    Check(
        name="events-file", what=".events.jsonl can be written and tells the truth",
        category=STORE, look=_events, mend=_mend_events,
    ),
    Check(
        name="git", what="git is there and new enough", category=TOOLS, look=_git,
    ),
    Check(
        name="home-modes", what="keys and databases are this user's alone", category=TOOLS,
        look=_modes, mend=_mend_modes,
    ),
    Check(
        name="node", what="what wl doctor finds", category=TOOLS, look=_node,
    ),
)  # fmt: skip
