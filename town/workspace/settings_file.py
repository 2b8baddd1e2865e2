"""The files of the settings: read with what is missing by default, and changed a key at a time.

A person's other fields, and their order, stay as they are; what we do not know is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar

import msgspec

from town.workspace.files import BadFileError, changing, read_json, write_json
from town.workspace.layout import RigFolder, Workspace
from town.workspace.older import MIB, Kept
from town.workspace.settings import (
    RigSettings,
    SettingError,
    SettingValueError,
    TownSettings,
    at,
    keys_of,
    parsed,
    read,
    type_of,
)

TOWN_TYPE: Final = "town-settings"
RIG_TYPE: Final = "rig-settings"
VERSION: Final = 1
Kind = TypeVar("Kind", bound=msgspec.Struct)
Layer = Literal["rig", "town", "default"]
# What a rig calls otherwise than the town does.
IN_TOWN: Final[Mapping[str, str]] = {"agent": "default_agent"}

# What the predecessor's towns may say and that comes later: a file keeps it, and means nothing yet.
WORK_FORMULA: Final = "mol-polecat-work"
HERE: Final[Mapping[str, tuple[Any, ...]]] = {
    "workflow.default_formula": ("", WORK_FORMULA),
    "scheduler.batch_size": (1,),
    "scheduler.spawn_delay": ("0s",),
    "cli_theme": ("auto",),
    "theme": ("",),
    "agent_email_domain": ("",),
}


@dataclass(frozen=True, slots=True)
class Effective:
    """A setting as it counts, and what each layer says of it; None where one says nothing."""

    key: str
    value: Any
    layer: Layer
    layers: Mapping[str, Any]


class SettingsFile(Generic[Kind]):
    """One file of settings."""

    def __init__(self, path: Any, kind: type[Kind], type_name: str) -> None:
        self.path = path
        self.kind = kind
        self.type_name = type_name

    def told(self) -> dict[str, Any]:
        """The object in the file; empty where there is none. Raises BadFileError."""
        return read_json(self.path)

    def read(self) -> Kind:
        """Every setting. Raises BadFileError, SettingValueError."""
        return read(self.kind, self.told())

    def get(self, key: str) -> Any:
        """One setting, else its default. Raises SettingError, BadFileError."""
        type_of(self.kind, key)
        return _plain(at(self.read(), key))

    def set(self, key: str, said: str) -> Any:
        """The setting's new value; it is in the file. Raises SettingError, BadFileError."""
        value = parsed(self.kind, key, said)
        if value not in HERE.get(key, (value,)):
            raise SettingValueError(key, value, _here(key))
        with changing(self.path):
            told = self.told() or {"type": self.type_name, "version": VERSION}
            inner: Any = told
            *above, last = key.split(".")
            for number, part in enumerate(above, 1):
                inner = inner.setdefault(part, {})
                if not isinstance(inner, dict):
                    raise BadFileError(self.path, f"{'.'.join(above[:number])} is no object")
            inner[last] = value
            write_json(self.path, told)
        return value

    def unset(self, key: str) -> bool:
        """Whether the file said something of the setting; it does no more. Raises SettingError."""
        type_of(self.kind, key)
        return self.drop(key)

    def drop(self, key: str) -> bool:
        """The same, of a key that nobody may know."""
        with changing(self.path):
            told = self.told()
            if not _dropped(told, key.split(".")):
                return False
            write_json(self.path, told)
        return True

    def listed(self) -> list[Effective]:
        """Every setting in order. Raises BadFileError, SettingValueError."""
        told, whole = self.told(), self.read()
        layer: Layer = "town" if self.kind is TownSettings else "rig"
        return [
            Effective(
                key=key,
                value=_plain(at(whole, key)),
                layer="default" if at(told, key) is None else layer,
                layers={layer: at(told, key), "default": _plain(at(self.kind(), key))},
            )
            for key in keys_of(self.kind)
        ]


def not_yet(told: Mapping[str, Any]) -> list[str]:
    """What a file asks for that is not here yet, in words; something else is done meanwhile."""
    said = {key: at(told, key) for key in HERE}
    wrong = [key for key, value in said.items() if value is not None and value not in HERE[key]]
    return [f"{key} is {said[key]!r}: {_here(key)}" for key in wrong]


def _here(key: str) -> str:
    there = ", ".join(str(one) or "nothing" for one in HERE[key])
    return f"only {there} means something; the rest comes with a later release"


def _dropped(told: dict[str, Any], path: list[str]) -> bool:
    first, *rest = path
    if first not in told:
        return False
    if not rest:
        del told[first]
        return True
    inner = told[first]
    gone = isinstance(inner, dict) and _dropped(inner, rest)
    if gone and not inner:
        del told[first]
    return gone


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)


def town_settings(workspace: Workspace) -> SettingsFile[TownSettings]:
    """The file of the town's settings."""
    return SettingsFile(workspace.settings, TownSettings, TOWN_TYPE)


def rig_settings(folder: RigFolder) -> SettingsFile[RigSettings]:
    """The file of a rig's settings."""
    return SettingsFile(folder.settings, RigSettings, RIG_TYPE)


def effective(workspace: Workspace, folder: RigFolder) -> list[Effective]:
    """Every setting of a rig as it counts: its own, else the town's, else by default."""
    town = town_settings(workspace)
    told, whole = town.told(), town.read()
    found = []
    for one in rig_settings(folder).listed():
        key = IN_TOWN.get(one.key, one.key)
        above = at(told, key)
        layers = {"rig": one.layers["rig"], "town": above, "default": one.layers["default"]}
        if one.layer == "rig":
            found.append(Effective(one.key, one.value, "rig", layers))
        elif above is not None and key in keys_of(TownSettings):
            found.append(Effective(one.key, _plain(at(whole, key)), "town", layers))
        else:
            default = _plain(at(whole, key)) if one.key in IN_TOWN else one.value
            found.append(
                Effective(one.key, default, "default", {**layers, "town": None, "default": default})
            )
    return found


def events_kept(workspace: Workspace) -> Kept:
    """How much of the file of events stays; as by default where the settings cannot be read."""
    try:
        keep = town_settings(workspace).read().keep
    except (BadFileError, SettingError):
        return Kept()  # the doctor says what is wrong with them
    return Kept(bytes_max=keep.events_mb * MIB, parts_max=keep.events_parts)
