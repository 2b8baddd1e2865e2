"""What convoys, and whoever explains them, ask of a town: its settings, and whether anybody acts.

A file that cannot be read stops none of them: a sling and the doctor say what is wrong with it.
"""

from collections.abc import Callable

from stamps.errors import WastelandError
from town.convoys.members import ConvoyPorts
from town.workspace.layout import Workspace
from town.workspace.settings_file import rig_settings, town_settings


def convoy_ports(workspace: Workspace, *, dispatching: Callable[[], bool]) -> ConvoyPorts:
    """The ports of this workspace."""
    return ConvoyPorts(
        dispatching=dispatching,
        workers_max=lambda: town_settings(workspace).read().scheduler.max_polecats,
        rig_max=lambda rig: _rig_max(workspace, rig),
        tells_mayor=lambda: _tells_mayor(workspace),
        feeds=lambda: _feeds(workspace),
        merges=lambda rig: _merges(workspace, rig),
    )


def _tells_mayor(workspace: Workspace) -> bool:
    try:
        return town_settings(workspace).read().convoy.notify_on_complete
    except WastelandError:
        return False


def _feeds(workspace: Workspace) -> bool:
    try:
        return town_settings(workspace).read().convoy.feed
    except WastelandError:
        return True


def _rig_max(workspace: Workspace, rig: str) -> int:
    try:
        return rig_settings(workspace.rig(rig)).read().operational.polecat.working_max
    except WastelandError:
        return -1


def _merges(workspace: Workspace, rig: str) -> bool:
    try:
        return rig_settings(workspace.rig(rig)).read().merge_queue.enabled
    except WastelandError:
        return True  # the refinery's next cycle says what is wrong with the file
