"""How an adapter is found: ours by name, others' by the entry points of what is installed.

A package offers one by an entry point of group `wasteland.<point>`: a callable that is given the
town's works and returns the adapter. The town's setting `extensions` names which one is used.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar, Final

from stamps.errors import WastelandError
from town.extensions import points

PREFIX: Final = "wasteland."
OURS: Final = "town"
POINTS: Final[Mapping[str, type]] = {
    "session_lister": points.SessionLister,
    "issue_reader": points.IssueReader,
    "issue_shower": points.IssueShower,
    "config_store": points.ConfigStore,
    "wl_commons_store": points.WLCommonsStore,
}
Factory = Callable[[Any], Any]


class ExtensionError(WastelandError):
    """An adapter that settings name cannot be used."""

    code: ClassVar[str] = "extension.bad"
    hint: ClassVar[str] = "docs/extending.md says what an adapter is; gt config get extensions."
    exit: ClassVar[int] = 2

    def __init__(self, point: str, name: str, why: str) -> None:
        super().__init__(f"{PREFIX}{point}: {name}: {why}")
        self.point, self.name = point, name


def installed(point: str) -> dict[str, EntryPoint]:
    """The adapters that packages on this machine offer, by name; none is loaded yet."""
    return {one.name: one for one in entry_points(group=f"{PREFIX}{point}")}


def adapter(point: str, name: str, *, ours: Factory, around: Any) -> Any:
    """The adapter of this name, made for what stands around it. Raises ExtensionError."""
    if name in ("", OURS):
        return ours(around)
    found = installed(point)
    if name not in found:
        there = ", ".join(sorted((OURS, *found)))
        raise ExtensionError(point, name, f"is not installed; there are {there}")
    try:
        made = found[name].load()(around)
    except (ImportError, AttributeError, TypeError) as error:
        raise ExtensionError(point, name, str(error)) from error
    if not isinstance(made, POINTS[point]):
        raise ExtensionError(point, name, f"is no {POINTS[point].__name__}")
    return made
