"""What a refinery that died left running, found by its mark and ended; never a living one's."""

from ledger.workspace.rows import Rig
from town.leases.right import Rights
from town.refinery.lease import refinery_of
from town.refinery.worker import MARK, Refinery


def end_left(refinery: Refinery) -> int:
    """Nothing runs any more that a dead refinery of the town began; how many processes did."""
    rights = Rights(refinery.store, refinery.ports, refinery.makers)

    def work() -> list[str]:
        rigs = [rig.name for rig in refinery.store.find(Rig)]
        return [name for name in rigs if rights.holder(refinery_of(name)) is None]

    places = [str(refinery.workspace.rig(name).path) for name in refinery.look(work)]
    return sum(refinery.commands.end_left(MARK, place) for place in places)
