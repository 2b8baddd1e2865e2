"""How much work a peer may make: seconds of the processor, beside what was gained.

Pure: whoever runs the work measures it. Records that were new pay for themselves, so that a long
catch-up is no fault and noise without end is one (H33, H37).
"""

import math
from typing import Final

from federation.errors import Fault, PeerError
from ledger.allowance import Allowance

CPU_S: Final = 10.0
RECORD_S: Final = 0.002  # what a record may cost that was new, on a slow machine
WINDOW_S: Final = 60.0  # the side that is asked knows no end of a session: its budget comes back
SESSION: Final = math.inf  # nothing of it comes back


class Meter:
    """Budgets of seconds by caller; each comes back over a window."""

    def __init__(self, *, window_s: float) -> None:
        self._seconds = Allowance(CPU_S, per_s=CPU_S / window_s)

    def left(self, caller: str = "", *, now: int) -> float:
        """What the caller may still make of work."""
        return self._seconds.left(caller, now=now)

    def spend(self, seconds: float, *, gained: int, now: int, caller: str = "") -> None:
        """The work is paid for, by debt where the budget is spent."""
        self._seconds.spend(caller, seconds - gained * RECORD_S, now=now)

    def check(self, caller: str = "", *, now: int) -> None:
        """Something is left. Raises PeerError."""
        if self.left(caller, now=now) <= 0:
            raise PeerError(Fault.CPU, f"more than {CPU_S:.0f} s of work")
