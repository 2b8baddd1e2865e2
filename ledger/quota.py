"""How much of strangers this node keeps a day: by account, and by the peer that brought it.

Pure. A stranger is an account that nobody admitted and that no admitted account stamped. A quota is
this node's own and no rule of the set: what it refuses today it takes tomorrow (records 2.2). It
knows no record's meaning.
"""

from collections.abc import Mapping
from typing import Any, Final

from ledger.allowance import Allowance
from ledger.limits import NEWCOMER_RECORDS_DAY

QUOTA: Final = "quota"  # the code of what was not looked at today
STRANGER_BYTES_DAY: Final = 64 << 20
DAY_S: Final = 86_400


class Quota:
    """What accounts without standing, and the peers that bring them, may still add here."""

    def __init__(
        self,
        *,
        records_day: int = NEWCOMER_RECORDS_DAY,
        bytes_day: int = STRANGER_BYTES_DAY,
    ) -> None:
        self.records = Allowance(records_day, per_s=records_day / DAY_S)
        self.bytes = Allowance(bytes_day, per_s=bytes_day / DAY_S)

    def spend(self, *, account: str, peer: str, records: int, size: int, now: int) -> None:
        """Records of the account were kept, brought by the peer."""
        if records:
            self.records.spend(account, records, now=now)
        self.bytes.spend(peer, size, now=now)

    # --- across starts

    @property
    def changes(self) -> int:
        """How often something was spent."""
        return self.records.changes + self.bytes.changes

    def facts(self, *, now: int) -> dict[str, Any]:
        """What was spent and did not come back, so that a start does not forget it."""
        return {"records": self.records.facts(now=now), "bytes": self.bytes.facts(now=now)}

    def restore(self, facts: Mapping[str, Any]) -> None:
        """What an earlier process spent is spent."""
        self.records.restore(facts.get("records", {}))
        self.bytes.restore(facts.get("bytes", {}))
