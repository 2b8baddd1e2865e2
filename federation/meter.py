"""How much work a peer may make of one session: seconds of the processor, beside what was gained.

Pure: whoever runs the work measures it. Records that were new pay for themselves, so that a long
catch-up is no fault and noise without end is one (H33, H37).
"""

from typing import Final

from federation.errors import Fault, PeerError
from stamps.clock import SECOND_US

CPU_S: Final = 10.0
RECORD_S: Final = 0.002  # what a record may cost that was new, on a slow machine
WINDOW_S: Final = 60  # the side that is asked knows no end of a session: its budget comes back


class Meter:
    """What is left of a budget of seconds."""

    def __init__(self) -> None:
        self.left = CPU_S
        self._at = 0

    def spend(self, seconds: float, *, gained: int) -> None:
        """The work is paid for, by debt where the budget is spent."""
        self.left = min(CPU_S, self.left - seconds + gained * RECORD_S)

    def charge(self, seconds: float, *, gained: int) -> None:
        """The work is paid for. Raises PeerError when the budget is spent."""
        self.spend(seconds, gained=gained)
        self.check()

    def refill(self, *, now: int) -> None:
        """What has come back by now, in microseconds. Raises PeerError while nothing is left."""
        if self._at:
            back = max(now - self._at, 0) / SECOND_US * CPU_S / WINDOW_S
            self.left = min(CPU_S, self.left + back)
        self._at = now
        self.check()

    def check(self) -> None:
        """Something is left. Raises PeerError."""
        if self.left <= 0:
            raise PeerError(Fault.CPU, f"more than {CPU_S:.0f} s of work")
