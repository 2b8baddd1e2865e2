"""The right to work in a rig's refinery: one process at a time, and nobody waits for a dead one."""

from contextlib import AbstractContextManager
from functools import partial
from typing import Final

from stamps.clock import SECOND_US
from town.leases.right import Held, Right, Rights, Terms
from town.refinery.errors import BusyRefineryError, LeaseLostError

LASTS_US: Final = 120 * SECOND_US


def refinery_of(rig: str) -> Right:
    """The right to work in the refinery of a rig."""
    return Right(name=f"refinery:{rig}", lasts_us=LASTS_US)


def at_work(rights: Rights, rig: str) -> AbstractContextManager[Held]:
    """The refinery is this process's until the block ends. Raises BusyRefineryError."""
    terms = Terms(
        what="refinery", busy=partial(BusyRefineryError, rig), lost=partial(LeaseLostError, rig)
    )
    return rights.held(refinery_of(rig), rights.ports.new_secret().hex()[:16], terms)
