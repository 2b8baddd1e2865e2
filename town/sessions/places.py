"""Where an agent's session begins, by its address.

Pure: it names folders and makes none.
"""

from pathlib import Path

from ledger.workspace.rows import BOOT, CREW, DEACON, DOG, MAYOR, POLECAT, REFINERY
from town.agents.address import Address
from town.workspace.layout import Workspace


def folder_of(workspace: Workspace, who: Address) -> Path:
    """The folder in which the agent works."""
    if who.role in (MAYOR, DEACON):
        return workspace.root / who.role
    if who.role in (BOOT, DOG):
        return workspace.root / DEACON / "dogs" / (who.name or BOOT)
    rig = workspace.rig(who.rig)
    places = {
        CREW: rig.crew / who.name,
        POLECAT: rig.polecats / who.name / who.rig,
        REFINERY: rig.refinery,
    }
    return places.get(who.role, rig.path / who.role)
