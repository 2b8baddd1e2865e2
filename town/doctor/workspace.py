"""Checks of the workspace's own files: the mark, the folders, settings, what git may see."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from town.doctor.check import Check, Finding, Patient, of_lines, ok
from town.rigs.source import shown
from town.workspace.files import BadFileError, left_behind, put_aside, read_json, write_json
from town.workspace.install import (
    TOWN_VERSION,
    Overseer,
    bring,
    hide_home,
    overseer_facts,
    text_of,
    town_facts,
)
from town.workspace.managed import ANCHORS, GITIGNORE
from town.workspace.settings import Wrong, found_wrong
from town.workspace.settings_file import SettingsFile, not_yet, rig_settings, town_settings

WORKSPACE = "workspace"
MEND = "gt doctor --fix"


def _mark(patient: Patient) -> Finding:
    told = read_json(patient.workspace.mark)
    version = told.get("version")
    if told.get("type") != "town" or not isinstance(version, int):
        return Finding(
            status="error", message="mayor/town.json does not say that this is a town", hint=MEND
        )
    if version > TOWN_VERSION:
        words = f"mayor/town.json is of version {version}, this program knows {TOWN_VERSION}"
        return Finding(status="error", message=words, hint="Use a newer gt in this town.")
    return ok(f"{told.get('name')}, version {version}")


def _mend_mark(patient: Patient) -> None:
    path = patient.workspace.mark
    told = _readable(path)
    version = told.get("version")
    if isinstance(version, int) and version > TOWN_VERSION:
        return  # a newer program's, which is not made an older one
    name = str(told.get("name") or patient.workspace.root.name)
    person = patient.person()
    facts = town_facts(name, owner=person.email, public_name=name, now=patient.now)
    write_json(path, {**facts, **told, "type": "town", "version": TOWN_VERSION})


def _readable(path: Path) -> dict[str, object]:
    """What the file says; one that cannot be read lies beside its place then."""
    try:
        return read_json(path)
    except BadFileError:
        put_aside(path)
        return {}


def _folders(patient: Patient) -> Finding:
    root = patient.workspace.root
    missing = (
        f"{path.relative_to(root)}/" for path in patient.workspace.folders if not path.is_dir()
    )
    return of_lines(missing, good="all there", bad="folders are missing", hint=MEND)


def _mend_folders(patient: Patient) -> None:
    for path in patient.workspace.folders:
        path.mkdir(parents=True, exist_ok=True)


def _managed(patient: Patient) -> Finding:
    stale = (
        one.name
        for one in ANCHORS
        if one.brought(there := text_of(patient.workspace.root / one.name)) != there
    )
    return of_lines(
        stale, good="up to date", bad="files are not up to date", hint="gt upgrade",
        status="warning",
    )  # fmt: skip


def _mend_managed(patient: Patient) -> None:
    for one in ANCHORS:
        list(bring(patient.workspace, one))


def _wrong_in(file: SettingsFile[Any], root: Path) -> Iterator[tuple[str, Wrong | None]]:
    name = Path(file.path).relative_to(root)
    try:
        told = file.told()
    except BadFileError as error:
        yield f"{name} cannot be read: {error}", None
        return
    for words in not_yet(told):
        yield f"{name}: {words}", Wrong("", words, known=False)
    for wrong in found_wrong(file.kind, told):
        yield f"{name}: {wrong.why if wrong.known else f'{wrong.key}: {wrong.why}'}", wrong


def _settings_finding(patient: Patient, files: list[SettingsFile[Any]]) -> Finding:
    found = [line for file in files for line in _wrong_in(file, patient.workspace.root)]
    bad = [line for line, wrong in found if wrong is None or wrong.known]
    if bad:
        return of_lines(bad, good="", bad="settings cannot be what they are", hint=MEND)
    hint = "gt config list shows what there is; a newer version may know it."
    unknown = (line for line, _ in found)
    return of_lines(
        unknown, good="readable", bad="settings are not known", hint=hint, status="warning"
    )


def _mend_settings(patient: Patient, files: list[SettingsFile[Any]]) -> None:
    """What cannot be read lies beside its place; what cannot be is as it is by default."""
    for file in files:
        path = Path(file.path)
        for _, wrong in list(_wrong_in(file, patient.workspace.root)):
            if wrong is None:
                put_aside(path)
                write_json(path, {"type": file.type_name, "version": 1})
            elif wrong.known:
                kept = path.with_name(f"{path.name}.before-fix")
                kept.write_bytes(path.read_bytes())
                file.drop(wrong.key)


def _town_files(patient: Patient) -> list[SettingsFile[Any]]:
    return [town_settings(patient.workspace)]


def _rig_files(patient: Patient) -> list[SettingsFile[Any]]:
    folders = [patient.workspace.rig(rig.name) for rig in patient.rigs()]
    return [rig_settings(folder) for folder in folders]


def _overseer(patient: Patient) -> Finding:
    told = read_json(patient.workspace.overseer)
    name = told.get("name")
    if not isinstance(name, str) or not name.strip():
        return Finding(status="error", message="mayor/overseer.json names nobody", hint=MEND)
    return ok(name)


def _mend_overseer(patient: Patient) -> None:
    told = _readable(patient.workspace.overseer)
    person: Overseer = patient.person()
    write_json(patient.workspace.overseer, {**told, **overseer_facts(person)})


def _rigs_file(patient: Patient) -> Finding:
    published = read_json(patient.workspace.rigs).get("rigs")
    told = published if isinstance(published, dict) else {}
    rows = {rig.name: (shown(rig.git_url), rig.prefix) for rig in patient.rigs()}
    there = {name: _as_published(facts) for name, facts in told.items()}
    if patient.rig:
        there = {name: facts for name, facts in there.items() if name == patient.rig}
    wrong = sorted(name for name in rows.keys() | there.keys() if rows.get(name) != there.get(name))
    return of_lines(wrong, good="says what the rows say", bad="rigs differ there", hint=MEND)


def _as_published(facts: object) -> tuple[object, object]:
    if not isinstance(facts, dict):
        return (None, None)
    beads = facts.get("beads")
    return facts.get("git_url"), beads.get("prefix") if isinstance(beads, dict) else None


def _mend_rigs_file(patient: Patient) -> None:
    _readable(patient.workspace.rigs)
    patient.base.rigs.publish()


def _left(patient: Patient) -> Iterator[Path]:
    places = [*patient.workspace.folders]
    for name in read_json(patient.workspace.rigs).get("rigs", {}):
        places += [patient.workspace.rig(name).path, patient.workspace.rig(name).settings.parent]
    for place in places:
        if place.is_dir():
            yield from (path for path in sorted(place.iterdir()) if left_behind(path))


def _left_behind(patient: Patient) -> Finding:
    root = patient.workspace.root
    names = (str(path.relative_to(root)) for path in _left(patient))
    return of_lines(
        names, good="none", bad="files were left half written", hint=MEND, status="warning"
    )


def _mend_left(patient: Patient) -> None:
    for path in list(_left(patient)):
        path.unlink(missing_ok=True)


def _kept_in_git(patient: Patient) -> Finding:
    root = patient.workspace.root
    if not patient.git.tells("rev-parse", "--git-dir", at=root):
        return ok("not kept in git")
    tracked = patient.git.run("ls-files", "-z", "--", ".wasteland", at=root).split("\0")
    lines = [f"{name} is in git, for everybody to see" for name in tracked if name]
    if not patient.git.tells("check-ignore", "-q", ".wasteland/keys", at=root):
        lines.append("no .gitignore leaves .wasteland out")
    return of_lines(
        lines, good="keys and databases are left out", bad="things are wrong", hint=MEND
    )


def _mend_git(patient: Patient) -> None:
    root = patient.workspace.root
    hide_home(patient.workspace)
    if (root / ".git").exists():
        list(bring(patient.workspace, GITIGNORE))
    patient.git.run("rm", "-r", "-q", "--cached", "--ignore-unmatch", "--", ".wasteland", at=root)


CHECKS = (
    Check(
        name="town-mark", what="mayor/town.json says that this is a town", category=WORKSPACE,
        look=_mark, mend=_mend_mark,
    ),
    Check(
        name="town-folders", what="the town's folders are there", category=WORKSPACE,
        look=_folders, mend=_mend_folders,
    ),
    Check(
        name="managed-files", what="what agents read first is up to date", category=WORKSPACE,
        look=_managed, mend=_mend_managed,
    ),
    Check(
        name="town-settings", what="the town's settings can be read", category=WORKSPACE,
        look=lambda patient: _settings_finding(patient, _town_files(patient)),
        mend=lambda patient: _mend_settings(patient, _town_files(patient)),
    ),
    Check(
        name="rig-settings", what="the rigs' settings can be read", category=WORKSPACE,
        look=lambda patient: _settings_finding(patient, _rig_files(patient)),
        mend=lambda patient: _mend_settings(patient, _rig_files(patient)),
    ),
    Check(
        name="overseer", what="the person behind the town is known", category=WORKSPACE,
        look=_overseer, mend=_mend_overseer,
    ),
    Check(
        name="rigs-file", what="mayor/rigs.json says what the database says", category=WORKSPACE,
        look=_rigs_file, mend=_mend_rigs_file,
    ),
    Check(
        name="left-behind", what="no file is half written", category=WORKSPACE,
        look=_left_behind, mend=_mend_left,
    ),
    Check(
        name="town-git", what="nothing secret is kept in git", category=WORKSPACE,
        look=_kept_in_git, mend=_mend_git,
    ),
)  # fmt: skip
