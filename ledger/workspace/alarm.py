"""What somebody must be told once: an escalation, one row a matter however often it comes up.

Pure, and values only. Times are microseconds since 1970 UTC, 0 for never.
"""

from typing import ClassVar, Final

from ledger.private.rows import Row, Short, Table

CRITICAL: Final = "critical"
HIGH: Final = "high"
MEDIUM: Final = "medium"
LOW: Final = "low"
SEVERITIES: Final = (CRITICAL, HIGH, MEDIUM, LOW)
PRIORITIES: Final = {CRITICAL: 0, HIGH: 1, MEDIUM: 2, LOW: 3}


class Escalation(Row, frozen=True, kw_only=True):
    """A matter for a person. `fingerprint` says which; the same one comes up on the same row."""

    table: ClassVar[Table] = Table(name="escalations", key=("fingerprint",))

    fingerprint: Short
    severity: Short = MEDIUM
    subject: str = ""
    text: str = ""
    source: Short = ""
    bead: Short = ""
    count: int = 1
    first_at: int = 0
    last_at: int = 0
    message: Short = ""  # the letter that told of it
    closed_at: int = 0
    closed_by: Short = ""
    close_reason: str = ""


ALARM_ROWS: Final[tuple[type[Row], ...]] = (Escalation,)
