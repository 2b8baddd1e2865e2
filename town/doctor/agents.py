"""Checks of what agents run: the programs that settings name, hook files, Codex's file."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ledger.workspace.rows import MAYOR
from town.agents.address import Address
from town.agents.runtime import known
from town.doctor.check import Check, Finding, Patient, of_lines, ok
from town.sessions import hooked
from town.workspace.files import read_json

CATEGORY: Final = "agents"
CODEX: Final = "codex"
KEY: Final = "project_doc_fallback_filenames"
WANTED: Final = "CLAUDE.md"
NAMING: Final = ("role_agents", "crew_agents", "worker_agents")
LISTING: Final = "gt config agent list shows those that there are."


def _settings(patient: Patient) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """The settings of the town, then of each rig: a name, the object, the town's."""
    town = read_json(patient.workspace.settings)
    yield "the town", town, town
    for rig in patient.rigs():
        yield rig.name, read_json(patient.workspace.rig(rig.name).settings), town


def _named(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every agent program that settings name, and the setting."""
    for key in ("default_agent", "agent"):
        if isinstance(told.get(key), str) and told[key]:
            yield key, told[key]
    for group in NAMING:
        for who, name in (told.get(group) or {}).items():
            yield f"{group}.{who}", str(name)
    block = told.get("runtime")
    if isinstance(block, Mapping) and block.get("provider"):
        yield "runtime.provider", str(block["provider"])


def _programs(patient: Patient) -> Finding:
    lines = []
    for where, told, town in _settings(patient):
        agents = known(town, told)
        lines += [
            f"{where}: {key} names {name}, which is no agent"
            for key, name in _named(told)
            if name not in agents
        ]
    return of_lines(
        lines, good="every one that settings name is known", bad="unknown", hint=LISTING
    )


def _hook_files(patient: Patient) -> Finding:
    found = hooked.listed(patient.base.agents)
    lines = [
        f"{one.path}: {'lacks something of ours' if one.state == 'stale' else 'cannot be read'}"
        for one in found
        if one.state in ("stale", "broken")
    ]
    hint = "gt hooks diff shows it, gt hooks sync mends it; what cannot be read is mended by hand."
    return of_lines(
        lines, good="as they should be", bad="hook files are not as they should be", hint=hint,
        status="warning",
    )  # fmt: skip


def _sync(patient: Patient) -> None:
    hooked.synced(patient.base.agents)


def _uses_codex(patient: Patient) -> bool:
    desk = patient.base.agents
    if desk.preset(Address(text=MAYOR, role=MAYOR)).command == CODEX:
        return True
    for _, told, town in _settings(patient):
        agents = known(town, told)
        for _, name in _named(told):
            if name in agents and Path(agents[name].command).name == CODEX:
                return True
    return False


def codex_file(env: Mapping[str, str]) -> Path:
    """Where Codex keeps what a person chose for it."""
    home = env.get("CODEX_HOME") or str(Path(env.get("HOME") or "~").expanduser() / ".codex")
    return Path(home) / "config.toml"


def _codex(patient: Patient) -> Finding:
    if not _uses_codex(patient):
        return ok("nobody runs it")
    path = codex_file(patient.env)
    hint = f'Add the line {KEY} = ["{WANTED}"] to {path}, above its first [section].'
    try:
        told = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    except (ValueError, OSError) as error:
        return Finding(status="warning", message=f"{path} cannot be read: {error}", hint=hint)
    names = told.get(KEY)
    if isinstance(names, list) and WANTED in names:
        return ok(f"reads {WANTED}")
    return Finding(
        status="warning", message=f"Codex reads no {WANTED}: {path} does not say so", hint=hint
    )


CHECKS: Final = (
    Check(
        name="agent-programs",
        what="the agents that settings name are known",
        category=CATEGORY,
        look=_programs,
    ),
    Check(
        name="hook-files",
        what="the files by which runtimes call the town are whole",
        category=CATEGORY,
        look=_hook_files,
        mend=_sync,
    ),
    Check(
        name="codex-instructions",
        what="Codex reads the town's instructions, where agents run it",
        category=CATEGORY,
        look=_codex,
    ),
)
