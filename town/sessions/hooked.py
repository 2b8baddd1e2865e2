"""The hook files of everybody in the town: how they stand, brought, taken."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ledger.workspace.rows import BOOT, DEACON, DOG, MAYOR, REFINERY, WITNESS, Agent
from town.agents import hook_files
from town.agents.address import Address, parsed
from town.agents.hook_files import HookPlace, State
from town.agents.presets import Preset
from town.sessions.starting import Starting

SERVICES = (BOOT, DEACON, DOG, REFINERY, WITNESS)  # code, with no runtime of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooked:
    """A hook file, whose it is, and how it stands or stood."""

    agents: tuple[str, ...]
    runtime: str
    state: State
    path: Path | None = None


def _everybody(desk: Starting) -> list[tuple[Address, Preset]]:
    agents = desk.look(lambda: list(desk.store.find(Agent)))
    found = {MAYOR: Address(text=MAYOR, role=MAYOR)}
    for agent in agents:
        who = parsed(agent.id)
        if who is not None and who.role not in SERVICES:
            found[who.text] = who
    return [(who, desk.preset(who)) for who in found.values() if desk.folder(who).is_dir()]


def _places(desk: Starting) -> Iterator[tuple[tuple[str, ...], Preset, HookPlace | None]]:
    """Every file once, with everybody whose it is."""
    shared: dict[Path, tuple[list[str], Preset, HookPlace]] = {}
    for who, preset in _everybody(desk):
        place = desk.place(who, preset, desk.folder(who))
        if place is None:
            yield (who.text,), preset, None
            continue
        shared.setdefault(place.path, ([], preset, place))[0].append(who.text)
    for names, preset, place in shared.values():
        yield tuple(names), preset, place


def listed(desk: Starting) -> list[Hooked]:
    """How each hook file stands. Raises NoAgentError, BadFileError of the settings."""
    git = desk.around.git
    return [
        Hooked(
            agents=names,
            runtime=preset.name,
            state="none" if place is None else hook_files.state_of(place, git),
            path=place.path if place is not None else None,
        )
        for names, preset, place in _places(desk)
    ]


def synced(desk: Starting) -> list[Hooked]:
    """The same, each file brought up to date; the state is the one before.

    One that cannot be read stays as it is and does not keep others from theirs.
    """
    found = []
    for names, preset, place in _places(desk):
        state: State = "none"
        if place is not None:
            state = hook_files.state_of(place, desk.around.git)
            if state in ("missing", "stale"):
                hook_files.bring(place, desk.around.git)
        path = place.path if place is not None else None
        found.append(Hooked(agents=names, runtime=preset.name, state=state, path=path))
    return found


def unhooked(desk: Starting) -> list[Path]:
    """The files that had something of ours; they have nothing of it any more."""
    git = desk.around.git
    return [
        place.path
        for _, _, place in _places(desk)
        if place is not None and hook_files.take(place, git)
    ]


def differences(desk: Starting) -> list[str]:
    """What a sync would change, as a diff."""
    lines: list[str] = []
    for _, _, place in _places(desk):
        if place is None or hook_files.state_of(place, desk.around.git) not in ("missing", "stale"):
            continue
        name = str(place.path.relative_to(desk.workspace.root))
        before = (place.text() or "").splitlines()
        after = place.wanted().splitlines()
        lines += difflib.unified_diff(before, after, f"a/{name}", f"b/{name}", lineterm="")
    return lines
