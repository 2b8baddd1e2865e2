"""Where a town's settings of the market lie: its own file, else what another package keeps them in.

The adapter is named by the town's settings (`extensions.config_store`) and read before any database
is open: it is given the workspace and the environment, and nothing more of the town.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from town.node.config import Chosen, Config, Origin, known, parsed
from town.node.place import TOWN_HOME
from town.workspace.layout import Workspace

POINT: Final = "config_store"
OURS: Final = ("", "town")


@dataclass(frozen=True, slots=True)
class Place:
    """A town as an adapter of its settings is shown it."""

    workspace: Workspace
    env: Mapping[str, str]


class StoredConfig(Config):
    """The settings of one town as an adapter has them; the environment beats it all the same."""

    origin: Origin = "store"

    def __init__(self, path: Path, place: Place, store: Any) -> None:
        super().__init__(path, place.env)
        self.store = store
        self.root = place.workspace.root

    def _said(self) -> dict[str, Any]:
        said: dict[str, Any] = {}
        for name, value in self.store.load(self.root).items():
            setting = known(name)
            if parsed(setting, _text(value), where=name) != setting.default:
                table, _, key = name.partition(".")
                said.setdefault(table, {})[key] = _text(value)
        return said

    def put(self, name: str, said: str) -> Chosen:
        """The adapter has the value. Raises SettingError."""
        setting = known(name)
        self.store.save(self.root, {name: parsed(setting, said, where=name)})
        return self.choose(name)

    def unset(self, name: str) -> Chosen:
        """The adapter has the default. Raises SettingError."""
        self.store.save(self.root, {name: known(name).default})
        return self.choose(name)


def config_of(path: Path, env: Mapping[str, str]) -> Config:
    """The settings of the town whose own file this is. Raises ExtensionError."""
    root = path.parent.parent
    named = _named(root) if path.parent.name == TOWN_HOME else ""
    if named in OURS:
        return Config(path, env)
    from town.extensions.finding import adapter  # noqa: PLC0415  # few towns have one

    place = Place(Workspace(root), env)
    return StoredConfig(path, place, adapter(POINT, named, ours=lambda _: None, around=place))


def _named(root: Path) -> str:
    """The adapter that the town's settings name; empty where they cannot be read."""
    try:
        text = Workspace(root).settings.read_bytes()
        told = json.loads(text) if POINT.encode() in text else {}
    except (OSError, ValueError, RecursionError):
        return ""  # gt and the doctor say what is wrong with the file
    extensions = told.get("extensions") if isinstance(told, Mapping) else None
    return str(extensions.get(POINT) or "") if isinstance(extensions, Mapping) else ""


def _text(value: str | int | bool) -> str:  # noqa: FBT001  # a value of a setting
    return str(value).lower() if isinstance(value, bool) else str(value)
