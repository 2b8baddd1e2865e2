"""How much of strangers this node keeps a day: by account, and by the peer that brought it.

Pure. A stranger is an account that nobody admitted and that no admitted account stamped. A quota is
this node's own and no rule of the set: what it refuses today it takes tomorrow (records 2.2). It
does not outlive the process, and it knows no record's meaning.
"""

from collections import OrderedDict
from typing import Final

QUOTA: Final = "quota"  # the code of what was not looked at today
NEWCOMER_RECORDS_DAY: Final = 100
STRANGER_BYTES_DAY: Final = 64 << 20
REMEMBERED_MAX: Final = 10_000
DAY_US: Final = 86_400_000_000


class Allowance:
    """What may be spent by name: all of it at once, and the same again over a day."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._spent: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def left(self, name: str, *, now: int) -> float:
        """What the name may still spend; `now` in microseconds."""
        spent, at = self._spent.get(name, (0.0, now))
        back = max(now - at, 0) * self.most / DAY_US
        return self.most - max(spent - back, 0.0)

    def spend(self, name: str, amount: int, *, now: int) -> None:
        """The name has so much less; whoever spent longest ago is forgotten first."""
        spent = self.most - self.left(name, now=now) + amount
        self._spent.pop(name, None)
        while len(self._spent) >= REMEMBERED_MAX:
            self._spent.popitem(last=False)
        self._spent[name] = (spent, now)


class Quota:
    """What accounts without standing, and the peers that bring them, may still add here."""

    def __init__(
        self,
        *,
        records_day: int = NEWCOMER_RECORDS_DAY,
        bytes_day: int = STRANGER_BYTES_DAY,
    ) -> None:
        self.records = Allowance(records_day)
        self.bytes = Allowance(bytes_day)

    def spend(self, *, account: str, peer: str, records: int, size: int, now: int) -> None:
        """Records of the account were kept, brought by the peer."""
        if records:
            self.records.spend(account, records, now=now)
        self.bytes.spend(peer, size, now=now)
