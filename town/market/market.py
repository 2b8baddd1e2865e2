"""The market of one town: every use case of `wl`, a method each.

The command line, the board and tests call these and nothing below them. Each answers with a value
or raises an error with a code; a rehearsal goes the same way and stops before the first word.
"""

from town.market.care import CareDesk
from town.market.judging import JudgingDesk
from town.market.membership import MembershipDesk
from town.market.peering import PeeringDesk
from town.market.people import PeopleDesk
from town.market.recovering import RecoveringDesk
from town.market.telling import TellingDesk
from town.market.working import WorkingDesk


class Market(
    JudgingDesk,
    WorkingDesk,
    TellingDesk,
    PeopleDesk,
    MembershipDesk,
    PeeringDesk,
    RecoveringDesk,
    CareDesk,
):
    """All desks of a town at one counter."""

    def rehearsal(self) -> "Market":
        """The same market, which ends each use case before it says anything."""
        return Market(self.town, self.ports, rehearsing=True)
