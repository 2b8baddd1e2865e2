"""The town's own adapters at its points of extension, with everything plugged in."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from town.beads.desk import Beads
from town.extensions.of_town import TownIssues, TownSessions
from town.extensions.points import Values
from town.node.config import Config, known, parsed
from town.node.home import Home
from town.node.place import TOWN_HOME

if TYPE_CHECKING:
    from town.extensions.of_market import MarketStore
    from town.market.market import Market


class FileConfigStore:
    """The settings of the market in the town's own file."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env

    def _config(self, town: Path) -> Config:
        return Config(Home(town / TOWN_HOME).config, self.env)

    def load(self, town: Path) -> Values:
        """Every setting by name."""
        return {one.setting.name: one.value for one in self._config(town).everything()}

    def save(self, town: Path, values: Values) -> None:
        """The town has these settings, the others stay. Raises SettingError."""
        for name, value in values.items():
            parsed(known(name), _said(value), where=name)
        config = self._config(town)
        now = self.load(town)
        for name, value in values.items():
            if now[name] != value:
                config.put(name, _said(value))


def _said(value: str | int | bool) -> str:  # noqa: FBT001  # a value of a setting
    return str(value).lower() if isinstance(value, bool) else str(value)


def _issues(works: Any) -> TownIssues:
    return TownIssues(Beads(works.store, works.ports))


def commons(market: "Market") -> "MarketStore":
    """The boards of a town."""
    from town.extensions.of_market import MarketStore  # noqa: PLC0415

    return MarketStore(market)


OURS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "session_lister": lambda works: TownSessions(works.sessions),
    "issue_reader": _issues,
    "issue_shower": _issues,
    "config_store": lambda works: FileConfigStore(works.env),
    "wl_commons_store": commons,
}
